package netkit

import "math"

// Initialise gives normalised layers, one after the other, the lengths and biases with which
// their outputs have mean 0 and variance 1 over the pixels of images.
func (m *Mixture64) Initialise(images []Image64) {
	defer func() { m.observe = nil }()
	for _, l := range m.Convs {
		if l.G == nil {
			continue
		}
		for o := range l.G {
			l.G[o], l.B[o] = 1, 0
		}
		var values []float64
		m.observe = func(observed *Conv64, y Map64) {
			if observed == l {
				values = append(values, y.Data...)
			}
		}
		for _, image := range images {
			m.Outputs(image)
		}
		n := float64(len(values) / l.Out)
		for o := range l.G {
			mean, variance := 0.0, 0.0
			for i := o; i < len(values); i += l.Out {
				mean += values[i] / n
			}
			for i := o; i < len(values); i += l.Out {
				variance += (values[i] - mean) * (values[i] - mean) / n
			}
			l.G[o] = 1 / math.Sqrt(variance+1e-10)
			l.B[o] = -mean * l.G[o]
		}
	}
}
