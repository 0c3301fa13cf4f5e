package toonnx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/netkit"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// Sizes of the models of the tests.
const (
	symbols   = 9
	embedding = 5
	units     = 6
	batch     = 2
	steps     = 7
)

// A feed is an input as testdata/run.js takes it.
type feed struct {
	Type string `json:"type"`
	Dims []int  `json:"dims"`
	Data []any  `json:"data"`
}

// A testCase is a model, inputs, and the outputs of ours for them.
type testCase struct {
	name   string
	file   *weights.File
	feeds  map[string]feed
	steps  string // the input that has steps
	states bool   // the graph has states
	output string
	want   []float32 // [batch, steps, ...]
}

// random gives a network weights that make the outputs of all layers differ.
func random(net layers.Network, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, p := range layers.ParametersOf(net) {
		values := p.Get()
		scale := 1 / math.Sqrt(float64(len(values))/float64(max(p.Shape[0], 1)))
		for i := range values {
			values[i] = float32(scale * rng.NormFloat64())
		}
		p.Set(values)
	}
}

func vocabulary(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.New([]string{"", "[UNK]", "a", "b", "c", "don", "t", "'", "ab"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// texts returns tokens [batch][steps].
func texts() (list [][]int, f feed) {
	rng := rand.New(rand.NewPCG(3, 3))
	f = feed{Type: "int64", Dims: []int{batch, steps}}
	for range batch {
		ids := make([]int, steps)
		for i := range ids {
			ids[i] = rng.IntN(symbols)
			f.Data = append(f.Data, ids[i])
		}
		list = append(list, ids)
	}
	return list, f
}

// textCase is a model of text of these layers.
func textCase(t testing.TB, name string, tied bool, list ...layers.Spec) testCase {
	c := model.Config{Symbols: symbols, Embedding: embedding, Layers: list, Length: 4, Tied: tied}
	if tied {
		c.Embedding = units
	}
	m := model.New(c, vocabulary(t))
	m.Metadata = map[string]string{"author": "me"}
	random(m.Stack, 5)
	ids, f := texts()
	tc := testCase{name: "text " + name, file: m.File(), feeds: map[string]feed{"tokens": f}, steps: "tokens", states: true, output: "logits"}
	logits := make([]float32, symbols)
	for _, text := range ids {
		state := m.Stack.NewState()
		for _, id := range text {
			state.Advance(id)
			state.Logits(logits)
			tc.want = append(tc.want, logits...)
		}
	}
	return tc
}

// classCase is a classifier of these layers.
func classCase(t testing.TB, name string, list ...layers.Spec) testCase {
	c := model.ClassifierConfig{Symbols: symbols, Embedding: embedding, Layers: list, Classes: []string{"x", "y", "z"}, Length: 20}
	m := model.NewClassifier(c, vocabulary(t))
	random(m.Stack, 6)
	ids, f := texts()
	e := m.Stack.NewEncoder(layers.BatchSize{Rows: batch * steps, Sequences: batch, Steps: steps}, 1)
	out := kernels.RowMajor(make([]float32, batch*3), batch, 3)
	e.Logits(out, ids)
	return testCase{name: "classifier " + name, file: m.File(), feeds: map[string]feed{"tokens": f}, output: "logits", want: out.Data}
}

// vectorCase is a model of vectors of these layers.
func vectorCase(name string, first bool, list ...layers.Spec) testCase {
	m := model.NewVectors(model.VectorConfig{Inputs: 3, Layers: list, FirstState: first})
	random(m.Stack, 7)
	rng := rand.New(rand.NewPCG(4, 4))
	f := feed{Type: "float32", Dims: []int{batch, steps, 3}}
	var x [][]float32
	for range batch * steps {
		row := make([]float32, 3)
		for i := range row {
			row[i] = float32(rng.NormFloat64())
			f.Data = append(f.Data, row[i])
		}
		x = append(x, row)
	}
	_, err := m.Stack.Steppers()
	tc := testCase{name: "vectors " + name, file: m.File(), feeds: map[string]feed{"inputs": f}, steps: "inputs", states: err == nil, output: "outputs"}
	s := m.Stack.NewSequence(steps)
	out := kernels.RowMajor(make([]float32, steps*m.Stack.OutLen()), steps, m.Stack.OutLen())
	for b := range batch {
		s.Run(out, kernels.RowMajor(slices.Concat(x[b*steps:][:steps]...), steps, 3))
		tc.want = append(tc.want, out.Data...)
	}
	return tc
}

// imageCase is a model of images.
func imageCase(name string, height, width int, spec layers.PixelSpec) testCase {
	m := model.NewPixel(model.PixelConfig{Height: height, Width: width, PixelSpec: spec})
	random(m.Net, 8)
	m.Net.Refresh()
	channels, count := spec.Shape()
	tc := testCase{name: name, file: m.File(), output: "logits"}
	groups := channels
	if s, ok := spec.(layers.PixelCNNMixture); ok {
		tc.output, groups = "parameters", s.Components
	}
	rng := rand.New(rand.NewPCG(9, 9))
	f := m.Net.NewForward(height, width)
	area := height * width
	in := feed{Type: "uint8", Dims: []int{batch, channels, height, width}}
	condition := feed{Type: "float32", Dims: []int{batch, spec.ConditionLen()}}
	for k := range batch {
		levels := make([]uint8, area*channels)
		for i := range levels {
			levels[i] = uint8(rng.IntN(count))
		}
		for c := range channels {
			for i := range area {
				in.Data = append(in.Data, levels[i*channels+c])
			}
		}
		if n := spec.ConditionLen(); n > 0 {
			row := make([]float32, n)
			row[(k+1)%n] = 1
			f.SetCondition(row)
			for _, v := range row {
				condition.Data = append(condition.Data, v)
			}
		}
		out := f.Outputs(levels)
		per := count
		if tc.output == "parameters" {
			per = out.Cols / groups
		}
		for g := range groups {
			for v := range per {
				for i := range area {
					tc.want = append(tc.want, out.Data[i*out.Row+g*out.Cols/groups+v])
				}
			}
		}
	}
	tc.feeds = map[string]feed{"levels": in}
	if spec.ConditionLen() > 0 {
		tc.feeds["condition"] = condition
	}
	return tc
}

// cases are models of every kind, and of every layer with every choice that it has.
func cases(t testing.TB) (list []testCase) {
	for i, s := range netkit.Specs(units) {
		name := fmt.Sprintf("%d, %s", i, layers.FormatSpecs([]layers.Spec{s}))
		if layers.Sequential(s) {
			list = append(list, textCase(t, name, false, s))
		} else {
			list = append(list, classCase(t, name, s), vectorCase(name, false, s))
		}
	}
	for _, kind := range layers.Kinds() {
		if s := netkit.Specs(units)[slices.IndexFunc(netkit.Specs(units), func(s layers.Spec) bool { return s.Kind() == kind })]; layers.Sequential(s) {
			list = append(list, classCase(t, kind, s), vectorCase(kind, false, s))
		}
	}
	lstm, gru, rnn := &layers.LSTMSpec{Units: units}, &layers.GRUSpec{Units: 4, Reset: "before"}, &layers.RNNSpec{Units: 3}
	both := &layers.BidirectionalSpec{Layer: gru, Merge: "average"}
	stack := []layers.Spec{lstm, &layers.DenseSpec{Units: 4, Activation: "relu"}, gru, lstm, rnn}
	list = append(list,
		textCase(t, "tied", true, gru, lstm),
		textCase(t, "stack", false, stack...),
		vectorCase("stack", false, stack...),
		vectorCase("first state", true, append(stack, &layers.DenseSpec{Units: 1})...),
		vectorCase("both directions", false, lstm, both, &layers.BidirectionalSpec{Layer: lstm}, rnn),
		classCase(t, "both directions", lstm, both, &layers.BidirectionalSpec{Layer: lstm}, lstm),
	)
	for _, channels := range []int{1, 3} {
		for _, levels := range []int{2, 4, 17} {
			spec := layers.PixelCNN{Channels: channels, Levels: levels, Filters: 11, Blocks: 2, Kernel: 5}
			list = append(list, imageCase(fmt.Sprintf("PixelCNN of %d channels, %d levels", channels, levels), 5, 6, spec))
		}
		for resolutions := 1; resolutions <= 3; resolutions++ {
			for i, activation := range []layers.PixelActivation{layers.ConcatELU, layers.ELU, layers.ReLU} {
				k := resolutions + i + channels // variants of every kind
				spec := layers.PixelCNNMixture{
					Channels: channels, Components: 3, Filters: 5, Blocks: 1 + k%2, Resolutions: resolutions,
					Rows: 3 + i, Cols: 3 + 2*(k%2), Activation: activation, Direct: k/2%2 == 1, Condition: (k + i) / 2 % 2 * 3,
				}
				list = append(list, imageCase(fmt.Sprintf("mixture %+v", spec), 8, 4, spec))
			}
		}
	}
	if testing.Short() { // emulators
		few := list[:0]
		for i := 0; i < len(list); i += 4 {
			few = append(few, list[i])
		}
		list = few
	}
	return list
}
