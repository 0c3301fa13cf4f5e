package model

import (
	"fmt"
	"maps"

	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// A Pixel is a model of images: a PixelCNN.
type Pixel struct {
	Config PixelConfig
	Net    *layers.PixelCNN

	Metadata map[string]string // see Text
}

// NewPixel returns a model of zero weights. It panics if c.Check would fail.
func NewPixel(c PixelConfig) *Pixel {
	if c.Check() != nil {
		panic("model: NewPixel: invalid config")
	}
	return &Pixel{Config: c, Net: layers.NewPixelCNN(c.PixelConfig)}
}

// File returns the content of the model's file, all of it copies.
func (m *Pixel) File() *weights.File {
	meta := free(m.Metadata)
	maps.Copy(meta, map[string]string{
		KeyFormat:  format,
		KeyVersion: formatVersion,
		KeyConfig:  string(m.Config.appendJSON(nil)),
	})
	return &weights.File{Metadata: meta, Tensors: PixelTensors("", m.Net)}
}

// PixelTensors returns copies of the weights of net, each name with a prefix.
func PixelTensors(prefix string, net *layers.PixelCNN) (list []weights.Tensor) {
	for _, l := range net.Convs() {
		w, b := l.Weights()
		list = append(list,
			weights.Tensor{Name: prefix + l.Name + ".weight", Shape: kernelShape(l), Data: w},
			weights.Tensor{Name: prefix + l.Name + ".bias", Shape: []int{l.OutLen()}, Data: b})
	}
	return list
}

func kernelShape(l layers.PixelConv) []int {
	return []int{l.OutLen(), l.InLen(), l.Kernel(), l.Kernel()}
}

// TakePixelTensors sets the weights of net from tensors that PixelTensors made.
// If it returns an error net is as it was.
func TakePixelTensors(p *weights.Picker, prefix string, net *layers.PixelCNN) error {
	convs := net.Convs()
	data := make([][2][]float32, len(convs))
	for i, l := range convs {
		var err error
		if data[i][0], err = p.Take(prefix+l.Name+".weight", kernelShape(l)...); err != nil {
			return err
		}
		if data[i][1], err = p.Take(prefix+l.Name+".bias", l.OutLen()); err != nil {
			return err
		}
	}
	for i, l := range convs {
		l.SetWeights(data[i][0], data[i][1])
	}
	return nil
}

// PixelConfigOf returns the shape of the image model whose file has this metadata.
// Errors wrap weights.ErrFormat.
func PixelConfigOf(meta map[string]string) (PixelConfig, error) {
	var c PixelConfig
	err := readConfig(&weights.File{Metadata: meta}, c.parse)
	return c, err
}

// PixelFromFile builds the model that f holds; what makes f a checkpoint is left
// aside. It keeps nothing of f. Weights of closed taps may be anything and are of no
// effect, for other programs' files may hold what an optimiser left there. Any other
// weight that is NaN or infinite is an error. Errors wrap weights.ErrFormat.
func PixelFromFile(f *weights.File) (*Pixel, error) {
	var c PixelConfig
	if err := readConfig(f, c.parse); err != nil {
		return nil, err
	}
	// The file holds every weight that the network is going to have.
	var have int64
	for _, t := range f.Tensors {
		have += int64(len(t.Data))
	}
	if want := c.Params(); have < want {
		return nil, bad("the tensors hold %d values, a model of this shape has %d parameters", have, want)
	}
	m := NewPixel(c)
	m.Metadata = free(f.Metadata)
	p := f.Pick()
	if err := TakePixelTensors(p, "", m.Net); err != nil {
		return nil, err
	}
	if err := checkRest(f, p); err != nil {
		return nil, err
	}
	if checkFinite(f) != nil { // perhaps at closed taps only, which m has as 0
		if err := checkFinite(m.File()); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// String returns the shape in words.
func (c PixelConfig) String() string {
	colour := "grey"
	if c.Channels == 3 {
		colour = "colour"
	}
	return fmt.Sprintf("%d×%d pixels, %s, %d levels", c.Width, c.Height, colour, c.Levels)
}
