package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/tokenizer"
)

// defaultTokens is as long as the texts that models are trained on by default.
const defaultTokens = 200

// defaultTemperature is below 1, the model's own, for small models are sure of too
// little: what they write reads better so.
const defaultTemperature = 0.7

func (a *app) generateCommand() *cobra.Command {
	var (
		model       string
		temperature float64
		o           autoreg.GenerateOptions
		count       int
		plain       bool
		pretty      bool
	)
	cmd := &cobra.Command{
		Use:   "generate PROMPT...",
		Short: "Continue a text",
		Long: `Continue a text, word by word, until the model ends it or a limit is reached.

The prompt is all arguments, joined by blanks; "-" alone reads it from standard
input. It goes through the model's own tokenizer: lower case, punctuation as
words. Words that the model does not know are named on standard error and read as
[UNK].

The same model, seed and options give the same text everywhere. Without --seed
one is drawn, and shown if standard error is a terminal; pipes and logs stay clean,
so give --seed where a text is to be repeated. With --count each text
has a seed of its own: the first --seed, the second one more, and so on.`,
		Example: `  autoreg generate recipe for roasted
  autoreg generate "recipe for apple pudding |" --temperature 0.5 --seed 7
  autoreg generate "recipe for" --count 3 --top-k 40 --new-tokens 60
  autoreg generate --model recipes.safetensors --plain "recipe for cake | chop 1 /" --raw-prompt
  echo "recipe for mutton" | autoreg generate -`,
		Args: someArguments("give a prompt: some words, or - to read them from standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := exclusive(cmd.Flags(), "plain", "pretty"); err != nil {
				return err
			}
			prompt, err := a.prompt(cmd.Context(), args)
			if err != nil {
				return err
			}
			m, err := a.openText(cmd.Context(), model)
			if err != nil {
				return err
			}
			o.Temperature = &temperature
			o.Pretty = pretty && !plain
			if o.NewTokens == 0 && o.MaxTokens == 0 {
				o.MaxTokens = defaultTokens
			}
			if !cmd.Flags().Changed("seed") {
				o.Seed = a.drawSeed()
			}
			if err := a.checkPrompt(m, prompt, &o); err != nil {
				return err
			}
			for i := range count {
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
	temperatureFlag(fs, &temperature, "temperature", "t", defaultTemperature, "1 is the model's own; below prefers likely words, above evens out, 0 always takes the likeliest")
	intFlag(fs, &o.TopK, "top-k", "k", 0, 0, math.MaxInt32, "draw among the `N` likeliest words only; 0 means all")
	seedFlag(fs, &o.Seed, "start of the random sequence, `N` (default drawn at random)")
	intFlag(fs, &o.MaxTokens, "max-tokens", "", 0, 1, math.MaxInt32, fmt.Sprintf("end the text at `N` words, those of the prompt included (default %d)", defaultTokens))
	intFlag(fs, &o.NewTokens, "new-tokens", "", 0, 1, math.MaxInt32, "end the text after `N` new words")
	intFlag(fs, &count, "count", "n", 1, 1, math.MaxInt32, "write `N` texts, with a blank line between them")
	fs.BoolVar(&o.AllowUnknown, "unknown", false, "let the model write [UNK], its name for words that it does not know")
	fs.BoolVar(&o.RawPrompt, "raw-prompt", false, "take the prompt's words as they stand between blanks")
	fs.BoolVar(&plain, "plain", false, "single blanks between words, as the model sees them")
	fs.BoolVar(&pretty, "pretty", true, "spacing and capitals of prose")
	return cmd
}

// generate writes one text, each word as soon as it is there, and a line end.
func (a *app) generate(cmd *cobra.Command, m *autoreg.Model, prompt string, o autoreg.GenerateOptions) error {
	var failed error
	for piece, err := range m.Text(cmd.Context(), prompt, &o) {
		if failed = err; err != nil {
			break
		}
		if _, err := io.WriteString(a.out, piece); err != nil {
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
		return strings.Join(args, " "), nil
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
	// The line end belongs to the pipe, not to the prompt.
	return strings.TrimRight(string(data), "\r\n"), nil
}

// checkPrompt says what the model will not understand, and refuses what leaves it
// nothing to do.
func (a *app) checkPrompt(m *autoreg.Model, prompt string, o *autoreg.GenerateOptions) error {
	ids := promptIDs(m, prompt, o.RawPrompt)
	if len(ids) == 0 {
		return usagef("the prompt holds no word")
	}
	if unknown := m.UnknownWords(prompt, o); len(unknown) > 0 {
		known := "read as [UNK]"
		if !slices.ContainsFunc(ids, func(id int) bool { return id != tokenizer.Unknown }) {
			known += ", which leaves none that it knows"
		}
		a.note("words that the model does not know, %s: %s", known, strings.Join(unknown, " "))
	}
	if o.MaxTokens > 0 && len(ids) >= o.MaxTokens {
		a.note("the prompt alone has %d words: --max-tokens %d leaves no room for more", len(ids), o.MaxTokens)
	}
	return nil
}

func promptIDs(m *autoreg.Model, prompt string, raw bool) []int {
	if raw {
		return m.Tokenizer().AppendRaw(nil, prompt)
	}
	return m.Tokenizer().Append(nil, prompt)
}

// drawSeed returns a random seed, short enough to type again.
func (a *app) drawSeed() uint64 {
	seed := uint64(rand.Uint32())
	if a.terminal {
		a.note("seed %d", seed)
	}
	return seed
}
