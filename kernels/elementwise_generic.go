package kernels

// elu32 defines ELU.
func elu32(x float32) float32 {
	if x > 0 || x != x {
		return x
	}
	return expm1Negative(x)
}

// eluSlope32 returns elu'(x) from y = elu(x).
func eluSlope32(y float32) float32 {
	if y > 0 {
		return 1
	}
	return y + 1
}

// generic defines the kernels: for each vector, the function of its slices below.
func (e *elementwise) generic() {
	if e.empty() {
		return
	}
	for line := range e.dst.Lines {
		for pixel := range e.dst.Pixels {
			dst, a := e.dst.vector(line, pixel), e.a.vector(line, pixel)
			var b []float32
			if e.b != nil {
				b = e.b.vector(line, pixel)
			}
			switch e.kernel {
			case ofELU:
				eluGeneric(dst, a)
			case ofConcatELU:
				concatELUGeneric(dst, a)
			case ofELUGradient:
				eluGradientGeneric(dst, a, b)
			case ofConcatELUGradient:
				concatELUGradientGeneric(dst, a, b, false)
			case ofConcatELUGradientAdd:
				concatELUGradientGeneric(dst, a, b, true)
			case ofGate:
				gateGeneric(dst, a, b)
			default:
				gateGradientGeneric(dst, a, b)
			}
		}
	}
}

func eluGeneric(dst, x []float32) {
	for i, v := range x {
		dst[i] = elu32(v)
	}
}

func concatELUGeneric(dst, x []float32) {
	half := len(dst) - len(x)
	for i, v := range x {
		dst[i] = elu32(v)
		dst[half+i] = elu32(-v)
	}
}

func eluGradientGeneric(dst, dy, y []float32) {
	for i, v := range y {
		dst[i] = float32(dy[i] * eluSlope32(v))
	}
}

func concatELUGradientGeneric(dx, dy, y []float32, add bool) {
	half := len(y) - len(dx)
	for i := range dx {
		d := float32(dy[i]*eluSlope32(y[i])) - float32(dy[half+i]*eluSlope32(y[half+i]))
		if add {
			d = dx[i] + d
		}
		dx[i] = d
	}
}

func gateGeneric(dst, x, z []float32) {
	for i, v := range x {
		dst[i] = fma32(z[i], sigmoid32(z[len(x)+i]), v)
	}
}

func gateGradientGeneric(dz, dy, z []float32) {
	for i, d := range dy {
		a, s := z[i], sigmoid32(z[len(dy)+i])
		dz[i] = float32(d * s)
		dz[len(dy)+i] = gateGradient32(float32(d*a), s, Logistic)
	}
}
