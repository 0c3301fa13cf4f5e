package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/tokenizer"
)

// rule separates the positions of a listing.
const rule = "--------"

func (a *app) probsCommand() *cobra.Command {
	var (
		model        string
		temperatures []float64
		top          int
		o            autoreg.GenerateOptions
	)
	cmd := &cobra.Command{
		Use:   "probs PROMPT...",
		Short: "List the likeliest next words",
		Long: `List the likeliest next words after a prompt, with their probabilities at
several temperatures side by side.

With --steps the text goes on: after each listing a word is drawn, at the first of
the temperatures, and the next listing is for the text with that word. [UNK], the
model's name for words that it does not know, is left out unless --unknown is
given. (stop) is the end of the text.

The prompt is all arguments, joined by blanks; "-" alone reads it from standard
input.`,
		Example: `  autoreg probs "recipe for roasted vegetables | chop 1 /"
  autoreg probs "recipe for chocolate ice cream |" --temperatures 1,0.5,0.2 --top 10
  autoreg probs "recipe for" --steps 5 --temperatures 0`,
		Args: someArguments("give a prompt: some words, or - to read them from standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			prompt, err := a.prompt(cmd.Context(), args)
			if err != nil {
				return err
			}
			m, err := a.openText(cmd.Context(), model)
			if err != nil {
				return err
			}
			o.Temperature = &temperatures[0]
			if !cmd.Flags().Changed("seed") && o.NewTokens > 1 {
				o.Seed = a.drawSeed()
			}
			if err := a.checkPrompt(m, prompt, &o); err != nil {
				return err
			}
			for at, err := range m.Probs(cmd.Context(), prompt, &o, top, temperatures...) {
				if err != nil {
					return err
				}
				if err := a.writePosition(at, temperatures); err != nil {
					return err
				}
			}
			return nil
		},
	}
	fs := cmd.Flags()
	modelFlag(fs, &model, cookbooksName)
	temperaturesFlag(fs, &temperatures, "temperatures", "t", []float64{1, 0.2}, "temperatures, one column each")
	intFlag(fs, &top, "top", "k", 5, 1, math.MaxInt32, "list the `N` likeliest words")
	intFlag(fs, &o.NewTokens, "steps", "", 1, 1, math.MaxInt32, "go on for `N` words")
	seedFlag(fs, &o.Seed, "start of the random sequence for --steps, `N` (default drawn at random)")
	fs.BoolVar(&o.AllowUnknown, "unknown", false, "list [UNK] too, and let it be drawn")
	fs.BoolVar(&o.RawPrompt, "raw-prompt", false, "take the prompt's words as they stand between blanks")
	return cmd
}

// writePosition prints the text so far, a table of words, and a rule.
func (a *app) writePosition(at autoreg.Position, temperatures []float64) error {
	head, align := []string{""}, "l"
	for _, t := range temperatures {
		head, align = append(head, "T = "+formatTemperature(t)), align+"r"
	}
	rows := [][]string{head}
	for _, next := range at.Next {
		word := next.Word
		if next.ID == tokenizer.Stop {
			word = "(stop)"
		}
		row := []string{word}
		for _, p := range next.P {
			row = append(row, fmt.Sprintf("%.2f%%", 100*float64(p)))
		}
		rows = append(rows, row)
	}
	var b strings.Builder
	fmt.Fprintln(&b, at.Text)
	if err := writeColumns(&b, rows, align); err != nil {
		return err
	}
	fmt.Fprintln(&b, rule)
	_, err := fmt.Fprint(a.out, b.String())
	return err
}
