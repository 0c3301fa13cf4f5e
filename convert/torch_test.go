package convert_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/convert"
)

// mapped names the modules of testdata/map.pt.
const mapped = "a=rnn:relu,b=dense:relu,c.cell,c.out=dense:sigmoid,unused=none"

func steps(t testing.TB, text string) []convert.Step {
	t.Helper()
	list, err := convert.ParseSteps(text)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Networks in the files of testdata/torch.py give what PyTorch computed in float64.
func TestTorch(t *testing.T) {
	const tolerance = 1.1e-7 // of what was measured, rounded up
	b, err := os.ReadFile("testdata/torch.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]struct {
		X json.RawMessage
		Y [][]float64
	}
	if err := json.Unmarshal(b, &cases); err != nil || len(cases) != 6 {
		t.Fatal(len(cases), err)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			path, o := filepath.Join("testdata", name), &convert.ImportOptions{}
			var got [][]float32
			if strings.HasSuffix(name, ".safetensors") {
				o.Vocabulary = []string{"a", "b", "c", "d", "e"}
				_, m := importFile[*autoreg.TextModel](t, path, o)
				got = logits(t, m, c.X)
			} else {
				if name == "map.pt" {
					o.Steps = steps(t, mapped)
				}
				var x [][]float64
				if err := json.Unmarshal(c.X, &x); err != nil {
					t.Fatal(err)
				}
				in, m := importFile[*autoreg.VectorModel](t, path, o)
				if notes := strings.Join(in.Notes, "; "); name == "map.pt" && notes != `left out as asked: unused; the tensors are those under "state_dict"; left out: epoch, which are no tensors of the network` {
					t.Errorf("notes %q", notes)
				}
				got = outputs(m, x)
			}
			worst, _ := furthest(t, got, c.Y)
			if t.Logf("largest difference %.2g", worst); !(worst <= tolerance) {
				t.Errorf("off by %.2g", worst)
			}
		})
	}
}

// logits returns the logits after each of the tokens.
func logits(t *testing.T, m *autoreg.TextModel, text json.RawMessage) (y [][]float32) {
	t.Helper()
	var ids []int
	if err := json.Unmarshal(text, &ids); err != nil {
		t.Fatal(err)
	}
	s := m.NewStream()
	for _, id := range ids {
		s.Advance(id)
		row := make([]float32, m.Symbols())
		s.Logits(row)
		y = append(y, row)
	}
	return y
}

// What the modules of a file leave open, or what is said of them and does not fit, is an
// error that names it.
func TestTorchRefused(t *testing.T) {
	for _, c := range []struct{ file, steps, want string }{
		{"map.pt", "", `module "a": layer 0: it has 2 inputs, but what comes before it 4 outputs: name the modules in their order`},
		{"map.pt", "a=rnn:relu,b,c.cell,c.out=dense:sigmoid,unused=none", `module "b": a linear layer that is not the last: the file does not say what follows it: name the modules, as in b=dense:relu`},
		{"map.pt", "a=rnn:relu,b=dense:relu,c.cell,c.out=dense:sigmoid", `module "unused" is not among those that are named: give it a place, or leave it out by unused=none`},
		{"map.pt", "a=rnn:relu,b=dense:relu,sell", `there is no module "sell": the file has b, a, unused, c.cell, c.out`},
		{"map.pt", "b=dense:relu,a=rnn:relu,c.cell,c.out=dense:sigmoid,unused=none", `module "a": layer 0: it has 2 inputs, but what comes before it 3 outputs: name the modules in their order`},
		{"map.pt", "a=rnn:relu,c.out", `module "c.out": it has 2 inputs, but what comes before it 4 outputs: name the modules in their order`},
		{"map.pt", "a=lstm", `module "a": layer 0: it is named lstm, but has the weights of rnn`},
		{"map.pt", "a=rnn:gelu", `module "a": layer 0: the activation "gelu" is named for it: torch.nn.RNN has tanh or relu`},
		{"map.pt", "c.cell=lstm:relu", `module "c.cell": layer 0: the activation "relu" is named for it: an LSTM or GRU of PyTorch has no choice of one`},
		{"map.pt", "a=rnn:relu,b=dense:gelu", `module "b": the activation "gelu" has no counterpart here: want linear, tanh, sigmoid, relu, elu, softmax`},
		{"map.pt", "a=rnn:relu,b=gru", `module "b": its tensors are not those of gru`},
		{"map.pt", "a=none,a=rnn:relu", `module "a" is named twice`},
		{"map.pt", "c.out=embedding", `module "c.out": an embedding with a bias`},
		{"stack.pt", "encoder,rnn", `module "head" is not among those that are named`},
		{"F32.safetensors", "", `the network reads 5 tokens, whose texts are not in the file: give the vocabulary`},
	} {
		b, err := os.ReadFile(filepath.Join("testdata", c.file))
		if err != nil {
			t.Fatal(err)
		}
		o := &convert.ImportOptions{}
		if c.steps != "" {
			o.Steps = steps(t, c.steps)
		}
		if _, err := convert.Import(bytes.NewReader(b), int64(len(b)), o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s by %q: error %v, want %s", c.file, c.steps, err, c.want)
		}
	}
	for text, want := range map[string]string{
		"a,,b":      `"a,,b" has an empty name between its commas`,
		"a=convnet": `"convnet" is no kind of module: want embedding, lstm, gru, rnn, dense, none`,
	} {
		if _, err := convert.ParseSteps(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}

// Tensors that do not make a layer are refused by name.
func TestShapesRefused(t *testing.T) {
	for _, c := range []struct {
		tensors []stateTensor
		want    string
	}{
		{[]stateTensor{{"rnn.weight_ih_l0", []int{4, 2}}}, `module "rnn": layer 0: its weights do not have the shapes [gates·units, inputs] and [gates·units, units]`},
		{[]stateTensor{{"rnn.weight_hh_l0", []int{4, 1}}, {"rnn.weight_ih_l0", []int{4, 2}}, {"rnn.bias_ih_l0", []int{4}}}, `bias_hh is missing`},
		{[]stateTensor{{"rnn.weight_hh_l0", []int{4, 2}}, {"rnn.weight_ih_l0", []int{4, 2}}}, `4 rows for 2 units: an LSTM has 4, a GRU 3, an RNN 1 for each`},
		{[]stateTensor{{"rnn.weight_hh_l0", []int{4, 1}}, {"rnn.weight_ih_l0", []int{4, 2}}, {"rnn.weight_hr_l0", []int{1, 1}}}, `its tensor "rnn.weight_hr_l0" has no place in a recurrent layer (a projection is not supported)`},
		{[]stateTensor{{"rnn.weight_hh_l0", []int{4, 1}}, {"rnn.weight_ih_l0", []int{4, 2}}, {"rnn.weight_ih_l0_reverse", []int{4, 2}}}, `weight_hh_reverse is missing`},
		{[]stateTensor{{"rnn.weight_hh_l2", []int{4, 1}}, {"rnn.weight_ih_l0", []int{4, 2}}, {"rnn.weight_hh_l0", []int{4, 1}}}, `layer 1: its weights do not have the shapes`},
		{[]stateTensor{{"rnn.weight_hh_l999", []int{4, 1}}, {"rnn.weight_ih_l0", []int{4, 2}}}, `its tensor "rnn.weight_hh_l999" is of layer 999`},
		{[]stateTensor{{"a.bias", []int{4}}}, `module "a": it has no tensor weight of two dimensions`},
		{[]stateTensor{{"a.bias", []int{3}}, {"a.weight", []int{4, 2}}}, `its bias has the shape [3], 4 outputs want [4]`},
		{[]stateTensor{{"norm.weight", []int{4}}, {"norm.running_mean", []int{4}}}, `module "norm": its tensor "norm.running_mean" of shape [4] has no place in an embedding, a recurrent or a linear layer`},
		{append(gruOf("b", 4, 4), gruOf("a", 4, 4)...), `the modules could follow each other as b,a or as a,b, and the file does not say which: name them in their order, input to output`},
		{[]stateTensor{{"c.weight", []int{1, 2, 3}}}, `its tensor "c.weight" of shape [1 2 3] is that of a convolution`},
		{[]stateTensor{{"a.weight", []int{1 << 17, 1}}, {"a.bias", []int{1 << 17}}}, `want 1 to 65536`},
	} {
		b := stateDict(t, c.tensors...)
		if _, err := convert.Import(bytes.NewReader(b), int64(len(b)), nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want %s", c.tensors, err, c.want)
		}
	}
}

// The order of the modules follows from their widths, where there is only one.
func TestOrder(t *testing.T) {
	for want, tensors := range map[string][]stateTensor{
		"gru 3 4 6":     slices.Concat(gruOf("a", 4, 6), gruOf("b", 3, 4)),
		"gru 2 5 4 4 3": slices.Concat(gruOf("c", 5, 4), gruOf("z", 2, 5), []stateTensor{{"fc.weight", []int{3, 4}}, {"fc.bias", []int{3}}}, []stateTensor{{"k.weight_ih_l0", []int{12, 4}}, {"k.weight_hh_l0", []int{12, 4}}}),
	} {
		b := stateDict(t, tensors...)
		in, err := convert.Import(bytes.NewReader(b), int64(len(b)), nil)
		if err != nil {
			t.Errorf("%s: %v", want, err)
			continue
		}
		got := "gru"
		for i, l := range in.Layers {
			if i == 0 {
				got += fmt.Sprint(" ", l.In)
			}
			got += fmt.Sprint(" ", l.Out)
		}
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// gruOf returns the tensors of a torch.nn.GRU.
func gruOf(name string, in, units int) []stateTensor {
	return []stateTensor{{name + ".weight_ih_l0", []int{3 * units, in}}, {name + ".weight_hh_l0", []int{3 * units, units}}}
}

// A stateTensor is a tensor of a state dict.
type stateTensor struct {
	name  string
	shape []int
}

// stateDict returns a safetensors file of zeros.
func stateDict(t testing.TB, tensors ...stateTensor) []byte {
	t.Helper()
	header, size := map[string]any{}, 0
	for _, x := range tensors {
		n := 4
		for _, d := range x.shape {
			n *= d
		}
		header[x.name] = map[string]any{"dtype": "F32", "shape": x.shape, "data_offsets": []int{size, size + n}}
		size += n
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	return append(append(b, text...), make([]byte, size)...)
}
