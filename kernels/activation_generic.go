package kernels

// gate32 defines σ.
func gate32(x float32, a GateActivation) float32 {
	if a == Logistic {
		return sigmoid32(x)
	}
	k := a.hard()
	y := fma32(k.scale, x, k.offset)
	if y < 0 {
		y = 0
	}
	if y > k.top {
		y = k.top
	}
	return y / k.top
}

// gateGradient32 multiplies the gradient d of y = σ(x) by the slope, which makes
// it the gradient of x.
func gateGradient32(d, y float32, a GateActivation) float32 {
	slope := fma32(-y, y, y)
	if a != Logistic {
		slope = a.hard().slope
		if y <= 0 || y >= 1 {
			slope = 0
		}
	}
	return float32(d * slope)
}
