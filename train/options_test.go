package train

import (
	"math"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/tokenizer"
)

func TestDefaults(t *testing.T) {
	tr, err := New([]string{"a b c", "d e"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := tr.Options()
	if o.Threads < 1 {
		t.Errorf("Threads = %d", o.Threads)
	}
	o.Threads = 0
	want := Options{
		Vocabulary: tokenizer.DefaultMaxTokens, Embedding: 100, Units: 128, Length: 200,
		BatchSize: 32, LearningRate: 1e-3, Epochs: 25, MaxBytes: 8 << 30,
	}
	if o != want {
		t.Errorf("options %+v, want %+v", o, want)
	}
	if n := tr.model.Stack.Symbols(); n != 7 {
		t.Errorf("%d symbols, want as many as the vocabulary has: 7", n)
	}
	if tr.Validation() != nil || tr.Training().Len() != 2 {
		t.Errorf("documents: %d to learn from, %v to judge by", tr.Training().Len(), tr.Validation())
	}
}

func TestOptionsRefused(t *testing.T) {
	docs := []string{"a b c", "d e", "f", "g"}
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Vocabulary: -1}, "Vocabulary is -1"},
		{Options{Vocabulary: 2}, "Vocabulary is 2"},
		{Options{Embedding: -5}, "Embedding is -5"},
		{Options{Embedding: 1 << 17}, "Embedding"},
		{Options{Units: -1}, "Units is -1"},
		{Options{Units: 1 << 17}, "Units"},
		{Options{Length: -1}, "Length is -1"},
		{Options{Length: 1 << 21}, "Length"},
		{Options{BatchSize: -1}, "BatchSize is -1"},
		{Options{BatchSize: 1 << 17}, "BatchSize"},
		{Options{Epochs: -1}, "Epochs is -1"},
		{Options{Patience: -1}, "Patience is -1"},
		{Options{Patience: 2}, "Validation"},
		{Options{Threads: -1}, "Threads is -1"},
		{Options{Threads: 1 << 13}, "Threads"},
		{Options{LearningRate: -1}, "LearningRate is -1"},
		{Options{LearningRate: math.NaN()}, "LearningRate is NaN"},
		{Options{LearningRate: math.Inf(1)}, "LearningRate is +Inf"},
		{Options{ClipNorm: -1}, "ClipNorm is -1"},
		{Options{ClipNorm: math.NaN()}, "ClipNorm is NaN"},
		{Options{ClipNorm: math.Inf(1)}, "ClipNorm is +Inf"},
		{Options{Validation: -0.1}, "Validation is -0.1"},
		{Options{Validation: 1}, "Validation is 1"},
		{Options{Validation: math.NaN()}, "Validation is NaN"},
		{Options{Validation: 0.01}, "0.01 splits 4 documents"},
		{Options{MaxBytes: -1}, "MaxBytes is -1"},
		{Options{MaxBytes: 1 << 20}, "MiB of memory, more than the 1 MiB"},
		{Options{Length: 1 << 20, Units: 1 << 10, BatchSize: 4, CountPadding: true}, "lower BatchSize"},
		{Options{Units: 1 << 16}, "too large"},
	} {
		tr, err := New(docs, &c.o)
		if err == nil {
			t.Errorf("%+v: no error", c.o)
			continue
		}
		if tr != nil || !strings.HasPrefix(err.Error(), "train: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %q, want one with %q", c.o, err, c.want)
		}
	}
	for _, c := range []struct {
		docs []string
		o    Options
		want string
	}{
		{nil, Options{}, "no word"},
		{[]string{strings.Repeat("a ", 1<<19)}, Options{MaxBytes: 1 << 20}, "the documents and their encoded words take more memory than is allowed, 1 MiB: raise MaxBytes"},
		{[]string{"", " "}, Options{}, "no word"},
		{[]string{"a b", ". ,"}, Options{StripPunctuation: true, Validation: 0.5}, "set aside for validation hold no words"},
	} {
		if _, err := New(c.docs, &c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want one with %q", c.docs, err, c.want)
		}
	}
}

// A vocabulary of one word, documents without any among others, a single one:
// small, but no mistakes.
func TestSmallCorpora(t *testing.T) {
	for _, c := range []struct {
		docs []string
		o    Options
	}{
		{[]string{"a"}, Options{}},
		{[]string{"a"}, Options{CountPadding: true, CutLong: true}},
		{[]string{"a", "a a"}, Options{BatchSize: 1}},
		{[]string{"a", "a a"}, Options{Length: 1 << 20, BatchSize: 1 << 16}}, // no memory for steps that there are not
		{[]string{"a", "", ".", "b"}, Options{StripPunctuation: true, BatchSize: 1}},
		{[]string{"a", "b", ""}, Options{BatchSize: 2, Validation: 0.5}},
		{[]string{"a", "", "b"}, Options{BatchSize: 2, Validation: 0.5, CountPadding: true}},
		{[]string{"a b c d e f"}, Options{Length: 1, Units: 1, Embedding: 1, Vocabulary: 3}},
	} {
		c.o.Epochs = 2
		if c.o.Length == 0 {
			c.o.Length = 4
		}
		tr, err := New(c.docs, &c.o)
		if err != nil {
			t.Errorf("%q: %v", c.docs, err)
			continue
		}
		if err := tr.Run(t.Context(), nil); err != nil {
			t.Errorf("%q: %v", c.docs, err)
		}
		for _, h := range tr.History() {
			if !(h.Loss > 0) {
				t.Errorf("%q: %+v", c.docs, h)
			}
		}
	}
}
