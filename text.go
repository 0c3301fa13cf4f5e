package autoreg

import (
	"context"
	"iter"
	"strings"

	"github.com/autoreg/autoreg/sampler"
)

// A Generation is a text and how it ended.
type Generation struct {
	Text string // the prompt, as given, and its continuation
	Ending
}

// An Ending is the reason why a text ended, and its counts of tokens.
type Ending struct {
	Reason       sampler.Reason // stop, stop string, length, canceled or nothing
	PromptTokens int            // tokens of the prompt
	NewTokens    int            // tokens drawn, those that are not in the text included
	Seed         uint64         // of the options: with it the text can be repeated
	StopString   string         // the one that ended the text; "" for any other reason
}

// A Piece is a part of a text that is being written: the prompt, or what a token adds.
type Piece struct {
	// Text is what the piece adds to the text, the space before a word included. It may be
	// empty: of a token that could begin a stop string it is held back, and comes with a
	// later piece.
	Text string
	ID   int     // the token that was drawn; -1 if none was
	End  *Ending // of the text, with its last piece; otherwise nil

	// LogProb is ln p of the token among those that can be drawn, in nats, before any
	// transform: 0 unless GenerateOptions.LogProbs or Alternatives ask for it.
	LogProb float32
	// Alternatives are the likeliest tokens in its place, by the same measure, the best
	// first, ties by rising ID; as many as GenerateOptions.Alternatives.
	Alternatives []TokenScore
}

// String returns the piece's text, so that it can be printed as it is.
func (p Piece) String() string { return p.Text }

// Generate continues prompt until the model stops or a limit is reached, and
// returns the text, prompt included, and how it ended. nil options mean the zero
// value.
//
// The prompt goes through the model's tokenizer; words that it does not know
// are read as the unknown token ([TextModel.UnknownWords] lists them). The text is the
// prompt, byte for byte, and then the new words, spaced as prose that continues the
// prompt. With Plain each new word has a space before it; if the model stops by
// itself, the text ends in a space, the stop token being an empty word. Models of
// characters and of bytes write them as they are; new bytes that are not UTF-8 become
// U+FFFD. Where the prompt, or what From has read, ends within a character, the new text
// begins with the bytes that complete it.
//
// It returns an error for a prompt without tokens ([ErrEmptyPrompt]), for options
// that are invalid, if ctx is done (ctx.Err()) and if no token can be drawn
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
// first the prompt, then what each token adds. The texts of the pieces together are what
// Generate returns, and the last piece has the ending. An error is yielded last, with a
// piece without text, which has the ending if the text had begun; text that was held back
// for a stop string comes in a piece before it. Each range over the sequence starts again.
func (m *TextModel) Text(ctx context.Context, prompt string, o *GenerateOptions) iter.Seq2[Piece, error] {
	return func(yield func(Piece, error) bool) {
		g, err := m.prepare(prompt, o)
		if err != nil {
			yield(Piece{ID: -1}, err)
			return
		}
		if err := g.open(); err != nil {
			yield(Piece{ID: -1}, err)
			return
		}
		defer g.close()
		first := Piece{Text: g.prompt(prompt), ID: -1}
		if g.room <= 0 {
			first.End = g.ending(sampler.ReasonLength)
		}
		if (first.Text != "" || first.End != nil) && !yield(first, nil) || first.End != nil {
			return
		}
		for step, err := range g.run(ctx) {
			if err != nil {
				if rest := g.rest(); rest != "" && !yield(Piece{Text: rest, ID: -1}, nil) {
					return
				}
				yield(Piece{ID: -1, End: g.ending(step.Reason)}, err)
				return
			}
			p := g.piece(step)
			if !yield(p, nil) || p.End != nil {
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
