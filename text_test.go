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
)

// endless returns a model that never stops, and whose likeliest word by far is
// "[UNK]".
func endless(t testing.TB) *TextModel {
	m := small(t)
	return edited(t, m, func(weights func(string) []float32) {
		b := weights("output.bias")
		b[m.Tokenizer().Stop()], b[m.Tokenizer().Unknown()] = -1000, 100
	})
}

func generate(t testing.TB, m *TextModel, prompt string, o *GenerateOptions) string {
	t.Helper()
	g, err := m.Generate(context.Background(), prompt, o)
	if err != nil {
		t.Fatalf("Generate(%q, %+v): %v", prompt, o, err)
	}
	return g.Text
}

// The text is the prompt as given, then a space and a word for each new symbol,
// the stop symbol's word being empty; the symbols are those that the model's
// logits and the chain give.
func TestGenerateText(t *testing.T) {
	m := openTiny(t)
	tok := m.Tokenizer()
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for seed := range uint64(20) {
			const prompt = "  Recipe for roasted Carrots| chop "
			chain := sampler.New(seed, sampler.TopK(3), sampler.Temperature(2))
			ids := collect(t, m.NewStream(), 33, chain, tok.Append(nil, "recipe for roasted carrots | chop")...)
			want := prompt
			for _, id := range ids {
				want += " " + tok.Word(id)
			}
			o := &GenerateOptions{Sampling: sampler.Options{Temperature: new(2.0), TopK: 3}, Seed: seed, MaxTokens: 39, Plain: true}
			if got := generate(t, m, prompt, o); got != want {
				t.Errorf("Generate[%s](seed %d) = %q, want %q", isa, seed, got, want)
			}
			o.OmitPrompt = true
			if got := generate(t, m, prompt, o); prompt+got != want {
				t.Errorf("without prompt: %q, want %q", got, want)
			}
			// As prose the prompt is the same, and the words continue it.
			o.Plain = false
			d := tok.DetokenizerAfter(prompt)
			pretty := string(d.Append(nil, ids...))
			if got := generate(t, m, prompt, o); got != pretty {
				t.Errorf("pretty, without prompt: %q, want %q", got, pretty)
			}
			o.OmitPrompt = false
			if got := generate(t, m, prompt, o); got != prompt+pretty {
				t.Errorf("pretty: %q, want %q", got, prompt+pretty)
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
			if piece.ID < 0 && piece.End != nil {
				break // nothing was to be written
			}
			if err != nil || len(strings.Fields(piece.Text)) != 1 {
				t.Fatalf("%q, %v", piece, err)
			}
			if n++; c.want < 0 && n == 300 {
				break
			}
		}
		if c.want >= 0 && n != c.want || c.want < 0 && n != 300 {
			t.Errorf("MaxTokens %d, NewTokens %d: %d new words, want %d", c.max, c.new, n, c.want)
		}
	}
	if got := generate(t, m, prompt, &GenerateOptions{MaxTokens: 5}); got != prompt {
		t.Errorf("a prompt of MaxTokens words becomes %q", got)
	}
}

func TestUnknownIsNotDrawn(t *testing.T) {
	m := endless(t)
	for _, o := range []GenerateOptions{{}, {Sampling: sampler.Options{TopK: 2}}, {Sampling: sampler.Options{Temperature: new(0.0)}}, {Sampling: sampler.Options{Temperature: new(0.1)}}} {
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

// The zero options, none, and temperature 0.7 are the same; a seed gives one text.
func TestDefaults(t *testing.T) {
	m := small(t)
	prompt := m.Tokenizer().Word(4)
	want := generate(t, m, prompt, nil)
	texts := map[string]bool{}
	for seed := range uint64(30) {
		a, b := generate(t, m, prompt, &GenerateOptions{Seed: seed}), generate(t, m, prompt, &GenerateOptions{Seed: seed, Sampling: sampler.Options{Temperature: new(0.7)}, MaxTokens: 200})
		if a != b || seed == 0 && a != want {
			t.Errorf("seed %d: %q without a temperature, %q with 0.7, %q without options", seed, a, b, want)
		}
		texts[a] = true
	}
	if len(texts) < 15 {
		t.Errorf("30 seeds give %d texts", len(texts))
	}
	cold := generate(t, m, prompt, &GenerateOptions{Sampling: sampler.Options{Temperature: new(0.0)}})
	for seed := range uint64(5) {
		if got := generate(t, m, prompt, &GenerateOptions{Sampling: sampler.Options{Temperature: new(0.0)}, Seed: seed}); got != cold {
			t.Errorf("temperature 0, seed %d: %q, want %q", seed, got, cold)
		}
		if got := generate(t, m, prompt, &GenerateOptions{Sampling: sampler.Options{TopK: 1}, Seed: seed}); got != cold {
			t.Errorf("top-k 1, seed %d: %q, want %q", seed, got, cold)
		}
	}
}

func TestPromptForms(t *testing.T) {
	m := openTiny(t)
	greedy := GenerateOptions{Sampling: sampler.Options{Temperature: new(0.0)}, NewTokens: 1, Plain: true}
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
		{"[UNK] for", "roasted", []string{"[", "unk", "]"}, nil},
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
	if got := generate(t, m, "Qwerty asdf", nil); !strings.HasPrefix(got, "Qwerty asdf") || got == "Qwerty asdf" {
		t.Errorf("Generate = %q", got)
	}
}

func TestGenerateTextErrors(t *testing.T) {
	m, nan := small(t), float32(math.NaN())
	for _, c := range []struct {
		prompt string
		o      GenerateOptions
		is     error
		want   string
	}{
		{"", GenerateOptions{}, ErrEmptyPrompt, "autoreg: the prompt holds no token"},
		{" \t\n", GenerateOptions{}, ErrEmptyPrompt, ""},
		{" \u00a0\n", GenerateOptions{RawPrompt: true}, ErrEmptyPrompt, ""},
		{"\uFEFF", GenerateOptions{}, ErrEmptyPrompt, ""},
		{"w", GenerateOptions{Transforms: []sampler.Transform{sampler.TopK(1), nil}}, nil, "autoreg: Transforms[1] is nil"},
		{"w", GenerateOptions{Transforms: []sampler.Transform{sampler.TopK(-3)}}, nil, "autoreg: top-k -3"},
		{"w", GenerateOptions{Transforms: []sampler.Transform{sampler.TopP(2)}}, nil, "autoreg: top-p 2"},
		{"w", GenerateOptions{Sampling: sampler.Options{TopP: 1.5}}, nil, "autoreg: top-p 1.5"},
		{"w", GenerateOptions{Sampling: sampler.Options{TopP: -0.1}}, nil, "autoreg: top-p -0.1"},
		{"w", GenerateOptions{Sampling: sampler.Options{MinP: math.NaN()}}, nil, "autoreg: min-p NaN"},
		{"w", GenerateOptions{Sampling: sampler.Options{TypicalP: math.Inf(1)}}, nil, "autoreg: typical-p +Inf"},
		{"w", GenerateOptions{Sampling: sampler.Options{Ban: []int{1, -1}}}, nil, "autoreg: ban of symbol -1"},
		{"w", GenerateOptions{Sampling: sampler.Options{Bias: []sampler.SymbolBias{{ID: -2, Bias: 1}}}}, nil, "autoreg: bias of symbol -2"},
		{"w", GenerateOptions{Sampling: sampler.Options{Penalties: sampler.Penalties{Repetition: nan}}}, nil, "autoreg: repetition penalty NaN"},
		{"w", GenerateOptions{Sampling: sampler.Options{Penalties: sampler.Penalties{Presence: nan}}}, nil, "autoreg: presence penalty NaN"},
		{"w", GenerateOptions{Sampling: sampler.Options{Penalties: sampler.Penalties{Frequency: nan}}}, nil, "autoreg: frequency penalty NaN"},
		{"w", GenerateOptions{Sampling: sampler.Options{Penalties: sampler.Penalties{Window: -1}}}, nil, "autoreg: penalty window -1"},
		{"w", GenerateOptions{StopStrings: []string{"a", ""}}, nil, "autoreg: StopStrings[1] is empty"},
		{"w", GenerateOptions{StopStrings: []string{"\xc3"}}, nil, `autoreg: StopStrings[0] is "\xc3", which is not UTF-8`},
		{"w", GenerateOptions{StopTokens: []int{13}}, nil, "autoreg: StopTokens[0] is 13: want 0 to 12"},
		{"w", GenerateOptions{StopTokens: []int{0, -1}}, nil, "autoreg: StopTokens[1] is -1"},
		{"w", GenerateOptions{Alternatives: -1}, nil, "autoreg: Alternatives is -1"},
		{"w", GenerateOptions{From: small(t).NewStream()}, nil, "autoreg: From is a stream of another model"},
		{"", GenerateOptions{From: m.NewStream()}, ErrEmptyPrompt, ""},
		{"w", GenerateOptions{MaxTokens: -1}, nil, "autoreg: MaxTokens is -1"},
		{"w", GenerateOptions{NewTokens: -7}, nil, "autoreg: NewTokens is -7"},
		{"w", GenerateOptions{Sampling: sampler.Options{TopK: -2}}, nil, "autoreg: top-k -2"},
		{"w", GenerateOptions{Sampling: sampler.Options{Temperature: new(-0.5)}}, nil, "autoreg: temperature -0.5"},
		{"w", GenerateOptions{Sampling: sampler.Options{Temperature: new(math.NaN())}}, nil, "autoreg: temperature NaN"},
		{"w", GenerateOptions{Sampling: sampler.Options{Temperature: new(math.Inf(1))}}, nil, "autoreg: temperature +Inf"},
		{"w", GenerateOptions{Sampling: sampler.Options{Temperature: new(1e300)}}, nil, "autoreg: temperature +Inf"},
	} {
		g, err := m.Generate(t.Context(), c.prompt, &c.o)
		if g != (Generation{}) || err == nil || !strings.HasPrefix(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("Generate(%q, %+v) = %+v, %v; want %q", c.prompt, c.o, g, err, c.want)
		}
	}
}

// An error comes with the text so far, and last.
func TestTextCanceled(t *testing.T) {
	m := endless(t)
	whole := generate(t, m, "word", nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var (
		text string
		last error
		end  *Ending
	)
	for piece, err := range m.Text(ctx, "word", nil) {
		if last != nil {
			t.Fatal("an element after the error")
		}
		if last = err; strings.Count(text+piece.Text, " ") == 4 {
			cancel()
		}
		if text += piece.Text; (piece.End != nil) != (err != nil) {
			t.Errorf("piece %+v with error %v", piece, err)
		}
		end = piece.End
	}
	if want := (Ending{sampler.ReasonCanceled, 1, 4, 0, ""}); end == nil || *end != want {
		t.Errorf("ending %+v, want %+v", end, want)
	}
	if !errors.Is(last, context.Canceled) || !strings.HasPrefix(whole, text) || strings.Count(text, " ") != 4 {
		t.Errorf("text %q, error %v; want four words of %q and context.Canceled", text, last, whole)
	}
	want := Generation{"word", Ending{sampler.ReasonCanceled, 1, 0, 0, ""}}
	if g, err := m.Generate(ctx, "word", nil); g != want || !errors.Is(err, context.Canceled) {
		t.Errorf("Generate = %+v, %v; want %+v and context.Canceled", g, err, want)
	}
}

// Each range over Text starts anew, and a caller may break off anywhere.
func TestTextAgain(t *testing.T) {
	m := endless(t)
	seq := m.Text(t.Context(), "word", &GenerateOptions{Seed: 5})
	want := generate(t, m, "word", &GenerateOptions{Seed: 5})
	for stop := range 5 {
		for range seq {
			if stop--; stop < 0 {
				break
			}
		}
		got := ""
		for piece := range seq {
			got += piece.Text
		}
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
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
			got += "\n" + generate(t, m, "recipe for", &GenerateOptions{Seed: seed, Sampling: sampler.Options{Temperature: new(3.0)}})
		}
		if want == "" {
			want = got
		} else if got != want {
			t.Errorf("isa=%s: %s\nwant %s", isa, got, want)
		}
	})
}
