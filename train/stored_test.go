package train

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
)

// A checkpoint says what a run is in one form; whatever else its layers, its dropout and
// its tying say is an error that names what is wrong.
func TestResumeRefusesHostileStacks(t *testing.T) {
	o := smallVariants()["mixed"]
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	const (
		list  = `"layers":[{"type":"gru","units":9,"reset":"before"},{"type":"rnn","units":18},{"type":"lstm","units":6,"recurrent_activation":"hard_sigmoid_keras3"},{"type":"gru","units":7}]`
		first = `{"type":"gru","units":9,"reset":"before"}`
		drop  = `"dropout":{"embedding":0.1,"layers":0.3,"output":0.2}`
	)
	many := strings.Repeat(first+",", layers.MaxLayers) + first
	for _, c := range []struct{ from, to, want string }{
		{list, `"units":10`, "the file is damaged"},
		{list, `"units":0`, "form"},
		{list, `"units":10,` + list, "there are layers and units"},
		{list, `"layers":[]`, "there are 0 layers"},
		{list, `"layers":{}`, `found "{"`},
		{list, `"layers":null`, `found "<nil>"`},
		{list, `"layers":[{"type":"lstm","units":10}]`, "form"},
		{list, `"layers":[` + many + `]`, "more than 64 layers"},
		{first, `{"units":9,"type":"gru","reset":"before"}`, "form"},
		{first, `{"type":"gru","units":9}`, "the file is damaged"},
		{first, `{"type":"gru","units":9,"reset":"after"}`, "form"},
		{first, `{"type":"gru","units":9,"reset":"never"}`, `layer 0: gru: reset is "never"`},
		{first, `{"type":"gru","units":10,"reset":"before"}`, "the file is damaged"},
		{first, `{"type":"gru","units":0,"reset":"before"}`, "layer 0: gru: units is 0"},
		{first, `{"type":"gru","units":1000000000,"reset":"before"}`, "layer 0: gru: units is 1000000000"},
		{first, `{"type":"tcn","units":9}`, `layer 0: it is of type "tcn"`},
		{first, `{"type":"rnn","units":9,"reset":"before"}`, `layer 0: unknown member "reset" of a layer of type "rnn"`},
		{first, `{"type":"bidirectional","layer":{"type":"gru","units":9}}`, "layer 0 (bidirectional)"},
		{first, `1`, `layer 0: found "1"`},
		{drop, `"dropout":{"embedding":1,"layers":0.3,"output":0.2}`, "Dropout.Embedding is 1"},
		{drop, `"dropout":{"embedding":0.1,"layers":-0.3,"output":0.2}`, "Dropout.Layers is -0.3"},
		{drop, `"dropout":{"embedding":0.1,"layers":0.3,"output":1e9}`, "Dropout.Output is 1e+09"},
		{drop, `"dropout":{"embedding":0,"layers":0,"output":0}`, "form"},
		{drop, `"dropout":{"embedding":0.1,"layers":0.3}`, "form"},
		{drop, `"dropout":null`, "form"},
		{list, list + `,"tied":true`, "the output has the weights of the embedding, which has 6 values a token, but the last layer has 7 outputs"},
		{list, list + `,"tied":false`, "form"},
	} {
		f := checkpointOf(t, tr)
		text := f.Metadata[model.KeyCheckpoint]
		if f.Metadata[model.KeyCheckpoint] = strings.Replace(text, c.from, c.to, 1); f.Metadata[model.KeyCheckpoint] == text {
			t.Fatalf("%s is not in %s", c.from, text)
		}
		if _, err := resume(f, smallText(), Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s → %s: error %v, want one with %q", c.from, c.to, err, c.want)
		}
	}
	images, set := imageMidway(t, 1)
	f := checkpointOf(t, images)
	f.Metadata[model.KeyCheckpoint] = strings.Replace(f.Metadata[model.KeyCheckpoint], `"clip_norm":`, `"schedule":{"decay":0,"from":0,"kind":"constant"},"clip_norm":`, 1)
	if _, err := resume(f, &Images{Set: set}, Options{}); err == nil || !strings.Contains(err.Error(), "form") {
		t.Errorf("images with a schedule that says nothing: error %v", err)
	}
}

// A run goes on with the layers that it began with. Which they are, and which were asked
// for, the error says.
func TestResumeRefusesOtherArchitectures(t *testing.T) {
	for name, o := range map[string]textRun{"patience": smallVariants()["patience"], "mixed": smallVariants()["mixed"]} {
		tr, err := o.new(smallDocs())
		if err != nil {
			t.Fatal(err)
		}
		path := save(t, tr)
		for text, want := range map[string]string{
			"gru:10":                        `{"type":"gru","units":10}`,
			"lstm:10,lstm:10":               `{"type":"lstm","units":10},{"type":"lstm","units":10}`,
			"lstm:11":                       `{"type":"lstm","units":11}`,
			"gru:9,rnn:18,lstm:6,gru:7":     `[{"type":"gru","units":9},{"type":"rnn"`,
			"rnn:18:activation=relu,lstm:6": `"activation":"relu"`,
		} {
			list, err := layers.ParseSpecs(text)
			if err != nil {
				t.Fatal(err)
			}
			_, err = textRun{Text: Text{Layers: list}}.resume(path, smallDocs())
			var field *OptionError
			if !errors.As(err, &field) || field.Field != "Layers" || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), string(model.AppendLayers(nil, o.Layers))) {
				t.Errorf("%s resumed with %s: error %v", name, text, err)
			}
		}
		same := o.Layers
		if again, err := (textRun{Text: Text{Layers: same}}).resume(path, smallDocs()); err != nil || describe(textOf(again)) != describe(&o.Text) {
			t.Errorf("%s with its own layers: %v", name, err)
		}
	}
	// A file whose tensors are of other layers than it says.
	o := smallVariants()["two layers"]
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{`"type":"lstm"`: `"type":"gru"`, `[{"type":"lstm","units":10}`: `[{"type":"lstm","units":10},{"type":"lstm","units":10}`} {
		f := checkpointOf(t, tr)
		for _, key := range []string{model.KeyConfig, model.KeyCheckpoint} {
			f.Metadata[key] = strings.ReplaceAll(f.Metadata[key], from, to)
		}
		path := filepath.Join(t.TempDir(), "checkpoint")
		if err := atomicfile.Write(path, f); err != nil {
			t.Fatal(err)
		}
		if _, err := Resume(path, smallText(), nil); err == nil || !strings.Contains(err.Error(), `tensor "`) || !strings.Contains(err.Error(), "_l") {
			t.Errorf("%s → %s: error %v, want one that names a tensor", from, to, err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

// What the layers of a task say wrongly is an error about Layers that names the layer.
func TestLayersRefused(t *testing.T) {
	lstm := oneLSTM(8)[0]
	deep := layers.Spec(&layers.BidirectionalSpec{Layer: lstm})
	for range 3 {
		deep = &layers.BidirectionalSpec{Layer: deep}
	}
	for _, c := range []struct {
		task Text
		want string
	}{
		{Text{Layers: []layers.Spec{}}, "Layers: there are 0 layers: want 1 to 64"},
		{Text{Layers: repeat(lstm, 65)}, "Layers: there are 65 layers: want at most 64"},
		{Text{Layers: repeat(lstm, 1000)}, "Layers: there are 1000 layers: want at most 64"},
		{Text{Layers: stackOf(lstm, nil)}, "Layers: layer 1: there is no layer"},
		{Text{Layers: stackOf(lstm, &layers.GRUSpec{})}, "Layers: layer 1: gru: units is 0: want 1 to 65536"},
		{Text{Layers: stackOf(lstm, &layers.GRUSpec{Units: 3, Reset: "x"})}, `Layers: layer 1: gru: reset is "x": want after or before`},
		{Text{Layers: stackOf(&layers.RNNSpec{Units: 3, Activation: "gelu"})}, `Layers: layer 0: rnn: activation is "gelu": want tanh or relu`},
		{Text{Layers: stackOf(lstm, &layers.BidirectionalSpec{Layer: lstm})}, "Layers: layer 1 (bidirectional): the layer reads a text in both directions"},
		{Text{Layers: stackOf(&layers.BidirectionalSpec{})}, "Layers: layer 0: bidirectional: layer: there is no layer"},
		{Text{Layers: stackOf(deep)}, "Layers: layer 0: bidirectional: layer: "},
		{Text{Layers: stackOf(&layers.LSTMSpec{Units: 1 << 16}, &layers.LSTMSpec{Units: 1 << 16})}, "parameters: want at most"},
		{Text{Layers: repeat(&layers.GRUSpec{Units: 1 << 13}, 64)}, "parameters: want at most"},
		{Text{Layers: stackOf(lstm), Tied: true}, "Layers: the output has the weights of the embedding, which has 100 values a token, but the last layer has 8 outputs: make them equal, or do not tie them"},
		{Text{Dropout: Dropout{Embedding: 1}}, "Dropout.Embedding is 1: want 0 or more and less than 1"},
		{Text{Dropout: Dropout{Layers: -0.1}}, "Dropout.Layers is -0.1"},
		{Text{Dropout: Dropout{Output: math.NaN()}}, "Dropout.Output is NaN"},
		{Text{Dropout: Dropout{Output: math.Inf(1)}}, "Dropout.Output is +Inf"},
	} {
		tr, err := textRun{Text: c.task}.new(smallDocs())
		var field *OptionError
		if tr != nil || !errors.As(err, &field) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
			continue
		}
		if field.Field != "Layers" && field.Field != "Dropout" {
			t.Errorf("error %v is about %s", err, field.Field)
		}
		wantOnePrefix(t, err)
	}
	// As many as there may be.
	tr, err := textRun{Text{Embedding: 2, Layers: repeat(&layers.GRUSpec{Units: 2}, 64), Length: 4}, Options{Epochs: 1, BatchSize: 8}}.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if _, err := Resume(save(t, tr), smallText(), nil); err != nil {
		t.Error(err)
	}
}

func repeat(s layers.Spec, n int) (list []layers.Spec) {
	for range n {
		list = append(list, s)
	}
	return list
}
