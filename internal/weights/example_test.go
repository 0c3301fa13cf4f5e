package weights_test

import (
	"bytes"
	"fmt"

	"github.com/autoreg/autoreg/internal/weights"
)

// A model builder takes what it knows and asks whether anything is left.
func Example() {
	out := &weights.File{
		Metadata: map[string]string{"format": "autoreg"},
		Tensors: []weights.Tensor{
			{Name: "head.weight", Shape: []int{2, 3}, Data: []float32{1, 2, 3, 4, 5, 6}},
			{Name: "head.bias", Shape: []int{2}, Data: []float32{0.5, -0.5}},
		},
	}
	var b bytes.Buffer
	n, err := out.WriteTo(&b)
	fmt.Println(n, err)

	in, err := weights.Read(&b, 1<<20)
	if err != nil {
		fmt.Println(err)
		return
	}
	p := in.Pick()
	w, err := p.Take("head.weight", 2, 3)
	fmt.Println(w, err)
	_, err = p.Take("head.bias", 3)
	fmt.Println(err)
	fmt.Println(p.Finish())
	// Output:
	// 296 <nil>
	// [1 2 3 4 5 6] <nil>
	// tensor "head.bias" has shape [2], want [3]
	// the model does not use 1 of the tensors: "head.bias"
}
