package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// smallClasses returns a tiny task, and options for it.
func smallClasses() (*Classes, Options) {
	docs, labels := classDocs(40, 12, 20, 3)
	task := &Classes{
		Documents: docs, Labels: labels, Embedding: 5, Length: 9,
		Layers:  []layers.Spec{&layers.BidirectionalSpec{Layer: &layers.GRUSpec{Units: 6}}, &layers.LSTMSpec{Units: 4}},
		Dropout: Dropout{Embedding: 0.1, Layers: 0.2, Output: 0.3},
	}
	return task, Options{BatchSize: 7, Epochs: 3, LearningRate: 0.02, ClipNorm: 1, Validation: 0.2, Patience: 3, Seed: 5, Threads: 1}
}

// stopAfter is a context that ends when it has been asked n times.
type stopAfter struct {
	context.Context
	left int
}

func (c *stopAfter) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// runClasses trains the tiny task and returns its model file and last checkpoint. Where
// stop is more than 0 the run is interrupted there and resumed.
func runClasses(t *testing.T, threads, stop int) (file, checkpoint []byte) {
	t.Helper()
	task, o := smallClasses()
	o.Threads = threads
	tr, err := New(task, &o)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "run.checkpoint")
	if stop > 0 {
		if err := tr.Run(&stopAfter{context.Background(), stop}, &RunOptions{Checkpoint: path}); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		again, _ := smallClasses()
		tr, err = Resume(path, &Classes{Documents: again.Documents, Labels: again.Labels}, &Options{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := tr.Run(context.Background(), &RunOptions{Checkpoint: path}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := tr.Model().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	checkpoint, err = os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), checkpoint
}

// The same bytes on every instruction set, for any number of threads, and after an
// interruption anywhere.
func TestClassesSameBytes(t *testing.T) {
	var file, checkpoint []byte
	stops := []int{0, 1, 5, 6, 8, 14}
	if testing.Short() {
		stops = []int{0, 6}
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for threads := 1; threads <= 3; threads++ {
			for _, stop := range stops {
				f, c := runClasses(t, threads, stop)
				if file == nil {
					file, checkpoint = f, c
				}
				if !bytes.Equal(f, file) || !bytes.Equal(c, checkpoint) {
					t.Errorf("%d threads, interrupted after %d: another model or checkpoint", threads, stop)
				}
			}
		}
	})
}

// The model learns what it can: whether a word comes before another, which no bag of
// words says.
func TestClassesLearn(t *testing.T) {
	var docs, labels []string
	rng := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		words := make([]string, 8)
		for i := range words {
			words[i] = fmt.Sprintf("w%d", rng.IntN(5))
		}
		at := rng.Perm(len(words))[:2]
		slices.Sort(at)
		label := "up"
		if words[at[0]], words[at[1]] = "first", "second"; rng.IntN(2) == 1 {
			words[at[0]], words[at[1]], label = "second", "first", "down"
		}
		docs, labels = append(docs, strings.Join(words, " ")), append(labels, label)
	}
	task := &Classes{Documents: docs, Labels: labels, Embedding: 8, Length: 10,
		Layers: []layers.Spec{&layers.BidirectionalSpec{Layer: &layers.GRUSpec{Units: 8}}}}
	tr, err := New(task, &Options{BatchSize: 16, Epochs: 12, LearningRate: 0.02, Validation: 0.25, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if got := task.Classes(); !slices.Equal(got, []string{"down", "up"}) {
		t.Errorf("classes %q", got)
	}
	last := tr.History()[11]
	if last.ValAccuracy < 0.97 {
		t.Errorf("accuracy %v after %d epochs, losses %v and %v", last.ValAccuracy, last.Epoch, last.Loss, last.ValLoss)
	}
	for _, o := range []EvaluateOptions{{Threads: 1}, {Threads: 3, BatchSize: 7}, {BatchSize: 1000}} {
		e, err := task.Evaluate(context.Background(), task.Validation(), &o)
		if err != nil || e.Loss() != last.ValLoss || e.Accuracy() != last.ValAccuracy || e.Positions != 100 {
			t.Errorf("%+v: %+v, %v; want the loss %v and the accuracy %v", o, e, err, last.ValLoss, last.ValAccuracy)
		}
	}
	if r := tr.Record(); r.Documents != 400 || r.History[11].ValAccuracy != last.ValAccuracy {
		t.Errorf("record %+v", r)
	}
}

// Documents are cut, and one without a word is one stop symbol.
func TestClassDataset(t *testing.T) {
	task := &Classes{
		Documents: []string{"a b c d e", "", "a b", "c zebra"}, Labels: []string{"x", "y", "x", "y"}, Names: []string{"y", "x"},
		Vocabulary: tokenizer.Options{VocabularySize: 5}, Embedding: 2, Length: 3,
	}
	if _, err := New(task, nil); err != nil {
		t.Fatal(err)
	}
	d := task.Training()
	if d.Len() != 4 || d.Words != 7 || d.Unknown != 1 || d.Long != 1 || d.Cut != 2 || d.Empty != 1 || !slices.Equal(d.Counts, []int{2, 2}) || task.Validation() != nil {
		t.Errorf("%+v", d)
	}
	id := func(w string) int32 {
		n, ok := task.Tokenizer().ID(w)
		if !ok {
			n = task.Tokenizer().Unknown()
		}
		return int32(n)
	}
	for i, want := range [][]int32{{id("a"), id("b"), id("c")}, {int32(task.Tokenizer().Stop())}, {id("a"), id("b")}, {id("c"), id("zebra")}} {
		if got := d.Row(i); !slices.Equal(got, want) {
			t.Errorf("document %d is %v, want %v", i, got, want)
		}
	}
	if s := d.size(2); s != (layers.BatchSize{Sequences: 2, Steps: 3, Rows: 5}) {
		t.Errorf("two documents make %+v", s)
	}
	if d.Class(0) != 1 || d.Class(1) != 0 {
		t.Errorf("classes %d and %d: want the order of Names", d.Class(0), d.Class(1))
	}
}

func TestClassesRefuse(t *testing.T) {
	docs := []string{"a b", "c", "d e", "f", "g", "h", "a", "b", "c", "d"}
	labels := strings.Split("x y x y x y x y x z", " ")
	for _, c := range []struct {
		name  string
		task  Classes
		o     Options
		field string
		want  string
	}{
		{"too few labels", Classes{Labels: labels[1:]}, Options{}, "Labels", "Labels has 9 names for 10 documents"},
		{"one class", Classes{Labels: slices.Repeat([]string{"x"}, 10)}, Options{}, "Labels", `no example of another class than "x"`},
		{"no name", Classes{Labels: append([]string{""}, labels[1:]...)}, Options{}, "Labels", "class 0 has no name"},
		{"invalid UTF-8", Classes{Labels: append([]string{"\xff"}, labels[1:]...)}, Options{}, "Labels", "not valid UTF-8"},
		{"a class of no name", Classes{Names: []string{"x", ""}}, Options{}, "Names", "class 1 has no name"},
		{"a class twice", Classes{Names: []string{"x", "y", "x"}}, Options{}, "Names", "classes 0 and 2 have one name"},
		{"an unknown class", Classes{Names: []string{"x", "y"}}, Options{}, "Names", `document 9 is of class "z", which Names does not have`},
		{"a class without examples", Classes{Names: []string{"x", "y", "z", "w"}}, Options{}, "Names", `class "w" has no example among the 10 documents`},
		{"a class that is only validated", Classes{}, Options{Validation: 0.1}, "Validation", `class "z" has no example among the 9 documents to learn from: Validation (0.1) sets all its 1 aside`},
		{"nothing is left", Classes{}, Options{Validation: 0.01}, "", "at least 1 of each"},
		{"no documents", Classes{Documents: []string{}, Labels: []string{}}, Options{}, "Labels", "the number of classes is 0"},
		{"length", Classes{Length: -1}, Options{}, "Length", "Length is -1"},
		{"depth 0", Classes{Layers: []layers.Spec{}}, Options{}, "Layers", "there are 0 layers"},
		{"depth 1000", Classes{Layers: slices.Repeat([]layers.Spec{&layers.GRUSpec{Units: 1}}, 1000)}, Options{}, "Layers", "there are 1000 layers"},
		{"a layer of no units", Classes{Layers: []layers.Spec{&layers.BidirectionalSpec{Layer: &layers.GRUSpec{}}}}, Options{}, "Layers", "units is 0"},
		{"a layer of nothing", Classes{Layers: []layers.Spec{&layers.BidirectionalSpec{}}}, Options{}, "Layers", "there is no layer"},
		{"dropout of 1", Classes{Dropout: Dropout{Output: 1}}, Options{}, "Dropout", "Output is 1"},
		{"dropout of NaN", Classes{Dropout: Dropout{Embedding: math.NaN()}}, Options{}, "Dropout", "Embedding is NaN"},
		{"patience", Classes{}, Options{Patience: 1}, "Patience", "no documents are set aside"},
		{"memory", Classes{}, Options{MaxBytes: 1 << 20}, "BatchSize", "of memory, more than"},
		{"memory of the documents", Classes{}, Options{MaxBytes: 10}, "MaxBytes", "raise MaxBytes"},
		{"the header", Classes{}, Options{Epochs: 1 << 20}, "VocabularySize", "of a checkpoint's header"},
		{"no unknown token", Classes{Vocabulary: tokenizer.Options{NoUnknown: true}}, Options{}, "NoUnknown", "NoUnknown is not for classes"},
		{"no stop token", Classes{Vocabulary: tokenizer.Options{NoStop: true}}, Options{}, "NoStop", "NoStop is not for classes"},
	} {
		if c.task.Documents == nil {
			c.task.Documents = docs
		}
		if c.task.Labels == nil {
			c.task.Labels = labels
		}
		_, err := New(&c.task, &c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
			continue
		}
		var option *OptionError
		if c.field != "" && (!errors.As(err, &option) || option.Field != c.field) {
			t.Errorf("%s: error %v, want an OptionError about %s", c.name, err, c.field)
		}
	}
}

// A training step allocates nothing, apart from what goroutines take.
func TestClassStepDoesNotAllocate(t *testing.T) {
	task, o := smallClasses()
	if _, err := New(task, &o); err != nil {
		t.Fatal(err)
	}
	items := []int{3, 1, 4, 5, 9, 2, 6}
	task.gradients(items, 0)
	testkit.NoAllocs(t, func() {
		for i := range 5 {
			task.gradients(items, i)
			task.loss(items)
		}
	})
}

// What a smaller batch leaves behind does not reach a larger one after it, and the
// number of threads does not show.
func TestClassPassIsReusable(t *testing.T) {
	var want map[string][]float32
	for threads := 1; threads <= 4; threads++ {
		task, o := smallClasses()
		o.Threads = threads
		if _, err := New(task, &o); err != nil {
			t.Fatal(err)
		}
		items := []int{30, 1, 14, 25, 9, 2, 6}
		_, first := classGradients(task, items)
		if want == nil {
			want = first
		}
		for _, other := range [][]int{{1}, {0, 2, 4}, {31, 30, 29, 28, 27, 26, 25}} {
			classGradients(task, other)
		}
		_, again := classGradients(task, items)
		for name := range want {
			if d := testkit.Diff(first[name], want[name]); d != "" {
				t.Errorf("%d threads: %s: %s", threads, name, d)
			}
			if d := testkit.Diff(again[name], want[name]); d != "" {
				t.Errorf("%d threads, after other batches: %s: %s", threads, name, d)
			}
		}
	}
}

// classCheckpointFile returns a checkpoint of the tiny task in its second epoch.
func classCheckpointFile(t *testing.T) *weights.File {
	t.Helper()
	task, o := smallClasses()
	tr, err := New(task, &o)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(&stopAfter{context.Background(), 8}, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	f, err := tr.checkpointFile()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := f.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if f, err = weights.Read(&b, 1<<20); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestClassCheckpointsRefused(t *testing.T) {
	small, _ := smallClasses()
	for _, c := range []struct {
		name string
		edit func(f *weights.File)
		task func(t *Classes)
		o    Options
		want string
	}{
		{name: "nothing", want: ""},
		{name: "other documents", task: func(t *Classes) { t.Documents = append([]string{"w1"}, t.Documents[1:]...) }, want: "not those that the run began with"},
		{name: "another label", task: func(t *Classes) { t.Labels = append([]string{"c1"}, t.Labels[1:]...) }, want: "not those that the run began with"},
		{name: "an unknown label", task: func(t *Classes) { t.Labels = append([]string{"c9"}, t.Labels[1:]...) }, want: `class "c9"`},
		{name: "other names", task: func(t *Classes) { t.Names = []string{"c0", "c1"} }, want: "Names"},
		{name: "another order", task: func(t *Classes) { t.Names = []string{"c2", "c1", "c0"} }, want: "Names"},
		{name: "other layers", task: func(t *Classes) { t.Layers = []layers.Spec{&layers.GRUSpec{Units: 6}} }, want: "Layers"},
		{name: "another length", task: func(t *Classes) { t.Length = 8 }, want: "Length"},
		{name: "another dropout", task: func(t *Classes) { t.Dropout = Dropout{Output: 0.1} }, want: "Dropout"},
		{name: "another rate", o: Options{LearningRate: 0.5}, want: "LearningRate"},
		{name: "layers in the options", edit: replaceIn(model.KeyCheckpoint, `"units":6`, `"units":7`), want: "the file is damaged"},
		{name: "layers in the config", edit: replaceIn(model.KeyConfig, `"units":6`, `"units":5`), want: "bidirectional."},
		{name: "unknown layers", edit: replaceIn(model.KeyCheckpoint, `"type":"lstm"`, `"type":"tcn"`), want: "tcn"},
		{name: "no layers", edit: replaceIn(model.KeyCheckpoint, `"layers":[{"type":"bidirectional","layer":{"type":"gru","units":6}},{"type":"lstm","units":4}]`, `"layers":null`), want: "found"},
		{name: "classes in the config", edit: replaceIn(model.KeyConfig, `"c2"`, `"c3"`), want: `class "c2"`},
		{name: "more classes", edit: replaceIn(model.KeyConfig, `"c2"`, `"c2","c3"`), want: "output."},
		{name: "an accuracy above 1", edit: replaceIn(model.KeyCheckpoint, `"val_accuracy":0.`, `"val_accuracy":7.`), want: "an accuracy of 7."},
		{name: "a negative accuracy", edit: replaceIn(model.KeyCheckpoint, `"val_accuracy":0.`, `"val_accuracy":-0.`), want: "an accuracy of -0."},
		{name: "words", edit: replaceIn(model.KeyCheckpoint, `"positions":7`, `"positions":7,"words":7`), want: "words"},
		{name: "positions", edit: replaceIn(model.KeyCheckpoint, `"positions":7`, `"positions":8`), want: "positions"},
		{name: "another kind", edit: replaceIn(model.KeyConfig, `"classifier"`, `"text"`), want: `kind "text"`},
		{name: "a tensor too many", edit: func(f *weights.File) {
			f.Tensors = append(f.Tensors, weights.Tensor{Name: "optimizer.m.x", Shape: []int{1}, Data: []float32{1}})
		}, want: "optimizer.m.x"},
		{name: "a negative square", edit: func(f *weights.File) {
			for _, tensor := range f.Tensors {
				if tensor.Name == "optimizer.v.output.bias" {
					tensor.Data[0] = -1
				}
			}
		}, want: "a square is not negative"},
	} {
		f := classCheckpointFile(t)
		if c.edit != nil {
			c.edit(f)
		}
		task := &Classes{Documents: small.Documents, Labels: small.Labels}
		if c.task != nil {
			c.task(task)
		}
		o := c.o
		o.Threads = 1
		tr, err := resume(f, task, o)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err == nil || tr != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	// A checkpoint of another task.
	if _, err := resume(classCheckpointFile(t), &Text{Documents: small.Documents}, Options{}); !errors.Is(err, model.ErrKind) {
		t.Errorf("a classifier resumed as a text model: %v, want an error about its kind", err)
	}
}

// replaceIn returns an edit of the metadata of a file, in every place.
func replaceIn(key, old, new string) func(f *weights.File) {
	return func(f *weights.File) {
		if !strings.Contains(f.Metadata[key], old) {
			panic(fmt.Sprintf("%s does not hold %s: %s", key, old, f.Metadata[key]))
		}
		f.Metadata[key] = strings.ReplaceAll(f.Metadata[key], old, new)
	}
}

// The estimate of memory is no less than what the pass and the states take.
func TestClassMemory(t *testing.T) {
	docs, labels := classDocs(300, 60, 500, 9)
	task := &Classes{Documents: docs, Labels: labels, Embedding: 64, Length: 60, Layers: []layers.Spec{
		&layers.BidirectionalSpec{Layer: &layers.GRUSpec{Units: 96}}, &layers.BidirectionalSpec{Layer: &layers.LSTMSpec{Units: 64}, Merge: "sum"},
	}}
	o := Options{BatchSize: 64, Threads: 2, Validation: 0.1, Patience: 2}
	o.complete()
	task.complete(&o)
	if err := task.create(&o); err != nil {
		t.Fatal(err)
	}
	estimate := task.memory(task.model.Config.Symbols, 9, &o)
	var tr *Trainer
	used := int64(testkit.Allocated(func() {
		tr = newTrainer(task, o)
		task.gradients([]int{0, 1, 2}, 0)
	}))
	_ = tr
	if used > estimate || estimate > 4*used {
		t.Errorf("a run takes %d bytes before its first epoch ends, the estimate is %d", used, estimate)
	}
}
