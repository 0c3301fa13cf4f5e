package layers_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// chapter is the reference chapter's network.
var chapter = layers.PixelCNN{Channels: 1, Levels: 4, Filters: 128, Blocks: 5, Kernel: 7}

// randomPixels returns a network of random weights, some of whose units are
// active.
func randomPixels(c layers.PixelCNN) *layers.PixelNet {
	n := layers.NewPixelNet(c)
	for i, l := range n.Convs() {
		w, b := l.Weights()
		scale := 3 / math.Sqrt(float64(l.InLen()*l.Spec().Rows*l.Spec().Rows))
		testkit.Values(w, uint64(2*i+1), float32(scale))
		testkit.Values(b, uint64(2*i+2), 0.3)
		l.SetWeights(w, b)
	}
	return n
}

func randomLevels(c layers.PixelCNN, height, width int, seed uint64) []uint8 {
	v := make([]float32, height*width*c.Channels)
	testkit.Values(v, seed, 1)
	levels := make([]uint8, len(v))
	for i, x := range v {
		levels[i] = uint8((x + 1) / 2 * float32(c.Levels) * 0.999)
	}
	return levels
}

func TestPixelParams(t *testing.T) {
	n := layers.NewPixelNet(chapter)
	if n.Params() != 307_460 || n.Effective() != 222_340 {
		t.Errorf("%d parameters, %d effective; want 307460 and 222340", n.Params(), n.Effective())
	}
}

// Values of another implementation, in float64: the reference chapter's network with
// weights and levels by formulas.
func TestPixelSpec(t *testing.T) {
	n := layers.NewPixelNet(chapter)
	for k, l := range n.Convs() {
		kh, in, out := l.Spec().Rows, l.InLen(), l.OutLen()
		w, b := l.Weights()
		for o := range out {
			for i := range in {
				for tap := range kh * kh {
					flat := (tap*in+i)*out + o // Keras' layout
					w[(o*in+i)*kh*kh+tap] = float32(3 / math.Sqrt(float64(kh*kh*in)) * math.Sin(float64(1+flat+7*k)))
				}
			}
			b[o] = float32(0.1 * math.Cos(float64(o+k)))
		}
		l.SetWeights(w, b)
	}
	levels := make([]uint8, 256)
	for r := range 16 {
		for c := range 16 {
			levels[r*16+c] = uint8((3*r + 5*c + r*c%4) % 4)
		}
	}
	want := map[int][]float64{
		0:          {0.034273890276, 0.126497552039, 0.102419947831, -0.015822084079},
		7*16 + 9:   {0.030740708091, 0.119840828284, 0.098759843628, -0.013120485806},
		15*16 + 15: {0.015554866752, 0.080096669223, 0.070997963395, -0.003375942555},
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		logits := n.NewForward(16, 16).Outputs(levels)
		loss := 0.0
		for p := range 256 {
			row := logits.Data[p*logits.Row:][:4]
			for j, w := range want[p] {
				if d := math.Abs(float64(row[j]) - w); !(d <= 2e-7) {
					t.Errorf("%s: logit %d of pixel %d = %v, want %v", isa, j, p, row[j], w)
				}
			}
			sum := 0.0
			for _, v := range row {
				sum += math.Exp(float64(v))
			}
			loss += math.Log(sum) - float64(row[levels[p]])
		}
		if loss /= 256; math.Abs(loss-1.376555337705) > 1e-8 {
			t.Errorf("%s: mean loss %.12f, want 1.376555337705", isa, loss)
		}
	})
}

// small networks of many shapes.
var pixelShapes = []struct {
	layers.PixelCNN
	height, width int
}{
	{layers.PixelCNN{Channels: 1, Levels: 4, Filters: 128, Blocks: 5, Kernel: 7}, 16, 16},
	{layers.PixelCNN{Channels: 1, Levels: 2, Filters: 2, Blocks: 0, Kernel: 1}, 3, 3},
	{layers.PixelCNN{Channels: 1, Levels: 5, Filters: 7, Blocks: 1, Kernel: 3}, 1, 1},
	{layers.PixelCNN{Channels: 1, Levels: 17, Filters: 34, Blocks: 2, Kernel: 1}, 5, 9},
	{layers.PixelCNN{Channels: 1, Levels: 3, Filters: 16, Blocks: 3, Kernel: 5}, 9, 2},
	{layers.PixelCNN{Channels: 1, Levels: 256, Filters: 12, Blocks: 2, Kernel: 9}, 3, 21},
	{layers.PixelCNN{Channels: 3, Levels: 8, Filters: 20, Blocks: 2, Kernel: 5}, 7, 6},
	{layers.PixelCNN{Channels: 3, Levels: 4, Filters: 96, Blocks: 1, Kernel: 7}, 6, 11},
	{layers.PixelCNN{Channels: 2, Levels: 3, Filters: 5, Blocks: 3, Kernel: 3}, 5, 5},
	{layers.PixelCNN{Channels: 1, Levels: 2, Filters: 2, Blocks: 1, Kernel: 3}, 36, 70}, // more rows than a wavefront has
}

// However an image is computed, pixel by pixel, in rows together with others, or
// at once, the logits are the same bits.
func TestPixelSchedules(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for i, s := range pixelShapes {
			if isa == "generic" && i == 0 && testing.Short() {
				continue
			}
			net, C, L := randomPixels(s.PixelCNN), s.Channels, s.Levels
			const images = 3
			var want [images][]float32
			forward := net.NewForward(s.height, s.width)
			for b := range images {
				logits := forward.Outputs(randomLevels(s.PixelCNN, s.height, s.width, uint64(b+1)))
				for p := range s.height * s.width {
					for g := range C {
						want[b] = append(want[b], logits.Data[p*logits.Row+g*(logits.Cols/C):][:L]...)
					}
				}
			}
			name := func(b, at int) string {
				return fmt.Sprintf("%s: %+v, image %d, level %d", isa, s, b, at)
			}
			state := net.NewState(s.height, s.width)
			got := make([]float32, L)
			for b := range images {
				state.Reset()
				for at, v := range randomLevels(s.PixelCNN, s.height, s.width, uint64(b+1)) {
					if (at+b)%3 > 0 { // known levels need no logits
						state.Logits(got)
						if d := testkit.Diff(got, want[b][at*L:][:L]); d != "" {
							t.Fatalf("State: %s: %s", name(b, at), d)
						}
					}
					state.Advance(int(v))
				}
			}
			for n := 1; n <= images; n++ {
				wavefront := net.NewWavefront(n, s.height, s.width)
				for range 2 {
					wavefront.Reset()
					seen := 0
					for wavefront.Next() {
						for g := range C {
							wavefront.Features(g)
							known := n == 2 && g != C-1
							if !known {
								wavefront.Head(g)
							}
							for i := range wavefront.Rows() {
								r, c := wavefront.Pixel(i)
								for b := range n {
									at := (r*s.width+c)*C + g
									wavefront.Logits(got, i, b, g)
									if d := testkit.Diff(got, want[b][at*L:][:L]); d != "" && !known {
										t.Fatalf("Wavefront of %d: %s: %s", n, name(b, at), d)
									}
									wavefront.Set(i, b, g, int(randomLevels(s.PixelCNN, s.height, s.width, uint64(b+1))[at]))
									seen++
								}
							}
						}
					}
					if seen != n*s.height*s.width*C {
						t.Fatalf("Wavefront of %d: %+v: %d levels seen", n, s, seen)
					}
				}
			}
		}
	})
}
