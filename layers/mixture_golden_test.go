package layers_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/layers"
)

// LogProb and Gradient against PyTorch in float64, whose formula is another, see
// testdata/golden/mixture.py.
func TestMixtureGolden(t *testing.T) {
	raw, err := os.ReadFile("../testdata/golden/mixture.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Name                 string
			Channels, Components int
			Out, Values          tensor
			LogP, Grad           tensor
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) != 7 {
		t.Errorf("%d cases, want 7", len(file.Cases))
	}
	for _, c := range file.Cases {
		m := layers.Mixture{Channels: c.Channels, Components: c.Components}
		s := m.NewScratch()
		outs, values := c.Out.float32s(), c.Values.float32s()
		for i, want := range c.LogP.Data {
			out, values := outs[i*m.Width():][:m.Width()], values[i*m.Channels:][:m.Channels]
			logP := m.LogProbValues(out, values, s)
			if math.Abs(logP-want) > 2e-13*math.Max(1, -want) {
				t.Errorf("%s, pixel %d: ln p = %v, want %v", c.Name, i, logP, want)
			}
			grad := slices.Clone(out)
			if loss := m.GradientValues(grad, grad, values, 1, s); loss != -logP {
				t.Errorf("%s, pixel %d: loss %v of Gradient is not -LogProb, %v", c.Name, i, loss, -logP)
			}
			for j, want := range c.Grad.Data[i*m.Width():][:m.Width()] { // a rounding to float32
				if got := float64(grad[j]); math.Abs(got-want) > 0x1p-24*math.Abs(want)+1e-12 {
					t.Errorf("%s, pixel %d: gradient of output %d is %v, want %v", c.Name, i, j, got, want)
				}
			}
		}
	}
}
