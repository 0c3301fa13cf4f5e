package autoreg

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
)

// However a model is loaded and written again, the bytes are the same.
func TestLoadWrite(t *testing.T) {
	for name, m := range map[string]*TextModel{"tiny": tiny(t), "small": small(t)} {
		want := encode(t, m)
		path := filepath.Join(t.TempDir(), "m.safetensors")
		if err := os.WriteFile(path, want, 0o666); err != nil {
			t.Fatal(err)
		}
		fsys := fstest.MapFS{"a/m": {Data: want}}
		for how, load := range map[string]func() (*TextModel, error){
			"Load": func() (*TextModel, error) { return Load[*TextModel](bytes.NewReader(want), nil) },
			"Load, a stream": func() (*TextModel, error) {
				return Load[*TextModel](io.MultiReader(bytes.NewReader(want)), &LoadOptions{})
			},
			"Load, limited": func() (*TextModel, error) {
				return Load[*TextModel](bytes.NewReader(want), &LoadOptions{MaxBytes: int64(len(want))})
			},
			"Open":   func() (*TextModel, error) { return Open[*TextModel](path) },
			"LoadFS": func() (*TextModel, error) { return LoadFS[*TextModel](fsys, "a/m") },
		} {
			got, err := load()
			if err != nil {
				t.Errorf("%s, %s: %v", name, how, err)
				continue
			}
			if !bytes.Equal(encode(t, got), want) {
				t.Errorf("%s, %s: written again, the bytes differ", name, how)
			}
		}
	}
}

// A checkpoint loads as the model that it holds.
func TestLoadCheckpoint(t *testing.T) {
	f := tiny(t).text.File()
	f.Metadata[model.KeyCheckpoint] = `{"step":7}`
	f.Tensors = append(f.Tensors, weights.Tensor{Name: model.OptimizerPrefix + "m.output.bias", Shape: []int{1}, Data: []float32{1}})
	var b bytes.Buffer
	if _, err := f.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	m, err := Load[*TextModel](&b, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(encode(t, m), encode(t, tiny(t))) {
		t.Error("the model in a checkpoint is not the model")
	}
}

// What other programs add to the metadata of a model is handed out as a copy, and
// written again.
func TestMetadata(t *testing.T) {
	added := map[string]string{"author": "A. N. Other", "licence": "CC0"}
	text, images := small(t).text.File(), smallPixels(1).pixel.File()
	maps.Copy(text.Metadata, added)
	maps.Copy(images.Metadata, added)
	var b, b2 bytes.Buffer
	if _, err := text.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if _, err := images.WriteTo(&b2); err != nil {
		t.Fatal(err)
	}
	m, err := Load[*TextModel](bytes.NewReader(b.Bytes()), nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Load[*ImageModel](bytes.NewReader(b2.Bytes()), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, got := range []map[string]string{m.Metadata(), p.Metadata()} {
			if !maps.Equal(got, added) {
				t.Errorf("Metadata = %q, want %q", got, added)
			}
			clear(got)
			got["author"] = "someone else" // the model keeps its own
		}
	}
	if !bytes.Equal(encode(t, m), b.Bytes()) || !bytes.Equal(encodePixels(t, p), b2.Bytes()) {
		t.Error("written again, the bytes differ")
	}
	if got := small(t).Metadata(); got == nil || len(got) != 0 {
		t.Errorf("Metadata of a model without = %#v, want an empty map", got)
	}
}

func TestLoadErrors(t *testing.T) {
	good := encode(t, small(t))
	broken := errors.New("the disk is on fire")
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk.txt")
	if err := os.WriteFile(junk, []byte("once upon a time there was no model"), 0o666); err != nil {
		t.Fatal(err)
	}
	other := small(t).text.File()
	other.Metadata[model.KeyVersion] = "2"
	var version2 bytes.Buffer
	if _, err := other.WriteTo(&version2); err != nil {
		t.Fatal(err)
	}
	other = small(t).text.File()
	other.Metadata[model.KeyTokenizer] = `{"version":1,"keep_case":false,"strip_punctuation":false,"vocabulary":["","[UNK]"]}`
	var vocabulary bytes.Buffer
	if _, err := other.WriteTo(&vocabulary); err != nil {
		t.Fatal(err)
	}
	load := func(r io.Reader, o *LoadOptions) error {
		_, err := Load[*TextModel](r, o)
		return err
	}
	open := func(path string) error {
		_, err := Open[*TextModel](path)
		return err
	}
	loadFS := func(fsys fs.FS, name string) error {
		_, err := LoadFS[*TextModel](fsys, name)
		return err
	}
	for _, c := range []struct {
		name  string
		err   error
		is    error
		parts []string
	}{
		{"empty", load(strings.NewReader(""), nil), ErrFormat, []string{"ends early"}},
		{"too large", load(bytes.NewReader(good), &LoadOptions{MaxBytes: int64(len(good)) - 1}), ErrTooLarge, nil},
		{"negative limit", load(bytes.NewReader(good), &LoadOptions{MaxBytes: -1}), nil, []string{"MaxBytes", "-1"}},
		{"trailing byte", load(bytes.NewReader(append(good[:len(good):len(good)], 0)), nil), ErrFormat, []string{"goes on"}},
		{"reader fails", load(io.MultiReader(bytes.NewReader(good[:99]), failing{broken}), nil), broken, []string{"fire"}},
		{"next version", load(&version2, nil), ErrFormat, []string{"format_version", `"2"`}},
		{"no file", open(filepath.Join(dir, "none")), fs.ErrNotExist, []string{"none"}},
		{"a directory", open(dir), nil, []string{dir + ": this is a directory"}},
		{"junk", open(junk), ErrFormat, []string{junk + ": this is not a model file (safetensors): "}},
		{"a vocabulary of two", load(&vocabulary, nil), ErrFormat, []string{`metadata "tokenizer": the vocabulary has 2 entries`}},
		{"no file in FS", loadFS(fstest.MapFS{}, "none"), fs.ErrNotExist, []string{"none"}},
		{"junk in FS", loadFS(os.DirFS(dir), "junk.txt"), ErrFormat, []string{"junk.txt"}},
		{"a directory in FS", loadFS(fstest.MapFS{"a/m": {}}, "a"), nil, []string{"a: this is a directory"}},
	} {
		if c.err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		msg := c.err.Error()
		if !strings.HasPrefix(msg, "autoreg: ") {
			t.Errorf("%s: %q: want the prefix of this package", c.name, msg)
			continue
		}
		for _, prefix := range []string{"autoreg: ", "weights: ", "model: ", "tokenizer: "} {
			if strings.Contains(msg[len("autoreg: "):], prefix) {
				t.Errorf("%s: %q: want one prefix, found %q too", c.name, msg, prefix)
			}
		}
		if c.is != nil && !errors.Is(c.err, c.is) {
			t.Errorf("%s: %q does not wrap %q", c.name, msg, c.is)
		}
		for _, part := range c.parts {
			if !strings.Contains(msg, part) {
				t.Errorf("%s: %q does not contain %q", c.name, msg, part)
			}
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// A file cut at any byte is an error.
func TestLoadCut(t *testing.T) {
	good := encode(t, small(t))
	for n := range good {
		for how, r := range map[string]io.Reader{"reader": bytes.NewReader(good[:n]), "stream": io.MultiReader(bytes.NewReader(good[:n]))} {
			m, err := Load[*TextModel](r, nil)
			if m != nil || !errors.Is(err, ErrFormat) || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("cut at byte %d of %d, %s: got %v, %v; want an error that wraps ErrFormat and io.ErrUnexpectedEOF", n, len(good), how, m, err)
			}
		}
	}
}

// A file with any bit flipped is an error, unless the bit is the checksum's key's.
func TestLoadFlipped(t *testing.T) {
	good := encode(t, small(t))
	key := bytes.Index(good, []byte(`checksum":"`))
	for i := range good {
		for bit := range 8 {
			b := bytes.Clone(good)
			b[i] ^= 1 << bit
			m, err := Load[*TextModel](bytes.NewReader(b), nil)
			if err == nil && !(key <= i && i < key+len("checksum")) {
				t.Errorf("byte %d, bit %d: %q for %q was accepted", i, bit, b[i], good[i])
			}
			if err != nil && (m != nil || !(errors.Is(err, ErrFormat) || errors.Is(err, ErrTooLarge))) {
				t.Fatalf("byte %d, bit %d: got %v, %v; want an error that wraps ErrFormat or ErrTooLarge", i, bit, m, err)
			}
			if i >= len(good)-4 && (err == nil || !strings.Contains(err.Error(), "the checksum does not match")) {
				t.Errorf("byte %d, bit %d, of a weight: error %v, want one about the checksum", i, bit, err)
			}
		}
	}
}

// Without a checksum, a file with any bit of its header flipped is an error, or a
// model that works where the bit means no more than another spelling of a word,
// another Length, or other metadata of no meaning.
func TestLoadFlippedWithoutChecksum(t *testing.T) {
	good := testkit.DisableChecksum(encode(t, small(t)))
	end := 8 + int(binary.LittleEndian.Uint64(good))
	header := string(good[:end])
	free := strings.Index(header, `disabled`)
	words := [2]int{strings.Index(header, "vocabulary"), strings.LastIndex(header, "]}")}
	words[1] = strings.Index(header, `]}"`) // the end of the tokenizer's JSON string
	length := strings.Index(header, `\"length\":`) + len(`\"length\":`)
	if words[0] < 0 || words[1] < words[0] || length < 20 {
		t.Fatalf("unexpected header %s", header)
	}
	accepted := 0
	for i := range end {
		for bit := range 8 {
			b := bytes.Clone(good)
			b[i] ^= 1 << bit
			m, err := Load[*TextModel](bytes.NewReader(b), nil)
			if err != nil {
				if m != nil || !(errors.Is(err, ErrFormat) || errors.Is(err, ErrTooLarge)) {
					t.Fatalf("byte %d, bit %d: got %v, %v; want an error that wraps ErrFormat or ErrTooLarge", i, bit, m, err)
				}
				continue
			}
			accepted++
			if !(words[0] < i && i < words[1]) && !(length <= i && i < length+2) && !(free <= i && i < free+len(`disabled":"sha256:`)+64) {
				t.Errorf("byte %d, bit %d: %q for %q was accepted", i, bit, b[i], good[i])
			}
			if _, err := m.Generate(context.Background(), "anything", &GenerateOptions{NewTokens: 5}); err != nil {
				t.Errorf("byte %d, bit %d: Generate: %v", i, bit, err)
			}
		}
	}
	if accepted == 0 {
		t.Error("no flipped header was accepted: the test does not see what it should")
	}
}

// Weights that are not finite do not load.
func TestWeightsNotFinite(t *testing.T) {
	for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		text, images := small(t).text.File(), smallPixels(1).pixel.File()
		text.Lookup("output.weight").Data[3] = v
		images.Lookup("output.bias").Data[3] = v
		var b, b2 bytes.Buffer
		if _, err := text.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		if _, err := images.WriteTo(&b2); err != nil {
			t.Fatal(err)
		}
		_, err := Load[*TextModel](&b, nil)
		_, err2 := Load[*ImageModel](&b2, nil)
		for name, err := range map[string]error{"output.weight": err, "output.bias": err2} {
			if want := fmt.Sprintf("autoreg: the weights of tensor %q are not finite", name); !errors.Is(err, ErrFormat) || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("a weight of %v: got %v, want an error with %q", v, err, want)
			}
		}
	}
}

// Finite weights load. Where they spoil the logits, drawing ends with an error;
// nothing panics or hangs.
func TestExtremeWeights(t *testing.T) {
	for _, v := range []float32{math.MaxFloat32, -math.MaxFloat32} {
		for i, tensor := range small(t).text.File().Tensors {
			f := small(t).text.File()
			for j := range tensor.Data {
				f.Tensors[i].Data[j] = v
			}
			var b bytes.Buffer
			if _, err := f.WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			m, err := Load[*TextModel](&b, nil)
			if err != nil {
				t.Fatalf("%s = %v: %v", tensor.Name, v, err)
			}
			for _, o := range []*GenerateOptions{{NewTokens: 3, Alternatives: 2}, {NewTokens: 3, Sampling: sampler.Options{TopK: 2}}, {NewTokens: 3, Sampling: sampler.Options{Temperature: new(0.0)}}, {NewTokens: 3, Sampling: sampler.Options{Temperature: new(1e-40)}}} {
				if _, err := m.Generate(context.Background(), "any words", o); err != nil && !errors.Is(err, sampler.ErrNoSymbol) {
					t.Errorf("%s = %v: Generate: %v", tensor.Name, v, err)
				}
			}
			if score, err := m.Score(context.Background(), func(yield func(string) bool) { yield("a few words") }, nil); err != nil {
				t.Errorf("%s = %v: Score = %+v, %v", tensor.Name, v, score, err)
			}
		}
	}
}

func TestLayers(t *testing.T) {
	c := model.Config{Symbols: 10000, Embedding: 100, Layers: []layers.Spec{&layers.LSTMSpec{Units: 128}}, Length: 200}
	m := random(t, 10000, c)
	const want = "[{embedding Embedding 10000 100 1000000 1000000 0} {lstm LSTM 100 128 117248 117248 0} {output Linear 128 10000 1290000 1290000 0}]"
	if got := fmt.Sprint(m.Layers()); got != want {
		t.Errorf("Layers = %s, want %s", got, want)
	}
	if got := m.Params(); got != 2_407_248 {
		t.Errorf("Params = %d, want 2407248", got)
	}
	if m.Symbols() != 10000 || m.Tokenizer().Len() != 10000 || m.Length() != 200 {
		t.Errorf("Symbols %d, words %d, Length %d", m.Symbols(), m.Tokenizer().Len(), m.Length())
	}
}

func TestWriteToFails(t *testing.T) {
	n, err := small(t).WriteTo(fullDisk{})
	if err == nil || n != 3 || !errors.Is(err, io.ErrShortWrite) || !strings.HasPrefix(err.Error(), "autoreg: ") {
		t.Errorf("WriteTo = %d, %v; want 3 and io.ErrShortWrite", n, err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 3, io.ErrShortWrite }

func FuzzLoad(f *testing.F) {
	good := encode(f, small(f))
	f.Add(good)
	f.Add(good[:300])
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Load[*TextModel](bytes.NewReader(testkit.DisableChecksum(b)), nil)
		if err != nil {
			if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrTooLarge) {
				t.Errorf("error %v wraps neither ErrFormat nor ErrTooLarge", err)
			}
			return
		}
		if _, err := m.Generate(context.Background(), "a word", &GenerateOptions{NewTokens: 2}); err != nil && !errors.Is(err, sampler.ErrNoSymbol) {
			t.Errorf("Generate: %v", err)
		}
		again, err := Load[*TextModel](bytes.NewReader(encode(t, m)), nil)
		if err != nil || !bytes.Equal(encode(t, again), encode(t, m)) {
			t.Errorf("written and loaded again, the model differs: %v", err)
		}
	})
}
