package model

import (
	"encoding/json"
	"fmt"

	"github.com/autoreg/autoreg/layers"
)

// mixtureNetwork is the name of a layers.PixelCNNMixture in a file.
const mixtureNetwork = "mixture"

func (c PixelConfig) checkMixture(s layers.PixelCNNMixture) error {
	err := c.checkBounds(
		bound{"components", s.Components, 1, MaxComponents},
		bound{"filters", s.Filters, 1, MaxFilters},
		bound{"blocks", s.Blocks, 1, MaxBlocks},
		bound{"resolutions", s.Resolutions, 1, MaxResolutions},
		bound{"rows", s.Rows, 3, MaxKernel},
		bound{"cols", s.Cols, 3, MaxKernel},
		bound{"condition", s.Condition, 0, MaxCondition})
	if err != nil {
		return err
	}
	if s.Cols%2 == 0 {
		return fmt.Errorf("cols is %d: want an odd number", s.Cols)
	}
	if unit := s.SizeUnit(); c.Height%unit != 0 || c.Width%unit != 0 {
		return fmt.Errorf("images of %d×%d pixels: with %d resolutions width and height are multiples of %d", c.Width, c.Height, s.Resolutions, unit)
	}
	blocks := s.Blocks * s.Resolutions
	if blocks > MaxBlocks {
		return fmt.Errorf("%d blocks at each of %d resolutions: want at most %d in all", s.Blocks, s.Resolutions, MaxBlocks)
	}
	return c.checkParams(s.Filters, blocks)
}

func (c PixelConfig) appendMixture(b []byte, s layers.PixelCNNMixture) []byte {
	b = fmt.Appendf(b, `{"kind":"pixelcnn","network":"mixture","channels":%d,"height":%d,"width":%d,"components":%d,"filters":%d,"blocks":%d,"resolutions":%d,"rows":%d,"cols":%d`,
		s.Channels, c.Height, c.Width, s.Components, s.Filters, s.Blocks, s.Resolutions, s.Rows, s.Cols)
	if s.Activation != layers.ConcatELU {
		b = fmt.Appendf(b, `,"activation":%q`, s.Activation)
	}
	if s.Direct {
		b = append(b, `,"direct":true`...)
	}
	if s.Condition > 0 {
		b = fmt.Appendf(b, `,"condition":%d`, s.Condition)
	}
	return append(b, '}')
}

func (c *PixelConfig) parseMixture(b []byte) error {
	var s layers.PixelCNNMixture
	network, activation := "", layers.ConcatELU.String()
	err := parseObject(b, kindPixels, map[string]func(d *json.Decoder) error{
		"network":     func(d *json.Decoder) error { return text(d, &network) },
		"channels":    readInt(&s.Channels),
		"height":      readInt(&c.Height),
		"width":       readInt(&c.Width),
		"components":  readInt(&s.Components),
		"filters":     readInt(&s.Filters),
		"blocks":      readInt(&s.Blocks),
		"resolutions": readInt(&s.Resolutions),
		"rows":        readInt(&s.Rows),
		"cols":        readInt(&s.Cols),
		"activation":  func(d *json.Decoder) error { return text(d, &activation) },
		"direct":      func(d *json.Decoder) error { return boolean(d, &s.Direct) },
		"condition":   readInt(&s.Condition),
	}, "activation", "direct", "condition")
	if err == nil && network != mixtureNetwork {
		err = fmt.Errorf("network %.40q: want %q, or none", network, mixtureNetwork)
	}
	var ok bool
	if s.Activation, ok = layers.ParsePixelActivation(activation); !ok && err == nil {
		err = fmt.Errorf("activation %.40q: want concat_elu, elu or relu", activation)
	}
	c.PixelSpec = s
	return err
}
