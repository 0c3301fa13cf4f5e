package layers

import (
	"fmt"

	"github.com/autoreg/autoreg/kernels"
)

// A ConvSpec describes a masked convolution of a network over pixels.
type ConvSpec struct {
	Name            string // prefix of its tensors' names
	In, Out, Kernel int
	Mask            MaskType
	Groups          int // of channels, one a colour
	align           int // outputs of a group begin at multiples of it
}

// New returns the layer with zero weights.
func (s ConvSpec) New() *MaskedConv {
	return newMaskedConv(s.In, s.Out, s.Kernel, s.Mask, s.Groups, max(s.align, 1))
}

// group returns how many outputs group g has, and how many inputs of the pixel itself
// it sees.
func (s ConvSpec) group(g int) (outputs, open int) {
	first, end := firstOf(g, s.Out, s.Groups), firstOf(g+1, s.Out, s.Groups)
	if s.Mask == MaskB {
		g++
	}
	return end - first, firstOf(g, s.In, s.Groups)
}

// Sizes returns the sizes of the layer, without those of a Sequence:
//
//	Out·(In·k² + 1)                parameters, of which
//	Σg out(g)·(In·⌊k²/2⌋ + open(g) + 1)  have an effect
//
// where out(g) outputs belong to group g, which see open(g) channels of the pixel itself.
func (s ConvSpec) Sizes() Sizes {
	area := int64(s.Kernel) * int64(s.Kernel)
	total := Sizes{Params: int64(s.Out) * (int64(s.In)*area + 1)}
	for g := range s.Groups {
		outputs, open := s.group(g)
		rows := int64(s.In)*(area/2) + int64(open) + 1
		total.Effective += int64(outputs) * rows
		cols := (outputs + kernels.PanelWidth - 1) / kernels.PanelWidth * kernels.PanelWidth
		total.Packed += int64(cols) * rows
	}
	return total
}

// Type returns "MaskedConv A 7×7" for instance, or "Conv 1×1" where the mask is open.
func (s ConvSpec) Type() string {
	if s.Kernel == 1 && s.Mask == MaskB && s.Groups == 1 {
		return "Conv 1×1"
	}
	return fmt.Sprintf("MaskedConv %s %d×%[2]d", s.Mask, s.Kernel)
}

// Describe returns the layer as Describe does a network's.
func (s ConvSpec) Describe() Info {
	size := s.Sizes()
	return Info{s.Name, s.Type(), s.In, s.Out, int(size.Params), int(size.Effective)}
}
