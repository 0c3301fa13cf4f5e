package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

func TestRoundTrip(t *testing.T) {
	large := make([]float32, 100_003) // several chunks and steps, and a rest
	for i := range large {
		large[i] = float32(i)
	}
	for name, f := range map[string]*File{
		"sample": sample(),
		"empty":  {},
		"large":  {Tensors: []Tensor{{"y", []int{3}, large[:3]}, {"x", []int{100_003}, large}}},
		"exact":  {Tensors: []Tensor{{"x", []int{firstStep / 4}, large[:firstStep/4]}, {"y", []int{firstStep / 2}, large[:firstStep/2]}}},
	} {
		b := encoded(t, f)
		for how, r := range readers(b) {
			got, err := Read(r, int64(len(b)))
			if err != nil {
				t.Errorf("%s, %s: Read: %v", name, how, err)
				continue
			}
			if err := same(f, got); err != nil {
				t.Errorf("%s, %s: %v", name, how, err)
			}
			if err := consistent(got, len(b)); err != nil {
				t.Errorf("%s, %s: %v", name, how, err)
			}
			if !bytes.Equal(encoded(t, got), b) {
				t.Errorf("%s, %s: written again, the bytes differ", name, how)
			}
		}
	}
}

func TestReadFromFile(t *testing.T) {
	b := encoded(t, sample())
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, append([]byte("before"), b...), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Seek(6, io.SeekStart); err != nil { // Read starts where the file stands
		t.Fatal(err)
	}
	f, err := Read(file, noLimit)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	if err := same(sample(), f); err != nil {
		t.Error(err)
	}
}

func TestReadOddReaders(t *testing.T) {
	b := encoded(t, sample())
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"one byte": iotest.OneByteReader, "half": iotest.HalfReader, "data with EOF": iotest.DataErrReader,
	} {
		f, err := Read(wrap(bytes.NewReader(b)), noLimit)
		if err != nil {
			t.Errorf("%s: Read: %v", name, err)
		} else if err := same(sample(), f); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What the format permits and our writer does not use.
func TestReadLenient(t *testing.T) {
	for name, c := range map[string]struct {
		header string
		data   int
		want   string // name and shape of each tensor, in order, then metadata
	}{
		"empty":          {`{}`, 0, ` map[]`},
		"padding":        {"{}  \t\r\n ", 0, ` map[]`},
		"no metadata":    {`{"__metadata__":{}}`, 0, ` map[]`},
		"white space":    {"{ \"a\"\t:\r\n{ \"dtype\" : \"F32\" , \"shape\" : [ 1 , 2 ] , \"data_offsets\" : [ 0 , 8 ] } }", 8, `a[1 2] map[]`},
		"keys reordered": {`{"a":{"data_offsets":[0,4],"shape":[],"dtype":"F32"}}`, 4, `a[] map[]`},
		"header order":   {`{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 12, `b[2] a[1] map[]`},
		"metadata last":  {`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"__metadata__":{"k":"v"}}`, 4, `a[1] map[k:v]`},
		"zero sizes":     {`{"a":{"dtype":"F32","shape":[0],"data_offsets":[4,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"c":{"dtype":"F32","shape":[2147483647,0],"data_offsets":[0,0]}}`, 4, `c[2147483647 0] b[1] a[0] map[]`},
		"rank 8":         {`{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,2],"data_offsets":[0,8]}}`, 8, `a[1 1 1 1 1 1 1 2] map[]`},
		"escapes":        {`{"\u0061\/\\\"":{"dtype":"F\u00332","shape":[1],"data_offsets":[0,4]},"__\u006deta\u0064ata__":{"\b\f\n\r\t":"\ud83c\uDF72é"}}`, 4, "a/\\\"[1] map[\b\f\n\r\t:🍲é]"},
		"empty name":     {`{"":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4, `[1] map[]`},
	} {
		f, err := Read(bytes.NewReader(raw(c.header, c.data)), noLimit)
		if err != nil {
			t.Errorf("%s: Read: %v", name, err)
			continue
		}
		got := ""
		for i, x := range f.Tensors {
			if i > 0 {
				got += " "
			}
			got += fmt.Sprint(x.Name, x.Shape)
		}
		if got += fmt.Sprint(" ", f.Metadata); got != c.want {
			t.Errorf("%s: Read = %q, want %q", name, got, c.want)
		}
	}
}

func TestReadLimit(t *testing.T) {
	b := encoded(t, sample())
	size := int64(len(b))
	if _, err := Read(bytes.NewReader(b), size); err != nil {
		t.Errorf("Read with the file's size as limit: %v", err)
	}
	for _, limit := range []int64{size - 1, size / 2, 9, 8, 7, 0, -1} {
		f, err := Read(bytes.NewReader(b), limit)
		wantErr(t, err, ErrTooLarge, "limit")
		if f != nil || errors.Is(err, ErrFormat) {
			t.Errorf("limit %d: Read = %v, %v; want no File and no ErrFormat", limit, f, err)
		}
	}
}

// An error of the reader is passed on, and is no fault of the format.
func TestReadError(t *testing.T) {
	b := encoded(t, sample())
	broken := errors.New("the cable is out")
	for n := range len(b) + 1 {
		r := io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(broken))
		f, err := Read(r, noLimit)
		wantErr(t, err, broken, "byte")
		if f != nil || errors.Is(err, ErrFormat) {
			t.Errorf("after %d bytes: Read = %v, %v; want no File and no ErrFormat", n, f, err)
		}
	}
	_, err := Read(&stuck{bytes.NewReader(b), 1}, noLimit)
	wantErr(t, err, errStuck)
	_, err = Read(&stuck{bytes.NewReader(b), 0}, noLimit)
	if err != nil { // as a pipe: it cannot seek at all
		t.Errorf("Read from what cannot seek: %v", err)
	}
}

// A stuck reader seeks n times, then no more.
type stuck struct {
	*bytes.Reader
	n int
}

var errStuck = errors.New("stuck")

func (s *stuck) Len(int) {} // hides bytes.Reader's

func (s *stuck) Seek(offset int64, whence int) (int64, error) {
	if s.n == 0 {
		return 0, errStuck
	}
	s.n--
	return s.Reader.Seek(offset, whence)
}

func TestReadCut(t *testing.T) {
	b := encoded(t, sample())
	for n := range len(b) {
		for how, r := range readers(b[:n]) {
			f, err := Read(r, noLimit)
			wantErr(t, err, ErrFormat, fmt.Sprintf("ends early, at byte %d", n))
			if f != nil || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("cut at %d, %s: Read = %v, %v; want no File and ErrUnexpectedEOF", n, how, f, err)
			}
		}
	}
	for _, more := range []int{1, 4, 100_000} {
		_, err := Read(bytes.NewReader(append(slices.Clone(b), make([]byte, more)...)), noLimit)
		wantErr(t, err, ErrFormat, fmt.Sprintf("byte %d", len(b)), "goes on")
	}
}

// Every byte in front of the data takes every other value, where no checksum would
// notice.
func TestReadFlipped(t *testing.T) {
	b := withoutSum(t, &File{
		Metadata: map[string]string{"k": "v\n"},
		Tensors:  []Tensor{{"a", []int{2, 3}, make([]float32, 6)}, {"b", []int{0}, nil}, {"c", []int{12}, make([]float32, 12)}},
	})
	var m meter
	refused, accepted := 0, 0
	m.read()
	for i := range 8 + int(binary.LittleEndian.Uint64(b)) {
		budget := uint64(2 << 20) // for 255 files, each good for about 4 kB
		if i < 8 {
			budget = 255 * (firstStep + 8<<10) // the header may be said to be long
		}
		old := b[i]
		for d := 1; d < 256; d++ {
			b[i] = old ^ byte(d)
			f, err := Read(opaque{bytes.NewReader(b)}, 1<<30)
			if err == nil {
				accepted++
				err = consistent(f, len(b))
			} else if refused++; errors.Is(err, ErrFormat) || errors.Is(err, ErrTooLarge) {
				err = nil
			}
			if err != nil {
				t.Errorf("byte %d set to %#02x: %v", i, b[i], err)
			}
		}
		b[i] = old
		if used := m.read(); used > budget {
			t.Errorf("byte %d set to all values: %d bytes allocated, want at most %d", i, used, budget)
		}
	}
	// A changed letter in a name or in metadata is as good as another; so
	// are white space and 2×3 turned into 6 under another rank. Not much else.
	if accepted == 0 || accepted > refused/10 {
		t.Errorf("%d accepted, %d refused", accepted, refused)
	}
}

// A header's claims cost nothing until the bytes arrive.
func TestReadClaims(t *testing.T) {
	var many strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&many, `,"%d":{"dtype":"F32","shape":[1000000],"data_offsets":[%d,%d]}`, i, 4_000_000*i, 4_000_000*(i+1))
	}
	var short strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&short, `,"%x":""`, i)
	}
	var zeros strings.Builder
	for i := range 30_000 {
		fmt.Fprintf(&zeros, `,"%x":{"dtype":"F32","shape":[0,0,0,0,0,0,0,0],"data_offsets":[0,0]}`, i)
	}
	for name, b := range map[string][]byte{
		"header of 16 MB":     append(binary.LittleEndian.AppendUint64(nil, MaxHeader), `{"__metadata__":{"`...),
		"header of 2^64-1":    append(binary.LittleEndian.AppendUint64(nil, 1<<64-1), `{"__metadata__":{"`...),
		"tensor of 1 GB":      raw(`{"a":{"dtype":"F32","shape":[268435456],"data_offsets":[0,1073741824]}}`, 100),
		"tensor of 1 GB, cut": raw(`{"a":{"dtype":"F32","shape":[268435456],"data_offsets":[0,1073741824]}}`, 5_000_001),
		"3000 tensors":        raw(`{`+many.String()[1:]+`}`, 4_000_100),
		"30000 zero-size":     raw(`{`+zeros.String()[1:]+`}`, 1),
		"30000 and checksum":  raw(`{"__metadata__":{"checksum":"sha256:`+strings.Repeat("0", 64)+`"}`+zeros.String()+`}`, 0),
		"metadata":            raw(`{"__metadata__":{`+short.String()[1:]+`}}`, 0),
		"one long escape":     raw(`{"__metadata__":{"":"`+strings.Repeat(`\n`, 1_000_000)+`"}}`, 1),
		"long number":         raw(`{"a":{"dtype":"F32","shape":[`+strings.Repeat("1", 1_000_000)+`]}}`, 1),
		"not UTF-8":           raw(`{"`+strings.Repeat("\xff", 1_000_000)+`"}`, 1),
	} {
		for how, r := range readers(b) {
			var m meter
			m.read()
			_, err := Read(r, noLimit)
			if used := m.read(); used > ceiling(b) {
				t.Errorf("%s, %s: %d bytes allocated for a file of %d, want at most %d", name, how, used, len(b), ceiling(b))
			}
			wantErr(t, err, ErrFormat)
		}
	}
	// And with the small figure that the package comment gives.
	b := raw(`{"a":{"dtype":"F32","shape":[268435456],"data_offsets":[0,1073741824]}}`, 20)
	for how, r := range readers(b) {
		var m meter
		m.read()
		_, err := Read(r, noLimit)
		if used := m.read(); used > 160<<10 {
			t.Errorf("1 GB claimed, %s: %d bytes allocated", how, used)
		}
		wantErr(t, err, ErrFormat, "ends early")
	}
}

// On an address space of 32 bits a tensor may be well formed and yet too large.
func TestReadTooLargeForMachine(t *testing.T) {
	b := raw(`{"a":{"dtype":"F32","shape":[2147483647,1024],"data_offsets":[0,8796093018112]}}`, 10)
	_, err := Read(bytes.NewReader(b), noLimit)
	if strconv.IntSize == 64 {
		wantErr(t, err, ErrFormat, "ends early")
	} else {
		wantErr(t, err, ErrTooLarge, `"a"`)
	}
}

// Metadata is never nil, so that a caller may add to it.
func TestReadMetadataNotNil(t *testing.T) {
	f, err := Read(bytes.NewReader(raw(`{}`, 0)), noLimit)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(f.Metadata, map[string]string{"k": "v"})
}
