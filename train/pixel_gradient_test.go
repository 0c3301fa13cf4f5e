package train

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/autoreg/autoreg/internal/netkit"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// A reference64 is a PixelCNN in float64, written from the specification alone:
// full kernels, masks as conditions.
type reference64 struct {
	layers.PixelCNN
	weights, biases [][]float64 // of each layer, [Out, In, k, k] and [Out]
	convs           []layers.NamedConv
}

func newReference64(n *layers.PixelNet) *reference64 {
	r := &reference64{PixelCNN: n.Spec.(layers.PixelCNN), convs: n.Convs()}
	for _, l := range r.convs {
		w, b := l.Weights()
		r.weights, r.biases = append(r.weights, netkit.Float64s(w)), append(r.biases, netkit.Float64s(b))
	}
	return r
}

// open reports whether output o sees input i at the tap (dy, dx) from the centre.
func (r *reference64) open(layer, o, i, dy, dx int) bool {
	if dy != 0 || dx != 0 {
		return dy < 0 || dy == 0 && dx < 0
	}
	l := r.convs[layer]
	group := func(c, n int) (g int) {
		for (g+1)*n/r.Channels <= c {
			g++
		}
		return g
	}
	if l.Spec().Mask == layers.MaskA {
		return group(i, l.InLen()) < group(o, l.OutLen())
	}
	return group(i, l.InLen()) <= group(o, l.OutLen())
}

// conv returns layer of x [H, W, In].
func (r *reference64) conv(layer int, x []float64, height, width int, relu bool) []float64 {
	l := r.convs[layer]
	in, out, k := l.InLen(), l.OutLen(), l.Spec().Rows
	y := make([]float64, height*width*out)
	for row := range height {
		for col := range width {
			for o := range out {
				sum := r.biases[layer][o]
				for dy := -(k / 2); dy <= k/2; dy++ {
					for dx := -(k / 2); dx <= k/2; dx++ {
						rr, cc := row+dy, col+dx
						if rr < 0 || rr >= height || cc < 0 || cc >= width {
							continue
						}
						for i := range in {
							if r.open(layer, o, i, dy, dx) {
								sum += x[(rr*width+cc)*in+i] * r.weights[layer][((o*in+i)*k+dy+k/2)*k+dx+k/2]
							}
						}
					}
				}
				if relu {
					sum = max(sum, 0)
				}
				y[(row*width+col)*out+o] = sum
			}
		}
	}
	return y
}

// loss returns the mean of -ln p over the levels of the images, in nats.
func (r *reference64) loss(images [][]uint8, height, width int) (mean float64) {
	for _, levels := range images {
		x := make([]float64, len(levels))
		for i, v := range levels {
			x[i] = float64(v) / float64(r.Levels)
		}
		h := r.conv(0, x, height, width, true)
		at := 1
		for range r.Blocks {
			u := r.conv(at+2, r.conv(at+1, r.conv(at, h, height, width, true), height, width, true), height, width, true)
			for i := range h {
				u[i] += h[i]
			}
			h = u
			at += 3
		}
		h = r.conv(at+1, r.conv(at, h, height, width, true), height, width, true)
		s := r.conv(at+2, h, height, width, false)
		for i, v := range levels {
			row := s[i*r.Levels:][:r.Levels]
			sum := 0.0
			for _, x := range row {
				sum += math.Exp(x)
			}
			mean += math.Log(sum) - row[v]
		}
	}
	return mean / float64(len(images)*height*width*r.Channels)
}

var gradientShapes = []struct {
	layers.PixelCNN
	height, width, images int
}{
	{layers.PixelCNN{Channels: 1, Levels: 4, Filters: 6, Blocks: 2, Kernel: 5}, 5, 4, 3},
	{layers.PixelCNN{Channels: 1, Levels: 3, Filters: 16, Blocks: 1, Kernel: 7}, 3, 7, 5},
	{layers.PixelCNN{Channels: 1, Levels: 20, Filters: 4, Blocks: 0, Kernel: 3}, 1, 2, 1},
	{layers.PixelCNN{Channels: 3, Levels: 3, Filters: 8, Blocks: 2, Kernel: 3}, 3, 4, 2},
}

// Gradients against central differences of the reference: along random directions
// of all parameters at once, and each parameter by itself.
func TestPixelGradients(t *testing.T) {
	for _, s := range gradientShapes {
		images := testLevels(s.PixelCNN, s.height, s.width, s.images)
		ref := newReference64(testPixels(s.PixelCNN))
		want := ref.loss(images, s.height, s.width)
		testkit.EachISA(t, func(t *testing.T, isa string) {
			net := testPixels(s.PixelCNN)
			pass := newPixelPass(net, s.height, s.width, s.images, 2, true)
			sum := pass.run(samplesOf(images), nil, nil)
			if got := sum / float64(s.images*s.height*s.width*s.Channels); math.Abs(got-want) > 1e-6 {
				t.Fatalf("%s: %+v: loss %v, want %v", isa, s, got, want)
			}
			var grads [][]float64 // as the reference's weights and biases
			for _, l := range pass.grad.Convs() {
				w, b := l.Weights()
				grads = append(grads, netkit.Float64s(w), netkit.Float64s(b))
			}
			if isa != "generic" && testing.Short() {
				return
			}
			var params [][]float64
			for i := range ref.weights {
				params = append(params, ref.weights[i], ref.biases[i])
			}
			slope := func(move func(eps float64)) float64 {
				const eps = 1e-5
				move(eps)
				up := ref.loss(images, s.height, s.width)
				move(-2 * eps)
				down := ref.loss(images, s.height, s.width)
				move(eps)
				return (up - down) / (2 * eps)
			}
			rng := rand.New(rand.NewPCG(1, 2))
			for range 3 {
				var dir [][]float64
				dot, size := 0.0, 0.0
				for i, p := range params {
					d := make([]float64, len(p))
					for j := range d {
						d[j] = rng.NormFloat64()
						dot += d[j] * grads[i][j]
						size += math.Abs(d[j] * grads[i][j])
					}
					dir = append(dir, d)
				}
				got := slope(func(eps float64) {
					for i, p := range params {
						for j := range p {
							p[j] += eps * dir[i][j]
						}
					}
				})
				if math.Abs(got-dot) > 1e-5*size+1e-7 {
					t.Errorf("%s: %+v: slope %v along a direction, the gradients say %v", isa, s, got, dot)
				}
			}
			if isa != "generic" {
				return
			}
			for i, p := range params {
				for j := range p {
					if i > 1 && rng.IntN(7) > 0 { // some of each layer
						continue
					}
					got := slope(func(eps float64) { p[j] += eps })
					if math.Abs(got-grads[i][j]) > 2e-5*math.Abs(got)+2e-7 {
						t.Errorf("%+v: layer %d, parameter %d: slope %v, gradient %v", s, i/2, j, got, grads[i][j])
					}
				}
			}
		})
	}
}

// checkPassThreads checks that the number of threads, and how a batch is cut into chunks,
// change no bit, that padding stays 0, and that a pass without gradients, and without
// dropout, has the same losses.
func checkPassThreads(t *testing.T, net func() *layers.PixelNet, images [][]uint8, height, width int, drop *layers.PixelDropout) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		var first [][]float32
		var loss float64
		for threads := 1; threads <= 4; threads++ {
			for _, batch := range []int{len(images), 40} {
				net := net()
				p := newPixelPass(net, height, width, batch, threads, true)
				p.run(samplesOf(images[:5]), nil, nil) // leaves something behind
				sum := p.run(samplesOf(images), nil, drop)
				if score := newPixelPass(net, height, width, batch, threads, false).run(samplesOf(images), nil, nil); drop == nil && score != sum {
					t.Errorf("%s: %d threads: loss %v, without gradients %v", isa, threads, sum, score)
				}
				grads := layers.ValuesOf(p.grad)
				if first == nil {
					first, loss = grads, sum
					g := layers.NewPixelNet(net.Spec)
					values := layers.ParametersOf(g)
					for i, q := range layers.ParametersOf(p.grad) {
						values[i].Set(q.Get())
					}
					for i, want := range layers.ValuesOf(g) {
						if d := testkit.Diff(grads[i], want); d != "" {
							t.Errorf("%s: parameters %d hold more than gradients: %s", isa, i, d)
						}
					}
				}
				if sum != loss {
					t.Errorf("%s: %d threads: loss %v, with one %v", isa, threads, sum, loss)
				}
				for i := range grads {
					if d := testkit.Diff(grads[i], first[i]); d != "" {
						t.Fatalf("%s: %d threads: gradient %d: %s", isa, threads, i, d)
					}
				}
			}
		}
	})
}

func TestPixelPassThreads(t *testing.T) {
	s := gradientShapes[3]
	checkPassThreads(t, func() *layers.PixelNet { return testPixels(s.PixelCNN) }, testLevels(s.PixelCNN, s.height, s.width, 11), s.height, s.width, nil)
}

// The same of the network whose outputs are a mixture, and with dropout.
func TestMixturePassThreads(t *testing.T) {
	c := layers.PixelCNNMixture{Channels: 3, Components: 2, Filters: 5, Blocks: 1, Resolutions: 2, Rows: 3, Cols: 3}
	images := testLevels(layers.PixelCNN{Channels: 3, Levels: 256}, 4, 6, 7)
	net := func() *layers.PixelNet {
		n := layers.NewPixelNet(c)
		for i, p := range layers.ParametersOf(n) {
			values := make([]float32, p.Len())
			testkit.Values(values, uint64(i), 1)
			p.Set(values)
		}
		n.Refresh()
		return n
	}
	checkPassThreads(t, net, images, 4, 6, nil)
	checkPassThreads(t, net, images, 4, 6, &layers.PixelDropout{Share: 0.5, Seed: 1, Step: 2})
}

// samplesOf returns images of levels.
func samplesOf(images [][]uint8) (list []layers.PixelSample) {
	for _, levels := range images {
		list = append(list, layers.PixelSample{Levels: levels})
	}
	return list
}
