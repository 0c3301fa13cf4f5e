package model

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

var smallMixture = PixelConfig{Height: 8, Width: 4, PixelSpec: layers.PixelCNNMixture{
	Channels: 3, Components: 2, Filters: 5, Blocks: 1, Resolutions: 2, Rows: 3, Cols: 3,
}}

const mixtureJSON = `{"kind":"pixelcnn","network":"mixture","channels":3,"height":8,"width":4,"components":2,"filters":5,"blocks":1,"resolutions":2,"rows":3,"cols":3}`

// edited returns smallMixture with another description.
func edited(edit func(s *layers.PixelCNNMixture)) PixelConfig {
	c := smallMixture
	s := c.PixelSpec.(layers.PixelCNNMixture)
	edit(&s)
	c.PixelSpec = s
	return c
}

// A model that is written, read and written again gives the same bytes and computes the
// same.
func TestMixtureRoundTrip(t *testing.T) {
	for want, c := range map[string]PixelConfig{
		mixtureJSON: smallMixture,
		strings.Replace(mixtureJSON, "}", `,"activation":"elu"}`, 1):                edited(func(s *layers.PixelCNNMixture) { s.Activation = layers.ELU }),
		strings.Replace(mixtureJSON, "}", `,"condition":10}`, 1):                    edited(func(s *layers.PixelCNNMixture) { s.Condition = 10 }),
		strings.Replace(mixtureJSON, "}", `,"activation":"relu","direct":true}`, 1): edited(func(s *layers.PixelCNNMixture) { s.Activation, s.Direct = layers.ReLU, true }),
	} {
		m := NewPixel(c)
		for i, v := range layers.ValuesOf(m.Net) {
			testkit.Values(v, uint64(i+1), 1)
		}
		m.Net.Refresh()
		f := m.File()
		if got := f.Metadata[KeyConfig]; got != want {
			t.Errorf("config %s, want %s", got, want)
		}
		first := encode(t, f)
		read, err := weights.Read(bytes.NewReader(first), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		got, err := PixelFromFile(read)
		if err != nil {
			t.Fatal(err)
		}
		if got.Config != c || !bytes.Equal(encode(t, got.File()), first) {
			t.Errorf("%s: written again, the file differs", want)
		}
		levels := make([]uint8, 8*4*3)
		for i := range levels {
			levels[i] = uint8(31 * i)
		}
		a, b := m.Net.NewForward(8, 4).Outputs(levels), got.Net.NewForward(8, 4).Outputs(levels)
		if d := testkit.Diff(a.Data, b.Data); d != "" {
			t.Errorf("%s: read again, it computes something else: %s", want, d)
		}
		if n := int(c.Params()); n != got.Net.Params() {
			t.Errorf("%s: %d parameters, the layers have %d", want, n, got.Net.Params())
		}
	}
}

func TestMixtureConfigErrors(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`"mixture"`, `"mixed"`, `network "mixed": want "mixture", or none`},
		{`"mixture"`, `1`, `member "network": found "1", want a string`},
		{`"mixture"`, `null`, `member "network": found "<nil>", want a string`},
		{`"cols":3}`, `"cols":3}x`, "something follows the object"},
		{`"channels":3`, `"channels":2`, "channels is 2: want 1 (grey) or 3 (colour)"},
		{`"height":8`, `"height":7`, "images of 4×7 pixels: with 2 resolutions width and height are multiples of 2"},
		{`"width":4`, `"width":0`, "width is 0"},
		{`"components":2`, `"components":0`, "components is 0: want 1 to 256"},
		{`"components":2`, `"components":257`, "components is 257"},
		{`"filters":5`, `"filters":0`, "filters is 0"},
		{`"filters":5`, `"filters":8192`, "parameters: want at most"},
		{`"blocks":1`, `"blocks":0`, "blocks is 0"},
		{`"blocks":1`, `"blocks":1000`, "1000 blocks at each of 2 resolutions"},
		{`"resolutions":2`, `"resolutions":9`, "resolutions is 9: want 1 to 8"},
		{`"rows":3`, `"rows":2`, "rows is 2: want 3 to 63"},
		{`"cols":3`, `"cols":1`, "cols is 1: want 3 to 63"},
		{`"cols":3`, `"cols":4`, "cols is 4: want an odd number"},
		{`,"cols":3`, ``, `no member "cols"`},
		{`"cols":3`, `"cols":3,"levels":256`, `unknown member "levels"`},
		{`"cols":3`, `"cols":3,"activation":"gelu"`, `activation "gelu": want concat_elu, elu or relu`},
		{`"cols":3`, `"cols":3,"direct":1`, "direct"},
		{`"cols":3`, `"cols":3,"condition":-1`, "condition is -1: want 0 to 4096"},
		{`"cols":3`, `"cols":3,"condition":4097`, "condition is 4097"},
		{`"cols":3`, `"cols":3,"condition":"dog"`, `member "condition": found "dog"`},
		{`"cols":3`, `"cols":3,"condition":10`, "condition"}, // there are no tensors for it
	} {
		if !strings.Contains(mixtureJSON, c.old) {
			t.Fatalf("%q is not in the config", c.old)
		}
		f := NewPixel(smallMixture).File()
		f.Metadata[KeyConfig] = strings.Replace(mixtureJSON, c.old, c.new, 1)
		m, err := PixelFromFile(f)
		if m != nil || !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, %v; want an error with %q", c.new, m, err, c.want)
		}
	}
}

// Every tensor must be there, with its shape and finite values.
func TestMixtureTensorErrors(t *testing.T) {
	for i, tensor := range NewPixel(smallMixture).File().Tensors {
		for what, edit := range map[string]func(x *weights.Tensor){
			"missing":   func(x *weights.Tensor) { x.Name = "optimizer.m.x" },
			"reshaped":  func(x *weights.Tensor) { x.Shape = []int{1, len(x.Data)} },
			"infinite":  func(x *weights.Tensor) { x.Data[len(x.Data)-1] = float32(math.Inf(1)) },
			"undefined": func(x *weights.Tensor) { x.Data[0] = float32(math.NaN()) },
		} {
			f := NewPixel(smallMixture).File()
			f.Tensors[i].Data = slices.Clone(f.Tensors[i].Data)
			edit(&f.Tensors[i])
			m, err := PixelFromFile(f)
			closed := (what == "infinite" || what == "undefined") && strings.HasSuffix(tensor.Name, "weight_v")
			if closed && err == nil {
				continue // a value of a closed tap has no effect
			}
			if m != nil || !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), tensor.Name) {
				t.Errorf("%s %s: got %v, %v; want an error that names it", tensor.Name, what, m, err)
			}
		}
	}
}
