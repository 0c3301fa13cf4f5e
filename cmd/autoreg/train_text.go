package main

import (
	"context"
	"fmt"
	"math"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/tokenizer"
	"github.com/autoreg/autoreg/train"
)

// A textJob is what a command line of train text asks for.
type textJob struct {
	trainJob
	corpus  train.CorpusOptions
	options train.Options

	samplePrompt string
	sampleTokens int

	trainer *train.Trainer
}

func (a *app) trainTextCommand() *cobra.Command {
	j := &textJob{}
	j.trainJob = trainJob{app: a, kind: trainKind{
		name: "text", learns: "corpus", items: "documents",
		flags: flagNames(textFlags),
		begin: j.begin, rate: textRate, loss: textLoss, sample: j.sample,
	}}
	return j.command(&cobra.Command{
		Use:   "text --data FILE -o MODEL",
		Short: "Train a text model",
		Long: `Train a text model (embedding, LSTM, output layer) to predict each next word of a
corpus: a JSON list of recipes, or plain text; gzipped or not. Plain text has one
document a line. Where blank lines separate documents, as in a novel, say so with
--format paragraphs: nothing else tells the two apart.

Without options it is the reference model with the reference training. After each
epoch it prints the loss, in nats per position, and a text that the model writes,
and saves a checkpoint. Ctrl-C saves one too: --resume goes on from there. (A
second Ctrl-C ends the process at once.) The same data and options give the same
model, to the byte: on any machine, with any number of threads, and however often
it was interrupted.`,
		Example: `  autoreg train text --data recipes.json.gz -o recipes.safetensors --epochs 4
  autoreg train text --data recipes.json.gz -o recipes.safetensors --resume recipes.safetensors.checkpoint
  autoreg train text --data novel.txt --format paragraphs -o novel.safetensors \
      --validation 0.1 --patience 3 --log novel.jsonl --plot novel.png`,
		Args: noArguments("name the corpus with --data FILE"),
	}, j.define)
}

// define defines the flags. Those of a run begin with the values of the reference
// model.
func (j *textJob) define(fs *pflag.FlagSet) {
	o := &j.options
	filesFlag(fs, &j.data, "data", "d", false, "corpus `FILE` (required)")
	fs.StringVarP(&j.model, "output", "o", "", "model `FILE` to write (required)")
	choiceFlag(fs, &j.corpus.Format, "format", train.FormatAuto, formats, "how the corpus is read; auto takes each line of plain text as a document")

	o.Epochs, o.BatchSize, o.LearningRate = train.DefaultEpochs, train.DefaultBatchSize, train.DefaultLearningRate
	j.scheduleFlags(fs, schedule{&o.Epochs, &o.BatchSize, &o.LearningRate, &o.ClipNorm})
	fs.BoolVar(&o.IgnorePadding, "ignore-padding", false, "leave padding after the end of a document out of the loss")
	seedFlag(fs, &o.Seed, "seed `N` of the first weights and the order of batches")

	intFlag(fs, &o.Embedding, "embedding", "", train.DefaultEmbedding, 1, model.MaxWidth, "length of a word's vector")
	intFlag(fs, &o.Units, "units", "", train.DefaultUnits, 1, model.MaxWidth, "units of the LSTM")
	intFlag(fs, &o.Length, "length", "", train.DefaultLength, 1, model.MaxLength, "steps of a document: its first N+1 words, the rest is cut off")
	intFlag(fs, &o.Vocabulary, "vocabulary", "", tokenizer.DefaultMaxTokens, 3, model.MaxSymbols, "most words, padding and [UNK] included")
	fs.BoolVar(&o.KeepCase, "keep-case", false, "tell A from a")
	fs.BoolVar(&o.StripPunctuation, "strip-punctuation", false, "drop punctuation instead of making words of it")

	j.fileFlags(fs)
	fs.StringVar(&j.samplePrompt, "sample", "", "prompt, `WORDS`, of the text after each epoch; empty means none (default \"recipe for\", or for plain text its first two words)")
	intFlag(fs, &j.sampleTokens, "sample-tokens", "", 100, 1, math.MaxInt32, "longest such text, prompt included")
	temperatureFlag(fs, &j.temperature, "temperature", "t", 1, "temperature of such texts")
	j.machineFlags(fs, &o.Threads)
}

// textFlags are the flags that decide a text run's result.
var textFlags = []runFlag[train.Options]{
	{"batch", "BatchSize", func(o train.Options) any { return o.BatchSize }},
	{"lr", "LearningRate", func(o train.Options) any { return o.LearningRate }},
	{"clip", "ClipNorm", func(o train.Options) any { return o.ClipNorm }},
	{"validation", "Validation", func(o train.Options) any { return o.Validation }},
	{"patience", "Patience", func(o train.Options) any { return o.Patience }},
	{"ignore-padding", "IgnorePadding", func(o train.Options) any { return o.IgnorePadding }},
	{"seed", "Seed", func(o train.Options) any { return o.Seed }},
	{"embedding", "Embedding", func(o train.Options) any { return o.Embedding }},
	{"units", "Units", func(o train.Options) any { return o.Units }},
	{"length", "Length", func(o train.Options) any { return o.Length }},
	{"vocabulary", "Vocabulary", func(o train.Options) any { return o.Vocabulary }},
	{"keep-case", "KeepCase", func(o train.Options) any { return o.KeepCase }},
	{"strip-punctuation", "StripPunctuation", func(o train.Options) any { return o.StripPunctuation }},
}

// begin reads the corpus and begins the run, or resumes it.
func (j *textJob) begin(ctx context.Context) (trainer, error) {
	corpus, err := await(ctx, func() (*train.Corpus, error) { return train.ReadCorpus(j.data[0], &j.corpus) })
	if err != nil {
		return nil, err
	}
	j.trainer, err = await(ctx, func() (*train.Trainer, error) { return j.newTrainer(corpus) })
	if err != nil {
		return nil, err
	}
	j.patience = j.trainer.Options().Patience
	if err := j.chooseSample(corpus, j.trainer.Tokenizer()); err != nil {
		return nil, err
	}
	if err := j.writeCorpus(corpus); err != nil {
		return nil, err
	}
	o := j.trainer.Options()
	return j.trainer, writeLayers(j.out, layersOf(j.trainer.Tokenizer().Len(), o.Embedding, o.Units))
}

func (j *textJob) newTrainer(corpus *train.Corpus) (*train.Trainer, error) {
	o := j.options
	o.Validation, o.Patience, o.MaxBytes = j.validation, j.patience, int64(j.maxMemory)<<20
	if j.resume == "" {
		t, err := train.New(corpus.Docs, &o)
		if err != nil {
			return nil, &optionError{err}
		}
		return t, nil
	}
	// A flag that was not given has the checkpoint's value, whatever its default.
	asked := train.Options{Threads: o.Threads, MaxBytes: o.MaxBytes}
	if j.flags.Changed("epochs") {
		asked.Epochs = o.Epochs
	}
	t, err := train.Resume(j.resume, corpus.Docs, &asked)
	if err != nil {
		return nil, &optionError{j.otherKind(err, "image")}
	}
	return t, checkUnchanged(j.flags, textFlags, o, t.Options())
}

// writeCorpus prints what was read.
func (j *textJob) writeCorpus(c *train.Corpus) error {
	t := j.trainer
	rows := [][]string{
		{"corpus", fmt.Sprintf("%s: %s documents, read as %s", j.data[0], thousands(len(c.Docs)), c.Format)},
		{"", fmt.Sprintf("%s skipped for want of a title or directions, %s invalid UTF-8 sequences replaced", thousands(c.Skipped), thousands(c.Replaced))},
		{"sha256", fmt.Sprintf("%x", c.SHA256)},
		{"training", describeDataset(t.Training())},
	}
	if v := t.Validation(); v != nil {
		rows = append(rows, []string{"validation", describeDataset(v)})
	}
	rows = append(rows, []string{"vocabulary", fmt.Sprintf("%s words, padding and [UNK] included", thousands(t.Tokenizer().Len()))})
	return j.writeData(rows, t, t.Options().Epochs)
}

func describeDataset(d *train.Dataset) string {
	return fmt.Sprintf("%s documents, %s words, %.2f%% of them unknown; %s cut off after %s words",
		thousands(d.Len()), thousands(d.Words), 100*float64(d.Unknown)/float64(max(d.Words, 1)), thousands(d.Long), thousands(d.Length+1))
}

func textRate(positions float64) string { return thousands(int64(positions)) + " tokens/s" }

func textLoss(loss float64) string {
	return fmt.Sprintf("%.4f, perplexity %s", loss, perplexityText(train.Perplexity(loss)))
}
