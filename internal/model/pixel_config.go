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

// Check returns an error that names the first number that is out of range.
func (c PixelConfig) Check() error {
	switch s := c.PixelSpec.(type) {
	case layers.PixelCNN:
		return c.checkCNN(s)
	case layers.PixelCNNMixture:
		return c.checkMixture(s)
	}
	panic("model: no network over pixels of this kind")
}

// AppendJSON appends the form that is written.
func (c PixelConfig) AppendJSON(b []byte) []byte {
	switch s := c.PixelSpec.(type) {
	case layers.PixelCNN:
		return c.appendCNN(b, s)
	case layers.PixelCNNMixture:
		return c.appendMixture(b, s)
	}
	panic("model: no network over pixels of this kind")
}

// parse reads a PixelConfig as strictly as a Config is read.
func (c *PixelConfig) parse(b []byte) (err error) {
	var peek struct{ Network json.RawMessage }
	if json.NewDecoder(bytes.NewReader(b)).Decode(&peek) == nil && peek.Network != nil {
		err = c.parseMixture(b)
	} else {
		err = c.parseCNN(b)
	}
	if err != nil {
		return err
	}
	return c.Check()
}

// A bound is a number and the range that it must be in.
type bound struct {
	name     string
	value    int
	min, max int
}

// checkBounds returns an error that names the first number that is out of range, also of
// what all networks over pixels have.
func (c PixelConfig) checkBounds(bounds ...bound) error {
	bounds = append([]bound{{"height", c.Height, 1, MaxSide}, {"width", c.Width, 1, MaxSide}}, bounds...)
	for _, n := range bounds {
		if n.value < n.min || n.value > n.max {
			return fmt.Errorf("%s is %d: want %d to %d", n.name, n.value, n.min, n.max)
		}
	}
	if n := c.Channels(); n != 1 && n != 3 {
		return fmt.Errorf("channels is %d: want 1 (grey) or 3 (colour)", n)
	}
	return nil
}

// checkParams returns an error if a network of so many filters and blocks is too large.
func (c PixelConfig) checkParams(filters, blocks int) error {
	if p := c.Params(); p > MaxParams {
		return fmt.Errorf("%d filters and %d blocks make %d parameters: want at most %d", filters, blocks, p, MaxParams)
	}
	return nil
}

// readInt reads an integer member of an object.
func readInt(n *int) func(d *json.Decoder) error {
	return func(d *json.Decoder) error { return integer(d, n) }
}
