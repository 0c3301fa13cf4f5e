package kernels

// gruStepGeneric defines GRUStep.
func gruStepGeneric(dst []float32, rz Matrix, rzBias []float32, n Matrix, nBias, nRecurrentBias, x, h []float32, act GateActivation) {
	in := len(x)
	for j := range dst {
		r := gate32(columnChain(columnChain(rzBias[GRUCol(0, j)], rz, 0, GRUCol(0, j), x), rz, in, GRUCol(0, j), h), act)
		z := gate32(columnChain(columnChain(rzBias[GRUCol(1, j)], rz, 0, GRUCol(1, j), x), rz, in, GRUCol(1, j), h), act)
		a := columnChain(nBias[j], n, 0, j, x)
		m := columnChain(nRecurrentBias[j], n, in, j, h)
		dst[j] = gruBlend(z, tanh32(fma32(r, m, a)), h[j])
	}
}

// gruStepBeforeGeneric defines GRUStepBefore.
func gruStepBeforeGeneric(dst []float32, rz Matrix, rzBias []float32, n Matrix, nBias, x, h, scratch []float32, act GateActivation) {
	in, rh := len(x), scratch[:len(h)]
	for j := range h {
		col := GRUCol(0, j)
		r := gate32(columnChain(columnChain(rzBias[col], rz, 0, col, x), rz, in, col, h), act)
		rh[j] = float32(r * h[j])
	}
	for j := range dst {
		col := GRUCol(1, j)
		z := gate32(columnChain(columnChain(rzBias[col], rz, 0, col, x), rz, in, col, h), act)
		dst[j] = gruBlend(z, tanh32(columnChain(columnChain(nBias[j], n, 0, j, x), n, in, j, rh)), h[j])
	}
}

// columnChain continues the chain y with column col of w, from row from on.
func columnChain(y float32, w Matrix, from, col int, x []float32) float32 {
	at := w.index(from, col)
	for _, v := range x {
		y = fma32(w.Data[at], v, y)
		at += w.Row
	}
	return y
}

// gruBlend returns z·h + (1-z)·n.
func gruBlend(z, n, h float32) float32 { return fma32(z, h-n, n) }

// gruGatesGeneric defines GRUGates and, for other units, GRUGatesOf.
func gruGatesGeneric(unit Activation, h, rz, n, m, prev Matrix, act GateActivation) {
	for b := range rz.Rows {
		for j := range n.Cols {
			r, z := gate32(rz.At(b, GRUCol(0, j)), act), gate32(rz.At(b, GRUCol(1, j)), act)
			c := unit32(fma32(r, m.At(b, j), n.At(b, j)), unit)
			rz.Set(b, GRUCol(0, j), r)
			rz.Set(b, GRUCol(1, j), z)
			n.Set(b, j, c)
			h.Set(b, j, gruBlend(z, c, prev.At(b, j)))
		}
	}
}

// gruResetGeneric defines GRUReset.
func gruResetGeneric(rh, rz, prev Matrix, act GateActivation) {
	for b := range rz.Rows {
		for j := range rh.Cols {
			r, z := gate32(rz.At(b, GRUCol(0, j)), act), gate32(rz.At(b, GRUCol(1, j)), act)
			rz.Set(b, GRUCol(0, j), r)
			rz.Set(b, GRUCol(1, j), z)
			rh.Set(b, j, float32(r*prev.At(b, j)))
		}
	}
}

// gruUpdateGeneric defines GRUUpdate and, for other units, GRUUpdateOf.
func gruUpdateGeneric(unit Activation, h, rz, n, prev Matrix) {
	for b := range rz.Rows {
		for j := range n.Cols {
			c := unit32(n.At(b, j), unit)
			n.Set(b, j, c)
			h.Set(b, j, gruBlend(rz.At(b, GRUCol(1, j)), c, prev.At(b, j)))
		}
	}
}

// gruGradientsGeneric defines GRUGradients and, for other units, GRUGradientsOf.
func gruGradientsGeneric(unit Activation, rz, n, m, dh, carry, prev Matrix, act GateActivation) {
	gruUpdateGradientsGeneric(unit, rz, n, dh, carry, prev, act)
	for b := range rz.Rows {
		for j := range n.Cols {
			delta, r := n.At(b, j), rz.At(b, GRUCol(0, j))
			rz.Set(b, GRUCol(0, j), gateGradient32(float32(delta*m.At(b, j)), r, act))
			m.Set(b, j, float32(delta*r))
		}
	}
	clearPadding(m)
	clearGatePadding(rz, n.Cols, 0)
}

// gruUpdateGradientsGeneric defines GRUUpdateGradients and, for other units, GRUUpdateGradientsOf.
func gruUpdateGradientsGeneric(unit Activation, rz, n, dh, carry, prev Matrix, act GateActivation) {
	for b := range rz.Rows {
		for j := range n.Cols {
			d, c, z := dh.At(b, j), n.At(b, j), rz.At(b, GRUCol(1, j))
			rz.Set(b, GRUCol(1, j), gateGradient32(float32(d*(prev.At(b, j)-c)), z, act))
			n.Set(b, j, unitGradient32(float32(d*(1-z)), c, unit))
			carry.Set(b, j, float32(d*z))
		}
	}
	clearPadding(n)
	clearGatePadding(rz, n.Cols, 1)
}

// gruResetGradientsGeneric defines GRUResetGradients.
func gruResetGradientsGeneric(rz, carry, drh, prev Matrix, act GateActivation) {
	for b := range rz.Rows {
		for j := range carry.Cols {
			d, r := drh.At(b, j), rz.At(b, GRUCol(0, j))
			rz.Set(b, GRUCol(0, j), gateGradient32(float32(d*prev.At(b, j)), r, act))
			carry.Set(b, j, fma32(d, r, carry.At(b, j)))
		}
	}
	clearGatePadding(rz, carry.Cols, 0)
}

// clearGatePadding sets the padding of one gate of H units to zero.
func clearGatePadding(rz Matrix, H, gate int) {
	if rest := H % PanelWidth; rest != 0 {
		for b := range rz.Rows {
			clear(rz.Segment(b, rz.Panels()-2+gate)[rest:])
		}
	}
}
