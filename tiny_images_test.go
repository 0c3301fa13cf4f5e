package autoreg

import (
	"bytes"
	"os"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
)

// trianglesFile is the image model of the examples: made by hand, not trained, so
// that what it draws can be foreseen.
const trianglesFile = "testdata/triangles.safetensors"

// triangles returns the model of trianglesFile. It thinks that a pixel is white if
// one of its upper neighbours, left and right, is white and the other is not, with
// odds of e⁵ : 1. So a single white pixel grows into Sierpinski's triangle, and now
// and then one springs up. All weights are small integers.
func triangles() *model.Pixel {
	m := model.NewPixel(model.PixelConfig{Height: 64, Width: 64, PixelSpec: layers.PixelCNN{
		Channels: 1, Levels: 2, Filters: 2, Blocks: 0, Kernel: 3,
	}})
	// a and b, the neighbours, are 0 or ½. The input layer counts them: relu(2a + 2b),
	// relu(2a + 2b - 1). Hidden layers pass that on. The first less twice the second is
	// 1 if one of a and b is white, else 0.
	convs := m.Net.Convs()
	in, bias := convs[0].Weights()
	for filter := range 2 {
		in[filter*9+0], in[filter*9+2] = 2, 2
	}
	bias[1] = -1
	convs[0].SetWeights(in, bias)
	for _, l := range convs[1:3] {
		l.SetWeights([]float32{1, 0, 0, 1}, []float32{0, 0})
	}
	convs[3].SetWeights([]float32{0, 0, 10, -20}, []float32{0, -5})
	return m
}

func TestTrianglesFile(t *testing.T) {
	want := encodePixels(t, &ImageModel{triangles()})
	if *update {
		if err := os.WriteFile(trianglesFile, want, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(trianglesFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what this test makes: run go test -run TestTrianglesFile -update .", trianglesFile)
	}
}
