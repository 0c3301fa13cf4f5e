// Command unigram is the baseline of autoreg train classify: logistic regression on which
// words a text has, and how often, whatever their order.
//
//	go run ./examples/unigram --data recipes.json.gz --text directions --label categories --contains Dessert
//
// It reads labelled texts by the same reader, sets the same share aside by the same rule,
// and learns its vocabulary by the same tokenizer. A text is the vector of ln(1 + count) of
// the words of the vocabulary. The weights w and the bias b minimise
//
//	Σ ln(1 + e^(-y·(w·x + b))) + λ/2·|w|²,  y = 1 for the class --contains, -1 for others
//
// by L-BFGS in float64. Its results are only printed, and may differ in the last digits
// from machine to machine.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"slices"

	"github.com/autoreg/autoreg/tokenizer"
	"github.com/autoreg/autoreg/train"
	"github.com/autoreg/autoreg/train/corpus"
)

func main() {
	log.SetFlags(0)
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(args []string, out io.Writer) error {
	var (
		o          corpus.LabelledOptions
		data       string
		validation float64
		vocabulary int
		length     int
		lambda     float64
	)
	fs := flag.NewFlagSet("unigram", flag.ContinueOnError)
	fs.StringVar(&data, "data", "", "labelled texts")
	fs.StringVar(&o.Text, "text", "", "member that holds the text")
	fs.StringVar(&o.Label, "label", "", "member that holds the label")
	fs.StringVar(&o.Contains, "contains", "", "the class that is told from all others")
	fs.Float64Var(&validation, "validation", 0.1, "share of the texts set aside")
	fs.IntVar(&vocabulary, "vocabulary", tokenizer.DefaultVocabularySize, "greatest number of words")
	fs.IntVar(&length, "length", 0, "words of a text that are read; 0 means all")
	fs.Float64Var(&lambda, "lambda", 1, "penalty of large weights")
	if err := fs.Parse(args); err != nil {
		return err
	}
	c, err := corpus.ReadLabelled([]string{data}, &o)
	if err != nil {
		return err
	}
	training, heldOut, err := train.SplitDocs(c.Docs, validation)
	if err != nil {
		return err
	}
	trainingLabels, heldOutLabels, err := train.SplitDocs(c.Labels, validation)
	if err != nil {
		return err
	}
	tok, err := tokenizer.Learn(slices.Values(training), &tokenizer.Options{VocabularySize: vocabulary})
	if err != nil {
		return err
	}
	m := model{lambda: lambda}
	set := newExamples(training, trainingLabels, o.Contains, tok, length)
	steps, err := m.fit(set, tok.Len())
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "%d texts to learn from, %d set aside, %d words, %d steps of L-BFGS\n", len(training), len(heldOut), tok.Len(), steps); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		set  examples
	}{{"training", set}, {"validation", newExamples(heldOut, heldOutLabels, o.Contains, tok, length)}} {
		if _, err := fmt.Fprintf(out, "%s: %s\n", part.name, m.score(part.set)); err != nil {
			return err
		}
	}
	return nil
}
