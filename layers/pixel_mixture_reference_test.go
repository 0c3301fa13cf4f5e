package layers_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/netkit"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// referenceShapes are those of mixtureShapes, and the smallest images and a larger field.
var referenceShapes = append(slices.Clone(mixtureShapes), []struct {
	layers.PixelCNNMixture
	height, width int
}{
	{layers.PixelCNNMixture{Channels: 3, Components: 1, Filters: 2, Blocks: 1, Resolutions: 1, Rows: 3, Cols: 3}, 1, 1},
	{layers.PixelCNNMixture{Channels: 1, Components: 2, Filters: 3, Blocks: 1, Resolutions: 2, Rows: 3, Cols: 3}, 2, 2},
	{layers.PixelCNNMixture{Channels: 3, Components: 2, Filters: 9, Blocks: 1, Resolutions: 2, Rows: 6, Cols: 7}, 6, 4},
}...)

// mixtureLevels returns images with levels of all sizes, the first and the last of them
// more often than others.
func mixtureLevels(c layers.PixelCNNMixture, height, width, images int) (list [][]uint8) {
	rng := rand.New(rand.NewPCG(uint64(height), uint64(width)))
	for range images {
		levels := make([]uint8, height*width*c.Channels)
		for i := range levels {
			levels[i] = uint8(min(max(rng.IntN(300)-22, 0), 255))
		}
		list = append(list, levels)
	}
	return list
}

// mixtureCondition returns what an image is conditioned on, a vector of ConditionLen values.
func mixtureCondition(c layers.PixelCNNMixture, item int) []float32 {
	v := make([]float32, c.Condition)
	testkit.Values(v, uint64(item+1), 2)
	return v
}

// referenceMixture returns a network whose values stay of the order of 1 from layer to layer,
// where weights are not normalised, too.
func referenceMixture(c layers.PixelCNNMixture) *layers.PixelNet {
	n := randomMixture(c)
	for _, l := range n.Convs() {
		if s := l.Spec(); !s.WeightNorm {
			w, b := l.Weights()
			for i := range w {
				w[i] *= float32(1 / math.Sqrt(float64(s.In*s.Open.Rows*s.Open.Cols)))
			}
			l.SetWeights(w, b)
		}
	}
	n.Refresh()
	return n
}

// mixture64 returns the network in float64, with the same parameters.
func mixture64(n *layers.PixelNet) *netkit.Mixture64 {
	ref := netkit.NewMixture64(n.Spec.(layers.PixelCNNMixture))
	ref.Take(n)
	return ref
}

// Outputs and losses of images against float64, and those of training to the bit.
func TestMixtureReference(t *testing.T) {
	// What was measured, rounded up: outputs of up to 4 after 20 to 60 layers.
	const tolerance, toleranceLoss = 1.5e-6, 2e-6
	for _, s := range referenceShapes {
		n := referenceMixture(s.PixelCNNMixture)
		levels := mixtureLevels(s.PixelCNNMixture, s.height, s.width, 1)[0]
		ref := mixture64(n)
		condition := mixtureCondition(s.PixelCNNMixture, 0)
		want := ref.Outputs(netkit.Image64{Levels: levels, Height: s.height, Width: s.width, Condition: netkit.Float64s(condition)})
		testkit.EachISA(t, func(t *testing.T, isa string) {
			if isa == "generic" && testing.Short() && s.Filters > 9 {
				return
			}
			forward := n.NewForward(s.height, s.width)
			forward.SetCondition(condition)
			got := forward.Outputs(levels)
			worst := 0.0
			for i, v := range want.Data {
				worst = max(worst, math.Abs(float64(got.Data[i/want.Channels*got.Row+i%want.Channels])-v))
			}
			losses, worstLoss := make([]float64, s.height*s.width), 0.0
			n.NewHead().Losses(losses, got, levels)
			for p, loss := range losses {
				v := -ref.LogProb(want.Data[p*want.Channels:][:want.Channels], levels[p*s.Channels:][:s.Channels])
				worstLoss = max(worstLoss, math.Abs(loss-v))
			}
			if !(worst <= tolerance && worstLoss <= toleranceLoss) {
				t.Errorf("%s: %+v: outputs off by %.1e, losses of pixels by %.1e", isa, s, worst, worstLoss)
			}
			t.Logf("%+v: outputs off by %.1e, losses of pixels by %.1e", s, worst, worstLoss)
			image := n.NewTraining(layers.NewPixelNet(n.Spec)).NewImage(s.height, s.width)
			image.SetCondition(condition)
			if d := testkit.Diff(image.Forward(layers.PixelSample{Levels: levels}, nil, 0).Data, got.Data); d != "" {
				t.Errorf("%s: %+v: outputs in training: %s", isa, s, d)
			}
		})
	}
}
