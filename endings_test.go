package autoreg

import (
	"errors"
	"testing"

	"github.com/autoreg/autoreg/sampler"
)

// The text says why it ended, and how many tokens it took.
func TestEndings(t *testing.T) {
	for _, c := range []struct {
		name   string
		m      *TextModel
		prompt string
		o      GenerateOptions
		want   Ending
		err    error
	}{
		{"stop", openTiny(t), "until tender", GenerateOptions{Sampling: sampler.Options{Temperature: new(0.0)}, Seed: 9}, Ending{sampler.ReasonStop, 2, 2, 9, ""}, nil},
		{"stop, plain", openTiny(t), "until tender", GenerateOptions{Sampling: sampler.Options{Temperature: new(0.0)}, Plain: true}, Ending{sampler.ReasonStop, 2, 2, 0, ""}, nil},
		{"a stop in the last place", openTiny(t), "until tender", GenerateOptions{Sampling: sampler.Options{Temperature: new(0.0)}, NewTokens: 2}, Ending{sampler.ReasonStop, 2, 2, 0, ""}, nil},
		{"length", endless(t), "a b c", GenerateOptions{NewTokens: 5}, Ending{sampler.ReasonLength, 3, 5, 0, ""}, nil},
		{"total length", endless(t), "a b c", GenerateOptions{MaxTokens: 5}, Ending{sampler.ReasonLength, 3, 2, 0, ""}, nil},
		{"default length", endless(t), "a b c", GenerateOptions{OmitPrompt: true}, Ending{sampler.ReasonLength, 3, 197, 0, ""}, nil},
		{"no room", endless(t), "a b c", GenerateOptions{MaxTokens: 3}, Ending{sampler.ReasonLength, 3, 0, 0, ""}, nil},
		{"no room, no prompt", endless(t), "a b c", GenerateOptions{MaxTokens: 2, OmitPrompt: true}, Ending{sampler.ReasonLength, 3, 0, 0, ""}, nil},
		{"nothing", endless(t), "a b", GenerateOptions{Transforms: []sampler.Transform{none{}}}, Ending{sampler.ReasonNothing, 2, 0, 0, ""}, sampler.ErrNoSymbol},
	} {
		g, err := c.m.Generate(t.Context(), c.prompt, &c.o)
		if g.Ending != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: Generate ends with %+v, %v; want %+v, %v", c.name, g.Ending, err, c.want, c.err)
		}
		ends, n, text := 0, 0, ""
		for piece, err := range c.m.Text(t.Context(), c.prompt, &c.o) {
			if ends > 0 {
				t.Errorf("%s: a piece after the last", c.name)
			}
			if text += piece.Text; piece.ID >= 0 {
				n++
			}
			if piece.End != nil {
				if ends++; *piece.End != c.want || !errors.Is(err, c.err) {
					t.Errorf("%s: Text ends with %+v, %v", c.name, piece.End, err)
				}
			}
		}
		if ends != 1 || n != c.want.NewTokens || text != g.Text {
			t.Errorf("%s: %d endings, %d words, text %q; want 1, %d, %q", c.name, ends, n, text, c.want.NewTokens, g.Text)
		}
	}
}

// none is a transform that leaves nothing.
type none struct{}

func (none) Apply(c *sampler.Candidates) { c.C = c.C[:0] }

// first is a transform that leaves the symbol with the largest logit of those that it is
// shown, and remembers how many those were.
type first struct{ seen *int }

func (f first) Apply(c *sampler.Candidates) {
	c.Sort()
	*f.seen = len(c.C)
	c.C = c.C[:1]
}

// Own transforms come before TopK and Temperature and never see "[UNK]" unless it is
// allowed.
func TestTransforms(t *testing.T) {
	m := endless(t)
	seen := 0
	cold := generate(t, m, "word", &GenerateOptions{Sampling: sampler.Options{Temperature: new(0.0)}})
	for _, unknown := range []bool{false, true} {
		o := &GenerateOptions{Transforms: []sampler.Transform{first{&seen}}, Sampling: sampler.Options{TopK: 5}, Seed: 3, AllowUnknown: unknown}
		got := generate(t, m, "word", o)
		want, n := cold, 10 // 11 words less [UNK]
		if unknown {
			want, n = generate(t, m, "word", &GenerateOptions{Sampling: sampler.Options{Temperature: new(0.0)}, AllowUnknown: true}), 11
		}
		if got != want || seen != n {
			t.Errorf("unknown %v: %q from %d candidates, want %q from %d", unknown, got, seen, want, n)
		}
	}
	// The built-in ones, listed, are the built-in ones, in whatever order is wanted.
	own := &GenerateOptions{Seed: 4, Transforms: []sampler.Transform{sampler.TopK(3), sampler.Temperature(2)}, Sampling: sampler.Options{Temperature: new(1.0)}}
	if got, want := generate(t, m, "word", own), generate(t, m, "word", &GenerateOptions{Seed: 4, Sampling: sampler.Options{TopK: 3, Temperature: new(2.0)}}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// The prompt is given back byte for byte, and what follows fits it.
func TestPromptVerbatim(t *testing.T) {
	m := openTiny(t)
	o := &GenerateOptions{Sampling: sampler.Options{Temperature: new(0.0)}, NewTokens: 2}
	for prompt, want := range map[string]string{
		"Zyzzyva's FLIBBER |":                 " Slice the",
		"add 1.5 cups of milk, at 10:30 |":    " Slice the",
		"  roast\tthem\r\nuntil  TENDER":      ".",
		"roast them until tender ":            ".",
		"tender.\n|\n":                        "Slice the",
		"“Hello,” he said. peel":              " the carrots",
		"\xff\xfe peel":                       " the carrots",
		"<b>Recipe</b> for":                   " roasted carrots",
		"don’t \"chop\" the onions, but peel": " the carrots",
	} {
		if got := generate(t, m, prompt, o); got != prompt+want {
			t.Errorf("Generate(%q) = %q, want the prompt and %q", prompt, got, want)
		}
	}
}
