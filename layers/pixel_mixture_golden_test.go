package layers_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// goldenPiece is a case of ../testdata/golden/mixture_net.json.
type goldenPiece struct {
	Name, Kind, Stack string
	Layers            []struct {
		Name                        string
		In, Out, Rows, Cols, Stride int
		Open                        [4]int // top, bottom, left, right
		Transposed                  bool
	}
	Height, Width                              int
	Channels, Components, Filters, Resolutions int
	Inputs                                     map[string]tensor
	DY                                         tensor
	Y                                          tensor
	Levels                                     [][][]uint8
	Loss                                       float64
	Grads                                      map[string]tensor
}

// set sets the parameters of a network to those of the case.
func (g *goldenPiece) set(n *layers.PixelNet) {
	for _, p := range layers.ParametersOf(n) {
		if x, ok := g.Inputs[p.Name]; ok {
			p.Set(x.float32s())
		}
	}
	n.Refresh()
}

// offBy returns the largest difference.
func offBy(got []float32, want []float64) (worst float64) {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	for i, v := range want {
		if d := math.Abs(float64(got[i]) - v); !(d <= worst) {
			worst = d
		}
	}
	return worst
}

// The parts of the network, and a whole one, against PyTorch in float64; see
// testdata/golden/mixture_net.py.
func TestMixturePiecesGolden(t *testing.T) {
	raw, err := os.ReadFile("../testdata/golden/mixture_net.json")
	var file struct{ Cases []goldenPiece }
	if err == nil {
		err = json.Unmarshal(raw, &file)
	}
	if err != nil {
		t.Fatal(err)
	}
	// What was measured of results and of gradients, rounded up.
	tolerance := map[string][2]float64{
		"back, horizontal": {4.5e-8, 4e-7}, "back, horizontal, 5 columns": {5e-8, 5.5e-7}, "back, vertical": {6e-8, 3e-7},
		"back, vertical, 4 rows, 5 columns": {1.5e-8, 3e-7}, "block beside a stack, with a skip": {1.5e-7, 2.5e-7}, "block with a skip": {2e-7, 2e-7},
		"block": {8e-8, 1.5e-7}, "concat_elu": {3.5e-8, 6e-8}, "elu": {3.5e-8, 2e-8}, "first, above": {1.5e-7, 2.5e-7}, "first, left": {2e-7, 6e-7},
		"first, vertical": {2.5e-7, 4e-7}, "gate": {1.5e-7, 6e-8}, "horizontal, 5 columns": {7e-8, 4e-7}, "net": {4e-8, 4e-7},
		"past one panel": {1.5e-7, 1.5e-6}, "stride, horizontal": {6.5e-8, 3e-7}, "stride, horizontal, 5 columns": {4.5e-8, 1.5e-7},
		"stride, vertical": {1.5e-7, 2e-7}, "stride, vertical, 4 rows, 5 columns": {1.5e-7, 7.5e-8}, "vertical": {2.5e-7, 5.5e-7},
	}
	if len(file.Cases) != len(tolerance) {
		t.Errorf("%d cases, want %d", len(file.Cases), len(tolerance))
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range file.Cases {
			tol, ok := tolerance[c.Name]
			if !ok {
				t.Errorf("%s: no tolerance", c.Name)
			}
			var off, offGrads float64
			at, count := "", 0
			check := func(name string, got []float32) {
				count++
				if d := offBy(got, c.Grads[name].Data); !(d <= offGrads) {
					offGrads, at = d, name
				}
			}
			var grad *layers.PixelNet
			if c.Kind == "net" {
				off, grad = c.runNet()
			} else {
				var y []float32
				var dx [][]float32
				y, dx, grad = c.run()
				off = offBy(y, c.Y.Data)
				for i, d := range dx {
					check(fmt.Sprintf("x%d", i), d)
				}
			}
			for _, p := range layers.ParametersOf(grad) {
				if !strings.HasPrefix(p.Name, "pick.") && !strings.HasPrefix(p.Name, "result.") {
					check(p.Name, p.Get())
				}
			}
			if !(off <= tol[0]) {
				t.Errorf("%s: %s: results are off by %.1e", isa, c.Name, off)
			}
			if !(offGrads <= tol[1]) {
				t.Errorf("%s: %s: gradients of %s are off by %.1e", isa, c.Name, at, offGrads)
			}
			if count != len(c.Grads) {
				t.Errorf("%s: %s: %d gradients, want %d", isa, c.Name, count, len(c.Grads))
			}
			t.Logf("%s: results off by %.1e, gradients by %.1e", c.Name, off, offGrads)
		}
	})
}

// run takes the inputs of a case through a part of the network and back.
func (g *goldenPiece) run() (y []float32, dx [][]float32, grad *layers.PixelNet) {
	p := layers.Piece{Kind: g.Kind, Stack: g.Stack}
	if g.Kind == "conv" {
		l := g.Layers[0]
		p.Conv = layers.ConvSpec{
			Name: l.Name, In: l.In, Out: l.Out, Rows: l.Rows, Cols: l.Cols, Mask: layers.MaskTaps,
			Open:   layers.Taps{Row: l.Open[0], Col: l.Open[2], Rows: l.Open[1] - l.Open[0], Cols: l.Open[3] - l.Open[2]},
			Groups: 1, Stride: l.Stride, Transposed: l.Transposed, WeightNorm: true,
		}
	}
	var x [][]float32
	for i := range 3 {
		if in, ok := g.Inputs[fmt.Sprintf("x%d", i)]; ok {
			x, p.Inputs = append(x, in.float32s()), append(p.Inputs, in.Shape[2])
		}
	}
	return p.Run(g.Height, g.Width, g.set, x, g.DY.float32s())
}

// runNet takes an image through a whole network and back. It returns the error of the loss.
func (g *goldenPiece) runNet() (off float64, grad *layers.PixelNet) {
	n := layers.NewPixelNet(layers.PixelCNNMixture{Channels: g.Channels, Components: g.Components, Filters: g.Filters, Blocks: 1, Resolutions: g.Resolutions, Rows: 3, Cols: 3})
	g.set(n)
	var levels []uint8
	for _, row := range g.Levels {
		levels = append(levels, slices.Concat(row...)...)
	}
	loss, grad := mixtureGradients(n, [][]uint8{levels}, g.Height, g.Width, 1, nil)
	return math.Abs(loss - g.Loss), grad
}
