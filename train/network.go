package train

import "github.com/autoreg/autoreg/layers"

// copyValues sets the parameters of dst to those of src, a network of the same shape.
func copyValues(dst, src layers.Network) {
	from := layers.ValuesOf(src)
	for i, to := range layers.ValuesOf(dst) {
		copy(to, from[i])
	}
}
