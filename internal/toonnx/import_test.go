package toonnx

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/convert"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
)

// TestImport takes models of text, of vectors and the PixelCNN back: with the same vocabulary,
// layers and weights. A mixture is refused, and it is said what would be read.
func TestImport(t *testing.T) {
	for _, c := range cases(t) {
		kind := model.KindOf(c.file.Metadata)
		if kind == model.KindClassifier {
			continue
		}
		b, _ := c.encode(t)
		m, err := convert.Import(bytes.NewReader(b), int64(len(b)), nil)
		if strings.HasPrefix(c.name, "mixture") {
			if err == nil || !strings.Contains(err.Error(), "; of networks over images the plain PixelCNN is read: ") {
				t.Errorf("%s: error %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var out bytes.Buffer
		if _, err := m.WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		got, err := weights.Read(&out, 1<<20)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if g, w := got.Metadata[model.KeyTokenizer], c.file.Metadata[model.KeyTokenizer]; g != w {
			t.Errorf("%s: the tokenizer is %s, want %s", c.name, g, w)
		}
		if g, w := layersOf(t, got), layersOf(t, c.file); g != w {
			t.Errorf("%s: layers %s, want %s", c.name, g, w)
		}
		want := c.file.Tensors
		if len(got.Tensors) != len(want) {
			t.Errorf("%s: %d tensors, want %d", c.name, len(got.Tensors), len(want))
		}
		for _, w := range want {
			if g := got.Lookup(w.Name); g == nil || !slices.Equal(g.Shape, w.Shape) || !slices.Equal(g.Data, w.Data) {
				t.Errorf("%s: tensor %s is not what it was", c.name, w.Name)
			}
		}
	}
}

// layersOf returns what a model's description says of its layers.
func layersOf(t *testing.T, f *weights.File) string {
	var c map[string]any
	if err := json.Unmarshal([]byte(f.Metadata[model.KeyConfig]), &c); err != nil {
		t.Fatal(err)
	}
	delete(c, "length") // of the pieces that it was trained on
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
