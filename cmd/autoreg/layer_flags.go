package main

import (
	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
)

// layerFlags are the flags for the layers of a network over tokens.
type layerFlags struct {
	list  string
	units int
	tied  bool
}

// define defines the flags. units is the default of the one LSTM that there is without
// --layers.
func (l *layerFlags) define(fs *pflag.FlagSet, units int) {
	intFlag(fs, &l.units, "units", "", units, 1, model.MaxWidth, "units of the LSTM, if there is no --layers")
	fs.StringVar(&l.list, "layers", "", "`LAYERS` between embedding and output, each a kind and its units: \"lstm:128,lstm:128\", \"gru:100:reset=before\", \"rnn:64:activation=relu\" (default one LSTM of --units)")
	fs.BoolVar(&l.tied, "tied", false, "give the output layer the weights of the embedding, whose length is then that of the last layer's outputs")
}

// layers returns the layers of the flags.
func (l *layerFlags) layers(fs *pflag.FlagSet) ([]layers.Spec, bool, error) {
	if l.list == "" {
		return []layers.Spec{&layers.LSTMSpec{Units: l.units}}, l.tied, nil
	}
	if fs.Changed("units") {
		return nil, false, usagef("--units is for the model without --layers: give one of the two")
	}
	list, err := layers.ParseSpecs(l.list)
	if err != nil {
		return nil, false, usagef("--layers %s: %v", shellQuote(l.list), err)
	}
	return list, l.tied, nil
}
