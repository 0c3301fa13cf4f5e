package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
	"github.com/autoreg/autoreg/train"
	"github.com/autoreg/autoreg/train/corpus"
)

// A classifyJob is what a command line of train classify asks for.
type classifyJob struct {
	trainJob
	labels labelFlags
	limits corpusLimits
	task   train.Classes

	layers string // --layers
	words  vocabularyFlags

	classes *train.Classes // the task of the run
}

func (a *app) trainClassifyCommand() *cobra.Command {
	j := &classifyJob{}
	j.trainJob = trainJob{app: a, kind: trainKind{
		name: "classify", learns: "labelled texts", items: "documents",
		flags: flagNames(classFlags),
		begin: j.begin, rate: documentRate, loss: classLoss, sample: noSample,
	}}
	return j.command(&cobra.Command{
		Use:   "classify --data FILE... -o MODEL",
		Short: "Train a classifier of texts",
		Long: `Train a classifier (embedding, a layer in both directions, output layer) to tell classes
of texts apart. --data names a file of labelled texts, gzipped or not: JSON objects, in a
list or one a line, whose members --text and --label hold a text and its label; or plain
text, each line a label, a tab and a text. The classes are the labels that occur. With
--contains VALUE there are two: the texts whose label is VALUE, or is a list that
contains it, and the others.

A text is its first --length tokens, read as a whole: --layers may be in both directions,
and the output layer reads what they are after the last token. After each epoch it prints
the loss, in nats per document, and with --validation the accuracy on the documents set
aside: autoreg score --validation says more about these. Everything else is as in
autoreg train text.`,
		Example: `  autoreg train classify --data recipes.json.gz --text directions --label categories --contains Dessert \
      --validation 0.1 -o dessert.safetensors
  autoreg train classify --data reviews.tsv --layers "bidirectional(lstm:64),lstm:32" --dropout 0.3 -o reviews.safetensors
  autoreg score --model dessert.safetensors recipes.json.gz --text directions --label categories --contains Dessert --validation 0.1`,
		Args: noArguments("name the labelled texts with --data FILE, once for each file"),
	}, j.define)
}

func (j *classifyJob) define(fs *pflag.FlagSet) {
	o, t := &j.options, &j.task
	filesFlag(fs, &j.data, "data", "d", true, "labelled texts, a `FILE` or folder, or - for standard input (required; may be repeated)")
	fs.StringVarP(&j.model, "output", "o", "", "model `FILE` to write (required)")
	choiceFlag(fs, &j.labels.Format, "format", corpus.FormatAuto, labelledFormats, "how the texts are read; tabs is a label, a tab and a text on each line")
	j.labels.define(fs)

	o.Epochs, o.BatchSize, o.LearningRate = train.DefaultClassEpochs, train.DefaultBatchSize, train.DefaultLearningRate
	j.scheduleFlags(fs)
	seedFlag(fs, &o.Seed, "seed `N` of the first weights, the order of documents and dropout")

	intFlag(fs, &t.Embedding, "embedding", "", train.DefaultEmbedding, 1, model.MaxWidth, "length of the vector of a token")
	fs.StringVar(&j.layers, "layers", fmt.Sprintf("bidirectional(gru:%d)", train.DefaultClassUnits), "`LAYERS` between embedding and output, each a kind and its units: \"bidirectional(lstm:64):merge=sum\", \"gru:100\", \"rnn:64:activation=relu\"")
	dropoutFlag(fs, &j.task.Dropout)
	intFlag(fs, &t.Length, "length", "", train.DefaultLength, 1, model.MaxLength, "tokens of a text that are read: the rest is cut off")
	j.words.define(fs, &t.Vocabulary, false)

	j.fileFlags(fs)
	j.machineFlags(fs, &o.Threads)
	j.limits.define(fs)
}

// classFlags are the flags of a run of a classifier that decide its result, beside those
// of every run and those for how texts are read.
var classFlags = append([]taskFlag[*train.Classes]{
	{"embedding", func(t *train.Classes) any { return t.Embedding }},
	{"layers", func(t *train.Classes) any { return layers.FormatSpecs(t.Layers) }},
	{"dropout", func(t *train.Classes) any { return dropoutText(t.Dropout) }},
	{"length", func(t *train.Classes) any { return t.Length }},
}, vocabularyTaskFlags(func(t *train.Classes) *tokenizer.Options { return &t.Vocabulary })...)

// begin reads the texts and begins the run, or resumes it.
func (j *classifyJob) begin(ctx context.Context) (*train.Trainer, error) {
	described := flagNames(vocabularyTaskFlags(func(t *train.Classes) *tokenizer.Options { return &t.Vocabulary }))[len(commonFlags):]
	if err := j.describes(append(described, "embedding", "layers")...); err != nil {
		return nil, err
	}
	j.limits.apply(&j.labels.Options)
	j.labels.MaxMemory, j.labels.Open = int64(j.maxMemory)<<20, j.open
	j.labels.Raw = j.ofBytes(&j.task.Vocabulary)
	texts, err := await(ctx, func() (*corpus.LabelledCorpus, error) { return corpus.ReadLabelled(j.data, &j.labels.LabelledOptions) })
	if err != nil {
		return nil, err
	}
	t, err := await(ctx, func() (*train.Trainer, error) { return j.newTrainer(texts) })
	if err != nil {
		return nil, err
	}
	if err := j.writeTexts(texts, t); err != nil {
		return nil, err
	}
	return t, writeClassifierLayers(j.out, t.Layers())
}

// newTrainer begins or resumes the run. Then j.classes is its task.
func (j *classifyJob) newTrainer(texts *corpus.LabelledCorpus) (*train.Trainer, error) {
	t := &j.task
	var err error
	if t.Layers, err = layers.ParseSpecs(j.layers); err != nil {
		return nil, usagef("--layers %s: %v", shellQuote(j.layers), err)
	}
	j.words.apply(j.flags, &t.Vocabulary)
	if j.from != "" {
		t.Embedding, t.Layers, t.Vocabulary = 0, nil, tokenizer.Options{}
		if !j.flags.Changed("length") {
			t.Length = 0
		}
	}
	j.classes = &train.Classes{}
	if j.resume == "" {
		*j.classes = *t
	}
	j.classes.Documents, j.classes.Labels = texts.Docs, texts.Labels
	if contains := strings.TrimSpace(j.labels.Contains); contains != "" && !slices.Contains(texts.Labels, contains) {
		return nil, fmt.Errorf("--contains: class %.80q has no example among the %s: --label %s never is or contains it", contains, counted(len(texts.Docs), "document"), shellQuote(j.labels.Label))
	}
	trainer, err := j.start(j.classes, train.Source{Name: sourceName(j.data), SHA256: fmt.Sprintf("%x", texts.SHA256), Format: texts.Format})
	if err != nil {
		return nil, j.otherKind(err)
	}
	if j.resume == "" {
		return trainer, nil
	}
	return trainer, checkUnchanged(&j.trainJob, classFlags, t, j.classes, trainer.Options())
}

// writeTexts prints what was read.
func (j *classifyJob) writeTexts(c *corpus.LabelledCorpus, t *train.Trainer) error {
	names := j.classes.Classes()
	rows := j.corpusRows("corpus", &c.Corpus)
	for _, part := range []struct {
		name string
		set  *train.ClassDataset
	}{{"training", j.classes.Training()}, {"validation", j.classes.Validation()}} {
		if part.set != nil {
			rows = append(rows, []string{part.name, describeClassDataset(part.set, j.classes.Tokenizer())}, []string{"", describeCounts(names, part.set.Counts)})
		}
	}
	n, size := j.classes.Training().Len(), t.Options().BatchSize
	rows = append(rows,
		[]string{"steps", fmt.Sprintf("%s an epoch, of up to %s documents", thousands((n+size-1)/size), thousands(size))},
		[]string{"vocabulary", describeVocabulary(j.classes.Tokenizer())})
	return j.writeData(rows, t, t.Options().Epochs)
}

func describeClassDataset(d *train.ClassDataset, tok *tokenizer.Tokenizer) string {
	text := counted(d.Len(), "document") + ", " + countedTokens(d.Words, d.Unknown, tok)
	if d.Cut > 0 {
		text += fmt.Sprintf("; %s %ss cut off from %s of them, after %s %[2]ss (a larger --length keeps them)", thousands(d.Cut), unitName(tok), thousands(d.Long), thousands(d.Length))
	}
	return text
}

// mostClasses is how many classes are listed.
const mostClasses = 10

// describeCounts says how many documents each class has.
func describeCounts(names []string, counts []int) string {
	total := 0
	for _, n := range counts {
		total += n
	}
	var list []string
	for i, name := range names {
		if i == mostClasses && len(names) > mostClasses+1 {
			list = append(list, fmt.Sprintf("and %s classes more", thousands(len(names)-i)))
			break
		}
		list = append(list, fmt.Sprintf("%s %s (%.2f%%)", name, thousands(counts[i]), 100*float64(counts[i])/float64(total)))
	}
	return strings.Join(list, ", ")
}

func documentRate(documents float64) string { return thousands(int64(documents)) + " documents/s" }

func classLoss(loss, _ float64) string { return fmt.Sprintf("%.4f", loss) }

func noSample(context.Context, int) (sampled, error) { return sampled{}, nil }
