package kernels

// A GateActivation is the function σ of the gates of LSTM and GRU units.
type GateActivation uint8

const (
	// Logistic is 1/(1 + e^-x), to the bits of Sigmoid. Its slope, taken from
	// y = σ(x), is fma(-y, y, y).
	Logistic GateActivation = iota

	// HardKeras2 is the hard sigmoid of Keras 1 and 2, clip(0.2·x + 0.5, 0, 1),
	// as clamp(fma(0.2, x, 0.5), 0, 1) with 0.2 rounded to float32. Its slope is
	// 0.2, and 0 where y <= 0 or y >= 1.
	HardKeras2

	// HardKeras3 is the hard sigmoid of Keras 3, relu6(x + 3)/6, as
	// clamp(x + 3, 0, 6)/6, the sum and the quotient rounded. Its slope is 1/6
	// rounded to float32, and 0 where y <= 0 or y >= 1.
	HardKeras3
)

// Both hard forms are clamp(fma(scale, x, offset), 0, top)/top, clamped by
// comparisons, so that NaN gives NaN. A factor or divisor of 1 is exact.
type hardSigmoid struct{ scale, offset, top, slope float32 }

var hardSigmoids = [...]hardSigmoid{
	HardKeras2: {0.2, 0.5, 1, 0.2},
	HardKeras3: {1, 3, 6, 1.0 / 6},
}

// pointer returns what assembly takes: the constants in the order of the fields,
// nil for Logistic.
func (k *hardSigmoid) pointer() *float32 {
	if k == nil {
		return nil
	}
	return &k.scale
}

// ok reports whether a is one of the constants.
func (a GateActivation) ok() bool { return a <= HardKeras3 }

// hard returns the constants of a hard form, nil for Logistic.
func (a GateActivation) hard() *hardSigmoid {
	if a == Logistic {
		return nil
	}
	return &hardSigmoids[a]
}
