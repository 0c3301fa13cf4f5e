package main

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
	"github.com/autoreg/autoreg/train"
	"github.com/autoreg/autoreg/train/corpus"
)

// A textJob is what a command line of train text asks for.
type textJob struct {
	trainJob
	corpus corpus.Options
	limits corpusLimits
	task   train.Text

	layers layerFlags
	words  vocabularyFlags

	// Their defaults depend on the corpus.
	ignorePadding, windows bool

	samplePrompt string
	sampleTokens int

	trainer *train.Trainer
	text    *train.Text // its task
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
		Long: `Train a text model (embedding, recurrent layers, output layer) to predict each next token
of a corpus: JSON or plain text, gzipped or not. --data names a file, a folder of *.txt,
*.text, *.md, *.log, *.json, *.jsonl and *.ndjson files, or - for standard input; give it
repeatedly for several. --validation-data names texts of the same kinds to measure the
model on after each epoch, instead of a share of --data that --validation sets aside.

Plain text has one document a line. Where blank lines separate documents, as in a novel,
say so with --format paragraphs, and where each file is one document, read to the letter,
with --format text: nothing else tells these apart. A JSON list of objects with a title
and directions is read as recipes, and a list of strings as a document each. With --field
NAME a document is the member NAME of each object, in a list or in JSON lines: a string,
or a list of strings; objects without it are skipped and counted. What is not UTF-8 is
replaced, but kept with --unit byte.

A token is a word, in lower case, and each mark of punctuation is a word too: see --case,
--punctuation, --line-ends, --stem and --min-count. With --unit character or byte it is
one of these, and case is kept. What the vocabulary lacks is read as [UNK], or as the
--unknown given; with --unknown "" the vocabulary must have all that the corpus has.

Without options it is the reference model, and for recipes the reference training:
each is cut or padded to 201 words, and predicting padding counts in the loss. For
plain text there is no padding, and documents of more than 200 words are cut into
windows. If training diverges, as it does with too high an --lr, no model is written and
the checkpoint stays what it was.

After each epoch it prints the loss, in nats per token, a text that the model writes, and
which share of the runs of 8 tokens in that text stand in the training data too: a model
that copies has a high share, and a validation loss far above that of training. Then it
saves a checkpoint. Ctrl-C ends the run, with a checkpoint too (a second Ctrl-C without):
--resume goes on from there. When the model is saved the checkpoint is removed, unless
--keep-checkpoint keeps it for more epochs. The same data and options give the same model,
to the byte: on any machine, with any number of threads, and however often it was
interrupted.`,
		Example: `  autoreg train text --data recipes.json.gz -o recipes.safetensors --epochs 4
  autoreg train text --data recipes.json.gz -o recipes.safetensors --resume recipes.safetensors.checkpoint
  autoreg train text --data plays.txt --format text --stream --unit character --stop=false --unknown "" -o plays.safetensors
  autoreg train text --data ptb.train.txt --validation-data ptb.valid.txt --format text --stream --case keep \
      --punctuation keep --line-ends --stop=false --unknown "<unk>" -o ptb.safetensors
  autoreg train text --data comments.jsonl.gz --field post.body -o comments.safetensors
  autoreg train text --data novel.txt --format paragraphs -o novel.safetensors \
      --validation 0.1 --patience 3 --log novel.jsonl --plot novel.png`,
		Args: noArguments("name the corpus with --data FILE, once for each file"),
	}, j.define)
}

// define defines the flags. Those of a run begin with the values of the reference
// model.
func (j *textJob) define(fs *pflag.FlagSet) {
	o, t := &j.options, &j.task
	filesFlag(fs, &j.data, "data", "d", true, "corpus, a `FILE` or folder, or - for standard input (required; may be repeated)")
	filesFlag(fs, &j.validationData, "validation-data", "", true, "corpus for the validation loss alone, a `FILE` or folder, read as --data is (may be repeated)")
	fs.StringVarP(&j.model, "output", "o", "", "model `FILE` to write (required)")
	choiceFlag(fs, &j.corpus.Format, "format", corpus.FormatAuto, formats, "how the corpus is read; auto takes each line of plain text as a document")
	fieldFlag(fs, &j.corpus.Field)

	o.Epochs, o.BatchSize, o.LearningRate = train.DefaultEpochs, train.DefaultBatchSize, train.DefaultLearningRate
	j.scheduleFlags(fs)
	fs.Lookup("validation").Usage += "; with --stream its last part, otherwise taken evenly"
	fs.BoolVar(&j.ignorePadding, "ignore-padding", false, "leave padding after the end of a document out of the loss, and do not compute it (default true for plain text, false for recipes; a stream has no padding)")
	fs.BoolVar(&j.windows, "windows", false, "cut documents of more than --length tokens into windows instead of dropping the rest (default true for plain text, false for recipes; a stream is never cut)")
	fs.BoolVar(&t.Stream, "stream", false, "learn the documents as one stream: --batch tracks of it side by side, --length steps at a time, with the state carried on")
	seedFlag(fs, &o.Seed, "seed `N` of the first weights, the order of batches and dropout")

	intFlag(fs, &t.Embedding, "embedding", "", train.DefaultEmbedding, 1, model.MaxWidth, "length of the vector of a token")
	j.layers.define(fs, train.DefaultUnits)
	dropoutFlag(fs, &j.task.Dropout)
	floatFlag(fs, &t.InitialRange, "init-uniform", "", 0, "draw all first weights evenly from minus to plus `X`; 0 means the rules of the layers", "a number, 0 or more", notNegative)
	intFlag(fs, &t.Length, "length", "", train.DefaultLength, 1, model.MaxLength, "most steps of a sequence: longer documents are cut, see --windows; with --stream the steps of a track in a batch")
	j.words.define(fs, &t.Vocabulary, true)

	j.fileFlags(fs)
	fs.StringVar(&j.samplePrompt, "sample", "", "`WORDS` that the text after each epoch begins with; empty means no text (default \"Recipe for\", or for other texts the first words)")
	intFlag(fs, &j.sampleTokens, "sample-tokens", "", 100, 1, math.MaxInt32, "greatest length of that text in tokens")
	temperatureFlag(fs, &j.temperature, "temperature", "t", 1, "temperature of that text")
	j.machineFlags(fs, &o.Threads)
	j.limits.define(fs)
}

// textFlags are the flags of a text run that decide its result, beside those of every
// run.
var textFlags = append([]taskFlag[*train.Text]{
	{"ignore-padding", func(t *train.Text) any { return !t.CountPadding }},
	{"windows", func(t *train.Text) any { return !t.CutLong }},
	{"stream", func(t *train.Text) any { return t.Stream }},
	{"init-uniform", func(t *train.Text) any { return t.InitialRange }},
	{"embedding", func(t *train.Text) any { return t.Embedding }},
	{"layers", func(t *train.Text) any { return layers.FormatSpecs(t.Layers) }},
	{"units", func(t *train.Text) any { return unitsText(t.Layers) }},
	{"tied", func(t *train.Text) any { return t.Tied }},
	{"dropout", func(t *train.Text) any { return dropoutText(t.Dropout) }},
	{"length", func(t *train.Text) any { return t.Length }},
}, vocabularyTaskFlags(func(t *train.Text) *tokenizer.Options { return &t.Vocabulary })...)

// begin reads the corpus and begins the run, or resumes it.
func (j *textJob) begin(ctx context.Context) (*train.Trainer, error) {
	described := flagNames(vocabularyTaskFlags(func(t *train.Text) *tokenizer.Options { return &t.Vocabulary }))[len(commonFlags):]
	if err := j.describes(append(described, "embedding", "units", "layers", "tied", "init-uniform")...); err != nil {
		return nil, err
	}
	j.limits.apply(&j.corpus)
	j.corpus.MaxMemory, j.corpus.Open = int64(j.maxMemory)<<20, j.open
	j.corpus.Raw = j.ofBytes(&j.task.Vocabulary)
	read := func(paths []string) (*corpus.Corpus, error) {
		if len(paths) == 0 {
			return nil, nil
		}
		return await(ctx, func() (*corpus.Corpus, error) { return corpus.Read(paths, &j.corpus) })
	}
	texts, err := read(j.data)
	if err != nil {
		return nil, err
	}
	validation, err := read(j.validationData)
	if err != nil {
		return nil, err
	}
	j.trainer, err = await(ctx, func() (*train.Trainer, error) { return j.newTrainer(texts, validation) })
	if err != nil {
		return nil, err
	}
	if err := j.chooseSample(texts, j.text.Tokenizer()); err != nil {
		return nil, err
	}
	if err := j.writeCorpus(texts, validation); err != nil {
		return nil, err
	}
	return j.trainer, writeLayers(j.out, j.trainer.Layers())
}

// newTrainer begins or resumes the run. Then j.text is its task. validation may be nil.
func (j *textJob) newTrainer(texts, validation *corpus.Corpus) (*train.Trainer, error) {
	t := &j.task
	var err error
	if t.Layers, t.Tied, err = j.layers.layers(j.flags); err != nil {
		return nil, err
	}
	j.words.apply(j.flags, &t.Vocabulary)
	recipes := texts.Format == corpus.FormatRecipes && !t.Stream
	t.CountPadding, t.CutLong = recipes && j.words.stop, recipes
	if j.flags.Changed("ignore-padding") {
		t.CountPadding = !j.ignorePadding
	}
	if j.flags.Changed("windows") {
		t.CutLong = !j.windows
	}
	if j.from != "" {
		t.Embedding, t.Layers, t.Tied, t.Vocabulary = 0, nil, false, tokenizer.Options{}
		if !j.flags.Changed("length") {
			t.Length = 0
		}
	}
	j.text = &train.Text{}
	if j.resume == "" {
		*j.text = *t
	}
	j.text.Documents = texts.Docs
	if validation != nil {
		j.text.ValidationDocuments = validation.Docs
	}
	source := train.Source{Name: sourceName(j.data), SHA256: fmt.Sprintf("%x", texts.SHA256), Format: texts.Format}
	if validation != nil {
		source.Validation, source.ValidationSHA256 = sourceName(j.validationData), fmt.Sprintf("%x", validation.SHA256)
	}
	trainer, err := j.start(j.text, source)
	if err != nil {
		return nil, j.otherKind(notSequential(err))
	}
	if j.resume == "" {
		return trainer, nil
	}
	return trainer, checkUnchanged(&j.trainJob, textFlags, t, j.text, trainer.Options())
}

// notSequential adds to an error about a layer that cannot write what there is for it.
func notSequential(err error) error {
	if errors.Is(err, layers.ErrNotSequential) {
		return apierror.Errorf("%w: use it in a classifier, by autoreg train classify, or take the layer inside alone, as in --layers gru:100", err)
	}
	return err
}

// writeCorpus prints what was read.
func (j *textJob) writeCorpus(c, validation *corpus.Corpus) error {
	t := j.text
	rows := j.corpusRows("corpus", c)
	if validation != nil {
		rows = append(rows, j.corpusRows("validation data", validation)...)
	}
	rows = append(rows, []string{"training", describeDataset(t.Training(), t.Tokenizer())})
	if v := t.Validation(); v != nil {
		rows = append(rows, []string{"validation", describeDataset(v, t.Tokenizer())})
	}
	rows = append(rows, []string{"steps", j.describeSteps()})
	rows = append(rows, []string{"vocabulary", describeVocabulary(t.Tokenizer())})
	return j.writeData(rows, j.trainer, j.trainer.Options().Epochs)
}

func describeDataset(d *train.Dataset, tok *tokenizer.Tokenizer) string {
	text := counted(d.Documents, "document") + ", " + countedTokens(d.Words, d.Unknown, tok)
	units := unitName(tok) + "s"
	switch {
	case d.Tracks > 0:
		text += fmt.Sprintf("; one stream in %s, %s", counted(d.Tracks, "track"), counted(d.Len()/d.Tracks, "chunk"))
	case d.Cut > 0:
		text += fmt.Sprintf("; %s %s cut off from %s of them, after %s %[2]s (--windows keeps them)", thousands(d.Cut), units, thousands(d.Long), thousands(d.Length+1))
	case d.Long > 0:
		text += fmt.Sprintf("; %s of them, of more than %s %s, cut into %s windows", thousands(d.Long), thousands(d.Length), units, thousands(d.Long+d.Len()-d.Documents))
	}
	return text
}

// describeSteps says how many steps an epoch has, and what to do if it is only one.
func (j *textJob) describeSteps() string {
	t := j.text
	n, size := t.Training().Len(), j.trainer.Options().BatchSize
	steps := t.Training().Batches(size)
	text := fmt.Sprintf("%s an epoch, of up to %s sequences", thousands(steps), thousands(size))
	switch {
	case t.Training().Tracks > 0:
		text = fmt.Sprintf("%s an epoch, each of %s times up to %s", thousands(steps), counted(size, "track"), counted(t.Training().Length, "token"))
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
	if j.text.CountsPadding() {
		text += " counting padding"
	}
	text += ", perplexity " + perplexityText(train.Perplexity(loss))
	if words > 0 {
		text += fmt.Sprintf("; over words %.4f, perplexity %s", words, perplexityText(train.Perplexity(words)))
	}
	return text
}
