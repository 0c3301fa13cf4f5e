package main

import (
	"cmp"
	"fmt"
	"iter"
	"math"

	"github.com/spf13/cobra"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/train"
)

// formats are the names of a corpus file's formats, as flags take them.
var formats = []string{train.FormatAuto, train.FormatRecipes, train.FormatLines, train.FormatParagraphs}

func (a *app) scoreCommand() *cobra.Command {
	var (
		model  string
		corpus train.CorpusOptions
		o      autoreg.ScoreOptions
	)
	cmd := &cobra.Command{
		Use:   "score FILE...",
		Short: "Tell how well a model predicts texts",
		Long: `Tell how well a model predicts the texts of each file: the mean loss per word in
nats, and the perplexity, which is how many equally likely words would be as hard
to guess.

A file is plain text or a JSON list of recipes, gzipped or not, as for training:
plain text has one document a line, unless --format paragraphs says that blank
lines are between them.
Every word of a document counts but the first, and so does its end. Words that
the model does not know count as [UNK], which is easy to guess: compare models on
a file only if they know about as many of its words.`,
		Example: `  autoreg score novel.txt --format paragraphs
  autoreg score --model recipes.safetensors held-back.json.gz`,
		Args: someArguments("name a file to score"),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, _, err := openModel(model)
			if err != nil {
				return err
			}
			rows := [][]string{{"file", "documents", "words", "unknown", "nats/word", "perplexity"}}
			var (
				total  autoreg.Score
				failed error
			)
			for _, path := range args {
				s, err := a.scoreFile(cmd, m, path, &corpus, &o)
				if err != nil {
					failed = err // the files before it have been scored all the same
					break
				}
				rows = append(rows, scoreRow(path, s))
				total.Documents += s.Documents
				total.Tokens += s.Tokens
				total.Unknown += s.Unknown
				total.Loss += s.Loss
			}
			if failed == nil && len(args) > 1 {
				rows = append(rows, scoreRow("total", total))
			}
			if len(rows) > 1 {
				err = writeColumns(a.out, rows, "lrrrrr")
			}
			return cmp.Or(failed, err)
		},
	}
	fs := cmd.Flags()
	modelFlag(fs, &model)
	choiceFlag(fs, &corpus.Format, "format", train.FormatAuto, formats, "how the files are read")
	intFlag(fs, &o.MaxTokens, "max-tokens", "", 0, 2, math.MaxInt32, "score only the first `N` words of a document, 2 or more, as the first is not predicted (default all)")
	return cmd
}

// scoreFile scores the documents of a file, with a bar for whoever waits.
func (a *app) scoreFile(cmd *cobra.Command, m *autoreg.Model, path string, corpus *train.CorpusOptions, o *autoreg.ScoreOptions) (autoreg.Score, error) {
	c, err := train.ReadCorpus(path, corpus)
	if err != nil {
		return autoreg.Score{}, err
	}
	bar := a.newProgress(int64(len(c.Docs)), path)
	defer bar.finish()
	s, err := m.Score(cmd.Context(), counted(c.Docs, bar), o)
	if err != nil {
		return s, &fileError{path, err}
	}
	return s, nil
}

// counted goes through docs and adds one to bar as each is done.
func counted(docs []string, bar *progress) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, doc := range docs {
			if !yield(doc) {
				return
			}
			bar.add(1)
		}
	}
}

func scoreRow(name string, s autoreg.Score) []string {
	return []string{
		name, thousands(s.Documents), thousands(s.Tokens),
		fmt.Sprintf("%s (%.2f%%)", thousands(s.Unknown), 100*float64(s.Unknown)/float64(s.Tokens)),
		fmt.Sprintf("%.4f", s.Mean()), perplexityText(s.Perplexity()),
	}
}
