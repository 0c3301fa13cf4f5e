package kernels

// AdamStep holds the scalars of one Adam step. Keras' form adds Epsilon to the
// uncorrected root:
//
//	LR = η·√(1-β₂ᵗ)/(1-β₁ᵗ)
type AdamStep struct {
	LR           float32 // step size with the bias corrections in it
	Beta1, Beta2 float32
	Epsilon      float32
	GradScale    float32 // multiplies every gradient first; 1 for none, less to clip
}

// Adam updates parameters w and moments m, v from gradients g:
//
//	g' = g·GradScale
//	m ← fma(β₁, m, (1-β₁)·g')
//	v ← fma(β₂, v, ((1-β₂)·g')·g')
//	w ← w - (LR·m)/(√v + ε)
//
// with every product, quotient and root rounded where written, and 1-β in
// float32. g is read only. Adam panics if lengths differ.
//
// Kingma and Ba, Adam: A Method for Stochastic Optimization, 2015; the place of
// ε is that of Keras and of the paper's section 2, last paragraph.
func Adam(w, m, v, g []float32, s AdamStep) {
	if len(m) != len(w) || len(v) != len(w) || len(g) != len(w) {
		panic("kernels: Adam: lengths differ")
	}
	adam(w, m, v, g, &s)
}
