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
	limits  corpusLimits
	options train.Options

	// Their defaults depend on the corpus.
	ignorePadding, windows bool

	samplePrompt string
	sampleTokens int

	trainer *train.Trainer
}

func (a *app) trainTextCommand() *cobra.Command {
	j := &textJob{}
	j.trainJob = trainJob{app: a, kind: trainKind{
		name: "text", learns: "corpus", items: "documents",
		flags: flagNames(textFlags),
		begin: j.begin, rate: textRate, loss: j.loss, sample: j.sample,
	}}
	return j.command(&cobra.Command{
		Use:   "text --data FILE... -o MODEL",
		Short: "Train a text model",
		Long: `Train a text model (embedding, LSTM, output layer) to predict each next word of a
corpus: JSON lists of recipes, or plain text; gzipped or not. --data names a file, a
folder of *.txt, *.text, *.md and *.json files, or - for standard input; give it
repeatedly for several. Plain text has one document a line. Where blank lines separate
documents, as in a novel, say so with --format paragraphs: nothing else tells the two
apart.

Without options it is the reference model, and for recipes the reference training:
each is cut or padded to 201 words, and predicting padding counts in the loss. For
plain text there is no padding, and documents of more than 200 words are cut into
windows. If training diverges, as it does with too high an --lr, no model is written and
the checkpoint stays what it was.

After each epoch it prints the loss, in nats per word, and a text that the model
writes, and saves a checkpoint. Ctrl-C ends the run, with a checkpoint too (a second
Ctrl-C without): --resume goes on from there. When the model is saved the checkpoint is
removed, unless --keep-checkpoint keeps it for more epochs. The same data and options
give the same model, to the byte: on any machine, with any number of threads, and
however often it was interrupted.`,
		Example: `  autoreg train text --data recipes.json.gz -o recipes.safetensors --epochs 4
  autoreg train text --data recipes.json.gz -o recipes.safetensors --resume recipes.safetensors.checkpoint
  autoreg train text --data novel.txt --format paragraphs -o novel.safetensors \
      --validation 0.1 --patience 3 --log novel.jsonl --plot novel.png`,
		Args: noArguments("name the corpus with --data FILE, once for each file"),
	}, j.define)
}

// define defines the flags. Those of a run begin with the values of the reference
// model.
func (j *textJob) define(fs *pflag.FlagSet) {
	o := &j.options
	filesFlag(fs, &j.data, "data", "d", true, "corpus, a `FILE` or folder, or - for standard input (required; may be repeated)")
	fs.StringVarP(&j.model, "output", "o", "", "model `FILE` to write (required)")
	choiceFlag(fs, &j.corpus.Format, "format", train.FormatAuto, formats, "how the corpus is read; auto takes each line of plain text as a document")

	o.Epochs, o.BatchSize, o.LearningRate = train.DefaultEpochs, train.DefaultBatchSize, train.DefaultLearningRate
	j.scheduleFlags(fs, schedule{&o.Epochs, &o.BatchSize, &o.LearningRate, &o.ClipNorm})
	fs.BoolVar(&j.ignorePadding, "ignore-padding", false, "leave padding after the end of a document out of the loss, and do not compute it (default true for plain text, false for recipes)")
	fs.BoolVar(&j.windows, "windows", false, "cut documents of more than --length words into windows instead of dropping the rest (default true for plain text, false for recipes)")
	seedFlag(fs, &o.Seed, "seed `N` of the first weights and the order of batches")

	intFlag(fs, &o.Embedding, "embedding", "", train.DefaultEmbedding, 1, model.MaxWidth, "length of the vector of a word")
	intFlag(fs, &o.Units, "units", "", train.DefaultUnits, 1, model.MaxWidth, "units of the LSTM")
	intFlag(fs, &o.Length, "length", "", train.DefaultLength, 1, model.MaxLength, "most steps of a sequence: longer documents are cut, see --windows")
	intFlag(fs, &o.Vocabulary, "vocabulary", "", tokenizer.DefaultMaxTokens, 3, model.MaxSymbols, "greatest number of words in the vocabulary, padding and [UNK] included; the most frequent ones are taken")
	fs.BoolVar(&o.KeepCase, "keep-case", false, "keep capital letters: Apple and apple are two words")
	fs.BoolVar(&o.StripPunctuation, "strip-punctuation", false, "drop punctuation instead of making words of it")
	fs.BoolVar(&o.UnicodePunctuation, "unicode-punctuation", false, "treat punctuation beyond ASCII, such as curly quotes and dashes, as ASCII punctuation is treated")

	j.fileFlags(fs)
	fs.StringVar(&j.samplePrompt, "sample", "", "`WORDS` that the text after each epoch begins with; empty means no text (default \"Recipe for\", or for plain text its first two words)")
	intFlag(fs, &j.sampleTokens, "sample-tokens", "", 100, 1, math.MaxInt32, "greatest length of that text in words")
	temperatureFlag(fs, &j.temperature, "temperature", "t", 1, "temperature of that text")
	j.machineFlags(fs, &o.Threads)
	j.limits.define(fs)
}

// textFlags are the flags that decide a text run's result.
var textFlags = []runFlag[train.Options]{
	{"batch", "BatchSize", func(o train.Options) any { return o.BatchSize }},
	{"lr", "LearningRate", func(o train.Options) any { return o.LearningRate }},
	{"clip", "ClipNorm", func(o train.Options) any { return o.ClipNorm }},
	{"validation", "Validation", func(o train.Options) any { return o.Validation }},
	{"patience", "Patience", func(o train.Options) any { return o.Patience }},
	{"ignore-padding", "CountPadding", func(o train.Options) any { return !o.CountPadding }},
	{"windows", "CutLong", func(o train.Options) any { return !o.CutLong }},
	{"seed", "Seed", func(o train.Options) any { return o.Seed }},
	{"embedding", "Embedding", func(o train.Options) any { return o.Embedding }},
	{"units", "Units", func(o train.Options) any { return o.Units }},
	{"length", "Length", func(o train.Options) any { return o.Length }},
	{"vocabulary", "Vocabulary", func(o train.Options) any { return o.Vocabulary }},
	{"keep-case", "KeepCase", func(o train.Options) any { return o.KeepCase }},
	{"strip-punctuation", "StripPunctuation", func(o train.Options) any { return o.StripPunctuation }},
	{"unicode-punctuation", "UnicodePunctuation", func(o train.Options) any { return o.UnicodePunctuation }},
}

// begin reads the corpus and begins the run, or resumes it.
func (j *textJob) begin(ctx context.Context) (trainer, error) {
	j.limits.apply(&j.corpus)
	j.corpus.MaxMemory, j.corpus.Open = int64(j.maxMemory)<<20, j.open
	corpus, err := await(ctx, func() (*train.Corpus, error) { return train.ReadCorpus(j.data, &j.corpus) })
	if err != nil {
		return nil, &corpusError{err}
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
	c := model.Config{Symbols: j.trainer.Tokenizer().Len(), Embedding: o.Embedding, Units: o.Units}
	return j.trainer, writeLayers(j.out, layersOf(c.Describe()))
}

func (j *textJob) newTrainer(corpus *train.Corpus) (*train.Trainer, error) {
	o := j.options
	recipes := corpus.Format == train.FormatRecipes
	o.CountPadding, o.CutLong = recipes, recipes
	if j.flags.Changed("ignore-padding") {
		o.CountPadding = !j.ignorePadding
	}
	if j.flags.Changed("windows") {
		o.CutLong = !j.windows
	}
	o.Validation, o.Patience, o.MaxBytes = j.validation, j.patience, int64(j.maxMemory)<<20
	o.Source = train.Source{Name: sourceName(j.data), SHA256: fmt.Sprintf("%x", corpus.SHA256), Format: corpus.Format}
	if j.resume == "" {
		t, err := train.New(corpus.Docs, &o)
		if err != nil {
			return nil, &optionError{err}
		}
		return t, nil
	}
	// A flag that was not given has the checkpoint's value, whatever its default.
	asked := train.Options{Source: o.Source, Threads: o.Threads, MaxBytes: o.MaxBytes}
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
	rows := append(j.corpusRows(c), []string{"training", describeDataset(t.Training())})
	if v := t.Validation(); v != nil {
		rows = append(rows, []string{"validation", describeDataset(v)})
	}
	rows = append(rows, []string{"steps", describeSteps(t)})
	rows = append(rows, []string{"vocabulary", fmt.Sprintf("%s words, padding and [UNK] included", thousands(t.Tokenizer().Len()))})
	return j.writeData(rows, t, t.Options().Epochs)
}

func describeDataset(d *train.Dataset) string {
	text := fmt.Sprintf("%s documents, %s words, %.2f%% of them unknown",
		thousands(d.Documents), thousands(d.Words), 100*float64(d.Unknown)/float64(max(d.Words, 1)))
	switch {
	case d.Cut > 0:
		text += fmt.Sprintf("; %s words cut off from %s of them, after %s words (--windows keeps them)", thousands(d.Cut), thousands(d.Long), thousands(d.Length+1))
	case d.Long > 0:
		text += fmt.Sprintf("; %s of them, of more than %s words, cut into %s windows", thousands(d.Long), thousands(d.Length), thousands(d.Long+d.Len()-d.Documents))
	}
	return text
}

// describeSteps says how many steps an epoch has, and what to do if it is only one.
func describeSteps(t *train.Trainer) string {
	n, size := t.Training().Len(), t.Options().BatchSize
	steps := t.Training().Batches(size)
	text := fmt.Sprintf("%s an epoch, of up to %s sequences", thousands(steps), thousands(size))
	switch {
	case n == 1:
		text = "1 an epoch, for there is one sequence only: more documents make more, or a smaller --length"
	case steps == 1:
		text = fmt.Sprintf("1 an epoch, of all %s sequences: a --batch of less makes more steps, and often a better model", thousands(n))
	}
	if t.CountsPadding() {
		text += "; padding counts (not with --ignore-padding)"
	}
	return text
}

func textRate(words float64) string { return thousands(int64(words)) + " tokens/s" }

// loss words a mean loss, and the one over words alone where padding counts too: 0 if
// it is not known.
func (j *textJob) loss(loss, words float64) string {
	text := fmt.Sprintf("%.4f", loss)
	if j.trainer.CountsPadding() {
		text += " counting padding"
	}
	text += ", perplexity " + perplexityText(train.Perplexity(loss))
	if words > 0 {
		text += fmt.Sprintf("; over words %.4f, perplexity %s", words, perplexityText(train.Perplexity(words)))
	}
	return text
}
