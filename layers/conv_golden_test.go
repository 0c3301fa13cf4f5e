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

// goldenPixels is ../testdata/golden/pixelcnn.json, as far as it is forward.
type goldenPixels struct {
	Convs []struct {
		Name                    string
		In, Out, Kernel, Groups int
		Mask                    string
		Height, Width           int
		Inputs                  map[string]tensor
		Y                       tensor
	}
	Nets []struct {
		Name                                      string
		Channels, Levels, Filters, Blocks, Kernel int
		Height, Width                             int
		Images                                    [][][][][]uint8 // [N, B, H, W, C]
		Weights                                   map[string]tensor
		Logits                                    tensor `json:"Scores"` // [H, W, C, L]
	}
}

func readGoldenPixels(t *testing.T) (g goldenPixels) {
	raw, err := os.ReadFile("../testdata/golden/pixelcnn.json")
	if err == nil {
		err = json.Unmarshal(raw, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Masked convolutions against PyTorch in float64:
//
//	y = F.conv2d(x, weight * mask, bias, padding=k // 2)
//
// The weights have something in closed taps too.
func TestMaskedConvGolden(t *testing.T) {
	g := readGoldenPixels(t)
	// What was measured, rounded up: a few roundings of sums of up to 4.
	tolerance := map[string]float64{
		"A 1x1 sees nothing": 0, "B 1x1": 4e-8, "A 3x3": 4e-7, "B 3x3": 6e-7, "A 5x5": 2e-7, "B 5x5": 1.2e-7, "A 7x7": 4e-7,
		"B 7x7": 5e-7, "larger than the image": 2e-8, "past one panel": 1.5e-6, "A 7x7 in colour": 7e-7, "B 3x3 in colour": 3e-7,
		"A 1x1 in colour": 5e-8, "B 1x1 in colour": 1.2e-7,
	}
	if len(g.Convs) != len(tolerance) {
		t.Errorf("%d cases, want %d", len(g.Convs), len(tolerance))
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range g.Convs {
			tol, ok := tolerance[c.Name]
			if !ok {
				t.Errorf("%s: no tolerance", c.Name)
			}
			mask := map[string]layers.MaskType{"A": layers.MaskA, "B": layers.MaskB}[c.Mask]
			if mask.String() != c.Mask {
				t.Errorf("mask %v, want %s", mask, c.Mask)
			}
			l := masked(c.In, c.Out, c.Kernel, mask, c.Groups)
			l.SetWeights(c.Inputs["weight"].float32s(), c.Inputs["bias"].float32s())
			for f, finish := range map[kernels.Finish]func(float64) float64{
				kernels.AsIs: func(v float64) float64 { return v },
				kernels.ReLU: func(v float64) float64 { return max(v, 0) },
			} {
				y := layers.ApplyConv(l, c.Inputs["x"].float32s(), c.Height, c.Width, f)
				worst, at := 0.0, 0
				for i, v := range c.Y.Data {
					if d := math.Abs(float64(y[i]) - finish(v)); !(d <= worst) {
						worst, at = d, i
					}
				}
				if !(worst <= tol) {
					t.Errorf("MaskedConv[%s](%s), finish %d: [%d] = %v, want %v, tol %v", isa, c.Name, f, at, y[at], finish(c.Y.Data[at]), tol)
				}
				t.Logf("%s, finish %d: largest difference %.1e", c.Name, f, worst)
			}
		}
	})
}

// PixelCNNs, grey and in colour, against PyTorch in float64: logits of an image at
// once and from a state's caches.
func TestPixelGolden(t *testing.T) {
	g := readGoldenPixels(t)
	tolerance := map[string]float64{"grey": 1.2e-7, "colour": 3.5e-7} // measured, rounded up
	if len(g.Nets) != len(tolerance) {
		t.Errorf("%d cases, want %d", len(g.Nets), len(tolerance))
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range g.Nets {
			tol, ok := tolerance[c.Name]
			if !ok {
				t.Errorf("%s: no tolerance", c.Name)
			}
			n := layers.NewPixelNet(layers.PixelCNN{Channels: c.Channels, Levels: c.Levels, Filters: c.Filters, Blocks: c.Blocks, Kernel: c.Kernel})
			for _, l := range n.Convs() {
				l.SetWeights(c.Weights[l.Name+".weight"].float32s(), c.Weights[l.Name+".bias"].float32s())
			}
			if len(c.Weights) != 2*len(n.Convs()) {
				t.Errorf("%s: %d tensors, want %d", c.Name, len(c.Weights), 2*len(n.Convs()))
			}
			var levels []uint8
			for _, row := range c.Images[0][0] {
				for _, pixel := range row {
					levels = append(levels, pixel...)
				}
			}
			logits := n.NewForward(c.Height, c.Width).Outputs(levels)
			state, got := n.NewState(c.Height, c.Width), make([]float32, c.Levels)
			worst := 0.0
			for i, v := range levels {
				state.Logits(got)
				state.Advance(int(v))
				at := logits.Data[i/c.Channels*logits.Row+i%c.Channels*(logits.Cols/c.Channels):]
				if d := testkit.Diff(got, at[:c.Levels]); d != "" {
					t.Errorf("%s: %s: level %d: cached %s", isa, c.Name, i, d)
				}
				for j, want := range c.Logits.Data[i*c.Levels:][:c.Levels] {
					d := math.Abs(float64(got[j]) - want)
					worst = max(worst, d)
					if !(d <= tol) {
						t.Errorf("%s: %s: logit %d of level %d = %v, want %v, tol %v", isa, c.Name, j, i, got[j], want, tol)
					}
				}
			}
			t.Logf("%s: largest difference %.1e", c.Name, worst)
		}
	})
}
