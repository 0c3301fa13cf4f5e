package autoreg

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
)

var _ sampler.Source = (*Stream)(nil)

// collect draws at most n symbols.
func collect(t *testing.T, s *Stream, n int, c *sampler.Chain, prompt ...int) []int {
	t.Helper()
	var ids []int
	for step, err := range s.Generate(t.Context(), c, prompt...) {
		if err != nil {
			t.Fatal(err)
		}
		if ids = append(ids, step.ID); len(ids) == n {
			break
		}
	}
	return ids
}

// busy excludes the stop token, so that a run lasts.
func busy(seed uint64) *sampler.Chain { return sampler.New(seed, sampler.Exclude(0)) }

// A stream's logits are the network's, save where no word has the symbol, and of
// "[UNK]" unless it is allowed.
func TestStreamLogits(t *testing.T) {
	m := small(t)
	s, plain := m.NewStream(), m.text.Stack.NewState()
	got, want := make([]float32, 13), make([]float32, 13)
	for i := range 20 {
		s.AllowUnknown(i%2 == 1)
		s.Logits(got)
		plain.Logits(want)
		want[11], want[12] = float32(math.Inf(-1)), float32(math.Inf(-1))
		if i%2 == 0 {
			want[m.Tokenizer().Unknown()] = float32(math.Inf(-1))
		}
		if d := testkit.Diff(got, want); d != "" {
			t.Fatalf("after %d symbols: logits%s", i, d)
		}
		s.Advance(i % 13)
		plain.Advance(i % 13)
	}
	s.Reset()
	fresh := m.NewStream()
	fresh.AllowUnknown(true)
	s.Logits(got)
	fresh.Logits(want)
	if d := testkit.Diff(got, want); d != "" {
		t.Errorf("after Reset: logits%s", d)
	}
	fork := m.NewStream()
	fork.CopyFrom(s)
	fork.Logits(got)
	if d := testkit.Diff(got, want); d != "" {
		t.Errorf("a fork: logits%s", d)
	}
}

// A loop of one's own need not know of "[UNK]".
func TestStreamDrawsNoUnknown(t *testing.T) {
	m := endless(t)
	for _, id := range collect(t, m.NewStream(), 50, sampler.New(1), 2) {
		if id == m.Tokenizer().Unknown() {
			t.Fatal("a stream drew [UNK]")
		}
	}
	s := m.NewStream()
	s.AllowUnknown(true)
	if ids := collect(t, s, 3, sampler.New(1), m.Tokenizer().Unknown()); !slices.Equal(ids, []int{1, 1, 1}) {
		t.Errorf("with AllowUnknown: %v", ids)
	}
}

// Symbols without a word are never drawn, even where they are the likeliest.
func TestUnnamedSymbols(t *testing.T) {
	m := edited(t, small(t), func(weights func(string) []float32) {
		b := weights("output.bias")
		b[11], b[12] = 1000, 1000
	})
	for _, c := range []*sampler.Chain{busy(1), sampler.New(1, sampler.Exclude(0), sampler.Temperature(0)), sampler.New(1, sampler.Exclude(0), sampler.TopK(3))} {
		for _, id := range collect(t, m.NewStream(), 100, c, 2) {
			if id >= 11 {
				t.Fatalf("drew %d, which has no word", id)
			}
		}
	}
}

// Breaking off and ranging again, over the same sequence or a new one, continues.
func TestGenerateResumes(t *testing.T) {
	m := small(t)
	want := collect(t, m.NewStream(), 20, busy(3), 4, 5)

	s, c := m.NewStream(), busy(3)
	seq := s.Generate(t.Context(), c, 4, 5)
	var got []int
	for range 4 {
		for step := range seq {
			if got = append(got, step.ID); len(got)%4 == 0 {
				break
			}
		}
	}
	got = append(got, collect(t, s, 4, c)...)
	if !slices.Equal(got, want) {
		t.Errorf("in pieces %v, at once %v", got, want)
	}

	// What the stream has consumed is what was yielded.
	other := m.NewStream()
	for _, id := range append([]int{4, 5}, got...) {
		other.Advance(id)
	}
	a, b := make([]float32, 13), make([]float32, 13)
	s.Logits(a)
	other.Logits(b)
	if d := testkit.Diff(a, b); d != "" {
		t.Errorf("the stream does not stand after what it yielded: logits%s", d)
	}
}

func TestGenerateStops(t *testing.T) {
	m := openTiny(t)
	prompt := m.Tokenizer().Append(nil, "until tender")
	ids := collect(t, m.NewStream(), 99, sampler.New(1, sampler.Temperature(0)), prompt...)
	if want := append(m.Tokenizer().Append(nil, "."), m.Tokenizer().Stop()); !slices.Equal(ids, want) {
		t.Errorf("Generate = %v, want %v", ids, want)
	}
}

func TestGenerateErrors(t *testing.T) {
	m := small(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	nothing := sampler.New(1, sampler.Exclude(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10))
	for _, c := range []struct {
		name   string
		ctx    context.Context
		chain  *sampler.Chain
		prompt []int
		reason sampler.Reason
		is     error
		msg    string
	}{
		{"canceled", ctx, busy(1), []int{3}, sampler.ReasonCanceled, context.Canceled, ""},
		{"canceled, no prompt", ctx, busy(1), nil, sampler.ReasonCanceled, context.Canceled, ""},
		{"nothing to draw", t.Context(), nothing, []int{3}, sampler.ReasonNothing, sampler.ErrNoSymbol, ""},
		{"prompt too high", t.Context(), busy(1), []int{3, 13}, 0, nil, "autoreg: prompt: symbol 13: want 0 to 12"},
		{"prompt negative", t.Context(), busy(1), []int{-1}, 0, nil, "autoreg: prompt: symbol -1: want 0 to 12"},
	} {
		n := 0
		for step, err := range m.NewStream().Generate(c.ctx, c.chain, c.prompt...) {
			n++
			if step.ID != -1 || step.Reason != c.reason || err == nil || c.is != nil && !errors.Is(err, c.is) || c.msg != "" && err.Error() != c.msg {
				t.Errorf("%s: yielded %+v, %v", c.name, step, err)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d elements, want 1", c.name, n)
		}
	}
}

func TestStreamPanics(t *testing.T) {
	m := small(t)
	for want, call := range map[string]func(){
		"autoreg: Stream: CopyFrom: streams of different models": func() { m.NewStream().CopyFrom(small(t).NewStream()) },
		"layers: Embedding: symbol out of range":                 func() { m.NewStream().Advance(13) },
		"autoreg: Stream: Logits: wrong length":                  func() { m.NewStream().Logits(make([]float32, 12)) },
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("panic %v, want %q", got, want)
				}
			}()
			call()
		}()
	}
}

// A fork and its source each continue as if alone.
func TestFork(t *testing.T) {
	m := small(t)
	prefix := []int{3, 4, 5}
	src, fork := m.NewStream(), m.NewStream()
	for _, id := range prefix {
		src.Advance(id)
	}
	fork.Advance(9) // to be forgotten
	fork.CopyFrom(src)
	a, b := collect(t, src, 30, busy(1)), collect(t, fork, 30, busy(2))
	if want := collect(t, m.NewStream(), 30, busy(1), prefix...); !slices.Equal(a, want) {
		t.Errorf("the source gives %v, want %v", a, want)
	}
	if want := collect(t, m.NewStream(), 30, busy(2), prefix...); !slices.Equal(b, want) {
		t.Errorf("the fork gives %v, want %v", b, want)
	}
	if slices.Equal(a, b) {
		t.Error("two seeds give the same")
	}
}

// One Model, many goroutines: each gets what it would get alone.
func TestConcurrentStreams(t *testing.T) {
	m := random(t, 80, model.Config{Symbols: 80, Embedding: 7, Layers: []layers.Spec{&layers.LSTMSpec{Units: 17}}, Length: 20})
	const n = 12
	want := make([][]int, n)
	texts := make([]string, n)
	options := func(i int) *GenerateOptions {
		return &GenerateOptions{Seed: uint64(i), NewTokens: 30, Sampling: sampler.Options{TopK: 20 * (i % 3)}}
	}
	for i := range n {
		want[i] = collect(t, m.NewStream(), 40, busy(uint64(i)), i+2)
		g, err := m.Generate(t.Context(), m.Tokenizer().Word(i+2), options(i))
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = g.Text
	}
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			var got []int
			for step, err := range m.NewStream().Generate(context.Background(), busy(uint64(i)), i+2) {
				if err != nil {
					t.Error(err)
					return
				}
				if got = append(got, step.ID); len(got) == 40 {
					break
				}
			}
			if !slices.Equal(got, want[i]) {
				t.Errorf("goroutine %d drew %v, want %v", i, got, want[i])
			}
			if g, err := m.Generate(context.Background(), m.Tokenizer().Word(i+2), options(i)); err != nil || g.Text != texts[i] {
				t.Errorf("goroutine %d wrote %q, %v; want %q", i, g.Text, err, texts[i])
			}
		})
	}
	wg.Wait()
}

// A thousand steps, draws included, allocate nothing.
func TestStreamNoAllocs(t *testing.T) {
	m := random(t, 19, model.Config{Symbols: 20, Embedding: 3, Layers: []layers.Spec{&layers.LSTMSpec{Units: 5}}, Length: 20})
	for _, c := range []*sampler.Chain{
		busy(1),
		sampler.New(1, sampler.Exclude(0), sampler.TopK(6), sampler.Temperature(0.8)),
		sampler.New(1, sampler.Exclude(0), sampler.Temperature(0)),
	} {
		s, fork, x := m.NewStream(), m.NewStream(), make([]float32, 20)
		next := func() {
			s.Logits(x)
			s.Advance(c.Sample(x))
		}
		s.Advance(2)
		next()
		testkit.NoAllocs(t, func() {
			for range 1000 {
				next()
				fork.CopyFrom(s)
				fork.Reset()
			}
		})
		// One Generate costs a few allocations, its thousand symbols none.
		least := math.Inf(1)
		for range 5 {
			least = min(least, testing.AllocsPerRun(1, func() {
				n := 0
				for range s.Generate(context.Background(), c) {
					if n++; n == 1000 {
						break
					}
				}
			}))
		}
		if least > 10 {
			t.Errorf("Generate: %v allocations for 1000 symbols, want at most 10", least)
		}
	}
}
