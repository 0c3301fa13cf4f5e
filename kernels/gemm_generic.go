package kernels

// gemmGeneric defines Gemm, GemmAdd and GemmTAdd.
func gemmGeneric(g product) {
	k := g.b.Rows
	for i := range g.dst.Rows {
		for j := range g.dst.Cols {
			var y float32
			if g.add {
				y = g.dst.At(i, j)
			} else if g.bias != nil {
				y = g.bias[j]
			}
			for p := range k {
				if g.transA {
					y = fma32(g.a.At(p, i), g.b.At(p, j), y)
				} else {
					y = fma32(g.a.At(i, p), g.b.At(p, j), y)
				}
			}
			g.dst.Set(i, j, y)
		}
	}
}
