package main

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/tokenizer"
	"github.com/autoreg/autoreg/train/corpus"
)

// A classified is a text's JSON object of classify --json.
type classified struct {
	Class         string             `json:"class"`
	Probability   float32            `json:"probability"`
	Probabilities map[string]float32 `json:"probabilities"`
	Text          string             `json:"text"`
}

func (a *app) classifyCommand() *cobra.Command {
	var (
		model, prompt string
		format, field string
		limits        corpusLimits
		memory        int // MiB
		asJSON        bool
	)
	cmd := &cobra.Command{
		Use:   "classify --model MODEL [FILE...]",
		Short: "Tell classes of texts apart",
		Long: `Tell classes of texts apart: for each text it prints the likeliest class, a tab and the
class's probability, on a line. A text is what --prompt gives, or each document of each
FILE, which may be - for standard input: plain text or JSON, gzipped or not, read as
autoreg train text reads it. Plain text has a text on each line, unless --format
paragraphs says that blank lines separate them, or --format text that each FILE is one.
With --field NAME the text is the member NAME of each object of a JSON list, or of JSON
lines.

The model is a classifier, which autoreg train classify makes. With --json each text is an
object on a line: class, probability, the probabilities of all classes, and the text.`,
		Example: `  autoreg classify --model dessert.safetensors --prompt "Beat eggs and sugar until pale, fold in flour and bake."
  autoreg classify --model dessert.safetensors directions.txt --json
  autoreg classify --model dessert.safetensors recipes.json.gz --field directions`,
		RunE: func(cmd *cobra.Command, args []string) error {
			one := cmd.Flags().Changed("prompt")
			switch {
			case model == "":
				return usagef("give --model FILE, a classifier, which autoreg train classify makes")
			case one && len(args) > 0:
				return usagef("--prompt and the file %s exclude each other: give one of them", shellQuote(args[0]))
			case !one && len(args) == 0:
				return usagef("give --prompt TEXT, or name a file of texts")
			}
			ctx := cmd.Context()
			m, err := openModel[*autoreg.Classifier](ctx, a, model)
			if err != nil {
				return err
			}
			if one {
				return a.classify(ctx, m, prompt, asJSON)
			}
			for _, path := range args {
				read := corpus.Options{Format: format, Field: field, MaxMemory: int64(memory) << 20, Open: a.open}
				read.Raw = m.Tokenizer().Options().Unit == tokenizer.Bytes
				limits.apply(&read)
				c, err := await(ctx, func() (*corpus.Corpus, error) { return corpus.Read([]string{path}, &read) })
				if err != nil {
					return err
				}
				for _, doc := range c.Docs {
					if err := a.classify(ctx, m, doc, asJSON); err != nil {
						return err
					}
				}
			}
			return nil
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&model, "model", "m", "", "model `FILE` of a classifier, or - for standard input (required)")
	fs.StringVarP(&prompt, "prompt", "p", "", "the `TEXT` to classify")
	choiceFlag(fs, &format, "format", corpus.FormatAuto, formats, "how the files are read; auto takes each line of plain text as a text")
	fieldFlag(fs, &field)
	fs.BoolVar(&asJSON, "json", false, "print each text as a JSON object on a line")
	limits.define(fs)
	intFlag(fs, &memory, "max-memory", "", corpus.DefaultMaxMemory>>20, 1, math.MaxInt32, "refuse texts that take more than `N` MiB of memory")
	return cmd
}

// classify prints the class of a text.
func (a *app) classify(ctx context.Context, m *autoreg.Classifier, text string, asJSON bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p, err := m.Classify(text)
	if err != nil {
		return err
	}
	names, best := m.Classes(), 0
	for i, x := range p {
		if x > p[best] {
			best = i
		}
	}
	for i, x := range p {
		if x != x || math.IsInf(float64(x), 0) {
			return fmt.Errorf("the probability of class %.80q is %v: the weights of the model are too large", names[i], x)
		}
	}
	if !asJSON {
		_, err := io.WriteString(a.out, fmt.Sprintf("%s\t%.4f\n", a.safe(lineText(names[best])), p[best]))
		return err
	}
	of := classified{names[best], p[best], make(map[string]float32, len(p)), text}
	for i, x := range p {
		of.Probabilities[names[i]] = x
	}
	return a.writeJSONLine(of)
}
