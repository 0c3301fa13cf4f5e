package autoreg_test

// The README's figures. Beside the mean time stands a ratio to what the same core
// can do at most, multiply-adds (%peak) or reads of a working set of the same
// size (%read): best of ten tries each, in turn. CONTRIBUTING.md says how to
// compare versions.

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
	"github.com/autoreg/autoreg/train"
)

// The reference chapter's model.
const (
	symbols   = 10000
	embedding = 100
	units     = 128
)

// filled returns n random values: pages never written read as fast as one page.
func filled(n int) []float32 {
	s := kernels.Alloc(n)
	testkit.Values(s, uint64(n), 0.1)
	return s
}

func panels(k, n int) kernels.Matrix {
	return kernels.PanelsOf(filled(kernels.PanelsLen(k, n)), k, n)
}

// chapterStack returns the reference network with random weights.
func chapterStack() *layers.Stack {
	s := layers.NewStack(layers.StackConfig{
		Symbols: symbols, Embedding: embedding, Outputs: symbols,
		Layers: []layers.Spec{&layers.LSTMSpec{Units: units}},
	})
	for i, w := range layers.ValuesOf(s) {
		testkit.Values(w, uint64(i), 0.2)
	}
	return s
}

// ofRead reports the share of the read bandwidth that f has, which reads so many
// bytes a call.
func ofRead(b *testing.B, isa string, bytes int, f func()) {
	if share := testkit.OfRead(isa, bytes, f); share > 0 {
		b.ReportMetric(100*share, "%read")
	}
}

// ofPeak reports the share of the multiply-add peak of so many threads that f has,
// which performs flop operations a call, and returns the share of one thread's.
func ofPeak(b *testing.B, isa string, flop float64, threads int, f func()) (share float64) {
	b.ReportMetric(flop*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
	if share = testkit.OfPeak(isa, flop, f); share > 0 {
		b.ReportMetric(100*share/float64(threads), "%peak")
	}
	return share
}

// notGeneric skips the plain Go of machines without assembly where an operation takes
// seconds, unless AUTOREG_ISA=generic asks for it alone.
func notGeneric(b *testing.B, isa string) {
	b.Helper()
	if isa == "generic" && os.Getenv("AUTOREG_ISA") != isa {
		b.Skip("takes minutes: AUTOREG_ISA=generic measures it")
	}
}

// BenchmarkLimits shows the machine's own limits.
func BenchmarkLimits(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		if testkit.PeakFLOPS(isa) == 0 {
			b.Skip("no limit loops for this instruction set")
		}
		for b.Loop() {
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(testkit.PeakFLOPS(isa)/1e9, "GFLOP/s")
		for _, kib := range []int{32, 456, 5000} {
			b.ReportMetric(testkit.ReadBytes(isa, kib<<10)/1e9, fmt.Sprintf("GB/s@%dKiB", kib))
		}
	})
}

// BenchmarkGemv: the packed matrix-vector products of one token.
func BenchmarkGemv(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for _, s := range []struct{ m, k int }{{4 * units, embedding + units}, {symbols, units}} {
			b.Run(fmt.Sprintf("m=%d/k=%d", s.m, s.k), func(b *testing.B) {
				w, x, bias, dst := panels(s.k, s.m), filled(s.k), filled(s.m), filled(s.m)
				f := func() { kernels.Gemv(dst, w, x, bias) }
				b.SetBytes(int64(4 * s.m * s.k))
				for b.Loop() {
					f()
				}
				ofRead(b, isa, 4*s.m*s.k, f)
			})
		}
	})
}

// BenchmarkLSTMStep: the fused step, to be held against BenchmarkGemv with m=512
// and k=228, its bare product.
func BenchmarkLSTMStep(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		l := layers.NewLSTM(embedding, units)
		testkit.Values(l.W.Data, 1, 0.1)
		x, state := filled(embedding), make([]float32, l.StateLen())
		dst, scratch := make([]float32, units), make([]float32, l.ScratchLen(1))
		f := func() { l.Step(dst, x, state, scratch) }
		b.ReportAllocs()
		b.SetBytes(int64(4 * len(l.W.Data)))
		for b.Loop() {
			f()
		}
		ofRead(b, isa, 4*len(l.W.Data), f)
	})
}

// BenchmarkToken: one token of the reference model at batch 1: embedding, LSTM,
// 10,000 logits, softmax, draw. %read counts the matrices of LSTM and output
// layer, which is the bandwidth limit.
func BenchmarkToken(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		state := chapterStack().NewState()
		chain := sampler.New(1, sampler.Temperature(1))
		logits := make([]float32, symbols)
		sym := 1
		f := func() {
			state.Advance(sym)
			state.Logits(logits)
			sym = chain.Sample(logits)
		}
		f() // makes room
		b.ReportAllocs()
		for b.Loop() {
			f()
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		ofRead(b, isa, 4*(4*units*(embedding+units)+symbols*units), f)
	})
}

// BenchmarkSampling: drawing from 10,000 logits, over one token of the reference model in
// the same run without its draw: best of several tries each, in turn. Zipf logits are like
// those of a trained model, flat ones like those of a new one.
func BenchmarkSampling(b *testing.B) {
	chains := []struct {
		name string
		o    sampler.Options
	}{
		{"plain", sampler.Options{}},
		{"temperature", sampler.Options{Temperature: new(0.8)}},
		{"top-k", sampler.Options{TopK: 40, Temperature: new(0.8)}},
		{"top-p", sampler.Options{TopP: 0.95}},
		{"top-p,temperature", sampler.Options{TopP: 0.95, Temperature: new(0.8)}},
		{"min-p", sampler.Options{MinP: 0.05, Temperature: new(0.8)}},
		{"all", sampler.Options{
			Bias: []sampler.SymbolBias{{ID: 5, Bias: 1}, {ID: 9, Bias: -1}}, Ban: []int{1},
			Penalties: sampler.Penalties{Window: 64, Repetition: 1.1, Presence: 0.1, Frequency: 0.1},
			TopK:      40, TypicalP: 0.95, TopP: 0.95, MinP: 0.05, Temperature: new(0.8),
		}},
	}
	rng := rand.New(rand.NewPCG(1, 2))
	zipf, flat := make([]float32, symbols), make([]float32, symbols)
	for i := range zipf {
		zipf[i] = float32(-1.1*math.Log(float64(i)+2.7) + 1.5*rng.NormFloat64())
		flat[i] = float32(0.05 * rng.NormFloat64())
	}
	testkit.EachISA(b, func(b *testing.B, isa string) {
		notGeneric(b, isa)
		state, dst, sym := chapterStack().NewState(), make([]float32, symbols), 1
		token := func() {
			state.Advance(sym)
			state.Logits(dst)
			sym = (sym*7 + 1) % symbols
		}
		for _, c := range chains {
			for _, logits := range []struct {
				name string
				x    []float32
			}{{"zipf", zipf}, {"flat", flat}} {
				b.Run(fmt.Sprintf("chain=%s/logits=%s", c.name, logits.name), func(b *testing.B) {
					chain := sampler.New(1, c.o.Transforms()...)
					draw := func() { chain.Observe(chain.Sample(logits.x)) }
					draw() // makes room
					b.ReportAllocs()
					for b.Loop() {
						draw()
					}
					least := [2]time.Duration{time.Hour, time.Hour}
					for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); {
						for i, f := range []func(){draw, token} {
							f()
							start := time.Now()
							for range 10 {
								f()
							}
							least[i] = min(least[i], time.Since(start))
						}
					}
					b.ReportMetric(float64(least[0].Nanoseconds())/10, "best-ns")
					b.ReportMetric(100*float64(least[0])/float64(least[1]), "%token")
				})
			}
		}
	})
}

// BenchmarkStack: a step of two layers over a step of each in turn, in the same run,
// without the output layer. In turn, because the weights of two LSTMs of 128 units take
// 1 MiB together: alone each fits a second-level cache of that size, both do not.
func BenchmarkStack(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		notGeneric(b, isa)
		for _, text := range []string{"lstm:64,lstm:64", "lstm:128,lstm:128", "gru:128,gru:128"} {
			b.Run("model="+text, func(b *testing.B) {
				list, err := layers.ParseSpecs(text)
				if err != nil {
					b.Fatal(err)
				}
				in := list[0].OutLen(0)
				advance := func(list ...layers.Spec) func() {
					s := layers.NewStack(layers.StackConfig{Symbols: 3, Embedding: in, Layers: list, Outputs: 3})
					for i, w := range layers.ValuesOf(s) {
						testkit.Values(w, uint64(i), 0.1)
					}
					state := s.NewState()
					return func() { state.Advance(1) }
				}
				both, first, second := advance(list...), advance(list[0]), advance(list[1])
				for b.Loop() {
					both()
				}
				parts := func() { first(); second() }
				least := [2]time.Duration{time.Hour, time.Hour}
				for end := time.Now().Add(400 * time.Millisecond); time.Now().Before(end); {
					for i, f := range []func(){both, parts} {
						f()
						start := time.Now()
						for range 20 {
							f()
						}
						least[i] = min(least[i], time.Since(start))
					}
				}
				b.ReportMetric(float64(least[0])/float64(least[1]), "x-parts")
			})
		}
	})
}

// BenchmarkStreams: several streams stepped as one product, without and with
// softmax and draw.
func BenchmarkStreams(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		notGeneric(b, isa)
		for _, n := range []int{16, 64} {
			for _, draw := range []bool{false, true} {
				b.Run(fmt.Sprintf("b=%d/draw=%v", n, draw), func(b *testing.B) {
					batch := chapterStack().NewBatch(n, kernels.NewWorkers(1))
					logits := kernels.RowMajor(kernels.Alloc(n*symbols), n, symbols)
					syms := make([]int, n)
					chains := make([]*sampler.Chain, n)
					rng := rand.New(rand.NewPCG(1, 2))
					for i := range chains {
						chains[i] = sampler.New(uint64(i), sampler.Temperature(1))
						syms[i] = rng.IntN(symbols)
					}
					f := func() {
						batch.Advance(syms)
						batch.Logits(logits)
						for i := range chains {
							if draw {
								syms[i] = chains[i].Sample(logits.Data[i*symbols : (i+1)*symbols])
							}
						}
					}
					f() // makes room
					b.ReportAllocs()
					for b.Loop() {
						f()
					}
					b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "tokens/s")
					ofPeak(b, isa, 2*float64(n)*(4*units*(embedding+units)+symbols*units), 1, f)
				})
			}
		}
	})
}

// BenchmarkGemm: products of training, row-major operands, packing included.
func BenchmarkGemm(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		notGeneric(b, isa)
		for _, s := range []struct{ m, k, n int }{{6400, units, symbols}, {1024, 1024, 1024}} {
			for _, threads := range []int{1, 2} {
				b.Run(fmt.Sprintf("m=%d/k=%d/n=%d/threads=%d", s.m, s.k, s.n, threads), func(b *testing.B) {
					if threads > runtime.GOMAXPROCS(0) {
						b.Skip("fewer CPUs than threads")
					}
					w := kernels.NewWorkers(threads)
					x := kernels.RowMajor(filled(s.m*s.k), s.m, s.k)
					y := kernels.RowMajor(filled(s.k*s.n), s.k, s.n)
					dst := kernels.RowMajor(filled(s.m*s.n), s.m, s.n)
					f := func() { kernels.Gemm(w, dst, x, y, nil) }
					for b.Loop() {
						f()
					}
					ofPeak(b, isa, 2*float64(s.m)*float64(s.k)*float64(s.n), threads, f)
				})
			}
		}
	})
}

// BenchmarkTrainStep: a training step of the reference model, of its stacked form and
// of that with a GRU, 32 documents of 200 words, everything from the embedding to Adam.
// Operations are counted as three products with every matrix of recurrent and output
// layers for each position; MiB is the memory that the run holds.
func BenchmarkTrainStep(b *testing.B) {
	const batch, length = 32, 200
	docs := make([]string, 3*batch) // of symbols-2 different words
	for i := range docs {
		var doc strings.Builder
		for j := range length + 1 {
			fmt.Fprintf(&doc, "w%d ", (i*(length+1)+j)%(symbols-2))
		}
		docs[i] = doc.String()
	}
	models := []struct {
		name    string
		weights int // of the recurrent layers' matrices
		layers  []layers.Spec
	}{
		{"lstm", 4 * units * (embedding + units), []layers.Spec{&layers.LSTMSpec{Units: units}}},
		{"lstm2", 4 * units * (embedding + units + 2*units), []layers.Spec{&layers.LSTMSpec{Units: units}, &layers.LSTMSpec{Units: units}}},
		{"gru", 3 * units * (embedding + units), []layers.Spec{&layers.GRUSpec{Units: units}}},
	}
	testkit.EachISA(b, func(b *testing.B, isa string) {
		notGeneric(b, isa)
		for _, m := range models {
			for _, threads := range []int{1, 2} {
				b.Run(fmt.Sprintf("model=%s/threads=%d", m.name, threads), func(b *testing.B) {
					if threads > runtime.GOMAXPROCS(0) {
						b.Skip("fewer CPUs than threads")
					}
					flop := 3 * 2 * batch * length * float64(m.weights+symbols*units)
					benchmarkSteps(b, isa, flop, threads, &train.Text{Documents: docs, CutLong: true, Layers: m.layers})
					b.ReportMetric(batch*length*float64(b.N)/b.Elapsed().Seconds(), "words/s")
				})
			}
		}
	})
}

// benchmarkSteps times b.N steps of training a task, each of flop
// operations, after one that warms up. It reports their rate, and in MiB what the
// run holds after a step: the growth of live memory since before the start.
func benchmarkSteps(b *testing.B, isa string, flop float64, threads int, task train.Task) {
	before := liveBytes()
	t, err := train.New(task, &train.Options{Epochs: 10_000, Threads: threads})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	steps, held := -1, 0.0
	t.Run(ctx, &train.RunOptions{OnStep: func(train.Stats) {
		if steps++; steps == 0 {
			held = liveBytes() - before
			b.ResetTimer()
		}
		if steps == b.N {
			b.StopTimer()
			cancel()
		}
	}})
	rate := flop * float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate/1e9, "GFLOP/s")
	if peak := testkit.PeakFLOPS(isa); peak > 0 {
		b.ReportMetric(100*rate/peak/float64(threads), "%peak")
	}
	b.ReportMetric(held/(1<<20), "MiB")
}

// liveBytes returns the bytes of all objects in use.
func liveBytes() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
