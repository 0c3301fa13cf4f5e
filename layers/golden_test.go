package layers_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// A tensor of ../testdata/golden, whose make.py documents the forms.
type tensor struct {
	Shape []int
	Data  []float64
	Seed  uint32
	Scale float64
}

// float32s returns the values, which make.py has rounded.
func (x tensor) float32s() []float32 {
	n := 1
	for _, d := range x.Shape {
		n *= d
	}
	out := make([]float32, n)
	for i := range out {
		if x.Data != nil {
			out[i] = float32(x.Data[i])
			continue
		}
		u := uint32(i)*0x9E3779B1 + x.Seed
		u ^= u >> 16
		u *= 0x85EBCA6B
		u ^= u >> 13
		u *= 0xC2B2AE35
		u ^= u >> 16
		out[i] = float32((float64(u>>8) - 0x1p23) * (x.Scale * 0x1p-23))
	}
	return out
}

// The LSTM against PyTorch in float64:
//
//	lstm = torch.nn.LSTM(In, H).double()  # weights as in the file
//	h, (_, c) = lstm(x.unsqueeze(1), (h0.view(1, 1, H), c0.view(1, 1, H)))
func TestLSTMGolden(t *testing.T) {
	raw, err := os.ReadFile("../testdata/golden/lstm.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Name              string
			In, Hidden, Steps int
			Inputs            map[string]tensor
			H                 tensor
			Rows              []struct {
				T int
				H tensor
			}
			C tensor
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	// What was measured, rounded up: a few roundings of values below 1, for h is the
	// last of a step's roundings and cells forget the errors of old steps.
	tolerance := map[string]float64{
		"spec": 3e-8, "one": 3e-8, "odd": 6e-8, "odd with state": 4e-8, "saturated": 5e-8,
		"past one vector": 1.3e-7, "long": 1.7e-7,
	}
	if len(file.Cases) != len(tolerance) {
		t.Errorf("%d cases, want %d", len(file.Cases), len(tolerance))
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range file.Cases {
			tol, ok := tolerance[c.Name]
			if !ok {
				t.Errorf("%s: no tolerance", c.Name)
			}
			H := c.Hidden
			in := func(name string) []float32 { return c.Inputs[name].float32s() }
			l := layers.NewLSTM(c.In, H)
			l.SetWeights(in("weight_ih_l0"), in("weight_hh_l0"), in("bias_ih_l0"))
			state := append(in("h0"), in("c0")...)
			x, h, scratch := in("x"), make([]float32, H), kernels.Alloc(l.ScratchLen(1))
			worst := 0.0
			compare := func(what string, step int, got []float32, want []float64) {
				for j, w := range want {
					d := math.Abs(float64(got[j]) - w)
					worst = max(worst, d)
					if !(d <= tol) {
						t.Errorf("LSTM[%s](%s): %s[%d] after step %d = %v, want %v, tol %v", isa, c.Name, what, j, step, got[j], w, tol)
						return
					}
				}
			}
			rows := c.Rows
			for i := range c.Steps {
				l.Step(h, x[i*c.In:(i+1)*c.In], state, scratch)
				if c.H.Data != nil {
					compare("h", i, h, c.H.Data[i*H:(i+1)*H])
				} else if len(rows) > 0 && rows[0].T == i {
					compare("h", i, h, rows[0].H.Data)
					rows = rows[1:]
				}
			}
			compare("c", c.Steps-1, state[H:], c.C.Data)
			if len(rows) > 0 {
				t.Errorf("%s: step %d was not reached", c.Name, rows[0].T)
			}
			t.Logf("%s: largest difference %.1e", c.Name, worst)
		}
	})
}

// Published values: in 3, H 2, T 3, x[t, d] = cos(3t + d), weights 0.5·sin(1+i),
// 0.5·sin(2+i) and biases 0.1·sin(3+i) in Keras' layouts, [in, 4·H] and [H, 4·H].
func TestLSTMSpec(t *testing.T) {
	const in, H = 3, 2
	l := layers.NewLSTM(in, H)
	wih, whh, bias := l.Weights()
	for row := range 4 * H {
		for k := range in {
			wih[row*in+k] = float32(0.5 * math.Sin(float64(1+k*4*H+row)))
		}
		for k := range H {
			whh[row*H+k] = float32(0.5 * math.Sin(float64(2+k*4*H+row)))
		}
		bias[row] = float32(0.1 * math.Sin(float64(3+row)))
	}
	l.SetWeights(wih, whh, bias)
	want := [][]float64{
		{-0.195804077148, 0.084458922306},
		{-0.000362057658, 0.015277561430},
		{-0.120519053104, 0.115292011019},
		{-0.184827724162, 0.197412631037}, // the cells at last
	}
	state, scratch, h := make([]float32, 2*H), make([]float32, l.ScratchLen(1)), make([]float32, H)
	for step := range 3 {
		x := make([]float32, in)
		for d := range x {
			x[d] = float32(math.Cos(float64(3*step + d)))
		}
		l.Step(h, x, state, scratch)
		near(t, h, want[step])
	}
	near(t, state[H:], want[3])
}

func near(t *testing.T, got []float32, want []float64) {
	t.Helper()
	for j := range want {
		if d := math.Abs(float64(got[j]) - want[j]); !(d <= 1e-7) {
			t.Errorf("[%d] = %v, want %v; difference %.1e", j, got[j], want[j], d)
		}
	}
}
