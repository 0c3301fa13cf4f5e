package main

import (
	"context"
	_ "embed"
	"errors"
	"io"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/apierror"
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
	switch {
	case compiledIn(name) != nil:
		return name + ", compiled in"
	case name == stdinName:
		return "standard input"
	}
	return name
}

// modelFlag defines the flag that names a model.
func modelFlag(fs *pflag.FlagSet, name *string, value string) {
	fs.StringVarP(name, "model", "m", value, "model `FILE`, - for standard input, or the name of one that is compiled in: "+cookbooksName+" (text), "+clothesName+" (images)")
}

// openText opens the text model called name.
func (a *app) openText(ctx context.Context, name string) (*autoreg.Model, error) {
	return await(ctx, func() (*autoreg.Model, error) {
		f, err := a.openModelFile(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		m, err := loadFrom(f, autoreg.Load)
		if errors.Is(err, autoreg.ErrKind) {
			if _, e := loadFrom(f, autoreg.LoadPixel); e == nil {
				err = apierror.Errorf("%w: draw with it by autoreg paint, or name a text model with --model", err)
			}
		}
		return m, err
	})
}

// openPixels opens the image model called name.
func (a *app) openPixels(ctx context.Context, name string) (*autoreg.PixelModel, error) {
	return await(ctx, func() (*autoreg.PixelModel, error) {
		f, err := a.openModelFile(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		m, err := loadFrom(f, autoreg.LoadPixel)
		if errors.Is(err, autoreg.ErrKind) {
			if _, e := loadFrom(f, autoreg.Load); e == nil {
				err = apierror.Errorf("%w: write with it by autoreg generate, or name an image model with --model", err)
			}
		}
		return m, err
	})
}

// An anyModel is a model of either kind: one of text and pixels is nil.
type anyModel struct {
	text   *autoreg.Model
	pixels *autoreg.PixelModel
}

// openEither opens the model called name, whichever of the two it is.
func (a *app) openEither(ctx context.Context, name string) (anyModel, error) {
	return await(ctx, func() (anyModel, error) {
		f, err := a.openModelFile(name)
		if err != nil {
			return anyModel{}, err
		}
		defer f.Close()
		return loadEither(f)
	})
}

// loadEither loads the model of either kind in f.
func loadEither(f *modelFile) (m anyModel, err error) {
	m.text, err = loadFrom(f, autoreg.Load)
	if errors.Is(err, autoreg.ErrKind) {
		m.pixels, err = loadFrom(f, autoreg.LoadPixel)
	}
	return m, err
}

// loadFrom loads a model of one kind.
func loadFrom[M any](f *modelFile, load func(io.Reader, *autoreg.LoadOptions) (*M, error)) (*M, error) {
	r, err := f.start()
	if err == nil {
		var m *M
		if m, err = load(r, nil); err == nil {
			return m, nil
		}
	}
	return nil, &fileError{describeModel(f.name), err}
}
