package hdf5

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"
	"testing"
)

func wantErr(t *testing.T, err, kind error, texts ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("error %v, want one that is %q", err, kind)
		return
	}
	for _, s := range texts {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("error %q, want %q in it", err, s)
		}
	}
}

// What is not read is refused by name when it is asked for, and the rest can be read.
func TestRefused(t *testing.T) {
	for _, version := range []string{"earliest", "latest"} {
		root := mustOpen(t, testFile(t, "refused_"+version)).Root()
		for name, want := range map[string]string{
			"soft": "link of kind soft", "dangling": "link of kind soft", "external": "link of kind external",
			"type": "committed datatype, want a data set", "of committed type": "committed datatype, want numbers",
			"compound": "type compound, want numbers", "opaque": "type opaque of 5 bytes", "void": "type opaque of 2 bytes",
			"sequences": "variable-length sequence", "references": "reference", "lzf": "filter 32000 (lzf)",
			"scaleoffset": "filter 6 (scaleoffset)", "external data": "in other files", "loop": "is a group, want a data set",
		} {
			d, err := root.Dataset(name)
			if err == nil {
				_, err = d.Float32s()
			}
			wantErr(t, err, ErrUnsupported, fmt.Sprintf("%q", name), want)
		}
		if _, err := root.Group("good"); err == nil {
			t.Error("Group opens a data set")
		}
		d, err := root.Dataset("loop/self/self/root/good")
		if err != nil {
			t.Fatal(err)
		}
		if v, err := d.Float64s(); err != nil || !slices.Equal(v, []float64{-50, -13, 24, -40}) {
			t.Errorf("good: %v, %v", v, err)
		}
		if _, err := d.Strings(); err == nil {
			t.Error("Strings reads numbers")
		}
		for _, path := range []string{"nothing", "", "loop/nothing", "loop/", "/good", "loop//self", "nothing/x"} {
			_, err := root.Dataset(path)
			wantErr(t, err, fs.ErrNotExist, "there is no")
		}
	}
	d, err := mustOpen(t, testFile(t, "virtual_latest")).Root().Dataset("virtual")
	if err != nil || d.Type() != "float32" || !slices.Equal(d.Shape(), []int{4}) {
		t.Fatal(d, err)
	}
	_, err = d.Float32s()
	wantErr(t, err, ErrUnsupported, `"virtual"`, "virtual data set")
	d, err = mustOpen(t, testFile(t, "grown_latest")).Root().Dataset("one")
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Float32s()
	wantErr(t, err, ErrUnsupported, `"one"`, "can grow")
}

func TestAttributes(t *testing.T) {
	for _, version := range []string{"earliest", "latest"} {
		a, err := mustOpen(t, testFile(t, "attributes_"+version)).Root().Attributes()
		if err != nil {
			t.Fatal(err)
		}
		if s, err := a.String("keras_version"); s != "2.2.4" || err != nil {
			t.Errorf("keras_version: %q, %v", s, err)
		}
		if s, err := a.SplitStrings("layer_names"); !slices.Equal(s, []string{"lstm_1", "dense_1"}) || err != nil {
			t.Errorf("layer_names: %q, %v", s, err)
		}
		if s, err := a.Strings("nothing"); s == nil || len(s) != 0 || err != nil {
			t.Errorf("nothing: %q, %v", s, err)
		}
		if v, err := a.Float64s("numbers"); !slices.Equal(v, []float64{1, 2, 3, -4}) || err != nil {
			t.Errorf("numbers: %v, %v", v, err)
		}
		names, err := a.SplitStrings("weight_names")
		if want := map[string]int{"earliest": 80, "latest": 8}[version]; len(names) != want || err != nil {
			t.Errorf("weight_names: %d, %v; want %d", len(names), err, want)
		}
		for i, s := range names {
			if !strings.HasPrefix(s, fmt.Sprintf("layer_%05d/kernel:0_", i)) {
				t.Errorf("name %d is %.30q", i, s)
			}
		}
		_, err = a.SplitStrings("nowhere")
		wantErr(t, err, fs.ErrNotExist, `there is no attribute "nowhere"`)
		_, err = a.String("layer_names")
		wantErr(t, err, ErrFormat, "2 strings, want 1")
		_, err = a.Strings("numbers")
		wantErr(t, err, ErrUnsupported, "int32, want strings")
	}
}

// Values that are read again cost no more of the memory that a file is given.
func TestReadAgain(t *testing.T) {
	root := mustOpen(t, testFile(t, "layouts_latest")).Root()
	a, err := mustOpen(t, testFile(t, "attributes_latest")).Root().Attributes()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2000 {
		d, err := root.Dataset("all filters")
		if err == nil {
			_, err = d.Float32s()
		}
		if err == nil {
			_, err = a.String("big config")
		}
		if err != nil {
			t.Fatalf("time %d: %v", i, err)
		}
	}
}

// A flipped bit in what the format has a checksum of is noticed.
func TestChecksums(t *testing.T) {
	good := testFile(t, "layouts_latest")
	if err := problems(good); err != "" {
		t.Fatal(err)
	}
	s := newSeed(t, good)
	for _, p := range slices.Concat(s.sums, s.direct) {
		for at := p[0]; at < p[1]; at += 29 {
			b := slices.Clone(good)
			b[at] ^= 1 << (at % 8)
			if problems(b) == "" {
				t.Errorf("bit %d of byte %d, in the block of bytes %d to %d: not noticed", at%8, at, p[0], p[1])
			}
		}
	}
	good = testFile(t, "layouts_earliest")
	r := &recorder{r: bytes.NewReader(good)}
	f, err := Open(r, int64(len(good)))
	if err != nil {
		t.Fatal(err)
	}
	d, err := f.Root().Dataset("fletcher odd")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Float32s(); err != nil {
		t.Fatal(err)
	}
	last := r.parts[len(r.parts)-1]
	good[last[0]] ^= 1
	_, err = d.Float32s()
	wantErr(t, err, ErrFormat, "fletcher32", `"fletcher odd"`)
}

// A file that ends early, or is none, says so.
func TestOpenErrors(t *testing.T) {
	for _, name := range []string{"groups_earliest", "groups_latest"} {
		b := testFile(t, name)
		for n := range len(b) {
			if n > 600 && n%97 != 0 && n < len(b)-10 {
				continue
			}
			_, err := Open(bytes.NewReader(b[:n]), int64(n))
			wantErr(t, err, ErrFormat)
			_, err = Open(bytes.NewReader(b[:n]), int64(len(b))) // the size is wrong
			if err == nil && n < 600 {
				t.Errorf("%d bytes of %d open", n, len(b))
			}
		}
		_, err := Open(bytes.NewReader(b[:len(b)-1]), int64(len(b)-1))
		wantErr(t, err, ErrFormat, "ends early")
	}
	_, err := Open(strings.NewReader("PK\x03\x04"), 4)
	wantErr(t, err, ErrFormat, "not an HDF5 file")
	broken := errors.New("broken")
	_, err = Open(failing{broken}, 1000)
	wantErr(t, err, broken, "superblock")
	if errors.Is(err, ErrFormat) {
		t.Error("an error of the reader is taken for one of the file")
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

// h5py writes version 1 of the superblock for no settings that it has.
func TestSuperblockVersion1(t *testing.T) {
	m := &image{make([]byte, 4096)}
	m.at(0, "\x89HDF\r\n\x1a\n", uint32(1), uint8(0), uint8(8), uint8(8), uint8(0), uint16(4), uint16(16), uint32(0), uint16(64), uint16(0),
		uint64(0), none, uint64(4096), none, uint64(0), uint64(256), uint32(0), uint32(0), "0123456789abcdef")
	m.header(256, linkTo("a", 512))
	m.header(512, linkTo("b", 512))
	g, err := mustOpen(t, m.b).Root().Group("a/b/b")
	if err != nil || g.Path() != "a/b/b" || !slices.Equal(g.Names(), []string{"b"}) {
		t.Error(g, err)
	}
}

// Nothing is read of a data set that is not asked for but its header.
func TestReadsWhatIsAskedFor(t *testing.T) {
	b := realFile(t, "keras/gru100x2-3.5.0.h5")
	r := &recorder{r: bytes.NewReader(b)}
	f, err := Open(r, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	read := func() (n int) {
		for _, p := range r.parts {
			n += p[1] - p[0]
		}
		return n
	}
	if err := f.Walk(func(_ string, _ *Dataset, err error) error { return err }); err != nil {
		t.Fatal(err)
	}
	if n := read(); n > 60000 {
		t.Errorf("a walk read %d bytes of %d", n, len(b))
	}
	d, err := f.Root().Dataset("model_weights/dense/sequential/dense/kernel")
	if err != nil {
		t.Fatal(err)
	}
	r.parts = nil
	if v, err := d.Float32s(); len(v) != 100 || err != nil || read() != 400 {
		t.Errorf("%d values, %v, %d bytes read", len(v), err, read())
	}
}

// All halves are what their definition says.
func TestFloat16(t *testing.T) {
	for h := range 1 << 16 {
		sign, e, m := 1-2*float64(h>>15), h>>10&31, float64(h&0x3ff)
		want := sign * m * 0x1p-24
		switch {
		case e == 31 && m == 0:
			want = math.Inf(int(sign))
		case e == 31:
			want = math.NaN()
		case e > 0:
			want = sign * math.Ldexp(1+m/1024, e-15)
		}
		got := float64(float16(uint16(h)))
		if math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Fatalf("%#04x is %v, want %v", h, got, want)
		}
	}
}

// The example of Bob Jenkins' lookup3.c.
func TestLookup3(t *testing.T) {
	if got := lookup3([]byte("Four score and seven years ago")); got != 0x17770551 {
		t.Errorf("%#x, want 0x17770551", got)
	}
	if got := lookup3(nil); got != 0xdeadbeef {
		t.Errorf("%#x, want 0xdeadbeef", got)
	}
}

// BenchmarkRead reads all data sets of the largest published model.
func BenchmarkRead(b *testing.B) {
	data := realFile(b, "dtln/model.h5")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		f := mustOpen(b, data)
		if err := f.Walk(func(_ string, d *Dataset, err error) error {
			if err == nil {
				_, err = d.Float32s()
			}
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
}
