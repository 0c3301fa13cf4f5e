package layers_test

import (
	"strings"
	"testing"

	"github.com/autoreg/autoreg/layers"
)

// All schedules refuse sizes that the resolutions of the network do not divide.
func TestPixelSizes(t *testing.T) {
	spec := layers.PixelCNNMixture{Channels: 1, Components: 2, Filters: 4, Blocks: 1, Resolutions: 3, Rows: 3, Cols: 3}
	net, grad := layers.NewPixelNet(spec), layers.NewPixelNet(spec)
	for name, f := range map[string]func(height, width int){
		"NewForward":   func(h, w int) { net.NewForward(h, w) },
		"NewState":     func(h, w int) { net.NewState(h, w) },
		"NewWavefront": func(h, w int) { net.NewWavefront(1, h, w) },
		"NewImage":     func(h, w int) { net.NewTraining(grad).NewImage(h, w) },
	} {
		f(4, 8)
		for _, size := range [][2]int{{6, 4}, {4, 2}, {0, 4}, {4, 0}, {-4, 4}} {
			func() {
				defer func() {
					if message, _ := recover().(string); !strings.Contains(message, name+": a size that the network does not have") {
						t.Errorf("%s of %v: panic %q", name, size, message)
					}
				}()
				f(size[0], size[1])
			}()
		}
	}
	defer func() {
		if message, _ := recover().(string); !strings.Contains(message, "weight-normalised") {
			t.Errorf("Weights: panic %q", message)
		}
	}()
	net.Convs()[0].Weights()
}
