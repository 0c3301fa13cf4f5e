// Package model maps models to their files and back. The root package loads
// models with it, package train saves them.
//
// A model file is a weights.File with this metadata:
//
//	format          "autoreg"
//	format_version  "1"
//	config          JSON, see Config, PixelConfig, ClassifierConfig and VectorConfig
//	tokenizer       JSON, see tokenizer.Tokenizer.MarshalJSON; of texts only
//
// and tensors that are named and laid out as PyTorch has them: those that the network's
// layers enumerate (layers.ParametersOf). A text model of V symbols, with an embedding
// of E and one LSTM of H units, has
//
//	embedding.weight   [V, E]
//	lstm.weight_ih_l0  [4·H, E]  gates in the order i, f, g, o
//	lstm.weight_hh_l0  [4·H, H]
//	lstm.bias_ih_l0    [4·H]
//	lstm.bias_hh_l0    [4·H]     written as 0
//	output.weight      [V, H]
//	output.bias        [V]
//
// where a model over vectors has layers only, and a dense layer dense.weight_l1 [Out, In] and
// dense.bias_l1 [Out]; and a model of images, for each of its layers (see layers.PixelNet.Convs),
//
//	NAME.weight        [Out, In, rows, columns]  written as 0 where the mask is closed, read as 0
//	NAME.bias          [Out]
//
// where a transposed layer has [In, Out, rows, columns], and one that is weight-normalised
// weight_g [Out] and weight_v in place of weight.
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

	kindClassifier = "classifier"

	kindVectors = "vectors"
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

// A Text is a model of text: an embedding, layers and an output layer over the tokens
// of a vocabulary. Stack.Symbols is Config.Symbols, which is at least Tokenizer.Len.
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
	return &Text{Config: c, Tokenizer: tok, Stack: layers.NewStack(c.stack())}
}

// File returns the content of the model's file. Some of it may be the model's own
// memory, the rest are copies.
func (t *Text) File() *weights.File { return t.FileOf(t.Stack) }

// FileOf is File with the weights of net, a network of the same shape.
func (t *Text) FileOf(net layers.Network) *weights.File {
	return &weights.File{
		Metadata: metadata(t.Metadata, t.Config.appendJSON(nil), t.Tokenizer),
		Tensors:  Tensors("", net, true),
	}
}

// FromFile builds the model that f holds; what makes f a checkpoint is left
// aside. It keeps nothing of f. Sizes are checked before anything is built, so that what
// is allocated is proportional to what f holds. A weight that is NaN or infinite is an
// error. Errors wrap weights.ErrFormat.
func FromFile(f *weights.File) (*Text, error) {
	var c Config
	if err := readConfig(f, c.parse, KeyTokenizer); err != nil {
		return nil, err
	}
	tok, err := readTokenizer(f, c.Symbols)
	if err != nil {
		return nil, err
	}
	if err := checkSize(f, c.Params()); err != nil {
		return nil, err
	}
	t := New(c, tok)
	if err := fill(t.Stack, f); err != nil {
		return nil, err
	}
	t.Metadata = free(f.Metadata)
	return t, nil
}

// readTokenizer reads the vocabulary of a model of so many symbols.
func readTokenizer(f *weights.File, symbols int) (*tokenizer.Tokenizer, error) {
	tok := new(tokenizer.Tokenizer)
	if err := tok.UnmarshalJSON([]byte(f.Metadata[KeyTokenizer])); err != nil {
		return nil, bad("metadata %q: %w", KeyTokenizer, err)
	}
	if symbols < tok.Len() {
		return nil, bad("the vocabulary has %d words, the model only %d symbols", tok.Len(), symbols)
	}
	return tok, nil
}

// metadata returns what a model's file has as metadata. tok may be nil.
func metadata(rest map[string]string, config []byte, tok *tokenizer.Tokenizer) map[string]string {
	meta := free(rest)
	maps.Copy(meta, map[string]string{
		KeyFormat:  format,
		KeyVersion: formatVersion,
		KeyConfig:  string(config),
	})
	if tok != nil {
		text, err := tok.MarshalJSON()
		if err != nil {
			panic("model: File: no tokenizer")
		}
		meta[KeyTokenizer] = string(text)
	}
	return meta
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
		return bad("no metadata %q: this is not an autoreg model; autoreg import makes one of the tensors of other programs", KeyFormat)
	} else if got != format {
		return bad("metadata %q is %.40q, want %q: this is not an autoreg model", KeyFormat, got, format)
	}
	if got := meta[KeyVersion]; got != formatVersion {
		return bad("metadata %q is %.40q and this program reads %q", KeyVersion, got, formatVersion)
	}
	return nil
}

// checkRest accepts what a checkpoint has beside a model, and nothing else. Which of the
// optimizer's tensors there must be package train knows: an optimizer without a state has
// none.
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
	if optimizer && !checkpoint {
		return bad("there are optimizer tensors but no metadata %q", KeyCheckpoint)
	}
	return nil
}

// bad returns an error that wraps weights.ErrFormat, for a format as apierror.Errorf
// takes it.
func bad(format string, args ...any) error {
	return apierror.Mark(apierror.Errorf(format, args...), weights.ErrFormat)
}
