package kernels

// convGeneric defines Conv and ConvFrom.
func convGeneric(c *convolution) {
	var chain [PanelWidth]float32
	for line := range c.dst.Lines {
		for pixel := range c.dst.Pixels {
			x := c.x.At + line*c.x.LineStride + pixel*c.x.PixelStride
			for q := range c.w.Panels() {
				y := chain[:min(PanelWidth, c.dst.Cols-q*PanelWidth)]
				dst := c.dst.Data[c.dst.At+line*c.dst.LineStride+pixel*c.dst.PixelStride+q*c.dst.Panel:][:len(y)]
				switch {
				case c.more:
					copy(y, c.from.Data[c.from.At+line*c.from.LineStride+pixel*c.from.PixelStride+q*c.from.Panel:])
				case c.bias != nil:
					copy(y, c.bias[q*PanelWidth:])
				default:
					clear(y)
				}
				w := q * c.w.Panel
				for p := range c.x.K {
					v := c.x.Data[x+p*c.x.Step+p/c.x.Segment*c.x.Skip]
					row := c.w.Data[w:][:len(y)]
					for j, b := range row {
						y[j] = fma32(v, b, y[j])
					}
					w += c.w.Row
				}
				c.finish.apply(dst, y)
			}
		}
	}
}

// apply stores finished chains.
func (f Finish) apply(dst, y []float32) {
	switch f {
	case ReLU:
		for j, v := range y {
			dst[j] = relu32(v)
		}
	case ReLUAdd:
		for j, v := range y {
			dst[j] += relu32(v)
		}
	default:
		copy(dst, y)
	}
}
