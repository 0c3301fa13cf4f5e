package train

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// fromCases are runs of every kind: first makes the task of a model, then the one that
// begins with it, of which only the data are set.
func fromCases() map[string]struct {
	first, then func() Task
	options     Options
} {
	type pair = struct {
		first, then func() Task
		options     Options
	}
	stack := []layers.Spec{&layers.LSTMSpec{Units: 5}, &layers.GRUSpec{Units: 4, Reset: "before"}}
	classes, options := smallClasses()
	options.Patience = 0
	images, mixture := smallImages(24, 1), classImages(24)
	return map[string]pair{
		"text": {
			func() Task {
				return &Text{Documents: smallDocs(), Embedding: 4, Layers: stack, Tied: true, Length: 9, Vocabulary: tokenizer.Options{Unit: tokenizer.Characters}}
			},
			func() Task { return &Text{Documents: smallDocs()[:16]} }, Options{BatchSize: 5, Epochs: 2, Seed: 3, Threads: 1},
		},
		"classes": {
			func() Task { return classes },
			func() Task { return &Classes{Documents: classes.Documents, Labels: classes.Labels} }, options,
		},
		"PixelCNN": {
			func() Task { return &Images{Set: images, Filters: 8, Blocks: 1, Kernel: 3} },
			func() Task { return &Images{Set: images} }, Options{BatchSize: 7, Epochs: 2, Seed: 3, Threads: 1},
		},
		// Its first step would scale the weights by the images.
		"mixture": {
			func() Task {
				return &Images{Set: mixture, Filters: 4, Blocks: 1, Mixture: &Mixture{Components: 3, Activation: layers.ELU, Conditional: true}}
			},
			func() Task { return &Images{Set: mixture, Mixture: &Mixture{Dropout: 0.2}} }, Options{BatchSize: 7, Epochs: 2, Seed: 3, Threads: 1},
		},
	}
}

// firstModel trains a model for an epoch and returns its path.
func firstModel(t *testing.T, task Task, o Options) string {
	t.Helper()
	o.Epochs, o.Seed = 1, o.Seed+1
	tr, err := New(task, &o)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := tr.SaveModel(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFrom begins runs with the weights of models. A run that is interrupted before its
// first step comes to the same as one that is not.
func TestFrom(t *testing.T) {
	for name, c := range fromCases() {
		t.Run(name, func(t *testing.T) {
			path := firstModel(t, c.first(), c.options)
			tr, err := From(path, c.then(), &c.options)
			if err != nil {
				t.Fatal(err)
			}
			f, _, err := readVersioned(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range f.Tensors {
				if got := tr.Snapshot().f.Lookup(want.Name); got == nil || !equalBits(got.Data, want.Data) {
					t.Errorf("tensor %s is not the model's", want.Name)
				}
			}
			if got := tr.Record().Source.Weights; got != f.Metadata[weights.KeyChecksum] {
				t.Errorf("the record says that it began with %q, want %q", got, f.Metadata[weights.KeyChecksum])
			}
			again, err := Resume(save(t, tr), c.then(), &Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			for _, tr := range []*Trainer{tr, again} {
				if err := tr.Run(context.Background(), nil); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(fileBytes(t, tr.Model()), fileBytes(t, again.Model())) {
				t.Error("the run that is resumed comes to another model")
			}
		})
	}
}

func equalBits(a, b []float32) bool {
	if len(a) != len(b) {
		return false
	}
	for i, v := range a {
		if v != b[i] {
			return false
		}
	}
	return true
}

// TestFromRefuses gives tasks that disagree with the model.
func TestFromRefuses(t *testing.T) {
	cases := fromCases()
	paths := map[string]string{}
	for name, c := range cases {
		paths[name] = firstModel(t, c.first(), c.options)
	}
	docs := smallDocs()
	for _, c := range []struct {
		of, want string
		task     Task
	}{
		{"text", "Embedding is 7", &Text{Documents: docs, Embedding: 7}},
		{"text", "Layers is lstm:3", &Text{Documents: docs, Layers: []layers.Spec{&layers.LSTMSpec{Units: 3}}}},
		{"text", "Vocabulary is set", &Text{Documents: docs, Vocabulary: tokenizer.Options{LineEnds: true}}},
		{"text", "InitialRange", &Text{Documents: docs, InitialRange: 1}},
		{"text", "kind", &Images{Set: smallImages(24, 1)}},
		{"PixelCNN", "kind", &Text{Documents: docs}},
		{"PixelCNN", "Kernel is 5", &Images{Set: smallImages(24, 1), Kernel: 5}},
		{"PixelCNN", "Mixture is set", &Images{Set: smallImages(24, 1), Mixture: &Mixture{}}},
		{"PixelCNN", "images", &Images{Set: smallImages(24, 3)}},
		{"mixture", "Resolutions is 3", &Images{Set: classImages(24), Mixture: &Mixture{Resolutions: 3}}},
		{"classes", "Embedding is 7", &Classes{Documents: docs, Labels: make([]string, len(docs)), Embedding: 7}},
	} {
		options := cases[c.of].options
		if _, err := From(paths[c.of], c.task, &options); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.of, err, c.want)
		}
	}
	vectors := filepath.Join(t.TempDir(), "vectors.safetensors")
	m := model.NewVectors(model.VectorConfig{Inputs: 1, Layers: []layers.Spec{&layers.LSTMSpec{Units: 2}}})
	if err := atomicfile.Write(vectors, m.File()); err != nil {
		t.Fatal(err)
	}
	for _, task := range []Task{&Text{Documents: docs}, &Classes{Documents: docs, Labels: make([]string, len(docs))}, &Images{Set: smallImages(24, 1)}} {
		if _, err := From(vectors, task, nil); !errors.Is(err, model.ErrKind) || !strings.Contains(err.Error(), `the model is of kind "vectors" (of sequences of vectors), want "`) {
			t.Errorf("a model over vectors for %T: %v", task, err)
		}
	}
	if _, err := From(filepath.Join(t.TempDir(), "none"), &Text{Documents: docs}, nil); err == nil {
		t.Error("there is no model, and no error")
	}
	o := Options{Source: Source{Weights: "made up"}, Epochs: 1}
	if tr, err := New(&Text{Documents: docs}, &o); err != nil || tr.Record().Source.Weights != "" {
		t.Errorf("New keeps what From says of a model: %v", err)
	}
}
