package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg"
)

// compiledIn returns the file of the model that is compiled in under a name, or nil.
func compiledIn(name string) []byte {
	for _, k := range kinds {
		if k.example == name {
			return k.data
		}
	}
	return nil
}

// describeModel returns how messages name the model called name.
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
	fs.StringVarP(name, "model", "m", value, "model `FILE`, - for standard input, or the name of one that is compiled in: "+examples())
}

// openModel opens the model called name, which must be an M. The error for another kind
// says what that kind is for.
func openModel[M autoreg.Model](ctx context.Context, a *app, name string) (M, error) {
	return await(ctx, func() (m M, err error) {
		f, err := a.openModelFile(name)
		if err != nil {
			return m, err
		}
		defer f.Close()
		m, err = loadFrom[M](f)
		if wanted := kindOf(m); errors.Is(err, autoreg.ErrKind) && wanted != nil {
			if other, e := loadFrom[autoreg.Model](f); e == nil {
				err = fmt.Errorf("%w: %s, or name %s with --model", err, kindOf(other).use, wanted.model)
			}
		}
		return m, err
	})
}

// loadFrom loads a model that must be an M.
func loadFrom[M autoreg.Model](f *modelFile) (m M, err error) {
	r, err := f.start()
	if err == nil {
		if m, err = autoreg.Load[M](r, nil); err == nil {
			return m, nil
		}
	}
	return m, &fileError{describeModel(f.name), err}
}
