package model

import (
	"fmt"
	"math"
)

// quoted quotes the name of a tensor for a message, cut to a length fit to print.
func quoted(name string) string { return fmt.Sprintf("%.80q", name) }

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
