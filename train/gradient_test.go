package train

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// gradients runs a batch forward and back and returns its loss, and copies of its
// gradients in the order of trained.
func gradients(t *Trainer, lo, hi int) (loss float64, grad [][]float32) {
	task := textOf(t)
	p := task.pass
	p.load(task.Training(), lo, hi, task.CountPadding)
	p.learn(0)
	loss = batchLoss(p, task.Training(), lo)
	for _, param := range trained(p.grad) {
		grad = append(grad, slices.Clone(param.Get()))
	}
	return loss, grad
}

// Every single derivative of a tiny network against a central difference of the
// float64 reference.
func TestGradientElements(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, ignore := range []bool{false, true} {
			tr := newTestTrainer(t, testDocs(5, 6, 4), textRun{
				Text{Embedding: 3, Layers: oneLSTM(2), Length: 5, CountPadding: !ignore, CutLong: true},
				Options{BatchSize: 4, Threads: 1},
			})
			rows := rowsOf(textOf(tr).Training(), 0, 4)
			ref := newReference(textOf(tr).model.Stack)
			loss, grad := gradients(tr, 0, 4)
			if want := ref.loss(rows, ignore); math.Abs(loss-want) > 1e-6*want {
				t.Errorf("ignore=%v: loss = %v, want %v", ignore, loss, want)
			}
			for k, g := range grad {
				for i, got := range g {
					const eps = 1e-5
					w := ref.w[k][i]
					ref.w[k][i] = w + eps
					up := ref.loss(rows, ignore)
					ref.w[k][i] = w - eps
					down := ref.loss(rows, ignore)
					ref.w[k][i] = w
					// A difference of two losses near 2 is good to 1e-16·2/eps, a
					// float32 gradient to a few 2⁻²⁴ of the terms it sums.
					want := (up - down) / (2 * eps)
					if math.Abs(float64(got)-want) > 1e-6 {
						t.Errorf("ignore=%v: gradient of tensor %d [%d] = %v, want %v", ignore, k, i, got, want)
					}
				}
			}
		}
	})
}

// All parameters at once, along random directions, for sizes with and without
// padding in the panels.
func TestGradientDirections(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, s := range []struct {
			embedding, units, length, batch, words int
			ignore                                 bool
		}{
			{5, 7, 11, 3, 20, false},
			{16, 16, 9, 4, 62, false}, // 64 symbols: no padding anywhere
			{13, 33, 20, 5, 140, true},
		} {
			tr := newTestTrainer(t, testDocs(s.batch, s.length+5, s.words), textRun{
				Text{Embedding: s.embedding, Layers: oneLSTM(s.units), Length: s.length, CountPadding: !s.ignore, CutLong: true},
				Options{BatchSize: s.batch, Threads: 2},
			})
			rows := rowsOf(textOf(tr).Training(), 0, s.batch)
			_, grad := gradients(tr, 0, s.batch)
			for seed := range uint64(3) {
				ref := newReference(textOf(tr).model.Stack)
				const eps = 1e-5
				dot, square := 0.0, 0.0
				move := func(by float64) {
					for k := range ref.w {
						v := make([]float32, len(ref.w[k]))
						testkit.Values(v, 10*seed+uint64(k), 1)
						for i := range v {
							ref.w[k][i] += by * float64(v[i])
							if by == eps {
								dot += float64(grad[k][i]) * float64(v[i])
								square += float64(grad[k][i]) * float64(grad[k][i])
							}
						}
					}
				}
				move(eps)
				up := ref.loss(rows, s.ignore)
				move(-2 * eps)
				down := ref.loss(rows, s.ignore)
				want := (up - down) / (2 * eps)
				if tol := 2e-6 * (1 + math.Sqrt(square)); math.Abs(dot-want) > tol {
					t.Errorf("%+v, direction %d: ∇L·v = %v, want %v, tol %v", s, seed, dot, want, tol)
				}
			}
		}
	})
}

// The logits of a batch pass through memory in chunks; their size, and how many
// threads share the work, must not show.
func TestChunksAndThreads(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, ignore := range []bool{false, true} {
			var wantLoss float64
			var want [][]float32
			for _, c := range []struct{ threads, chunk int }{{1, 1000}, {1, 7}, {2, 48}, {3, 20}, {4, 1000}, {9, 5}} {
				tr := newTestTrainer(t, testDocs(8, 30, 300), textRun{
					Text{Embedding: 9, Layers: oneLSTM(20), Length: 25, CountPadding: !ignore, CutLong: true},
					Options{BatchSize: 8, Threads: c.threads},
				})
				h := &textOf(tr).pass.head
				h.logits.Rows = min(h.logits.Rows, c.chunk)
				loss, grad := gradients(tr, 0, 8)
				if want == nil {
					wantLoss, want = loss, grad
				}
				if loss != wantLoss {
					t.Errorf("ignore=%v %+v: loss %v, want %v", ignore, c, loss, wantLoss)
				}
				for k := range grad {
					if diff := testkit.Diff(grad[k], want[k]); diff != "" {
						t.Errorf("ignore=%v %+v: gradient of tensor %d: %s", ignore, c, k, diff)
					}
				}
			}
		}
	})
}

// What a smaller batch leaves behind must not reach a larger one after it.
func TestPassIsReusable(t *testing.T) {
	for _, ignore := range []bool{false, true} {
		tr := newTestTrainer(t, testDocs(12, 12, 50), textRun{
			Text{Embedding: 6, Layers: oneLSTM(10), Length: 10, CountPadding: !ignore, CutLong: true},
			Options{BatchSize: 12, Threads: 2},
		})
		loss, want := gradients(tr, 0, 12)
		for _, b := range [][2]int{{0, 3}, {3, 10}, {11, 12}} {
			gradients(tr, b[0], b[1])
		}
		again, got := gradients(tr, 0, 12)
		if again != loss {
			t.Errorf("ignore=%v: loss %v, then %v", ignore, loss, again)
		}
		for k := range want {
			if diff := testkit.Diff(got[k], want[k]); diff != "" {
				t.Errorf("ignore=%v: tensor %s", ignore, fmt.Sprint(k, ": ", diff))
			}
		}
	}
}
