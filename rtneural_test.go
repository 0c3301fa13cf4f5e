package autoreg

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// An rtModel is a network of RTNeural's JSON on its way into a model: layers, and tensors
// under the names that the model has for them.
type rtModel struct {
	specs   []layers.Spec
	tensors map[string][]float32
}

func (r *rtModel) add(s layers.Spec, tensors map[string][]float32) {
	for name, data := range tensors {
		r.tensors[fmt.Sprintf("%s.%s_l%d", s.Kind(), name, len(r.specs))] = data
	}
	r.specs = append(r.specs, s)
}

// model returns the model, whose tensors must be all that there are.
func (r *rtModel) model(t *testing.T) *VectorModel {
	t.Helper()
	m := model.NewVectors(model.VectorConfig{Inputs: 1, Layers: r.specs})
	for _, p := range layers.ParametersOf(m.Stack) {
		data, ok := r.tensors[p.Name]
		delete(r.tensors, p.Name)
		switch {
		case !ok && !p.StoredOnly:
			t.Fatalf("no tensor %s", p.Name)
		case ok:
			p.Set(data)
		}
	}
	if len(r.tensors) > 0 {
		t.Fatalf("tensors that are left: %v", r.tensors)
	}
	return newVectorModel(m)
}

// numbers appends the values of nested lists.
func numbers(list []float32, v any) []float32 {
	if x, ok := v.(float64); ok {
		return append(list, float32(x))
	}
	for _, x := range v.([]any) {
		list = numbers(list, x)
	}
	return list
}

// columns returns a matrix [in, blocks·units] of Keras as PyTorch has it, [blocks·units,
// in], with the blocks in an order.
func columns(m []float32, units int, order ...int) (out []float32) {
	cols := units * len(order)
	for _, block := range order {
		for j := range units {
			for i := range len(m) / cols {
				out = append(out, m[i*cols+block*units+j])
			}
		}
	}
	return out
}

// addKeras adds a layer as RTNeural exports it from Keras.
func (r *rtModel) addKeras(kind, activation string, units int, weights []any) {
	w := make([][]float32, len(weights))
	for i, v := range weights {
		w[i] = numbers(nil, v)
	}
	switch kind {
	case "dense", "time-distributed-dense":
		r.add(&layers.DenseSpec{Units: units, Activation: activation}, map[string][]float32{"weight": columns(w[0], units, 0), "bias": w[1]})
	case "lstm": // i, f, c, o in both
		r.add(&layers.LSTMSpec{Units: units, Activation: activation}, map[string][]float32{
			"weight_ih": columns(w[0], units, 0, 1, 2, 3), "weight_hh": columns(w[1], units, 0, 1, 2, 3), "bias_ih": w[2],
		})
	case "gru": // z, r, h in Keras, with two rows of biases
		r.add(&layers.GRUSpec{Units: units, Activation: activation}, map[string][]float32{
			"weight_ih": columns(w[0], units, 1, 0, 2), "weight_hh": columns(w[1], units, 1, 0, 2),
			"bias_ih": columns(w[2][:3*units], units, 1, 0, 2), "bias_hh": columns(w[2][3*units:], units, 1, 0, 2),
		})
	default:
		panic("unknown layer " + kind)
	}
}

// readRTNeural reads a model in either of RTNeural's forms.
func readRTNeural(t *testing.T, path string) *VectorModel {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := &rtModel{tensors: map[string][]float32{}}
	var keras struct {
		Layers []struct {
			Type, Activation string
			Shape            []any
			Weights          []any
		}
	}
	if err := json.Unmarshal(raw, &keras); err != nil {
		t.Fatal(err)
	}
	for _, l := range keras.Layers {
		r.addKeras(l.Type, l.Activation, int(l.Shape[len(l.Shape)-1].(float64)), l.Weights)
	}
	if keras.Layers != nil {
		return r.model(t)
	}
	// A state dict: the layers of RTNeural's tests/functional/torch_*_test.cpp.
	var state map[string]any
	if err := json.Unmarshal(raw, &state); err != nil {
		t.Fatal(err)
	}
	kind := "lstm"
	if _, ok := state["gru.weight_ih_l0"]; ok {
		kind = "gru"
	}
	take := func(prefix, suffix string, names ...string) map[string][]float32 {
		found := map[string][]float32{}
		for _, name := range names {
			found[name] = numbers(nil, state[prefix+"."+name+suffix])
			delete(state, prefix+"."+name+suffix)
		}
		return found
	}
	for _, at := range [][2]string{{kind, "_l0"}, {kind + "2", "_l0"}, {kind + "2", "_l1"}, {kind + "2", "_l2"}} {
		s := layers.NewSpec(kind)
		*s.Members()[0].Int = 8
		r.add(s, take(at[0], at[1], "weight_ih", "weight_hh", "bias_ih", "bias_hh"))
	}
	r.add(&layers.DenseSpec{Units: 1}, take("dense", "", "weight", "bias"))
	if len(state) > 0 {
		t.Fatalf("tensors that are left: %v", state)
	}
	return r.model(t)
}

// readColumn reads a file of one number a line.
func readColumn(t *testing.T, path string) (list []float64) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range strings.Fields(string(raw)) {
		v, err := strconv.ParseFloat(field, 64)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

// RTNeural's recurrent models have the outputs that its tests want of them, step by step,
// within the thresholds that they have: tests/functional/test_configs.hpp and
// torch_gru_test.cpp, torch_lstm_test.cpp.
func TestRTNeural(t *testing.T) {
	dir := testkit.DataFile(t, "models/rtneural")
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range []struct {
			name      string
			threshold float64
		}{
			{"lstm", 1e-6}, {"lstm_1d", 1e-6}, {"lstm_torch", 1e-6}, {"gru", 5e-6}, {"gru_1d", 1e-6}, {"gru_torch", 1e-6},
		} {
			m := readRTNeural(t, dir+"/"+c.name+".json")
			s := vectorStream(t, m)
			x, y := readColumn(t, dir+"/"+c.name+"_x_python.csv"), readColumn(t, dir+"/"+c.name+"_y_python.csv")
			if len(x) != len(y) || len(x) < 100 {
				t.Fatalf("%s: %d inputs, %d outputs", c.name, len(x), len(y))
			}
			most, out := 0.0, make([]float32, 1)
			for i, v := range x {
				s.Step(out, []float32{float32(v)})
				d := math.Abs(float64(out[0]) - y[i])
				if most = max(most, d); !(d <= c.threshold) {
					t.Errorf("%s: step %d: %v, want %v", c.name, i, out[0], y[i])
				}
			}
			t.Logf("%-10s %4d steps, largest difference %.1e, RTNeural's threshold %.0e", c.name, len(x), most, c.threshold)
		}
	})
}
