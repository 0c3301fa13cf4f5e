package convert_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/convert"
	"github.com/autoreg/autoreg/internal/testkit"
)

// namFile returns a file of Neural Amp Modeler of random weights, and these.
func namFile(t testing.TB, inputs, units, count int) ([]byte, []float32) {
	t.Helper()
	n, in := units+1, inputs
	for range count {
		n += 4*units*(in+units+1) + 2*units
		in = units
	}
	w := make([]float32, n)
	testkit.Values(w, 5, 0.8)
	text, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Appendf(nil, `{"version": "0.5.4", "architecture": "LSTM", "config": {"input_size": %d, "hidden_size": %d, "num_layers": %d}, "weights": %s, "sample_rate": 48000}`,
		inputs, units, count, text), w
}

// A model of Neural Amp Modeler begins in the state that its file has: in a stream, after
// Reset, in a group, as a whole sequence, and after a snapshot.
func TestNAM(t *testing.T) {
	for _, c := range [][3]int{{1, 3, 1}, {2, 5, 3}} {
		b, w := namFile(t, c[0], c[1], c[2])
		in, m := importBytes[*autoreg.VectorModel](t, b, nil)
		if notes := strings.Join(in.Notes, "; "); in.Format != "NAM 0.5.4" || notes != "left out: sample_rate, which says nothing about the network" {
			t.Errorf("%s, notes %q", in.Format, notes)
		}
		x := randomInputs(50, c[0])
		y := x
		for _, l := range nam64(float64s(w), c[0], c[1], c[2]) {
			y = l.run(y)
		}
		whole := outputs(m, x)
		if worst, _ := furthest(t, whole, y); !(worst <= 1.2e-7) {
			t.Errorf("%v: off by %.2g", c, worst)
		}
		s, err := m.NewStream()
		if err != nil {
			t.Fatal(err)
		}
		g, err := m.NewGroup(nil)
		if err != nil {
			t.Fatal(err)
		}
		steps := func(what string, s *autoreg.VectorStream, from int) {
			for i, row := range x[from:] {
				got, xs := make([]float32, 1), make([]float32, len(row))
				for k, v := range row {
					xs[k] = float32(v)
				}
				s.Step(got, xs)
				if d := testkit.Diff(got, whole[from+i]); d != "" {
					t.Fatalf("%v, %s, step %d: %s", c, what, from+i, d)
				}
			}
		}
		steps("stream", s, 0)
		s.Reset()
		steps("after Reset", s, 0)
		s.Reset()
		if err := g.Join(s); err != nil {
			t.Fatal(err)
		}
		steps("group", s, 0)
		g.Leave(s)
		fresh, err := m.NewStream()
		if err != nil {
			t.Fatal(err)
		}
		restored, err := m.Restore(fresh.Snapshot())
		if err != nil {
			t.Fatal(err)
		}
		steps("snapshot of the beginning", restored, 0)
		x = append(x[:1:1], x...) // one step is behind it
		fresh.Step(make([]float32, 1), float32s(x[0]))
		if restored, err = m.Restore(fresh.Snapshot()); err != nil {
			t.Fatal(err)
		}
		x = x[1:]
		steps("snapshot after a step", restored, 1)
	}
}

func float32s(data []float64) (out []float32) {
	for _, v := range data {
		out = append(out, float32(v))
	}
	return out
}

// What a file says and the model would not is an error.
func TestNAMRefused(t *testing.T) {
	b, _ := namFile(t, 1, 2, 1)
	for _, c := range []struct{ old, new, want string }{
		{`"LSTM"`, `"WaveNet"`, `the architecture is "WaveNet": only LSTM has a counterpart here`},
		{`"LSTM"`, `7`, `the architecture is ""`},
		{`"input_size": 1`, `"input_size": 2`, `weights has the shape [39]: 2 inputs, 2 units and 1 layers want [47]`},
		{`"input_size": 1`, `"input_size": 1000000000`, `the config has input_size 1000000000: want 1 to 65536`},
		{`"input_size": 1`, `"input_size": 0`, `input_size 0: want 1 to 65536`},
		{`"input_size": 1`, `"input_size": "a"`, `want input_size, hidden_size and num_layers`},
		{`"hidden_size": 2`, `"hidden_size": 99999999999999999999`, `want input_size, hidden_size and num_layers`},
		{`"num_layers": 1`, `"num_layers": 1, "bias": false`, `the config has a member "bias", whose meaning is not known`},
		{`"num_layers": 1`, `"num_layers": 1, "num_layers": 1`, `the member "num_layers" comes twice`},
		{`"weights": [`, `"weights": [[1],`, `weights: arrays of different depths`},
		{`"weights": [`, `"weights": [1e39,`, `weights: "1e39" is beyond the range of float32`},
		{`"weights": [`, `"weights": ["a",`, `weights: found "a", want arrays of numbers, at most 4 deep`},
		{`"weights": [`, `"weights": [true,`, `weights: found "true", want arrays of numbers`},
		{`"weights": [`, `"weights": [[[[[[]]]]],`, `want arrays of numbers, at most 4 deep`},
		{`"weights"`, `"weight"`, `weights: not valid JSON`},
		{`48000}`, `48000`, `not valid JSON: it ends early`},
		{`48000}`, `48000} {`, `something follows the JSON object`},
	} {
		text := strings.Replace(string(b), c.old, c.new, 1)
		if text == string(b) {
			t.Errorf("%s is not in the file", c.old)
		}
		if _, err := convert.Import(strings.NewReader(text), int64(len(text)), nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.new, err, c.want)
		}
	}
	if _, err := convert.Import(bytes.NewReader(nil), 0, nil); err == nil || !strings.Contains(err.Error(), noModel) {
		t.Errorf("an empty file: %v", err)
	}
}
