package layers_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// vectorTolerance is the largest difference of an output of testdata/golden/vectors.json,
// measured on every instruction set as 7.8e-7 of an output of 1.9, and a tenth more.
const vectorTolerance = 8.6e-7

// Networks over vectors, with every activation, against PyTorch in float64; see vectors.py.
func TestVectorGolden(t *testing.T) {
	raw, err := os.ReadFile("../testdata/golden/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Layers    string
			In, Steps int
			Inputs    map[string]tensor
			Y         tensor
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) != 47 {
		t.Errorf("%d cases, want 47", len(file.Cases))
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		most := 0.0
		for _, c := range file.Cases {
			list, err := layers.ParseSpecs(c.Layers)
			if err != nil {
				t.Fatal(err)
			}
			s := layers.NewVectorStack(layers.VectorConfig{Inputs: c.In, Layers: list})
			used := 1 // x
			for _, p := range layers.ParametersOf(s) {
				if x, ok := c.Inputs[p.Name]; ok {
					p.Set(x.float32s())
					used++
				} else if !p.StoredOnly {
					t.Fatalf("%s: no %s", c.Layers, p.Name)
				}
			}
			if used != len(c.Inputs) {
				t.Fatalf("%s: %d of %d inputs are used", c.Layers, used, len(c.Inputs))
			}
			x := kernels.RowMajor(c.Inputs["x"].float32s(), c.Steps, c.In)
			y := kernels.RowMajor(make([]float32, c.Steps*s.OutLen()), c.Steps, s.OutLen())
			s.NewSequence(c.Steps).Run(y, x)
			for i, want := range c.Y.Data {
				d := math.Abs(float64(y.Data[i]) - want)
				if most = max(most, d); !(d <= vectorTolerance) {
					t.Errorf("%s: output %d is %v, want %v", c.Layers, i, y.Data[i], want)
				}
			}
		}
		t.Logf("largest difference %.2g", most)
	})
}
