package autoreg

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/autoreg/autoreg/sampler"
	"github.com/autoreg/autoreg/tokenizer"
)

// Values that a zero field of GenerateOptions means.
const (
	// DefaultTemperature is below 1, where the model's probabilities are unchanged:
	// small models give too much probability to unlikely tokens.
	DefaultTemperature = 0.7
	// DefaultMaxTokens is the length of a generated text, prompt included.
	DefaultMaxTokens = 200
)

// ErrEmptyPrompt is the error for a prompt without a word: the model needs at least one.
var ErrEmptyPrompt = wrap(errors.New("the prompt holds no word"))

// GenerateOptions choose how a prompt is continued. The zero value, or a nil
// pointer, is what the command autoreg generate does without flags, with seed 0.
type GenerateOptions struct {
	// Temperature divides the logits: below 1 prefers likely words, above 1 evens
	// out, 0 always takes the likeliest. nil means DefaultTemperature; 1 draws from
	// the model's own probabilities. With Go 1.26, new(0.2).
	Temperature *float64
	// TopK draws among the k likeliest words only; 0 means all.
	TopK int
	// Transforms narrow or reweight what can be drawn, in their order and before
	// TopK and Temperature: the logits that they see are the model's own. For
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

	// AllowUnknown lets the model write "[UNK]", which stands for all words outside its
	// vocabulary.
	AllowUnknown bool
	// RawPrompt takes the prompt's words as they stand between blanks, without
	// lowering them or separating punctuation: "recipe for cake | chop 1 /".
	RawPrompt bool

	// LogProbs asks for Piece.LogProb and Position.LogProb; without it they are 0 and
	// not computed.
	LogProbs bool

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

// An Ending is the reason why a text ended, and its counts of words.
type Ending struct {
	Reason       sampler.Reason // stop, length, canceled or nothing
	PromptTokens int            // words of the prompt
	NewTokens    int            // words drawn, a final stop symbol included
	Seed         uint64         // of the options
}

// A Piece is a part of a text that is being written: the prompt, or a word.
type Piece struct {
	Text string  // what it adds to the text, the space before a word included; may be empty
	ID   int     // the symbol that was drawn; -1 if none was
	End  *Ending // of the text, with its last piece; otherwise nil

	// LogProb is ln p of the symbol among those that can be drawn, in nats, before
	// Transforms, TopK and Temperature; 0 without GenerateOptions.LogProbs.
	LogProb float32
}

// String returns the piece's text, so that it can be printed as it is.
func (p Piece) String() string { return p.Text }

// Generate continues prompt until the model stops or a limit is reached, and
// returns the text, prompt included, and how it ended. nil options mean the zero
// value.
//
// The prompt goes through the model's tokenizer; words that it does not know
// are read as "[UNK]" ([TextModel.UnknownWords] lists them). The text is the prompt,
// byte for byte, and then the new words, spaced as prose that continues the
// prompt. With Plain each new word has a space before it; if the model stops by
// itself, the text ends in a space, the stop symbol being an empty word.
//
// It returns an error for a prompt without words ([ErrEmptyPrompt]), for options
// that are invalid, if ctx is done (ctx.Err()) and if no symbol can be drawn
// (sampler.ErrNoSymbol); the last two come with the text so far and its ending.
func (m *TextModel) Generate(ctx context.Context, prompt string, o *GenerateOptions) (Generation, error) {
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
// range over the sequence starts again.
func (m *TextModel) Text(ctx context.Context, prompt string, o *GenerateOptions) iter.Seq2[Piece, error] {
	return func(yield func(Piece, error) bool) {
		g, err := m.prepare(prompt, o)
		if err != nil {
			yield(Piece{ID: -1}, err)
			return
		}
		first := Piece{Text: g.prompt(prompt), ID: -1}
		if g.room <= 0 {
			first.End = g.ending(sampler.ReasonLength)
		}
		if (first.Text != "" || first.End != nil) && !yield(first, nil) || first.End != nil {
			return
		}
		for step, err := range g.run(ctx, m, nil) {
			if err != nil {
				yield(Piece{ID: -1, End: g.ending(step.Reason)}, err)
				return
			}
			p := Piece{Text: g.piece(step.ID), ID: step.ID, LogProb: step.LogProb, End: g.end(step.Reason)}
			if !yield(p, nil) {
				return
			}
		}
	}
}

// UnknownWords returns the words of a prompt that the model does not know, each
// once, as its tokenizer reads them. Of o, only RawPrompt matters; with it, a
// literal "[UNK]" is a word that the model knows.
func (m *TextModel) UnknownWords(prompt string, o *GenerateOptions) []string {
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

func (m *TextModel) prepare(prompt string, o *GenerateOptions) (*generation, error) {
	if o == nil {
		o = &GenerateOptions{}
	}
	g := &generation{o: *o, tok: m.Tokenizer()}
	switch {
	case o.MaxTokens < 0:
		return nil, optionErr("%s is %d: want 1 or more, or 0 for no limit", option("MaxTokens"), o.MaxTokens)
	case o.NewTokens < 0:
		return nil, optionErr("%s is %d: want 1 or more, or 0 for no limit", option("NewTokens"), o.NewTokens)
	}
	for i, t := range o.Transforms {
		if t == nil {
			return nil, optionErr("%s[%d] is nil", option("Transforms"), i)
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
		return nil, wrap(err)
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

// run reads the prompt and draws, at least one symbol. Where logits is not nil, it has
// the logits of each symbol when that is yielded.
func (g *generation) run(ctx context.Context, m *TextModel, logits []float32) iter.Seq2[sampler.Step, error] {
	return func(yield func(sampler.Step, error) bool) {
		s := m.NewStream()
		s.AllowUnknown(g.o.AllowUnknown)
		if _, err := s.read(ctx, g.ids); err != nil {
			yield(sampler.Step{ID: -1, Reason: sampler.ReasonCanceled}, err)
			return
		}
		var source sampler.Source = s
		if logits != nil {
			source = &observed{s, logits}
		}
		for step, err := range g.chain.Run(ctx, source, &sampler.RunOptions{Stop: m.stop(), Steps: g.room, LogProbs: g.o.LogProbs}) {
			if err == nil {
				g.drawn++
			}
			if !yield(step, err) {
				return
			}
		}
	}
}

// An observed stream leaves a copy of its logits.
type observed struct {
	*Stream
	logits []float32
}

func (o *observed) Logits(dst []float32) {
	o.Stream.Logits(dst)
	copy(o.logits, dst)
}

// prompt returns the part of the text that is the prompt.
func (g *generation) prompt(text string) string {
	if g.o.OmitPrompt {
		return ""
	}
	return text
}

// piece returns the letters that a new word adds to the text.
func (g *generation) piece(id int) string {
	if g.o.Plain {
		g.buf = append(append(g.buf[:0], ' '), g.tok.Word(id)...)
	} else {
		g.buf = g.prose.Append(g.buf[:0], id)
	}
	return string(g.buf)
}

// end returns the ending after a step, or nil if the text goes on.
func (g *generation) end(r sampler.Reason) *Ending {
	if r == 0 {
		return nil
	}
	return g.ending(r)
}

func (g *generation) ending(r sampler.Reason) *Ending {
	return &Ending{Reason: r, PromptTokens: len(g.ids), NewTokens: g.drawn, Seed: g.o.Seed}
}
