// Package model maps models to their files and back. The root package loads
// models with it, package train saves them.
//
// A model file is a weights.File with this metadata:
//
//	format          "autoreg"
//	format_version  "1"
//	config          JSON, see Config and PixelConfig
//	tokenizer       JSON, see tokenizer.Tokenizer.MarshalJSON; only a text model's
//
// and tensors that are named and laid out as PyTorch has them. A text model of V
// symbols, an embedding of E and H units has
//
//	embedding.weight   [V, E]
//	lstm.weight_ih_l0  [4·H, E]  gates in the order i, f, g, o
//	lstm.weight_hh_l0  [4·H, H]
//	lstm.bias_ih_l0    [4·H]
//	lstm.bias_hh_l0    [4·H]     written as 0
//	output.weight      [V, H]
//	output.bias        [V]
//
// and a PixelCNN, for each of its layers (see layers.PixelCNN.Convs),
//
//	NAME.weight        [Out, In, k, k]  written as 0 where the mask is closed, read as 0
//	NAME.bias          [Out]
//
// Package weights adds a checksum of all that. A checkpoint is the same with one more
// metadata key, "checkpoint", and tensors whose names begin with "optimizer.". No
// other tensor may be there and nothing may be missing.
//
// Package train adds "training", which says where the model comes from: see
// train.Record. Metadata under any other key is free: other programs add an author or a licence.
// It has no meaning here, stays with the model and is written again with it.
package model

import (
	"maps"
	"slices"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// Metadata keys, and the prefix of the tensors that only a checkpoint has.
const (
	KeyFormat     = "format"
	KeyVersion    = "format_version"
	KeyConfig     = "config"
	KeyTokenizer  = "tokenizer"
	KeyCheckpoint = "checkpoint"
	KeyTraining   = "training" // free metadata: see train.Record

	OptimizerPrefix = "optimizer."
)

const (
	format        = "autoreg"
	formatVersion = "1"

	kindText   = "text"
	kindPixels = "pixelcnn"
)

// ownKeys are the metadata keys that have a meaning here or in package weights.
var ownKeys = []string{KeyFormat, KeyVersion, KeyConfig, KeyTokenizer, KeyCheckpoint, weights.KeyChecksum}

// free returns a copy of the metadata under keys other than ownKeys, never nil.
func free(meta map[string]string) map[string]string {
	rest := make(map[string]string)
	for key, value := range meta {
		if !slices.Contains(ownKeys, key) {
			rest[key] = value
		}
	}
	return rest
}

// A Text is a word-by-word text model: Embedding, LSTM, Linear. Stack.Symbols
// is Config.Symbols, which is at least Tokenizer.Len.
type Text struct {
	Config    Config
	Tokenizer *tokenizer.Tokenizer
	Stack     *layers.Stack

	// Metadata is written into the file beside what describes the model; keys that
	// have a meaning there are left out. It may be nil.
	Metadata map[string]string
}

// New returns a model of zero weights. It panics if c.Check would fail or
// c.Symbols is less than tok.Len.
func New(c Config, tok *tokenizer.Tokenizer) *Text {
	if c.Check() != nil || c.Symbols < tok.Len() {
		panic("model: New: invalid config")
	}
	return assemble(c, tok, layers.NewEmbedding(c.Symbols, c.Embedding))
}

// assemble returns a model of zero weights but for the embedding.
func assemble(c Config, tok *tokenizer.Tokenizer, e *layers.Embedding) *Text {
	return &Text{
		Config:    c,
		Tokenizer: tok,
		Stack: &layers.Stack{
			Embedding: e,
			Layers:    []layers.Layer{layers.NewLSTM(c.Embedding, c.Units)},
			Head:      layers.NewLinear(c.Units, c.Symbols),
		},
	}
}

// LSTM returns the model's one recurrent layer.
func (t *Text) LSTM() *layers.LSTM { return t.Stack.Layers[0].(*layers.LSTM) }

// File returns the content of the model's file. The embedding's data is the
// model's own slice, the other tensors are copies.
func (t *Text) File() *weights.File {
	c := t.Config
	V, E, H := c.Symbols, c.Embedding, c.Units
	tok, err := t.Tokenizer.MarshalJSON()
	if err != nil {
		panic("model: File: no tokenizer")
	}
	wih, whh, bias := t.LSTM().Weights()
	out, outBias := t.Stack.Head.Weights()
	meta := free(t.Metadata)
	maps.Copy(meta, map[string]string{
		KeyFormat:    format,
		KeyVersion:   formatVersion,
		KeyConfig:    string(c.appendJSON(nil)),
		KeyTokenizer: string(tok),
	})
	return &weights.File{
		Metadata: meta,
		Tensors: []weights.Tensor{
			{Name: "embedding.weight", Shape: []int{V, E}, Data: t.Stack.Embedding.Weight},
			{Name: "lstm.weight_ih_l0", Shape: []int{4 * H, E}, Data: wih},
			{Name: "lstm.weight_hh_l0", Shape: []int{4 * H, H}, Data: whh},
			{Name: "lstm.bias_ih_l0", Shape: []int{4 * H}, Data: bias},
			{Name: "lstm.bias_hh_l0", Shape: []int{4 * H}, Data: make([]float32, 4*H)},
			{Name: "output.weight", Shape: []int{V, H}, Data: out},
			{Name: "output.bias", Shape: []int{V}, Data: outBias},
		},
	}
}

// FromFile builds the model that f holds; what makes f a checkpoint is left
// aside. The model takes over the embedding's data; otherwise it keeps nothing
// of f. Everything is checked before anything is built, so that what is
// allocated is proportional to what f holds. A weight that is NaN or infinite is an
// error. Errors wrap weights.ErrFormat.
func FromFile(f *weights.File) (*Text, error) {
	var c Config
	if err := readConfig(f, c.parse, KeyTokenizer); err != nil {
		return nil, err
	}
	tok := new(tokenizer.Tokenizer)
	if err := tok.UnmarshalJSON([]byte(f.Metadata[KeyTokenizer])); err != nil {
		return nil, bad("metadata %q: %w", KeyTokenizer, err)
	}
	if c.Symbols < tok.Len() {
		return nil, bad("the vocabulary has %d words, the model only %d symbols", tok.Len(), c.Symbols)
	}
	p := f.Pick()
	V, E, H := c.Symbols, c.Embedding, c.Units
	var fail error
	take := func(name string, shape ...int) []float32 {
		data, err := p.Take(name, shape...)
		if fail == nil {
			fail = err
		}
		return data
	}
	embedding := take("embedding.weight", V, E)
	wih, whh := take("lstm.weight_ih_l0", 4*H, E), take("lstm.weight_hh_l0", 4*H, H)
	bih, bhh := take("lstm.bias_ih_l0", 4*H), take("lstm.bias_hh_l0", 4*H)
	out, outBias := take("output.weight", V, H), take("output.bias", V)
	if fail != nil {
		return nil, fail
	}
	if err := checkRest(f, p); err != nil {
		return nil, err
	}
	if err := checkFinite(f); err != nil {
		return nil, err
	}
	bias := fold(bih, bhh)
	if i := notFinite(bias); i >= 0 {
		return nil, badWeight("the sum of tensors lstm.bias_ih_l0 and lstm.bias_hh_l0", []int{4 * H}, i, bias[i])
	}

	t := assemble(c, tok, &layers.Embedding{Symbols: V, Dim: E, Weight: embedding})
	t.LSTM().SetWeights(wih, whh, bias)
	t.Stack.Head.SetWeights(out, outBias)
	t.Metadata = free(f.Metadata)
	return t, nil
}

// fold returns a + b. Where b is 0, as in the files that we write, the result is
// a to the bit, -0 and all: reading and writing change nothing.
func fold(a, b []float32) []float32 {
	sum := make([]float32, len(a))
	for i, v := range a {
		if b[i] != 0 {
			v += b[i]
		}
		sum[i] = v
	}
	return sum
}

// readConfig checks the metadata of f and parses its configuration. Apart from
// what all models have there must be the given keys. Others are free, but for those
// of another kind of model.
func readConfig(f *weights.File, parse func([]byte) error, keys ...string) error {
	if err := checkFormat(f.Metadata); err != nil {
		return err
	}
	text, ok := f.Metadata[KeyConfig]
	if !ok {
		return bad("metadata %q is missing", KeyConfig)
	}
	if err := parse([]byte(text)); err != nil { // says first if the model is of another kind
		return bad("metadata %q: %w", KeyConfig, err)
	}
	for _, key := range keys {
		if _, ok := f.Metadata[key]; !ok {
			return bad("metadata %q is missing", key)
		}
	}
	if _, ok := f.Metadata[KeyTokenizer]; ok && !slices.Contains(keys, KeyTokenizer) {
		return bad("metadata %q belongs to a model of text, and this is none", KeyTokenizer)
	}
	return nil
}

func checkFormat(meta map[string]string) error {
	if got, ok := meta[KeyFormat]; !ok {
		return bad("no metadata %q: this is not an autoreg model", KeyFormat)
	} else if got != format {
		return bad("metadata %q is %.40q, want %q: this is not an autoreg model", KeyFormat, got, format)
	}
	if got := meta[KeyVersion]; got != formatVersion {
		return bad("metadata %q is %.40q and this program reads %q", KeyVersion, got, formatVersion)
	}
	return nil
}

// checkRest accepts what a checkpoint has beside a model, and nothing else.
func checkRest(f *weights.File, p *weights.Picker) error {
	_, checkpoint := f.Metadata[KeyCheckpoint]
	optimizer := false
	for _, name := range p.Rest() {
		if !strings.HasPrefix(name, OptimizerPrefix) {
			if !checkpoint {
				return p.Finish()
			}
			return bad("tensor %.80q is neither the model's nor the optimizer's", name)
		}
		optimizer = true
	}
	switch {
	case optimizer && !checkpoint:
		return bad("there are optimizer tensors but no metadata %q", KeyCheckpoint)
	case checkpoint && !optimizer:
		return bad("metadata %q is there but no optimizer tensor", KeyCheckpoint)
	}
	return nil
}

// bad returns an error that wraps weights.ErrFormat, for a format as apierror.Errorf
// takes it.
func bad(format string, args ...any) error {
	return apierror.Mark(apierror.Errorf(format, args...), weights.ErrFormat)
}
