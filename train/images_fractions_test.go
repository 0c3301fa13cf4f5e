package train

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/train/images"
)

// mixtureSet returns images of 256 levels.
func mixtureSet(n, channels int) *images.Set {
	s := smallImages(n, channels)
	s.Height, s.Width, s.Levels = 5, 4, 256
	for i := range s.Data {
		s.Data[i] *= 41
	}
	return s
}

// Values between levels are what the network reads and what it predicts: the loss is that of
// layers.Mixture, and fractions of 0 change nothing.
func TestFractions(t *testing.T) {
	run := func(set *images.Set) (*Trainer, []byte) {
		tr, err := New(&Images{Set: set, Filters: 5, Mixture: &Mixture{Components: 2, Resolutions: 1, Dropout: 0.2}},
			&Options{BatchSize: 4, Epochs: 1, Seed: 3, Threads: 2, Validation: 0.3})
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := tr.Model().WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		return tr, b.Bytes()
	}
	for _, channels := range []int{1, 3} {
		plain, zero, half := mixtureSet(9, channels), mixtureSet(9, channels), mixtureSet(9, channels)
		zero.Fractions, half.Fractions = make([]uint8, len(zero.Data)), make([]uint8, len(half.Data))
		for i := range half.Fractions {
			half.Fractions[i] = uint8(77 * i)
		}
		one, _ := run(plain)
		same, _ := run(zero)
		other, _ := run(half)
		a, b := layers.ValuesOf(one.work.net), layers.ValuesOf(same.work.net)
		differ := false
		for i, c := range layers.ValuesOf(other.work.net) {
			for k := range c {
				if a[i][k] != b[i][k] {
					t.Fatalf("%d channels: with fractions of 0 another model is trained", channels)
				}
				differ = differ || c[k] != a[i][k]
			}
		}
		if !differ {
			t.Errorf("%d channels: fractions have no effect", channels)
		}
		// The loss of the whole set, against the head alone.
		task := imagesOf(other)
		e, err := task.Evaluate(context.Background(), half, nil)
		if err != nil {
			t.Fatal(err)
		}
		mixture := layers.Mixture{Channels: channels, Components: 2}
		scratch, want := mixture.NewScratch(), 0.0
		f := task.model.Net.NewForward(5, 4)
		for i := range half.Len() {
			out := f.OutputsOf(sampleOf(half, i))
			for p := range 20 {
				values := make([]float32, channels)
				for g := range values {
					at := i*20*channels + p*channels + g
					values[g] = float32(half.Data[at]) + float32(half.Fractions[at])/256
				}
				want -= mixture.LogProbValues(out.Data[p*out.Row:][:mixture.Width()], values, scratch)
			}
		}
		if math.Abs(e.Sum-want) > 1e-9*want {
			t.Errorf("%d channels: loss %v, want %v", channels, e.Sum, want)
		}
	}
	// What does not go together.
	set := mixtureSet(4, 1)
	set.Fractions = make([]uint8, len(set.Data))
	if _, err := New(&Images{Set: set}, nil); err == nil || !strings.Contains(err.Error(), "values between levels, which only a mixture learns") {
		t.Errorf("a network of levels: %v", err)
	}
	set.Fractions = set.Fractions[1:]
	if _, err := New(&Images{Set: set, Mixture: &Mixture{Resolutions: 1}}, nil); err == nil || !strings.Contains(err.Error(), "fractions of 80 levels") {
		t.Errorf("too few fractions: %v", err)
	}
}
