package autoreg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// tinyClassifier returns the file of a classifier of random weights.
func tinyClassifier(t testing.TB, edit func(c *model.ClassifierConfig)) []byte {
	t.Helper()
	tok, err := tokenizer.New([]string{"", "[UNK]", "a", "b", "c", "d", "e"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := model.ClassifierConfig{
		Symbols: 7, Embedding: 6, Length: 30, Classes: []string{"x", "y", "z"},
		Layers: []layers.Spec{&layers.BidirectionalSpec{Layer: &layers.GRUSpec{Units: 9}}},
	}
	if edit != nil {
		edit(&c)
	}
	m := model.NewClassifier(c, tok)
	for i, p := range layers.ParametersOf(m.Stack) {
		if !p.StoredOnly {
			data := make([]float32, p.Len())
			testkit.Values(data, uint64(i+1), 1.5)
			p.Set(data)
		}
	}
	var b bytes.Buffer
	if _, err := m.File().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func loadTinyClassifier(t testing.TB, edit func(c *model.ClassifierConfig)) *Classifier {
	t.Helper()
	m, err := Load[*Classifier](bytes.NewReader(tinyClassifier(t, edit)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestClassifier(t *testing.T) {
	file := tinyClassifier(t, nil)
	m := loadTinyClassifier(t, nil)
	if !slices.Equal(m.Classes(), []string{"x", "y", "z"}) || m.Length() != 30 || m.Tokenizer().Len() != 7 || m.Params() != 42+2*3*(6*9+9*9+2*9)+3*19 {
		t.Errorf("classes %q, length %d, %d parameters", m.Classes(), m.Length(), m.Params())
	}
	m.Classes()[0] = "w"
	if m.Classes()[0] != "x" {
		t.Error("the model has changed")
	}
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil || !bytes.Equal(b.Bytes(), file) {
		t.Errorf("written again, the bytes differ: %v", err)
	}
	if l := m.Layers(); len(l) != 3 || l[1].Type != "Bidirectional(GRU)" || l[1].Out != 18 {
		t.Errorf("layers %+v", l)
	}
	p, err := m.Classify("a b c")
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, x := range p {
		sum += float64(x)
	}
	if len(p) != 3 || math.Abs(sum-1) > 1e-6 {
		t.Errorf("probabilities %v", p)
	}
	// What follows the first Length tokens has no effect, and a text without any is one.
	long := strings.Repeat("a b ", 15)
	for _, c := range [][2]string{{long, long + "c"}, {"", " \n"}} {
		first, err := m.Classify(c[0])
		second, err2 := m.Classify(c[1])
		if err != nil || err2 != nil || testkit.Diff(first, second) != "" {
			t.Errorf("%q and %q: %v and %v, %v, %v", c[0], c[1], first, second, err, err2)
		}
	}
	if q, _ := m.Classify("a b d"); testkit.Diff(p, q) == "" {
		t.Error("the last token has no effect")
	}
}

// Many goroutines share a model.
func TestClassifierIsShared(t *testing.T) {
	m := loadTinyClassifier(t, nil)
	want, err := m.Classify("a b c d e")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if got, err := m.Classify("a b c d e"); err != nil || testkit.Diff(got, want) != "" {
					t.Errorf("%v, %v, want %v", got, err, want)
				}
			}
		})
	}
	wg.Wait()
}

// classExamples returns n texts of several lengths and their labels.
func classExamples(n int) (texts, labels []string) {
	for i := range n {
		text := ""
		for k := range i * i % 41 {
			text += string("abcde"[(i+k*k)%5]) + " "
		}
		texts, labels = append(texts, text), append(labels, string("xyz"[i*i/3%3]))
	}
	return texts, labels
}

func examplesOf(texts, labels []string) func(yield func(string, string) bool) {
	return func(yield func(string, string) bool) {
		for i := range texts {
			if !yield(texts[i], labels[i]) {
				return
			}
		}
	}
}

func TestClassifierScore(t *testing.T) {
	m := loadTinyClassifier(t, nil)
	texts, labels := classExamples(150)
	want := ClassScore{Of: make([]int, 3), Given: make([]int, 3), Right: make([]int, 3)}
	confusion := [3][3]int{}
	for i, text := range texts {
		p, err := m.Classify(text)
		if err != nil {
			t.Fatal(err)
		}
		class, given := int(labels[i][0]-'x'), slices.Index(p, slices.Max(p))
		confusion[class][given]++
		want.Loss -= math.Log(float64(p[class]))
	}
	for threads := range 4 {
		s, err := m.Score(context.Background(), examplesOf(texts, labels), &ClassScoreOptions{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		if s.Items != 150 || math.Abs(s.Loss-want.Loss) > 1e-3 || fmt.Sprint(s.Confusion) != fmt.Sprint(confusion) {
			t.Errorf("%d threads: %+v, want the loss %v and the confusion %v", threads, s, want.Loss, confusion)
		}
		var sum ClassScore
		for _, cut := range [][2]int{{0, 10}, {10, 150}} {
			part, err := m.Score(context.Background(), examplesOf(texts[cut[0]:cut[1]], labels[cut[0]:cut[1]]), nil)
			if err != nil {
				t.Fatal(err)
			}
			sum.Add(part)
		}
		if math.Abs(sum.Loss-s.Loss) > 1e-9 || fmt.Sprint(sum.Confusion, sum.Of, sum.Given, sum.Right, sum.Items) != fmt.Sprint(s.Confusion, s.Of, s.Given, s.Right, s.Items) {
			t.Errorf("in parts %+v, want %+v", sum, s)
		}
	}
}

// Precision, recall and F1 of a table that is worked out by hand.
func TestClassScoreMeasures(t *testing.T) {
	s := newClassScore([]string{"a", "b", "c"})
	for i, row := range [][]int{{6, 2, 0}, {1, 3, 0}, {0, 0, 0}} {
		for k, n := range row {
			for range n {
				s.add(i, k, 0.5)
			}
		}
	}
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"accuracy", s.Accuracy(), 9. / 12}, {"mean", s.Mean(), 0.5},
		{"precision of a", s.Precision(0), 6. / 7}, {"recall of a", s.Recall(0), 6. / 8}, {"F1 of a", s.F1(0), 12. / 15},
		{"precision of b", s.Precision(1), 3. / 5}, {"recall of b", s.Recall(1), 3. / 4}, {"F1 of b", s.F1(1), 6. / 9},
		{"precision of c", s.Precision(2), 0}, {"recall of c", s.Recall(2), 0}, {"F1 of c", s.F1(2), 0},
		{"macro F1", s.MacroF1(), (12./15 + 6./9) / 3},
	} {
		if math.Abs(c.got-c.want) > 1e-15 {
			t.Errorf("%s is %v, want %v", c.what, c.got, c.want)
		}
	}
}

func TestClassifierScoreRefuses(t *testing.T) {
	m := loadTinyClassifier(t, nil)
	texts, labels := classExamples(5)
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.Score(done, examplesOf(texts, labels), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that is done: %v", err)
	}
	if _, err := m.Score(context.Background(), examplesOf(nil, nil), nil); !errors.Is(err, ErrNothingToScore) {
		t.Errorf("without examples: %v", err)
	}
	if _, err := m.Score(context.Background(), examplesOf([]string{"a", "b"}, []string{"x", "w"}), nil); err == nil || err.Error() != `autoreg: example 2 is of class "w", which the model does not have` {
		t.Errorf("an unknown class: %v", err)
	}
	if _, err := m.Score(context.Background(), examplesOf(texts, labels), &ClassScoreOptions{Threads: -1}); err == nil {
		t.Error("-1 threads")
	}
}

// A model with many classes has no table of confusion, which would take gigabytes; and a
// text that would take too much memory is refused.
func TestClassifierLimits(t *testing.T) {
	m := loadTinyClassifier(t, func(c *model.ClassifierConfig) {
		c.Classes = nil
		for i := range maxConfusion + 1 {
			c.Classes = append(c.Classes, fmt.Sprint(i))
		}
	})
	s, err := m.Score(context.Background(), examplesOf([]string{"a"}, []string{"7"}), nil)
	if err != nil || s.Confusion != nil || s.Of[7] != 1 || s.Items != 1 {
		t.Errorf("%d classes: %v, confusion %v", maxConfusion+1, err, s.Confusion != nil)
	}
	m = loadTinyClassifier(t, func(c *model.ClassifierConfig) {
		c.Length = 1 << 20
		c.Layers = []layers.Spec{&layers.BidirectionalSpec{Layer: &layers.GRUSpec{Units: 64}}}
	})
	if _, err := m.Classify(strings.Repeat("a ", 1<<20)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a text of a million tokens: %v, want ErrTooLarge", err)
	}
}

func TestLoadClassifierRefuses(t *testing.T) {
	file := tinyClassifier(t, nil)
	if _, err := Load[*TextModel](bytes.NewReader(file), nil); !errors.Is(err, ErrKind) {
		t.Errorf("a classifier loaded as a text model: %v, want ErrKind", err)
	}
	if _, err := Load[*Classifier](bytes.NewReader(file[:len(file)-4]), nil); !errors.Is(err, ErrFormat) {
		t.Errorf("a file cut off: %v, want ErrFormat", err)
	}
	if _, err := Open[*Classifier](t.TempDir()); err == nil || !strings.Contains(err.Error(), "directory") {
		t.Errorf("a directory: %v", err)
	}
}
