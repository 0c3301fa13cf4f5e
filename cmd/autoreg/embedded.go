package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg"
)

// The models that are compiled in, each trained by the command line in TRAINING.md:
// one of text, on two cook books in the public domain, and one of images, on
// Fashion-MNIST (see clothes.LICENSE).
var (
	//go:embed cookbooks.safetensors
	cookbooks []byte
	//go:embed clothes.safetensors
	clothes []byte
)

// Their names for --model.
const (
	cookbooksName = "cookbooks"
	clothesName   = "clothes"
)

// compiledIn returns the file of the model that is compiled in under a name, or nil.
func compiledIn(name string) []byte {
	switch name {
	case cookbooksName:
		return cookbooks
	case clothesName:
		return clothes
	}
	return nil
}

// describeModel returns how to speak of the model called name.
func describeModel(name string) string {
	if compiledIn(name) != nil {
		return name + ", compiled in"
	}
	return name
}

// modelFlag defines the flag that names a model.
func modelFlag(fs *pflag.FlagSet, name *string, value string) {
	fs.StringVarP(name, "model", "m", value, "model `FILE`, or the name of one that is compiled in: "+cookbooksName+" (text), "+clothesName+" (images)")
}

// openText opens the text model called name.
func openText(name string) (*autoreg.Model, error) {
	m, err := openModel(name, autoreg.Load, autoreg.Open)
	if errors.Is(err, autoreg.ErrKind) {
		if _, e := openModel(name, autoreg.LoadPixel, autoreg.OpenPixel); e == nil {
			err = fmt.Errorf("%w: draw with it by autoreg paint, or name a text model with --model", err)
		}
	}
	return m, err
}

// openPixels opens the image model called name.
func openPixels(name string) (*autoreg.PixelModel, error) {
	m, err := openModel(name, autoreg.LoadPixel, autoreg.OpenPixel)
	if errors.Is(err, autoreg.ErrKind) {
		if _, e := openModel(name, autoreg.Load, autoreg.Open); e == nil {
			err = fmt.Errorf("%w: write with it by autoreg generate, or name an image model with --model", err)
		}
	}
	return m, err
}

// openEither opens the model called name, whichever of the two it is.
func openEither(name string) (text *autoreg.Model, pixels *autoreg.PixelModel, err error) {
	text, err = openModel(name, autoreg.Load, autoreg.Open)
	if errors.Is(err, autoreg.ErrKind) {
		pixels, err = openModel(name, autoreg.LoadPixel, autoreg.OpenPixel)
	}
	return text, pixels, err
}

func openModel[M any](name string, load func(io.Reader, *autoreg.LoadOptions) (*M, error), open func(string) (*M, error)) (*M, error) {
	data := compiledIn(name)
	if data == nil {
		return open(name)
	}
	m, err := load(bytes.NewReader(data), nil)
	if err != nil {
		return nil, &fileError{describeModel(name), err}
	}
	return m, nil
}
