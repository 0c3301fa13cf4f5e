package weights

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestElements(t *testing.T) {
	const big = math.MaxInt32
	for _, c := range []struct {
		shape []int
		n     int64
		ok    bool
	}{
		{nil, 1, true},
		{[]int{0}, 0, true},
		{[]int{7}, 7, true},
		{[]int{2, 3, 5}, 30, true},
		{[]int{1, 1, 1, 1, 1, 1, 1, 2}, 2, true},
		{[]int{1, 1, 1, 1, 1, 1, 1, 1, 1}, 0, false}, // rank 9
		{[]int{-1}, 0, false},
		{[]int{-1, -1}, 0, false},
		{[]int{0, -1}, 0, false},
		{[]int{big}, big, true},
		{[]int{1 << 30, 1 << 30}, 1 << 60, true},
		{[]int{1 << 30, 1 << 30, 2}, 0, false}, // 2^61 elements, 2^63 bytes
		{[]int{1 << 30, 1 << 30, 1 << 4}, 0, false},
		{[]int{1 << 30, 1 << 30, 1 << 30, 1 << 30, 1 << 8}, 0, false}, // 2^128
		{[]int{big, big, big}, 0, false},
		{[]int{0, big, big, big}, 0, false}, // the same in any order
		{[]int{big, big, big, 0}, 0, false},
		{[]int{1 << 30, 0, 1 << 30}, 0, true},
	} {
		if n, ok := elements(c.shape); n != c.n || ok != c.ok {
			t.Errorf("elements(%v) = %d, %v; want %d, %v", c.shape, n, ok, c.n, c.ok)
		}
	}
}

func TestLookup(t *testing.T) {
	f := sample()
	for i := range f.Tensors {
		if got := f.Lookup(f.Tensors[i].Name); got != &f.Tensors[i] {
			t.Errorf("Lookup(%q) = %v, want the tensor itself", f.Tensors[i].Name, got)
		}
	}
	if got := f.Lookup("lstm"); got != nil {
		t.Errorf("Lookup of a missing name = %v, want nil", got)
	}
}

func TestPicker(t *testing.T) {
	f := sample()
	p := f.Pick()
	if got, want := len(p.Rest()), len(f.Tensors); got != want {
		t.Errorf("Rest of a new Picker has %d names, want %d", got, want)
	}
	wantErr(t, p.Finish(), ErrFormat, `5 of the tensors`, `"lstm.weight", "head.bias", "none", "out.scale", …`)

	data, err := p.Take("lstm.weight", 2, 3)
	if err != nil || &data[0] != &f.Tensors[0].Data[0] || len(data) != 6 {
		t.Fatalf("Take = %v, %v; want the tensor's own data", data, err)
	}
	if data, err := p.Take("out.scale"); err != nil || len(data) != 1 {
		t.Errorf("Take of a scalar = %v, %v; want one element", data, err)
	}
	if data, err := p.Take("none", 4, 0); err != nil || len(data) != 0 {
		t.Errorf("Take of a zero-size tensor = %v, %v; want no element", data, err)
	}

	_, err = p.Take("lstm.weight", 2, 3)
	wantErr(t, err, ErrFormat, `"lstm.weight"`, "twice")
	_, err = p.Take("lstm.bias", 8)
	wantErr(t, err, ErrFormat, `"lstm.bias"`, "missing", "[8]")
	for _, shape := range [][]int{nil, {2}, {3, 1}, {4}} {
		_, err = p.Take("head.bias", shape...)
		wantErr(t, err, ErrFormat, `"head.bias"`, "[3]")
	}

	if got, want := p.Rest(), []string{"head.bias", "conv"}; !slices.Equal(got, want) {
		t.Errorf("Rest = %q, want %q", got, want)
	}
	wantErr(t, p.Finish(), ErrFormat, `2 of the tensors`, `"head.bias", "conv"`)
	for _, name := range p.Rest() {
		if _, err := p.Take(name, f.Lookup(name).Shape...); err != nil {
			t.Errorf("Take(%q): %v", name, err)
		}
	}
	if err := p.Finish(); err != nil {
		t.Errorf("Finish with nothing left = %v, want nil", err)
	}
	if got := f.Pick().Rest(); len(got) != len(f.Tensors) {
		t.Errorf("a second Picker starts with %q, want all names", got)
	}
}

// A name from a file may be megabytes long; a message is not.
func TestLongNames(t *testing.T) {
	name := strings.Repeat("\x00", 1<<20)
	_, err := (&File{}).Pick().Take(name)
	if !errors.Is(err, ErrFormat) || len(err.Error()) > 1000 {
		t.Errorf("Take with a long name: a message of %d bytes, want at most 1000", len(err.Error()))
	}
}

// wantErr checks that err wraps target, has no prefix and
// contains every one of parts.
func wantErr(t *testing.T, err, target error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one with %q", parts)
		return
	}
	if !errors.Is(err, target) {
		t.Errorf("error %q does not wrap %q", err, target)
	}
	if strings.HasPrefix(err.Error(), "weights: ") {
		t.Errorf("error %q begins with the package's name, which no caller has called", err)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not contain %q", err, part)
		}
	}
}
