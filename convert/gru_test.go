package convert

import (
	"bytes"
	"math"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/onnx"
)

// A GRU of ONNX with both biases gives what the operator's equations give in float64, with
// the reset before the product and behind it, in one direction and in two.
func TestONNXGRUBiases(t *testing.T) {
	const in, u, steps = 2, 3, 5
	fill := func(n, k int) []float32 {
		data := make([]float32, n)
		for i := range data {
			data[i] = float32(math.Sin(float64(1 + i*k + k)))
		}
		return data
	}
	x := fill(in*steps, 3)
	for _, after := range []bool{false, true} {
		for _, direction := range []string{"forward", "bidirectional"} {
			var weights []onnx.Weight
			var want [][]float64
			suffixes := map[string][]string{"forward": {"_l0"}, "bidirectional": {"_l0", "_l0_reverse"}}[direction]
			for d, suffix := range suffixes {
				w, r, wb, rb := fill(3*u*in, 5+d), fill(3*u*u, 7+d), fill(3*u, 11+d), fill(3*u, 13+d)
				weights = append(weights, onnx.Weight{Name: "weight_ih" + suffix, Data: w}, onnx.Weight{Name: "weight_hh" + suffix, Data: r},
					onnx.Weight{Name: "bias_ih" + suffix, Data: wb}, onnx.Weight{Name: "bias_hh" + suffix, Data: rb})
				want = append(want, gru64(w, r, wb, rb, x, in, u, after, d == 1))
			}
			n := &network{format: "ONNX"}
			if err := n.addSteps([]onnx.Step{{Op: "GRU", Name: "g", In: in, Out: len(suffixes) * u, Direction: direction, ResetAfter: after, Weights: weights}}); err != nil {
				t.Fatal(err)
			}
			m, err := n.model(&ImportOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var file bytes.Buffer
			if _, err := m.WriteTo(&file); err != nil {
				t.Fatal(err)
			}
			v, err := autoreg.Load[*autoreg.VectorModel](&file, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]float32, steps*v.Outputs())
			v.Run(got, x)
			for i, y := range got {
				at, k := i/v.Outputs(), i%v.Outputs()
				if d := math.Abs(float64(y) - want[k/u][at*u+k%u]); !(d <= 3e-7) {
					t.Errorf("%s, reset after %v: output %d of step %d is off by %.2g", direction, after, k, at, d)
				}
			}
		}
	}
}

// gru64 returns the outputs of a GRU, gates in the order r, z, n, in float64, from the end
// on if reverse.
func gru64(w, r, wb, rb, x []float32, in, u int, after, reverse bool) []float64 {
	steps := len(x) / in
	out, h := make([]float64, steps*u), make([]float64, u)
	dot := func(a []float32, b func(i int) float64) (sum float64) {
		for i, v := range a {
			sum += float64(v) * b(i)
		}
		return sum
	}
	sigmoid := func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }
	for s := range steps {
		if reverse {
			s = steps - 1 - s
		}
		row := func(g int) float64 {
			return dot(w[g*in:][:in], func(i int) float64 { return float64(x[s*in+i]) }) + float64(wb[g])
		}
		state := func(g int) float64 { return dot(r[g*u:][:u], func(i int) float64 { return h[i] }) + float64(rb[g]) }
		reset, next := make([]float64, u), make([]float64, u)
		for k := range u {
			reset[k] = sigmoid(row(k) + state(k))
		}
		for k := range u {
			g, z := 2*u+k, sigmoid(row(u+k)+state(u+k))
			c := reset[k] * state(g)
			if !after {
				c = dot(r[g*u:][:u], func(i int) float64 { return reset[i] * h[i] }) + float64(rb[g])
			}
			next[k] = (1-z)*math.Tanh(row(g)+c) + z*h[k]
		}
		copy(h, next)
		copy(out[s*u:], h)
	}
	return out
}
