package main

import (
	_ "embed"
	"errors"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/train/corpus"
)

// The text model that is compiled in, trained on two cook books in the public domain by
// the command line in TRAINING.md.
//
//go:embed cookbooks.safetensors
var cookbooks []byte

const cookbooksName = "cookbooks"

var textKind = kind{
	is:    isA[*autoreg.TextModel],
	of:    "text",
	model: "a text model",
	use:   "write with it by autoreg generate",
	train: "text",

	example: cookbooksName,
	data:    cookbooks,

	sizes:    defineTextSizes,
	describe: describeTextModel,
	scorer:   textScorer,

	formats:    formats,
	scoreFlags: []string{"field", "max-tokens", "lines", "top", "tokens", "prefix", "max-document", "max-corpus"},
}

// formats are the names of a corpus file's formats, as flags take them.
var formats = []string{corpus.FormatAuto, corpus.FormatRecipes, corpus.FormatJSON, corpus.FormatLines, corpus.FormatParagraphs, corpus.FormatText}

// textSizes are the flags of info for the sizes of a text model.
var textSizes = []string{"symbols", "embedding", "units", "layers", "tied"}

func defineTextSizes(fs *pflag.FlagSet) sizes {
	c := &model.Config{Length: 1}
	intFlag(fs, &c.Symbols, "symbols", "", 0, 1, model.MaxSymbols, "tokens of a text model, those for stop and unknown included")
	intFlag(fs, &c.Embedding, "embedding", "", 0, 1, model.MaxWidth, "length of the vector of a token")
	var l layerFlags
	l.define(fs, 0)
	return sizes{textSizes, func(j *infoJob) (err error) {
		if len(j.given([]string{"symbols", "embedding"})) < 2 || len(j.given([]string{"units", "layers"})) != 1 {
			return usagef("--symbols and --embedding go together with --units or --layers: give all three")
		}
		if c.Layers, c.Tied, err = l.layers(fs); err != nil {
			return err
		}
		// A stack that reads in both directions can be described, though it writes no text.
		if err := c.Check(); err != nil && !errors.Is(err, layers.ErrNotSequential) {
			return usagef("%v", err)
		}
		list := c.Describe()
		if j.asJSON {
			return j.writeJSON(layersJSON(list))
		}
		return writeLayers(j.out, list)
	}}
}
