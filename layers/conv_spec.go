package layers

import (
	"fmt"

	"github.com/autoreg/autoreg/kernels"
)

// A MaskType says which taps of a convolution's kernel are open.
type MaskType uint8

const (
	MaskA    MaskType = iota // those before the centre in raster order; with ordered channels also the channels before, of the centre
	MaskB                    // those of A and the centre; with ordered channels the centre's channels up to its own
	MaskTaps                 // those of ConvSpec.Open
)

// String returns "A", "B" or "taps".
func (m MaskType) String() string { return [...]string{"A", "B", "taps"}[m] }

// Taps are a rectangle of a kernel's taps.
type Taps struct{ Row, Col, Rows, Cols int }

// A ConvSpec describes a convolution of a network over pixels.
//
// The kernel lies around a pixel as "same" padding of TensorFlow has it: with Stride s
// the tap that reads the pixel itself, or with a stride the first of those that an output
// stands for, is tap ⌊(Rows-s)/2⌋ of a column and ⌊(Cols-s)/2⌋ of a row.
//
// A transposed convolution is the other way round: each input gives Stride×Stride outputs,
// and those of the image are the outputs from ⌊(Rows-s)/2⌋ and ⌊(Cols-s)/2⌋ on.
type ConvSpec struct {
	Name       string // prefix of its tensors' names
	In, Out    int
	Rows, Cols int // of the kernel as stored; for MaskA and MaskB the same odd number
	Mask       MaskType
	Open       Taps // for MaskTaps
	Groups     int  // of ordered channels, one a colour; 1 or more
	Stride     int  // 1 or more
	Transposed bool
	WeightNorm bool    // see Conv.Parameters
	Normal     float64 // first weights are normal with this deviation; 0 means uniform, after Glorot
	// Sources is how many nodes of concatenated ELUs a layer reads, if it is several. Inputs
	// are stored as those of the ELU of their concatenation, all positive parts first; in a
	// chain each node's stand together.
	Sources int

	align      int // outputs of a group begin at multiples of it
	resolution int // of its node in a graph
}

// maskedSpec describes a convolution of a PixelCNN.
func maskedSpec(name string, in, out, kernel int, mask MaskType, groups int) ConvSpec {
	return ConvSpec{Name: name, In: in, Out: out, Rows: kernel, Cols: kernel, Mask: mask, Groups: groups, Stride: 1}
}

// valid reports whether there is such a layer.
func (s *ConvSpec) valid() bool {
	if s.Rows < 1 || s.Cols < 1 || s.Groups < 1 || s.In < s.Groups || s.Out < s.Groups || s.Stride < 1 {
		return false
	}
	if s.Mask != MaskTaps {
		return s.Mask < MaskTaps && s.Rows == s.Cols && s.Rows%2 == 1 && s.Stride == 1 && !s.Transposed
	}
	o := s.Open
	return s.Groups == 1 && o.Row >= 0 && o.Col >= 0 && o.Rows >= 1 && o.Cols >= 1 && o.Rows <= s.Rows-o.Row && o.Cols <= s.Cols-o.Col
}

// A convPiece is the shape of a part of a layer's weights: of the outputs of a group, or
// with a transposed convolution of those at one place of the Stride×Stride that an input
// gives. Each is a chain over taps in raster order of the pixels that they read, and over
// channels inside a tap.
type convPiece struct {
	first, n   int // output channels
	cols       int // columns of the weights: n, or more with an align
	at         int // where the outputs lie in a pixel of the result
	rows       int // inputs of the chain
	up, left   int // of the first tap from the input at the output's place
	wide       int // taps of a row
	row, col   int // place of an output among those of an input, of a transposed layer
	tapRow     int // of the first tap in the kernel
	tapCol     int
	tapStep    int // from a tap to the next in the kernel
	sharesBias bool
}

// tap returns where tap t of the chain is in the kernel as stored.
func (p *convPiece) tap(t, cols int) int {
	return (p.tapRow+t/p.wide*p.tapStep)*cols + p.tapCol + t%p.wide*p.tapStep
}

// pieces returns the parts of the layer's weights.
func (s *ConvSpec) pieces() (list []convPiece) {
	if s.Transposed {
		for row := range s.Stride {
			for col := range s.Stride {
				list = append(list, s.phase(row, col))
			}
		}
		return list
	}
	open := s.Open
	if s.Mask != MaskTaps {
		open = Taps{0, 0, s.Rows/2 + 1, s.Cols}
	}
	at := 0
	for g := range s.Groups {
		first, end := firstOf(g, s.Out, s.Groups), firstOf(g+1, s.Out, s.Groups)
		p := convPiece{
			first: first, n: end - first, cols: roundUp(end-first, max(s.align, 1)), at: at,
			rows: open.Rows * open.Cols * s.In,
			up:   max(s.Rows-s.Stride, 0)/2 - open.Row, left: max(s.Cols-s.Stride, 0)/2 - open.Col,
			wide: open.Cols, tapRow: open.Row, tapCol: open.Col, tapStep: 1,
		}
		switch s.Mask {
		case MaskA:
			p.rows = s.Rows*s.Cols/2*s.In + firstOf(g, s.In, s.Groups)
		case MaskB:
			p.rows = s.Rows*s.Cols/2*s.In + firstOf(g+1, s.In, s.Groups)
		}
		list = append(list, p)
		at += p.cols
	}
	return list
}

// phase returns the part of a transposed layer that gives the outputs at a place.
func (s *ConvSpec) phase(row, col int) convPiece {
	p := convPiece{n: s.Out, cols: s.Out, row: row, col: col, tapStep: -s.Stride, sharesBias: row+col > 0}
	var high int
	high, p.up, p.tapRow = s.along(s.Rows, s.Open.Row, s.Open.Rows, row)
	p.wide, p.left, p.tapCol = s.along(s.Cols, s.Open.Col, s.Open.Cols, col)
	p.rows = high * p.wide * s.In
	return p
}

// along returns, for a dimension of a transposed layer, how many taps the outputs at a
// place have, how far back the first of the inputs lies, and which tap that has.
func (s *ConvSpec) along(size, first, n, place int) (taps, back, tap int) {
	at := place + max(size-s.Stride, 0)/2
	for t := first + n - 1; t >= first; t-- {
		if d := at - t; d%s.Stride == 0 {
			if taps == 0 {
				back, tap = -d/s.Stride, t
			}
			taps++
		}
	}
	return max(taps, 0), back, tap
}

// stored returns where input i of a chain is in the layer as stored.
func (s *ConvSpec) stored(i int) int {
	if s.Sources < 2 {
		return i
	}
	n := s.In / s.Sources // of a node, half of them negative parts
	node, half, c := i/n, i%n/(n/2), i%(n/2)
	return (half*s.Sources+node)*(n/2) + c
}

// firstOf returns the first of n channels that group g has.
func firstOf(g, n, groups int) int { return g * n / groups }

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }

// Sizes returns the sizes of the layer, without those of a Sequence: Out·(In·Rows·Cols + 1)
// parameters, of which those of open taps and the biases have an effect.
func (s ConvSpec) Sizes() Sizes {
	total := Sizes{Params: int64(s.Out) * (int64(s.In)*int64(s.Rows)*int64(s.Cols) + 1)}
	if s.WeightNorm {
		lengths := int64(s.Out)
		total.Params, total.Effective, total.Packed = total.Params+lengths, lengths, lengths
	}
	for _, p := range s.pieces() {
		rows := int64(p.rows)
		if !p.sharesBias {
			rows++
		}
		total.Effective += int64(p.n) * rows
		total.Packed += int64(roundUp(p.n, kernels.PanelWidth)) * rows
		if s.WeightNorm { // the weights, beside their directions
			total.Derived += int64(roundUp(p.n, kernels.PanelWidth)) * int64(p.rows)
		}
	}
	return total
}

// Type returns "MaskedConv A 7×7" for instance, or "Conv 1×1" where all taps are open.
func (s ConvSpec) Type() string {
	switch {
	case s.Mask == MaskTaps:
		name := "Conv"
		if s.Transposed {
			name = "ConvTransposed"
		}
		if s.Stride > 1 {
			name += fmt.Sprintf(" /%d", s.Stride)
		}
		if s.Open == (Taps{0, 0, s.Rows, s.Cols}) {
			return fmt.Sprintf("%s %d×%d", name, s.Rows, s.Cols)
		}
		return fmt.Sprintf("%s %d×%d of %d×%d", name, s.Open.Rows, s.Open.Cols, s.Rows, s.Cols)
	case s.Rows == 1 && s.Mask == MaskB && s.Groups == 1:
		return "Conv 1×1"
	}
	return fmt.Sprintf("MaskedConv %s %d×%[2]d", s.Mask, s.Rows)
}

// Describe returns the layer as Describe does a network's.
func (s ConvSpec) Describe() Info {
	size := s.Sizes()
	info := newInfo(s.Name, s.Type(), s.In, s.Out, int(size.Params), int(size.Effective))
	info.Resolution = s.resolution
	return info
}

// init returns how first weights are drawn.
func (s *ConvSpec) init() Init {
	if s.Normal > 0 {
		return Init{Rule: InitNormal, Limit: s.Normal}
	}
	area := s.Rows * s.Cols
	return Init{Rule: InitGlorot, FanIn: area * s.In, FanOut: area * s.Out}
}
