package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/apierror"
)

func (a *app) generateCommand() *cobra.Command {
	var (
		model       string
		temperature float64
		o           autoreg.GenerateOptions
		count       int
		plain       bool
		pretty      bool
		asJSON      bool
		sampling    samplingFlags
		beams       beamFlags
	)
	cmd := &cobra.Command{
		Use:   "generate PROMPT...",
		Short: "Continue a text",
		Long: `Continue a text, token by token, until the model ends it or a limit is reached.

The prompt is all arguments, joined by blanks; "-" alone reads it from standard
input. It goes through the model's own tokenizer, mostly lower case and punctuation as
words. What the model does not know is named on standard error and read as [UNK], or
refused by a model without such a token.

The same model, seed and options give the same text everywhere. Without --seed a
random one is taken, which standard error shows. With --count the first text has the
seed --seed, the second one more, and so on.

` + samplingHelp + `

` + beamsHelp + `

With --json each text is a JSON object on a line: text, with the prompt; reason, why it
ended: stop (the model ended it, or a --stop-token), "stop string" (a --stop, which is the
member stop), length (a limit), canceled, or nothing (there was no token to draw);
prompt_tokens and new_tokens, the tokens read and drawn; seed. With --alternatives,
tokens lists the new ones: id, token (empty for the end of the text), logprob, ln of its
probability before all sampling, and alternatives, the likeliest tokens in its place.

On a terminal, control characters in a model's tokens are shown as \u001b and the
like.`,
		Example: `  autoreg generate recipe for roasted
  autoreg generate "recipe for apple pudding |" --temperature 0.5 --seed 7
  autoreg generate "recipe for" --count 3 --top-k 40 --new-tokens 60
  autoreg generate "recipe for" --min-p 0.05 --frequency-penalty 0.3 --ban salt --stop "."
  autoreg generate "recipe for" --json --alternatives 5 --greedy
  autoreg generate --model recipes.safetensors --plain "recipe for cake | chop 1 /" --raw-prompt
  autoreg generate "recipe for apple pudding |" --beams 4 --length-penalty 0.6
  autoreg generate -- "- 1 cup of milk"
  echo "recipe for mutton" | autoreg generate -`,
		Args: someArguments("give a prompt: some words, or - to read them from standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := cmp.Or(exclusive(cmd.Flags(), "plain", "pretty"), exclusive(cmd.Flags(), "greedy", "temperature")); err != nil {
				return err
			}
			if err := beams.check(cmd.Flags()); err != nil {
				return err
			}
			if o.Alternatives > 0 && !asJSON {
				return usagef("--alternatives needs --json, which has them")
			}
			prompt, err := a.prompt(cmd.Context(), args)
			if err != nil {
				return err
			}
			m, err := openModel[*autoreg.TextModel](cmd.Context(), a, model)
			if err != nil {
				return err
			}
			o.Sampling.Temperature = &temperature
			if err := sampling.resolve(m, &o); err != nil {
				return err
			}
			o.Plain = plain || !pretty
			if err := a.checkPrompt(m, prompt, &o); err != nil {
				return err
			}
			if beams.width > 0 {
				return a.beams(cmd.Context(), m, prompt, &beams, &o, asJSON)
			}
			if !cmd.Flags().Changed("seed") {
				o.Seed = a.drawSeed(!asJSON) // which has it
			}
			for i := range count {
				if asJSON {
					if err := a.generateJSON(cmd, m, prompt, o); err != nil {
						return err
					}
					o.Seed++
					continue
				}
				if i > 0 {
					if _, err := fmt.Fprintln(a.out); err != nil {
						return err
					}
				}
				if err := a.generate(cmd, m, prompt, o); err != nil {
					return err
				}
				o.Seed++
			}
			return nil
		},
	}
	fs := cmd.Flags()
	modelFlag(fs, &model, cookbooksName)
	temperatureFlag(fs, &temperature, "temperature", "t", autoreg.DefaultTemperature, "temperature: 1 takes the model's probabilities as they are, less prefers likely tokens, more evens them out, 0 always takes the likeliest")
	sampling.define(fs, &o, "k", "--temperature 0")
	seedFlag(fs, &o.Seed, "seed `N` of the random numbers (default a random one)")
	intFlag(fs, &o.MaxTokens, "max-tokens", "", 0, 1, math.MaxInt32, fmt.Sprintf("end the text at `N` tokens, those of the prompt included (default %d)", autoreg.DefaultMaxTokens))
	intFlag(fs, &o.NewTokens, "new-tokens", "", 0, 1, math.MaxInt32, "end the text after `N` new tokens")
	intFlag(fs, &count, "count", "n", 1, 1, math.MaxInt32, "write `N` texts, with a blank line between them")
	fs.BoolVar(&o.AllowUnknown, "unknown", false, "let the model write [UNK], or what it has instead, which stands for all that it does not know")
	fs.BoolVar(&o.RawPrompt, "raw-prompt", false, "take the prompt's words as they stand between blanks")
	fs.BoolVar(&plain, "plain", false, "single blanks between words, as the model sees them")
	fs.BoolVar(&pretty, "pretty", true, "spacing and capitals of prose")
	fs.BoolVar(&asJSON, "json", false, "write each text as a JSON object on a line")
	intFlag(fs, &o.Alternatives, "alternatives", "", 0, 1, math.MaxInt32, "with --json, list for each new token the `N` likeliest, with their log-probabilities")
	beams.define(fs)
	cmd.SetFlagErrorFunc(promptFlagError)
	return cmd
}

// promptFlagError adds a hint at "--" to the error for an unknown flag that may be a
// prompt.
func promptFlagError(cmd *cobra.Command, err error) error {
	err = cmd.Parent().FlagErrorFunc()(cmd, err)
	var unknown *pflag.NotExistError
	var malformed *pflag.InvalidSyntaxError
	var invalid *pflag.InvalidValueError // of -n, in the prompt "-n apple"
	if errors.As(err, &unknown) || errors.As(err, &malformed) || errors.As(err, &invalid) && strings.ContainsAny(invalid.GetValue(), " \t") {
		return apierror.Errorf(`%w; before a prompt that begins with "-" put --, as in: %s -- "- 1 cup"`, err, cmd.CommandPath())
	}
	return err
}

// generate writes one text, each token as soon as it is drawn, and a line end.
func (a *app) generate(cmd *cobra.Command, m *autoreg.TextModel, prompt string, o autoreg.GenerateOptions) error {
	var failed error
	for piece, err := range m.Text(cmd.Context(), prompt, &o) {
		if failed = err; err != nil {
			break
		}
		if _, err := io.WriteString(a.out, a.safe(piece.Text)); err != nil {
			return err
		}
	}
	// What was written before an interruption is a line of its own too.
	_, err := fmt.Fprintln(a.out)
	if failed != nil {
		return failed
	}
	return err
}

// maxPrompt bounds a prompt from standard input.
const maxPrompt = 1 << 20

// prompt returns the prompt that the arguments mean.
func (a *app) prompt(ctx context.Context, args []string) (string, error) {
	if len(args) != 1 || args[0] != stdinName {
		return strings.TrimPrefix(strings.Join(args, " "), "\uFEFF"), nil
	}
	data, err := await(ctx, func() ([]byte, error) {
		f, err := a.open(stdinName)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(io.LimitReader(f, maxPrompt+1))
	})
	if err != nil {
		return "", fmt.Errorf("reading the prompt from standard input: %w", err)
	}
	if len(data) > maxPrompt {
		return "", fmt.Errorf("the prompt from standard input is longer than %d bytes", maxPrompt)
	}
	// A byte order mark belongs to the file, one line end to the pipe, not to the prompt.
	prompt := strings.TrimPrefix(string(data), "\uFEFF")
	return strings.TrimSuffix(strings.TrimSuffix(prompt, "\n"), "\r"), nil
}

// checkPrompt notes words that the model does not know, and refuses a prompt without
// words.
func (a *app) checkPrompt(m *autoreg.TextModel, prompt string, o *autoreg.GenerateOptions) error {
	ids, tok := promptIDs(m, prompt, o.RawPrompt), m.Tokenizer()
	unknown := m.UnknownWords(prompt, o)
	switch {
	case len(unknown) > 0 && tok.Unknown() < 0:
		return nil // which is the error of Text
	case len(ids) == 0:
		return usagef("the prompt holds no %s", unitName(tok))
	case len(unknown) > 0:
		known := "read as " + tok.Word(tok.Unknown())
		if !slices.ContainsFunc(ids, func(id int) bool { return id != tok.Unknown() }) {
			known += ", which leaves none that it knows"
		}
		a.note("%ss that the model does not know, %s: %s", unitName(tok), known, strings.Join(unknown, " "))
	}
	limit := o.MaxTokens
	if limit == 0 && o.NewTokens == 0 {
		limit = autoreg.DefaultMaxTokens
	}
	if limit > 0 && len(ids) >= limit {
		a.note("the prompt alone has %s: --max-tokens %d leaves no room for more", counted(len(ids), unitName(tok)), limit)
	}
	return nil
}

func promptIDs(m *autoreg.TextModel, prompt string, raw bool) []int {
	if raw {
		return m.Tokenizer().AppendRaw(nil, prompt)
	}
	return m.Tokenizer().Append(nil, prompt)
}

// drawSeed returns a random seed, short enough to type again. It reports it unless the
// output does.
func (a *app) drawSeed(report bool) uint64 {
	seed := uint64(rand.Uint32())
	if report {
		a.note("seed %d", seed)
	}
	return seed
}
