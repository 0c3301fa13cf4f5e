package model

import "github.com/autoreg/autoreg/layers"

// Describe returns the layers of a text model from input to output, without making it.
func (c Config) Describe() []layers.Info { return c.stack().Describe() }

// Describe returns the layers of an image model from input to output, without making it.
func (c PixelConfig) Describe() (list []layers.Info) {
	for _, l := range c.Convs() {
		list = append(list, l.Describe())
	}
	return list
}
