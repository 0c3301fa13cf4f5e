package netkit

import (
	"fmt"
	"math"

	"github.com/autoreg/autoreg/layers"
)

// A Mixture64 is a layers.PixelCNNMixture in float64, written down from the specification
// of TensorFlow Probability's PixelCNN: full kernels, masks as conditions, zeros around
// images, transposed convolutions that scatter. Nothing of it comes from the graph of the
// network but the names of layers.
type Mixture64 struct {
	layers.PixelCNNMixture
	Convs []*Conv64 // in the order of execution, each block's vertical stack first

	byName  map[string]*Conv64
	of      Image64                  // the image that is being computed
	observe func(l *Conv64, y Map64) // nil, or what is called with the outputs of each layer
}

// An Image64 is what a Mixture64 computes outputs of.
type Image64 struct {
	Levels        []uint8 // [H·W·C]
	Height, Width int
	Condition     []float64
	// Drop, if it is not nil, returns the factor of a value that dropout may drop: 0, or
	// what the values that are kept grow by. layer is the name of the layer that reads the
	// value, pixel the number of the pixel in a map, which has so many pixels.
	Drop func(layer string, pixels, pixel, channel int) float64
}

// NewMixture64 returns the network of a description with values of 0.
func NewMixture64(c layers.PixelCNNMixture) *Mixture64 {
	m := &Mixture64{PixelCNNMixture: c, byName: make(map[string]*Conv64)}
	size := 1 << (c.Resolutions - 1)
	m.Outputs(Image64{Levels: make([]uint8, size*size*c.Channels), Height: size, Width: size, Condition: make([]float64, c.Condition)})
	return m
}

// Parameters returns the values of all layers, with their names.
func (m *Mixture64) Parameters() (names []string, values [][]float64) {
	for _, l := range m.Convs {
		n, v := l.parameters()
		names, values = append(names, n...), append(values, v...)
	}
	return names, values
}

// ParametersOf returns the parameters of a network, or the gradients in their place, in the
// order and the layout of Parameters.
func (m *Mixture64) ParametersOf(net *layers.PixelNet) [][]float64 {
	byName := make(map[string]layers.Parameter)
	for _, p := range layers.ParametersOf(net) {
		byName[p.Name] = p
	}
	var list [][]float64
	names, values := m.Parameters()
	for i, name := range names {
		p, ok := byName[name]
		if !ok || p.Len() != len(values[i]) {
			panic(fmt.Sprintf("netkit: Mixture64: %s has %d values, want %d", name, p.Len(), len(values[i])))
		}
		list = append(list, Float64s(p.Get()))
	}
	if len(byName) != len(list) {
		panic(fmt.Sprintf("netkit: Mixture64: %d parameters, want %d", len(byName), len(list)))
	}
	return list
}

// Take sets the parameters to those of a network.
func (m *Mixture64) Take(net *layers.PixelNet) {
	_, mine := m.Parameters()
	for i, data := range m.ParametersOf(net) {
		copy(mine[i], data)
	}
}

// layer returns the outputs of the layer of a name, which is made if there is none.
func (m *Mixture64) layer(name string, k Kernel64, x Map64, out int) Map64 {
	l := m.make(name, k, x.Channels, out, !m.Direct)
	y := l.Apply(x)
	if m.observe != nil {
		m.observe(l, y)
	}
	return y
}

func (m *Mixture64) make(name string, k Kernel64, in, out int, norm bool) *Conv64 {
	if m.byName[name] == nil {
		l := newConv64(name, k, in, out, norm)
		m.byName[name], m.Convs = l, append(m.Convs, l)
	}
	return m.byName[name]
}

// dense1 is the kernel of a layer that sees its own pixel only.
var dense1 = Kernel64{Rows: 1, Cols: 1, Bottom: 1, Right: 1, Stride: 1}

func (m *Mixture64) dense(name string, x Map64, out int) Map64 {
	return m.layer(name, dense1, x, out)
}

// A stack64 is the kernels of a stack, whose layers see high×wide pixels.
type stack64 struct {
	name               string
	conv, stride, back Kernel64
}

func (m *Mixture64) stacks() (vertical, horizontal stack64) {
	h, w := m.Rows-1, m.Cols
	vertical = stack64{"vertical",
		Kernel64{2*m.Rows - 3, m.Cols, 0, h, 0, w, 1, false},
		Kernel64{2 * h, w + 1, 0, h, 0, w, 2, false},
		Kernel64{2*h - 2, w + 1, h - 2, 2*h - 2, 0, w, 2, true}}
	h, w = 2, m.Cols/2+1
	horizontal = stack64{"horizontal",
		Kernel64{3, m.Cols, 0, h, 0, w, 1, false},
		Kernel64{2 * h, 2 * w, 0, h, 0, w, 2, false},
		Kernel64{2*h - 2, 2*w - 2, h - 2, 2*h - 2, w - 2, 2*w - 2, 2, true}}
	return vertical, horizontal
}

func elu64(x float64) float64 {
	if x > 0 {
		return x
	}
	return math.Expm1(x)
}

// act is the activation.
func (m *Mixture64) act(x Map64) Map64 {
	switch m.Activation {
	case layers.ConcatELU:
		return concat(x, x.each(func(v float64) float64 { return -v })).each(elu64)
	case layers.ELU:
		return x.each(elu64)
	case layers.ReLU:
		return x.each(func(v float64) float64 { return max(v, 0) })
	}
	panic("netkit: Mixture64: unknown activation")
}

// gate returns p·σ(q), p being the first half of the channels.
func gate(z Map64) Map64 {
	p, q := z.channels(0, z.Channels/2), z.channels(z.Channels/2, z.Channels)
	for i, v := range q.Data {
		p.Data[i] /= 1 + math.Exp(-v)
	}
	return p
}

// block returns the outputs of a residual block of a stack over x, beside being nil or what
// it also sees.
func (m *Mixture64) block(name string, s stack64, x Map64, beside *Map64) Map64 {
	name += "." + s.name
	y := m.layer(name+".conv1", s.conv, m.act(x), m.Filters)
	if beside != nil {
		y = y.plus(m.dense(name+".nin", m.act(*beside), m.Filters))
	}
	y = m.act(y)
	if m.of.Drop != nil {
		for i := range y.Data {
			y.Data[i] *= m.of.Drop(name+".conv2", y.Height*y.Width, i/y.Channels, i%y.Channels)
		}
	}
	z := m.layer(name+".conv2", s.conv, y, 2*m.Filters)
	if m.Condition > 0 { // an ordinary layer, the same at all pixels
		l := m.make(name+".condition", dense1, m.Condition, 2*m.Filters, false)
		c := l.Apply(Map64{1, 1, m.Condition, m.of.Condition})
		for i := range z.Data {
			z.Data[i] += c.Data[i%z.Channels]
		}
	}
	return x.plus(gate(z))
}

// Outputs returns the outputs of all pixels of an image.
func (m *Mixture64) Outputs(image Image64) Map64 {
	m.of = image
	x := newMap64(image.Height, image.Width, m.Channels)
	for i, v := range image.Levels {
		x.Data[i] = 2*float64(v)/255 - 1
	}
	F, vertical, horizontal := m.Filters, m.Rows-1, m.Cols
	v := []Map64{m.layer("init.vertical", Kernel64{2*m.Rows - 1, m.Cols, 0, vertical, 0, horizontal, 1, false}, x, F)}
	above := m.layer("init.above", Kernel64{3, m.Cols, 0, 1, 0, m.Cols, 1, false}, x, F)
	h := []Map64{above.plus(m.layer("init.left", Kernel64{3, m.Cols, 0, 2, 0, m.Cols / 2, 1, false}, x, F))}
	down, across := m.stacks()

	top := func(stack []Map64) Map64 { return stack[len(stack)-1] }
	pop := func(stack *[]Map64) Map64 {
		t := top(*stack)
		*stack = (*stack)[:len(*stack)-1]
		return t
	}
	for i := range m.Resolutions {
		for k := range m.Blocks {
			name := fmt.Sprintf("down.%d.%d", i, k)
			v = append(v, m.block(name, down, top(v), nil))
			beside := top(v)
			h = append(h, m.block(name, across, top(h), &beside))
		}
		if i < m.Resolutions-1 {
			name := fmt.Sprintf("down.%d.stride.", i)
			v = append(v, m.layer(name+"vertical", down.stride, top(v), F))
			h = append(h, m.layer(name+"horizontal", across.stride, top(h), F))
		}
	}
	u, l := pop(&v), pop(&h)
	for i := range m.Resolutions {
		blocks := m.Blocks + min(i, 1)
		for k := range blocks {
			name := fmt.Sprintf("up.%d.%d", i, k)
			skip := pop(&v)
			u = m.block(name, down, u, &skip)
			both := concat(u, pop(&h))
			l = m.block(name, across, l, &both)
		}
		if i < m.Resolutions-1 {
			name := fmt.Sprintf("up.%d.stride.", i)
			u = m.layer(name+"vertical", down.back, u, F)
			l = m.layer(name+"horizontal", across.back, l, F)
		}
	}
	if len(v)+len(h) > 0 {
		panic("netkit: Mixture64: skips are left over")
	}
	C := m.Channels
	return m.dense("output", l.each(elu64), m.Components*(2*C+C*(C-1)/2+1))
}
