package kernels

// The GRU kernels hold the reset gate r and the update gate z of 64 units in two
// neighbouring panels: the columns of units 64u to 64u+63 are
//
//	[ r ×64 ]  [ z ×64 ]
//
// which are panels 2u and 2u+1. The candidate n has a matrix of its own with a
// unit a column, so panels 2u, 2u+1 and panel u of the candidate belong to the
// same units. The columns of units from H on are padding: their weights and
// biases are zero.

// GRUCols returns the number of gate columns of H units: 128 for each 64.
func GRUCols(H int) int { return roundUp(H, PanelWidth) * 2 }

// GRUCol returns the gate column of unit j, gate 0 for r and 1 for z.
func GRUCol(gate, j int) int {
	return j/PanelWidth*(2*PanelWidth) + gate*PanelWidth + j%PanelWidth
}

// GRUScratchLen returns the length of the scratch that a step of H units needs.
func GRUScratchLen(H int) int { return 2 * roundUp(H, PanelWidth) }

// GRUStep advances one sequence by one step, with the reset gate applied after
// the recurrent product, as PyTorch does and Keras by default:
//
//	r = σ(rzBias_r + x·RZ_r[:In] + h·RZ_r[In:])     one chain: bias, x, h
//	z = σ(rzBias_z + x·RZ_z[:In] + h·RZ_z[In:])     one chain: bias, x, h
//	a = nBias + x·N[:In]      m = nRecurrentBias + h·N[In:]
//	n = tanh(fma(r, m, a))    dst = fma(z, h - n, n)
//
// with act as σ; h - n is rounded.
//
//	dst            [H]               overwritten; must not overlap h or x
//	rz             [In+H, GRUCols(H)]  in panels, gates as GRUCol says
//	rzBias         [GRUCols(H)]
//	n              [In+H, H]         in panels
//	nBias          [H]
//	nRecurrentBias [H]
//	x              [In]
//	h              [H]               the previous output; read only
//	scratch        [GRUScratchLen(H)] or more, overwritten; must overlap nothing
//
// NaN and Inf propagate. GRUStep panics if lengths differ from the above or act
// is none of the constants.
//
// Cho et al., Learning Phrase Representations using RNN Encoder-Decoder for
// Statistical Machine Translation, 2014, in the form of cuDNN.
func GRUStep(dst []float32, rz Matrix, rzBias []float32, n Matrix, nBias, nRecurrentBias, x, h, scratch []float32, act GateActivation) {
	checkGRUStep("kernels: GRUStep: lengths do not match", dst, rz, rzBias, n, nBias, x, h, scratch)
	if len(nRecurrentBias) != len(h) {
		panic("kernels: GRUStep: lengths do not match")
	}
	if !act.ok() {
		panic("kernels: GRUStep: unknown activation")
	}
	if len(h) == 0 {
		return
	}
	gruStep(dst, rz, rzBias, n, nBias, nRecurrentBias, x, h, scratch, act)
}

// GRUStepBefore advances one sequence by one step, with the reset gate applied
// to h before the recurrent product, as published and in Keras with
// reset_after=False:
//
//	r, z as in GRUStep
//	n = tanh(nBias + x·N[:In] + (r⊙h)·N[In:])       one chain: bias, x, r⊙h
//	dst = fma(z, h - n, n)
//
// Each r·h is rounded. Operands and panics are those of GRUStep.
//
// Cho et al., Learning Phrase Representations using RNN Encoder-Decoder for
// Statistical Machine Translation, 2014.
func GRUStepBefore(dst []float32, rz Matrix, rzBias []float32, n Matrix, nBias, x, h, scratch []float32, act GateActivation) {
	checkGRUStep("kernels: GRUStepBefore: lengths do not match", dst, rz, rzBias, n, nBias, x, h, scratch)
	if !act.ok() {
		panic("kernels: GRUStepBefore: unknown activation")
	}
	if len(h) == 0 {
		return
	}
	gruStepBefore(dst, rz, rzBias, n, nBias, x, h, scratch, act)
}

func checkGRUStep(message string, dst []float32, rz Matrix, rzBias []float32, n Matrix, nBias, x, h, scratch []float32) {
	H := len(h)
	if len(dst) != H || rz.Rows != len(x)+H || n.Rows != rz.Rows || rz.Cols != GRUCols(H) || n.Cols != H ||
		len(rzBias) != rz.Cols || len(nBias) != H || len(scratch) < GRUScratchLen(H) ||
		rz.Row != PanelWidth || n.Row != PanelWidth || !rz.ok() || !n.ok() {
		panic(message)
	}
}

// GRUGates ends a step of GRUStep for B sequences, a row each, bit for bit:
//
//	r, z = σ(r), σ(z)    n = tanh(fma(r, m, n))    h = fma(z, prev - n, n)
//
//	h    [B, H]           overwritten; may be prev
//	rz   [B, GRUCols(H)]  in panels; chains in, activated gates out
//	n    [B, H]           in panels; the chain a in, n out
//	m    [B, H]           in panels; the chain m, read only
//	prev [B, H]           the previous outputs
//
// h and prev are row-major. What padding of rz and n holds afterwards is not
// promised. It panics if shapes differ from the above or act is none of the
// constants.
func GRUGates(h, rz, n, m, prev Matrix, act GateActivation) {
	if !gruRows(rz, n.Cols, h, prev) || !gruPanels(rz, n, m) {
		panic("kernels: GRUGates: shapes do not match")
	}
	if !act.ok() {
		panic("kernels: GRUGates: unknown activation")
	}
	if rz.Rows == 0 || n.Cols == 0 {
		return
	}
	gruGates(h, rz, n, m, prev, act)
}

// GRUReset begins the end of a step of GRUStepBefore for B sequences, a row each,
// bit for bit; the recurrent product of rh and GRUUpdate follow:
//
//	r, z = σ(r), σ(z)    rh = r·prev
//
//	rh   [B, H]           overwritten
//	rz   [B, GRUCols(H)]  in panels; chains in, activated gates out
//	prev [B, H]           the previous outputs
//
// rh and prev are row-major. What padding of rz holds afterwards is not promised.
// It panics if shapes differ from the above or act is none of the constants.
func GRUReset(rh, rz, prev Matrix, act GateActivation) {
	if !gruRows(rz, rh.Cols, rh, prev) {
		panic("kernels: GRUReset: shapes do not match")
	}
	if !act.ok() {
		panic("kernels: GRUReset: unknown activation")
	}
	if rz.Rows == 0 || rh.Cols == 0 {
		return
	}
	gruReset(rh, rz, prev, act)
}

// GRUUpdate ends a step of GRUStepBefore for B sequences, a row each, bit for bit:
//
//	n = tanh(n)    h = fma(z, prev - n, n)
//
//	h    [B, H]           overwritten; may be prev
//	rz   [B, GRUCols(H)]  in panels; activated gates, read only
//	n    [B, H]           in panels; the chain in, n out
//	prev [B, H]           the previous outputs
//
// h and prev are row-major. What padding of n holds afterwards is not promised. It
// panics if shapes differ from the above.
func GRUUpdate(h, rz, n, prev Matrix) {
	if !gruRows(rz, n.Cols, h, prev) || !gruPanels(rz, n) {
		panic("kernels: GRUUpdate: shapes do not match")
	}
	if rz.Rows == 0 || n.Cols == 0 {
		return
	}
	gruUpdate(h, rz, n, prev)
}

// GRUGradients is the backward pass of GRUGates: from the gradients dh of the
// outputs it makes those of the gate sums and of the chains a and m, and the part
// of the gradient of prev that does not pass through a product:
//
//	z     ← (dh·(prev - n))·σ'(z)
//	n     ← δ = (dh·(1 - z))·fma(-n, n, 1)
//	m     ← δ·r
//	r     ← (δ·m)·σ'(r)
//	carry = dh·z
//
// from the values before any of them changes, each sum and product rounded; σ'(y)
// is the slope of act at its value y.
//
//	rz    [B, GRUCols(H)]  in panels; activated gates in, gradients out
//	n     [B, H]           in panels; n in, gradient of a out
//	m     [B, H]           in panels; m in, its gradient out
//	dh    [B, H]           read only
//	carry [B, H]           overwritten; may be dh
//	prev  [B, H]           the previous outputs, read only
//
// dh, carry and prev are row-major. Padding of rz, n and m comes out 0. It panics
// if shapes differ from the above or act is none of the constants.
func GRUGradients(rz, n, m, dh, carry, prev Matrix, act GateActivation) {
	if !gruRows(rz, n.Cols, dh, carry, prev) || !gruPanels(rz, n, m) {
		panic("kernels: GRUGradients: shapes do not match")
	}
	if !act.ok() {
		panic("kernels: GRUGradients: unknown activation")
	}
	if rz.Rows == 0 || n.Cols == 0 {
		return
	}
	gruGradients(rz, n, m, dh, carry, prev, act)
}

// GRUUpdateGradients is the backward pass of GRUUpdate and of z in GRUReset:
//
//	z     ← (dh·(prev - n))·σ'(z)
//	n     ← (dh·(1 - z))·fma(-n, n, 1)
//	carry = dh·z
//
// from the values before any of them changes, as in GRUGradients. The activated r
// stays where it is. The gradient of r⊙prev is then that of n times the transpose
// of N[In:], and GRUResetGradients ends the step.
//
//	rz    [B, GRUCols(H)]  in panels; activated gates in, gradient of z out
//	n     [B, H]           in panels; n in, gradient of its chain out
//	dh    [B, H]           read only
//	carry [B, H]           overwritten; may be dh
//	prev  [B, H]           the previous outputs, read only
//
// dh, carry and prev are row-major. Padding of z and n comes out 0. It panics if
// shapes differ from the above or act is none of the constants.
func GRUUpdateGradients(rz, n, dh, carry, prev Matrix, act GateActivation) {
	if !gruRows(rz, n.Cols, dh, carry, prev) || !gruPanels(rz, n) {
		panic("kernels: GRUUpdateGradients: shapes do not match")
	}
	if !act.ok() {
		panic("kernels: GRUUpdateGradients: unknown activation")
	}
	if rz.Rows == 0 || n.Cols == 0 {
		return
	}
	gruUpdateGradients(rz, n, dh, carry, prev, act)
}

// GRUResetGradients is the backward pass of r in GRUReset, from the gradients drh
// of rh:
//
//	r     ← (drh·prev)·σ'(r)
//	carry ← fma(drh, r, carry)
//
// from the values before any of them changes, the products rounded.
//
//	rz    [B, GRUCols(H)]  in panels; activated r in, its gradient out; z stays
//	carry [B, H]           updated
//	drh   [B, H]           read only
//	prev  [B, H]           the previous outputs, read only
//
// carry, drh and prev are row-major. Padding of r comes out 0. It panics if shapes
// differ from the above or act is none of the constants.
func GRUResetGradients(rz, carry, drh, prev Matrix, act GateActivation) {
	if !gruRows(rz, carry.Cols, carry, drh, prev) {
		panic("kernels: GRUResetGradients: shapes do not match")
	}
	if !act.ok() {
		panic("kernels: GRUResetGradients: unknown activation")
	}
	if rz.Rows == 0 || carry.Cols == 0 {
		return
	}
	gruResetGradients(rz, carry, drh, prev, act)
}

// gruRows reports whether rz holds the gates of H units in panels and each of rows
// is a row-major matrix of as many rows and H columns.
func gruRows(rz Matrix, H int, rows ...Matrix) bool {
	if rz.Cols != GRUCols(H) || rz.Row != PanelWidth || !rz.ok() {
		return false
	}
	for _, m := range rows {
		if m.Rows != rz.Rows || m.Cols != H || m.Panel != PanelWidth || !m.ok() {
			return false
		}
	}
	return true
}

// gruPanels reports whether each of ms is a matrix in panels with as many rows as
// rz and the columns of the first.
func gruPanels(rz Matrix, ms ...Matrix) bool {
	for _, m := range ms {
		if m.Rows != rz.Rows || m.Cols != ms[0].Cols || m.Row != PanelWidth || !m.ok() {
			return false
		}
	}
	return true
}
