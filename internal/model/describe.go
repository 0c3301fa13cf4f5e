package model

import (
	"fmt"

	"github.com/autoreg/autoreg/layers"
)

// A LayerInfo describes one layer of a model: see autoreg.LayerInfo.
type LayerInfo struct {
	Name, Type        string
	In, Out           int
	Params, Effective int
}

// Describe lists the layers of a text model of V symbols, an embedding of E and H
// units, from input to output. Their parameters are
//
//	embedding  V·E
//	lstm       4·(E·H + H·H + H)
//	output     V·H + V
func (c Config) Describe() []LayerInfo {
	V, E, H := c.Symbols, c.Embedding, c.Units
	return []LayerInfo{
		{Name: "embedding", Type: "Embedding", In: V, Out: E, Params: V * E, Effective: V * E},
		{Name: "lstm", Type: "LSTM", In: E, Out: H, Params: 4 * H * (E + H + 1), Effective: 4 * H * (E + H + 1)},
		{Name: "output", Type: "Linear", In: H, Out: V, Params: V * (H + 1), Effective: V * (H + 1)},
	}
}

// Describe lists the layers of an image model from input to output: see
// layers.PixelCNN. A k×k layer has
//
//	Out·(In·k² + 1)                                parameters, of which
//	Σg out(g)·(In·⌊k²/2⌋ + In·(g+B)/Channels + 1)  have an effect
//
// where out(g) outputs belong to channel g, and B is 1 for mask B and 0 for A.
func (c PixelConfig) Describe() (list []LayerInfo) {
	add := func(name string, in, out, k int, mask layers.MaskType) {
		l := LayerInfo{Name: name, Type: fmt.Sprintf("MaskedConv %s %d×%[2]d", mask, k), In: in, Out: out, Params: out * (in*k*k + 1)}
		if k == 1 && c.Channels == 1 && mask == layers.MaskB {
			l.Type = "Conv 1×1" // its mask is open
		}
		for g := range c.Channels {
			outputs := out*(g+1)/c.Channels - out*g/c.Channels
			l.Effective += outputs * (in*(k*k/2) + in*(g+int(mask))/c.Channels + 1)
		}
		list = append(list, l)
	}
	half := c.Filters / 2
	add("input", c.Channels, c.Filters, c.Kernel, layers.MaskA)
	for i := range c.Blocks {
		add(fmt.Sprintf("blocks.%d.conv1", i), c.Filters, half, 1, layers.MaskB)
		add(fmt.Sprintf("blocks.%d.conv2", i), half, half, 3, layers.MaskB)
		add(fmt.Sprintf("blocks.%d.conv3", i), half, c.Filters, 1, layers.MaskB)
	}
	for i := range 2 {
		add(fmt.Sprintf("hidden.%d", i), c.Filters, c.Filters, 1, layers.MaskB)
	}
	add("output", c.Filters, c.Channels*c.Levels, 1, layers.MaskB)
	return list
}
