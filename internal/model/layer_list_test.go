package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/netkit"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// Every kind of layer comes back from its JSON, alone and in a list, whatever the order
// of its members.
func TestLayersRoundTrip(t *testing.T) {
	all := netkit.Specs(7)
	if len(all) < layers.MaxLayers {
		all = append(all, netkit.Specs(1 << 16)[:min(len(all), layers.MaxLayers-len(all))]...)
	}
	texts := map[string]bool{}
	for _, s := range all {
		text := string(AppendLayers(nil, []layers.Spec{s}))
		if texts[text] {
			t.Errorf("%s twice", text)
		}
		texts[text] = true
		if !json.Valid([]byte(text)) {
			t.Errorf("%s is no JSON", text)
		}
		for _, text := range []string{text, turned(t, text), strings.NewReplacer("{", " { ", ":", " :\n", ",", "\t, ").Replace(text)} {
			list, err := ParseLayers([]byte(text))
			if err != nil || len(list) != 1 || string(AppendLayers(nil, list)) != string(AppendLayers(nil, []layers.Spec{s})) {
				t.Errorf("%s comes back as %s, %v", text, AppendLayers(nil, list), err)
				continue
			}
			if a, b := layers.FormatSpecs(list), layers.FormatSpecs([]layers.Spec{s}); a != b {
				t.Errorf("%s is %s, want %s", text, a, b)
			}
		}
	}
	text := string(AppendLayers(nil, all))
	if list, err := ParseLayers([]byte(text)); err != nil || string(AppendLayers(nil, list)) != text {
		t.Errorf("%d layers come back as %d, %v", len(all), len(list), err)
	}
	if list, err := ParseLayers([]byte("[]")); err != nil || len(list) != 0 {
		t.Errorf("no layers come back as %v, %v", list, err)
	}
	for _, text := range []string{"", "{}", "null", "[", "[1]", "[]]", "[] 1", `["lstm"]`, "[[]]"} {
		if list, err := ParseLayers([]byte(text)); err == nil {
			t.Errorf("%q is read as %v", text, list)
		}
	}
}

// turned returns the JSON of one layer with the members of all objects in the opposite
// order: the type comes last.
func turned(t *testing.T, text string) string {
	t.Helper()
	var object func(raw json.RawMessage) string
	object = func(raw json.RawMessage) string {
		d := json.NewDecoder(strings.NewReader(string(raw)))
		if tok, err := d.Token(); err != nil || tok != json.Delim('{') {
			return string(raw)
		}
		var members []string
		for d.More() {
			name, err := d.Token()
			if err != nil {
				t.Fatal(err)
			}
			var value json.RawMessage
			if err := d.Decode(&value); err != nil {
				t.Fatal(err)
			}
			members = append(members, fmt.Sprintf("%q:%s", name, object(value)))
		}
		slices.Reverse(members)
		return "{" + strings.Join(members, ",") + "}"
	}
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list) != 1 {
		t.Fatal(err)
	}
	return "[" + object(list[0]) + "]"
}

// What is wrong with a layer is an error that says which one, and what.
func TestLayerErrors(t *testing.T) {
	const lstm = `{"type":"lstm","units":5}`
	deep := lstm
	for range 3 {
		deep = `{"type":"bidirectional","layer":` + deep + `}`
	}
	deeper := lstm
	for range 1000 {
		deeper = `{"type":"bidirectional","layer":` + deeper + `}`
	}
	for _, c := range []struct{ layers, want string }{
		{`[]`, "there are 0 layers: want 1 to 64"},
		{`[` + strings.Repeat(lstm+",", 64) + lstm + `]`, "there are more than 64 layers"},
		{`[` + strings.Repeat(lstm+",", 999) + lstm + `]`, "there are more than 64 layers"},
		{`{}`, `member "layers": found "{", want "["`},
		{`[5]`, `layer 0: found "5", want "{"`},
		{`[` + lstm + `,{}]`, `layer 1: no member "type"`},
		{`[` + lstm + `,{"type":"tcn","units":5}]`, `layer 1: it is of type "tcn": want ` + strings.Join(layers.Kinds(), ", ")},
		{`[` + lstm + `,{"type":"LSTM","units":5}]`, `layer 1: it is of type "LSTM"`},
		{`[` + lstm + `,{"type":5,"units":5}]`, `layer 1: member "type": found "5", want a string`},
		{`[` + lstm + `,{"units":5}]`, `layer 1: no member "type"`},
		{`[{"type":"lstm"}]`, `layer 0: no member "units"`},
		{`[{"type":"bidirectional"}]`, `layer 0: no member "layer"`},
		{`[{"type":"lstm","units":5,"size":5}]`, `layer 0: unknown member "size"`},
		{`[{"type":"lstm","Units":5}]`, `layer 0: unknown member "Units"`},
		{`[{"type":"lstm","units":5,"units":5}]`, `layer 0: member "units" comes twice`},
		{`[{"type":"lstm","units":5,"type":"lstm"}]`, `layer 0: member "type" comes twice`},
		{`[{"type":"lstm","units":5,"reset":"after"}]`, `layer 0: unknown member "reset" of a layer of type "lstm"`},
		{`[{"reset":"after","units":5,"type":"rnn"}]`, `layer 0: unknown member "reset" of a layer of type "rnn"`},
		{`[{"type":"gru","units":5,"merge":"sum"}]`, `layer 0: unknown member "merge" of a layer of type "gru"`},
		{`[{"type":"gru","units":5,"layer":` + lstm + `}]`, `layer 0: unknown member "layer" of a layer of type "gru"`},
		{`[{"type":"bidirectional","layer":` + lstm + `,"units":5}]`, `layer 0: unknown member "units" of a layer of type "bidirectional"`},
		{`[{"type":"lstm","units":"5"}]`, `layer 0: member "units": found "5", want an integer`},
		{`[{"type":"lstm","units":5.5}]`, "integer"},
		{`[{"type":"lstm","units":1e2}]`, "integer"},
		{`[{"type":"lstm","units":99999999999999999999}]`, "integer"},
		{`[{"type":"lstm","units":null}]`, "integer"},
		{`[{"type":"lstm","units":0}]`, "layer 0: lstm: units is 0: want 1 to 65536"},
		{`[{"type":"lstm","units":-1}]`, "layer 0: lstm: units is -1"},
		{`[{"type":"rnn","units":65537}]`, "layer 0: rnn: units is 65537"},
		{`[{"type":"gru","units":5,"reset":"never"}]`, `layer 0: gru: reset is "never": want after or before`},
		{`[{"type":"gru","units":5,"reset":""}]`, `layer 0: member "reset": found "": want after or before`},
		{`[{"type":"gru","units":5,"reset":1}]`, `layer 0: member "reset": found "1", want a string`},
		{`[{"type":"gru","units":5,"recurrent_activation":"relu"}]`, `layer 0: gru: recurrent_activation is "relu": want sigmoid or hard_sigmoid_keras2 or hard_sigmoid_keras3`},
		{`[{"type":"bidirectional","layer":5}]`, `layer 0: member "layer": found "5", want "{"`},
		{`[{"type":"bidirectional","layer":{"type":"lstm","units":0}}]`, "layer 0: bidirectional: layer: lstm: units is 0"},
		{`[{"type":"bidirectional","layer":` + lstm + `,"merge":"max"}]`, `layer 0: bidirectional: merge is "max": want concat or sum or average or multiply`},
		{`[{"type":"bidirectional","layer":{"type":"bidirectional","layer":` + lstm + `}}]`, "layer 0: bidirectional: "},
		{`[` + deep + `]`, "layer 0: bidirectional: layer: "},
		{`[` + deeper + `]`, "too deep"},
		{`[{"type":"bidirectional","layer":` + lstm + `}]`, "layer 0 (bidirectional): " + layers.ErrNotSequential.Error()},
		{`[` + lstm + `,{"type":"bidirectional","layer":` + lstm + `}]`, "layer 1 (bidirectional): "},
		{`[{"type":"lstm","units":65536},{"type":"lstm","units":65536}]`, "parameters: want at most"},
		{`[` + strings.Repeat(`{"type":"gru","units":8192},`, 63) + `{"type":"gru","units":8192}]`, "parameters: want at most"},
	} {
		f := random(t, small).File()
		f.Metadata[KeyConfig] = `{"kind":"text","symbols":7,"embedding":3,"layers":` + c.layers + `,"length":20}`
		var m *Text
		var err error
		used := testkit.Allocated(func() { m, err = FromFile(f) })
		if m != nil || !errors.Is(err, weights.ErrFormat) || !strings.HasPrefix(err.Error(), `metadata "config": `) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.200s: got %v, %v; want an error with %q", c.layers, m, err, c.want)
		}
		if used > 256<<10+uint64(20*len(c.layers)) {
			t.Errorf("%.200s: %d bytes allocated", c.layers, used)
		}
	}
}

// Stacks of all kinds are written, read and written again as the same bytes, and a file
// of another stack, or of one with a layer more or less, is refused by a tensor's name.
func TestStackFiles(t *testing.T) {
	gru, rnn := &layers.GRUSpec{Units: 4}, &layers.RNNSpec{Units: 6, Activation: "relu"}
	stacks := [][]layers.Spec{lstms(5, 6), lstms(4, 4, 4), {gru, rnn}, {rnn, gru, lstms(3)[0]}, {&layers.GRUSpec{Units: 4, Reset: "before"}, rnn}}
	for _, s := range netkit.Sequential(5) {
		stacks = append(stacks, []layers.Spec{s})
	}
	for i, list := range stacks {
		c := small
		c.Layers = list
		m := random(t, c)
		data := encode(t, m.File())
		for what, f := range map[string]*weights.File{"model": m.File(), "checkpoint": checkpoint(m.File())} {
			got, err := FromFile(f)
			if err != nil || !got.Config.Equal(c) || string(encode(t, got.File())) != string(data) {
				t.Errorf("%s: %s comes back as %v, %v", layers.FormatSpecs(list), what, got, err)
			}
		}
		other := small
		other.Layers = stacks[(i+1)%len(stacks)]
		f := m.File()
		f.Metadata[KeyConfig] = other.String()
		if same(m.Stack, random(t, other).Stack) {
			continue // the words of a layer are not in its tensors
		}
		if got, err := FromFile(f); got != nil || !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), `tensor "`) && !strings.Contains(err.Error(), "tensors hold") {
			t.Errorf("%s as %s: %v, %v", layers.FormatSpecs(list), layers.FormatSpecs(other.Layers), got, err)
		}
	}
}

// same reports whether two networks have the same tensors.
func same(a, b layers.Network) bool {
	return slices.EqualFunc(layers.ParametersOf(a), layers.ParametersOf(b), func(p, q layers.Parameter) bool {
		return p.Name == q.Name && slices.Equal(p.Shape, q.Shape)
	})
}

// Tied weights: one matrix in the file, which is the embedding and the output.
func TestTiedFiles(t *testing.T) {
	c := small
	c.Layers, c.Tied = lstms(5, 3), true
	const text = `{"kind":"text","symbols":7,"embedding":3,"layers":[{"type":"lstm","units":5},{"type":"lstm","units":3}],"tied":true,"length":20}`
	if got := c.String(); got != text {
		t.Errorf("config %s, want %s", got, text)
	}
	m := random(t, c)
	f := m.File()
	if f.Lookup("output.weight") != nil || f.Lookup("output.bias") == nil || int64(m.Stack.Embedding.Params()) != 21 {
		t.Errorf("tensors %v", f.Tensors)
	}
	untied := c
	untied.Tied = false
	if got, want := c.Params(), untied.Params()-21; got != want {
		t.Errorf("%d parameters, want %d", got, want)
	}
	got, err := FromFile(m.File())
	if err != nil {
		t.Fatal(err)
	}
	if string(encode(t, got.File())) != string(encode(t, m.File())) {
		t.Error("written again, the bytes differ")
	}
	weight, _ := got.Stack.Head.Weights()
	if d := testkit.Diff(weight, got.Stack.Embedding.Weight); d != "" {
		t.Errorf("embedding and output differ: %s", d)
	}
	for _, c := range []struct{ from, to, want string }{
		{`"tied":true`, `"tied":false`, `tensor "output.weight" is missing`},
		{`,"tied":true`, ``, `tensor "output.weight" is missing`},
		{`"tied":true`, `"tied":1`, `member "tied": found "1", want true or false`},
		{`"tied":true`, `"tied":null`, `member "tied": found "<nil>", want true or false`},
		{`"tied":true`, `"tied":true,"tied":true`, `member "tied" comes twice`},
		{`"units":3`, `"units":4`, "which has 3 values a token, but the last layer has 4 outputs: make them equal, or do not tie them"},
	} {
		f := m.File()
		f.Metadata[KeyConfig] = strings.Replace(text, c.from, c.to, 1)
		if m, err := FromFile(f); m != nil || !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s → %s: %v, %v; want an error with %q", c.from, c.to, m, err, c.want)
		}
	}
	f = random(t, untied).File()
	f.Metadata[KeyConfig] = text
	if m, err := FromFile(f); m != nil || err == nil || !strings.Contains(err.Error(), "output.weight") {
		t.Errorf("a matrix too many: %v, %v", m, err)
	}
}

func FuzzParseLayers(f *testing.F) {
	f.Add(AppendLayers(nil, netkit.Specs(3)[:8]))
	f.Add([]byte(`[{"units":5,"type":"gru","reset":"before"}]`))
	f.Add([]byte(`[{"type":"bidirectional","layer":{"type":"bidirectional","layer":{"type":`))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := ParseLayers(b)
		if err != nil {
			return
		}
		text := string(AppendLayers(nil, list))
		again, err := ParseLayers([]byte(text))
		if err != nil || string(AppendLayers(nil, again)) != text {
			t.Errorf("%q is %s and comes back as %s, %v", b, text, AppendLayers(nil, again), err)
		}
		c := Config{Symbols: 7, Embedding: 3, Layers: list, Length: 1}
		if c.Check() == nil && c.Params() < 1<<16 { // what has passed can be made
			New(c, words(t))
		}
	})
}
