package kernels

// Activate sets dst[i] = act(x[i]). dst may be x. It panics if lengths differ or act is
// none of the constants.
func Activate(dst, x []float32, act Activation) {
	if len(dst) != len(x) {
		panic("kernels: Activate: len(dst) != len(x)")
	}
	if !act.ok() {
		panic("kernels: Activate: unknown activation")
	}
	activate(dst, x, act)
}

// ActivateGradient takes the gradient dy of y = act(x) to that of x:
//
//	dst[i] = dy[i]·act'(y[i])
//
// rounded, with the slopes at the constants of Activation; where ReLU is off it is 0,
// whatever dy is. dst may be dy or y. It panics if lengths differ or act is none of the
// constants.
func ActivateGradient(dst, dy, y []float32, act Activation) {
	if len(dst) != len(y) || len(dy) != len(y) {
		panic("kernels: ActivateGradient: lengths differ")
	}
	if !act.ok() {
		panic("kernels: ActivateGradient: unknown activation")
	}
	for i, d := range dy {
		dst[i] = unitGradient32(d, y[i], act)
	}
}

// activate is Activate by the kernel that a function has.
func activate(dst, x []float32, act Activation) {
	switch act {
	case UnitTanh:
		evaluate(ofTanh, dst, x)
	case UnitSigmoid:
		evaluate(ofSigmoid, dst, x)
	case UnitReLU:
		for i, v := range x {
			dst[i] = relu32(v)
		}
	default:
		copy(dst, x)
	}
}

// activateGates is σ over values, in place.
func activateGates(z []float32, act GateActivation) {
	if act == Logistic {
		evaluate(ofSigmoid, z, z)
		return
	}
	for i, v := range z {
		z[i] = gate32(v, act)
	}
}

// LSTMGatesOf is LSTMGates for units with another function than tanh:
//
//	i, f, o = σ(z_i), σ(z_f), σ(z_o)        g = unit(z_g)
//	c ← fma(f, c, i·g)                      h = o·unit(c)
//
// It panics where LSTMGates does, and if unit is none of the constants.
func LSTMGatesOf(unit Activation, h, c, z, prev Matrix, act GateActivation) {
	if unit == UnitTanh {
		LSTMGates(h, c, z, prev, act)
		return
	}
	checkGates("kernels: LSTMGatesOf: shapes do not match", h, c, z, prev)
	if !act.ok() || !unit.ok() {
		panic("kernels: LSTMGatesOf: unknown activation")
	}
	if h.Cols > 0 {
		lstmGatesPlain(unit, h, c, z, prev, act)
	}
}

// lstmGatesPlain is LSTMGatesOf for any unit.
func lstmGatesPlain(unit Activation, h, c, z, prev Matrix, act GateActivation) {
	for b := range z.Rows {
		for u := range z.Panels() {
			gates := z.Segment(b, u)
			i, f, g, o := gates[:GateUnits], gates[GateUnits:2*GateUnits], gates[2*GateUnits:3*GateUnits], gates[3*GateUnits:]
			activateGates(gates[:2*GateUnits], act)
			activate(g, g, unit)
			activateGates(o, act)
			var t [GateUnits]float32
			n := min(GateUnits, h.Cols-u*GateUnits)
			cell, was, out := c.units(b, u, n), prev.units(b, u, n), h.units(b, u, n)
			for l := range n {
				cell[l] = fma32(f[l], was[l], float32(i[l]*g[l]))
			}
			activate(t[:n], cell, unit)
			for l := range n {
				out[l] = float32(o[l] * t[l])
			}
		}
	}
}

// units returns n values of row b of a row-major matrix from unit u·GateUnits on.
func (m Matrix) units(b, u, n int) []float32 { return m.Data[b*m.Row+u*GateUnits:][:n] }

// LSTMGradientsOf is the backward pass of LSTMGatesOf: LSTMGradients with the slopes of
// unit, at t = unit(c) and at g, in place of those of tanh. It panics where LSTMGradients
// does, and if unit is none of the constants.
func LSTMGradientsOf(unit Activation, z, dc, dh, c, prev Matrix, act GateActivation) {
	if unit == UnitTanh {
		LSTMGradients(z, dc, dh, c, prev, act)
		return
	}
	checkGates("kernels: LSTMGradientsOf: shapes do not match", dh, dc, z, c)
	checkGates("kernels: LSTMGradientsOf: shapes do not match", prev, dc, z, c)
	if !act.ok() || !unit.ok() {
		panic("kernels: LSTMGradientsOf: unknown activation")
	}
	if dh.Cols > 0 {
		lstmGradientsGeneric(unit, z, dc, dh, c, prev, act)
	}
}

// GRUGatesOf is GRUGates for units with another function than tanh:
//
//	r, z = σ(r), σ(z)    n = unit(fma(r, m, n))    h = fma(z, prev - n, n)
//
// It panics where GRUGates does, and if unit is none of the constants.
func GRUGatesOf(unit Activation, h, rz, n, m, prev Matrix, act GateActivation) {
	if unit == UnitTanh {
		GRUGates(h, rz, n, m, prev, act)
		return
	}
	if !gruRows(rz, n.Cols, h, prev) || !gruPanels(rz, n, m) {
		panic("kernels: GRUGatesOf: shapes do not match")
	}
	if !act.ok() || !unit.ok() {
		panic("kernels: GRUGatesOf: unknown activation")
	}
	gruGatesPlain(unit, h, rz, n, m, prev, act)
}

// gruGatesPlain is GRUGatesOf for any unit.
func gruGatesPlain(unit Activation, h, rz, n, m, prev Matrix, act GateActivation) {
	for b := range rz.Rows {
		for u := range n.Panels() {
			r, c, rec := rz.Segment(b, 2*u), n.Segment(b, u), m.Segment(b, u)
			activateGates(r, act)
			activateGates(rz.Segment(b, 2*u+1), act)
			for l := range min(PanelWidth, n.Cols-u*PanelWidth) {
				c[l] = fma32(r[l], rec[l], c[l])
			}
		}
	}
	gruUpdatePlain(unit, h, rz, n, prev)
}

// GRUUpdateOf is GRUUpdate for units with another function than tanh:
//
//	n = unit(n)    h = fma(z, prev - n, n)
//
// It panics where GRUUpdate does, and if unit is none of the constants.
func GRUUpdateOf(unit Activation, h, rz, n, prev Matrix) {
	if unit == UnitTanh {
		GRUUpdate(h, rz, n, prev)
		return
	}
	if !gruRows(rz, n.Cols, h, prev) || !gruPanels(rz, n) {
		panic("kernels: GRUUpdateOf: shapes do not match")
	}
	if !unit.ok() {
		panic("kernels: GRUUpdateOf: unknown activation")
	}
	gruUpdatePlain(unit, h, rz, n, prev)
}

// gruUpdatePlain is GRUUpdateOf for any unit.
func gruUpdatePlain(unit Activation, h, rz, n, prev Matrix) {
	for b := range rz.Rows {
		for u := range n.Panels() {
			width := min(PanelWidth, n.Cols-u*PanelWidth)
			c, z := n.Segment(b, u)[:width], rz.Segment(b, 2*u+1)
			out, was := h.Segment(b, u), prev.Segment(b, u)
			activate(c, c, unit)
			for l, v := range c {
				out[l] = gruBlend(z[l], v, was[l])
			}
		}
	}
}

// GRUGradientsOf is the backward pass of GRUGatesOf: GRUGradients with the slope of unit
// at n in place of that of tanh. It panics where GRUGradients does, and if unit is none of
// the constants.
func GRUGradientsOf(unit Activation, rz, n, m, dh, carry, prev Matrix, act GateActivation) {
	if unit == UnitTanh {
		GRUGradients(rz, n, m, dh, carry, prev, act)
		return
	}
	if !gruRows(rz, n.Cols, dh, carry, prev) || !gruPanels(rz, n, m) {
		panic("kernels: GRUGradientsOf: shapes do not match")
	}
	if !act.ok() || !unit.ok() {
		panic("kernels: GRUGradientsOf: unknown activation")
	}
	gruGradientsGeneric(unit, rz, n, m, dh, carry, prev, act)
}

// GRUUpdateGradientsOf is the backward pass of GRUUpdateOf: GRUUpdateGradients with the
// slope of unit at n in place of that of tanh. It panics where GRUUpdateGradients does,
// and if unit is none of the constants.
func GRUUpdateGradientsOf(unit Activation, rz, n, dh, carry, prev Matrix, act GateActivation) {
	if unit == UnitTanh {
		GRUUpdateGradients(rz, n, dh, carry, prev, act)
		return
	}
	if !gruRows(rz, n.Cols, dh, carry, prev) || !gruPanels(rz, n) {
		panic("kernels: GRUUpdateGradientsOf: shapes do not match")
	}
	if !act.ok() || !unit.ok() {
		panic("kernels: GRUUpdateGradientsOf: unknown activation")
	}
	gruUpdateGradientsGeneric(unit, rz, n, dh, carry, prev, act)
}

// rnnGatesPlain is RNNGates for activations that the assembly lacks.
func rnnGatesPlain(h, z Matrix, act Activation) {
	for b := range z.Rows {
		for u := range z.Panels() {
			y := z.Segment(b, u)[:min(PanelWidth, z.Cols-u*PanelWidth)]
			activate(y, y, act)
			copy(h.Segment(b, u), y)
		}
	}
}
