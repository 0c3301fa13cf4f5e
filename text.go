package autoreg

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/autoreg/autoreg/sampler"
	"github.com/autoreg/autoreg/tokenizer"
)

// DefaultMaxTokens is the length of a generated text, prompt included, where
// GenerateOptions sets no limit.
const DefaultMaxTokens = 100

// ErrEmptyPrompt is the error for a prompt without a word: the model needs one to
// begin with.
var ErrEmptyPrompt = errors.New("autoreg: the prompt holds no word")

// GenerateOptions choose how a prompt is continued. The zero value, or a nil
// pointer, draws from the model's own probabilities.
type GenerateOptions struct {
	// Temperature divides the scores: below 1 prefers likely words, above 1 evens
	// out, 0 always takes the likeliest. nil means 1. With Go 1.26, new(0.2).
	Temperature *float64
	// TopK draws among the k likeliest words only; 0 means all.
	TopK int
	// Seed starts the random sequence: the same seed gives the same text.
	Seed uint64

	// MaxTokens ends the text at so many words, the prompt's included, and
	// NewTokens after so many new ones, a final stop symbol counting too. 0
	// means no such limit; if both are 0, MaxTokens is DefaultMaxTokens. A prompt
	// that has MaxTokens words or more is returned as it is.
	MaxTokens, NewTokens int

	// AllowUnknown lets the model write "[UNK]", its name for all words that it
	// does not know.
	AllowUnknown bool
	// RawPrompt takes the prompt's words as they stand between blanks, without
	// lowering them or setting punctuation apart: "recipe for cake | chop 1 /".
	RawPrompt bool

	// Pretty writes text with the spacing and capitals of prose (see
	// tokenizer.Detokenizer) instead of single spaces between words.
	Pretty bool
	// OmitPrompt leaves the prompt out of the text, which then begins with the space
	// before its first word.
	OmitPrompt bool
}

// Generate continues prompt until the model stops or a limit is reached, and
// returns the text, prompt included. nil options mean the zero value.
//
// The prompt goes through the model's tokenizer; words that it does not know
// are read as "[UNK]" ([Model.UnknownWords] tells which). The text is the prompt
// as given and then, for each new word, a space and the word; if the model
// stops by itself, the text ends in a space, the stop symbol being an empty
// word. With Pretty the whole text is spaced as prose.
//
// It returns an error for a prompt without words ([ErrEmptyPrompt]), for options
// that make no sense, if ctx is done (ctx.Err()) and if the scores are not
// finite (sampler.ErrNoSymbol); the last two come with the text so far.
func (m *Model) Generate(ctx context.Context, prompt string, o *GenerateOptions) (string, error) {
	var b strings.Builder
	for piece, err := range m.Text(ctx, prompt, o) {
		if err != nil {
			return b.String(), err
		}
		b.WriteString(piece)
	}
	return b.String(), nil
}

// Text is Generate piece by piece, for showing a text while it is being written:
// first the prompt, then each word with the space before it, if any. The pieces
// together are what Generate returns. An error is yielded last, with an empty
// piece. Each range over the sequence starts anew.
func (m *Model) Text(ctx context.Context, prompt string, o *GenerateOptions) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		g, err := m.prepare(prompt, o)
		if err != nil {
			yield("", err)
			return
		}
		if piece := g.prompt(prompt); piece != "" && !yield(piece, nil) {
			return
		}
		if g.room <= 0 {
			return
		}
		for id, err := range m.NewStream().Generate(ctx, g.chain, g.ids...) {
			if err != nil {
				yield("", err)
				return
			}
			g.room--
			if piece := g.piece(id); piece != "" && !yield(piece, nil) {
				return
			}
			if g.room == 0 {
				return
			}
		}
	}
}

// UnknownWords returns the words of a prompt that the model does not know, each
// once, as its tokenizer reads them. Of o, only RawPrompt matters; with it, a
// literal "[UNK]" is a word that the model knows.
func (m *Model) UnknownWords(prompt string, o *GenerateOptions) []string {
	words := m.Tokenizer().Words
	if o != nil && o.RawPrompt {
		words = m.Tokenizer().RawWords
	}
	var unknown []string
	seen := make(map[string]bool)
	for w := range words(prompt) {
		if _, ok := m.Tokenizer().ID(w); !ok && !seen[w] {
			seen[w] = true
			unknown = append(unknown, w)
		}
	}
	return unknown
}

// A generation is a prompt with its options checked and applied.
type generation struct {
	o     GenerateOptions
	ids   []int // of the prompt
	room  int   // new words at most; may be negative
	chain *sampler.Chain
	tok   *tokenizer.Tokenizer
	prose tokenizer.Detokenizer
	buf   []byte
}

func (m *Model) prepare(prompt string, o *GenerateOptions) (*generation, error) {
	if o == nil {
		o = &GenerateOptions{}
	}
	g := &generation{o: *o, tok: m.Tokenizer(), prose: m.Tokenizer().Detokenizer()}
	switch {
	case o.MaxTokens < 0:
		return nil, fmt.Errorf("autoreg: MaxTokens is %d: want 1 or more, or 0 for no limit", o.MaxTokens)
	case o.NewTokens < 0:
		return nil, fmt.Errorf("autoreg: NewTokens is %d: want 1 or more, or 0 for no limit", o.NewTokens)
	}
	ts := g.exclude()
	if o.TopK != 0 {
		ts = append(ts, sampler.TopK(o.TopK))
	}
	if o.Temperature != nil {
		ts = append(ts, sampler.Temperature(*o.Temperature))
	}
	if err := sampler.Check(ts...); err != nil {
		return nil, &rootError{"", err}
	}
	g.chain = sampler.New(o.Seed, ts...)

	if o.RawPrompt {
		g.ids = g.tok.AppendRaw(nil, prompt)
	} else {
		g.ids = g.tok.Append(nil, prompt)
	}
	if len(g.ids) == 0 {
		return nil, ErrEmptyPrompt
	}
	most := o.MaxTokens
	if most == 0 && o.NewTokens == 0 {
		most = DefaultMaxTokens
	}
	switch g.room = most - len(g.ids); {
	case most == 0:
		g.room = o.NewTokens
	case o.NewTokens != 0:
		g.room = min(g.room, o.NewTokens)
	}
	return g, nil
}

// exclude returns the transform that keeps "[UNK]" out, if it is to be.
func (g *generation) exclude() []sampler.Transform {
	if g.o.AllowUnknown {
		return nil
	}
	return []sampler.Transform{sampler.Exclude(tokenizer.Unknown)}
}

// prompt returns the text of the prompt.
func (g *generation) prompt(text string) string {
	if g.o.Pretty {
		g.buf = g.prose.Append(g.buf[:0], g.ids...)
		text = string(g.buf)
	}
	if g.o.OmitPrompt {
		return ""
	}
	return text
}

// piece returns what a new word adds to the text.
func (g *generation) piece(id int) string {
	if g.o.Pretty {
		g.buf = g.prose.Append(g.buf[:0], id)
	} else {
		g.buf = append(append(g.buf[:0], ' '), g.tok.Word(id)...)
	}
	return string(g.buf)
}
