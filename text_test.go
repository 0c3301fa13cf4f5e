package autoreg

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/sampler"
	"github.com/autoreg/autoreg/tokenizer"
)

// endless returns a model that never stops, and whose likeliest word by far is
// "[UNK]".
func endless(t testing.TB) *Model {
	m := small(t)
	w, b := m.text.Stack.Head.Weights()
	b[tokenizer.Stop], b[tokenizer.Unknown] = -1000, 100
	m.text.Stack.Head.SetWeights(w, b)
	return m
}

func generate(t testing.TB, m *Model, prompt string, o *GenerateOptions) string {
	t.Helper()
	text, err := m.Generate(context.Background(), prompt, o)
	if err != nil {
		t.Fatalf("Generate(%q, %+v): %v", prompt, o, err)
	}
	return text
}

// The text is the prompt as given, then a space and a word for each new symbol,
// the stop symbol's word being empty; the symbols are those that the model's
// scores and the chain give.
func TestGenerateText(t *testing.T) {
	m := openTiny(t)
	tok := m.Tokenizer()
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for seed := range uint64(20) {
			const prompt = "  Recipe for roasted Carrots| chop "
			ts := []sampler.Transform{sampler.Exclude(tokenizer.Unknown), sampler.TopK(3), sampler.Temperature(2)}
			ids := collect(t, m.NewStream(), 33, sampler.New(seed, ts...), tok.Append(nil, "recipe for roasted carrots | chop")...)
			want := prompt
			for _, id := range ids {
				want += " " + tok.Word(id)
			}
			o := &GenerateOptions{Temperature: new(2.0), TopK: 3, Seed: seed, MaxTokens: 39}
			if got := generate(t, m, prompt, o); got != want {
				t.Errorf("Generate[%s](seed %d) = %q, want %q", isa, seed, got, want)
			}
			o.OmitPrompt = true
			if got := generate(t, m, prompt, o); prompt+got != want {
				t.Errorf("without prompt: %q, want %q", got, want)
			}
			o.Pretty = true
			all := append(tok.Append(nil, prompt), ids...)
			pretty := string(tok.AppendPretty(nil, all...))
			if got := generate(t, m, prompt, o); !strings.HasSuffix(pretty, got) || strings.Contains(got, "Recipe") {
				t.Errorf("pretty, without prompt: %q, want the end of %q", got, pretty)
			}
			o.OmitPrompt = false
			if got := generate(t, m, prompt, o); got != pretty {
				t.Errorf("pretty: %q, want %q", got, pretty)
			}
		}
	})
}

// MaxTokens counts the prompt, NewTokens does not.
func TestLimits(t *testing.T) {
	m := endless(t)
	prompt := strings.Repeat("word ", 5)
	for _, c := range []struct{ max, new, want int }{
		{0, 0, DefaultMaxTokens - 5},
		{6, 0, 1},
		{10, 0, 5},
		{5, 0, 0},
		{4, 0, 0},
		{1, 0, 0},
		{0, 1, 1},
		{0, 150, 150},
		{10, 3, 3},
		{10, 30, 5},
		{5, 3, 0},
		{3, 3, 0},
		{math.MaxInt, math.MaxInt, -1},
		{0, math.MaxInt, -1},
	} {
		n := 0
		for piece, err := range m.Text(t.Context(), prompt, &GenerateOptions{MaxTokens: c.max, NewTokens: c.new, OmitPrompt: true}) {
			if err != nil || len(strings.Fields(piece)) != 1 {
				t.Fatalf("%q, %v", piece, err)
			}
			if n++; c.want < 0 && n == 300 {
				break
			}
		}
		if c.want >= 0 && n != c.want || c.want < 0 && n != 300 {
			t.Errorf("MaxTokens %d, NewTokens %d: %d new words, want %d", c.max, c.new, n, c.want)
		}
		probs := 0
		for _, err := range m.Probs(t.Context(), prompt, &GenerateOptions{MaxTokens: c.max, NewTokens: c.new}, 1, 1) {
			if err != nil {
				t.Fatal(err)
			}
			if probs++; probs == 300 {
				break
			}
		}
		if probs != n {
			t.Errorf("MaxTokens %d, NewTokens %d: Probs has %d positions, want %d", c.max, c.new, probs, n)
		}
	}
	if got := generate(t, m, prompt, &GenerateOptions{MaxTokens: 5}); got != prompt {
		t.Errorf("a prompt of MaxTokens words becomes %q", got)
	}
}

func TestUnknownIsNotDrawn(t *testing.T) {
	m := endless(t)
	for _, o := range []GenerateOptions{{}, {TopK: 2}, {Temperature: new(0.0)}, {Temperature: new(0.1)}} {
		if got := generate(t, m, "word", &o); strings.Contains(got, "[UNK]") {
			t.Errorf("%+v: %q", o, got)
		}
		o.AllowUnknown = true
		o.NewTokens = 3
		if got, want := generate(t, m, "word", &o), "word [UNK] [UNK] [UNK]"; got != want {
			t.Errorf("%+v: %q, want %q", o, got, want)
		}
	}
}

// The zero options, none, and temperature 1 are the same; a seed gives one text.
func TestDefaults(t *testing.T) {
	m := small(t)
	prompt := m.Tokenizer().Word(4)
	want := generate(t, m, prompt, nil)
	texts := map[string]bool{}
	for seed := range uint64(30) {
		a, b := generate(t, m, prompt, &GenerateOptions{Seed: seed}), generate(t, m, prompt, &GenerateOptions{Seed: seed, Temperature: new(1.0)})
		if a != b || seed == 0 && a != want {
			t.Errorf("seed %d: %q without a temperature, %q with 1, %q without options", seed, a, b, want)
		}
		texts[a] = true
	}
	if len(texts) < 15 {
		t.Errorf("30 seeds give %d texts", len(texts))
	}
	cold := generate(t, m, prompt, &GenerateOptions{Temperature: new(0.0)})
	for seed := range uint64(5) {
		if got := generate(t, m, prompt, &GenerateOptions{Temperature: new(0.0), Seed: seed}); got != cold {
			t.Errorf("temperature 0, seed %d: %q, want %q", seed, got, cold)
		}
		if got := generate(t, m, prompt, &GenerateOptions{TopK: 1, Seed: seed}); got != cold {
			t.Errorf("top-k 1, seed %d: %q, want %q", seed, got, cold)
		}
	}
}

func TestPromptForms(t *testing.T) {
	m := openTiny(t)
	greedy := GenerateOptions{Temperature: new(0.0), NewTokens: 1}
	raw := greedy
	raw.RawPrompt = true
	for _, c := range []struct {
		prompt       string
		next         string // with the tokenizer
		unknown, raw []string
	}{
		{"for", "roasted", nil, nil},
		{"FOR", "roasted", nil, []string{"FOR"}},
		{"Recipe FOR", "roasted", nil, []string{"Recipe", "FOR"}},
		{"tender.", "", nil, []string{"tender."}},
		{"quinoa, Quinoa; for", "roasted", []string{"quinoa", ",", ";"}, []string{"quinoa,", "Quinoa;"}},
	} {
		if got, want := generate(t, m, c.prompt, &greedy), c.prompt+" "+c.next; got != want {
			t.Errorf("Generate(%q) = %q, want %q", c.prompt, got, want)
		}
		if got := m.UnknownWords(c.prompt, nil); !slices.Equal(got, c.unknown) {
			t.Errorf("UnknownWords(%q) = %q, want %q", c.prompt, got, c.unknown)
		}
		if got := m.UnknownWords(c.prompt, &raw); !slices.Equal(got, c.raw) {
			t.Errorf("UnknownWords(%q), raw, = %q, want %q", c.prompt, got, c.raw)
		}
	}
	// "tender." is one unknown word if taken as it stands.
	if a, b := generate(t, m, "tender.", &raw), generate(t, m, "qwerty", &raw); strings.TrimPrefix(a, "tender.") != strings.TrimPrefix(b, "qwerty") {
		t.Errorf("raw: %q and %q continue differently", a, b)
	}
	// A prompt of unknown words only works.
	if got := generate(t, m, "qwerty asdf", nil); !strings.HasPrefix(got, "qwerty asdf ") {
		t.Errorf("Generate = %q", got)
	}
}

func TestGenerateTextErrors(t *testing.T) {
	m := small(t)
	for _, c := range []struct {
		prompt string
		o      GenerateOptions
		is     error
		want   string
	}{
		{"", GenerateOptions{}, ErrEmptyPrompt, "autoreg: the prompt holds no word"},
		{" \t\n", GenerateOptions{}, ErrEmptyPrompt, ""},
		{" \u00a0\n", GenerateOptions{RawPrompt: true}, ErrEmptyPrompt, ""},
		{"w", GenerateOptions{MaxTokens: -1}, nil, "autoreg: MaxTokens is -1"},
		{"w", GenerateOptions{NewTokens: -7}, nil, "autoreg: NewTokens is -7"},
		{"w", GenerateOptions{TopK: -2}, nil, "autoreg: top-k -2"},
		{"w", GenerateOptions{Temperature: new(-0.5)}, nil, "autoreg: temperature -0.5"},
		{"w", GenerateOptions{Temperature: new(math.NaN())}, nil, "autoreg: temperature NaN"},
		{"w", GenerateOptions{Temperature: new(math.Inf(1))}, nil, "autoreg: temperature +Inf"},
		{"w", GenerateOptions{Temperature: new(1e300)}, nil, "autoreg: temperature +Inf"},
	} {
		text, err := m.Generate(t.Context(), c.prompt, &c.o)
		if text != "" || err == nil || !strings.HasPrefix(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("Generate(%q, %+v) = %q, %v; want %q", c.prompt, c.o, text, err, c.want)
		}
		n := 0
		for at, err := range m.Probs(t.Context(), c.prompt, &c.o, 3, 1) {
			if n++; err == nil || at.Next != nil {
				t.Errorf("Probs(%q, %+v) yields %v, %v", c.prompt, c.o, at, err)
			}
		}
		if n != 1 {
			t.Errorf("Probs(%q, %+v) has %d elements, want 1", c.prompt, c.o, n)
		}
	}
}

// An error comes with the text so far, and last.
func TestTextCanceled(t *testing.T) {
	m := endless(t)
	whole := generate(t, m, "word", nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var text string
	var last error
	for piece, err := range m.Text(ctx, "word", nil) {
		if last != nil {
			t.Fatal("an element after the error")
		}
		if last = err; strings.Count(text+piece, " ") == 4 {
			cancel()
		}
		text += piece
	}
	if !errors.Is(last, context.Canceled) || !strings.HasPrefix(whole, text) || strings.Count(text, " ") != 4 {
		t.Errorf("text %q, error %v; want four words of %q and context.Canceled", text, last, whole)
	}
	if text, err := m.Generate(ctx, "word", nil); text != "word" || !errors.Is(err, context.Canceled) {
		t.Errorf("Generate = %q, %v; want the prompt and context.Canceled", text, err)
	}
	for _, err := range m.Probs(ctx, "word", nil, 1, 1) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Probs: %v", err)
		}
	}
}

// Each range over Text starts anew, and a caller may break off anywhere.
func TestTextAgain(t *testing.T) {
	m := endless(t)
	seq := m.Text(t.Context(), "word", &GenerateOptions{Seed: 5, Pretty: true})
	want := generate(t, m, "word", &GenerateOptions{Seed: 5, Pretty: true})
	for stop := range 5 {
		for range seq {
			if stop--; stop < 0 {
				break
			}
		}
		got := ""
		for piece := range seq {
			got += piece
		}
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Temperatures side by side are the distributions that Generate draws from.
func TestProbs(t *testing.T) {
	m := small(t)
	tok := m.Tokenizer()
	for _, o := range []GenerateOptions{
		{Seed: 3, NewTokens: 12},
		{Seed: 4, NewTokens: 12, AllowUnknown: true, TopK: 2, Temperature: new(0.7)},
		{Seed: 5, NewTokens: 12, Pretty: true, TopK: 5},
	} {
		temperatures := []float64{1, 0.2, 0, 5}
		prompt := tok.Word(3) + " Zzz"
		s := m.NewStream()
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
			if !o.AllowUnknown {
				x[1] = float32(math.Inf(-1))
			}
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
		if o.Pretty {
			if got := string(tok.AppendPretty(nil, ids...)); got != want {
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

// Scores and texts of the same model are the same bits on every instruction set.
func TestEveryISA(t *testing.T) {
	m := openTiny(t)
	want := ""
	testkit.EachISA(t, func(t *testing.T, isa string) {
		score, err := m.Score(t.Context(), slices.Values(tinyTexts), nil)
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%x", score.Loss)
		for seed := range uint64(10) {
			got += "\n" + generate(t, m, "recipe for", &GenerateOptions{Seed: seed, Temperature: new(3.0)})
		}
		if want == "" {
			want = got
		} else if got != want {
			t.Errorf("isa=%s: %s\nwant %s", isa, got, want)
		}
	})
}
