package autoreg

import (
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/autoreg/autoreg/sampler"
)

// Values that a zero field of GenerateOptions means.
const (
	// DefaultTemperature is below 1, where the model's probabilities are unchanged:
	// small models give too much probability to unlikely tokens.
	DefaultTemperature = 0.7
	// DefaultMaxTokens is the length of a generated text, prompt included.
	DefaultMaxTokens = 200
)

// ErrEmptyPrompt is the error for a prompt without a token: the model needs at least one,
// unless it goes on from a stream that has read some.
var ErrEmptyPrompt = wrap(errors.New("the prompt holds no token"))

// GenerateOptions choose how a prompt is continued. The zero value, or a nil
// pointer, is what the command autoreg generate does without flags, with seed 0.
type GenerateOptions struct {
	// Sampling says how a token is drawn. Its Temperature means DefaultTemperature if it
	// is nil: 1 draws from the model's own probabilities, 0 always takes the likeliest.
	// Its Penalties count the tokens of the prompt too, as those of llama.cpp do.
	Sampling sampler.Options
	// Transforms narrow or reweight what can be drawn, in their order and before
	// Sampling: the logits that they see are the model's own. For another order than that
	// of sampler.Options.Transforms, list all here, and let Sampling have the Temperature 1
	// alone. They are used by one goroutine at a time for each text; one with a state of
	// its own must not serve two texts at once.
	Transforms []sampler.Transform
	// Seed starts the random sequence: the same seed gives the same text.
	Seed uint64

	// MaxTokens ends the text at so many tokens, the prompt's included, and
	// NewTokens after so many new ones, a final stop token counting too. 0
	// means no such limit; if both are 0, MaxTokens is DefaultMaxTokens. A prompt
	// that has MaxTokens tokens or more is returned as it is.
	MaxTokens, NewTokens int
	// StopTokens end the text as the model's own stop token does, and are not in the text.
	StopTokens []int
	// StopStrings end the text before the first of them that the new text comes to, across
	// tokens: it is not in the text. That is the one whose last byte comes first, and the
	// longest if several end there. What could be the beginning of one is held back until
	// that is settled. In the prompt they have no effect.
	StopStrings []string

	// From is a stream of this model that has read what comes before the prompt, such as
	// one from TextModel.Restore: the text goes on from a fork of it, and From stays where
	// it is, so that any number of texts may go on from it at once. The prompt may then be
	// empty. What From has read is not part of the text and of the counts; the last 256
	// tokens count for penalties, and are what the spacing after an empty prompt goes by.
	// nil means the start of a sequence.
	From *Stream

	// Group steps the text together with the others that have the same Group, which must
	// be of this model; nil means alone. The text is the same. If the group is full, there
	// is none, but an error that wraps ErrGroupFull.
	Group *Group
	// Threads is how many threads compute the logits of a text that has no Group; 0 means
	// one. See Stream.SetThreads for where more help.
	Threads int

	// AllowUnknown lets the model write the unknown token, "[UNK]" for example, which
	// stands for all words outside its vocabulary.
	AllowUnknown bool
	// RawPrompt takes the prompt's words as they stand between blanks, without
	// lowering them or separating punctuation: "recipe for cake | chop 1 /".
	RawPrompt bool

	// LogProbs asks for Piece.LogProb; without it that is 0 and not computed.
	LogProbs bool
	// Alternatives asks for Piece.LogProb, and for so many Piece.Alternatives.
	Alternatives int

	// Plain writes a single space before each new word, as the model sees words,
	// instead of the spacing and capitals of prose (see tokenizer.Detokenizer).
	Plain bool
	// OmitPrompt leaves the prompt out of the text, which then begins with the space
	// before its first word, if there is one.
	OmitPrompt bool
}

// check returns an error for the first option that m does not take.
func (o *GenerateOptions) check(m *TextModel) error {
	switch {
	case o.MaxTokens < 0:
		return optionErr("%s is %d: want 1 or more, or 0 for no limit", option("MaxTokens"), o.MaxTokens)
	case o.NewTokens < 0:
		return optionErr("%s is %d: want 1 or more, or 0 for no limit", option("NewTokens"), o.NewTokens)
	case o.Alternatives < 0:
		return optionErr("%s is %d: want 1 or more, or 0 for none", option("Alternatives"), o.Alternatives)
	case o.From != nil && o.From.model != m:
		return optionErr("%s is a stream of another model: want one of the model that generates", option("From"))
	case o.Group != nil && o.Group.model != m:
		return optionErr("%s is of another model: want one of the model that generates", option("Group"))
	case o.Threads < 0:
		return optionErr("%s is %d: want 1 or more, or 0 for one", option("Threads"), o.Threads)
	case o.Threads > 1 && o.Group != nil:
		return optionErr("%s is %d: a %s has threads of its own, leave it at 0", option("Threads"), o.Threads, option("Group"))
	}
	for i, id := range o.StopTokens {
		if id < 0 || id >= m.Symbols() {
			return optionErr("%s[%d] is %d: want 0 to %d", option("StopTokens"), i, id, m.Symbols()-1)
		}
	}
	for i, s := range o.StopStrings {
		switch {
		case s == "":
			return optionErr("%s[%d] is empty: it would end every text at once", option("StopStrings"), i)
		case !utf8.ValidString(s):
			return optionErr("%s[%d] is %.40q, which is not UTF-8: no text has it", option("StopStrings"), i, s)
		}
	}
	for i, t := range o.Transforms {
		if t == nil {
			return optionErr("%s[%d] is nil", option("Transforms"), i)
		}
	}
	if err := o.Sampling.Check(); err != nil {
		return wrap(err)
	}
	return wrap(sampler.Check(o.Transforms...))
}

// transforms returns those of the chain that draws. o must have been checked.
func (o *GenerateOptions) transforms() []sampler.Transform {
	sampling := o.Sampling
	if sampling.Temperature == nil {
		sampling.Temperature = new(float64(DefaultTemperature))
	}
	return slices.Concat(o.Transforms, sampling.Transforms())
}
