package train

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// randomTrainer returns a run over documents of random words, all of full length.
func randomTrainer(tb testing.TB, symbols, docs int, o textRun) *Trainer {
	tb.Helper()
	words := []string{"", "[UNK]"}
	for i := len(words); i < symbols; i++ {
		words = append(words, fmt.Sprint("w", i))
	}
	tok, err := tokenizer.New(words, nil)
	if err != nil {
		tb.Fatal(err)
	}
	o.Options.complete()
	o.Text.complete(&o.Options)
	numbers := make([]float32, o.Length+1)
	texts := make([]string, docs)
	for i := range texts {
		testkit.Values(numbers, uint64(i+1), 1)
		var b []byte
		for _, v := range numbers {
			b = fmt.Append(b, words[2+int((v+1)/2*float32(symbols-2))%(symbols-2)], " ")
		}
		texts[i] = string(b)
	}
	o.Documents = texts
	if err := o.encode(tok, &o.Options); err != nil {
		tb.Fatal(err)
	}
	o.hash = o.data.hash()
	o.model = model.New(o.config(symbols), tok)
	initialise(o.model.Stack, o.Seed, 0)
	return newTrainer(&o.Text, o.Options)
}

// BenchmarkTrainStep is a step of the reference model on 32 documents of 200
// steps, counted as 3·2 operations per weight of the products and position.
func BenchmarkTrainStep(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		if isa == "generic" {
			b.Skip("minutes a step")
		}
		for threads := 1; threads <= runtime.GOMAXPROCS(0); threads *= 2 {
			b.Run(fmt.Sprintf("h=128/v=10000/b=32/t=200/threads=%d", threads), func(b *testing.B) {
				t := randomTrainer(b, 10000, 32, textRun{Text{CutLong: true}, Options{Threads: threads}})
				if _, err := t.step([]int{0}); err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					if _, err := t.step([]int{0}); err != nil {
						b.Fatal(err)
					}
				}
				perStep := 6 * 6400 * float64(4*128*(100+128)+128*10000)
				b.ReportMetric(perStep*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
				b.ReportMetric(6400*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
			})
		}
	})
}

// BenchmarkUpdate is a step of each optimizer on ten million parameters, on one thread. Its
// memory is that of parameters, gradients and slots, read and, gradients aside, written.
func BenchmarkUpdate(b *testing.B) {
	const n = 10_000_000
	w, g := make([]float32, n), make([]float32, n)
	testkit.Values(w, 1, 1)
	testkit.Values(g, 2, 0.1)
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for _, o := range []Optimizer{SGD{}, Momentum{}, Momentum{Nesterov: true}, Adam{}, AdamW{}} {
			b.Run("optimizer="+o.Kind(), func(b *testing.B) {
				var slots [][]float32
				for i := range o.Slots() {
					slots = append(slots, make([]float32, n))
					testkit.Values(slots[i], uint64(3+i), 0.1)
				}
				s := &UpdateStep{LearningRate: 1e-6, GradScale: 1, Powers: []float64{0.5, 0.5}}
				b.SetBytes(int64(4 * n * (3 + 2*len(slots))))
				b.ReportAllocs()
				for b.Loop() {
					o.Update(w, g, slots, s)
				}
			})
		}
	})
}

// BenchmarkStreamStep is a step of a stream in 20 tracks: the small and the large model of
// the Penn Treebank runs, the former as Zaremba, Sutskever and Vinyals trained it, and one
// of characters.
func BenchmarkStreamStep(b *testing.B) {
	lstms := func(units int) []layers.Spec {
		return []layers.Spec{&layers.LSTMSpec{Units: units}, &layers.LSTMSpec{Units: units}}
	}
	for _, c := range []struct {
		name    string
		symbols int
		run     textRun
	}{
		{"h=2x200/v=10000/b=20/t=20", 10000, textRun{Text{Embedding: 200, Layers: lstms(200), Length: 20}, Options{BatchSize: 20, Optimizer: SGD{}, LearningRate: 1, ClipNorm: 0.25}}},
		{"h=2x512/v=10000/b=20/t=35/tied", 10000, textRun{Text{Embedding: 512, Layers: lstms(512), Length: 35, Tied: true, Dropout: Dropout{Embedding: 0.5, Layers: 0.5, Output: 0.5}}, Options{BatchSize: 20}}},
		{"h=2x512/v=65/b=32/t=100", 65, textRun{Text{Embedding: 64, Layers: lstms(512), Length: 100, Dropout: Dropout{Embedding: 0, Layers: 0.3, Output: 0.3}}, Options{BatchSize: 32}}},
	} {
		for threads := 1; threads <= runtime.GOMAXPROCS(0); threads *= 2 {
			b.Run(fmt.Sprintf("%s/threads=%d", c.name, threads), func(b *testing.B) {
				o := c.run
				o.Text.Stream, o.Options.Threads = true, threads
				docs := 2*o.BatchSize + 1
				t := randomTrainer(b, c.symbols, docs, o)
				for b.Loop() {
					if _, err := t.step([]int{1}); err != nil {
						b.Fatal(err)
					}
				}
				weights := c.symbols * t.work.net.(*layers.Stack).Head.InLen()
				in := o.Embedding
				for range 2 {
					H := o.Layers[0].OutLen(in)
					weights += 4 * H * (in + H)
					in = H
				}
				rows := float64(o.BatchSize * o.Length)
				b.ReportMetric(6*rows*float64(weights)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
				b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
			})
		}
	}
}
