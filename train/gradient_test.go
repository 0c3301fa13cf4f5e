package train

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/netkit"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// gradients runs a batch forward and back and returns its loss, and copies of its
// gradients in the order of netkit.Trained.
func gradients(t *Trainer, lo, hi int) (loss float64, grad [][]float32) {
	task := textOf(t)
	p := task.pass
	p.load(task.Training(), lo, hi, task.CountPadding)
	p.learn(0)
	loss = batchLoss(p, task.Training(), lo)
	for _, param := range netkit.Trained(p.grad) {
		grad = append(grad, slices.Clone(param.Get()))
	}
	return loss, grad
}

// tinyTasks are tasks of every kind of layer, alone and in stacks, with so many units, or
// as many as the embedding has values where weights are tied.
func tinyTasks(embedding, units int) (list []Text) {
	add := func(specs ...layers.Spec) { list = append(list, Text{Embedding: embedding, Layers: specs}) }
	lstm, gru, rnn := &layers.LSTMSpec{Units: units + 1}, &layers.GRUSpec{Units: units}, &layers.RNNSpec{Units: units + 2}
	for _, s := range netkit.Sequential(units) {
		add(s)
	}
	add(oneLSTM(units)[0], lstm)
	add(oneLSTM(units)[0], lstm, oneLSTM(units)[0])
	add(gru, lstm, rnn)
	add(lstm, &layers.GRUSpec{Units: units + 3, Reset: "before"}, gru, rnn)
	return append(list,
		Text{Embedding: embedding, Layers: oneLSTM(embedding), Tied: true},
		Text{Embedding: embedding, Layers: []layers.Spec{rnn, &layers.GRUSpec{Units: embedding}}, Tied: true})
}

// Every single derivative of tiny networks against a central difference of the float64
// reference.
func TestGradientElements(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, task := range tinyTasks(3, 2) {
			for _, ignore := range []bool{false, true} {
				task.Length, task.CountPadding, task.CutLong = 5, !ignore, true
				tr := newTestTrainer(t, testDocs(5, 6, 4), textRun{task, Options{BatchSize: 4, Threads: 1}})
				rows := rowsOf(textOf(tr).Training(), 0, 4)
				ref := newReference(textOf(tr).model.Stack)
				loss, grad := gradients(tr, 0, 4)
				compareElements(t, fmt.Sprintf("%s, ignore=%v", describe(&task), ignore), tr, ref, rows, ignore, loss, grad)
			}
		}
	})
}

// describe writes the network of a task.
func describe(task *Text) string {
	text := layers.FormatSpecs(task.Layers)
	if task.Tied {
		text += ", tied"
	}
	return text
}

// compareElements compares a loss and every single derivative with the reference.
func compareElements(t *testing.T, what string, tr *Trainer, ref *reference, rows [][]int32, ignore bool, loss float64, grad [][]float32) {
	t.Helper()
	if want := ref.loss(rows, ignore); math.Abs(loss-want) > 1e-6*want {
		t.Errorf("%s: loss = %v, want %v", what, loss, want)
	}
	own := kept(textOf(tr).model.Stack)
	if len(grad) != len(ref.w) {
		t.Fatalf("%s: %d tensors, want %d", what, len(grad), len(ref.w))
	}
	for k, g := range grad {
		for i, got := range g {
			if !own[k][i] {
				continue
			}
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
				t.Errorf("%s: gradient of tensor %d [%d] = %v, want %v", what, k, i, got, want)
			}
		}
	}
}

// All parameters at once, along random directions, for sizes with and without
// padding in the panels.
func TestGradientDirections(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, s := range []struct {
			task          Text
			batch, length int
			words         int
			ignore        bool
		}{
			{Text{Embedding: 5, Layers: oneLSTM(7)}, 3, 11, 20, false},
			{Text{Embedding: 16, Layers: oneLSTM(16)}, 4, 9, 62, false}, // 64 symbols: no padding anywhere
			{Text{Embedding: 13, Layers: oneLSTM(33)}, 5, 20, 140, true},
			{Text{Embedding: 9, Layers: stackOf(&layers.LSTMSpec{Units: 33}, &layers.LSTMSpec{Units: 16})}, 5, 20, 70, true},
			{Text{Embedding: 16, Layers: stackOf(&layers.LSTMSpec{Units: 16}, &layers.LSTMSpec{Units: 7}, &layers.LSTMSpec{Units: 16}), Tied: true}, 4, 9, 62, false},
			{Text{Embedding: 7, Layers: stackOf(&layers.GRUSpec{Units: 65}, &layers.RNNSpec{Units: 17}, &layers.GRUSpec{Units: 16, Reset: "before"})}, 6, 12, 90, true},
		} {
			what := describe(&s.task)
			s.task.Length, s.task.CountPadding, s.task.CutLong = s.length, !s.ignore, true
			tr := newTestTrainer(t, testDocs(s.batch, s.length+5, s.words), textRun{s.task, Options{BatchSize: s.batch, Threads: 2}})
			rows := rowsOf(textOf(tr).Training(), 0, s.batch)
			own := kept(textOf(tr).model.Stack)
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
							if !own[k][i] {
								continue
							}
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
					t.Errorf("%s, direction %d: ∇L·v = %v, want %v, tol %v", what, seed, dot, want, tol)
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
