package convert

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
)

// The book's network in its own size gives the values that the specification (F.2) has for
// it: kernel k is 3/√(rows·cols·in)·sin(1+i+7k), a bias 0.1·cos(j+k).
func TestKerasChapterPixels(t *testing.T) {
	var tensors []tensor
	add := func(dir string, rows, in, out int) {
		k := len(tensors) / 2
		kernel, bias := make([]float32, rows*rows*in*out), make([]float32, out)
		for i := range kernel {
			kernel[i] = float32(3 / math.Sqrt(float64(rows*rows*in)) * math.Sin(float64(1+i+7*k)))
		}
		for j := range bias {
			bias[j] = float32(0.1 * math.Cos(float64(j+k)))
		}
		tensors = append(tensors,
			tensor{name: dir + "/bias:0", shape: []int{out}, read: func() ([]float32, error) { return bias, nil }},
			tensor{name: dir + "/kernel:0", shape: []int{rows, rows, in, out}, read: func() ([]float32, error) { return kernel, nil }})
	}
	var list []kerasLayer
	layer := func(class, name string) {
		list = append(list, kerasLayer{class: class, name: name, config: []member{{"name", json.RawMessage(`"x"`)}}})
	}
	layer("InputLayer", "in")
	list[0].config = append(list[0].config, member{"batch_input_shape", json.RawMessage("[null,16,16,1]")})
	layer("MaskedConv2D", "first")
	add("first/first", 7, 1, 128)
	for i := range 5 {
		name := fmt.Sprintf("block_%d", i)
		layer("ResidualBlock", name)
		add(name+"/a", 1, 128, 64)
		add(name+"/b", 3, 64, 64)
		add(name+"/c", 1, 64, 128)
	}
	for i := range 2 {
		layer("MaskedConv2D", fmt.Sprint("hidden_", i))
		add(fmt.Sprint("hidden_", i), 1, 128, 128)
	}
	layer("Conv2D", "out")
	add("out", 1, 128, 4)
	n, err := readKeras("2.10.0", list, newKerasArrays(tensors), nil)
	if err != nil {
		t.Fatal(err)
	}
	levels := make([]uint8, 256)
	for r := range 16 {
		for c := range 16 {
			levels[r*16+c] = uint8((3*r + 5*c + r*c%4) % 4)
		}
	}
	logits := n.pixels.Net.NewForward(16, 16).Outputs(levels)
	for at, want := range map[int][]float64{
		0:          {0.034273890276, 0.126497552039, 0.102419947831, -0.015822084079},
		7*16 + 9:   {0.030740708091, 0.119840828284, 0.098759843628, -0.013120485806},
		15*16 + 15: {0.015554866752, 0.080096669223, 0.070997963395, -0.003375942555},
	} {
		for j, w := range want {
			if got := logits.Data[at*logits.Row+j]; !(math.Abs(float64(got)-w) <= 2e-7) {
				t.Errorf("logit %d of pixel %d: %v, want %v", j, at, got, w)
			}
		}
	}
}
