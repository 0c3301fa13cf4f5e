package kernels

// The LSTM kernels hold the four gates of 16 units in one panel: panel u has,
// for units 16u to 16u+15, the columns
//
//	[ i ×16 | f ×16 | g ×16 | o ×16 ]
//
// so a panel's chains end with everything its units need, in registers, on
// every instruction set. A layer of H units has GatePanels(H) panels; the
// columns of units from H on are padding: their weights and biases are zero.

// GateUnits is the number of units in a panel of gates.
const GateUnits = PanelWidth / 4

// GateCols returns the number of gate columns of H units: 64 a panel.
func GateCols(H int) int { return roundUp(H, GateUnits) * 4 }

// GateCol returns the gate column of unit j, gate 0 … 3 for i, f, g, o.
func GateCol(gate, j int) int {
	return j/GateUnits*PanelWidth + gate*GateUnits + j%GateUnits
}

// LSTMStep advances one sequence by one step:
//
//	z = bias + x·W[:In] + h·W[In:]          one chain a gate: bias, x, h
//	i, f, o = σ(z_i), σ(z_f), σ(z_o)        g = tanh(z_g)
//	c ← fma(f, c, i·g)                      dst = o·tanh(c)
//
// with act as σ.
//
//	dst  [H]                  overwritten; must not overlap h, x or c
//	c    [H]                  updated
//	w    [In+H, GateCols(H)]  in panels, gates as above
//	bias [GateCols(H)]
//	x    [In]
//	h    [H]                  the previous output; read only
//
// NaN and Inf propagate. LSTMStep panics if lengths differ from the
// above or act is none of the constants.
//
// Hochreiter and Schmidhuber, Long Short-Term Memory, 1997; forget gate: Gers,
// Schmidhuber and Cummins, Learning to Forget, 2000.
func LSTMStep(dst, c []float32, w Matrix, bias, x, h []float32, act GateActivation) {
	H := len(h)
	if len(dst) != H || len(c) != H {
		panic("kernels: LSTMStep: dst, c and h differ in length")
	}
	if w.Rows != len(x)+H || w.Cols != GateCols(H) || len(bias) != w.Cols {
		panic("kernels: LSTMStep: w or bias does not fit x and h")
	}
	if w.Row != PanelWidth || !w.ok() {
		panic("kernels: LSTMStep: w is not a matrix in panels")
	}
	if !act.ok() {
		panic("kernels: LSTMStep: unknown activation")
	}
	if H == 0 {
		return
	}
	lstmStep(dst, c, w, bias, x, h, act)
}

// LSTMGates ends a step for the B sequences whose gate sums are the rows of z:
// the activations, cell and output of LSTMStep, bit for bit.
//
//	h    [B, H]            overwritten
//	c    [B, H]            overwritten; may be prev
//	z    [B, GateCols(H)]  in panels; overwritten with the activated gates
//	prev [B, H]            the previous cells
//
// h, c and prev are row-major. It panics if shapes differ from the above or act is
// none of the constants.
func LSTMGates(h, c, z, prev Matrix, act GateActivation) {
	checkGates("kernels: LSTMGates: shapes do not match", h, c, z, prev)
	if !act.ok() {
		panic("kernels: LSTMGates: unknown activation")
	}
	if z.Rows == 0 || h.Cols == 0 {
		return
	}
	lstmGates(h, c, z, prev, act)
}

// LSTMGradients is the backward pass of LSTMGates: from the gradients dh of the
// outputs and dc of the cells it makes the gradients of the gate sums and of
// the previous cells. With t = tanh(c), each product rounded:
//
//	δ   = fma(dh·o, fma(-t, t, 1), dc)
//	z_i = (δ·g)·σ'(i)               z_f = (δ·prev)·σ'(f)
//	z_g = (δ·i)·fma(-g, g, 1)       z_o = (dh·t)·σ'(o)
//	dc  ← δ·f
//
// where σ'(y) is the slope of act at its value y.
//
//	z    [B, GateCols(H)]  activated gates in; gradients out, 0 in padding
//	dc   [B, H]            gradient of c in; of prev out
//	dh, c, prev [B, H]     read only
//
// dh, dc, c and prev are row-major. It panics if shapes differ from the above or
// act is none of the constants.
func LSTMGradients(z, dc, dh, c, prev Matrix, act GateActivation) {
	checkGates("kernels: LSTMGradients: shapes do not match", dh, dc, z, c)
	checkGates("kernels: LSTMGradients: shapes do not match", prev, dc, z, c)
	if !act.ok() {
		panic("kernels: LSTMGradients: unknown activation")
	}
	if z.Rows == 0 || dh.Cols == 0 {
		return
	}
	lstmGradients(z, dc, dh, c, prev, act)
}

func checkGates(message string, a, b, z, c Matrix) {
	if a.Rows != z.Rows || b.Rows != z.Rows || c.Rows != z.Rows ||
		b.Cols != a.Cols || c.Cols != a.Cols || z.Cols != GateCols(a.Cols) ||
		a.Panel != PanelWidth || b.Panel != PanelWidth || c.Panel != PanelWidth || z.Row != PanelWidth ||
		!a.ok() || !b.ok() || !c.ok() || !z.ok() {
		panic(message)
	}
}
