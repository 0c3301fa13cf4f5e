package model

import (
	"encoding/json"
	"fmt"

	"github.com/autoreg/autoreg/layers"
)

func (c PixelConfig) checkCNN(s layers.PixelCNN) error {
	err := c.checkBounds(
		bound{"levels", s.Levels, 2, MaxLevels},
		bound{"filters", s.Filters, 2 * max(1, min(s.Channels, 3)), MaxFilters},
		bound{"blocks", s.Blocks, 0, MaxBlocks},
		bound{"kernel", s.Kernel, 1, MaxKernel})
	if err != nil {
		return err
	}
	if s.Kernel%2 == 0 {
		return fmt.Errorf("kernel is %d: want an odd number", s.Kernel)
	}
	return c.checkParams(s.Filters, s.Blocks)
}

func (c PixelConfig) appendCNN(b []byte, s layers.PixelCNN) []byte {
	return fmt.Appendf(b, `{"kind":"pixelcnn","channels":%d,"levels":%d,"height":%d,"width":%d,"filters":%d,"blocks":%d,"kernel":%d}`,
		s.Channels, s.Levels, c.Height, c.Width, s.Filters, s.Blocks, s.Kernel)
}

func (c *PixelConfig) parseCNN(b []byte) error {
	var s layers.PixelCNN
	err := parseObject(b, kindPixels, map[string]func(d *json.Decoder) error{
		"channels": readInt(&s.Channels),
		"levels":   readInt(&s.Levels),
		"height":   readInt(&c.Height),
		"width":    readInt(&c.Width),
		"filters":  readInt(&s.Filters),
		"blocks":   readInt(&s.Blocks),
		"kernel":   readInt(&s.Kernel),
	})
	c.PixelSpec = s
	return err
}
