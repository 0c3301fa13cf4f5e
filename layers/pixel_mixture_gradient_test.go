package layers_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/autoreg/autoreg/internal/netkit"
	"github.com/autoreg/autoreg/internal/philox"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// mixtureGradients takes images through a network and back. It returns the sum of the
// losses, in nats, and the gradients of scale times that sum.
func mixtureGradients(n *layers.PixelNet, images [][]uint8, height, width int, scale float64, drop *layers.PixelDropout) (loss float64, grad *layers.PixelNet) {
	grad = layers.NewPixelNet(n.Spec)
	t := n.NewTraining(grad)
	image, head := t.NewImage(height, width), n.NewHead()
	end := t.Shares(1)[1]
	t.Begin()
	for i, levels := range images {
		image.SetCondition(mixtureCondition(n.Spec.(layers.PixelCNNMixture), i))
		loss += head.Gradients(image.Forward(layers.PixelSample{Levels: levels}, drop, i), layers.PixelSample{Levels: levels}, float32(scale))
		image.Backward()
		image.Accumulate(0, end)
	}
	t.End()
	return loss, grad
}

// A loss64 is scale times the loss of images in float64, as a function of the parameters.
type loss64 struct {
	*netkit.Mixture64
	images []netkit.Image64
	scale  float64
}

func (l *loss64) value() (sum float64) {
	for _, image := range l.images {
		sum -= l.LogProbs(l.Outputs(image), image.Levels)
	}
	return l.scale * sum
}

// slope returns the central difference; move changes parameters by eps times something.
func (l *loss64) slope(eps float64, move func(eps float64)) float64 {
	move(eps)
	up := l.value()
	move(-2 * eps)
	down := l.value()
	move(eps)
	return (up - down) / (2 * eps)
}

// A direction64 is a change of all parameters, and the slope along it.
type direction64 struct {
	by    [][]float64
	slope float64
}

// direction returns a random direction.
func (l *loss64) direction(rng *rand.Rand) (d direction64) {
	_, params := l.Parameters()
	for _, p := range params {
		by := make([]float64, len(p))
		for j := range by {
			by[j] = rng.NormFloat64()
		}
		d.by = append(d.by, by)
	}
	d.slope = l.slope(1e-6, func(eps float64) {
		for i, p := range params {
			for j := range p {
				p[j] += eps * d.by[i][j]
			}
		}
	})
	return d
}

// along returns the slope that gradients give along d, and the sum of what it is made of
// without signs.
func (d *direction64) along(grads [][]float64) (slope, size float64) {
	for i, g := range grads {
		for j, v := range g {
			slope += d.by[i][j] * v
			size += math.Abs(d.by[i][j] * v)
		}
	}
	return slope, size
}

// checkGradients compares gradients of two images with central differences of the float64
// network: along random directions of all parameters on each instruction set, and alone
// that of a parameter of each tensor.
func checkGradients(t *testing.T, c layers.PixelCNNMixture, height, width int, drop *layers.PixelDropout, alone bool) {
	t.Helper()
	n := referenceMixture(c)
	images := mixtureLevels(c, height, width, 2)
	ref := &loss64{Mixture64: mixture64(n), scale: 1 / float64(len(images)*len(images[0]))}
	for i, levels := range images {
		image := netkit.Image64{Levels: levels, Height: height, Width: width, Condition: netkit.Float64s(mixtureCondition(c, i))}
		if drop != nil {
			image.Drop = dropout64(drop, layers.DropNodes(n), i)
		}
		ref.images = append(ref.images, image)
	}
	want := ref.value()
	rng := rand.New(rand.NewPCG(1, 2))
	directions := []direction64{ref.direction(rng)}
	if !testing.Short() {
		directions = append(directions, ref.direction(rng))
	}
	var first [][]float32
	testkit.EachISA(t, func(t *testing.T, isa string) {
		if isa == "generic" && testing.Short() && c.Filters > 9 {
			return // a second, or many under an emulator
		}
		loss, grad := mixtureGradients(n, images, height, width, ref.scale, drop)
		if loss *= ref.scale; !(math.Abs(loss-want) <= 2e-8*want) {
			t.Errorf("%s: %+v: loss %v, want %v", isa, c, loss, want)
		}
		grads := ref.ParametersOf(grad)
		for _, d := range directions {
			slope, size := d.along(grads)
			if !(math.Abs(slope-d.slope) <= 1e-7*size) {
				t.Errorf("%s: %+v: slope %v along a direction, the gradients say %v", isa, c, d.slope, slope)
			}
			t.Logf("%+v: off by %.1e of the terms, loss %.1e", c, math.Abs(slope-d.slope)/size, math.Abs(loss-want)/want)
		}
		values := layers.ValuesOf(grad)
		if first != nil {
			for i := range values {
				if d := testkit.Diff(values[i], first[i]); d != "" {
					t.Fatalf("%s: %+v: gradient %d is not that of the first instruction set: %s", isa, c, i, d)
				}
			}
			return
		}
		first = values
		if alone && !testing.Short() {
			ref.checkAlone(t, grads)
		}
	})
}

// checkAlone compares the gradient of a parameter of each tensor with its slope.
func (l *loss64) checkAlone(t *testing.T, grads [][]float64) {
	rng := rand.New(rand.NewPCG(3, 4))
	worst := 0.0
	names, params := l.Parameters()
	for i, p := range params {
		j := rng.IntN(len(p))
		slope := l.slope(1e-5, func(eps float64) { p[j] += eps })
		d := math.Abs(slope - grads[i][j])
		if worst = max(worst, d-1e-6*math.Abs(slope)); !(d <= 1e-6*math.Abs(slope)+1e-7) {
			t.Errorf("%+v: %s[%d]: slope %v, gradient %v", l.PixelCNNMixture, names[i], j, slope, grads[i][j])
		}
	}
	t.Logf("%+v: off by %.1e", l.PixelCNNMixture, worst)
}

// The gradients of all directions, lengths and biases.
func TestMixtureGradients(t *testing.T) {
	for _, s := range referenceShapes {
		checkGradients(t, s.PixelCNNMixture, s.height, s.width, nil, s.Filters < 8)
	}
}

// The same with dropout.
func TestMixtureDropoutGradients(t *testing.T) {
	for _, i := range []int{0, 5, 2, 4, 6, 7, 8} {
		if testing.Short() && i != 0 && i != 5 {
			break
		}
		s := referenceShapes[i]
		drop := &layers.PixelDropout{Share: 0.3, Seed: 1<<40 + 9, Step: uint64(i) << 31}
		checkGradients(t, s.PixelCNNMixture, s.height, s.width, drop, i == 0)
	}
}

// dropout64 returns the factors of the values of an image, from the counters that
// PixelDropout documents.
func dropout64(d *layers.PixelDropout, nodes map[string]int, item int) func(layer string, pixels, pixel, channel int) float64 {
	return func(layer string, pixels, pixel, channel int) float64 {
		node, ok := nodes[layer]
		if !ok {
			panic("no such layer")
		}
		b := philox.Block([4]uint32{uint32(channel / 8), uint32(item*pixels + pixel), uint32(node) + uint32(d.Step>>32)<<16, uint32(d.Step)},
			[2]uint32{uint32(d.Seed), uint32(d.Seed >> 32)})
		half := b[channel%8/2]
		if channel%2 > 0 {
			half >>= 16
		}
		if float64(half&0xffff) < math.Floor(d.Share*(1<<16)) {
			return 0
		}
		return 1 / (1 - d.Share)
	}
}

// How the weights are shared out changes no bit of the gradients, nor does what a workspace
// held before; and padding stays 0.
func TestMixtureAccumulate(t *testing.T) {
	for _, s := range referenceShapes {
		images := mixtureLevels(s.PixelCNNMixture, s.height, s.width, 3)
		drop := &layers.PixelDropout{Share: 0.5, Seed: 3, Step: 4}
		testkit.EachISA(t, func(t *testing.T, isa string) {
			if (isa == "generic" || testing.Short()) && s.Filters > 9 {
				return // seconds
			}
			n := referenceMixture(s.PixelCNNMixture)
			_, first := mixtureGradients(n, images, s.height, s.width, 0.25, nil)
			want := layers.ValuesOf(first)
			grad := layers.NewPixelNet(n.Spec)
			training, head := n.NewTraining(grad), n.NewHead()
			var rooms []*layers.PixelImage
			for i := range images {
				rooms = append(rooms, training.NewImage(s.height, s.width))
				rooms[i].SetCondition(mixtureCondition(s.PixelCNNMixture, i))
			}
			pass := func(d *layers.PixelDropout, shares int) {
				bounds := training.Shares(shares)
				training.Begin()
				for i, levels := range images {
					head.Gradients(rooms[i].Forward(layers.PixelSample{Levels: levels}, d, i), layers.PixelSample{Levels: levels}, 0.25)
					rooms[i].Backward()
				}
				for part := shares - 1; part >= 0; part-- {
					for i := range images {
						rooms[i].Accumulate(bounds[part], bounds[part+1])
					}
				}
				training.End()
			}
			pass(drop, 1)
			for _, shares := range []int{3, 1000} {
				pass(nil, shares)
				for i, got := range layers.ValuesOf(grad) {
					if d := testkit.Diff(got, want[i]); d != "" {
						t.Fatalf("%s: %+v: %d shares: gradient %d: %s", isa, s, shares, i, d)
					}
				}
			}
			only := layers.NewPixelNet(n.Spec)
			params := layers.ParametersOf(only)
			for i, p := range layers.ParametersOf(grad) {
				params[i].Set(p.Get())
			}
			for i, got := range layers.ValuesOf(only) {
				if d := testkit.Diff(got, want[i]); d != "" {
					t.Errorf("%s: %+v: parameters %d hold more than gradients: %s", isa, s, i, d)
				}
			}
		})
	}
}
