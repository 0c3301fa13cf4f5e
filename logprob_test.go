package autoreg

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/sampler"
)

// Log-probabilities and alternatives are those of the stream's own logits, and asking for
// them changes nothing else.
func TestLogProbs(t *testing.T) {
	m := small(t)
	tok := m.Tokenizer()
	prompt := tok.Word(3)
	for _, o := range []GenerateOptions{
		{Seed: 1, NewTokens: 30},
		{Seed: 2, NewTokens: 30, Sampling: sampler.Options{TopK: 3, Temperature: new(2.0)}},
		{Seed: 3, NewTokens: 30, Sampling: sampler.Options{Temperature: new(0.0)}, AllowUnknown: true},
		{Seed: 4, NewTokens: 30, Transforms: []sampler.Transform{sampler.Exclude(4)}},
	} {
		want := generate(t, m, prompt, &o)
		for piece := range m.Text(t.Context(), prompt, &o) {
			if piece.LogProb != 0 {
				t.Fatalf("%+v: ln p = %v without being asked for", o, piece.LogProb)
			}
		}
		o.LogProbs = true
		if got := generate(t, m, prompt, &o); got != want {
			t.Errorf("%+v: %q, without log-probabilities %q", o, got, want)
		}
		s, x, scratch := m.NewStream(), make([]float32, 13), make([]float32, 13)
		s.AllowUnknown(o.AllowUnknown)
		for _, id := range tok.Append(nil, prompt) {
			s.Advance(id)
		}
		var alone []float32
		for piece := range m.Text(t.Context(), prompt, &o) {
			if piece.ID >= 0 {
				alone = append(alone, piece.LogProb)
			}
		}
		o.Alternatives, o.LogProbs = 4, false
		if got := generate(t, m, prompt, &o); got != want {
			t.Errorf("%+v: %q, without alternatives %q", o, got, want)
		}
		for piece, err := range m.Text(t.Context(), prompt, &o) {
			if err != nil {
				t.Fatal(err)
			}
			if piece.ID < 0 {
				continue
			}
			s.Logits(x)
			lse := kernels.LogSumExp(x, scratch)
			if want := x[piece.ID] - lse; piece.LogProb != want || !(want < 0) || len(alone) == 0 || alone[0] != want {
				t.Fatalf("%+v: ln p of token %d is %v, alone %v, want %v", o, piece.ID, piece.LogProb, alone, want)
			}
			alone = alone[1:]
			var want []TokenScore
			for _, id := range byLogit(x)[:4] {
				want = append(want, TokenScore{id, tok.Word(id), x[id] - lse})
			}
			if !slices.Equal(piece.Alternatives, want) {
				t.Errorf("%+v: alternatives %v, want %v", o, piece.Alternatives, want)
			}
			s.Advance(piece.ID)
		}
	}
}

// byLogit returns the symbols that can be drawn, the likeliest first, ties by rising id.
func byLogit(x []float32) []int {
	var ids []int
	for id, v := range x {
		if !math.IsInf(float64(v), -1) {
			ids = append(ids, id)
		}
	}
	slices.SortStableFunc(ids, func(a, b int) int { return cmp.Compare(x[b], x[a]) })
	return ids
}

// As many alternatives as there are tokens that can be drawn, or none; they add up to 1.
func TestAlternatives(t *testing.T) {
	m := small(t)
	for _, c := range []struct {
		n, want int
		unknown bool
	}{{0, 0, false}, {1, 1, false}, {10, 10, false}, {11, 10, false}, {11, 11, true}, {math.MaxInt, 10, false}} {
		o := &GenerateOptions{Alternatives: c.n, AllowUnknown: c.unknown, NewTokens: 3, Sampling: sampler.Options{Ban: []int{3}, TopK: 2}}
		for piece, err := range m.Text(t.Context(), "w", o) {
			if err != nil {
				t.Fatal(err)
			}
			if piece.ID < 0 {
				if piece.Alternatives != nil {
					t.Errorf("the prompt has alternatives: %+v", piece)
				}
				continue
			}
			sum := 0.0
			for _, a := range piece.Alternatives {
				sum += math.Exp(float64(a.LogProb))
			}
			if len(piece.Alternatives) != c.want || c.want >= 10 && math.Abs(sum-1) > 1e-6 || (piece.LogProb != 0) != (c.n > 0) {
				t.Errorf("%+v: %d alternatives of sum %v, ln p = %v", c, len(piece.Alternatives), sum, piece.LogProb)
			}
		}
	}
}

// With all symbols allowed and named, log-probabilities add up to the score.
func TestLogProbsAreScore(t *testing.T) {
	m := openTiny(t)
	const text = "recipe for roasted carrots | chop the carrots"
	ids := m.Tokenizer().Append(nil, text)
	s, chain, sum := m.NewStream(), sampler.New(1), 0.0
	s.AllowUnknown(true)
	s.Advance(ids[0])
	for step, err := range chain.Run(t.Context(), &dictated{s, ids[1:]}, nil) {
		if err != nil {
			t.Fatal(err)
		}
		sum -= float64(step.LogProb)
	}
	score, err := m.Score(t.Context(), func(yield func(string) bool) { yield(text) }, &ScoreOptions{Length: len(ids)})
	if err != nil || sum != score.Loss || score.Symbols != len(ids)-1 {
		t.Errorf("Σ -ln p = %v, Score = %+v, %v", sum, score, err)
	}
}

// A dictated stream is told its symbols.
type dictated struct {
	*Stream
	ids []int
}

func (d *dictated) Done() bool         { return len(d.ids) == 0 }
func (d *dictated) Given() (int, bool) { return d.ids[0], true }

func (d *dictated) Advance(sym int) {
	d.Stream.Advance(sym)
	d.ids = d.ids[1:]
}
