package train

import (
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

type goldenPixels struct {
	Name                                      string
	Channels, Levels, Filters, Blocks, Kernel int
	Height, Width                             int
	Adam                                      struct{ LR float64 }
	Images                                    [][][][][]uint8 // [N, B, H, W, C]
	Weights                                   map[string]goldenRecipe
	Losses                                    []float64
	Grads, Final                              map[string]goldenTensor
}

// A goldenRecipe is a tensor by a formula, which make.py has too.
type goldenRecipe struct {
	Shape []int
	Seed  uint32
	Scale float64
}

func (g goldenRecipe) float32s() []float32 {
	n := 1
	for _, d := range g.Shape {
		n *= d
	}
	s := make([]float32, n)
	for i := range s {
		u := uint32(i)*0x9E3779B1 + g.Seed
		u ^= u >> 16
		u *= 0x85EBCA6B
		u ^= u >> 13
		u *= 0xC2B2AE35
		u ^= u >> 16
		s[i] = float32((float64(u>>8) - 0x1p23) * (g.Scale * 0x1p-23))
	}
	return s
}

// Six steps of PixelCNNs, grey and in colour: losses, gradients of the first step,
// weights after the last.
func TestPixelGolden(t *testing.T) {
	var g struct{ Nets []goldenPixels }
	readGolden(t, "pixelcnn.json", &g)
	if len(g.Nets) != 2 {
		t.Errorf("%d networks, want 2", len(g.Nets))
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range g.Nets {
			net := layers.NewPixelNet(layers.PixelCNN{Channels: c.Channels, Levels: c.Levels, Filters: c.Filters, Blocks: c.Blocks, Kernel: c.Kernel})
			for _, l := range net.Convs() {
				l.SetWeights(c.Weights[l.Name+".weight"].float32s(), c.Weights[l.Name+".bias"].float32s())
			}
			var batches [][][]uint8
			for _, batch := range c.Images {
				var images [][]uint8
				for _, image := range batch {
					var levels []uint8
					for _, row := range image {
						levels = append(levels, slices.Concat(row...)...)
					}
					images = append(images, levels)
				}
				batches = append(batches, images)
			}
			pass := newPixelPass(net, c.Height, c.Width, len(batches[0]), 2, true)
			var m, v [][]float32
			for _, p := range layers.ValuesOf(net) {
				m, v = append(m, make([]float32, len(p))), append(v, make([]float32, len(p)))
			}
			power1, power2 := 1.0, 1.0
			for s, want := range c.Losses {
				images := batches[s%len(batches)]
				sum := pass.run(samplesOf(images), nil, nil)
				// A mean of float32 losses of about 1, of weights that are off as below.
				if got := sum / float64(len(images)*len(images[0])); math.Abs(got-want) > 2e-7 {
					t.Errorf("%s: %s: loss of step %d = %v, want %v", isa, c.Name, s, got, want)
				}
				if s == 0 {
					comparePixels(t, isa+": "+c.Name+": gradient of ", pass.grad, c.Grads, 1e-7)
				}
				power1, power2 = power1*float64(beta1), power2*float64(beta2)
				step := kernels.AdamStep{
					LR:    float32(c.Adam.LR * math.Sqrt(1-power2) / (1 - power1)),
					Beta1: beta1, Beta2: beta2, Epsilon: epsilon, GradScale: 1,
				}
				grads := layers.ValuesOf(pass.grad)
				for i, p := range layers.ValuesOf(net) {
					kernels.Adam(p, m[i], v[i], grads[i], step)
				}
			}
			// Six steps of 0.01: a gradient near 0 may be off by much of itself.
			comparePixels(t, isa+": "+c.Name+": final ", net, c.Final, 1e-6)
		}
	})
}

// comparePixels compares weights and biases, closed taps included, with want.
func comparePixels(t *testing.T, what string, net *layers.PixelNet, want map[string]goldenTensor, tol float64) {
	t.Helper()
	for _, l := range net.Convs() {
		w, b := l.Weights()
		near(t, what+l.Name+".weight", w, want[l.Name+".weight"].Data, tol)
		near(t, what+l.Name+".bias", b, want[l.Name+".bias"].Data, tol)
	}
	if len(want) != 2*len(net.Convs()) {
		t.Errorf("%s: %d tensors, want %d", what, len(want), 2*len(net.Convs()))
	}
}
