package model

import (
	"bytes"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

var smallPixels = PixelConfig{Height: 6, Width: 5, PixelSpec: layers.PixelCNN{
	Channels: 3, Levels: 4, Filters: 7, Blocks: 2, Kernel: 5,
}}

const pixelJSON = `{"kind":"pixelcnn","channels":3,"levels":4,"height":6,"width":5,"filters":7,"blocks":2,"kernel":5}`

// plain returns an edit of a PixelCNN.
func plain(edit func(c *layers.PixelCNN)) func(c *PixelConfig) {
	return func(c *PixelConfig) {
		s := c.PixelSpec.(layers.PixelCNN)
		edit(&s)
		c.PixelSpec = s
	}
}

// randomPixels returns a model with weights that are all different and not 0.
func randomPixels(c PixelConfig) *Pixel {
	m := NewPixel(c)
	for i, l := range m.Net.Convs() {
		w, b := l.Weights()
		testkit.Values(w, uint64(2*i+1), 1)
		testkit.Values(b, uint64(2*i+2), 1)
		l.SetWeights(w, b)
	}
	return m
}

// A model that is written, read and written again gives the same bytes, and so
// do the weights: negative zero and denormal numbers included.
func TestPixelRoundTrip(t *testing.T) {
	m := randomPixels(smallPixels)
	for _, l := range m.Net.Convs() {
		w, b := l.Weights()
		for _, s := range [][]float32{w, b} {
			copy(s, []float32{float32(math.Copysign(0, -1)), math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32})
		}
		l.SetWeights(w, b)
	}
	first := encode(t, m.File())
	for name, f := range map[string]*weights.File{"model": m.File(), "checkpoint": checkpoint(m.File())} {
		read, err := weights.Read(bytes.NewReader(encode(t, f)), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		got, err := PixelFromFile(read)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.Config != smallPixels {
			t.Errorf("%s: Config = %+v, want %+v", name, got.Config, smallPixels)
		}
		if !bytes.Equal(encode(t, got.File()), first) {
			t.Errorf("%s: written again, the bytes differ", name)
		}
	}
}

// Names and shapes are PyTorch's.
func TestPixelTensors(t *testing.T) {
	c := smallPixels
	plain(func(c *layers.PixelCNN) { c.Blocks = 1 })(&c)
	want := map[string][]int{
		"input.weight": {7, 3, 5, 5}, "input.bias": {7},
		"blocks.0.conv1.weight": {3, 7, 1, 1}, "blocks.0.conv1.bias": {3},
		"blocks.0.conv2.weight": {3, 3, 3, 3}, "blocks.0.conv2.bias": {3},
		"blocks.0.conv3.weight": {7, 3, 1, 1}, "blocks.0.conv3.bias": {7},
		"hidden.0.weight": {7, 7, 1, 1}, "hidden.0.bias": {7},
		"hidden.1.weight": {7, 7, 1, 1}, "hidden.1.bias": {7},
		"output.weight": {12, 7, 1, 1}, "output.bias": {12},
	}
	f := NewPixel(c).File()
	total := 0
	for _, x := range f.Tensors {
		if !slices.Equal(x.Shape, want[x.Name]) {
			t.Errorf("%s has shape %v, want %v", x.Name, x.Shape, want[x.Name])
		}
		total += len(x.Data)
	}
	if len(f.Tensors) != len(want) || int64(total) != c.Params() || total != NewPixel(c).Net.Params() {
		t.Errorf("%d tensors of %d values; want %d and %d", len(f.Tensors), total, len(want), c.Params())
	}
	// A prefix, and nothing is set where something is missing.
	list := Tensors("m.", randomPixels(c).Net, true)
	net := layers.NewPixelNet(c.PixelSpec)
	if err := Take((&weights.File{Tensors: list[:len(list)-1]}).Pick(), "m.", net, true); err == nil || !strings.Contains(err.Error(), "m.output.bias") {
		t.Errorf("without the last tensor: %v", err)
	}
	for _, l := range net.Convs() {
		if w, b := l.Weights(); slices.ContainsFunc(append(w, b...), func(v float32) bool { return v != 0 }) {
			t.Errorf("after an error %s is set", l.Name)
		}
	}
	if err := Take((&weights.File{Tensors: list}).Pick(), "m.", net, true); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(encode(t, (&Pixel{Config: c, Net: net}).File()), encode(t, randomPixels(c).File())) {
		t.Error("what was taken is not what was given")
	}
}

func TestPixelConfigParams(t *testing.T) {
	c := PixelConfig{Height: 16, Width: 16, PixelSpec: layers.PixelCNN{Channels: 1, Levels: 4, Filters: 128, Blocks: 5, Kernel: 7}}
	if got := c.Params(); got != 307_460 {
		t.Errorf("Params = %d, want 307460", got)
	}
	if got := c.String(); got != "16×16 pixels, grey, 4 levels" {
		t.Errorf("String = %s", got)
	}
	if got := smallPixels.String(); got != "5×6 pixels, colour, 4 levels" {
		t.Errorf("String = %s", got)
	}
	for _, edit := range []func(c *PixelConfig){
		func(c *PixelConfig) {},
		plain(func(c *layers.PixelCNN) { c.Channels = 1 }),
		plain(func(c *layers.PixelCNN) { c.Filters = 40 }),
		plain(func(c *layers.PixelCNN) { c.Blocks = 0 }),
		plain(func(c *layers.PixelCNN) { c.Kernel = 1 }),
	} {
		c := smallPixels
		edit(&c)
		if got, want := int(c.Params()), NewPixel(c).Net.Params(); got != want {
			t.Errorf("%+v: Params = %d, the layers have %d", c, got, want)
		}
	}
}

func TestNewPixelPanics(t *testing.T) {
	for _, edit := range []func(c *PixelConfig){
		plain(func(c *layers.PixelCNN) { c.Channels = 2 }),
		plain(func(c *layers.PixelCNN) { c.Kernel = 4 }),
		func(c *PixelConfig) { c.Height = 0 },
	} {
		c := smallPixels
		edit(&c)
		testkit.Panics(t, "model: NewPixel: invalid config", func() { NewPixel(c) })
	}
}

func TestPixelMetadataErrors(t *testing.T) {
	edit := func(old, new string) string {
		if !strings.Contains(pixelJSON, old) {
			t.Fatalf("%q is not in the config", old)
		}
		return strings.Replace(pixelJSON, old, new, 1)
	}
	for _, c := range []struct{ key, value, want string }{
		{KeyFormat, "pt", `"pt"`},
		{KeyFormat, "-", `no metadata "format"`},
		{KeyVersion, "2", `"2"`},
		{KeyTokenizer, "{}", `metadata "tokenizer" belongs to a model of text`},
		{KeyConfig, "-", `"config" is missing`},
		{KeyConfig, "", "not valid JSON"},
		{KeyConfig, "[]", `"["`},
		{KeyConfig, pixelJSON[:40], "not valid JSON"},
		{KeyConfig, pixelJSON + "x", "something follows"},
		{KeyConfig, pixelJSON + pixelJSON, "something follows"},
		{KeyConfig, "{}", `"kind, channels, levels, height, width, filters, blocks, kernel"`},
		{KeyConfig, string(small.appendJSON(nil)), `kind "text" (of text), want "pixelcnn" (of images)`},
		{KeyConfig, edit(`"pixelcnn"`, `"pixelrnn"`), `kind "pixelrnn", want`},
		{KeyConfig, edit(`"pixelcnn"`, `1`), `"1", want a string`},
		{KeyConfig, edit(`"kind"`, `"Kind"`), `unknown member "Kind"`},
		{KeyConfig, edit(`"kernel":5`, `"blocks":2`), "comes twice"},
		{KeyConfig, edit(`,"kernel":5`, ``), `no member "kernel"`},
		{KeyConfig, edit(`"kernel":5`, `"kernel":5,"stride":1`), `unknown member "stride"`},
		{KeyConfig, edit(`"kernel":5`, `"kernel":5.5`), "integer"},
		{KeyConfig, edit(`"kernel":5`, `"kernel":"5"`), "integer"},
		{KeyConfig, edit(`"kernel":5`, `"kernel":[5]`), "integer"},
		{KeyConfig, edit(`"kernel":5`, `"kernel":4`), "kernel is 4: want an odd number"},
		{KeyConfig, edit(`"kernel":5`, `"kernel":65`), "kernel is 65"},
		{KeyConfig, edit(`"kernel":5`, `"kernel":-1`), "kernel is -1"},
		{KeyConfig, edit(`"channels":3`, `"channels":2`), "channels is 2: want 1 (grey) or 3 (colour)"},
		{KeyConfig, edit(`"channels":3`, `"channels":0`), "channels is 0"},
		{KeyConfig, edit(`"channels":3`, `"channels":2147483647`), "channels is 2147483647"},
		{KeyConfig, edit(`"channels":3`, `"channels":-2147483648`), "channels is -2147483648"},
		{KeyConfig, edit(`"levels":4`, `"levels":1`), "levels is 1: want 2 to 256"},
		{KeyConfig, edit(`"levels":4`, `"levels":300`), "levels is 300: want 2 to 256"},
		{KeyConfig, edit(`"height":6`, `"height":0`), "height is 0"},
		{KeyConfig, edit(`"width":5`, `"width":4097`), "width is 4097"},
		{KeyConfig, edit(`"filters":7`, `"filters":5`), "filters is 5: want 6 to 8192"},
		{KeyConfig, edit(`"filters":7`, `"filters":8193`), "filters is 8193"},
		{KeyConfig, edit(`"filters":7`, `"filters":99999999999999999999`), "integer"},
		{KeyConfig, edit(`"blocks":2`, `"blocks":-1`), "blocks is -1"},
		{KeyConfig, edit(`"blocks":2`, `"blocks":1025`), "blocks is 1025"},
		{KeyConfig, edit(`"filters":7,"blocks":2`, `"filters":8192,"blocks":1024`), "8192 filters and 1024 blocks make 223490031628 parameters"},
	} {
		f := randomPixels(smallPixels).File()
		if f.Metadata[c.key] = c.value; c.value == "-" {
			delete(f.Metadata, c.key)
		}
		m, err := PixelFromFile(f)
		if err == nil || m != nil || !errors.Is(err, weights.ErrFormat) || strings.HasPrefix(err.Error(), "model: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s = %s: got %v, %v; want an error with %q", c.key, c.value, m, err, c.want)
		}
	}
}

// What other programs write is read as well.
func TestPixelConfigForms(t *testing.T) {
	if got := string(smallPixels.AppendJSON(nil)); got != pixelJSON {
		t.Errorf("written %s, want %s", got, pixelJSON)
	}
	for _, s := range []string{
		pixelJSON,
		` { "kernel" : 5, "blocks": 2, "filters":7, "width":5, "height":6,` + "\n" + `"levels":4, "channels":3, "kind": "pixel\u0063nn" } `,
	} {
		var c PixelConfig
		if err := c.parse([]byte(s)); err != nil || c != smallPixels {
			t.Errorf("%s: got %+v, %v; want %+v", s, c, err, smallPixels)
		}
	}
}

func TestPixelTensorErrors(t *testing.T) {
	for i, tensor := range randomPixels(smallPixels).File().Tensors {
		for what, edit := range map[string]func(f *weights.File){
			// Something else is there, so that the values are enough.
			"missing": func(f *weights.File) { f.Tensors[i].Name = "optimizer.m.x" },
			"renamed": func(f *weights.File) { f.Tensors[i].Name += "_reverse" },
			"reshaped": func(f *weights.File) {
				f.Tensors[i].Shape = []int{1, len(tensor.Data)}
			},
			"longer": func(f *weights.File) {
				f.Tensors[i].Shape = slices.Clone(tensor.Shape)
				f.Tensors[i].Shape[0]++
				f.Tensors[i].Data = append(slices.Clone(tensor.Data), make([]float32, len(tensor.Data)/tensor.Shape[0])...)
			},
		} {
			for _, cp := range []bool{false, true} {
				f := randomPixels(smallPixels).File()
				edit(f)
				if cp {
					checkpoint(f)
				}
				m, err := PixelFromFile(f)
				if m != nil || !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), tensor.Name) {
					t.Errorf("%s %s: got %v, %v; want an error that names it", tensor.Name, what, m, err)
				}
			}
		}
	}
	f := randomPixels(smallPixels).File()
	f.Tensors = f.Tensors[1:]
	if m, err := PixelFromFile(f); m != nil || !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), `tensor "input.weight" is missing`) {
		t.Errorf("too few values: got %v, %v", m, err)
	}
}

func TestPixelLeftOver(t *testing.T) {
	extra := func(f *weights.File, name string) *weights.File {
		f.Tensors = append(f.Tensors, weights.Tensor{Name: name, Shape: []int{1}, Data: make([]float32, 1)})
		return f
	}
	for _, c := range []struct {
		f    *weights.File
		want string
	}{
		{extra(randomPixels(smallPixels).File(), "blocks.2.conv1.weight"), "blocks.2.conv1.weight"},
		{extra(randomPixels(smallPixels).File(), "optimizer.m.x"), `no metadata "checkpoint"`},
		{extra(checkpoint(randomPixels(smallPixels).File()), "blocks.2.conv1.weight"), "blocks.2.conv1.weight"},
	} {
		if m, err := PixelFromFile(c.f); m != nil || !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, %v; want an error with %q", m, err, c.want)
		}
	}
}

// A config may promise anything: nothing is allocated before there are as many
// values as it asks for.
func TestPixelHostileSizes(t *testing.T) {
	for _, c := range []string{
		`{"kind":"pixelcnn","channels":3,"levels":256,"height":4096,"width":4096,"filters":8192,"blocks":0,"kernel":1}`,
		`{"kind":"pixelcnn","channels":1,"levels":2,"height":1,"width":1,"filters":256,"blocks":1024,"kernel":63}`,
		`{"kind":"pixelcnn","channels":3,"levels":4,"height":6,"width":5,"filters":700,"blocks":2,"kernel":63}`,
	} {
		f := randomPixels(smallPixels).File()
		f.Metadata[KeyConfig] = c
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := PixelFromFile(f)
		runtime.ReadMemStats(&after)
		if m != nil || !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), "parameters") {
			t.Errorf("%s: got %v, %v; want an error about the parameters", c, m, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<10 {
			t.Errorf("%s: %d bytes allocated", c, used)
		}
	}
}

func FuzzPixelConfig(f *testing.F) {
	f.Add([]byte(pixelJSON))
	f.Add([]byte(`{"kind":"pixelcnn","channels":`))
	f.Add([]byte(`{"channels":1e99,"levels":[[[[`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var c, again PixelConfig
		if c.parse(b) != nil {
			return
		}
		if err := again.parse(c.AppendJSON(nil)); err != nil || again != c {
			t.Errorf("%q: %+v came back as %+v, %v", b, c, again, err)
		}
	})
}

// Whatever tensors a file has, the result is a model that can be written, or an
// error that wraps ErrFormat.
func FuzzPixelFromFile(f *testing.F) {
	f.Add(encode(f, randomPixels(smallPixels).File()))
	f.Add(encode(f, checkpoint(randomPixels(smallPixels).File())))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := weights.Read(bytes.NewReader(testkit.DisableChecksum(b)), 1<<20)
		if err != nil {
			return
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := PixelFromFile(file)
		runtime.ReadMemStats(&after)
		// Packing rounds up the outputs of a layer, of each channel's part, to 64.
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20+200*uint64(len(b)) {
			t.Errorf("%d bytes allocated for a file of %d", used, len(b))
		}
		if err != nil {
			if m != nil || !errors.Is(err, weights.ErrFormat) {
				t.Errorf("got %v, %v; want an error that wraps ErrFormat", m, err)
			}
			return
		}
		again, err := PixelFromFile(m.File())
		if err != nil || !bytes.Equal(encode(t, again.File()), encode(t, m.File())) {
			t.Errorf("written and read again, the model differs: %v", err)
		}
	})
}
