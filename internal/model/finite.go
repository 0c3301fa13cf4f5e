package model

import (
	"fmt"
	"math"
	"strings"

	"github.com/autoreg/autoreg/internal/weights"
)

// checkFinite returns an error that names the first weight of f that is NaN or
// infinite. What only a checkpoint has is not looked at.
func checkFinite(f *weights.File) error {
	for _, t := range f.Tensors {
		if strings.HasPrefix(t.Name, OptimizerPrefix) {
			continue
		}
		if i := notFinite(t.Data); i >= 0 {
			return badWeight(fmt.Sprintf("tensor %.80q", t.Name), t.Shape, i, t.Data[i])
		}
	}
	return nil
}

// badWeight returns the error for value i of a tensor.
func badWeight(what string, shape []int, i int, value float32) error {
	at := make([]int, len(shape))
	for d := len(shape) - 1; d >= 0; d-- {
		at[d], i = i%shape[d], i/shape[d]
	}
	return bad("the weights of %s are not finite: value %v is %v: the file is damaged, or its training diverged: use another file, or train again with a lower learning rate", what, at, value)
}

// notFinite returns the index of the first NaN or infinity in s, or -1.
func notFinite(s []float32) int {
	for i := 0; i < len(s); {
		block := s[i:min(i+256, len(s))]
		// An exponent of ones, and no other, carries into the sign's bit.
		carry := uint32(0)
		for _, v := range block {
			carry |= math.Float32bits(v)&^(1<<31) + 1<<23
		}
		if carry>>31 != 0 {
			for k, v := range block {
				if math.Float32bits(v)&0x7f800000 == 0x7f800000 {
					return i + k
				}
			}
		}
		i += len(block)
	}
	return -1
}
