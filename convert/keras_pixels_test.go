package convert_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/convert"
)

// The book's PixelCNN, as three versions of Keras save it, gives what
// testdata/keras_pixels.py computed in float64, and says how many weights it left out.
func TestKerasPixels(t *testing.T) {
	var c struct {
		Levels []int
		Logits []float64
		Closed int
	}
	readJSON(t, "testdata/keras_pixels.json", &c)
	files := map[string][]byte{"whole.keras": readFile(t, "testdata/pixels.keras"), "old.h5": readFile(t, "testdata/pixels.h5")}
	var like []byte
	files["weights"], like = kerasMembers(t, "testdata/pixels.keras")
	for name, b := range files {
		o := &convert.ImportOptions{}
		if name == "weights" {
			o.Like = like
		}
		in, err := convert.Import(bytes.NewReader(b), int64(len(b)), o)
		if err != nil {
			t.Fatal(err)
		}
		m := loaded[*autoreg.ImageModel](t, in)
		canvas, err := m.NewCanvas(8, 8)
		if err != nil {
			t.Fatal(err)
		}
		worst, logits := 0.0, make([]float32, 4)
		for i, level := range c.Levels {
			canvas.Logits(logits)
			for k, v := range logits {
				worst = max(worst, math.Abs(float64(v)-c.Logits[4*i+k]))
			}
			canvas.Advance(level)
		}
		if !(worst <= 3e-7) {
			t.Errorf("%s: off by %.2g", name, worst)
		}
		want := fmt.Sprintf("left out: %d weights outside the masks, of which %[1]d are not 0", c.Closed)
		if in.Kind != "images" || !slices.Contains(in.Notes, want) {
			t.Errorf("%s: kind %q, notes %q; want %q", name, in.Kind, in.Notes, want)
		}
	}
}

// What is not the book's network is refused, and named.
func TestKerasPixelsRefused(t *testing.T) {
	weights, config := kerasMembers(t, "testdata/pixels.keras")
	for _, c := range []struct{ old, new, want string }{
		{`[null, 8, 8, 1]`, `[null, 8, 8, 3]`, `layer "input_layer" (InputLayer): it has no shape [images, height, width, 1]`},
		{`"ResidualBlock", "config"`, `"GatedBlock", "config"`, `layer "residual_block" (GatedBlock): it has no place in a PixelCNN`},
		{`"name": "masked_conv2d", "trainable"`, `"name": "masked_conv2d", "mask_type": "B", "trainable"`, `its mask_type is "B"`},
		{`"activation": "softmax"`, `"activation": "sigmoid"`, `its activation is "sigmoid": the network has softmax or linear`},
		{`"strides": [1, 1]`, `"strides": [2, 2]`, `its strides is [2, 2]: the network has 1`},
		{`"Conv2D", "config"`, `"Dropout", "config"`, `layer "conv2d" (Dropout): its configuration says "filters"`},
	} {
		text := strings.ReplaceAll(string(config), c.old, c.new)
		if text == string(config) {
			t.Errorf("%s is not in the configuration", c.old)
		}
		_, err := convert.Import(bytes.NewReader(weights), int64(len(weights)), &convert.ImportOptions{Like: []byte(text)})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.new, err, c.want)
		}
	}
}

// kerasMembers returns the weights and the configuration in a .keras file.
func kerasMembers(t *testing.T, path string) (weights, config []byte) {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if weights, err = fs.ReadFile(z, "model.weights.h5"); err == nil {
		config, err = fs.ReadFile(z, "config.json")
	}
	if err != nil {
		t.Fatal(err)
	}
	return weights, config
}

// loaded returns the model that was imported, as a program that loads its file has it.
func loaded[M autoreg.Model](t *testing.T, in *convert.Imported) M {
	t.Helper()
	var file bytes.Buffer
	if _, err := in.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	m, err := autoreg.Load[M](&file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readJSON(t *testing.T, path string, to any) {
	t.Helper()
	if err := json.Unmarshal(readFile(t, path), to); err != nil {
		t.Fatal(err)
	}
}
