package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/sampler"
)

// rule separates the positions of a listing.
const rule = "--------"

func (a *app) probsCommand() *cobra.Command {
	var (
		model        string
		temperatures []float64
		top          int
		o            autoreg.GenerateOptions
		asJSON       bool
	)
	cmd := &cobra.Command{
		Use:   "probs PROMPT...",
		Short: "List the likeliest next words",
		Long: `List the likeliest next words after a prompt, with their probabilities at
several temperatures side by side.

With --steps the text goes on: after each listing a word is drawn, at the first of
the temperatures, and the next listing is for the text with that word. [UNK], which
stands for all words that the model does not know, is left out unless --unknown is
given. (stop) is the end of the text.

The prompt is all arguments, joined by blanks; "-" alone reads it from standard
input.

With --json each listing is a JSON object on a line: text, so far; temperatures; next,
the likeliest words, each with id, word (empty for the end of the text) and p, its
probability at each temperature; drawn, the id and word that was drawn; prompt_tokens,
new_tokens and seed; and in the last one reason, why the text ended.

On a terminal, control characters in a model's words are shown as \u001b and the
like.`,
		Example: `  autoreg probs "recipe for roasted vegetables | chop 1 /"
  autoreg probs "recipe for chocolate ice cream |" --temperatures 1,0.5,0.2 --top 10
  autoreg probs "recipe for" --steps 5 --temperatures 0`,
		Args: someArguments("give a prompt: some words, or - to read them from standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			prompt, err := a.prompt(cmd.Context(), args)
			if err != nil {
				return err
			}
			m, err := openModel[*autoreg.TextModel](cmd.Context(), a, model)
			if err != nil {
				return err
			}
			o.Temperature = &temperatures[0]
			if hint := decimalComma(cmd.Flags().Lookup("temperatures").Value.String()); hint != "" {
				a.note("%s", hint)
			}
			if !cmd.Flags().Changed("seed") && o.NewTokens > 1 {
				o.Seed = a.drawSeed()
			}
			if err := a.checkPrompt(m, prompt, &o); err != nil {
				return err
			}
			line := positionJSON{Temperatures: temperatures, PromptTokens: len(promptIDs(m, prompt, o.RawPrompt)), Seed: o.Seed}
			for at, err := range m.Probs(cmd.Context(), prompt, &o, top, temperatures...) {
				if err != nil {
					return err
				}
				if asJSON {
					line.NewTokens++
					err = a.writeJSONLine(line.of(at))
				} else {
					err = a.writePosition(at, m.Tokenizer().Stop(), temperatures)
				}
				if err != nil {
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
	seedFlag(fs, &o.Seed, "seed `N` of the random numbers for --steps (default a random one)")
	fs.BoolVar(&o.AllowUnknown, "unknown", false, "list [UNK] too, and let it be drawn")
	fs.BoolVar(&o.RawPrompt, "raw-prompt", false, "take the prompt's words as they stand between blanks")
	fs.BoolVar(&o.Plain, "plain", false, "single blanks between the words of the text, as the model sees them")
	fs.BoolVar(&asJSON, "json", false, "write each listing as a JSON object on a line")
	cmd.SetFlagErrorFunc(promptFlagError)
	return cmd
}

// decimalComma returns a hint if a list of temperatures may be meant as one with a
// decimal comma, such as 0,7: it has digits after a whole 0, and no point.
func decimalComma(list string) string {
	parts := strings.Split(list, ",")
	if len(parts) != 2 || parts[0] != "0" || parts[1] == "0" || strings.Trim(parts[1], "0123456789") != "" {
		return ""
	}
	return fmt.Sprintf("--temperatures %s are two temperatures, 0 and %s: a decimal has a point, 0.%s", list, parts[1], parts[1])
}

// A positionJSON is a position's JSON object of probs --json.
type positionJSON struct {
	Text         string         `json:"text"`
	Temperatures []float64      `json:"temperatures"`
	Next         []nextJSON     `json:"next"`
	Drawn        wordJSON       `json:"drawn"`
	PromptTokens int            `json:"prompt_tokens"`
	NewTokens    int            `json:"new_tokens"` // the one drawn here included
	Seed         uint64         `json:"seed"`
	Reason       sampler.Reason `json:"reason,omitzero"`
}

type wordJSON struct {
	ID   int    `json:"id"`
	Word string `json:"word"`
}

type nextJSON struct {
	wordJSON
	P []float32 `json:"p"`
}

// of returns p with what is of one position.
func (p positionJSON) of(at autoreg.Position) positionJSON {
	p.Text, p.Drawn = at.Text, wordJSON{at.ID, at.Word}
	for _, next := range at.Next {
		p.Next = append(p.Next, nextJSON{wordJSON{next.ID, next.Word}, next.P})
	}
	if at.End != nil {
		p.Reason = at.End.Reason
	}
	return p
}

// writePosition prints the text so far, a table of words, and a rule.
func (a *app) writePosition(at autoreg.Position, stop int, temperatures []float64) error {
	head, align := []string{""}, "l"
	for _, t := range temperatures {
		head, align = append(head, "T = "+formatTemperature(t)), align+"r"
	}
	rows := [][]string{head}
	for _, next := range at.Next {
		word := next.Word
		if next.ID == stop {
			word = "(stop)"
		}
		row := []string{a.safe(word)}
		for _, p := range next.P {
			row = append(row, fmt.Sprintf("%.2f%%", 100*float64(p)))
		}
		rows = append(rows, row)
	}
	var b strings.Builder
	fmt.Fprintln(&b, a.safe(at.Text))
	if err := writeColumns(&b, rows, align); err != nil {
		return err
	}
	fmt.Fprintln(&b, rule)
	_, err := fmt.Fprint(a.out, b.String())
	return err
}
