package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/train/corpus"
	"github.com/autoreg/autoreg/train/images"
)

// formats are the names of a corpus file's formats, as flags take them.
var formats = []string{corpus.FormatAuto, corpus.FormatRecipes, corpus.FormatLines, corpus.FormatParagraphs}

func (a *app) scoreCommand() *cobra.Command {
	var (
		model        string
		format       string
		limit        int
		limits       corpusLimits
		memory       int // MiB
		asJSON       bool
		o            autoreg.ScoreOptions
		imageOptions autoreg.PixelScoreOptions
		read         images.Options
	)
	cmd := &cobra.Command{
		Use:   "score FILE...",
		Short: "Tell how well a model predicts texts or images",
		Long: `Tell how well a model predicts what is in each file: the mean loss per word, or per
value of an image, in nats.

A text model reads plain text or a JSON list of recipes, gzipped or not, as for
training: plain text has one document a line, unless --format paragraphs says that
blank lines separate them. The perplexity, e to the mean loss, is the number of
equally likely words that would be as hard to predict. Every word of a document
counts but the first, and so does its end. Words that the model does not know count
as [UNK], which is easy to predict: compare two models on a file only if they know
about as many of its words.

An image model reads IDX files and batches of CIFAR-10 and CIFAR-100, gzipped or not,
PNG and JPEG files and folders of those, turned upright, resized and reduced to levels
as for training (give --antialias if it was given there). A value is a pixel, or in
colour each of its three; bits/value is also known as bits per dimension. Compare
models on images of the same size and levels only.

FILE may be - for standard input, or a pipe.`,
		Example: `  autoreg score novel.txt --format paragraphs
  autoreg score --model recipes.safetensors held-back.json.gz
  autoreg score --model clothes t10k-images-idx3-ubyte.gz
  zstd -dc novel.txt.zst | autoreg score - --json`,
		Args: someArguments("name a file to score"),
		RunE: func(cmd *cobra.Command, args []string) error {
			any, err := a.openEither(cmd.Context(), model)
			if err != nil {
				return err
			}
			m := any.text
			if pixels := any.pixels; pixels != nil {
				if err := checkScoreFlags(cmd.Flags(), model, "images", format, imageFormats, "max-tokens", "max-document", "max-corpus"); err != nil {
					return err
				}
				read.Format, read.Limit, read.Open, read.MaxBytes = format, limit, a.openImages(model), int64(memory)<<20
				return a.scoreImages(cmd, pixels, args, asJSON, &read, &imageOptions)
			}
			if err := checkScoreFlags(cmd.Flags(), model, "text", format, formats, "limit", "threads", "antialias", "max-picture"); err != nil {
				return err
			}
			readText := corpus.Options{Format: format, MaxMemory: int64(memory) << 20}
			limits.apply(&readText)
			sheet := &scoreSheet{a, asJSON, "lrrrrr", [][]string{{"file", "documents", "words", "unknown", "nats/word", "perplexity"}}}
			var (
				total  autoreg.Score
				failed error
			)
			for _, path := range args {
				s, err := a.scoreFile(cmd.Context(), m, path, model, readText, &o)
				if err == nil {
					err = sheet.add(scoreRow(path, s), textScore(scored{File: path}, s))
				}
				if err != nil {
					failed = err // the files before it have been scored all the same
					break
				}
				total.Documents += s.Documents
				total.Tokens += s.Tokens
				total.Unknown += s.Unknown
				total.Loss += s.Loss
			}
			if failed == nil && len(args) > 1 {
				failed = sheet.add(scoreRow("total", total), textScore(scored{Total: true}, total))
			}
			err = sheet.end()
			return cmp.Or(failed, err)
		},
	}
	fs := cmd.Flags()
	modelFlag(fs, &model, cookbooksName)
	choiceFlag(fs, &format, "format", corpus.FormatAuto, append(formats[:len(formats):len(formats)], imageFormats[1:]...), "how the files are read")
	fs.BoolVar(&asJSON, "json", false, "print each file's score as a JSON object on a line, and with several files one with \"total\": true")
	intFlag(fs, &o.MaxTokens, "max-tokens", "", 0, 2, math.MaxInt32, "score only the first `N` words of a document, 2 or more, as the first is not predicted (default all)")
	limits.define(fs)
	intFlag(fs, &memory, "max-memory", "", corpus.DefaultMaxMemory>>20, 1, math.MaxInt32, "refuse texts or images that take more than `N` MiB of memory")
	intFlag(fs, &limit, "limit", "", 0, 1, math.MaxInt32, "score only the first `N` images of a file (default all)")
	pictureFlags(fs, &read)
	intFlag(fs, &imageOptions.Threads, "threads", "", 0, 0, 1<<12, "threads for images; 0 means one per CPU; the result does not depend on it")
	return cmd
}

// checkScoreFlags refuses flags that have no meaning for a model of what.
func checkScoreFlags(fs *pflag.FlagSet, model, what, format string, formats []string, foreign ...string) error {
	if !slices.Contains(formats, format) {
		return usagef("--format %s is not for the model %s, which is one of %s: want one of %s", format, model, what, strings.Join(formats, ", "))
	}
	for _, name := range foreign {
		if fs.Changed(name) {
			return usagef("--%s is not for the model %s, which is one of %s: leave it out", name, model, what)
		}
	}
	return nil
}

// scoreFile scores the documents of a file, with a progress bar.
func (a *app) scoreFile(ctx context.Context, m *autoreg.Model, path, model string, read corpus.Options, o *autoreg.ScoreOptions) (autoreg.Score, error) {
	c, err := await(ctx, func() (*corpus.Corpus, error) {
		f, err := a.open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if err := checkText(f, path, model); err != nil {
			return nil, err
		}
		read.Open = a.opened(path, f)
		return corpus.Read([]string{path}, &read)
	})
	if err != nil {
		return autoreg.Score{}, err
	}
	bar := a.newProgress(int64(len(c.Docs)), path)
	defer bar.finish()
	s, err := m.Score(ctx, counting(bar, slices.Values(c.Docs)), o)
	if err != nil {
		return s, &fileError{path, err}
	}
	return s, nil
}

func scoreRow(name string, s autoreg.Score) []string {
	return []string{
		name, thousands(s.Documents), thousands(s.Tokens),
		fmt.Sprintf("%s (%.2f%%)", thousands(s.Unknown), 100*float64(s.Unknown)/float64(s.Tokens)),
		fmt.Sprintf("%.4f", s.Mean()), perplexityText(s.Perplexity()),
	}
}
