package train

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/tokenizer"
)

// vocabularies are all that a vocabulary can be, with documents for them.
func vocabularies() map[string]tokenizer.Options {
	return map[string]tokenizer.Options{
		"words":                       {},
		"case kept":                   {Case: tokenizer.KeepCase, VocabularySize: 20},
		"punctuation dropped":         {Punctuation: tokenizer.StripPunctuation, UnicodePunctuation: true},
		"as Penn Treebank":            {Case: tokenizer.KeepCase, Punctuation: tokenizer.KeepPunctuation, LineEnds: true, NoStop: true, UnknownWord: "<unk>"},
		"stems":                       {Stem: "english", MinCount: 2},
		"characters":                  {Unit: tokenizer.Characters},
		"characters without reserved": {Unit: tokenizer.Characters, NoStop: true, NoUnknown: true},
		"characters, folded":          {Unit: tokenizer.Characters, Case: tokenizer.FoldCase, MinCount: 3, UnknownWord: "?"},
		"bytes":                       {Unit: tokenizer.Bytes},
		"bytes without stop":          {Unit: tokenizer.Bytes, NoStop: true},
	}
}

// A run under every kind of vocabulary goes on from its checkpoint as if it had not been
// interrupted, and its model has the vocabulary.
func TestVocabularies(t *testing.T) {
	docs := []string{"The <unk> cook’s cooking,\ncooked. The cook", "a\xff\xfe é — the <unk> THE cooks\n", "the cook", "The cook’s é?"}
	for name, v := range vocabularies() {
		for _, stream := range []bool{false, true} {
			run := textRun{
				Text{Vocabulary: v, Embedding: 3, Layers: oneLSTM(4), Length: 5, Stream: stream},
				Options{BatchSize: 2, Epochs: 2, Seed: 3, Threads: 1},
			}
			whole, err := run.new(docs)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if err := whole.Run(context.Background(), nil); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			half, err := run.new(docs)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "checkpoint")
			ctx, cancel := context.WithCancel(context.Background())
			if err := half.Run(ctx, &RunOptions{Checkpoint: path, OnStep: func(Stats) { cancel() }}); err == nil {
				t.Fatalf("%s: the run was not interrupted", name)
			}
			again, err := textRun{Text: Text{Vocabulary: v}}.resume(path, docs)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if err := again.Run(context.Background(), nil); err != nil {
				t.Fatal(err)
			}
			if a, b := fileBytes(t, whole.Model()), fileBytes(t, again.Model()); !slices.Equal(a, b) {
				t.Errorf("%s, stream %v: the run that was interrupted gives another model", name, stream)
			}
			want := v.WithDefaults()
			got := textOf(again).Tokenizer()
			if textOf(again).Vocabulary != want {
				t.Errorf("%s: after a checkpoint %+v, want %+v", name, textOf(again).Vocabulary, want)
			}
			want.VocabularySize, want.MinCount = 0, 0
			if got.Options() != want {
				t.Errorf("%s: the model has %+v, want %+v", name, got.Options(), want)
			}
		}
	}
}

// Without a stop token the last id of a document is only predicted.
func TestDatasetWithoutStop(t *testing.T) {
	tok, err := tokenizer.New([]string{"a", "b", "c", "d"}, &tokenizer.Options{Unit: tokenizer.Characters, NoStop: true, NoUnknown: true})
	if err != nil {
		t.Fatal(err)
	}
	docs := []string{"ab", "abcd", "abcda", "abcdabc", "", "c"}
	for _, c := range []struct {
		cut       bool
		want      [][]int32
		steps     []int
		cutOff    int64
		long      int
		positions int64
	}{
		{false, [][]int32{{0, 1}, {0, 1, 2, 3}, {0, 1, 2, 3}, {3, 0}, {0, 1, 2, 3}, {3, 0, 1, 2}, {}, {2}}, []int{1, 3, 3, 1, 3, 3, 0, 0}, 0, 2, 14},
		{true, [][]int32{{0, 1}, {0, 1, 2, 3}, {0, 1, 2, 3}, {0, 1, 2, 3}, {}, {2}}, []int{1, 3, 3, 3, 0, 0}, 4, 2, 10},
	} {
		d, err := NewDataset(docs, tok, &DatasetOptions{Length: 3, CutLong: c.cut})
		if err != nil {
			t.Fatal(err)
		}
		var rows [][]int32
		var steps []int
		for i := range d.Len() {
			rows, steps = append(rows, d.Row(i)), append(steps, d.Steps(i))
		}
		if fmt.Sprint(rows) != fmt.Sprint(c.want) || !slices.Equal(steps, c.steps) || d.Unknown != 0 || d.Cut != c.cutOff || d.Long != c.long {
			t.Errorf("cut=%v: %v of %v steps, %d cut off, %d long, want %v, %v, %d, %d", c.cut, rows, steps, d.Cut, d.Long, c.want, c.steps, c.cutOff, c.long)
		}
		if n := positionsOf(d, 0, d.Len(), false); n != c.positions {
			t.Errorf("cut=%v: %d positions, want %d", c.cut, n, c.positions)
		}
	}
}

// What a vocabulary lacks is an error that names it, where there is no token for it.
func TestMissingUnits(t *testing.T) {
	characters := tokenizer.Options{Unit: tokenizer.Characters, NoUnknown: true}
	tok, err := tokenizer.New([]string{"", "a"}, &characters)
	if err != nil {
		t.Fatal(err)
	}
	rare := characters
	rare.MinCount = 2
	of := func(v tokenizer.Options, docs []string, o Options, text Text) func() error {
		text.Vocabulary = v
		return func() error { _, err := textRun{text, o}.new(docs); return err }
	}
	own := Text{ValidationDocuments: []string{"a", "é"}}
	third := Options{Validation: 0.34, BatchSize: 1}
	const all, learn = "let the vocabulary have all", "learn from documents that hold it"
	for name, c := range map[string]struct {
		begin       func() error
		where, what string
	}{
		"NewDataset":             {func() error { _, err := NewDataset([]string{"a", "aéb"}, tok, nil); return err }, ": document 2", "let the vocabulary have it"},
		"a stream":               {func() error { _, err := NewDataset([]string{"a", "aéb"}, tok, &DatasetOptions{Tracks: 1}); return err }, ": document 2", "let the vocabulary have it"},
		"training":               {of(rare, []string{"aa", "aéb"}, Options{}, Text{}), ": document 2", all},
		"training, some aside":   {of(rare, []string{"aa", "a", "a", "aéb"}, third, Text{}), ": document 4", all},
		"set aside":              {of(characters, []string{"aa", "a", "é"}, third, Text{}), "for validation, document 3", learn},
		"set aside, rare":        {of(rare, []string{"aa", "a", "é"}, third, Text{}), "for validation, document 3", all},
		"the end of a stream":    {of(characters, []string{"aa", "aa", "aa aé"}, third, Text{Stream: true}), "for validation, document 3", learn},
		"validation":             {of(characters, []string{"aa"}, Options{}, own), "validation document 2", learn},
		"training, with its own": {of(rare, []string{"aa", "aéb"}, Options{}, own), ": document 2", all},
	} {
		err := c.begin()
		var option *OptionError
		if !errors.As(err, &option) || option.Field != "NoUnknown" || !strings.Contains(err.Error(), c.where+` holds the character "é", which the vocabulary lacks`) || !strings.Contains(err.Error(), c.what) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestWithoutStopRefused(t *testing.T) {
	characters := tokenizer.Options{Unit: tokenizer.Characters, NoStop: true}
	if _, err := (textRun{Text: Text{Vocabulary: characters}}).new([]string{"a", "b"}); err == nil || !strings.Contains(err.Error(), "the documents hold no characters to predict") {
		t.Errorf("documents of one character: error %v", err)
	}
	tr, err := textRun{Text: Text{Vocabulary: characters, Embedding: 2, Layers: oneLSTM(2)}}.new([]string{"abc"})
	if err != nil {
		t.Fatal(err)
	}
	task := textOf(tr)
	_, err = task.Evaluate(context.Background(), task.Training(), &EvaluateOptions{CountPadding: true})
	var option *OptionError
	if !errors.As(err, &option) || option.Field != "CountPadding" || !strings.Contains(err.Error(), "needs the stop token") {
		t.Errorf("error %v", err)
	}
	if e, err := task.Evaluate(context.Background(), task.Training(), nil); err != nil || e.Positions != 2 {
		t.Errorf("%+v, %v", e, err)
	}
}

// A vocabulary is of the options of its run, and not larger.
func TestCheckTokenizer(t *testing.T) {
	tok, err := tokenizer.New([]string{"", "[UNK]", "a"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for size, good := range map[int]bool{4: true, 3: true, 2: false} {
		v := tokenizer.Options{MinCount: 2, MaxBytes: 1}.WithDefaults()
		v.VocabularySize = size
		if err := checkTokenizer(tok, v); (err == nil) != good {
			t.Errorf("3 tokens of at most %d: error %v", size, err)
		}
	}
	for _, v := range []tokenizer.Options{{Unit: tokenizer.Characters}, {NoStop: true}, {Stem: "english"}, {UnknownWord: "[UNK]"}, {LineEnds: true}} {
		if checkTokenizer(tok, v.WithDefaults()) == nil {
			t.Errorf("options %+v: no error for another vocabulary", v)
		}
	}
}

// A checkpoint whose options are not those of its vocabulary is damaged; its checksum
// would say so first.
func TestResumeOtherTokenizer(t *testing.T) {
	path := save(t, midway(t))
	for _, change := range [][2]string{
		{`"keep_case":false`, `"keep_case":true`},
		{`"strip_punctuation":false`, `"strip_punctuation":true`},
		{`"epochs":`, `"epochs":`}, // none
	} {
		f, err := readFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f.Metadata[model.KeyCheckpoint] = strings.Replace(f.Metadata[model.KeyCheckpoint], change[0], change[1], 1)
		other := filepath.Join(t.TempDir(), "other")
		if err := atomicfile.Write(other, f); err != nil {
			t.Fatal(err)
		}
		_, err = Resume(other, smallText(), nil)
		if good := change[0] == change[1]; good != (err == nil) || !good && !strings.Contains(err.Error(), "the vocabulary is not one of the run's options") {
			t.Errorf("%s: error %v", change[1], err)
		}
	}
}
