package model

import (
	"testing"

	"github.com/autoreg/autoreg/layers"
)

// The description without weights is that of the network with them.
func TestDescribe(t *testing.T) {
	for _, c := range []Config{small, {Symbols: 10000, Embedding: 100, Layers: []layers.Spec{&layers.LSTMSpec{Units: 128}, &layers.LSTMSpec{Units: 128}}, Length: 200}} {
		var sum int64
		list := c.Describe()
		for i, l := range list {
			sum += int64(l.Params)
			if l.Effective != l.Params || i > 0 && l.In != list[i-1].Out {
				t.Errorf("%+v: layer %+v", c, l)
			}
		}
		if sum != c.Params() {
			t.Errorf("%+v: %d parameters, want %d", c, sum, c.Params())
		}
	}
	for _, c := range []PixelConfig{
		smallPixels,
		{Height: 4, Width: 4, PixelSpec: layers.PixelCNN{Channels: 1, Levels: 2, Filters: 7, Blocks: 2, Kernel: 1}},
		{Height: 4, Width: 4, PixelSpec: layers.PixelCNN{Channels: 3, Levels: 5, Filters: 20, Blocks: 2, Kernel: 5}},
		{Height: 4, Width: 4, PixelSpec: layers.PixelCNN{Channels: 3, Levels: 256, Filters: 11, Blocks: 0, Kernel: 1}},
		{Height: 1, Width: 1, PixelSpec: layers.PixelCNN{Channels: 1, Levels: 4, Filters: 128, Blocks: 5, Kernel: 7}},
		{Height: 1, Width: 1, PixelSpec: layers.PixelCNN{Channels: 3, Levels: 256, Filters: 50, Blocks: 1, Kernel: 1}},
		{Height: 1, Width: 1, PixelSpec: layers.PixelCNN{Channels: 1, Levels: 2, Filters: 2, Blocks: 0, Kernel: 3}},
	} {
		list, convs := c.Describe(), layers.NewPixelNet(c.PixelSpec).Convs()
		if len(list) != len(convs) {
			t.Fatalf("%+v: %d layers, want %d", c, len(list), len(convs))
		}
		for i, l := range convs {
			want := list[i]
			want.Name, want.In, want.Out, want.Params, want.Effective = l.Name, l.InLen(), l.OutLen(), l.Params(), l.Effective()
			if list[i] != want {
				t.Errorf("%+v: layer %d is %+v, want %+v", c, i, list[i], want)
			}
		}
	}
}
