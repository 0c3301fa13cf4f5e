package layers_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// Every recurrent layer in its three forms, to the bit alike, against PyTorch in float64:
//
//	rnn = torch.nn.GRU(In, H, layers, batch_first=True, bidirectional=True).double()  # weights as in the file
//	y, h = rnn(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
//
// and what it does not have against a loop in float64; see recurrent.py.
func TestRecurrentGolden(t *testing.T) {
	cases := readRecurrent(t)
	if len(cases) != len(recurrentTolerance) {
		t.Errorf("%d cases, %d tolerances", len(cases), len(recurrentTolerance))
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range cases {
			t.Run(c.Name, func(t *testing.T) {
				tol, ok := recurrentTolerance[c.Name]
				if !ok {
					t.Errorf("no tolerance")
				}
				y, final := c.forward(t, stepForm)
				most := worst(t, "y", y, c.Y, tol[0])
				for name, want := range c.Final {
					H := want.Shape[1]
					for b, got := range final[name] {
						most = max(most, worstRow(t, fmt.Sprintf("%s[%d]", name, b), got, want.Data[b*H:][:H], tol[0]))
					}
				}
				if len(final) != len(c.Final) {
					t.Errorf("%d last states, want %d", len(final), len(c.Final))
				}
				t.Logf("largest difference %.1e", most)
				if c.Published.Data != nil {
					width := c.Published.Shape[1]
					for i, got := range y[0] {
						worstRow(t, "published y", got, c.Published.Data[i*width:][:width], 1e-7)
					}
				}

				y2, final2 := c.forward(t, batchForm)
				if d := y2.diff(y); d != "" {
					t.Errorf("StepBatch differs from Step: %s", d)
				}
				for name := range final {
					for b := range final[name] {
						if d := testkit.Diff(final2[name][b], final[name][b]); d != "" {
							t.Errorf("StepBatch leaves another %s[%d] than Step: %s", name, b, d)
						}
					}
				}
				if c.startsLater() {
					return // a Sequence starts from zero
				}
				for _, threads := range []int{1, 3} {
					p := c.sequences(t, layers.NewThreads(threads))
					if d := fromRows(p.in[len(c.Layers)], p.layout, c.Lengths).diff(y); d != "" {
						t.Errorf("the Sequence with %d threads differs from Step: %s", threads, d)
					}
					if d := testkit.Diff(p.last(), slices.Concat(c.last(final)...)); d != "" {
						t.Errorf("Last with %d threads differs from Step: %s", threads, d)
					}
				}
			})
		}
	})
}

// Gradients of Σ r·y, or of Σ s·(last states), against autograd in float64.
func TestRecurrentGoldenGradients(t *testing.T) {
	tested := 0
	testkit.EachISA(t, func(t *testing.T, isa string) {
		tested = 0
		for _, c := range readRecurrent(t) {
			if c.Grads == nil {
				continue
			}
			tested++
			t.Run(c.Name, func(t *testing.T) {
				tol := recurrentTolerance[c.Name][1]
				var first [][]float32
				for _, threads := range []int{1, 3} {
					p := c.sequences(t, layers.NewThreads(threads))
					var y, dy kernels.Matrix
					last := c.S.Shape != nil
					if last {
						dy = kernels.RowMajor(c.S.float32s(), c.Batch, c.S.Shape[1])
						y = kernels.RowMajor(p.last(), c.Batch, c.S.Shape[1])
					} else {
						dy, y = batchOf(c.R, c.Lengths).rows(p.layout), p.in[len(c.Layers)]
					}
					loss := 0.0
					for i, v := range dy.Data {
						loss += float64(v) * float64(y.Data[i])
					}
					if d := math.Abs(loss - c.Loss); !(d <= 2e-6) {
						t.Errorf("loss = %v, want %v", loss, c.Loss)
					}
					dx := p.back(dy, last)
					most := worst(t, "dx", fromRows(dx, p.layout, c.Lengths), c.Grads["x"], tol)
					all := [][]float32{dx.Data}
					seen := 1
					for k, grad := range p.grads {
						for _, param := range grad.Parameters(fmt.Sprintf("_l%d", k)) {
							want, ok := c.Grads[param.Name]
							if !ok {
								if !param.StoredOnly {
									t.Errorf("no gradient of %s in the case", param.Name)
								}
								continue
							}
							seen++
							got := param.Get()
							all = append(all, got)
							// The biases that PyTorch has twice for one effect are kept once.
							skip := param.Len() - param.Effective
							most = max(most, worstRow(t, param.Name, got[skip:], want.Data[skip:], tol))
						}
					}
					if seen != len(c.Grads) {
						t.Errorf("%d gradients compared, want %d", seen, len(c.Grads))
					}
					if first == nil {
						first = all
						t.Logf("largest difference %.1e", most)
					}
					for i := range all {
						if d := testkit.Diff(all[i], first[i]); d != "" {
							t.Errorf("gradient %d differs with %d threads: %s", i, threads, d)
						}
					}
				}
			})
		}
	})
	if tested != 30 {
		t.Errorf("%d cases have gradients, want 30", tested)
	}
}
