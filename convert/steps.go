package convert

import (
	"slices"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
)

// Kinds of modules, as a Step names them.
const (
	KindEmbedding = "embedding"
	KindLSTM      = "lstm"
	KindGRU       = "gru"
	KindRNN       = "rnn"
	KindDense     = "dense"
	KindNone      = "none" // leave the module out
)

var kinds = []string{KindEmbedding, KindLSTM, KindGRU, KindRNN, KindDense, KindNone}

// A Step is a module of a PyTorch state dict and its place in the network.
type Step struct {
	Module     string // the prefix of its tensors' names, without the last point
	Kind       string // "" for what its tensors say
	Activation string // of a linear layer or an RNN; "" for none, and tanh
}

// ParseSteps reads a list of modules, input to output: of each its name, and where its
// tensors leave a doubt its kind and activation.
//
//	encoder=embedding,rnn,fc1=dense:relu,decoder
func ParseSteps(text string) (list []Step, err error) {
	for _, word := range strings.Split(text, ",") {
		name, kind, _ := strings.Cut(strings.TrimSpace(word), "=")
		kind, activation, _ := strings.Cut(kind, ":")
		switch {
		case name == "" && len(text) > 0 && kind == "":
			return nil, apierror.Errorf("%q has an empty name between its commas", text)
		case kind != "" && !slices.Contains(kinds, kind):
			return nil, apierror.Errorf("%q is no kind of module: want %s", kind, strings.Join(kinds, ", "))
		}
		list = append(list, Step{Module: name, Kind: kind, Activation: activation})
	}
	return list, nil
}
