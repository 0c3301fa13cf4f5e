package main

import (
	"context"
	"fmt"
	"iter"
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
		Short: "List the likeliest next words",
		Long: `List the likeliest next words after a prompt, with their probabilities at
several temperatures side by side: those that a word is drawn with, so that words which
the other flags rule out have 0%.

With --steps the text goes on: after each listing a word is drawn, at the first of
the temperatures, and the next listing is for the text with that word. [UNK], which
stands for all words that the model does not know, is left out unless --unknown is
given. (stop) is the end of the text.

` + samplingHelp + `

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
  autoreg probs "recipe for" --steps 5 --temperatures 0
  autoreg probs "recipe for roasted" --top-p 0.8 --top 10`,
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
			if !cmd.Flags().Changed("seed") && o.NewTokens > 1 {
				o.Seed = a.drawSeed(!asJSON)
			}
			line := positionJSON{Temperatures: temperatures, PromptTokens: len(promptIDs(m, prompt, o.RawPrompt)), Seed: o.Seed}
			for at, err := range listings(cmd.Context(), m, prompt, o, top, temperatures) {
				if err != nil {
					return err
				}
				if asJSON {
					line.NewTokens++
					err = a.writeJSONLine(line.of(m, at))
				} else {
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
	intFlag(fs, &top, "top", "k", 5, 1, math.MaxInt32, "list the `N` likeliest words")
	sampling.define(fs, &o, "")
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

// A listing is one step of a text: the likeliest next words, and the one that was drawn.
type listing struct {
	text  string // so far
	next  []nextWord
	drawn int
	end   *autoreg.Ending // of the text, with the last listing
}

// A nextWord is a word that could come next.
type nextWord struct {
	id int
	p  []float32 // at each temperature
}

// listings continues a prompt as Generate does, and yields for each new word the n
// likeliest in its place, with the probabilities that it is drawn with if the temperature
// is the given one. Likeliest are those with the largest logits behind bias, ban and
// penalties.
func listings(ctx context.Context, m *autoreg.TextModel, prompt string, o autoreg.GenerateOptions, n int, temperatures []float64) iter.Seq2[listing, error] {
	return func(yield func(listing, error) bool) {
		raw, ranked := make(logits, m.Symbols()), make(logits, m.Symbols())
		o.Transforms = []sampler.Transform{raw}
		weighed := sampler.Options{Bias: o.Sampling.Bias, Ban: o.Sampling.Ban, Penalties: o.Sampling.Penalties}
		chains := []*sampler.Chain{sampler.New(0, append(weighed.Transforms(), ranked)...)}
		for _, t := range temperatures {
			column := o.Sampling
			column.Temperature = &t
			chains = append(chains, sampler.New(0, column.Transforms()...))
		}
		observe := func(id int) {
			for _, c := range chains {
				c.Observe(id)
			}
		}
		for _, id := range promptIDs(m, prompt, o.RawPrompt) {
			observe(id)
		}
		text, p := "", make([]float32, m.Symbols())
		for piece, err := range m.Text(ctx, prompt, &o) {
			if err != nil {
				yield(listing{}, err)
				return
			}
			if piece.ID >= 0 {
				at := listing{text: text, drawn: piece.ID, end: piece.End}
				chains[0].Probabilities(p, raw)
				for _, c := range sampler.Top(nil, ranked, n) {
					at.next = append(at.next, nextWord{id: int(c.ID)})
				}
				for _, c := range chains[1:] {
					c.Probabilities(p, raw)
					for i := range at.next {
						at.next[i].p = append(at.next[i].p, p[at.next[i].id])
					}
				}
				if !yield(at, nil) {
					return
				}
				observe(piece.ID)
			}
			text += piece.Text
		}
	}
}

// logits is a transform that changes nothing and keeps the logits that it is shown, -Inf
// for symbols that are not among them.
type logits []float32

func (x logits) Apply(c *sampler.Candidates) {
	for i := range x {
		x[i] = float32(math.Inf(-1))
	}
	for _, d := range c.C {
		x[d.ID] = d.Logit
	}
}

// A positionJSON is a listing's JSON object of probs --json.
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

type nextJSON struct {
	wordJSON
	P []float32 `json:"p"`
}

// of returns p with what is of one listing.
func (p positionJSON) of(m *autoreg.TextModel, at listing) positionJSON {
	p.Text, p.Drawn = at.text, wordOf(m, at.drawn)
	for _, next := range at.next {
		p.Next = append(p.Next, nextJSON{wordOf(m, next.id), next.p})
	}
	if at.end != nil {
		p.Reason = at.end.Reason
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
