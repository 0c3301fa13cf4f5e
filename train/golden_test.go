package train

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/netkit"
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
			net := layers.NewStack(layers.StackConfig{Symbols: g.Vocab, Embedding: g.Embed, Layers: oneLSTM(g.Hidden), Outputs: g.Vocab})
			for i, p := range netkit.Trained(net) {
				p.Set(g.Initial[goldenNames[i]].float32s())
			}
			p := newPass(net, layers.BatchSize{Sequences: g.Batch, Steps: g.Steps, Rows: g.Batch * g.Steps}, 2, true)
			o := newUpdater(Adam{}, net, p.grad, func() layers.Network { return net.Like() }, p.threads)
			for s, want := range run.Losses {
				d := goldenDataset(g.Steps, g.IDs[s%len(g.IDs)])
				p.load(d, 0, g.Batch, true)
				if run.IgnorePadding { // here even the first padding is left out
					for b := range g.Batch {
						n := slices.Index(d.Row(b), 0)
						if n < 0 {
							n = len(d.Row(b))
						}
						p.layout.Steps[b] = int32(n - 1)
					}
					p.layOut(d, 0, g.Batch)
				}
				p.learn(s)
				// float32 losses of about 3, each good to a few 2⁻²³.
				if got := batchLoss(p, d, 0); math.Abs(got-want) > 2e-6 {
					t.Errorf("ignore=%v: loss of step %d = %v, want %v", run.IgnorePadding, s, got, want)
				}
				if s == 0 {
					for i, p := range netkit.Trained(p.grad) {
						near(t, fmt.Sprintf("ignore=%v: gradient of %s", run.IgnorePadding, p.Name), p.Get(), run.Grads[goldenNames[i]].Data, 1e-7)
					}
				}
				if _, err := o.apply(g.Adam.LR, 0); err != nil {
					t.Fatal(err)
				}
			}
			// Adam divides by the root of the mean square, so ten steps of LR = 0.01
			// carry the relative error of a gradient, about 1e-6, over to a weight.
			for i, p := range netkit.Trained(net) {
				near(t, fmt.Sprintf("ignore=%v: final %s", run.IgnorePadding, p.Name), p.Get(), run.Final[goldenNames[i]].Data, 5e-7)
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
		rows, spec := g.Batch*g.Steps, layers.LSTMSpec{Units: g.Hidden}
		lstm, grad := spec.New(g.In), spec.New(g.In)
		for _, p := range lstm.Parameters("_l0") {
			if !p.StoredOnly {
				p.Set(g.Inputs[p.Name].float32s())
			}
		}
		size := layers.BatchSize{Sequences: g.Batch, Steps: g.Steps, Rows: rows}
		layout := layers.NewLayout(size)
		for b := range g.Batch {
			layout.Steps[b] = int32(g.Steps)
		}
		layout.Set(g.Batch)
		// The file has a sequence after the other.
		reorder := func(data []float32, cols int) kernels.Matrix {
			m := kernels.RowMajor(make([]float32, rows*cols), rows, cols)
			for b := range g.Batch {
				for s := range g.Steps {
					copy(rowOf(m, layout.Row(s, b)), data[(b*g.Steps+s)*cols:][:cols])
				}
			}
			return m
		}
		back := func(m kernels.Matrix) []float32 {
			var data []float32
			for b := range g.Batch {
				for s := range g.Steps {
					data = append(data, rowOf(m, layout.Row(s, b))...)
				}
			}
			return data
		}
		s := lstm.NewSequence(size, grad, layers.NewThreads(1))
		x := reorder(g.Inputs["x"].float32s(), g.In)
		s.Begin()
		near(t, "h", back(s.Forward(layout, x)), g.H.Data, 1e-7)
		v := reorder(g.Inputs["v"].float32s(), g.Hidden)
		for r := range rows {
			copy(rowOf(s.OutputGradients(), r), rowOf(v, r))
		}
		dx := kernels.RowMajor(make([]float32, rows*g.In), rows, g.In)
		s.Backward(x, dx)
		near(t, "gradient of x", back(dx), g.Grads["x"].Data, 1e-6)
		for _, p := range grad.Parameters("_l0") {
			if !p.StoredOnly {
				near(t, "gradient of "+p.Name, p.Get(), g.Grads[p.Name].Data, 1e-6)
			}
		}
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
			o := newUpdater(Adam{}, bareNet(n), bareNet(n), func() layers.Network { return bareNet(n) }, layers.NewThreads(1))
			w, grad := o.values[0], o.grads[0]
			copy(w, c.W0.float32s())
			for i, s := range c.Steps {
				copy(grad, s.G.float32s())
				if _, err := o.apply(c.LR, 0); err != nil {
					t.Fatal(err)
				}
				what := fmt.Sprintf("%s, step %d: ", c.Name, i+1)
				if got := float64(adamStep(&o.step).LR); math.Abs(got-s.LRt) > 3e-5*s.LRt || c.Name == "float32" && math.Abs(got-s.LRt) > 1e-7*s.LRt {
					t.Errorf("%sstep size %v, want %v", what, got, s.LRt)
				}
				near(t, what+"w", w, s.W.Data, tol)
			}
		}
	})
}

// bareNet returns a network whose embedding has n values.
func bareNet(n int) *layers.Stack {
	return layers.NewStack(layers.StackConfig{Symbols: n, Embedding: 1, Layers: oneLSTM(1), Outputs: n})
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
			logits := kernels.NewPanels(1, n)
			size := 1.0
			for j, v := range r.Logits.Data {
				logits.Set(0, j, float32(v))
				size = max(size, math.Abs(v))
			}
			var loss [1]float32
			kernels.SoftmaxCrossEntropy(logits, []int32{r.Target}, 1, loss[:])
			near(t, r.Name+": loss", loss[:], []float64{r.Loss}, size*0x1p-22)
			got := make([]float32, n)
			for j := range got {
				got[j] = logits.At(0, j)
			}
			near(t, r.Name+": gradient", got, r.Grad.Data, 3e-7)
		}
	})
}
