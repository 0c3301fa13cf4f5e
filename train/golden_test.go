package train

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// The golden files hold what PyTorch computes in float64 from float32 inputs; the
// head of testdata/golden/make.py describes them.

type goldenTensor struct {
	Shape []int     `json:"shape"`
	Data  []float64 `json:"data"`
}

func (g goldenTensor) float32s() []float32 {
	s := make([]float32, len(g.Data))
	for i, v := range g.Data {
		s[i] = float32(v)
	}
	return s
}

func readGolden(t testing.TB, name string, into any) {
	t.Helper()
	b, err := os.ReadFile("../testdata/golden/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// near compares float32 results with float64 ones.
func near(t *testing.T, what string, got []float32, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: length %d, want %d", what, len(got), len(want))
	}
	worst, at := 0.0, 0
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d <= worst) {
			worst, at = d, i
		}
	}
	if !(worst <= tol) {
		t.Errorf("%s: [%d] = %v, want %v: off by %.3g, tol %.3g", what, at, got[at], want[at], worst, tol)
	}
}

type goldenTrain struct {
	Vocab, Embed, Hidden, Batch int
	Steps                       int `json:"steps_per_row"`
	Adam                        struct{ LR float64 }
	IDs                         [][][]int32 `json:"ids"`
	Initial                     map[string]goldenTensor
	Runs                        []struct {
		IgnorePadding bool `json:"ignore_padding"`
		Losses        []float64
		Grads, Final  map[string]goldenTensor
	}
}

// goldenDataset returns rows of ids as a data set of as many sequences.
func goldenDataset(length int, rows [][]int32) *Dataset {
	d := &Dataset{Length: length}
	for _, row := range rows {
		d.rows = append(d.rows, span{int32(len(d.ids)), int32(len(d.ids) + len(row))})
		d.ids = append(d.ids, row...)
	}
	return d
}

// batchLoss returns the mean loss of the batch that p has taken forward, which begins
// at sequence lo of d.
func batchLoss(p *pass, d *Dataset, lo int) float64 {
	var e Evaluation
	p.addLosses(&e, d, lo)
	return e.Loss()
}

var goldenNames = []string{
	"embedding.weight", "lstm.weight_ih_l0", "lstm.weight_hh_l0", "lstm.bias_ih_l0", "linear.weight", "linear.bias",
}

// Ten steps of the whole thing: losses, gradients of the first step, weights after
// the last.
func TestGoldenTraining(t *testing.T) {
	var g goldenTrain
	readGolden(t, "train.json", &g)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, run := range g.Runs {
			net := newLike(&layers.Stack{
				Embedding: layers.NewEmbedding(g.Vocab, g.Embed),
				Layers:    []layers.Layer{layers.NewLSTM(g.Embed, g.Hidden)},
				Head:      layers.NewLinear(g.Hidden, g.Vocab),
			})
			w := make([][]float32, len(goldenNames))
			for i, name := range goldenNames {
				w[i] = g.Initial[name].float32s()
			}
			copy(net.Embedding.Weight, w[0])
			lstmOf(net).SetWeights(w[1], w[2], w[3])
			net.Head.SetWeights(w[4], w[5])
			p := newPass(net, passSize{g.Batch, g.Steps, g.Batch * g.Steps}, 2, true)
			o := newOptimiser(textNetwork{net}, textNetwork{p.back.grad}, g.Adam.LR, 0, p.threads)
			for s, want := range run.Losses {
				d := goldenDataset(g.Steps, g.IDs[s%len(g.IDs)])
				p.load(d, 0, g.Batch, true)
				if run.IgnorePadding { // here even the first padding is left out
					for b := range g.Batch {
						n := slices.Index(d.Row(b), 0)
						if n < 0 {
							n = len(d.Row(b))
						}
						p.steps[b] = int32(n - 1)
					}
					p.layOut(d, 0)
				}
				p.forward()
				// float32 losses of about 3, each good to a few 2⁻²³.
				if got := batchLoss(p, d, 0); math.Abs(got-want) > 2e-6 {
					t.Errorf("ignore=%v: loss of step %d = %v, want %v", run.IgnorePadding, s, got, want)
				}
				p.back.run()
				if s == 0 {
					for i, tensor := range parameterTensors("", p.back.grad) {
						near(t, fmt.Sprintf("ignore=%v: gradient of %s", run.IgnorePadding, tensor.Name), tensor.Data, run.Grads[goldenNames[i]].Data, 1e-7)
					}
				}
				if _, err := o.apply(); err != nil {
					t.Fatal(err)
				}
			}
			// Adam divides by the root of the mean square, so ten steps of LR = 0.01
			// carry the relative error of a gradient, about 1e-6, over to a weight.
			for i, tensor := range parameterTensors("", net) {
				near(t, fmt.Sprintf("ignore=%v: final %s", run.IgnorePadding, tensor.Name), tensor.Data, run.Final[goldenNames[i]].Data, 5e-7)
			}
		}
	})
}

// The recurrence by itself, with given gradients of the outputs.
func TestGoldenLSTMGradients(t *testing.T) {
	var g struct {
		In, Hidden, Steps, Batch int
		Inputs, Grads            map[string]goldenTensor
		H                        goldenTensor
	}
	readGolden(t, "lstm_grad.json", &g)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		// Every input is a word of its own, so that its gradient is a row of the
		// embedding's.
		rows := g.Batch * g.Steps
		net := &layers.Stack{
			Embedding: layers.NewEmbedding(rows, g.In),
			Layers:    []layers.Layer{layers.NewLSTM(g.In, g.Hidden)},
			Head:      layers.NewLinear(g.Hidden, rows),
		}
		copy(net.Embedding.Weight, g.Inputs["x"].float32s())
		lstmOf(net).SetWeights(g.Inputs["weight_ih_l0"].float32s(), g.Inputs["weight_hh_l0"].float32s(), g.Inputs["bias_ih_l0"].float32s())
		ids := make([][]int32, g.Batch)
		for r := range rows {
			b := r / g.Steps
			ids[b] = append(ids[b], int32(r))
		}
		d := goldenDataset(g.Steps, ids)
		p := newPass(net, passSize{g.Batch, g.Steps, rows}, 1, true)
		p.load(d, 0, g.Batch, true)
		p.forward()
		got := make([]float32, rows*g.Hidden)
		v := g.Inputs["v"].float32s()
		for b := range g.Batch {
			for s := range g.Steps {
				to := (b*g.Steps + s) * g.Hidden
				copy(got[to:], rowOf(p.h.rows(rows), s*g.Batch+b))
				copy(rowOf(p.back.dh.rows(rows), s*g.Batch+b), v[to:to+g.Hidden])
			}
		}
		near(t, "h", got, g.H.Data, 1e-7)
		p.back.run()
		grad := parameterTensors("", p.back.grad)
		near(t, "gradient of x", grad[0].Data, g.Grads["x"].Data, 1e-6)
		near(t, "gradient of weight_ih_l0", grad[1].Data, g.Grads["weight_ih_l0"].Data, 1e-6)
		near(t, "gradient of weight_hh_l0", grad[2].Data, g.Grads["weight_hh_l0"].Data, 1e-6)
		near(t, "gradient of bias_ih_l0", grad[3].Data, g.Grads["bias_ih_l0"].Data, 1e-6)
	})
}

// Adam against Keras' formula, in particular its step size.
func TestGoldenAdam(t *testing.T) {
	var g struct {
		Cases []struct {
			Name  string
			LR    float64
			W0    goldenTensor
			Steps []struct {
				LRt     float64 `json:"lr_t"`
				G, W, M goldenTensor
				V       goldenTensor
			}
		}
	}
	readGolden(t, "adam.json", &g)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range g.Cases {
			// "decimal" differs from float32 by 5e-5 in 1-β₂, which the step size
			// takes back. The rest is the rounding of w.
			const tol = 1e-7
			n := len(c.W0.Data)
			o := newOptimiser(textNetwork{bareNet(n)}, textNetwork{bareNet(n)}, c.LR, 0, kernels.NewWorkers(1))
			w, grad := o.all[0][0], o.all[1][0]
			copy(w, c.W0.float32s())
			for i, s := range c.Steps {
				copy(grad, s.G.float32s())
				if _, err := o.apply(); err != nil {
					t.Fatal(err)
				}
				what := fmt.Sprintf("%s, step %d: ", c.Name, i+1)
				if got := float64(o.step.LR); math.Abs(got-s.LRt) > 3e-5*s.LRt || c.Name == "float32" && math.Abs(got-s.LRt) > 1e-7*s.LRt {
					t.Errorf("%sstep size %v, want %v", what, got, s.LRt)
				}
				near(t, what+"w", w, s.W.Data, tol)
			}
		}
	})
}

// bareNet returns a network whose embedding has n values.
func bareNet(n int) *layers.Stack {
	return &layers.Stack{
		Embedding: layers.NewEmbedding(n, 1),
		Layers:    []layers.Layer{layers.NewLSTM(1, 1)},
		Head:      layers.NewLinear(1, n),
	}
}

// The head's losses and gradients against PyTorch's cross entropy.
func TestGoldenCrossEntropy(t *testing.T) {
	var g struct {
		Rows []struct {
			Name   string
			Logits goldenTensor
			Target int32
			Loss   float64
			Grad   goldenTensor
		}
	}
	readGolden(t, "softmax_ce.json", &g)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, r := range g.Rows {
			n := len(r.Logits.Data)
			scores := kernels.NewPanels(1, n)
			size := 1.0
			for j, v := range r.Logits.Data {
				scores.Set(0, j, float32(v))
				size = max(size, math.Abs(v))
			}
			var loss [1]float32
			kernels.SoftmaxCrossEntropy(scores, []int32{r.Target}, 1, loss[:])
			near(t, r.Name+": loss", loss[:], []float64{r.Loss}, size*0x1p-22)
			got := make([]float32, n)
			for j := range got {
				got[j] = scores.At(0, j)
			}
			near(t, r.Name+": gradient", got, r.Grad.Data, 3e-7)
		}
	})
}
