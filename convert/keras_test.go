package convert_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/convert"
)

// Networks in the files of testdata/keras.py give what it computed in float64.
func TestKeras(t *testing.T) {
	const tolerance = 3e-7 // of what was measured, rounded up
	b, err := os.ReadFile("testdata/keras.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]struct {
		X json.RawMessage
		Y [][]float64
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			path, o := filepath.Join("testdata", name), &convert.ImportOptions{}
			if name == "weights.h5" {
				if o.Like, err = os.ReadFile("testdata/weights.json"); err != nil {
					t.Fatal(err)
				}
			}
			var got []float32
			if name == "text.keras" {
				_, m := importFile[*autoreg.TextModel](t, path, o)
				got = tokens(t, m, c.X)
			} else {
				var x [][]float64
				if err := json.Unmarshal(c.X, &x); err != nil {
					t.Fatal(err)
				}
				_, m := importFile[*autoreg.VectorModel](t, path, o)
				var in []float32
				for _, row := range x {
					for _, v := range row {
						in = append(in, float32(v))
					}
				}
				got = make([]float32, len(x)*m.Outputs())
				m.Run(got, in)
			}
			var want []float64
			for _, row := range c.Y {
				want = append(want, row...)
			}
			if len(got) != len(want) {
				t.Fatalf("%d outputs, want %d", len(got), len(want))
			}
			worst := 0.0
			for i, v := range got {
				worst = max(worst, math.Abs(float64(v)-want[i]))
			}
			if !(worst <= tolerance) {
				t.Errorf("off by %.2g", worst)
			}
			t.Logf("largest difference %.2g", worst)
		})
	}
}

// tokens returns the probabilities after each of the tokens.
func tokens(t *testing.T, m *autoreg.TextModel, text json.RawMessage) (p []float32) {
	t.Helper()
	var ids []int
	if err := json.Unmarshal(text, &ids); err != nil {
		t.Fatal(err)
	}
	if got := m.Tokenizer().Append(nil, "salt and pepper garlic oil"); len(got) != 5 || got[0] != 3 || got[3] != 1 {
		t.Errorf("tokens %v", got)
	}
	s := m.NewStream()
	s.AllowUnknown(true)
	for _, id := range ids {
		s.Advance(id)
		logits := make([]float32, m.Symbols())
		s.Logits(logits)
		sum := 0.0
		for _, v := range logits {
			sum += math.Exp(float64(v))
		}
		for _, v := range logits {
			p = append(p, float32(math.Exp(float64(v))/sum))
		}
	}
	return p
}

// What has no counterpart is named.
func TestKerasRefused(t *testing.T) {
	b, err := os.ReadFile("testdata/weights.json")
	if err != nil {
		t.Fatal(err)
	}
	weights, err := os.ReadFile("testdata/weights.h5")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"class_name": "LSTM"`, `"class_name": "Attention"`, `layer "lstm" (Attention): a layer of this class has no counterpart`},
		{`"go_backwards": false`, `"go_backwards": true`, `go_backwards`},
		{`"activation": "sigmoid"`, `"activation": "gelu"`, `its activation is "gelu"`},
		{`"use_bias": true`, `"use_bias": false`, `its array "lstm/lstm/bias:0" has no place`},
		{`"units": 4`, `"units": 5`, `its kernel has the shape [2 16], want [2 20]`},
		{`"units": 4`, `"units": 4, "peephole": true`, `peephole`},
		{`[["lstm", 0, 0, {}]]`, `[["lstm", 0, 0, {}], ["lstm", 0, 0, {}]]`, `reads "lstm", "lstm"`},
		{`"Functional"`, `"MyModel"`, `"MyModel"`},
	} {
		text := strings.Replace(string(b), c.old, c.new, 1)
		if text == string(b) {
			t.Errorf("%s is not in the configuration", c.old)
		}
		_, err := convert.Import(bytes.NewReader(weights), int64(len(weights)), &convert.ImportOptions{Like: []byte(text)})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.new, err, c.want)
		}
	}
}
