package layers

import (
	"math"
	"testing"
)

// A logistic distribution rounded to levels: values computed in 50 digits. The least scale
// is that of an infinitely small raw scale.
func TestQuantizedGolden(t *testing.T) {
	for _, c := range []struct {
		level       int
		mean, scale float64
		want        float64
	}{
		{0, -0.9, 0.05, -2.0581753108807688}, {0, 0.2, 0.3, -4.0053146617594051}, {1, -0.9, 0.05, -3.9891635701222939},
		{37, 0.2, 0.3, -6.7709250615611996}, {200, 0.2, 0.3, -5.3863008724713845}, {200, 1.1, 0.02, -27.4983212102527564},
		{254, -0.9, 0.05, -39.6944963093905525}, {255, 0.2, 0.3, -2.7216250273487679}, {255, 1.1, 0.02, -0.0055229608162236},
		{37, 0, minScale, -774.0941781153261483},
	} {
		n, q, _, _ := quantized(c.level, c.mean, c.scale)
		if got := math.Log(q) - n; math.Abs(got-c.want) > 2e-13 {
			t.Errorf("level %d, mean %v, scale %v: ln P = %v, want %v", c.level, c.mean, c.scale, got, c.want)
		}
	}
	if minScale != math.Exp(-7) {
		t.Errorf("least scale %v, want e⁻⁷ = %v", minScale, math.Exp(-7))
	}
}

// A grey pixel of an independent implementation of the network, whose outputs are known in
// 12 decimals: the mixture of two components in float64.
func TestQuantizedMixtureGolden(t *testing.T) {
	logits := []float64{-0.275280874804, 0.325415098510}
	means := []float64{-0.081259573770, 0.123513750762}
	scales := []float64{0.756091198942, 0.651321497058}
	var sum, total float64
	for k, logit := range logits {
		n, q, _, _ := quantized(179, means[k], scales[k])
		sum += math.Exp(logit-n) * q
		total += math.Exp(logit)
	}
	const want = -5.919362423702
	if got := math.Log(sum / total); math.Abs(got-want) > 2e-12 {
		t.Errorf("ln p = %v, want %v", got, want)
	}

	// The same from float32 outputs. Raw scales invert softplus.
	m := Mixture{Channels: 1, Components: 2}
	var out []float32
	for k, logit := range logits {
		out = append(out, float32(logit), float32(means[k]), float32(math.Log(math.Expm1(scales[k]-minScale))))
	}
	if got := m.LogProb(out, []uint8{179}, m.NewScratch()); math.Abs(got-want) > 1e-7 {
		t.Errorf("LogProb = %v, want %v", got, want)
	}
}

// The means of a colour pixel of that implementation, after the terms of earlier channels,
// from locs without them. Its coefficients are in the order (1, 0), (2, 0), (2, 1).
func TestMixtureMeanGolden(t *testing.T) {
	m, s := Mixture{Channels: 3, Components: 2}, Mixture{Channels: 3, Components: 2}.NewScratch()
	setLevels(s, []uint8{179, 184, 189})
	x := [3]float64{2*179./255 - 1, 2*184./255 - 1, 2*189./255 - 1}
	for _, c := range []struct{ means, coefficients [3]float64 }{
		{[3]float64{-0.280422474633, -0.049514473922, 0.557916416668}, [3]float64{-0.336102014173, -0.046111053251, 0.364453900405}},
		{[3]float64{0.134534802836, -0.229911566164, -0.645679259940}, [3]float64{0.251725013785, -0.232266337389, -0.397669623948}},
	} {
		w := c.coefficients
		locs := [3]float64{c.means[0], c.means[1] - w[0]*x[0], c.means[2] - w[1]*x[0] - w[2]*x[1]}
		p := []float32{
			0, float32(locs[0]), float32(locs[1]), float32(locs[2]), 0, 0, 0,
			float32(w[0]), float32(w[1]), float32(w[2]),
		}
		for i, want := range c.means {
			if got := m.mean(p, i, s.x); math.Abs(got-want) > 1e-7 {
				t.Errorf("mean of channel %d is %v, want %v", i, got, want)
			}
		}
	}
}
