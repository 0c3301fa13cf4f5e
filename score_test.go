package autoreg

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
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
		got, err := m.Score(t.Context(), slices.Values(docs), &ScoreOptions{Length: c.limit})
		if err != nil {
			t.Fatal(err)
		}
		want := 0.0
		for _, doc := range docs {
			ids := append(tok.Append(nil, doc), tok.Stop())
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
		if got.Items != c.documents || got.Symbols != c.tokens || got.Unknown != c.unknown || math.Abs(got.Loss-want) > 1e-6*want {
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
		if got, err := m.Score(t.Context(), slices.Values(docs), nil); !errors.Is(err, ErrNothingToScore) || got.Symbols != 0 || err.Error() != "autoreg: nothing to score: the texts hold no word" {
			t.Errorf("Score(%q) = %+v, %v; want ErrNothingToScore", docs, got, err)
		}
	}
	for _, n := range []int{-3, 1} {
		want := fmt.Sprintf("autoreg: Length is %d: want 2 or more", n)
		if _, err := m.Score(t.Context(), slices.Values([]string{"a b"}), &ScoreOptions{Length: n}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Length %d: %v, want %q", n, err, want)
		}
	}
	for name, o := range map[string]ScoreOptions{
		"Height is 3: it is for images, leave it at 0":  {Height: 3, Width: 3},
		"Width is -1: it is for images, leave it at 0":  {Width: -1},
		"Threads is -2: want 1 or more, or 0 for one a": {Threads: -2},
	} {
		if _, err := m.Score(t.Context(), slices.Values([]string{"a b"}), &o); err == nil || !strings.HasPrefix(err.Error(), "autoreg: "+name) {
			t.Errorf("%+v: %v, want %q", o, err, name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Score(ctx, slices.Values([]string{"a b"}), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// Scores of parts add up.
func TestScoreAdd(t *testing.T) {
	sum := Score{1, 2, 3, 4.5}
	if sum.Add(Score{10, 20, 30, 0.25}); sum != (Score{11, 22, 33, 4.75}) {
		t.Errorf("sum %+v", sum)
	}
	if got, want := sum.Bits(), 4.75/22/math.Ln2; math.Abs(got-want) > 1e-15 {
		t.Errorf("Bits = %v, want %v", got, want)
	}
}

// A perplexity has the same bits on every architecture.
func TestPerplexityBits(t *testing.T) {
	score, err := openTiny(t).Score(t.Context(), slices.Values(tinyTexts), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		score Score
		want  uint64
	}{
		{score, 0x3ff86b1ac05093b6},
		{Score{Symbols: 7, Loss: 40.1}, 0x40733879598407ee},
		{Score{Symbols: 1, Loss: 1e9}, 0x7ff0000000000000},
	} {
		if got := math.Float64bits(c.score.Perplexity()); got != c.want {
			t.Errorf("Perplexity of %+v = %#x, want %#x", c.score, got, c.want)
		}
	}
}
