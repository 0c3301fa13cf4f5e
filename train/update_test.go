package train

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// The steps of all optimizers against PyTorch's, of weights and of a bias.
func TestGoldenOptimizers(t *testing.T) {
	var g struct {
		Cases []struct {
			Kind   string
			W0, B0 goldenTensor
			Steps  []struct {
				LR           float64
				WG, BG, W, B goldenTensor
			}
		}
	}
	readGolden(t, "optimizers.json", &g)
	if len(g.Cases) != 6 {
		t.Fatalf("%d cases", len(g.Cases))
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range g.Cases {
			o, err := ParseOptimizer(c.Kind)
			if err != nil || o.Kind() != c.Kind {
				t.Fatalf("%s: %v, %v", c.Kind, o, err)
			}
			// An embedding of 6 values, and an output layer of 3, whose bias comes last.
			net := func() layers.Network {
				return layers.NewStack(layers.StackConfig{Symbols: 6, Embedding: 1, Layers: oneLSTM(1), Outputs: 3})
			}
			u := newUpdater(o, net(), net(), net, layers.NewThreads(1))
			w, wg := u.values[0], u.grads[0]
			b, bg := u.values[len(u.values)-1], u.grads[len(u.values)-1]
			copy(w, c.W0.float32s())
			copy(b, c.B0.float32s())
			for i, s := range c.Steps {
				copy(wg, s.WG.float32s())
				copy(bg, s.BG.float32s())
				if _, err := u.apply(s.LR, 0); err != nil {
					t.Fatal(err)
				}
				// A few roundings of values below 2 a step.
				tol := 2e-7 * float64(i+1)
				near(t, c.Kind+": weight", w, s.W.Data, tol)
				near(t, c.Kind+": bias", b[:3], s.B.Data, tol)
			}
		}
	})
}

// referenceUpdate makes a step in float64, as the equations in the comments have it.
func referenceUpdate(o Optimizer, w, g []float64, slots [][]float64, rate, scale float64, step int, bias bool) {
	for i := range w {
		d := g[i] * scale
		adam := func() {
			b1, b2 := float64(beta1), float64(beta2)
			m, v := &slots[0][i], &slots[1][i]
			*m = b1**m + (1-b1)*d
			*v = b2**v + (1-b2)*d*d
			lr := rate * math.Sqrt(1-math.Pow(b2, float64(step))) / (1 - math.Pow(b1, float64(step)))
			w[i] -= lr * *m / (math.Sqrt(*v) + float64(epsilon))
		}
		switch o := o.(type) {
		case SGD:
			w[i] -= rate * d
		case Momentum:
			v := &slots[0][i]
			*v = o.Factor**v + d
			if o.Nesterov {
				w[i] -= rate * (d + o.Factor**v)
			} else {
				w[i] -= rate * *v
			}
		case Adam:
			adam()
		case AdamW:
			if !bias {
				w[i] -= rate * o.Decay * w[i]
			}
			adam()
		}
	}
}

func floats64(list []float32) []float64 {
	out := make([]float64, len(list))
	for i, x := range list {
		out[i] = float64(x)
	}
	return out
}

// Twenty steps of all optimizers against float64, with clipping, and cut into calls of
// any length.
func TestUpdate(t *testing.T) {
	const n, steps = 3*updateChunk + 77, 20
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, o := range []Optimizer{SGD{}, Momentum{Factor: 0.9}, Momentum{0.8, true}, Adam{}, AdamW{Decay: 0.3}} {
			for _, bias := range []bool{false, true} {
				w, g := make([]float32, n), make([]float32, n)
				testkit.Values(w, 1, 2)
				cut := slices.Clone(w)
				exact := floats64(w)
				var slots, cutSlots [][]float32
				var exactSlots [][]float64
				for range o.Slots() {
					slots, cutSlots, exactSlots = append(slots, make([]float32, n)), append(cutSlots, make([]float32, n)), append(exactSlots, make([]float64, n))
				}
				powers := []float64{1, 1}
				for step := 1; step <= steps; step++ {
					testkit.Values(g, uint64(step+1), 3)
					for i, d := range o.Decays() {
						powers[i] *= d
					}
					s := &UpdateStep{LearningRate: 0.01 * float64(step%5), GradScale: 1 / float32(1+step%3), Powers: powers, Bias: bias}
					o.Update(w, g, slots, s)
					referenceUpdate(o, exact, floats64(g), exactSlots, s.LearningRate, float64(s.GradScale), step, bias)
					for at, length := 0, 1; at < n; length = length*3 + 1 {
						to := min(at+length, n)
						var part [][]float32
						for _, slot := range cutSlots {
							part = append(part, slot[at:to])
						}
						o.Update(cut[at:to], g[at:to], part, s)
						at = to
					}
				}
				if d := testkit.Diff(cut, w); d != "" {
					t.Errorf("[%s] %s: cut into calls: %s", isa, o.Kind(), d)
				}
				// w stays below 8, where half a ULP is 2.4e-7; a step rounds it up to three times.
				near(t, "["+isa+"] "+o.Kind(), w, exact, 3*steps*2.4e-7)
			}
		}
	})
}

// Weights of every kind of layer decay, biases do not.
func TestBiases(t *testing.T) {
	list, err := layers.ParseSpecs("lstm:6,gru:5,gru:4:reset=before,rnn:6,bidirectional(lstm:3)")
	if err != nil {
		t.Fatal(err)
	}
	for _, tied := range []bool{false, true} {
		net := layers.NewStack(layers.StackConfig{Symbols: 9, Embedding: 6, Layers: list, Outputs: 9, Tied: tied})
		var got []string
		for _, bias := range biasesOf(net) {
			got = append(got, map[bool]string{true: "b", false: "w"}[bias])
		}
		// Embedding; LSTM; GRU with a bias of its own before the reset, without; RNN; LSTM
		// twice; output.
		want := "w wb wbwbb wbwb wb wbwb wb"
		if tied {
			want = "w wb wbwbb wbwb wb wbwb b"
		}
		if strings.Join(got, "") != strings.ReplaceAll(want, " ", "") {
			t.Errorf("tied %v: %v, want %s", tied, got, want)
		}
	}
	tr := newImageTrainer(t, smallImages(7, 1), imageRun{Options: Options{BatchSize: 2, Epochs: 1}})
	for i, bias := range tr.optimizer.biases {
		if bias != (i%2 == 1) { // masked convolutions: a kernel and a bias each
			t.Errorf("values %d of a PixelCNN: bias %v", i, bias)
		}
	}
}

func TestParseOptimizer(t *testing.T) {
	for text, want := range map[string]Optimizer{
		"adam": Adam{}, "adam:5e-06": Adam{5e-06}, "sgd": SGD{}, "adamw": AdamW{}, "adamw:0.01": AdamW{0.01}, "adamw:1000": AdamW{1000},
		"momentum": Momentum{}, "momentum:0.95": Momentum{Factor: 0.95}, "nesterov": Momentum{Nesterov: true}, "nesterov:0.5": Momentum{0.5, true},
	} {
		if o, err := ParseOptimizer(text); err != nil || o != want {
			t.Errorf("%q is read as %+v, %v", text, o, err)
		}
	}
	for _, text := range []string{
		"", "x", "Adam", "adam:", "adam:0", "adam:-1", "adam:x", "sgd:0.1", "adamw:", "adamw:x", "adamw:0", "adamw:-1", "adamw:1001", "adamw:NaN", "adamw:0,01",
		"momentum:0", "momentum:1", "momentum:-0.5", "momentum:0.9:nesterov", "nesterov:Inf", "momentum:",
	} {
		if o, err := ParseOptimizer(text); err == nil {
			t.Errorf("%q is read as %+v", text, o)
		}
	}
}
