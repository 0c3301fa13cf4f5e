package convert_test

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/convert"
	"github.com/autoreg/autoreg/internal/onnx"
)

// pixelModel reads the PixelCNN that PyTorch has exported.
func pixelModel(t *testing.T) *onnx.Model {
	t.Helper()
	b := readFile(t, onnxDir+"pixelcnn.onnx")
	m, err := onnx.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func importModel(t *testing.T, m *onnx.Model) (*convert.Imported, error) {
	t.Helper()
	b, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return convert.Import(bytes.NewReader(b), int64(len(b)), nil)
}

// The book's PixelCNN, as PyTorch exports it, gives what PyTorch computed in float64.
func TestONNXPixels(t *testing.T) {
	in, err := importModel(t, pixelModel(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"what goes into the graph is taken to be the level of a pixel divided by 4",
		"left out: 150 weights outside the masks, of which 0 are not 0",
	}
	if in.Kind != "images" || !slices.Equal(in.Notes, want) {
		t.Errorf("kind %q, notes %q, want %q", in.Kind, in.Notes, want)
	}
	m := loaded[*autoreg.ImageModel](t, in)
	pairs := onnxPairs(t, "pixelcnn")
	x, err := pairs["x"].Float32s()
	if err != nil {
		t.Fatal(err)
	}
	y, err := pairs["y"].Float32s()
	if err != nil {
		t.Fatal(err)
	}
	canvas, err := m.NewCanvas(pairs["x"].Shape[2], pairs["x"].Shape[3])
	if err != nil {
		t.Fatal(err)
	}
	worst, logits := 0.0, make([]float32, 4)
	for i, v := range x {
		canvas.Logits(logits)
		for k, got := range logits {
			worst = max(worst, math.Abs(float64(got)-float64(y[k*len(x)+i])))
		}
		canvas.Advance(int(4 * v))
	}
	if t.Logf("largest difference %.2g", worst); !(worst <= 7e-7) { // of logits up to 3.2
		t.Errorf("off by %.2g", worst)
	}
}

// The same network in other forms gives the same file.
func TestONNXPixelsForms(t *testing.T) {
	file := func(m *onnx.Model) ([]byte, []string) {
		in, err := importModel(t, m)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := in.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes(), in.Notes
	}
	want, _ := file(pixelModel(t))
	for name, c := range map[string]struct {
		change func(g *onnx.Graph)
		note   string
	}{
		"channels last, as tf2onnx has it": {func(g *onnx.Graph) {
			shape := g.Inputs[0].Shape
			g.Inputs[0].Shape = []onnx.Dim{shape[0], shape[2], shape[3], shape[1]}
			perm := func(p ...int64) []onnx.Attribute {
				return []onnx.Attribute{{Name: "perm", Type: onnx.IntsAttribute, Ints: p}}
			}
			nodes := []onnx.Node{{Op: "Transpose", Inputs: []string{"x"}, Outputs: []string{"first"}, Attributes: perm(0, 3, 1, 2)}}
			for _, n := range g.Nodes {
				out := n.Outputs[0]
				if n.Op != "Conv" {
					nodes = append(nodes, n)
					continue
				}
				if n.Inputs[0] == "x" {
					n.Inputs[0] = "first"
				}
				bias := n.Inputs[2]
				n.Inputs, n.Outputs = n.Inputs[:2], []string{out + "/product"}
				n.Attributes = []onnx.Attribute{{Name: "auto_pad", Type: onnx.StringAttribute, S: "SAME_UPPER"}}
				nodes = append(nodes, n,
					onnx.Node{Op: "Transpose", Inputs: []string{out + "/product"}, Outputs: []string{out + "/last"}, Attributes: perm(0, 2, 3, 1)},
					onnx.Node{Op: "Add", Inputs: []string{out + "/last", bias}, Outputs: []string{out + "/sum"}},
					onnx.Node{Op: "Transpose", Inputs: []string{out + "/sum"}, Outputs: []string{out}, Attributes: perm(0, 3, 1, 2)})
			}
			g.Nodes = append(nodes,
				onnx.Node{Op: "Transpose", Inputs: []string{"y"}, Outputs: []string{"z"}, Attributes: perm(0, 2, 3, 1)},
				onnx.Node{Name: "softmax", Op: "Softmax", Inputs: []string{"z"}, Outputs: []string{"p"}})
			g.Outputs = []onnx.Value{{Name: "p", DType: onnx.Float}}
		}, "softmax: the softmax is left to the sampler, which draws from logits"},
		"levels that are divided": {func(g *onnx.Graph) {
			g.Initializers = append(g.Initializers, onnx.NewFloats("quarter", nil, []float32{0.25}))
			g.Nodes[slices.IndexFunc(g.Nodes, func(n onnx.Node) bool { return n.Op == "Conv" })].Inputs[0] = "values"
			g.Nodes = append([]onnx.Node{
				{Op: "Cast", Inputs: []string{"x"}, Outputs: []string{"real"}, Attributes: []onnx.Attribute{{Name: "to", Type: onnx.IntAttribute, I: int64(onnx.Float)}}},
				{Op: "Mul", Inputs: []string{"real", "quarter"}, Outputs: []string{"values"}},
			}, g.Nodes...)
			g.Inputs[0].DType = onnx.Uint8
		}, "left out: 150 weights outside the masks, of which 0 are not 0"},
	} {
		m := pixelModel(t)
		c.change(m.Graph)
		got, notes := file(m)
		if !bytes.Equal(got, want) {
			t.Errorf("%s: another file", name)
		}
		if !slices.Contains(notes, c.note) {
			t.Errorf("%s: notes %q, want %q", name, notes, c.note)
		}
	}
}

// What is not that network is refused, and named.
func TestONNXPixelsRefused(t *testing.T) {
	const form = "of networks over images the plain PixelCNN is read: Conv, Relu; blocks"
	node := func(m *onnx.Model, name string) *onnx.Node {
		i := slices.IndexFunc(m.Graph.Nodes, func(n onnx.Node) bool { return n.Name == name })
		if i < 0 {
			t.Fatalf("no node %q", name)
		}
		return &m.Graph.Nodes[i]
	}
	ints := func(name string, v ...int64) []onnx.Attribute {
		return []onnx.Attribute{{Name: name, Type: onnx.IntsAttribute, Ints: v}}
	}
	scaled := func(op string, by float32) func(m *onnx.Model) {
		return func(m *onnx.Model) {
			m.Graph.Initializers = append(m.Graph.Initializers, onnx.NewFloats("by", nil, []float32{by}))
			node(m, "/net/net.0/Conv").Inputs[0] = "scaled"
			m.Graph.Nodes = append([]onnx.Node{{Name: "scale", Op: op, Inputs: []string{"x", "by"}, Outputs: []string{"scaled"}}}, m.Graph.Nodes...)
		}
	}
	for _, c := range []struct {
		change func(m *onnx.Model)
		want   string
	}{
		{func(m *onnx.Model) { node(m, "/net/net.3/Add").Inputs[0] = "/net/net.1/Relu_output_0" }, `node "/net/net.3/Add" (Add): it adds the output of "/net/net.1/Relu", want what goes into the block; ` + form},
		{func(m *onnx.Model) { node(m, "/net/net.2/Add").Inputs[0] = "x" }, `node "/net/net.2/Add" (Add): it adds something else than the outputs of two layers; ` + form},
		{func(m *onnx.Model) { node(m, "/net/net.2/Add").Inputs[0] = "/net/net.2/Relu_output_0" }, `node "/net/net.2/Add" (Add): it adds what are no images of the same rows, columns and channels; ` + form},
		{func(m *onnx.Model) { node(m, "/net/net.0/Conv").Inputs[1] = "net.0.weight" }, `node "/net/net.0/Conv" (Conv): 78 weights outside its mask are not 0: a pixel would depend on itself or on later ones`},
		{func(m *onnx.Model) { node(m, "/net/net.0/Conv").Attributes = ints("pads", 1, 2, 3, 2) }, `node "/net/net.0/Conv" (Conv): a kernel of 5×5 with pads [1 2 3 2]: want a square of an odd side`},
		{func(m *onnx.Model) {
			node(m, "/net/net.2/b/Conv").Attributes = append(ints("dilations", 2, 2), ints("pads", 2, 2, 2, 2)...)
		}, `node "/net/net.2/b/Conv" (Conv): dilations [2 2], want 1`},
		{func(m *onnx.Model) { node(m, "/net/net.2/b/Conv").Attributes = ints("strides", 2, 2) }, `node "/net/net.2/b/Conv" (Conv): stride 2, want 1; ` + form},
		{func(m *onnx.Model) { node(m, "/net/net.5/Relu").Op = "Elu" }, `node "/net/net.5/Relu" (Elu): want a Relu; ` + form},
		{func(m *onnx.Model) { m.Graph.Outputs[0].Name = "/net/net.5/Relu_output_0" }, `node "/net/net.5/Relu" (Relu): the graph ends here, want a Conv; ` + form},
		{func(m *onnx.Model) {
			m.Graph.Initializers = append(m.Graph.Initializers, onnx.NewInts("form", []int{5}, []int64{-1, 2, 2, 6, 7}))
			m.Graph.Nodes = append(m.Graph.Nodes, onnx.Node{Op: "Reshape", Inputs: []string{"y", "form"}, Outputs: []string{"z"}})
			m.Graph.Outputs[0].Name = "z"
		}, `node "/net/net.8/Conv" (Conv): the 4 outputs of a pixel are split into 2: want them as [channels, levels], the channels being those of the input, 1`},
		{scaled("Div", 255), `node "scale" (Div): by 255: want the levels divided by how many there are, 4`},
		{scaled("Sub", 1), `node "scale" (Sub): it has no place in a list of layers; ` + form},
		{func(m *onnx.Model) {
			m.Producer = "autoreg"
			m.Metadata = []onnx.Entry{{Key: "format", Value: "autoreg"}, {Key: "format_version", Value: "1"}, {Key: "config", Value: `{"kind":"pixelcnn","channels":1,"levels":4,"height":6,"width":7,"filters":6,"blocks":1,"kernel":5}`}}
		}, `but the graph is {"kind":"pixelcnn","channels":1,"levels":4,"height":6,"width":7,"filters":6,"blocks":2,"kernel":5}`},
	} {
		m := pixelModel(t)
		c.change(m)
		if _, err := importModel(t, m); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}
