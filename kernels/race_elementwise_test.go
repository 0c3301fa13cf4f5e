//go:build race

package kernels

// elementwiseOperands takes two lines of three vectors with gaps between all of them;
// the second parts end the vectors.
func elementwiseOperands() []operand {
	const lines, pixels, n = 2, 3, 32
	var all []operand
	for i := range viewKernels {
		k := &viewKernels[i]
		view := func(i int) (Grid, int) { return layView("lines", lines, pixels, max(1, k.parts[i])*n) }
		for replaced, name := range []string{"dst", "a", "b"} {
			if k.parts[replaced] == 0 {
				continue
			}
			_, length := view(replaced)
			call := func(op []float32) {
				var grids [3]Grid
				for i := range grids {
					g, length := view(i)
					g.Data = op
					if i != replaced {
						g.Data = floats(length)
					}
					grids[i] = g
				}
				k.call(grids[0], grids[1], grids[2])
			}
			if replaced == 0 {
				all = append(all, written(k.name+" "+name, length, call))
			} else {
				all = append(all, read(k.name+" "+name, length, call))
			}
		}
	}
	return all
}
