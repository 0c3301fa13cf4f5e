package main

import (
	"cmp"
	"context"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/train/corpus"
	"github.com/autoreg/autoreg/train/images"
)

// A scoreJob is a command line of score.
type scoreJob struct {
	*app
	ctx    context.Context
	flags  *pflag.FlagSet
	model  string
	format string
	memory int // MiB
	field  string
	asJSON bool

	limits     corpusLimits
	limit      int      // images of a file
	labelFiles []string // of the labels of images
	read       images.Options
	options    autoreg.ScoreOptions

	lines  bool // list each line
	top    int  // of these, the most surprising; 0 means all
	tokens bool // list the tokens too

	labels     labelFlags
	validation float64 // share of a file's documents
}

func (a *app) scoreCommand() *cobra.Command {
	j := &scoreJob{app: a}
	cmd := &cobra.Command{
		Use:   "score FILE...",
		Short: "Tell how well a model predicts texts or images",
		Long: `Tell how well a model predicts what is in each file: the mean loss per word, or per
value of an image, in nats.

A text model reads plain text or JSON, gzipped or not, as for training: plain text has
one document a line, unless --format paragraphs says that blank lines separate them, or
--format text that each file is one; JSON is a list of recipes or of strings, or with
--field NAME objects whose member NAME is a document. The perplexity, e to the mean loss, is the number of
equally likely words that would be as hard to predict. Every word of a document
counts but the first, and so does its end. Words that the model does not know count
as [UNK], which is easy to predict: compare two models on a file only if they know
about as many of its words.

--lines lists the lines of plain text instead, the most surprising first, with their loss
per word: odd lines of a log, bad records of a table. --top N keeps only the first N, so
that a file of any length can be read in little memory. --tokens lists each word with
ln p, its log-probability after the words before it, and without --lines those of whole
documents. --prefix gives words that come before each text and are not scored; then its
first word counts too.

An image model reads IDX files and batches of CIFAR-10 and CIFAR-100, gzipped or not,
PNG and JPEG files and folders of those, turned upright, resized and reduced to levels
as for training (give --antialias if it was given there). A value is a pixel, or in
colour each of its three; bits/value is also known as bits per dimension. Compare
models on images of the same size and levels only. A model that is conditioned on classes
needs the label of each image: batches of CIFAR have them, and --labels names IDX files
of labels, one for each file in the same order.

A classifier reads labelled texts as for training (give --text, --label, --contains and
--other as there). Accuracy is the share of texts that are given their class; the F1 of a
class is the harmonic mean of precision and recall, and macro F1 the mean over classes. A
table says for each class what its texts are taken for.

With --json each file's score is a JSON object on a line, with file, its name, and loss, the
mean: documents, words, unknown (of the words) and perplexity of texts; images, values and
bits of images; documents, accuracy, macro_f1, classes and confusion of labelled texts.
With several files a last one has "total": true in place of file. With --lines or --tokens
each line or document has an object instead, and there is no total: file; line or document,
its number; words, unknown, loss and text; and with --tokens tokens, each with id, token and
logprob, null if it is not predicted, as the first one is without --prefix. Words are the
tokens that are predicted, also those of models of characters and bytes.

FILE may be - for standard input, or a pipe.`,
		Example: `  autoreg score novel.txt --format paragraphs
  autoreg score --model recipes.safetensors held-back.json.gz
  autoreg score --model log.safetensors --lines --top 20 /var/log/syslog
  echo "chop the carrots" | autoreg score - --tokens --prefix "recipe for"
  autoreg score --model clothes t10k-images-idx3-ubyte.gz
  autoreg score --model dessert.safetensors recipes.json.gz --text directions --label categories --contains Dessert --validation 0.1
  zstd -dc novel.txt.zst | autoreg score - --json`,
		Args: someArguments("name a file to score"),
		RunE: func(cmd *cobra.Command, args []string) error {
			j.ctx, j.flags = cmd.Context(), cmd.Flags()
			return j.execute(args)
		},
	}
	fs := cmd.Flags()
	modelFlag(fs, &j.model, cookbooksName)
	choiceFlag(fs, &j.format, "format", corpus.FormatAuto, formatNames(), "how the files are read")
	fieldFlag(fs, &j.field)
	fs.BoolVar(&j.asJSON, "json", false, "print each score as a JSON object on a line")
	intFlag(fs, &j.options.Length, "max-tokens", "", 0, 1, math.MaxInt32, "score only the first `N` tokens of a document, 2 or more, as the first is not predicted, or with --prefix 1 or more (default all)")
	fs.BoolVar(&j.lines, "lines", false, "list the lines of the files, the most surprising first")
	intFlag(fs, &j.top, "top", "", 0, 1, math.MaxInt32, "with --lines, list only the `N` most surprising (default all)")
	fs.BoolVar(&j.tokens, "tokens", false, "list each token and its log-probability, in nats")
	fs.StringVar(&j.options.Prefix, "prefix", "", "`TEXT` that comes before each document and is not scored")
	j.limits.define(fs)
	intFlag(fs, &j.memory, "max-memory", "", corpus.DefaultMaxMemory>>20, 1, math.MaxInt32, "refuse texts or images that take more than `N` MiB of memory")
	intFlag(fs, &j.limit, "limit", "", 0, 1, math.MaxInt32, "score only the first `N` images of a file (default all)")
	imageFileFlags(fs, &j.read)
	filesFlag(fs, &j.labelFiles, "labels", "", true, "IDX `FILE` of the labels of a file's images, for a model that is conditioned on classes (once for each file)")
	intFlag(fs, &j.options.Threads, "threads", "", 0, 0, 1<<12, "threads; 0 means one per CPU; the result does not depend on it")
	j.labels.define(fs)
	floatFlag(fs, &j.validation, "validation", "", 0, "score only the labelled texts of a file that autoreg train classify sets aside with this share", "0 or more and less than 1", share)
	return cmd
}

// execute prints how well the model predicts each file, and with several all of them.
func (j *scoreJob) execute(paths []string) error {
	m, err := openModel[autoreg.Model](j.ctx, j.app, j.model)
	if err != nil {
		return err
	}
	k := kindOf(m)
	if k.scorer == nil {
		return usagef("the model %s is one of %s, which predict nothing that could be scored: %s", j.model, k.of, k.use)
	}
	if err := j.checkFlags(k); err != nil {
		return err
	}
	if n := len(j.labelFiles); n > 0 && n != len(paths) {
		return usagef("--labels names %s for %s: give one for each", counted(n, "file"), counted(len(paths), "file of images", "files of images"))
	}
	if j.lines || j.tokens {
		return j.list(m.(*autoreg.TextModel), paths)
	}
	s := k.scorer(j, m)
	sheet := &scoreSheet{j.app, j.asJSON, s.align, [][]string{s.head}}
	add := func(name string, of scored, score any) error {
		return sheet.add(append([]string{name}, s.cells(score)...), s.json(of, score))
	}
	var failed error
	for _, path := range paths {
		score, err := s.score(path)
		if err == nil {
			err = add(path, scored{File: path}, score)
		}
		if err != nil {
			failed = err // the files before it have been scored all the same
			break
		}
	}
	if failed == nil && len(paths) > 1 {
		failed = add("total", scored{Total: true}, s.total())
	}
	err = sheet.end()
	if err == nil && failed == nil && s.details != nil && !j.asJSON {
		err = s.details(j.out, s.total())
	}
	return cmp.Or(failed, err)
}

// checkFlags refuses flags that have no meaning for a model of a kind.
func (j *scoreJob) checkFlags(k *kind) error {
	if !slices.Contains(k.formats, j.format) {
		return usagef("--format %s is not for the model %s, which is one of %s: want one of %s", j.format, j.model, k.of, strings.Join(k.formats, ", "))
	}
	if j.top > 0 && !j.lines {
		return usagef("--top goes with --lines: give both")
	}
	if j.options.Length == 1 && j.options.Prefix == "" {
		return usagef("--max-tokens is 1: want 2 or more, as the first is not predicted, or a --prefix")
	}
	if err := exclusive(j.flags, "lines", "field"); err != nil {
		return err
	}
	if j.lines && j.format != corpus.FormatAuto && j.format != corpus.FormatLines {
		return usagef("--lines and --format %s exclude each other: give one of them", j.format)
	}
	for _, other := range kinds {
		for _, name := range other.scoreFlags {
			if other != k && j.flags.Changed(name) && !slices.Contains(k.scoreFlags, name) {
				return usagef("--%s is not for the model %s, which is one of %s: leave it out", name, j.model, k.of)
			}
		}
	}
	return nil
}

// counting goes through items and adds one to bar as each is done.
func counting[T any](bar *progress, items iter.Seq[T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		for item := range items {
			if !yield(item) {
				return
			}
			bar.add(1)
		}
	}
}
