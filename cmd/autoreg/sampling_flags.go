package main

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/sampler"
	"github.com/autoreg/autoreg/tokenizer"
)

// samplingFlags are the flags that say how a token is drawn, but for temperatures, and what
// ends a text.
type samplingFlags struct {
	flags *pflag.FlagSet

	repetition, presence, frequency float64

	greedy          bool
	bias            []wordBias
	ban, stopTokens []string
}

// samplingHelp is the part of the help that these flags share.
const samplingHelp = `The logits go through --bias, --ban, the penalties, --top-k, --typical-p, --top-p,
--min-p and the temperature, in this order. The penalties are for tokens among the last
--penalty-window, those of the prompt included. A WORD is a token of the model's vocabulary
(see autoreg info --vocabulary), as the vocabulary or as the prompt would have it: a
character or a byte for models of those, which may be written \xc3 if it is no text by
itself. An empty one is the end of the text.`

// define defines the flags, which set o once resolve is called. short is the short form of
// --top-k, or ""; greedy the flag that --greedy stands for.
func (f *samplingFlags) define(fs *pflag.FlagSet, o *autoreg.GenerateOptions, short, greedy string) {
	f.flags = fs
	s := &o.Sampling
	const share, penalty = "a number above 0, up to 1", "a number from -3.4e+38 to 3.4e+38"
	isShare := func(p float64) bool { return p > 0 && p <= 1 }
	finite := func(p float64) bool { return math.Abs(p) <= math.MaxFloat32 }
	intFlag(fs, &s.TopK, "top-k", short, 0, 0, math.MaxInt32, "draw among the `N` likeliest tokens only; 0 means all")
	floatFlag(fs, &s.TopP, "top-p", "", 1, "draw among the likeliest tokens whose probabilities add up to `P`", share, isShare)
	floatFlag(fs, &s.TypicalP, "typical-p", "", 1, "draw among the tokens of typical surprise whose probabilities add up to `P`", share, isShare)
	floatFlag(fs, &s.MinP, "min-p", "", 0, "draw among tokens at least `P` times as likely as the likeliest", "a number from 0 to 1", func(p float64) bool { return p >= 0 && p <= 1 })
	floatFlag(fs, &f.repetition, "repetition-penalty", "", 1, "divide positive logits of tokens that have occurred by `X`, multiply negative ones", "a number from 1.4e-45 to 3.4e+38",
		func(p float64) bool { return float32(p) > 0 && finite(p) })
	floatFlag(fs, &f.presence, "presence-penalty", "", 0, "subtract `X` from logits of tokens that have occurred", penalty, finite)
	floatFlag(fs, &f.frequency, "frequency-penalty", "", 0, "subtract `X` from logits of tokens for each time they have occurred", penalty, finite)
	intFlag(fs, &s.Penalties.Window, "penalty-window", "", sampler.DefaultWindow, 1, sampler.MaxWindow, "penalties look at the last `N` tokens")
	fs.Var((*biasValue)(&f.bias), "bias", "add X to the logit of WORD, `WORD=X`; may be given several times")
	fs.Var((*stringsValue)(&f.ban), "ban", "never draw `WORD`; may be given several times")
	fs.BoolVar(&f.greedy, "greedy", false, "always take the likeliest token: short for "+greedy)
	fs.Var((*stringsValue)(&o.StopStrings), "stop", "end the text before `TEXT`; may be given several times")
	fs.Var((*stringsValue)(&f.stopTokens), "stop-token", "end the text before `WORD`, a whole token of the vocabulary; may be given several times")
}

// resolve sets the options of o that depend on the model's vocabulary, and the penalties.
func (f *samplingFlags) resolve(m *autoreg.TextModel, o *autoreg.GenerateOptions) error {
	s := &o.Sampling
	s.Penalties.Repetition, s.Penalties.Presence, s.Penalties.Frequency = float32(f.repetition), float32(f.presence), float32(f.frequency)
	if f.greedy {
		s.Temperature = new(0.0)
	}
	for _, stop := range o.StopStrings {
		switch {
		case stop == "":
			return usagef("--stop is empty: it would end every text at once")
		case !utf8.ValidString(stop):
			return usagef("--stop %q is not UTF-8: no text has it", stop)
		}
	}
	for _, b := range f.bias {
		id, err := wordID(m, "bias", b.word)
		if err != nil {
			return err
		}
		s.Bias = append(s.Bias, sampler.SymbolBias{ID: id, Bias: b.bias})
	}
	for _, list := range []struct {
		flag  string
		words []string
		ids   *[]int
	}{{"ban", f.ban, &s.Ban}, {"stop-token", f.stopTokens, &o.StopTokens}} {
		for _, word := range list.words {
			id, err := wordID(m, list.flag, word)
			if err != nil {
				return err
			}
			*list.ids = append(*list.ids, id)
		}
	}
	return nil
}

// wordID returns the id of a token as the vocabulary spells it, or else as the model's
// tokenizer reads it; of a byte also by the escape that printable has for it.
func wordID(m *autoreg.TextModel, flag, word string) (int, error) {
	tok := m.Tokenizer()
	if id, ok := tok.ID(word); ok {
		return id, nil
	}
	if tok.Options().Unit == tokenizer.Bytes && len(word) == len(`\xff`) {
		if id, err := strconv.ParseUint(strings.TrimPrefix(word, `\x`), 16, 8); err == nil && word[0] == '\\' {
			id, _ := tok.ID(string([]byte{byte(id)}))
			return id, nil
		}
	}
	words := slices.Collect(tok.Words(word))
	if len(words) > 1 {
		return 0, usagef("--%s %q: the model reads this as %s: give one", flag, word, counted(len(words), unitName(tok)))
	}
	if len(words) == 1 {
		if id, ok := tok.ID(words[0]); ok {
			return id, nil
		}
	}
	return 0, usagef("--%s %q: the model has no such %s: autoreg info --vocabulary lists those it has", flag, word, unitName(tok))
}

// A wordBias is what is added to the logit of a word.
type wordBias struct {
	word string
	bias float32
}

type biasValue []wordBias

func (v *biasValue) String() string {
	var list []string
	for _, b := range *v {
		list = append(list, b.word+"="+strconv.FormatFloat(float64(b.bias), 'g', -1, 32))
	}
	return strings.Join(list, " ")
}

func (v *biasValue) Type() string { return "WORD=X" }

func (v *biasValue) Set(s string) error {
	at := strings.LastIndexByte(s, '=') // a word may have one
	if at < 0 {
		return errors.New("want WORD=X, such as salt=-2")
	}
	x, err := strconv.ParseFloat(s[at+1:], 32)
	if err != nil || !(math.Abs(x) <= math.MaxFloat32) {
		return errors.New("want a number from -3.4e+38 to 3.4e+38 behind the last =" + pointHint(s[at+1:]))
	}
	*v = append(*v, wordBias{s[:at], float32(x)})
	return nil
}

// stringsValue is a list of texts of which each is given by a flag of its own, as it
// stands.
type stringsValue []string

func (v *stringsValue) String() string { return strings.Join(*v, " ") }
func (v *stringsValue) Type() string   { return "TEXT" }

func (v *stringsValue) Set(s string) error {
	*v = append(*v, s)
	return nil
}
