package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// Limits on the classes of a ClassifierConfig.
const (
	MaxClasses   = 1 << 16
	MaxClassName = 256 // bytes
)

// ClassifierConfig is the shape of a classifier of texts. In a file it is
//
//	{"kind":"classifier","symbols":10000,"embedding":100,"layers":[{"type":"bidirectional","layer":{"type":"gru","units":100}}],"classes":["Dessert","other"],"length":200}
//
// where the order of members and blanks are free, and nothing else is. A layer has the
// members of its layers.Spec beside its type. Output i is the logit of class i.
type ClassifierConfig struct {
	Symbols   int           // V, symbols that the embedding has vectors for
	Embedding int           // E, length of a symbol's vector
	Layers    []layers.Spec // the output layer reads the last states of the last one
	Classes   []string      // 2 or more, each once: valid UTF-8, not empty
	Length    int           // a text is cut to so many tokens
}

// stack returns the configuration of the network.
func (c ClassifierConfig) stack() layers.StackConfig {
	return layers.StackConfig{Symbols: c.Symbols, Embedding: c.Embedding, Layers: c.Layers, Outputs: len(c.Classes)}
}

// Sizes returns what the network takes. The layers must have been checked.
func (c ClassifierConfig) Sizes() layers.Sizes { return c.stack().Sizes() }

// Describe returns the layers of the model without making it.
func (c ClassifierConfig) Describe() []layers.Info { return c.stack().Describe() }

// Equal reports whether two configurations are the same.
func (c ClassifierConfig) Equal(o ClassifierConfig) bool { return c.String() == o.String() }

// String returns c as a file has it.
func (c ClassifierConfig) String() string { return string(c.appendJSON(nil)) }

// Check returns an error that names the first member that is out of range.
func (c ClassifierConfig) Check() error {
	if err := checkShape(c.Symbols, c.Embedding, c.Length, c.Layers, c.stack()); err != nil {
		return err
	}
	return CheckClasses(c.Classes)
}

// CheckClasses checks the names of classes.
func CheckClasses(names []string) error {
	if n := len(names); n < 2 || n > MaxClasses {
		return fmt.Errorf("the number of classes is %d: want 2 to %d", n, MaxClasses)
	}
	at := make(map[string]int, len(names))
	for i, name := range names {
		switch before, twice := at[name]; {
		case name == "":
			return fmt.Errorf("class %d has no name", i)
		case len(name) > MaxClassName:
			return fmt.Errorf("the name of class %d has %d bytes: want at most %d", i, len(name), MaxClassName)
		case !utf8.ValidString(name):
			return fmt.Errorf("the name of class %d, %.80q, is not valid UTF-8", i, name)
		case twice:
			return fmt.Errorf("classes %d and %d have one name, %.80q", before, i, name)
		}
		at[name] = i
	}
	return nil
}

// appendJSON appends the form that is written.
func (c ClassifierConfig) appendJSON(b []byte) []byte {
	b = fmt.Appendf(b, `{"kind":%q,"symbols":%d,"embedding":%d,"layers":`, kindClassifier, c.Symbols, c.Embedding)
	b = AppendLayers(b, c.Layers)
	b = append(b, `,"classes":[`...)
	for i, name := range c.Classes {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendQuoted(b, name)
	}
	return fmt.Appendf(b, `],"length":%d}`, c.Length)
}

// appendQuoted appends valid UTF-8 as a JSON string, in one form: with the quotation
// mark, the backslash and characters below U+0020 escaped, and nothing else.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// parse reads a ClassifierConfig as strictly as a Config.
func (c *ClassifierConfig) parse(b []byte) error {
	if !utf8.Valid(b) {
		return errors.New("not valid UTF-8")
	}
	err := parseObject(b, kindClassifier, map[string]func(d *json.Decoder) error{
		"symbols":   func(d *json.Decoder) error { return integer(d, &c.Symbols) },
		"embedding": func(d *json.Decoder) error { return integer(d, &c.Embedding) },
		"length":    func(d *json.Decoder) error { return integer(d, &c.Length) },
		"layers":    func(d *json.Decoder) error { return layerList(d, &c.Layers) },
		"classes":   func(d *json.Decoder) error { return classList(d, &c.Classes) },
	})
	if err != nil {
		return err
	}
	return c.Check()
}

// classList reads a list of names.
func classList(d *json.Decoder, list *[]string) error {
	if err := delim(d, '['); err != nil {
		return err
	}
	for d.More() {
		if len(*list) == MaxClasses {
			return fmt.Errorf("there are more than %d classes", MaxClasses)
		}
		var name string
		if err := text(d, &name); err != nil {
			return err
		}
		*list = append(*list, name)
	}
	return delim(d, ']')
}

// A Classifier is a model that tells classes of texts apart: an embedding, layers over
// all tokens of a text, and an output layer on the last states of the last of them.
// Stack.Symbols is Config.Symbols, which is at least Tokenizer.Len.
type Classifier struct {
	Config    ClassifierConfig
	Tokenizer *tokenizer.Tokenizer
	Stack     *layers.Stack

	Metadata map[string]string // see Text
}

// NewClassifier returns a model of zero weights. It panics if c.Check would fail,
// c.Symbols is less than tok.Len or tok has no stop token.
func NewClassifier(c ClassifierConfig, tok *tokenizer.Tokenizer) *Classifier {
	if c.Check() != nil || c.Symbols < tok.Len() || tok.Stop() < 0 {
		panic("model: NewClassifier: invalid config")
	}
	return &Classifier{Config: c, Tokenizer: tok, Stack: layers.NewStack(c.stack())}
}

// File returns the content of the model's file. Some of it may be the model's own
// memory, the rest are copies.
func (m *Classifier) File() *weights.File { return m.FileOf(m.Stack) }

// FileOf is File with the weights of net, a network of the same shape.
func (m *Classifier) FileOf(net layers.Network) *weights.File {
	return &weights.File{
		Metadata: metadata(m.Metadata, m.Config.appendJSON(nil), m.Tokenizer),
		Tensors:  Tensors("", net, true),
	}
}

// ClassifierFromFile builds the classifier that f holds: see FromFile.
func ClassifierFromFile(f *weights.File) (*Classifier, error) {
	var c ClassifierConfig
	if err := readConfig(f, c.parse, KeyTokenizer); err != nil {
		return nil, err
	}
	tok, err := readTokenizer(f, c.Symbols)
	if err != nil {
		return nil, err
	}
	switch {
	case tok.Stop() < 0:
		return nil, bad("metadata %q: there is no stop token, which a classifier reads for a text without any other", KeyTokenizer)
	case tok.Unknown() < 0 && tok.Options().Unit != tokenizer.Bytes:
		return nil, bad("metadata %q: there is no unknown token, which a classifier reads for what the vocabulary lacks", KeyTokenizer)
	}
	if err := checkSize(f, c.Sizes().Params); err != nil {
		return nil, err
	}
	m := NewClassifier(c, tok)
	if err := fill(m.Stack, f); err != nil {
		return nil, err
	}
	m.Metadata = free(f.Metadata)
	return m, nil
}

// Append appends the tokens of a text as the model reads it: the first Config.Length of
// them, or the stop token for a text without any.
func (m *Classifier) Append(ids []int, text string) []int {
	n := len(ids)
	ids = m.Tokenizer.Append(ids, text)
	if len(ids) == n {
		return append(ids, m.Tokenizer.Stop())
	}
	return ids[:n+min(len(ids)-n, m.Config.Length)]
}
