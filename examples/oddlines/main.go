// Oddlines finds the odd lines of a log: it trains a small model of characters on the
// log's first lines and lists the lines that surprise the model most, by their loss per
// character.
//
//	go run ./examples/oddlines
//	go run ./examples/oddlines /var/log/syslog
//	go run ./examples/oddlines -model log.safetensors /var/log/syslog
//
// Without a file it makes up a log of 3,000 lines, four of which are odd. What "autoreg
// train text --unit character" makes can be the model; "autoreg score --lines" does the
// listing for any model and any number of files.
package main

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"iter"
	"log"
	"math"
	"os"
	"slices"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
	"github.com/autoreg/autoreg/train"
	"github.com/autoreg/autoreg/train/corpus"
)

func main() {
	log.SetFlags(0)
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	fs := flag.NewFlagSet("oddlines", flag.ContinueOnError)
	model := fs.String("model", "", "a text model, instead of one that is trained on the log")
	first := fs.Int("train", 5000, "lines to train on, the first ones")
	epochs := fs.Int("epochs", 3, "how often to go through them")
	top := fs.Int("top", 10, "lines to list")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 1 {
		return fmt.Errorf("%q: want one file; autoreg score --lines takes several", fs.Arg(1))
	}
	lines := madeUpLog
	if fs.NArg() > 0 {
		lines = func() iter.Seq2[corpus.Line, error] {
			return corpus.Lines(fs.Arg(0), &corpus.Options{MaxBytes: math.MaxInt64})
		}
	}
	m, err := load(ctx, *model, lines, *first, *epochs)
	if err != nil {
		return err
	}
	odd, err := surprising(ctx, m, lines(), *top)
	if err != nil {
		return err
	}
	for _, l := range odd {
		// Of characters that a terminal would act on, %q makes escapes.
		if _, err := fmt.Fprintf(out, "%6.3f  %6d  %q\n", l.score.Mean(), l.number, l.score.Text); err != nil {
			return err
		}
	}
	return nil
}

// load opens a model, or trains one on the first lines of a log.
func load(ctx context.Context, path string, lines func() iter.Seq2[corpus.Line, error], first, epochs int) (*autoreg.TextModel, error) {
	if path != "" {
		return autoreg.Open[*autoreg.TextModel](path)
	}
	task := &train.Text{
		Vocabulary: tokenizer.Options{Unit: tokenizer.Characters},
		Embedding:  24, Layers: []layers.Spec{&layers.LSTMSpec{Units: 64}}, Length: 160,
	}
	for line, err := range lines() {
		if err != nil {
			return nil, err
		}
		if len(task.Documents) == first {
			break
		}
		task.Documents = append(task.Documents, line.Text)
	}
	trainer, err := train.New(task, &train.Options{Epochs: epochs, LearningRate: 0.01, ClipNorm: 1, Seed: 1})
	if err != nil {
		return nil, err
	}
	if err := trainer.Run(ctx, nil); err != nil {
		return nil, err
	}
	var file bytes.Buffer
	if _, err := trainer.Model().WriteTo(&file); err != nil {
		return nil, err
	}
	return autoreg.Load[*autoreg.TextModel](&file, nil)
}

// A scored is a line with its score.
type scored struct {
	number int
	score  autoreg.DocumentScore
}

// compare orders lines by falling loss per character, ties by rising number. A loss that is
// no number, of a model whose weights are broken, comes first: it must not be overlooked.
func (s scored) compare(other scored) int {
	a, b := s.score.Mean(), other.score.Mean()
	if math.IsNaN(a) {
		a = math.Inf(1)
	}
	if math.IsNaN(b) {
		b = math.Inf(1)
	}
	return cmp.Or(cmp.Compare(b, a), cmp.Compare(s.number, other.number))
}

// surprising returns the n lines with the largest loss per character. It keeps no others,
// so that a log may be longer than memory.
func surprising(ctx context.Context, m *autoreg.TextModel, lines iter.Seq2[corpus.Line, error], n int) ([]scored, error) {
	var (
		failed  error
		numbers []int // of the lines that are being scored, in order
		odd     []scored
	)
	texts := func(yield func(string) bool) {
		for line, err := range lines {
			if failed = err; err != nil {
				return
			}
			numbers = append(numbers, line.Number)
			if !yield(line.Text) {
				return
			}
		}
	}
	for score, err := range m.ScoreEach(ctx, texts, nil) {
		if err != nil {
			return nil, err
		}
		l := scored{numbers[0], score}
		numbers = numbers[1:]
		if score.Symbols == 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(odd, l, scored.compare)
		if at < n {
			odd = slices.Insert(odd, at, l)
			odd = odd[:min(len(odd), n)]
		}
	}
	return odd, failed
}
