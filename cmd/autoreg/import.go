package main

import (
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/autoreg/autoreg/convert"
	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/tokenizer"
)

// An importJob is a command line of import.
type importJob struct {
	*app
	model, like, steps, vocabulary, classes, vectors string
	overwrite                                        bool
	options                                          convert.ImportOptions
}

func (a *app) importCommand() *cobra.Command {
	j := &importJob{app: a}
	cmd := &cobra.Command{
		Use:   "import FILE -o MODEL",
		Short: "Make a model of another tool's file",
		Long: `Make a model of another tool's file: of Keras (.keras, .h5, and weights alone with --like),
PyTorch (state dicts in .pt, .pth, .ckpt and safetensors), ONNX, RTNeural's JSON, and LSTMs
of Neural Amp Modeler. It finds out the format from the bytes, runs nothing that a file
says, and prints the layers. What has no counterpart is an error that names it; what has no
effect in use, dropout for example, is said and left out.

A network that reads tokens becomes a model of text: its tokens come from the file, where it
has them, or from --vocabulary, a file of lines, a JSON list, or a JSON map of tokens and
their numbers. With --vocabulary a network that reads one-hot vectors becomes a model of
text too. A network that tells texts apart, from their last outputs, becomes a classifier:
--classes names the classes, and has to be given for a PyTorch file, which does not say so.
The PixelCNN of the book's Keras code becomes a model of images. Other networks become
models of vectors, which autoreg run serves.

A PyTorch state dict has names and shapes, but not the order of its modules and the
functions between them. Where that leaves a doubt, --map names the modules, input to output,
each with its kind if the tensors do not say it (embedding, lstm, gru, rnn, dense), and its
activation; =none leaves one out.

At the end it compares outputs, where there are some to compare with: --compare names inputs
and the outputs known for them, of each step or of the last one, lines of numbers as autoreg
run reads and writes them. Without it the vectors that RTNeural keeps beside a model
(NAME_x_python.csv, NAME_y_python.csv) and those of ONNX (test_data_set_0) are taken.`,
		Example: `  autoreg import model.keras -o model.safetensors
  autoreg import weights.h5 --like config.json -o model.safetensors
  autoreg import shakespeare.h5 --vocabulary chars.json -o shakespeare.safetensors
  autoreg import reviews.keras --classes bad,good -o reviews.safetensors
  autoreg import model.keras --compare x.csv,y.csv -o model.safetensors
  autoreg import model.pt --map encoder=embedding,rnn,fc1=dense:relu,decoder --vocabulary vocab.txt -o model.safetensors`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return j.run(args[0]) },
	}
	flags, o := cmd.Flags(), &j.options.Tokenizer
	flags.StringVarP(&j.model, "output", "o", "", "model `FILE` to write (required)")
	flags.StringVar(&j.like, "like", "", "configuration of a Keras model, a JSON `FILE` as model.to_json() writes it, for weights alone")
	flags.StringVar(&j.steps, "map", "", "`MODULES` of a PyTorch file, input to output")
	flags.StringVar(&j.vocabulary, "vocabulary", "", "`FILE` of the tokens, in the order of their numbers")
	flags.StringVar(&j.classes, "classes", "", "`NAMES` of the classes of a network that tells texts apart, in the order of its outputs (default 0, 1, …)")
	choiceFlag(flags, (*string)(&o.Unit), "unit", "", []string{string(tokenizer.Words), string(tokenizer.Characters)}, "what a token is (default character if all tokens have one, otherwise word)")
	choiceFlag(flags, (*string)(&o.Case), "case", "", []string{string(tokenizer.KeepCase), string(tokenizer.FoldCase)}, "the letters A to Z; fold makes them a to z (default fold for words, otherwise keep)")
	choiceFlag(flags, (*string)(&o.Punctuation), "punctuation", string(tokenizer.SplitPunctuation), []string{string(tokenizer.SplitPunctuation), string(tokenizer.StripPunctuation), string(tokenizer.KeepPunctuation)}, "punctuation of words: words of its own, dropped, or kept in the word that it stands in")
	flags.StringVar(&o.UnknownWord, "unknown", "", "spelling `WORD` of the token for all that is not in the vocabulary (default [UNK] or <unk>, if it is there)")
	flags.StringVar(&j.vectors, "compare", "", "inputs and their known outputs, `IN,OUT`, two CSV files, to compare the model's with")
	flags.BoolVar(&j.overwrite, "overwrite", false, "replace a model that is there")
	return cmd
}

func (j *importJob) run(path string) error {
	if j.model == "" {
		return usagef("give --output FILE, the model to write")
	}
	if _, err := os.Lstat(j.model); err == nil && !j.overwrite {
		return fmt.Errorf("there is a file %s already: name another one, or give --overwrite to replace it", j.model)
	}
	if x, y, ok := strings.Cut(j.vectors, ","); j.vectors != "" && (!ok || x == "" || y == "" || strings.Contains(y, ",")) {
		return usagef("--compare is %s: want two files, IN.csv,OUT.csv", shellQuote(j.vectors))
	}
	if err := j.readOptions(); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file, which can be read from any place: copy it to one", path)
	}
	m, err := convert.Import(f, info.Size(), &j.options)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	result, known, err := j.compare(path, m)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(j.model, m); err != nil {
		return err
	}
	for _, note := range m.Notes {
		fmt.Fprintf(j.err, "autoreg: %s\n", j.safe(note))
	}
	fmt.Fprintf(j.err, "autoreg: read %s, wrote %s, a model of %s\n", j.safe(m.Format), j.model, m.Kind)
	if err := writeLayers(j.out, m.Layers); err != nil || result == nil {
		return err
	}
	if result.differ() {
		j.note("the outputs differ from those of %s by more than a thousandth of the largest: the model does something else than the one that gave them", known)
	}
	_, err = fmt.Fprintf(j.out, "\ncompared with %s: %v\n", j.safe(lineText(known)), result)
	return err
}

// readOptions reads the files that flags name.
func (j *importJob) readOptions() (err error) {
	if j.steps != "" {
		if j.options.Steps, err = convert.ParseSteps(j.steps); err != nil {
			return usagef("--map: %v", err)
		}
	}
	if j.like != "" {
		if j.options.Like, err = readSmall(j.like); err != nil {
			return err
		}
	}
	if j.classes != "" {
		j.options.Classes = strings.Split(j.classes, ",")
	}
	if j.vocabulary == "" {
		return nil
	}
	text, err := readSmall(j.vocabulary)
	if err != nil {
		return err
	}
	if j.options.Vocabulary, err = convert.ParseVocabulary(text); err != nil {
		return fmt.Errorf("%s: %w", j.vocabulary, err)
	}
	return nil
}

// maxSmall is the largest file of options that is read.
const maxSmall = 1 << 26

// readSmall reads a file of options.
func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxSmall {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("it has %d bytes: want at most %d", info.Size(), maxSmall)}
	}
	return os.ReadFile(path)
}
