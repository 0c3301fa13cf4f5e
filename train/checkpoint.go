package train

import (
	"encoding/json"
	"fmt"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// A checkpoint is a model file (see package model) with one more metadata key,
// model.KeyCheckpoint, that holds a checkpoint as JSON, and these tensors:
//
//	optimizer.m.NAME     Adam's first moment of the parameter NAME
//	optimizer.v.NAME     Adam's second moment
//	optimizer.best.NAME  its value after the best epoch; only with Patience
//
// for every NAME of parameterTensors. There is nothing in it about time, threads,
// paths or the machine: runs that are equally far have equal checkpoints, byte
// for byte.
type checkpoint struct {
	Version int    `json:"version"`
	Corpus  string `json:"corpus"` // SHA-256 of the encoded documents
	Options
	progress
}

const checkpointVersion = 1

// Prefixes of a checkpoint's tensors.
const (
	prefixM    = model.OptimizerPrefix + "m."
	prefixV    = model.OptimizerPrefix + "v."
	prefixBest = model.OptimizerPrefix + "best."
)

// SaveCheckpoint writes the state of the run to path, atomically: see
// weights.WriteFile. Run does so by itself.
func (t *Trainer) SaveCheckpoint(path string) error {
	if err := weights.WriteFile(path, t.checkpointFile()); err != nil {
		return fmt.Errorf("train: the checkpoint is not saved, what %s held before is untouched: %w", path, inner{err})
	}
	return nil
}

// checkpointFile returns the content of a checkpoint. Some of it is the run's own
// memory: it is good until the next step.
func (t *Trainer) checkpointFile() *weights.File {
	meta, err := json.Marshal(checkpoint{checkpointVersion, t.corpus, t.options, t.progress})
	if err != nil {
		panic("train: a checkpoint holds a number that is not finite") // step lets none in
	}
	f := t.model.File()
	f.Metadata[model.KeyCheckpoint] = string(meta)
	f.Tensors = append(f.Tensors, parameterTensors(prefixM, t.optimiser.m)...)
	f.Tensors = append(f.Tensors, parameterTensors(prefixV, t.optimiser.v)...)
	if t.best != nil {
		f.Tensors = append(f.Tensors, parameterTensors(prefixBest, t.best)...)
	}
	return f
}

// parameterTensors returns copies of the parameters of net in PyTorch's layout,
// each name with a prefix. The LSTM's two biases are one here.
func parameterTensors(prefix string, net *layers.Stack) []weights.Tensor {
	V, E := net.Embedding.Symbols, net.Embedding.Dim
	H := lstmOf(net).OutLen()
	wih, whh, bias := lstmOf(net).Weights()
	out, outBias := net.Head.Weights()
	return []weights.Tensor{
		{Name: prefix + nameEmbedding, Shape: []int{V, E}, Data: net.Embedding.Weight},
		{Name: prefix + nameInput, Shape: []int{4 * H, E}, Data: wih},
		{Name: prefix + nameRecurrent, Shape: []int{4 * H, H}, Data: whh},
		{Name: prefix + nameLSTMBias, Shape: []int{4 * H}, Data: bias},
		{Name: prefix + nameHead, Shape: []int{V, H}, Data: out},
		{Name: prefix + nameHeadBias, Shape: []int{V}, Data: outBias},
	}
}

// takeParameters sets the parameters of net from the tensors that
// parameterTensors made.
func takeParameters(p *weights.Picker, prefix string, net *layers.Stack) error {
	var data [6][]float32
	for i, t := range parameterTensors(prefix, net) {
		var err error
		if data[i], err = p.Take(t.Name, t.Shape...); err != nil {
			return err
		}
	}
	copy(net.Embedding.Weight, data[0])
	lstmOf(net).SetWeights(data[1], data[2], data[3])
	net.Head.SetWeights(data[4], data[5])
	return nil
}
