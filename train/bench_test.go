package train

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
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
