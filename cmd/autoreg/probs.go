package main

import (
	"cmp"
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
		sampling     samplingFlags
	)
	cmd := &cobra.Command{
		Use:   "probs PROMPT...",
		Short: "List the likeliest next tokens",
		Long: `List the likeliest next tokens after a prompt, with their probabilities at
several temperatures side by side: those that a token is drawn with, so that tokens which
the other flags rule out have 0%.

With --steps the text goes on: after each listing a token is drawn, at the first of
the temperatures, and the next listing is for the text with that token. [UNK], which
stands for all that the model does not know, is left out unless --unknown is
given. (stop) is the end of the text.

` + samplingHelp + `

The prompt is all arguments, joined by blanks; "-" alone reads it from standard
input.

With --json each listing is a JSON object on a line: text, so far; temperatures; next,
the likeliest tokens, each with id, token (empty for the end of the text) and p, its
probability at each temperature; drawn, the id and token that was drawn; prompt_tokens,
new_tokens and seed. The last one has reason, why the text ended, and stop, the --stop that
ended it, as those of generate --json do. If the reason is canceled or nothing, it has
neither next nor drawn.

On a terminal, control characters in a model's tokens are shown as \u001b and the
like.`,
		Example: `  autoreg probs "recipe for roasted vegetables | chop 1 /"
  autoreg probs "recipe for chocolate ice cream |" --temperatures 1,0.5,0.2 --top 10
  autoreg probs "recipe for" --steps 5 --temperatures 0,1
  autoreg probs "recipe for roasted" --top-p 0.8 --top 10`,
		Args: someArguments("give a prompt: some words, or - to read them from standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := exclusive(cmd.Flags(), "greedy", "temperatures"); err != nil {
				return err
			}
			if sampling.greedy {
				temperatures = []float64{0}
			}
			prompt, err := a.prompt(cmd.Context(), args)
			if err != nil {
				return err
			}
			m, err := openModel[*autoreg.TextModel](cmd.Context(), a, model)
			if err != nil {
				return err
			}
			o.Sampling.Temperature = &temperatures[0]
			if err := sampling.resolve(m, &o); err != nil {
				return err
			}
			if hint := decimalComma(cmd.Flags().Lookup("temperatures").Value.String()); hint != "" {
				a.note("%s", hint)
			}
			if err := a.checkPrompt(m, prompt, &o); err != nil {
				return err
			}
			if !cmd.Flags().Changed("seed") {
				o.Seed = a.drawSeed(!asJSON && o.NewTokens > 1) // one listing does not show what is drawn
			}
			line := positionJSON{PromptTokens: len(promptIDs(m, prompt, o.RawPrompt)), Seed: o.Seed}
			for _, t := range temperatures {
				line.Temperatures = append(line.Temperatures, float32(t))
			}
			for at, err := range listings(cmd.Context(), m, prompt, o, top, temperatures) {
				if at.drawn >= 0 {
					line.NewTokens++
				}
				switch {
				case asJSON && (err == nil || at.end != nil):
					err = cmp.Or(err, a.writeJSONLine(line.of(m, at)))
				case err == nil:
					err = a.writeListing(m, at, temperatures)
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
	intFlag(fs, &top, "top", "k", 5, 1, math.MaxInt32, "list the `N` likeliest tokens")
	sampling.define(fs, &o, "", "--temperatures 0")
	intFlag(fs, &o.NewTokens, "steps", "", 1, 1, math.MaxInt32, "go on for `N` tokens")
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

// A positionJSON is a listing's JSON object of probs --json.
type positionJSON struct {
	Text         string         `json:"text"`
	Temperatures []float32      `json:"temperatures"` // as many digits as tell them apart
	Next         []nextJSON     `json:"next,omitempty"`
	Drawn        *wordJSON      `json:"drawn,omitempty"`
	PromptTokens int            `json:"prompt_tokens"`
	NewTokens    int            `json:"new_tokens"` // the one drawn here included
	Seed         uint64         `json:"seed"`
	Reason       sampler.Reason `json:"reason,omitzero"`
	Stop         string         `json:"stop,omitempty"` // the stop string
}

type nextJSON struct {
	wordJSON
	P []float32 `json:"p"`
}

// of returns p with what is of one listing.
func (p positionJSON) of(m *autoreg.TextModel, at listing) positionJSON {
	p.Text = at.text
	if at.drawn >= 0 {
		p.Drawn = new(wordOf(m, at.drawn))
	}
	for _, next := range at.next {
		p.Next = append(p.Next, nextJSON{wordOf(m, next.id), next.p})
	}
	if at.end != nil {
		p.Reason, p.Stop = at.end.Reason, at.end.StopString
	}
	return p
}

// writeListing prints the text so far, a table of words, and a rule.
func (a *app) writeListing(m *autoreg.TextModel, at listing, temperatures []float64) error {
	head, align := []string{""}, "l"
	for _, t := range temperatures {
		head, align = append(head, "T = "+formatTemperature(t)), align+"r"
	}
	rows := [][]string{head}
	for _, next := range at.next {
		row := []string{a.tableWord(m, next.id)}
		for _, p := range next.p {
			row = append(row, fmt.Sprintf("%.2f%%", 100*float64(p)))
		}
		rows = append(rows, row)
	}
	var b strings.Builder
	fmt.Fprintln(&b, a.safe(at.text))
	if err := writeColumns(&b, rows, align); err != nil {
		return err
	}
	fmt.Fprintln(&b, rule)
	_, err := fmt.Fprint(a.out, b.String())
	return err
}

// A wordJSON is a word in JSON.
type wordJSON struct {
	ID    int    `json:"id"`
	Token string `json:"token"`
}

func wordOf(m *autoreg.TextModel, id int) wordJSON {
	return wordJSON{id, printable(m.Tokenizer().Word(id))}
}

// tableWord returns how a table shows a word: "(stop)" for the end of the text, blanks in
// quotes.
func (a *app) tableWord(m *autoreg.TextModel, id int) string {
	if id == m.Tokenizer().Stop() {
		return "(stop)"
	}
	return lineEnds.Replace(a.safe(shown(m.Tokenizer().Word(id))))
}
