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

// What a zero field of GenerateOptions stands for.
const (
	// DefaultTemperature is below 1, the model's own: small models are sure of too
	// little, and what they write reads better so.
	DefaultTemperature = 0.7
	// DefaultMaxTokens is the length of a generated text, prompt included.
	DefaultMaxTokens = 200
)

// ErrEmptyPrompt is the error for a prompt without a word: the model needs one to
// begin with.
var ErrEmptyPrompt = errors.New("autoreg: the prompt holds no word")

// GenerateOptions choose how a prompt is continued. The zero value, or a nil
// pointer, is what the command autoreg generate does without flags, with seed 0.
type GenerateOptions struct {
	// Temperature divides the scores: below 1 prefers likely words, above 1 evens
	// out, 0 always takes the likeliest. nil means DefaultTemperature; 1 draws from
	// the model's own probabilities. With Go 1.26, new(0.2).
	Temperature *float64
	// TopK draws among the k likeliest words only; 0 means all.
	TopK int
	// Transforms narrow or reweight what can be drawn, in their order and before
	// TopK and Temperature: the scores that they see are the model's own. For
	// another order, leave TopK at 0, set Temperature to 1, and list sampler.TopK
	// and sampler.Temperature among them. They are used by one goroutine at a time
	// for each text; one with a state of its own must not serve two texts at once.
	Transforms []sampler.Transform
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

	// Plain writes a single space before each new word, as the model sees words,
	// instead of the spacing and capitals of prose (see tokenizer.Detokenizer).
	Plain bool
	// OmitPrompt leaves the prompt out of the text, which then begins with the space
	// before its first word, if there is one.
	OmitPrompt bool
}

// A Generation is a text and how it ended.
type Generation struct {
	Text string // the prompt, as given, and its continuation
	Ending
}

// An Ending is why a text ended, and what it took.
type Ending struct {
	Reason       Reason
	PromptTokens int    // words of the prompt
	NewTokens    int    // words drawn, a final stop symbol included
	Seed         uint64 // of the options
}

// A Piece is a part of a text that is being written: the prompt, or a word.
type Piece struct {
	Text string  // what it adds to the text, the space before a word included; may be empty
	ID   int     // the symbol that was drawn; -1 if none was
	End  *Ending // of the text, with its last piece; otherwise nil
}

// String returns the piece's text, so that it can be printed as it is.
func (p Piece) String() string { return p.Text }

// A Reason is why a text ended. The zero value is that of a text that has not.
type Reason uint8

const (
	ReasonStop     Reason = iota + 1 // the model drew the stop symbol
	ReasonLength                     // MaxTokens or NewTokens was reached
	ReasonCanceled                   // the context was done
	ReasonNothing                    // no symbol could be drawn: none had a finite score, or the transforms left none
)

// String returns "stop", "length", "canceled" or "nothing", or "" for a text that has
// not ended.
func (r Reason) String() string {
	names := [...]string{"", "stop", "length", "canceled", "nothing"}
	if int(r) < len(names) {
		return names[r]
	}
	return fmt.Sprintf("Reason(%d)", uint8(r))
}

// MarshalText returns what String does: JSON has reasons as strings.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Generate continues prompt until the model stops or a limit is reached, and
// returns the text, prompt included, and how it ended. nil options mean the zero
// value.
//
// The prompt goes through the model's tokenizer; words that it does not know
// are read as "[UNK]" ([Model.UnknownWords] tells which). The text is the prompt,
// byte for byte, and then the new words, spaced as prose that continues the
// prompt. With Plain each new word has a space before it; if the model stops by
// itself, the text ends in a space, the stop symbol being an empty word.
//
// It returns an error for a prompt without words ([ErrEmptyPrompt]), for options
// that make no sense, if ctx is done (ctx.Err()) and if nothing can be drawn
// (sampler.ErrNoSymbol); the last two come with the text so far and its ending.
func (m *Model) Generate(ctx context.Context, prompt string, o *GenerateOptions) (Generation, error) {
	var (
		b strings.Builder
		g Generation
	)
	for piece, err := range m.Text(ctx, prompt, o) {
		b.WriteString(piece.Text)
		if piece.End != nil {
			g.Ending = *piece.End
		}
		if err != nil {
			g.Text = b.String()
			return g, err
		}
	}
	g.Text = b.String()
	return g, nil
}

// Text is Generate piece by piece, for showing a text while it is being written:
// first the prompt, then each word with the space before it, if any. The texts of
// the pieces together are what Generate returns, and the last piece has the ending;
// where that is the stop symbol of prose, it has no text. An error is yielded last,
// with a piece without text, which has the ending if the text had begun. Each
// range over the sequence starts anew.
func (m *Model) Text(ctx context.Context, prompt string, o *GenerateOptions) iter.Seq2[Piece, error] {
	return func(yield func(Piece, error) bool) {
		g, err := m.prepare(prompt, o)
		if err != nil {
			yield(Piece{ID: -1}, err)
			return
		}
		first := Piece{Text: g.prompt(prompt), ID: -1, End: g.end(-1)}
		if (first.Text != "" || first.End != nil) && !yield(first, nil) || first.End != nil {
			return
		}
		s := m.NewStream()
		s.AllowUnknown(g.o.AllowUnknown)
		for id, err := range s.Generate(ctx, g.chain, g.ids...) {
			if err != nil {
				yield(Piece{ID: -1, End: g.failed(err)}, err)
				return
			}
			g.drawn++
			p := Piece{Text: g.piece(id), ID: id, End: g.end(id)}
			if !yield(p, nil) || p.End != nil {
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
	drawn int   // new words so far
	chain *sampler.Chain
	tok   *tokenizer.Tokenizer
	prose tokenizer.Detokenizer
	buf   []byte
}

func (m *Model) prepare(prompt string, o *GenerateOptions) (*generation, error) {
	if o == nil {
		o = &GenerateOptions{}
	}
	g := &generation{o: *o, tok: m.Tokenizer()}
	switch {
	case o.MaxTokens < 0:
		return nil, fmt.Errorf("autoreg: MaxTokens is %d: want 1 or more, or 0 for no limit", o.MaxTokens)
	case o.NewTokens < 0:
		return nil, fmt.Errorf("autoreg: NewTokens is %d: want 1 or more, or 0 for no limit", o.NewTokens)
	}
	for i, t := range o.Transforms {
		if t == nil {
			return nil, fmt.Errorf("autoreg: Transforms[%d] is nil", i)
		}
	}
	ts := append([]sampler.Transform(nil), o.Transforms...)
	if o.TopK != 0 {
		ts = append(ts, sampler.TopK(o.TopK))
	}
	temperature := DefaultTemperature
	if o.Temperature != nil {
		temperature = *o.Temperature
	}
	ts = append(ts, sampler.Temperature(temperature))
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
	if !o.Plain {
		g.prose = g.tok.DetokenizerAfter(prompt)
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

// prompt returns what the text has of the prompt.
func (g *generation) prompt(text string) string {
	if g.o.OmitPrompt {
		return ""
	}
	return text
}

// piece returns what a new word adds to the text.
func (g *generation) piece(id int) string {
	if g.o.Plain {
		g.buf = append(append(g.buf[:0], ' '), g.tok.Word(id)...)
	} else {
		g.buf = g.prose.Append(g.buf[:0], id)
	}
	return string(g.buf)
}

// end returns the ending after the symbol id, or nil if the text goes on.
func (g *generation) end(id int) *Ending {
	switch {
	case id == tokenizer.Stop:
		return g.ending(ReasonStop)
	case g.drawn >= g.room:
		return g.ending(ReasonLength)
	}
	return nil
}

// failed returns the ending with an error of Stream.Generate.
func (g *generation) failed(err error) *Ending {
	if errors.Is(err, sampler.ErrNoSymbol) {
		return g.ending(ReasonNothing)
	}
	return g.ending(ReasonCanceled)
}

func (g *generation) ending(r Reason) *Ending {
	return &Ending{Reason: r, PromptTokens: len(g.ids), NewTokens: g.drawn, Seed: g.o.Seed}
}
