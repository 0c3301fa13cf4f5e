package model

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
)

func TestNotFinite(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, n := range []int{0, 1, 2, 255, 256, 257, 600} {
		s := make([]float32, n)
		testkit.Values(s, 1, math.MaxFloat32/2)
		for i, v := range []float32{0, float32(math.Copysign(0, -1)), math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32} {
			if i < n {
				s[n-1-i] = v
			}
		}
		if got := notFinite(s); got != -1 {
			t.Errorf("%d finite numbers: value %d, %v, is not", n, got, s[got])
		}
		for i := range s {
			was := s[i]
			for _, v := range []float32{nan, -nan, inf, -inf, math.Float32frombits(0x7f800001), math.Float32frombits(0xffffffff)} {
				s[i] = v
				if got := notFinite(s); got != i {
					t.Fatalf("%v at %d of %d: got %d", v, i, n, got)
				}
			}
			s[i] = was
		}
		if n > 1 { // the first is found
			s[n-1], s[0] = nan, inf
			if got := notFinite(s); got != 0 {
				t.Errorf("two of %d: got %d", n, got)
			}
		}
	}
}

// A weight that is not finite is an error that says where, in each tensor of a model,
// but for closed taps; in what only a checkpoint has, others look.
func TestWeightsNotFinite(t *testing.T) {
	type file struct {
		make func() *weights.File
		load func(f *weights.File) error
	}
	text := func(f *weights.File) error { _, err := FromFile(f); return err }
	pixels := func(f *weights.File) error { _, err := PixelFromFile(f); return err }
	for name, c := range map[string]file{
		"text":              {func() *weights.File { return random(t, small).File() }, text},
		"checkpoint":        {func() *weights.File { return checkpoint(random(t, small).File()) }, text},
		"pixels":            {func() *weights.File { return randomPixels(smallPixels).File() }, pixels},
		"pixels checkpoint": {func() *weights.File { return checkpoint(randomPixels(smallPixels).File()) }, pixels},
	} {
		for i, tensor := range c.make().Tensors {
			for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				f := c.make()
				data := f.Tensors[i].Data
				at, last := 0, make([]int, len(tensor.Shape)) // a tap that is open, of the last output
				if len(last) == 4 {
					at = len(data) - tensor.Shape[1]*tensor.Shape[2]*tensor.Shape[3]
					last[0] = tensor.Shape[0] - 1
				} else {
					at = len(data) - 1
					for d, n := range tensor.Shape {
						last[d] = n - 1
					}
				}
				data[at] = float32(v)
				err := c.load(f)
				if strings.HasPrefix(tensor.Name, OptimizerPrefix) {
					if err != nil {
						t.Errorf("%s: %s: %v", name, tensor.Name, err)
					}
					continue
				}
				want := fmt.Sprintf("the weights of tensor %q are not finite: value %v is %v", tensor.Name, last, v)
				if err == nil || !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %s: error %v, want one with %q", name, tensor.Name, err, want)
				}
			}
		}
	}
	f := randomPixels(smallPixels).File() // the tap below and right of a pixel
	data := f.Lookup("input.weight").Data
	data[len(data)-1] = float32(math.NaN())
	if err := pixels(f); err != nil {
		t.Errorf("NaN at a closed tap: %v", err)
	}
	f = random(t, small).File() // finite, but their sum is not
	f.Lookup("lstm.bias_ih_l0").Data[2], f.Lookup("lstm.bias_hh_l0").Data[2] = math.MaxFloat32, math.MaxFloat32
	if err := text(f); err == nil || !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), "lstm.bias_hh_l0 are not finite: value [2] is +Inf") {
		t.Errorf("biases that add up to infinity: error %v", err)
	}
}
