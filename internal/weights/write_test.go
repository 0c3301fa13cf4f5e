package weights

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The form of the file is a promise: same training, same bytes, also next year.
func TestGolden(t *testing.T) {
	const checksum = "sha256:0f9b9208ca6932c1b56b94333fdff1ac319f6e62c266cdfad07bf7c75989613d"
	header := `{"__metadata__":{"a":"","b":"\"\\\n\u0001é🍲","checksum":"` + checksum + `","format":"autoreg"},` +
		`"conv":{"dtype":"F32","shape":[1,2,1],"data_offsets":[0,8]},` +
		`"head.bias":{"dtype":"F32","shape":[3],"data_offsets":[8,20]},` +
		`"lstm.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[20,44]},` +
		`"none":{"dtype":"F32","shape":[4,0],"data_offsets":[44,44]},` +
		`"out.scale":{"dtype":"F32","shape":[],"data_offsets":[44,48]}}       `
	data := "cdcccc3dcdcc4c3e" + // 0.1, 0.2
		"0100a07f" + "0000c07f" + "000080ff" + // a signalling NaN, a quiet one, -Inf
		"0000803f000000c0000060400000807f0000008001000000" + // 1, -2, 3.5, Inf, -0, 2^-149
		"ffff7f7f" // MaxFloat32
	want, err := hex.DecodeString("d801000000000000" + hex.EncodeToString([]byte(header)) + data)
	if err != nil {
		t.Fatal(err)
	}
	got := encoded(t, sample())
	if !bytes.Equal(got, want) {
		t.Errorf("WriteTo wrote\n%q, want\n%q", got, want)
	}
	const sum = "2599c2e0c4e77e5d9662887a8a499c1529ec7d787271418bcd6568caa765a9a0" // from Python: struct, hashlib
	if s := fmt.Sprintf("%x", sha256.Sum256(got)); s != sum {
		t.Errorf("sha256 = %s, want %s", s, sum)
	}
	// An empty file without the key has the checksum of an empty file with it.
	const empty = "\x08\x00\x00\x00\x00\x00\x00\x00{}      "
	want = raw(fmt.Sprintf(`{"__metadata__":{"checksum":"sha256:%x"}} `, sha256.Sum256([]byte(empty))), 0)
	if got := encoded(t, &File{Metadata: map[string]string{}}); !bytes.Equal(got, want) {
		t.Errorf("an empty File is %q, want %q", got, want)
	}
}

func TestWriteOrder(t *testing.T) {
	f := sample()
	want := encoded(t, f)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		rng.Shuffle(len(f.Tensors), func(i, j int) { f.Tensors[i], f.Tensors[j] = f.Tensors[j], f.Tensors[i] })
		before := slices.Clone(f.Tensors)
		if got := encoded(t, f); !bytes.Equal(got, want) {
			t.Fatalf("tensors in another order: wrote %q, want %q", got, want)
		}
		for i := range before {
			if before[i].Name != f.Tensors[i].Name {
				t.Fatalf("WriteTo moved tensor %q", before[i].Name)
			}
		}
	}
}

func TestHeaderAlignment(t *testing.T) {
	for n := range 17 {
		b := encoded(t, &File{Tensors: []Tensor{{strings.Repeat("x", n), []int{1}, []float32{1}}}})
		if h := binary.LittleEndian.Uint64(b); h%8 != 0 || int(h) != len(b)-8-4 {
			t.Errorf("name of %d bytes: header of %d in a file of %d, want a multiple of 8", n, h, len(b))
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	one := []float32{1}
	tensors := func(ts ...Tensor) *File { return &File{Tensors: ts} }
	metadata := func(k, v string) *File { return &File{Metadata: map[string]string{k: v}} }
	keys := &File{Metadata: map[string]string{}}
	for i := range MaxMetadata + 1 {
		keys.Metadata[fmt.Sprint(i)] = ""
	}
	for name, c := range map[string]struct {
		f    *File
		want []string
	}{
		"too little data":    {tensors(Tensor{"w", []int{2}, one}), []string{`"w"`, "[2]", "has 1"}},
		"too much data":      {tensors(Tensor{"w", []int{0}, one}), []string{`"w"`, "[0]", "has 1"}},
		"scalar without":     {tensors(Tensor{"w", nil, nil}), []string{`"w"`, "has 0"}},
		"negative":           {tensors(Tensor{"w", []int{-1, -1}, one}), []string{`"w"`, "[-1 -1]"}},
		"rank 9":             {tensors(Tensor{"w", []int{1, 1, 1, 1, 1, 1, 1, 1, 1}, one}), []string{`"w"`, "at most 8"}},
		"overflow":           {tensors(Tensor{"w", []int{1 << 16, 1 << 16, 1 << 16, 1 << 16}, nil}), []string{`"w"`}},
		"reserved":           {tensors(Tensor{"__metadata__", []int{1}, one}), []string{"reserved"}},
		"name not UTF-8":     {tensors(Tensor{"w\xff", []int{1}, one}), []string{`"w\xff"`, "UTF-8"}},
		"name twice":         {tensors(Tensor{"w", []int{1}, one}, Tensor{"v", nil, one}, Tensor{"w", nil, one}), []string{`"w"`, "twice"}},
		"key not UTF-8":      {metadata("k\xff", ""), []string{`"k\xff"`, "UTF-8"}},
		"value not UTF-8":    {metadata("k", "\xed\xa0\x80"), []string{`"k"`, "UTF-8"}},
		"header too long":    {metadata("k", strings.Repeat("x", MaxHeader)), []string{"header", "16777216"}},
		"too many keys":      {keys, []string{"1025", "1024"}},
		"escapes too long":   {metadata("k", strings.Repeat("\x00", MaxHeader/6)), []string{"header"}},
		"name as long as it": {tensors(Tensor{strings.Repeat("x", MaxHeader), []int{1}, one}), []string{"header"}},
	} {
		var b bytes.Buffer
		n, err := c.f.WriteTo(&b)
		if n != 0 || b.Len() != 0 {
			t.Errorf("%s: WriteTo = %d and wrote %d bytes, want none", name, n, b.Len())
		}
		wantErr(t, err, ErrFormat, c.want...)
	}
}

// Whatever is written can be read: the caps of both sides are the same.
func TestWriteLargestHeader(t *testing.T) {
	empty := len(encoded(t, &File{Metadata: map[string]string{"k": strings.Repeat("x", 8)}})) - 8
	f := &File{Metadata: map[string]string{"k": strings.Repeat("x", MaxHeader-empty+8)}}
	if got, err := Read(bytes.NewReader(encoded(t, f)), noLimit); err != nil {
		t.Errorf("Read: %v", err)
	} else if err := same(f, got); err != nil {
		t.Errorf("the largest header: %.100v", err)
	}
	f.Metadata["k"] += "xxxxxxxx"
	_, err := f.WriteTo(io.Discard)
	wantErr(t, err, ErrFormat, "16777224")
}

// A writer with room for only so many bytes.
type full struct {
	b    []byte
	room int
	err  error
}

func (w *full) Write(b []byte) (int, error) {
	if len(b) <= w.room {
		w.b, w.room = append(w.b, b...), w.room-len(b)
		return len(b), nil
	}
	n := w.room
	w.b, w.room = append(w.b, b[:n]...), 0
	return n, w.err
}

func TestWriteError(t *testing.T) {
	f := sample()
	whole := encoded(t, f)
	broken := errors.New("no room")
	for room := range len(whole) {
		w := full{room: room, err: broken}
		n, err := f.WriteTo(&w)
		wantErr(t, err, broken, fmt.Sprintf("byte %d", room))
		if n != int64(room) || !bytes.Equal(w.b, whole[:room]) {
			t.Errorf("room for %d: WriteTo = %d", room, n)
		}
		_, err = f.WriteTo(&full{room: room}) // a writer that does not say why
		wantErr(t, err, io.ErrShortWrite)
	}
}

func TestWriteDiskFull(t *testing.T) {
	file, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("needs /dev/full: ", err)
	}
	defer file.Close()
	n, err := sample().WriteTo(file)
	if n != 0 {
		t.Errorf("WriteTo = %d, want 0", n)
	}
	var cause *os.PathError
	if !errors.As(err, &cause) {
		t.Errorf("error %v wraps no PathError", err)
	}
	wantErr(t, err, cause, "o space left") // Node says it with a capital
}

// Strings: what we write, encoding/json and our parser both read back.
func FuzzString(f *testing.F) {
	for _, s := range []string{"", "a", "\"\\/", "\x00\x1f\x7f", "é\u2028\ufffd🍲", "\ufeff", "\b\f\n\r\t", "</script>&"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		b := appendString(nil, s)
		var theirs string
		if err := json.Unmarshal(b, &theirs); err != nil || theirs != s {
			t.Errorf("%q is written as %s, which encoding/json reads as %q, %v", s, b, theirs, err)
		}
		p := parser{b: b}
		if ours, err := p.str("x"); err != nil || ours != s || p.i != len(b) {
			t.Errorf("%q is written as %s, which is read as %q, %v", s, b, ours, err)
		}
		theirForm, _ := json.Marshal(s)
		p = parser{b: theirForm}
		if ours, err := p.str("x"); err != nil || ours != s {
			t.Errorf("encoding/json writes %q as %s, which is read as %q, %v", s, theirForm, ours, err)
		}
	})
}

// One File, many goroutines that write it, read it and take from it.
func TestConcurrentUse(t *testing.T) {
	f := sample()
	want := encoded(t, f)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				var b bytes.Buffer
				if _, err := f.WriteTo(&b); err != nil || !bytes.Equal(b.Bytes(), want) {
					t.Errorf("WriteTo: %v, %d bytes", err, b.Len())
				}
				if _, err := Read(&b, noLimit); err != nil {
					t.Errorf("Read: %v", err)
				}
				if _, err := f.Pick().Take("head.bias", 3); err != nil {
					t.Errorf("Take: %v", err)
				}
			}
		})
	}
	wg.Wait()
}
