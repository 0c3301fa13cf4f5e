package torchfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
)

// testFile returns a file that testdata/make.py wrote.
func testFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(b []byte) (*File, error) { return Open(bytes.NewReader(b), int64(len(b))) }

// sum returns the SHA-256 of numbers as testdata/make.py has it, with one NaN for all.
func sum(list []float32) string {
	h := sha256.New()
	for _, v := range list {
		var b [4]byte
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(v))
		h.Write(b[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// descriptions returns what a JSON file of testdata says of tensors.
func descriptions(t testing.TB, file string) (list map[string][][4]any) {
	t.Helper()
	if err := json.Unmarshal(testFile(t, file), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// compare compares the tensors of f with what PyTorch had of them.
func compare(t *testing.T, f *File, want [][4]any) {
	t.Helper()
	got := f.Tensors()
	if len(got) != len(want) {
		t.Errorf("%d tensors, want %d", len(got), len(want))
	}
	for i, x := range got[:min(len(got), len(want))] {
		data, err := x.Float32s()
		if err != nil {
			t.Fatalf("%s: %v", x.Name, err)
		}
		shape := x.Shape
		if shape == nil {
			shape = []int{}
		}
		have, err := json.Marshal([]any{x.Name, x.DType.String(), shape, sum(data)})
		if err != nil {
			t.Fatal(err)
		}
		if w, _ := json.Marshal(want[i]); !bytes.Equal(have, w) {
			t.Errorf("tensor %d: got %s, want %s", i, have, w)
		}
	}
}

// Each file of PyTorch is read as PyTorch reads it: names, order, dtypes, shapes and numbers.
func TestPyTorchFiles(t *testing.T) {
	for name, want := range descriptions(t, "expected.json") {
		t.Run(name, func(t *testing.T) {
			b := testFile(t, name)
			var f *File
			used := testkit.Allocated(func() {
				var err error
				if f, err = open(b); err != nil {
					t.Fatal(err)
				}
				for _, x := range f.Tensors() {
					if _, err := x.Float32s(); err != nil {
						t.Fatal(err)
					}
				}
			})
			if most := uint64(4*len(b) + 1<<20); used > most && !testkit.RaceEnabled { // the detector allocates too
				t.Errorf("%d bytes allocated, want at most %d", used, most)
			}
			compare(t, f, want)
		})
	}
}

// A checkpoint's other values, foreign classes among them, are there by name.
func TestCheckpoint(t *testing.T) {
	for _, name := range []string{"lightning.ckpt", "lightning.legacy.ckpt"} {
		f, err := open(testFile(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if f.Under() != "state_dict" {
			t.Errorf("%s: the tensors are under %q", name, f.Under())
		}
		text := show(Dict(f.Rest()))
		for _, want := range []string{
			`epoch:7 global_step:1234 pytorch-lightning_version:"1.9.0" seed:"0x400000000000000000" callbacks:`,
			`object:__main__.Callback{best:F32[2] history:[1 2]}`,
			`hyper_parameters:__main__.AttributeDict{hidden:3 names:["a" "b"] ratio:0.25 use:true none:nil dtype:"torch.float16" device:"cuda:1"}`,
			`args:argparse.Namespace{lr:0.001 size:[2 3] layout:"torch.strided" tags:["x"]}`,
			`exp_avg:F32[9 2]`,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %s in %s", name, want, text)
			}
		}
	}
	f, err := open(testFile(t, "nested.pt"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := show(Dict(f.Rest())), `{epoch:3 names:["a" ["b" nil]] rate:0.5}`; got != want || f.Under() != "" {
		t.Errorf("nested.pt: rest %s, want %s; under %q", got, want, f.Under())
	}
	for name, want := range map[string]string{"training.pt": "model", "plain.pt": ""} {
		f, err := open(testFile(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if f.Under() != want || !strings.Contains(show(Dict(f.Rest())), "args:argparse.Namespace{lr:1}") {
			t.Errorf("%s: under %q, rest %s", name, f.Under(), show(Dict(f.Rest())))
		}
	}
}

// show returns a value as a text.
func show(v Value) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case string:
		return fmt.Sprintf("%q", v)
	case List:
		var list []string
		for _, v := range v {
			list = append(list, show(v))
		}
		return "[" + strings.Join(list, " ") + "]"
	case Dict:
		var list []string
		for _, e := range v {
			list = append(list, e.Name+":"+show(e.Value))
		}
		return "{" + strings.Join(list, " ") + "}"
	case *Tensor:
		return fmt.Sprintf("%v%v", v.DType, v.Shape)
	case *Object:
		return v.Class + show(v.Fields)
	}
	return fmt.Sprint(v)
}

// wantErr checks that err wraps ErrFormat and says each of words.
func wantErr(t testing.TB, what string, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error, want %q", what, words)
		return
	}
	if !errors.Is(err, ErrFormat) {
		t.Errorf("%s: %v: is no ErrFormat", what, err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: %q has no %q", what, err, w)
		}
	}
}

// What is not a state dict is named, with what to save instead. Nothing is run.
func TestRefusals(t *testing.T) {
	for name, words := range map[string][]string{
		"module.pt":        {`whole pickled object of class "__main__.Net"`, "save model.state_dict()"},
		"module.legacy.pt": {`whole pickled object of class "__main__.Net"`, "save model.state_dict()"},
		"module.under.pt":  {`whole pickled object of class "__main__.Net" ("model")`, "save model.state_dict()"},
		"object.pt":        {`class "__main__.Callback" ("extra" under "state_dict")`, "state_dict()"},
		"object.root.pt":   {`class "__main__.Callback" ("callback")`, "state_dict()"},
		"complex.pt":       {`class "torch.ComplexFloatStorage" ("w")`},
		"quantised.pt":     {`class "torch._utils._rebuild_qtensor" ("w")`},
		"tensor.pt":        {"one tensor without a name"},
		"empty.pt":         {"no tensors"},
		"script.jit":       {"TorchScript", "torch.jit.load", "ONNX"},
		"system.pt":        {"data.pkl, byte ", `"posix.system"`, "hostile"},
		"system.legacy.pt": {"pickle, byte ", `"posix.system"`, "hostile"},
		"eval.pt":          {`"builtins.eval"`, "hostile"},
		"plain.pkl":        {"not from torch.save"},
		"make.py":          {"not a file of torch.save"},
	} {
		f, err := open(testFile(t, name))
		wantErr(t, name, err, words...)
		if f != nil {
			t.Errorf("%s: a File with an error", name)
		}
	}
	_, err := open(nil)
	wantErr(t, "no bytes", err, "not a file of torch.save")
	if _, err := os.Stat(filepath.Join("testdata", "hostile")); err == nil {
		t.Error("a file has run its command")
	}
}

// A file that ends early, or goes on, or has a bit flipped where it matters, is an error.
func TestDamage(t *testing.T) {
	for _, name := range []string{"every.zip.pt", "every.legacy.pt", "old.tar.pt"} {
		whole := testFile(t, name)
		f, err := open(whole)
		if err != nil {
			t.Fatal(err)
		}
		want := read(t, f)
		for n := 0; n < len(whole)-1; n += 11 {
			if f, err := open(whole[:n]); err == nil && !reflect.DeepEqual(read(t, f), want) {
				t.Fatalf("%s: its first %d bytes are read as another file", name, n)
			} else if err != nil && !errors.Is(err, ErrFormat) {
				t.Fatalf("%s: its first %d bytes: %v", name, n, err)
			}
		}
		if name != "old.tar.pt" { // tar archives are padded with zeros
			_, err = open(append(slices.Clone(whole), 0))
			wantErr(t, name, err, map[bool]string{true: "followed by something", false: "goes on after its last storage"}[name == "every.zip.pt"])
		}
		if name != "every.zip.pt" {
			continue
		}
		// Of an archive, every bit of its pickle and its storages counts. Every seventh byte is tried.
		for i := 0; i < len(whole); i += 7 {
			b := slices.Clone(whole)
			b[i] ^= 1 << (i % 8)
			f, err := open(b)
			for k := 0; err == nil && k < len(f.Tensors()); k++ {
				_, err = f.Tensors()[k].Float32s()
			}
			if err == nil && !reflect.DeepEqual(read(t, f), want) {
				t.Fatalf("bit %d of byte %d: another file, not noticed", i%8, i)
			}
		}
	}
}

// A tensor's content, as bits.
type content struct {
	name, dtype string
	shape       []int
	bits        []uint32
}

func read(t testing.TB, f *File) (list []content) {
	t.Helper()
	for _, x := range f.Tensors() {
		data, err := x.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		c := content{x.Name, x.DType.String(), x.Shape, nil}
		for _, v := range data {
			c.bits = append(c.bits, math.Float32bits(v))
		}
		list = append(list, c)
	}
	return list
}

// Models of other people, as PyTorch reads them: testdata/make.py has described them.
func TestRealFiles(t *testing.T) {
	real := descriptions(t, "real.json")
	for name, c := range map[string]struct {
		file  string
		words []string
	}{
		"PixelCNN": {"models/phlippe/PixelCNN.ckpt", nil},
		"silero":   {"models/silero/silero_vad.jit", []string{"TorchScript"}},
	} {
		in, err := os.Open(testkit.DataFile(t, c.file))
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		info, err := in.Stat()
		if err != nil {
			t.Fatal(err)
		}
		f, err := Open(in, info.Size())
		if c.words != nil {
			wantErr(t, name, err, c.words...)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		compare(t, f, real[name])
		t.Logf("%s: %d tensors under %q", c.file, len(f.Tensors()), f.Under())
	}
}

// The safetensors of silero, as PyTorch has their numbers. (They are of another training than
// those of its TorchScript archive and its ONNX file, which are the same.)
func TestRealSafetensors(t *testing.T) {
	b, err := os.ReadFile(testkit.DataFile(t, "models/silero/silero_vad_16k.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	f, types, err := weights.ReadForeign(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	want := descriptions(t, "real.json")["silero"]
	for i, x := range f.Tensors {
		have, err := json.Marshal([]any{x.Name, types[i].String(), x.Shape, sum(x.Data)})
		if err != nil {
			t.Fatal(err)
		}
		if w, _ := json.Marshal(want[i]); !bytes.Equal(have, w) {
			t.Errorf("tensor %s: got %s, want %s", x.Name, have, w)
		}
	}
	if len(f.Tensors) != 15 {
		t.Errorf("%d tensors, want 15", len(f.Tensors))
	}
}
