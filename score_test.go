package autoreg

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/tokenizer"
)

func TestScore(t *testing.T) {
	m := small(t)
	tok := m.Tokenizer()
	docs := []string{
		strings.Join([]string{tok.Word(2), tok.Word(5), tok.Word(9), "quinoa", tok.Word(3)}, " "),
		"",
		"  ",
		tok.Word(7),
		strings.Repeat(tok.Word(4)+" ", 30),
	}
	for _, c := range []struct{ limit, documents, tokens, unknown int }{
		{0, 3, 5 + 1 + 30, 1},
		{6, 3, 5 + 1 + 5, 1},
		{4, 3, 3 + 1 + 3, 1},
		{3, 3, 2 + 1 + 2, 0},
		{2, 3, 1 + 1 + 1, 0},
		{31, 3, 5 + 1 + 30, 1},
		{30, 3, 5 + 1 + 29, 1},
	} {
		got, err := m.Score(t.Context(), slices.Values(docs), &ScoreOptions{MaxTokens: c.limit})
		if err != nil {
			t.Fatal(err)
		}
		want := 0.0
		for _, doc := range docs {
			ids := append(tok.Append(nil, doc), tokenizer.Stop)
			if c.limit > 0 && len(ids) > c.limit {
				ids = ids[:c.limit]
			}
			s := m.text.Stack.NewState()
			x := make([]float32, 13)
			for i, next := range ids[1:] {
				s.Advance(ids[i])
				s.Logits(x)
				sum := 0.0
				for _, v := range x {
					sum += math.Exp(float64(v - x[next]))
				}
				want += math.Log(sum)
			}
		}
		if got.Documents != c.documents || got.Tokens != c.tokens || got.Unknown != c.unknown || math.Abs(got.Loss-want) > 1e-6*want {
			t.Errorf("Score(limit %d) = %+v; want %d documents, %d tokens, %d unknown, loss %v", c.limit, got, c.documents, c.tokens, c.unknown, want)
		}
		if mean := want / float64(c.tokens); math.Abs(got.Mean()-mean) > 1e-6 || math.Abs(got.Perplexity()-math.Exp(mean)) > 1e-5 {
			t.Errorf("Mean %v, Perplexity %v; want %v, %v", got.Mean(), got.Perplexity(), mean, math.Exp(mean))
		}
	}
}

func TestScoreErrors(t *testing.T) {
	m := small(t)
	for _, docs := range [][]string{nil, {"", " \n"}} {
		if got, err := m.Score(t.Context(), slices.Values(docs), nil); !errors.Is(err, ErrNothingToScore) || got.Tokens != 0 {
			t.Errorf("Score(%q) = %+v, %v; want ErrNothingToScore", docs, got, err)
		}
	}
	if _, err := m.Score(t.Context(), slices.Values([]string{"a"}), &ScoreOptions{MaxTokens: -3}); err == nil || !strings.HasPrefix(err.Error(), "autoreg: MaxTokens is -3") {
		t.Errorf("MaxTokens -3: %v", err)
	}
	if _, err := m.Score(t.Context(), slices.Values([]string{"a b"}), &ScoreOptions{MaxTokens: 1}); !errors.Is(err, ErrNothingToScore) {
		t.Errorf("MaxTokens 1: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Score(ctx, slices.Values([]string{"a b"}), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}
