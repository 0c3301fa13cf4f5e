package kernels

// gemmGeneric defines Gemm, GemmAdd and GemmTAdd. Workers take rows.
func gemmGeneric(w *Workers, g product) {
	if w.Len() == 1 {
		g.rowsGeneric(0, g.dst.Rows)
		return
	}
	gemmGenericSplit(w, g)
}

// gemmGenericSplit is apart so that only several workers pay for the closure.
func gemmGenericSplit(w *Workers, g product) {
	w.Split(g.dst.Rows, 1, func(_, from, to int) { g.rowsGeneric(from, to) })
}

// rowsGeneric computes rows [from, to), up to 64 chains side by side, for one
// software fma after the other would wait for its result.
func (g *product) rowsGeneric(from, to int) {
	var chain [PanelWidth]float32
	for i := from; i < to; i++ {
		for q := range g.dst.Panels() {
			y := chain[:min(PanelWidth, g.dst.Cols-q*PanelWidth)]
			dst := g.dst.Data[g.dst.index(i, q*PanelWidth):][:len(y)]
			switch {
			case g.add:
				copy(y, dst)
			case g.bias != nil:
				copy(y, g.bias[q*PanelWidth:])
			default:
				clear(y)
			}
			b := q * g.b.Panel
			for p := range g.b.Rows {
				a := g.a.index(i, p)
				if g.transA {
					a = g.a.index(p, i)
				}
				x := g.a.Data[a]
				row := g.b.Data[b:][:len(y)]
				for j, v := range row {
					y[j] = fma32(x, v, y[j])
				}
				b += g.b.Row
			}
			copy(dst, y)
		}
	}
}
