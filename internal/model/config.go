package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/layers"
)

// Limits on a Config, the same on every architecture.
const (
	MaxSymbols = 1 << 24
	MaxWidth   = 1 << 16 // embedding
	MaxLength  = 1 << 20
	// 992 MiB of weights: with the largest header, and the LSTM's second bias,
	// less than the 1 GiB that are read by default.
	MaxParams = 1<<28 - 1<<23
)

// Config is the shape of a text model. In a file it is
//
//	{"kind":"text","symbols":10000,"embedding":100,"layers":[{"type":"lstm","units":128}],"length":200}
//
// where the order of members and blanks are free, and nothing else is. A layer has the
// members of its layers.Spec beside its type. "tied":true, behind the layers, says that
// the output layer has the embedding's weights.
type Config struct {
	Symbols   int           // V, symbols that there are logits for: those of the vocabulary, all of them
	Embedding int           // E, length of a symbol's vector
	Layers    []layers.Spec // between embedding and output
	Tied      bool          // the output layer has the embedding's weights
	Length    int           // steps of a training sequence, for information
}

// stack returns the configuration of the network.
func (c Config) stack() layers.StackConfig {
	return layers.StackConfig{Symbols: c.Symbols, Embedding: c.Embedding, Layers: c.Layers, Outputs: c.Symbols, Tied: c.Tied}
}

// Sizes returns what the network takes. The layers must have been checked.
func (c Config) Sizes() layers.Sizes { return c.stack().Sizes() }

// Widths returns the inputs of each layer, and at the end those of the output layer.
func (c Config) Widths() []int { return c.stack().Widths() }

// Params returns the number of parameters. The layers must have been checked.
func (c Config) Params() int64 { return c.Sizes().Params }

// Equal reports whether two configurations are the same.
func (c Config) Equal(o Config) bool { return c.String() == o.String() }

// String returns c as a file has it.
func (c Config) String() string { return string(c.appendJSON(nil)) }

// Check returns an error that names the first number that is out of range.
func (c Config) Check() error {
	if err := checkShape(c.Symbols, c.Embedding, c.Length, c.Layers, c.stack()); err != nil {
		return err
	}
	for i, s := range c.Layers {
		if !layers.Sequential(s) {
			return fmt.Errorf("layer %d (%s): %w", i, s.Kind(), layers.ErrNotSequential)
		}
	}
	return nil
}

// checkShape checks the sizes of a network over symbols.
func checkShape(symbols, embedding, length int, list []layers.Spec, stack layers.StackConfig) error {
	for _, n := range []struct {
		name     string
		value    int
		min, max int
	}{
		{"symbols", symbols, 1, MaxSymbols},
		{"embedding", embedding, 1, MaxWidth},
		{"length", length, 1, MaxLength},
	} {
		if n.value < n.min || n.value > n.max {
			return fmt.Errorf("%s is %d: want %d to %d", n.name, n.value, n.min, n.max)
		}
	}
	if len(list) == 0 {
		return fmt.Errorf("there are 0 layers: want 1 to %d", layers.MaxLayers)
	}
	if err := stack.Check(); err != nil {
		return err
	}
	if p := stack.Sizes().Params; p > MaxParams {
		return fmt.Errorf("%d symbols, an embedding of %d and the layers make %d parameters: want at most %d", symbols, embedding, p, MaxParams)
	}
	return nil
}

// appendJSON appends the form that is written.
func (c Config) appendJSON(b []byte) []byte {
	b = fmt.Appendf(b, `{"kind":"text","symbols":%d,"embedding":%d,"layers":`, c.Symbols, c.Embedding)
	b = AppendLayers(b, c.Layers)
	if c.Tied {
		b = append(b, `,"tied":true`...)
	}
	return fmt.Appendf(b, `,"length":%d}`, c.Length)
}

// parse reads a Config strictly: json.Unmarshal would take repeated members, and
// names in another case.
func (c *Config) parse(b []byte) error {
	err := parseObject(b, kindText, map[string]func(d *json.Decoder) error{
		"symbols":   func(d *json.Decoder) error { return integer(d, &c.Symbols) },
		"embedding": func(d *json.Decoder) error { return integer(d, &c.Embedding) },
		"length":    func(d *json.Decoder) error { return integer(d, &c.Length) },
		"layers":    func(d *json.Decoder) error { return layerList(d, &c.Layers) },
		"tied":      func(d *json.Decoder) error { return boolean(d, &c.Tied) },
	}, "tied")
	if err != nil {
		return err
	}
	return c.Check()
}

// parseObject reads the one object that b holds: a configuration of the given
// kind with the given members.
func parseObject(b []byte, kind string, members map[string]func(d *json.Decoder) error, optional ...string) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	found := ""
	all := map[string]func() error{"kind": func() error { return text(d, &found) }}
	for name, read := range members {
		all[name] = func() error { return read(d) }
	}
	err := object(d, all, optional...)
	if err == nil {
		if _, e := d.Token(); e != io.EOF {
			err = errors.New("something follows the object")
		}
	}
	// A model of another kind has other members: say the kind first.
	if found == "" && err != nil {
		found = peekKind(b)
	}
	if found != "" && found != kind {
		return apierror.Mark(fmt.Errorf("the model is of kind %.40q%s, want %q%s", found, purpose(found), kind, purpose(kind)), ErrKind)
	}
	return err
}

// ErrKind is what errors about a model of another kind wrap.
var ErrKind = errors.New("the model is of another kind")

// peekKind returns the kind that an object names, wherever it does, or "".
func peekKind(b []byte) string {
	var o struct{ Kind string }
	if json.Unmarshal(b, &o) != nil {
		return ""
	}
	return o.Kind
}

// purpose says what models of a kind are for.
func purpose(kind string) string {
	switch kind {
	case kindText:
		return " (of text)"
	case kindPixels:
		return " (of images)"
	case kindClassifier:
		return " (which tells classes of texts apart)"
	case kindVectors:
		return " (of sequences of vectors)"
	}
	return ""
}

// memberOrder is the order in which missing members are named; others follow by name.
var memberOrder = []string{
	"kind", "symbols", "embedding", "inputs", "layers", "classes", "length", "type",
	"network", "channels", "levels", "height", "width", "components", "filters", "blocks", "kernel", "resolutions", "rows", "cols",
}

// object reads an object that has each member once, apart from optional ones, which
// may be missing.
func object(d *json.Decoder, members map[string]func() error, optional ...string) error {
	if err := delim(d, '{'); err != nil {
		return err
	}
	seen := make(map[string]bool, len(members))
	for d.More() {
		var name string
		if err := text(d, &name); err != nil {
			return err
		}
		read, ok := members[name]
		switch {
		case !ok:
			return fmt.Errorf("unknown member %.40q", name)
		case seen[name]:
			return fmt.Errorf("member %q comes twice", name)
		}
		seen[name] = true
		if err := read(); err != nil {
			return fmt.Errorf("member %q: %w", name, err)
		}
	}
	if err := delim(d, '}'); err != nil {
		return err
	}
	var missing []string
	for _, name := range slices.Concat(memberOrder, slices.Sorted(maps.Keys(members))) {
		if _, want := members[name]; want && !seen[name] && !slices.Contains(optional, name) {
			missing = append(missing, name)
			seen[name] = true
		}
	}
	if missing != nil {
		return fmt.Errorf("no member %q", strings.Join(missing, ", "))
	}
	return nil
}

func text(d *json.Decoder, s *string) error {
	tok, err := token(d)
	if err != nil {
		return err
	}
	v, ok := tok.(string)
	if !ok {
		return fmt.Errorf("found %.40q, want a string", fmt.Sprint(tok))
	}
	*s = v
	return nil
}

func integer(d *json.Decoder, n *int) error {
	tok, err := token(d)
	if err != nil {
		return err
	}
	v, err := strconv.ParseInt(fmt.Sprint(tok), 10, 32)
	if _, ok := tok.(json.Number); !ok || err != nil {
		return fmt.Errorf("found %.40q, want an integer of 32 bits", fmt.Sprint(tok))
	}
	*n = int(v)
	return nil
}

func boolean(d *json.Decoder, b *bool) error {
	tok, err := token(d)
	if err != nil {
		return err
	}
	v, ok := tok.(bool)
	if !ok {
		return fmt.Errorf("found %.40q, want true or false", fmt.Sprint(tok))
	}
	*b = v
	return nil
}

func delim(d *json.Decoder, want json.Delim) error {
	tok, err := token(d)
	if err != nil {
		return err
	}
	if tok != want {
		return fmt.Errorf("found %.40q, want %q", fmt.Sprint(tok), want.String())
	}
	return nil
}

// token reads one token; the end of the data is an error like any other, for
// nothing may end early.
func token(d *json.Decoder) (json.Token, error) {
	tok, err := d.Token()
	if err != nil {
		return nil, errors.New("not valid JSON")
	}
	return tok, nil
}
