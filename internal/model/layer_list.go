package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/autoreg/autoreg/layers"
)

// AppendLayers appends the JSON of a list of layers, as a configuration has it.
func AppendLayers(b []byte, list []layers.Spec) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendSpec(b, s)
	}
	return append(b, ']')
}

func appendSpec(b []byte, s layers.Spec) []byte {
	b = fmt.Appendf(b, `{"type":%q`, s.Kind())
	for _, m := range s.Members() {
		switch {
		case m.Int != nil:
			b = fmt.Appendf(b, `,%q:%d`, m.Name, *m.Int)
		case m.Text != nil && *m.Text != "" && *m.Text != m.Choices[0]:
			b = fmt.Appendf(b, `,%q:`, m.Name)
			b = strconv.AppendQuote(b, *m.Text) // one of the choices, plain words
		case m.Layer != nil:
			b = fmt.Appendf(b, `,%q:`, m.Name)
			b = appendSpec(b, *m.Layer)
		}
	}
	return append(b, '}')
}

// layerList reads a list of layers.
func layerList(d *json.Decoder, list *[]layers.Spec) error {
	if err := delim(d, '['); err != nil {
		return err
	}
	for d.More() {
		n := len(*list)
		if n == layers.MaxLayers {
			return fmt.Errorf("there are more than %d layers", n)
		}
		s, err := readSpec(d, 1)
		if err != nil {
			return fmt.Errorf("layer %d: %w", n, err)
		}
		*list = append(*list, s)
	}
	return delim(d, ']')
}

// maxNested bounds the layers inside of a layer, which CheckSpec checks, for reading.
const maxNested = 4

// readSpec reads one layer. Its type says what other members there are, and may come
// behind them: so the members are kept until the object ends.
func readSpec(d *json.Decoder, depth int) (layers.Spec, error) {
	if depth > maxNested {
		return nil, errors.New("layers lie in layers too deep")
	}
	var o struct {
		kind    string
		numbers map[string]int
		texts   map[string]string
		inside  map[string]layers.Spec
		order   []string
	}
	o.numbers, o.texts, o.inside = map[string]int{}, map[string]string{}, map[string]layers.Spec{}
	if err := delim(d, '{'); err != nil {
		return nil, err
	}
	for d.More() {
		var name string
		if err := text(d, &name); err != nil {
			return nil, err
		}
		if slices.Contains(o.order, name) {
			return nil, fmt.Errorf("member %.40q comes twice", name)
		}
		o.order = append(o.order, name)
		m, ok := memberNamed(name)
		var err error
		switch {
		case name == "type":
			if err = text(d, &o.kind); err == nil && layers.NewSpec(o.kind) == nil {
				return nil, fmt.Errorf("it is of type %.40q: want %s", o.kind, strings.Join(layers.Kinds(), ", "))
			}
		case !ok:
			return nil, fmt.Errorf("unknown member %.40q", name)
		case m.Int != nil:
			var v int
			err = integer(d, &v)
			o.numbers[name] = v
		case m.Text != nil:
			var v string
			err = text(d, &v)
			o.texts[name] = v
		default:
			o.inside[name], err = readSpec(d, depth+1)
		}
		if err != nil {
			return nil, fmt.Errorf("member %q: %w", name, err)
		}
	}
	if err := delim(d, '}'); err != nil {
		return nil, err
	}
	if o.kind == "" {
		return nil, fmt.Errorf("no member %q", "type")
	}
	s := layers.NewSpec(o.kind)
	var missing []string
	for _, m := range s.Members() {
		switch i := slices.Index(o.order, m.Name); {
		case i >= 0:
			o.order = slices.Delete(o.order, i, i+1)
		case m.Text == nil:
			missing = append(missing, m.Name)
			continue
		default:
			continue
		}
		switch {
		case m.Int != nil:
			*m.Int = o.numbers[m.Name]
		case m.Text != nil:
			if *m.Text = o.texts[m.Name]; *m.Text == "" {
				return nil, fmt.Errorf("member %q: found \"\": want %s", m.Name, strings.Join(m.Choices, " or "))
			}
		default:
			*m.Layer = o.inside[m.Name]
		}
	}
	if missing != nil {
		return nil, fmt.Errorf("no member %q", strings.Join(missing, ", "))
	}
	for _, name := range o.order {
		if name != "type" {
			return nil, fmt.Errorf("unknown member %.40q of a layer of type %q", name, o.kind)
		}
	}
	return s, nil
}

// memberNamed returns a member of that name of any kind of layer. Kinds that have a
// member of one name agree on what it is, a number, a text or a layer.
func memberNamed(name string) (layers.Member, bool) {
	m, ok := allMembers()[name]
	return m, ok
}

// allMembers returns a member of each name, made once: files of many layers ask for them
// often.
var allMembers = sync.OnceValue(func() map[string]layers.Member {
	all := map[string]layers.Member{}
	for _, kind := range layers.Kinds() {
		for _, m := range layers.NewSpec(kind).Members() {
			all[m.Name] = m
		}
	}
	return all
})

// ParseLayers reads a list of layers that AppendLayers has written, or that is written
// as strictly.
func ParseLayers(b []byte) (list []layers.Spec, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := layerList(d, &list); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the layers")
	}
	return list, nil
}
