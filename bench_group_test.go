package autoreg_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
	"github.com/autoreg/autoreg/tokenizer"
)

// chapterModel returns the reference network with random weights as a model.
func chapterModel(b *testing.B) *autoreg.TextModel {
	b.Helper()
	words := []string{"", "[UNK]"}
	for i := len(words); i < symbols; i++ {
		words = append(words, fmt.Sprintf("w%d", i))
	}
	tok, err := tokenizer.New(words, nil)
	if err != nil {
		b.Fatal(err)
	}
	text := model.New(model.Config{Symbols: symbols, Embedding: embedding, Layers: []layers.Spec{&layers.LSTMSpec{Units: units}}, Length: 200}, tok)
	for i, w := range layers.ValuesOf(text.Stack) {
		testkit.Values(w, uint64(i), 0.2)
	}
	var file bytes.Buffer
	if _, err := text.File().WriteTo(&file); err != nil {
		b.Fatal(err)
	}
	m, err := autoreg.Load[*autoreg.TextModel](&file, nil)
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// BenchmarkGroup: tokens of streams that a group steps on two threads, drawn by a goroutine
// each. x-threads is their rate over that of a group on one thread, and x-alone the rate
// on one thread over that of the same streams without a group: best of ten tries each, in
// turn, with GOMAXPROCS the number of threads.
func BenchmarkGroup(b *testing.B) {
	if runtime.GOMAXPROCS(0) < 2 {
		b.Skip("fewer CPUs than threads")
	}
	m := chapterModel(b)
	testkit.EachISA(b, func(b *testing.B, isa string) {
		notGeneric(b, isa)
		for _, n := range []int{1, 16, 32, 64} {
			b.Run(fmt.Sprintf("b=%d/threads=2", n), func(b *testing.B) {
				const tokens = 60 // of each stream
				two, one, alone := newGroupRun(b, m, n, 2), newGroupRun(b, m, n, 1), newGroupRun(b, m, n, 0)
				one.draw(tokens) // makes room
				alone.draw(tokens)
				two.draw(tokens)
				b.ReportAllocs()
				for b.Loop() {
					two.draw(tokens)
				}
				b.ReportMetric(float64(b.N)*float64(n*tokens)/b.Elapsed().Seconds(), "tokens/s")
				least := [3]time.Duration{time.Hour, time.Hour, time.Hour}
				for range 10 {
					for i, r := range []*groupRun{two, one, alone} {
						procs := runtime.GOMAXPROCS(max(1, r.threads))
						start := time.Now()
						r.draw(tokens)
						least[i] = min(least[i], time.Since(start))
						runtime.GOMAXPROCS(procs)
					}
				}
				b.ReportMetric(float64(least[1])/float64(least[0]), "x-threads")
				b.ReportMetric(float64(least[2])/float64(least[1]), "x-alone")
			})
		}
	})
}

// A groupRun is streams that a group steps, or no group for 0 threads.
type groupRun struct {
	threads int
	streams []*autoreg.Stream
	chains  []*sampler.Chain
}

func newGroupRun(b *testing.B, m *autoreg.TextModel, n, threads int) *groupRun {
	r := &groupRun{threads: threads}
	var g *autoreg.Group
	if threads > 0 {
		var err error
		if g, err = m.NewGroup(&autoreg.GroupOptions{Threads: threads}); err != nil {
			b.Fatal(err)
		}
	}
	for i := range n {
		s := m.NewStream()
		if g != nil {
			if err := g.Join(s); err != nil {
				b.Fatal(err)
			}
		}
		s.Advance(2 + i)
		r.streams = append(r.streams, s)
		r.chains = append(r.chains, sampler.New(uint64(i), sampler.Temperature(1)))
	}
	return r
}

// draw has a goroutine for each stream draw so many tokens.
func (r *groupRun) draw(tokens int) {
	var all sync.WaitGroup
	for i, s := range r.streams {
		all.Go(func() {
			for range r.chains[i].Run(context.Background(), s, &sampler.RunOptions{Steps: tokens}) {
			}
		})
	}
	all.Wait()
}

// BenchmarkThreads: a token of one stream whose output layer runs on two threads. x-threads
// is its rate over that on one, best of a hundred tries each, in turn.
func BenchmarkThreads(b *testing.B) {
	if runtime.GOMAXPROCS(0) < 2 {
		b.Skip("fewer CPUs than threads")
	}
	testkit.EachISA(b, func(b *testing.B, isa string) {
		notGeneric(b, isa)
		for _, size := range []struct{ units, symbols int }{{units, symbols}, {4 * units, symbols}, {4 * units, 3 * symbols}} {
			b.Run(fmt.Sprintf("h=%d/v=%d/threads=2", size.units, size.symbols), func(b *testing.B) {
				s := layers.NewStack(layers.StackConfig{
					Symbols: size.symbols, Embedding: embedding, Outputs: size.symbols,
					Layers: []layers.Spec{&layers.LSTMSpec{Units: size.units}},
				})
				for i, w := range layers.ValuesOf(s) {
					testkit.Values(w, uint64(i), 0.2)
				}
				logits, chain := make([]float32, size.symbols), sampler.New(1)
				token := func(threads int) func() {
					state, sym := s.NewState(), 1
					state.SetThreads(threads)
					return func() {
						state.Advance(sym)
						state.Logits(logits)
						sym = chain.Sample(logits)
					}
				}
				two, one := token(2), token(1)
				two()
				b.ReportAllocs()
				for b.Loop() {
					two()
				}
				least := [2]time.Duration{time.Hour, time.Hour}
				for range 100 {
					for i, f := range []func(){two, one} {
						start := time.Now()
						for range 10 {
							f()
						}
						least[i] = min(least[i], time.Since(start))
					}
				}
				b.ReportMetric(float64(least[1])/float64(least[0]), "x-threads")
			})
		}
	})
}
