package model

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/autoreg/autoreg/layers"
)

// Limits on a PixelConfig.
const (
	MaxSide        = 1 << 12 // height, width
	MaxLevels      = 256
	MaxFilters     = 1 << 13
	MaxBlocks      = 1 << 10
	MaxKernel      = 63
	MaxComponents  = 1 << 8
	MaxResolutions = 8
	MaxCondition   = 1 << 12
)

// PixelConfig is the shape of a network over pixels and of the images that it was trained
// on. In a file it is
//
//	{"kind":"pixelcnn","channels":1,"levels":4,"height":16,"width":16,"filters":128,"blocks":5,"kernel":7}
//
// or, with a mixture of logistics over 256 levels,
//
//	{"kind":"pixelcnn","network":"mixture","channels":1,"height":32,"width":32,"components":5,"filters":32,"blocks":1,"resolutions":2,"rows":3,"cols":3}
//
// where the order of members and blanks are free, and nothing else is. A mixture may also
// have "activation", "elu" or "relu" in place of "concat_elu", "direct":true for weights
// that are not normalised, and as "condition" the number of classes that it is conditioned
// on.
type PixelConfig struct {
	Height, Width    int // of a training image, for information
	layers.PixelSpec     // a layers.PixelCNN or a layers.PixelCNNMixture
}

// mixtureNetwork is the name of a layers.PixelCNNMixture in a file.
const mixtureNetwork = "mixture"

// Channels returns the channels of a pixel.
func (c PixelConfig) Channels() int {
	channels, _ := c.Shape()
	return channels
}

// Levels returns the levels of a channel.
func (c PixelConfig) Levels() int {
	_, levels := c.Shape()
	return levels
}

// Params returns the number of parameters as stored, closed taps included.
func (c PixelConfig) Params() int64 { return c.Sizes().Params }

// A bound is a number and the range that it must be in.
type bound struct {
	name     string
	value    int
	min, max int
}

// Check returns an error that names the first number that is out of range.
func (c PixelConfig) Check() error {
	bounds := []bound{{"height", c.Height, 1, MaxSide}, {"width", c.Width, 1, MaxSide}}
	switch s := c.PixelSpec.(type) {
	case layers.PixelCNN:
		bounds = append([]bound{{"levels", s.Levels, 2, MaxLevels}}, bounds...)
		bounds = append(bounds,
			bound{"filters", s.Filters, 2 * max(1, min(s.Channels, 3)), MaxFilters},
			bound{"blocks", s.Blocks, 0, MaxBlocks},
			bound{"kernel", s.Kernel, 1, MaxKernel})
	case layers.PixelCNNMixture:
		bounds = append(bounds,
			bound{"components", s.Components, 1, MaxComponents},
			bound{"filters", s.Filters, 1, MaxFilters},
			bound{"blocks", s.Blocks, 1, MaxBlocks},
			bound{"resolutions", s.Resolutions, 1, MaxResolutions},
			bound{"rows", s.Rows, 3, MaxKernel},
			bound{"cols", s.Cols, 3, MaxKernel},
			bound{"condition", s.Condition, 0, MaxCondition})
	}
	for _, n := range bounds {
		if n.value < n.min || n.value > n.max {
			return fmt.Errorf("%s is %d: want %d to %d", n.name, n.value, n.min, n.max)
		}
	}
	if n := c.Channels(); n != 1 && n != 3 {
		return fmt.Errorf("channels is %d: want 1 (grey) or 3 (colour)", n)
	}
	blocks, filters := 0, 0
	switch s := c.PixelSpec.(type) {
	case layers.PixelCNN:
		if s.Kernel%2 == 0 {
			return fmt.Errorf("kernel is %d: want an odd number", s.Kernel)
		}
		filters, blocks = s.Filters, s.Blocks
	case layers.PixelCNNMixture:
		if s.Cols%2 == 0 {
			return fmt.Errorf("cols is %d: want an odd number", s.Cols)
		}
		if unit := s.SizeUnit(); c.Height%unit != 0 || c.Width%unit != 0 {
			return fmt.Errorf("images of %d×%d pixels: with %d resolutions width and height are multiples of %d", c.Width, c.Height, s.Resolutions, unit)
		}
		filters, blocks = s.Filters, s.Blocks*s.Resolutions
		if blocks > MaxBlocks {
			return fmt.Errorf("%d blocks at each of %d resolutions: want at most %d in all", s.Blocks, s.Resolutions, MaxBlocks)
		}
	}
	if p := c.Params(); p > MaxParams {
		return fmt.Errorf("%d filters and %d blocks make %d parameters: want at most %d", filters, blocks, p, MaxParams)
	}
	return nil
}

// appendJSON appends the form that is written.
func (c PixelConfig) appendJSON(b []byte) []byte {
	if s, ok := c.PixelSpec.(layers.PixelCNNMixture); ok {
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
	s := c.PixelSpec.(layers.PixelCNN)
	return fmt.Appendf(b, `{"kind":"pixelcnn","channels":%d,"levels":%d,"height":%d,"width":%d,"filters":%d,"blocks":%d,"kernel":%d}`,
		s.Channels, s.Levels, c.Height, c.Width, s.Filters, s.Blocks, s.Kernel)
}

// parse reads a PixelConfig as strictly as a Config is read.
func (c *PixelConfig) parse(b []byte) error {
	read := func(n *int) func(d *json.Decoder) error {
		return func(d *json.Decoder) error { return integer(d, n) }
	}
	var peek struct{ Network json.RawMessage }
	if json.NewDecoder(bytes.NewReader(b)).Decode(&peek) == nil && peek.Network != nil {
		var s layers.PixelCNNMixture
		network, activation := "", layers.ConcatELU.String()
		err := parseObject(b, kindPixels, map[string]func(d *json.Decoder) error{
			"network":     func(d *json.Decoder) error { return text(d, &network) },
			"channels":    read(&s.Channels),
			"height":      read(&c.Height),
			"width":       read(&c.Width),
			"components":  read(&s.Components),
			"filters":     read(&s.Filters),
			"blocks":      read(&s.Blocks),
			"resolutions": read(&s.Resolutions),
			"rows":        read(&s.Rows),
			"cols":        read(&s.Cols),
			"activation":  func(d *json.Decoder) error { return text(d, &activation) },
			"direct":      func(d *json.Decoder) error { return boolean(d, &s.Direct) },
			"condition":   read(&s.Condition),
		}, "activation", "direct", "condition")
		if err == nil && network != mixtureNetwork {
			err = fmt.Errorf("network %.40q: want %q, or none", network, mixtureNetwork)
		}
		var ok bool
		if s.Activation, ok = layers.ParsePixelActivation(activation); !ok && err == nil {
			err = fmt.Errorf("activation %.40q: want concat_elu, elu or relu", activation)
		}
		c.PixelSpec = s
		if err != nil {
			return err
		}
		return c.Check()
	}
	var s layers.PixelCNN
	err := parseObject(b, kindPixels, map[string]func(d *json.Decoder) error{
		"channels": read(&s.Channels),
		"levels":   read(&s.Levels),
		"height":   read(&c.Height),
		"width":    read(&c.Width),
		"filters":  read(&s.Filters),
		"blocks":   read(&s.Blocks),
		"kernel":   read(&s.Kernel),
	})
	c.PixelSpec = s
	if err != nil {
		return err
	}
	return c.Check()
}
