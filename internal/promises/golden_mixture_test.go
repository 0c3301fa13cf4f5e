package promises

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/train"
)

// The promise for mixtures of logistics: see golden_test.go.
const (
	goldenMixtureGrey          = "fbc9686948c693ec129a2bb1396eab1a0f3dd3539ecb5bb104801d8acdfc0011"
	goldenMixtureColour        = "c95513bc0a97dc5620c9042d7b142f47c0e3e914e1232d40cb32476f6decd411"
	goldenMixtureTrainedGrey   = "d4e8231bcbe036c02e6d4f1236339797ba5b0b94dff70baa01fed399064805bf"
	goldenMixtureTrainedColour = "5cc3a77fb96cb0b5a28d11db35684bbbbecbf3980922fba18f5b4959a26cd540"
	goldenMixtureClasses       = "2e45030c8c8c1ee99c8fcd3f872113860329ffc798c37182476e5b55f5ed89f4"
)

// TestGoldenPixelsMixture computes outputs and logits, scores, and draws images: several
// temperatures, the likeliest levels only, a part given.
func TestGoldenPixelsMixture(t *testing.T) {
	for _, c := range []struct {
		config model.PixelConfig
		want   string
	}{
		{model.PixelConfig{Height: 6, Width: 4, PixelSpec: layers.PixelCNNMixture{
			Channels: 1, Components: 5, Filters: 32, Blocks: 1, Resolutions: 2, Rows: 3, Cols: 3}}, goldenMixtureGrey},
		{model.PixelConfig{Height: 4, Width: 4, PixelSpec: layers.PixelCNNMixture{
			Channels: 3, Components: 2, Filters: 9, Blocks: 1, Resolutions: 3, Rows: 4, Cols: 5, Activation: layers.ELU}}, goldenMixtureColour},
	} {
		p := model.NewPixel(c.config)
		for i, v := range layers.ValuesOf(p.Net) {
			testkit.Values(v, uint64(i+1), 1)
		}
		p.Net.Refresh()
		var file bytes.Buffer
		if _, err := p.File().WriteTo(&file); err != nil {
			t.Fatal(err)
		}
		m, err := autoreg.Load[*autoreg.ImageModel](&file, nil)
		if err != nil {
			t.Fatal(err)
		}
		height, width := m.Size()
		rng := rand.New(rand.NewPCG(1, 2))
		known, mask := make([]uint8, height*width*m.Channels()), make([]bool, height*width)
		for i := range known {
			known[i] = uint8(rng.IntN(256))
		}
		for i := range mask {
			mask[i] = rng.IntN(3) == 0
		}
		testkit.EachISA(t, func(t *testing.T, isa string) {
			canvas, err := m.NewCanvas(0, 0)
			if err != nil {
				t.Fatal(err)
			}
			values := slices.Clone(p.Net.NewForward(height, width).Outputs(known).Data)
			logits := make([]float32, 256)
			for _, v := range known {
				canvas.Logits(logits)
				canvas.Advance(int(v))
				values = append(values, logits...)
			}
			all := append([]byte(hashFloats(values)), scoredAndDrawn(t, isa, m, canvas, known, []autoreg.DrawOptions{
				{Count: 3},
				{Count: 2, First: 1000, Temperature: new(0.7)},
				{TopK: 20, Temperature: new(1.5)},
				{Temperature: new(0.0)},
				{Known: known, Mask: mask},
			})...)
			if got := hash(all); got != c.want {
				t.Errorf("%s: %d channels: hash %s, want %s", isa, m.Channels(), got, c.want)
			}
		})
	}
}

// TestGoldenMixtureTraining trains with dropout, from first values that depend on data.
// Short runs train in colour only.
func TestGoldenMixtureTraining(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for channels, want := range map[int]string{1: goldenMixtureTrainedGrey, 3: goldenMixtureTrainedColour} {
			if channels == 1 && testing.Short() {
				continue
			}
			for threads := 1; threads <= 3; threads++ {
				if threads > 1 && testing.Short() { // natively only, see threadCounts
					break
				}
				if got := trainedMixture(t, channels, threads); got != want {
					t.Errorf("%s: %d channels, %d threads: hash %s, want %s", isa, channels, threads, got, want)
				}
			}
		}
	})
}

// trainedMixture returns the hash of a model and of its losses.
func trainedMixture(t *testing.T, channels, threads int) string {
	t.Helper()
	set := goldenImages(channels, 256)
	set.Height, set.Width = 6, 4
	set.Data = set.Data[:9*6*4*channels]
	for i := range set.Data {
		set.Data[i] *= 37
	}
	task := &train.Images{Set: set, Filters: 12, Mixture: &train.Mixture{Components: 3, Dropout: 0.3}}
	file, history := trainedFile(t, task, &train.Options{BatchSize: 4, Epochs: 2, Validation: 0.2, Seed: 7, Threads: threads})
	all := []byte(checksumOf(t, file))
	for _, e := range history {
		all = fmt.Appendf(all, " %x %x", math.Float64bits(e.Loss), math.Float64bits(e.ValLoss))
	}
	return hash(all)
}

// TestGoldenMixtureClasses trains a network that is conditioned on classes, without weight
// normalisation, on values between levels, and saves an average of its weights; then draws
// and scores an image of each class.
func TestGoldenMixtureClasses(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		set := goldenImages(1, 256)
		set.Height, set.Width = 4, 4
		set.Data = set.Data[:12*4*4]
		set.Fractions, set.Labels, set.Classes = make([]uint8, len(set.Data)), make([]uint8, 12), 3
		for i := range set.Data {
			set.Data[i] *= 37
			set.Fractions[i] = uint8(i * 91)
			set.Labels[i/16] = uint8(i / 16 % 3)
		}
		mixture := &train.Mixture{Components: 2, Resolutions: 1, Cols: 5, Activation: layers.ReLU, Dropout: 0.1, Direct: true, Conditional: true}
		file, _ := trainedFile(t, &train.Images{Set: set, Filters: 8, Mixture: mixture}, &train.Options{BatchSize: 5, Epochs: 2, Seed: 9, Average: 0.8, Threads: 2})
		all := []byte(checksumOf(t, file))
		m, err := autoreg.Load[*autoreg.ImageModel](bytes.NewReader(file), nil)
		if err != nil {
			t.Fatal(err)
		}
		list, err := m.Draw(t.Context(), &autoreg.DrawOptions{Count: 3, Classes: []int{0, 1, 2}, Seed: 4})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			all = append(all, p.Levels...)
			score, err := m.Score(t.Context(), slices.Values([][]uint8{p.Levels}), &autoreg.ScoreOptions{Classes: []int{p.Class}})
			if err != nil {
				t.Fatal(err)
			}
			all = binary.LittleEndian.AppendUint64(all, math.Float64bits(score.Loss))
		}
		if got := hash(all); got != goldenMixtureClasses {
			t.Errorf("%s: hash %s, want %s", isa, got, goldenMixtureClasses)
		}
	})
}
