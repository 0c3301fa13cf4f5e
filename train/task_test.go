package train

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/train/images"
)

// A task whose run has not begun has no model: it says so.
func TestTaskWithoutModel(t *testing.T) {
	ctx := context.Background()
	text, classes, pixels := &Text{}, &Classes{}, &Images{}
	if text.Tokenizer() != nil || classes.Tokenizer() != nil || classes.Classes() != nil {
		t.Error("there is a vocabulary, or there are classes")
	}
	for name, evaluate := range map[string]func() (Evaluation, error){
		"Text":    func() (Evaluation, error) { return text.Evaluate(ctx, &Dataset{}, nil) },
		"Classes": func() (Evaluation, error) { return classes.Evaluate(ctx, &ClassDataset{}, nil) },
		"Images":  func() (Evaluation, error) { return pixels.Evaluate(ctx, &images.Set{}, nil) },
	} {
		if _, err := evaluate(); !errors.Is(err, errNoModel) || !strings.HasPrefix(err.Error(), "train: Evaluate: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	var option *OptionError
	if _, err := classes.Evaluate(ctx, &ClassDataset{}, &EvaluateOptions{CountPadding: true}); !errors.As(err, &option) || option.Field != "CountPadding" {
		t.Errorf("a classifier that counts padding: error %v", err)
	}
}

// Layers that cannot be are refused where a run begins and where it is resumed.
func TestImpossibleLayers(t *testing.T) {
	path := save(t, midway(t))
	for want, list := range map[string][]layers.Spec{
		"layer 0: there is no layer":                       {nil},
		"layer 1: bidirectional: layer: there is no layer": {&layers.RNNSpec{Units: 1}, &layers.BidirectionalSpec{}},
		`reset is "never"`:                                 {&layers.GRUSpec{Units: 1, Reset: "never"}},
	} {
		_, begun := New(&Text{Documents: smallDocs(), Layers: list}, nil)
		_, resumed := Resume(path, &Text{Documents: smallDocs(), Layers: list}, nil)
		for _, err := range []error{begun, resumed} {
			var option *OptionError
			if !errors.As(err, &option) || option.Field != "Layers" || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one with %q", err, want)
			}
		}
	}
}

// The layers of a checkpoint that are no list are an error that says where.
func TestCheckpointLayers(t *testing.T) {
	o := small()
	o.Layers = stackOf(&layers.RNNSpec{Units: 3})
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{"null", "{}", `[{"type":"x"}]`} {
		f := checkpointOf(t, tr)
		text := f.Metadata["checkpoint"]
		f.Metadata["checkpoint"] = strings.Replace(text, `[{"type":"rnn","units":3}]`, list, 1)
		if f.Metadata["checkpoint"] == text {
			t.Fatal(text)
		}
		_, err := resume(f, smallText(), Options{})
		if err == nil || !strings.Contains(err.Error(), `metadata "checkpoint": member "layers": `) {
			t.Errorf("layers %s: error %v", list, err)
		}
	}
}
