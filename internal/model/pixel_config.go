package model

import (
	"encoding/json"
	"fmt"

	"github.com/autoreg/autoreg/layers"
)

// Limits on a PixelConfig.
const (
	MaxSide    = 1 << 12 // height, width
	MaxLevels  = 256
	MaxFilters = 1 << 13
	MaxBlocks  = 1 << 10
	MaxKernel  = 63
)

// PixelConfig is the shape of a PixelCNN and of the images that it was trained on.
// In a file it is
//
//	{"kind":"pixelcnn","channels":1,"levels":4,"height":16,"width":16,"filters":128,"blocks":5,"kernel":7}
//
// where the order of members and blanks are free, and nothing else is.
type PixelConfig struct {
	Height, Width int // of a training image, for information
	layers.PixelCNN
}

// Params returns the number of parameters as stored, closed taps included.
func (c PixelConfig) Params() int64 { return c.Sizes().Params }

// Check returns an error that names the first number that is out of range.
func (c PixelConfig) Check() error {
	for _, n := range []struct {
		name     string
		value    int
		min, max int
	}{
		{"levels", c.Levels, 2, MaxLevels},
		{"height", c.Height, 1, MaxSide},
		{"width", c.Width, 1, MaxSide},
		{"filters", c.Filters, 2 * max(1, min(c.Channels, 3)), MaxFilters},
		{"blocks", c.Blocks, 0, MaxBlocks},
		{"kernel", c.Kernel, 1, MaxKernel},
	} {
		if n.value < n.min || n.value > n.max {
			return fmt.Errorf("%s is %d: want %d to %d", n.name, n.value, n.min, n.max)
		}
	}
	switch {
	case c.Channels != 1 && c.Channels != 3:
		return fmt.Errorf("channels is %d: want 1 (grey) or 3 (colour)", c.Channels)
	case c.Kernel%2 == 0:
		return fmt.Errorf("kernel is %d: want an odd number", c.Kernel)
	}
	if p := c.Params(); p > MaxParams {
		return fmt.Errorf("%d filters and %d blocks make %d parameters: want at most %d", c.Filters, c.Blocks, p, MaxParams)
	}
	return nil
}

// appendJSON appends the form that is written.
func (c PixelConfig) appendJSON(b []byte) []byte {
	return fmt.Appendf(b, `{"kind":"pixelcnn","channels":%d,"levels":%d,"height":%d,"width":%d,"filters":%d,"blocks":%d,"kernel":%d}`,
		c.Channels, c.Levels, c.Height, c.Width, c.Filters, c.Blocks, c.Kernel)
}

// parse reads a PixelConfig as strictly as a Config is read.
func (c *PixelConfig) parse(b []byte) error {
	read := func(n *int) func(d *json.Decoder) error {
		return func(d *json.Decoder) error { return integer(d, n) }
	}
	err := parseObject(b, kindPixels, map[string]func(d *json.Decoder) error{
		"channels": read(&c.Channels),
		"levels":   read(&c.Levels),
		"height":   read(&c.Height),
		"width":    read(&c.Width),
		"filters":  read(&c.Filters),
		"blocks":   read(&c.Blocks),
		"kernel":   read(&c.Kernel),
	})
	if err != nil {
		return err
	}
	return c.Check()
}
