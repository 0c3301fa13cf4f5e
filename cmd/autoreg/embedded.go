package main

import (
	"bytes"
	_ "embed"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg"
)

// The model that the command uses unless told otherwise: trained on two cook books
// in the public domain by the command line in TRAINING.md.
//
//go:embed cookbooks.safetensors
var embedded []byte

const embeddedName = "cookbooks, compiled in"

// modelFlag defines the flag that names a model file.
func modelFlag(fs *pflag.FlagSet, path *string) {
	fs.StringVarP(path, "model", "m", "", "model `FILE` (default the one compiled in, trained on two old cook books)")
}

// openModel opens the model at path, or the embedded one for "".
func openModel(path string) (m *autoreg.Model, name string, err error) {
	if path != "" {
		m, err = autoreg.Open(path)
		return m, path, err
	}
	if m, err = autoreg.Load(bytes.NewReader(embedded), nil); err != nil {
		err = &fileError{"the model compiled in", err}
	}
	return m, embeddedName, err
}
