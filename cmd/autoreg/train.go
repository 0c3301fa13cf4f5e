package main

import (
	"math"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/tokenizer"
	"github.com/autoreg/autoreg/train"
)

// A trainJob is what a command line of train text asks for.
type trainJob struct {
	*app
	flags *pflag.FlagSet

	data, model        string
	corpus             train.CorpusOptions
	options            train.Options
	checkpoint, resume string
	overwrite          bool
	log, plot          string

	samplePrompt string
	sampleTokens int
	temperature  float64
	maxMemory    int // MiB
}

func (a *app) trainTextCommand() *cobra.Command {
	j := &trainJob{app: a}
	cmd := &cobra.Command{
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
		RunE: func(cmd *cobra.Command, args []string) error {
			j.flags = cmd.Flags()
			if err := j.check(); err != nil {
				return err
			}
			return j.execute(cmd.Context())
		},
	}
	j.define(cmd.Flags())
	return cmd
}

// define defines the flags. Those of a run begin with the values of the reference
// model.
func (j *trainJob) define(fs *pflag.FlagSet) {
	fs.SortFlags = false
	o := &j.options
	fs.StringVarP(&j.data, "data", "d", "", "corpus `FILE` (required)")
	fs.StringVarP(&j.model, "output", "o", "", "model `FILE` to write (required)")
	choiceFlag(fs, &j.corpus.Format, "format", train.FormatAuto, formats, "how the corpus is read; auto takes each line of plain text as a document")

	intFlag(fs, &o.Epochs, "epochs", "e", train.DefaultEpochs, 1, math.MaxInt32, "epochs in all")
	intFlag(fs, &o.BatchSize, "batch", "", train.DefaultBatchSize, 1, math.MaxInt32, "documents a step")
	floatFlag(fs, &o.LearningRate, "lr", "", train.DefaultLearningRate, "learning rate of Adam", "a number above 0", positive)
	floatFlag(fs, &o.ClipNorm, "clip", "", 0, "longest gradient, longer ones are scaled to it; 0 means no limit", "a number, 0 or more", notNegative)
	floatFlag(fs, &o.Validation, "validation", "", 0, "share of documents set aside to judge by", "0 or more and less than 1", share)
	intFlag(fs, &o.Patience, "patience", "", 0, 0, math.MaxInt32, "stop after `N` epochs without a lower validation loss, and keep the best; 0 means never")
	fs.BoolVar(&o.IgnorePadding, "ignore-padding", false, "leave padding after the end of a document out of the loss")
	seedFlag(fs, &o.Seed, "seed `N` of the first weights and the order of batches")

	intFlag(fs, &o.Embedding, "embedding", "", train.DefaultEmbedding, 1, model.MaxWidth, "length of a word's vector")
	intFlag(fs, &o.Units, "units", "", train.DefaultUnits, 1, model.MaxWidth, "units of the LSTM")
	intFlag(fs, &o.Length, "length", "", train.DefaultLength, 1, model.MaxLength, "steps of a document: its first N+1 words, the rest is cut off")
	intFlag(fs, &o.Vocabulary, "vocabulary", "", tokenizer.DefaultMaxTokens, 3, model.MaxSymbols, "most words, padding and [UNK] included")
	fs.BoolVar(&o.KeepCase, "keep-case", false, "tell A from a")
	fs.BoolVar(&o.StripPunctuation, "strip-punctuation", false, "drop punctuation instead of making words of it")

	fs.StringVar(&j.checkpoint, "checkpoint", "", "checkpoint `FILE` (default the model's name and .checkpoint)")
	fs.StringVar(&j.resume, "resume", "", "go on from a checkpoint `FILE`; options are taken from it")
	fs.BoolVar(&j.overwrite, "overwrite", false, "begin anew although there is a checkpoint or a log, and replace it")
	fs.StringVar(&j.log, "log", "", "log `FILE`: one JSON object a line, for each epoch")
	fs.StringVar(&j.plot, "plot", "", "loss curve, a PNG `FILE`")

	fs.StringVar(&j.samplePrompt, "sample", "", "prompt, `WORDS`, of the text after each epoch; empty means none (default \"recipe for\", or for plain text its first two words)")
	intFlag(fs, &j.sampleTokens, "sample-tokens", "", 100, 1, math.MaxInt32, "longest such text, prompt included")
	temperatureFlag(fs, &j.temperature, "temperature", "t", 1, "temperature of such texts")

	intFlag(fs, &o.Threads, "threads", "", 0, 0, 1<<12, "threads; 0 means one a CPU; the result does not depend on it")
	intFlag(fs, &j.maxMemory, "max-memory", "", train.DefaultMaxBytes>>20, 1, math.MaxInt32, "refuse a run that takes more than `N` MiB")
}

func positive(x float64) bool    { return x > 0 && x <= math.MaxFloat32 }
func notNegative(x float64) bool { return x >= 0 && x <= math.MaxFloat32 }
func share(x float64) bool       { return x >= 0 && x < 1 }

// runFlags are the flags that decide a run's result, under the names that package
// train has for them.
var runFlags = []struct {
	flag, option string
	value        func(o train.Options) any
}{
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

// An optionError words an error of package train with the names of the flags.
type optionError struct{ err error }

func (e *optionError) Error() string {
	names := map[string]string{"Epochs": "epochs", "MaxBytes": "max-memory"}
	for _, f := range runFlags {
		names[f.option] = f.flag
	}
	// Where options are named: files may have such names too.
	var pairs []string
	for option, flag := range names {
		pairs = append(pairs, "option "+option+" ", "--"+flag+" ")
		for _, before := range []string{"lower ", "raise ", "set ", "), ", ") or "} {
			pairs = append(pairs, before+option, before+"--"+flag)
		}
	}
	return strings.NewReplacer(pairs...).Replace(e.err.Error())
}

func (e *optionError) Unwrap() error { return e.err }
