package netkit

import "math"

// A Map64 is the values of the pixels of an image, channels innermost.
type Map64 struct {
	Height, Width, Channels int
	Data                    []float64
}

func newMap64(height, width, channels int) Map64 {
	return Map64{height, width, channels, make([]float64, height*width*channels)}
}

// pixel returns the values of a pixel.
func (m *Map64) pixel(row, col int) []float64 {
	return m.Data[(row*m.Width+col)*m.Channels:][:m.Channels]
}

// each returns the map of f of each value.
func (m Map64) each(f func(x float64) float64) Map64 {
	y := newMap64(m.Height, m.Width, m.Channels)
	for i, x := range m.Data {
		y.Data[i] = f(x)
	}
	return y
}

// plus returns m + other.
func (m Map64) plus(other Map64) Map64 {
	y := newMap64(m.Height, m.Width, m.Channels)
	for i, x := range m.Data {
		y.Data[i] = x + other.Data[i]
	}
	return y
}

// channels returns channels [from, to).
func (m Map64) channels(from, to int) Map64 {
	y := newMap64(m.Height, m.Width, to-from)
	for p := range m.Height * m.Width {
		copy(y.Data[p*y.Channels:][:y.Channels], m.Data[p*m.Channels+from:])
	}
	return y
}

// concat returns the channels of a and then those of b.
func concat(a, b Map64) Map64 {
	y := newMap64(a.Height, a.Width, a.Channels+b.Channels)
	for p := range a.Height * a.Width {
		copy(y.Data[p*y.Channels:], a.Data[p*a.Channels:][:a.Channels])
		copy(y.Data[p*y.Channels+a.Channels:], b.Data[p*b.Channels:][:b.Channels])
	}
	return y
}

// A Kernel64 is the shape of a kernel of which the taps of rows [Top, Bottom) and columns
// [Left, Right) are open.
type Kernel64 struct {
	Rows, Cols               int
	Top, Bottom, Left, Right int
	Stride                   int
	Transposed               bool
}

func (k *Kernel64) open(row, col int) bool {
	return row >= k.Top && row < k.Bottom && col >= k.Left && col < k.Right
}

// A Conv64 is a convolution over pixels: full kernels with closed taps. With G its weights
// are normalised.
type Conv64 struct {
	Name string
	Kernel64
	In, Out int
	V       []float64 // [Out, In, Rows, Cols], of a transposed convolution [In, Out, Rows, Cols]
	G, B    []float64 // [Out]
}

func newConv64(name string, k Kernel64, in, out int, norm bool) *Conv64 {
	l := &Conv64{Name: name, Kernel64: k, In: in, Out: out, V: make([]float64, k.Rows*k.Cols*in*out), B: make([]float64, out)}
	if norm {
		l.G = make([]float64, out)
	}
	return l
}

// parameters returns the values with their names.
func (l *Conv64) parameters() (names []string, values [][]float64) {
	if l.G == nil {
		return []string{l.Name + ".weight", l.Name + ".bias"}, [][]float64{l.V, l.B}
	}
	return []string{l.Name + ".weight_v", l.Name + ".weight_g", l.Name + ".bias"}, [][]float64{l.V, l.G, l.B}
}

// At returns where the direction of a tap lies in V.
func (l *Conv64) At(row, col, in, out int) int {
	first, second, n := out, in, l.In
	if l.Transposed {
		first, second, n = in, out, l.Out
	}
	return ((first*n+second)*l.Rows+row)*l.Cols + col
}

// weights returns G·V/‖V‖ of each tap as [In, Out], the norms being over the open taps, or
// V without G.
func (l *Conv64) weights() (w [][]float64) {
	scale := make([]float64, l.Out)
	for o := range scale {
		if l.G == nil {
			scale[o] = 1
			continue
		}
		square := 0.0
		for row := range l.Rows {
			for col := range l.Cols {
				for i := range l.In {
					if v := l.V[l.At(row, col, i, o)]; l.open(row, col) {
						square += v * v
					}
				}
			}
		}
		scale[o] = l.G[o] / math.Sqrt(max(square, 1e-12))
	}
	for row := range l.Rows {
		for col := range l.Cols {
			tap := make([]float64, l.In*l.Out)
			for i := range tap {
				tap[i] = l.V[l.At(row, col, i/l.Out, i%l.Out)] * scale[i%l.Out]
			}
			w = append(w, tap)
		}
	}
	return w
}

// before returns the padding before the first of n values that TensorFlow's "same" has.
func before(n, size, stride int) int {
	return max(((n+stride-1)/stride-1)*stride+size-n, 0) / 2
}

// Apply returns the outputs of the layer.
func (l *Conv64) Apply(x Map64) Map64 {
	height, width := (x.Height+l.Stride-1)/l.Stride, (x.Width+l.Stride-1)/l.Stride
	if l.Transposed {
		height, width = x.Height*l.Stride, x.Width*l.Stride
	}
	y := newMap64(height, width, l.Out)
	for p := range height * width {
		copy(y.Data[p*l.Out:], l.B)
	}
	w := l.weights()
	// A pixel of the smaller map and one of the larger, for each tap.
	small, large := &y, &x
	if l.Transposed {
		small, large = &x, &y
	}
	top, left := before(large.Height, l.Rows, l.Stride), before(large.Width, l.Cols, l.Stride)
	for r := range small.Height {
		for c := range small.Width {
			for t := range l.Rows * l.Cols {
				rr, cc := r*l.Stride+t/l.Cols-top, c*l.Stride+t%l.Cols-left
				if !l.open(t/l.Cols, t%l.Cols) || rr < 0 || rr >= large.Height || cc < 0 || cc >= large.Width {
					continue
				}
				if l.Transposed { // each input is scattered over the outputs
					accumulate(y.pixel(rr, cc), x.pixel(r, c), w[t])
				} else {
					accumulate(y.pixel(r, c), x.pixel(rr, cc), w[t])
				}
			}
		}
	}
	return y
}

// accumulate adds x·w to y, w being [len(x), len(y)].
func accumulate(y, x, w []float64) {
	for i, v := range x {
		for o, u := range w[i*len(y):][:len(y)] {
			y[o] += v * u
		}
	}
}
