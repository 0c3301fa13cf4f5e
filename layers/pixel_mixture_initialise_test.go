package layers_test

import (
	"math"
	"testing"

	"github.com/autoreg/autoreg/internal/netkit"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// First lengths and biases against float64, with and without dropout.
func TestMixtureInitialise(t *testing.T) {
	const tolerance = 4e-7 // relative; what was measured, rounded up
	shapes := referenceShapes[:2:2]
	shapes = append(shapes, referenceShapes[0], referenceShapes[0])
	shapes[2].Condition, shapes[3].Direct = 5, true
	for i, s := range shapes {
		if testing.Short() && i > 0 {
			break
		}
		images := mixtureLevels(s.PixelCNNMixture, s.height, s.width, 3)
		var conditions [][]float32
		for i := range images {
			conditions = append(conditions, mixtureCondition(s.PixelCNNMixture, i))
		}
		for _, drop := range []*layers.PixelDropout{nil, {Share: 0.5, Seed: 7}} {
			first := referenceMixture(s.PixelCNNMixture)
			ref := mixture64(first)
			var images64 []netkit.Image64
			var samples []layers.PixelSample
			for i, levels := range images {
				image := netkit.Image64{Levels: levels, Height: s.height, Width: s.width, Condition: netkit.Float64s(conditions[i])}
				if drop != nil {
					image.Drop = dropout64(drop, layers.DropNodes(first), i)
				}
				images64 = append(images64, image)
				samples = append(samples, layers.PixelSample{Levels: levels})
			}
			ref.Initialise(images64)
			names, want := ref.Parameters()
			testkit.EachISA(t, func(t *testing.T, isa string) {
				n := referenceMixture(s.PixelCNNMixture)
				training := n.NewTraining(layers.NewPixelNet(n.Spec))
				room := []*layers.PixelImage{training.NewImage(s.height, s.width), training.NewImage(s.height, s.width)}
				training.Initialise(room, layers.NewThreads(2), samples, conditions, drop)
				worst, at := 0.0, ""
				for i, got := range ref.ParametersOf(n) {
					for j, v := range want[i] {
						if d := math.Abs(got[j]-v) / max(1, math.Abs(v)); !(d <= worst) {
							worst, at = d, names[i]
						}
					}
				}
				if !(worst <= tolerance) {
					t.Errorf("%s: %+v: %s is off by %.1e", isa, s, at, worst)
				}
			})
		}
	}
}
