package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
)

// Limits on a Config, the same on every architecture.
const (
	MaxSymbols = 1 << 24
	MaxWidth   = 1 << 16 // embedding, units
	MaxLength  = 1 << 20
	// 992 MiB of weights: with the largest header, and the LSTM's second bias,
	// less than the 1 GiB that are read by default.
	MaxParams = 1<<28 - 1<<23
)

// Config is the shape of a text model. In a file it is
//
//	{"kind":"text","symbols":10000,"embedding":100,"layers":[{"type":"lstm","units":128}],"length":200}
//
// where the order of members and blanks are free, and nothing else is.
type Config struct {
	Symbols   int // V, scored symbols: words, [UNK] and the stop symbol
	Embedding int // E, length of a symbol's vector
	Units     int // H, units of the LSTM
	Length    int // steps of a training sequence, for information
}

// Params returns the number of parameters, V·E + 4·(E·H + H·H + H) + V·(H + 1).
func (c Config) Params() int64 {
	V, E, H := int64(c.Symbols), int64(c.Embedding), int64(c.Units)
	return V*E + 4*H*(E+H+1) + V*(H+1)
}

// Check returns an error that names the first number that is out of range.
func (c Config) Check() error {
	for _, n := range []struct {
		name     string
		value    int
		min, max int
	}{
		{"symbols", c.Symbols, 3, MaxSymbols},
		{"embedding", c.Embedding, 1, MaxWidth},
		{"units", c.Units, 1, MaxWidth},
		{"length", c.Length, 1, MaxLength},
	} {
		if n.value < n.min || n.value > n.max {
			return fmt.Errorf("%s is %d: want %d to %d", n.name, n.value, n.min, n.max)
		}
	}
	if p := c.Params(); p > MaxParams {
		return fmt.Errorf("%d symbols, embedding %d and %d units make %d parameters: want at most %d", c.Symbols, c.Embedding, c.Units, p, MaxParams)
	}
	return nil
}

// appendJSON appends the form that is written.
func (c Config) appendJSON(b []byte) []byte {
	return fmt.Appendf(b, `{"kind":"text","symbols":%d,"embedding":%d,"layers":[{"type":"lstm","units":%d}],"length":%d}`,
		c.Symbols, c.Embedding, c.Units, c.Length)
}

// parse reads a Config strictly: json.Unmarshal would take repeated members, and
// names in another case.
func (c *Config) parse(b []byte) error {
	err := parseObject(b, kindText, map[string]func(d *json.Decoder) error{
		"symbols":   func(d *json.Decoder) error { return integer(d, &c.Symbols) },
		"embedding": func(d *json.Decoder) error { return integer(d, &c.Embedding) },
		"length":    func(d *json.Decoder) error { return integer(d, &c.Length) },
		"layers":    func(d *json.Decoder) error { return layerList(d, &c.Units) },
	})
	if err != nil {
		return err
	}
	return c.Check()
}

// parseObject reads the one object that b holds: a configuration of the given
// kind with the given members.
func parseObject(b []byte, kind string, members map[string]func(d *json.Decoder) error) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	found := ""
	all := map[string]func() error{"kind": func() error { return text(d, &found) }}
	for name, read := range members {
		all[name] = func() error { return read(d) }
	}
	err := object(d, all)
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
	}
	return ""
}

func layerList(d *json.Decoder, units *int) error {
	if err := delim(d, '['); err != nil {
		return err
	}
	n := 0
	for d.More() {
		typ := ""
		err := object(d, map[string]func() error{
			"type":  func() error { return text(d, &typ) },
			"units": func() error { return integer(d, units) },
		})
		if typ != "" && typ != "lstm" {
			return fmt.Errorf("layer %d is of type %.40q, want \"lstm\"", n, typ)
		}
		if err != nil {
			return fmt.Errorf("layer %d: %w", n, err)
		}
		n++
	}
	if n != 1 {
		return fmt.Errorf("%d layers: this program reads models with one", n)
	}
	return delim(d, ']')
}

// memberOrder is the order in which missing members are named.
var memberOrder = []string{
	"kind", "symbols", "embedding", "layers", "length", "type", "units",
	"channels", "levels", "height", "width", "filters", "blocks", "kernel",
}

// object reads an object that has each member exactly once.
func object(d *json.Decoder, members map[string]func() error) error {
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
	if len(seen) < len(members) {
		var missing []string
		for _, name := range memberOrder {
			if _, want := members[name]; want && !seen[name] {
				missing = append(missing, name)
			}
		}
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
