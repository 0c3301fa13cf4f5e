package promises

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/train"
	"github.com/autoreg/autoreg/train/images"
)

// The promise for trained image models, grey and colour: see golden_test.go.
const (
	goldenGreyModel    = "88563200acad623a3cd19d59a2681f17e3b3bf84fc6b57912b2bf42e6495be4b"
	goldenGreyLosses   = "2a1b7ddef2b79d29049180303a678e2844b96aeef4921ae8e81f250983653174"
	goldenColourModel  = "c7149341e749c5ef2c368f7874cd89e18d77c2676311d12bcfa718ec644fd57d"
	goldenColourLosses = "f2e5aa22dac97ec5572cd62b2ac6a53d15b2c193021864761bb1cdf605d35625"
)

// goldenImages returns pictures of stripes and squares.
func goldenImages(channels, levels int) *images.Set {
	s := &images.Set{Height: 6, Width: 5, Channels: channels, Levels: levels}
	for n := range 14 {
		for r := range s.Height {
			for c := range s.Width {
				for g := range channels {
					s.Data = append(s.Data, uint8((r*(n%3)+c*(n%2+g)+r*c*n/7)%levels))
				}
			}
		}
	}
	return s
}

// trainedOnImages returns the model file of a short training run, and its losses.
// The grey one's filters fill panels, the colour one's leave edges everywhere.
func trainedOnImages(t *testing.T, channels, threads int) (_ []byte, losses []float64) {
	t.Helper()
	task := &train.Images{Filters: 64, Blocks: 1, Kernel: 5}
	levels := 4
	if channels == 3 {
		task.Filters, task.Blocks, task.Kernel, levels = 20, 2, 3, 5
	}
	task.Set = goldenImages(channels, levels)
	file, history := trainedFile(t, task, &train.Options{
		BatchSize: 5, Epochs: 2, LearningRate: 0.005, ClipNorm: 1, Validation: 0.2, Seed: 7, Threads: threads,
	})
	for _, e := range history {
		losses = append(losses, e.Loss, e.ValLoss)
	}
	return file, losses
}

func TestGoldenImageTraining(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range []struct {
			channels      int
			model, losses string
		}{
			{1, goldenGreyModel, goldenGreyLosses},
			{3, goldenColourModel, goldenColourLosses},
		} {
			name := fmt.Sprintf("%s: %d channels", isa, c.channels)
			file, losses := trainedOnImages(t, c.channels, 1)
			for threads := 2; threads <= 3 && !testing.Short(); threads++ { // natively only, see threadCounts
				f, l := trainedOnImages(t, c.channels, threads)
				if !bytes.Equal(f, file) || !slices.Equal(l, losses) {
					t.Errorf("%s: %d threads train another model, or with other losses, than one", name, threads)
				}
			}
			var bits []byte
			for _, l := range losses {
				bits = binary.LittleEndian.AppendUint64(bits, math.Float64bits(l))
			}
			if got := hash(bits); got != c.losses {
				t.Errorf("%s: hash of the losses is %s, want %s; they are %v", name, got, c.losses, losses)
			}
			if got := checksumOf(t, file); got != c.model {
				t.Errorf("%s: checksum of the trained model is %s, want %s", name, got, c.model)
			}
		}
	})
}
