package train

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/tokenizer"
)

func TestDefaults(t *testing.T) {
	tr, err := New(&Text{Documents: []string{"a b c", "d e"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := tr.Options()
	if o.Threads < 1 {
		t.Errorf("Threads = %d", o.Threads)
	}
	o.Threads = 0
	want := Options{BatchSize: 32, Optimizer: Adam{}, LearningRate: 1e-3, Epochs: 25, MaxBytes: 8 << 30}
	if o != want {
		t.Errorf("options %+v, want %+v", o, want)
	}
	task := textOf(tr)
	wantTask := Text{Vocabulary: tokenizer.Options{}.WithDefaults(), Embedding: 100, Layers: oneLSTM(128), Length: 200}
	if fields(task) != fields(&wantTask) {
		t.Errorf("task %s, want %s", fields(task), fields(&wantTask))
	}
	if n := task.model.Stack.Symbols(); n != 7 {
		t.Errorf("%d symbols, want as many as the vocabulary has: 7", n)
	}
	if task.Validation() != nil || task.Training().Len() != 2 {
		t.Errorf("documents: %d to learn from, %v set aside", task.Training().Len(), task.Validation())
	}
}

// wantField checks that an error whose text begins with the name of a field says so by
// its type, and that the field can be called otherwise.
func wantField(t *testing.T, err error, text string) {
	t.Helper()
	name, _, found := strings.Cut(text, " is ")
	if !found {
		return
	}
	name, _, _ = strings.Cut(name, ":")
	var o *OptionError
	if !errors.As(err, &o) || o.Field != name {
		t.Errorf("error %q is %+v, want an OptionError about %s", err, o, name)
		return
	}
	other := o.Text(func(pkg, field string) string {
		if pkg != "train" && pkg != "tokenizer" {
			t.Errorf("error %q: field %s of package %s", err, field, pkg)
		}
		return "--" + strings.ToLower(field)
	})
	if strings.Contains(other, name) || !strings.HasPrefix(other, "--"+strings.ToLower(name)) {
		t.Errorf("error %q with other names: %q", err, other)
	}
}

// fields writes the exported fields of a task, but for the data.
func fields(task Task) string {
	switch t := task.(type) {
	case *Text:
		return fmt.Sprint(t.Vocabulary, t.Embedding,
			string(model.AppendLayers(nil, t.Layers)), t.Length, t.Dropout, t.Tied, t.CountPadding, t.CutLong)
	case *Images:
		return fmt.Sprint(t.Filters, t.Blocks, t.Kernel)
	}
	return fmt.Sprintf("a task of type %T", task)
}

func TestOptionsRefused(t *testing.T) {
	docs := []string{"a b c", "d e", "f", "g"}
	for _, c := range []struct {
		o    textRun
		want string
	}{
		{textRun{Text: Text{Vocabulary: tokenizer.Options{VocabularySize: -1}}}, "VocabularySize is -1"},
		{textRun{Text: Text{Vocabulary: tokenizer.Options{VocabularySize: 2}}}, "VocabularySize is 2"},
		{textRun{Text: Text{Vocabulary: tokenizer.Options{VocabularySize: 1 << 25}}}, "VocabularySize is 33554432: want at most"},
		{textRun{Text: Text{Vocabulary: tokenizer.Options{Unit: "rune"}}}, `Unit is "rune"`},
		{textRun{Text: Text{Vocabulary: tokenizer.Options{NoStop: true}, CountPadding: true}}, "CountPadding needs the stop token"},
		{textRun{Text: Text{Embedding: -5}}, "Embedding is -5"},
		{textRun{Text: Text{Embedding: 1 << 17}}, "Embedding"},
		{textRun{Text: Text{Layers: oneLSTM(-1)}}, "Layers: layer 0: lstm: units is -1"},
		{textRun{Text: Text{Layers: oneLSTM(1 << 17)}}, "units"},
		{textRun{Text: Text{Length: -1}}, "Length is -1"},
		{textRun{Text: Text{Length: 1 << 21}}, "Length"},
		{textRun{Options: Options{BatchSize: -1}}, "BatchSize is -1"},
		{textRun{Options: Options{BatchSize: 1 << 17}}, "BatchSize"},
		{textRun{Options: Options{Epochs: -1}}, "Epochs is -1"},
		{textRun{Options: Options{Patience: -1}}, "Patience is -1"},
		{textRun{Options: Options{Patience: 2}}, "Validation"},
		{textRun{Options: Options{Threads: -1}}, "Threads is -1"},
		{textRun{Options: Options{Threads: 1 << 13}}, "Threads"},
		{textRun{Options: Options{LearningRate: -1}}, "LearningRate is -1"},
		{textRun{Options: Options{LearningRate: math.NaN()}}, "LearningRate is NaN"},
		{textRun{Options: Options{LearningRate: math.Inf(1)}}, "LearningRate is +Inf"},
		{textRun{Options: Options{ClipNorm: -1}}, "ClipNorm is -1"},
		{textRun{Options: Options{ClipNorm: math.NaN()}}, "ClipNorm is NaN"},
		{textRun{Options: Options{ClipNorm: math.Inf(1)}}, "ClipNorm is +Inf"},
		{textRun{Options: Options{Average: -0.5}}, "Average is -0.5"},
		{textRun{Options: Options{Average: 1}}, "Average is 1: want"},
		{textRun{Options: Options{Average: math.NaN()}}, "Average is NaN"},
		{textRun{Options: Options{Validation: -0.1}}, "Validation is -0.1"},
		{textRun{Options: Options{Validation: 1}}, "Validation is 1"},
		{textRun{Options: Options{Validation: math.NaN()}}, "Validation is NaN"},
		{textRun{Options: Options{Validation: 0.01}}, "0.01 splits 4 documents"},
		{textRun{Options: Options{MaxBytes: -1}}, "MaxBytes is -1"},
		{textRun{Options: Options{MaxBytes: 1 << 20}}, "MiB of memory, more than the 1 MiB"},
		{textRun{Text{Length: 1 << 20, Layers: oneLSTM(1 << 10), CountPadding: true}, Options{BatchSize: 4}}, "lower BatchSize"},
		{textRun{Text: Text{Layers: oneLSTM(1 << 16)}}, "Layers: 3 symbols, an embedding of 100 and the layers make"},
	} {
		tr, err := c.o.new(docs)
		if err == nil {
			t.Errorf("%+v: no error", c.o)
			continue
		}
		if tr != nil || !strings.HasPrefix(err.Error(), "train: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %q, want one with %q", c.o, err, c.want)
		}
		wantField(t, err, c.want)
	}
	for _, c := range []struct {
		docs []string
		o    textRun
		want string
	}{
		{nil, textRun{}, "no word"},
		{[]string{strings.Repeat("a ", 1<<19)}, textRun{Options: Options{MaxBytes: 1 << 20}}, "the documents and their encoded words take more memory than is allowed, 1 MiB: raise MaxBytes"},
		{[]string{"", " "}, textRun{}, "no word"},
		{testDocs(1000, 20, 10000), textRun{Text: Text{Embedding: 1 << 16}}, "the model would be too large: "},
		{[]string{"a b", ". ,"}, textRun{Text{Vocabulary: tokenizer.Options{Punctuation: tokenizer.StripPunctuation}}, Options{Validation: 0.5}}, "set aside for validation hold no words"},
	} {
		if _, err := c.o.new(c.docs); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want one with %q", c.docs, err, c.want)
		}
	}
}

// A vocabulary of one word, documents without any among others, a single one:
// small, but no mistakes.
func TestSmallCorpora(t *testing.T) {
	for _, c := range []struct {
		docs []string
		o    textRun
	}{
		{[]string{"a"}, textRun{}},
		{[]string{"a"}, textRun{Text: Text{CountPadding: true, CutLong: true}}},
		{[]string{"a", "a a"}, textRun{Options: Options{BatchSize: 1}}},
		{[]string{"a", "a a"}, textRun{Text{Length: 1 << 20}, Options{BatchSize: 1 << 16}}}, // no memory for steps that there are not
		{[]string{"a", "", ".", "b"}, textRun{Text{Vocabulary: tokenizer.Options{Punctuation: tokenizer.StripPunctuation}}, Options{BatchSize: 1}}},
		{[]string{"a", "b", ""}, textRun{Options: Options{BatchSize: 2, Validation: 0.5}}},
		{[]string{"a", "", "b"}, textRun{Text{CountPadding: true}, Options{BatchSize: 2, Validation: 0.5}}},
		{[]string{"a b c d e f"}, textRun{Text: Text{Length: 1, Layers: oneLSTM(1), Embedding: 1, Vocabulary: tokenizer.Options{VocabularySize: 3}}}},
	} {
		c.o.Epochs = 2
		if c.o.Length == 0 {
			c.o.Length = 4
		}
		tr, err := c.o.new(c.docs)
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
