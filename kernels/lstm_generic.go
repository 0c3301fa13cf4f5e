package kernels

// lstmStepGeneric defines LSTMStep.
func lstmStepGeneric(dst, c []float32, w Matrix, bias, x, h []float32, act GateActivation) {
	var z [4]float32
	for j := range dst {
		for gate := range z {
			col := GateCol(gate, j)
			y := bias[col]
			at := w.index(0, col)
			for _, v := range x {
				y = fma32(w.Data[at], v, y)
				at += PanelWidth
			}
			for _, v := range h {
				y = fma32(w.Data[at], v, y)
				at += PanelWidth
			}
			z[gate] = y
		}
		i, f, g, o := gate32(z[0], act), gate32(z[1], act), tanh32(z[2]), gate32(z[3], act)
		c[j] = fma32(f, c[j], float32(i*g))
		dst[j] = float32(o * tanh32(c[j]))
	}
}

// lstmGatesGeneric defines LSTMGates and, for other units, LSTMGatesOf.
func lstmGatesGeneric(unit Activation, h, c, z, prev Matrix, act GateActivation) {
	for b := range z.Rows {
		for u := range z.Panels() {
			gates := z.Segment(b, u)
			for l := range GateUnits {
				i := gate32(gates[l], act)
				f := gate32(gates[l+GateUnits], act)
				g := unit32(gates[l+2*GateUnits], unit)
				o := gate32(gates[l+3*GateUnits], act)
				gates[l], gates[l+GateUnits], gates[l+2*GateUnits], gates[l+3*GateUnits] = i, f, g, o
				if j := u*GateUnits + l; j < h.Cols {
					cell := fma32(f, prev.At(b, j), float32(i*g))
					c.Set(b, j, cell)
					h.Set(b, j, float32(o*unit32(cell, unit)))
				}
			}
		}
	}
}

// lstmGradientsGeneric defines LSTMGradients and, for other units, LSTMGradientsOf.
func lstmGradientsGeneric(unit Activation, z, dc, dh, c, prev Matrix, act GateActivation) {
	for b := range z.Rows {
		for u := range z.Panels() {
			gates := z.Segment(b, u)
			for l := range GateUnits {
				zi, zf, zg, zo := &gates[l], &gates[l+GateUnits], &gates[l+2*GateUnits], &gates[l+3*GateUnits]
				j := u*GateUnits + l
				if j >= dh.Cols {
					*zi, *zf, *zg, *zo = 0, 0, 0, 0
					continue
				}
				i, f, g, o := *zi, *zf, *zg, *zo
				d := dh.At(b, j)
				t := unit32(c.At(b, j), unit)
				delta := fma32(float32(d*o), unitSlope32(t, unit), dc.At(b, j))
				*zi = gateGradient32(float32(delta*g), i, act)
				*zf = gateGradient32(float32(delta*prev.At(b, j)), f, act)
				*zg = unitGradient32(float32(delta*i), g, unit)
				*zo = gateGradient32(float32(d*t), o, act)
				dc.Set(b, j, float32(delta*f))
			}
		}
	}
}
