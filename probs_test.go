package autoreg

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// Temperatures side by side are the distributions that Generate draws from.
func TestProbs(t *testing.T) {
	m := small(t)
	tok := m.Tokenizer()
	for _, o := range []GenerateOptions{
		{Seed: 3, NewTokens: 12, Plain: true},
		{Seed: 4, NewTokens: 12, AllowUnknown: true, TopK: 2, Temperature: new(1.0), Plain: true},
		{Seed: 5, NewTokens: 12, TopK: 5},
	} {
		temperatures := []float64{1, 0.2, 0, 5}
		prompt := tok.Word(3) + " Zzz"
		s := m.NewStream()
		s.AllowUnknown(o.AllowUnknown)
		for _, id := range tok.Append(nil, prompt) {
			s.Advance(id)
		}
		x := make([]float32, 13)
		text, ids := "", tok.Append(nil, prompt)
		for at, err := range m.Probs(t.Context(), prompt, &o, 4, temperatures...) {
			if err != nil {
				t.Fatal(err)
			}
			text = at.Text
			s.Logits(x)
			order := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
			slices.SortStableFunc(order, func(a, b int) int {
				switch {
				case x[a] > x[b]:
					return -1
				case x[a] < x[b]:
					return 1
				}
				return 0
			})
			if len(at.Next) != 4 {
				t.Fatalf("%d words, want 4", len(at.Next))
			}
			for i, next := range at.Next {
				if next.ID != order[i] || next.Word != tok.Word(order[i]) || len(next.P) != len(temperatures) {
					t.Fatalf("word %d is %+v, want symbol %d", i, next, order[i])
				}
				for j, T := range temperatures {
					want := 0.0
					if T > 0 {
						sum := 0.0
						for _, v := range x[:11] {
							sum += math.Exp(float64(v-x[next.ID]) / T)
						}
						want = 1 / sum
					} else if i == 0 {
						want = 1
					}
					if math.Abs(float64(next.P[j])-want) > 1e-6 {
						t.Errorf("P(%q) at temperature %v = %v, want %v", next.Word, T, next.P[j], want)
					}
				}
			}
			if at.Word != tok.Word(at.ID) {
				t.Errorf("drew %d, which is not %q", at.ID, at.Word)
			}
			s.Advance(at.ID)
			ids = append(ids, at.ID)
		}
		want := generate(t, m, prompt, &o)
		if text == "" || !strings.HasPrefix(want, text) {
			t.Errorf("the last position's text is %q, Generate's %q", text, want)
		}
		if !o.Plain {
			d := tok.DetokenizerAfter(prompt)
			if got := prompt + string(d.Append(nil, ids[2:]...)); got != want {
				t.Errorf("the symbols drawn make %q, Generate %q", got, want)
			}
		} else if got := prompt + string(tok.AppendText(nil, append([]int{0}, ids[2:]...)...)); got != want {
			t.Errorf("the symbols drawn make %q, Generate %q", got, want)
		}
	}
}

func TestProbsArguments(t *testing.T) {
	m := small(t)
	first := func(k int, temperatures ...float64) (Position, error) {
		for at, err := range m.Probs(t.Context(), "w", nil, k, temperatures...) {
			return at, err
		}
		return Position{}, errors.New("nothing")
	}
	for _, k := range []int{0, 1, 10, 11, 500} {
		want := min(k, 10) // 11 words less [UNK]
		if at, err := first(k, 1); err != nil || len(at.Next) != want {
			t.Errorf("k=%d: %d words, %v; want %d", k, len(at.Next), err, want)
		}
	}
	if at, err := first(2); err != nil || len(at.Next) != 2 || at.Next[0].P != nil {
		t.Errorf("no temperatures: %+v, %v", at, err)
	}
	for want, call := range map[string]func() (Position, error){
		"autoreg: top-k -1":        func() (Position, error) { return first(-1, 1) },
		"autoreg: temperature -1":  func() (Position, error) { return first(1, 1, -1) },
		"autoreg: temperature NaN": func() (Position, error) { return first(1, math.NaN()) },
	} {
		if _, err := call(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
