package netkit

import "math"

// A Component64 is what the outputs of a pixel say about one component of its mixture.
type Component64 struct {
	Logit        float64
	Loc, Scale   []float64 // of each channel, in [-1, 1] units
	Coefficients []float64
	Mean         []float64 // Loc and the terms of the channels before
}

// Components64 returns the components of a pixel, given its outputs and its levels.
func (m *Mixture64) Components64(outputs []float64, levels []uint8) (list []Component64) {
	C, size := m.Channels, len(outputs)/m.Components
	for k := range m.Components {
		p := outputs[k*size:][:size]
		c := Component64{Logit: p[0], Loc: p[1:][:C], Coefficients: p[1+2*C:]}
		for _, raw := range p[1+C:][:C] {
			c.Scale = append(c.Scale, softplus64(raw)+math.Exp(-7))
		}
		pair := 0
		for i, mean := range c.Loc {
			for _, v := range levels[:i] {
				mean += c.Coefficients[pair] * (2*float64(v)/255 - 1)
				pair++
			}
			c.Mean = append(c.Mean, mean)
		}
		list = append(list, c)
	}
	return list
}

// LogProb returns ln p of the levels of a pixel, given its outputs.
func (m *Mixture64) LogProb(outputs []float64, levels []uint8) float64 {
	var logits, joint []float64
	for _, c := range m.Components64(outputs, levels) {
		logits = append(logits, c.Logit)
		sum := c.Logit
		for i, v := range levels {
			sum += logLevel64(float64(v), 127.5*(c.Mean[i]+1), 127.5*c.Scale[i])
		}
		joint = append(joint, sum)
	}
	return logSumExp64(joint) - logSumExp64(logits)
}

// LogProbs returns ln p of an image, given the outputs of its pixels.
func (m *Mixture64) LogProbs(outputs Map64, levels []uint8) (sum float64) {
	for p := range outputs.Height * outputs.Width {
		sum += m.LogProb(outputs.Data[p*outputs.Channels:][:outputs.Channels], levels[p*m.Channels:][:m.Channels])
	}
	return sum
}

// logLevel64 returns ln P of a level of a logistic distribution that is rounded to 0…255,
// as TensorFlow Probability's QuantizedDistribution computes it.
func logLevel64(y, mean, scale float64) float64 {
	below := func(y float64) float64 { // ln F
		switch {
		case y < 0:
			return math.Inf(-1)
		case y >= 255:
			return 0
		}
		return -softplus64(-(y + 0.5 - mean) / scale)
	}
	above := func(y float64) float64 { // ln (1 - F)
		switch {
		case y < 0:
			return 0
		case y >= 255:
			return math.Inf(-1)
		}
		return -softplus64((y + 0.5 - mean) / scale)
	}
	big, small := below(y), below(y-1)
	if above(y) < below(y) { // right of the median
		big, small = above(y-1), above(y)
	}
	return big + math.Log(-math.Expm1(small-big))
}

func softplus64(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func logSumExp64(x []float64) float64 {
	most := math.Inf(-1)
	for _, v := range x {
		most = max(most, v)
	}
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(v - most)
	}
	return most + math.Log(sum)
}
