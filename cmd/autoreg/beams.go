package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/sampler"
)

// beamFlags are the flags of generate for a beam search.
type beamFlags struct {
	width   int
	penalty float64
}

// beamsHelp is the part of the help about them.
const beamsHelp = `With --beams N nothing is drawn: a beam search keeps the N likeliest texts at each token,
and writes those that it ends with, the best first. Each has a score, the sum of ln p of
its new tokens divided by ((5 + their number) / 6)^X; --length-penalty X of about 0.6 to 1
makes up for the fact that longer texts are less likely. With --json the objects have text,
reason, prompt_tokens and new_tokens, and also score and logprob, the sum.`

// define defines the flags.
func (b *beamFlags) define(fs *pflag.FlagSet) {
	intFlag(fs, &b.width, "beams", "", 0, 1, autoreg.MaxBeamWidth, "search for the likeliest texts, keeping `N` at each token, instead of drawing them")
	floatFlag(fs, &b.penalty, "length-penalty", "", 0, "with --beams, prefer longer texts: 0 compares them by probability alone", "a number from 0 to 10", func(x float64) bool { return x >= 0 && x <= 10 })
}

// withBeams are the flags of generate that have a meaning with --beams.
var withBeams = []string{"beams", "length-penalty", "model", "max-tokens", "new-tokens", "unknown", "raw-prompt", "plain", "pretty", "json", "cpuprofile"}

// check refuses flags that do not go together.
func (b *beamFlags) check(fs *pflag.FlagSet) (err error) {
	if b.width == 0 {
		if fs.Changed("length-penalty") {
			return usagef("--length-penalty goes with --beams: give both")
		}
		return nil
	}
	fs.Visit(func(f *pflag.Flag) {
		if err == nil && !slices.Contains(withBeams, f.Name) {
			err = usagef("--%s is not for --beams, which draws no tokens: leave it out", f.Name)
		}
	})
	return err
}

// A beamJSON is a text's JSON object of generate --beams --json.
type beamJSON struct {
	Text         string         `json:"text"`
	Reason       sampler.Reason `json:"reason"`
	PromptTokens int            `json:"prompt_tokens"`
	NewTokens    int            `json:"new_tokens"`
	LogProb      float64        `json:"logprob"`
	Score        float64        `json:"score"`
}

// beams writes the texts that a search finds.
func (a *app) beams(ctx context.Context, m *autoreg.TextModel, prompt string, b *beamFlags, o *autoreg.GenerateOptions, asJSON bool) error {
	list, err := m.Beam(ctx, prompt, &autoreg.BeamOptions{
		Width: b.width, LengthPenalty: b.penalty,
		MaxTokens: o.MaxTokens, NewTokens: o.NewTokens,
		AllowUnknown: o.AllowUnknown, RawPrompt: o.RawPrompt, Plain: o.Plain, OmitPrompt: o.OmitPrompt,
	})
	if err != nil {
		return err
	}
	prompted := len(promptIDs(m, prompt, o.RawPrompt))
	for i, text := range list {
		if asJSON {
			err = a.writeJSONLine(beamJSON{text.Text, text.Reason, prompted, len(text.IDs), text.LogProb, text.Score})
		} else {
			if i > 0 {
				if _, err := fmt.Fprintln(a.out); err != nil {
					return err
				}
			}
			_, err = io.WriteString(a.out, a.safe(text.Text)+"\n")
		}
		if err != nil {
			return err
		}
	}
	return nil
}
