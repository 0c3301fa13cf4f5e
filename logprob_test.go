package autoreg

import (
	"math"
	"testing"

	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/sampler"
)

// Log-probabilities of Text and Probs are those of the stream's own logits, and asking for
// them changes nothing else.
func TestLogProbs(t *testing.T) {
	m := small(t)
	tok := m.Tokenizer()
	prompt := tok.Word(3)
	for _, o := range []GenerateOptions{
		{Seed: 1, NewTokens: 30},
		{Seed: 2, NewTokens: 30, TopK: 3, Temperature: new(2.0)},
		{Seed: 3, NewTokens: 30, Temperature: new(0.0), AllowUnknown: true},
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
		var all []float32
		for piece, err := range m.Text(t.Context(), prompt, &o) {
			if err != nil {
				t.Fatal(err)
			}
			if piece.ID < 0 {
				continue
			}
			s.Logits(x)
			if want := x[piece.ID] - kernels.LogSumExp(x, scratch); piece.LogProb != want || !(want < 0) {
				t.Errorf("%+v: ln p of symbol %d is %v, want %v", o, piece.ID, piece.LogProb, want)
			}
			s.Advance(piece.ID)
			all = append(all, piece.LogProb)
		}
		for at, err := range m.Probs(t.Context(), prompt, &o, 11, 1) {
			if err != nil {
				t.Fatal(err)
			}
			if len(all) == 0 || at.LogProb != all[0] {
				t.Fatalf("%+v: Probs has ln p = %v, Text %v", o, at.LogProb, all)
			}
			all = all[1:]
			for _, next := range at.Next {
				if p := math.Exp(float64(at.LogProb)); next.ID == at.ID && math.Abs(p-float64(next.P[0])) > 1e-6 {
					t.Errorf("%+v: p = %v, listed as %v", o, p, next.P[0])
				}
			}
		}
		if len(all) != 0 {
			t.Errorf("%+v: Probs ends %d symbols before Text", o, len(all))
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
