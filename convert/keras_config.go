package convert

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
)

// A kerasLayer is a layer of a Keras configuration.
type kerasLayer struct {
	class, name string
	config      []member
}

// kerasConfig reads the layers of a configuration, input to output: of a Sequential model,
// or of a Functional one whose layers are a chain.
func kerasConfig(text []byte) ([]kerasLayer, error) {
	top, err := parseMembers(text)
	if err != nil {
		return nil, apierror.Errorf("the configuration is %v", err)
	}
	var class string
	json.Unmarshal(find(top, "class_name"), &class)
	config := find(top, "config")
	switch class {
	case "Sequential", "Functional", "Model":
	default:
		return nil, apierror.Errorf("the configuration is of a %.40q, which is code and not a list of layers: only Sequential and Functional models can be read", class)
	}
	list := config // of Keras before 2.2.3, a list of layers
	if inside, err := parseMembers(config); err == nil {
		list = find(inside, "layers")
	}
	texts, err := parseList(list, maxKerasLayers)
	if err != nil {
		return nil, apierror.Errorf("the configuration has no list of layers")
	}
	if len(texts) > maxKerasLayers {
		return nil, apierror.Errorf("the configuration has %d layers: want at most %d", len(texts), maxKerasLayers)
	}
	var layers []kerasLayer
	before, members := "", 0
	for i, t := range texts {
		m, err := parseMembers(t)
		if err != nil {
			return nil, apierror.Errorf("layer %d of the configuration is %v", i, err)
		}
		l := kerasLayer{}
		json.Unmarshal(find(m, "class_name"), &l.class)
		if l.config, err = parseMembers(find(m, "config")); err != nil {
			return nil, apierror.Errorf("layer %d of the configuration, a %.40q, has no config", i, l.class)
		}
		if members += len(l.config); members > 2*maxMembers {
			return nil, apierror.Errorf("the layers of the configuration have more than %d members", 2*maxMembers)
		}
		if l.name = l.text("name"); l.name == "" {
			json.Unmarshal(find(m, "name"), &l.name)
		}
		l.name, l.class = clip(l.name), clip(l.class)
		if class != "Sequential" {
			if err := l.follows(find(m, "inbound_nodes"), before); err != nil {
				return nil, err
			}
		}
		before = l.name
		layers = append(layers, l)
	}
	return layers, nil
}

// maxKerasLayers is how many layers of a configuration are read.
const maxKerasLayers = 1 << 10

// maxNodes is the longest text of inbound_nodes that is read: its values take many times
// the memory of short texts.
const maxNodes = 16 << 10

// follows returns an error unless the layer of a Functional model is called once, with the
// output of the layer before it alone. Its inbound_nodes are nested lists or objects, by
// version, in which a name of a layer stands in each call's "keras_history", or is the
// first value of a list.
func (l *kerasLayer) follows(nodes json.RawMessage, before string) error {
	var tree any
	if len(nodes) > maxNodes || nodes != nil && json.Unmarshal(nodes, &tree) != nil {
		return apierror.Errorf("layer %q: its inbound_nodes are not valid", l.name)
	}
	names := inbound(tree, nil, 0)
	calls, _ := tree.([]any)
	switch {
	case len(calls) == 0 && before == "":
		return nil
	case len(calls) > 1:
		return apierror.Errorf("layer %q is used %d times: only chains of layers can be read", l.name, len(calls))
	case len(names) != 1 || names[0] != before:
		return apierror.Errorf("layer %q reads %s, not the layer before it (%q): only chains of layers can be read, without branches and skips", l.name, quoted(names), before)
	}
	return nil
}

// inbound returns the names of the layers whose outputs a call reads.
func inbound(tree any, names []string, depth int) []string {
	if depth > 16 {
		return names
	}
	switch v := tree.(type) {
	case []any:
		if len(v) >= 3 {
			if s, ok := v[0].(string); ok { // [name, node, tensor, …]
				return append(names, s)
			}
		}
		for _, e := range v {
			names = inbound(e, names, depth+1)
		}
	case map[string]any:
		if h, ok := v["keras_history"].([]any); ok && len(h) > 0 {
			if s, ok := h[0].(string); ok {
				return append(names, s)
			}
		}
		for _, key := range []string{"args", "config"} {
			names = inbound(v[key], names, depth+1)
		}
	}
	return names
}

func quoted(names []string) string {
	var list []string
	for _, n := range names {
		list = append(list, strconv.Quote(n))
	}
	if list == nil {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

// text returns a member that is a string, or "".
func (l *kerasLayer) text(name string) (s string) {
	json.Unmarshal(find(l.config, name), &s)
	return s
}

// flag returns a member that is true or false, and without it the default.
func (l *kerasLayer) flag(name string, missing bool) bool {
	b := missing
	json.Unmarshal(find(l.config, name), &b)
	return b
}

// size returns a member that is a number from 1 to most.
func (l *kerasLayer) size(name string, most int) (int, error) {
	n := 0
	if err := json.Unmarshal(find(l.config, name), &n); err != nil || n < 1 || n > most {
		return 0, fmt.Errorf("its %s is %.40q: want 1 to %d", name, string(find(l.config, name)), most)
	}
	return n, nil
}

// inputs returns the last dimension of the shape that a layer says it reads, or 0.
func (l *kerasLayer) inputs() int {
	for _, name := range []string{"batch_shape", "batch_input_shape", "input_shape", "shape"} {
		if n, ok := parseSize(find(l.config, name)); ok {
			return n
		}
	}
	return 0
}

// Members of a layer's configuration that say nothing about its outputs in use.
var kerasIgnored = []string{
	"name", "trainable", "dtype", "batch_input_shape", "batch_shape", "input_shape", "shape", "input_dim", "input_length", "sparse", "ragged", "optional", "input_dtype",
	"kernel_initializer", "recurrent_initializer", "bias_initializer", "embeddings_initializer",
	"kernel_regularizer", "recurrent_regularizer", "bias_regularizer", "activity_regularizer", "embeddings_regularizer",
	"kernel_constraint", "recurrent_constraint", "bias_constraint", "embeddings_constraint",
	"dropout", "recurrent_dropout", "seed", "noise_shape", "rate", "implementation", "unroll", "unit_forget_bias", "stateful",
	"input_spec", "zero_output_for_mask", "weights",
}

// only returns an error that names a member which is neither without meaning nor among
// those that are read.
func (l *kerasLayer) only(read ...string) error {
	for _, m := range l.config {
		if !contains(kerasIgnored, m.name) && !contains(read, m.name) {
			if s := string(m.value); s == "null" || s == "false" {
				continue
			}
			return fmt.Errorf("its configuration says %s: %.60s, whose meaning is not known", m.name, m.value)
		}
	}
	return nil
}

// off returns an error if a member is true, which has no counterpart here.
func (l *kerasLayer) off(names ...string) error {
	for _, name := range names {
		if l.flag(name, false) {
			return fmt.Errorf("it has %s, which has no counterpart here", name)
		}
	}
	return nil
}
