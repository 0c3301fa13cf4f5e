package convert

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
)

// A kerasLayer is a layer of a Keras configuration.
type kerasLayer struct {
	class, name string
	config      []member
}

// isModel reports whether a class is of models that are a list of layers.
func isModel(class string) bool {
	return class == "Sequential" || class == "Functional" || class == "Model"
}

// kerasConfig reads the layers of a configuration, input to output: of a Sequential model,
// or of a Functional one whose layers are a chain.
func kerasConfig(text []byte) ([]kerasLayer, error) {
	top, err := parseMembers(text)
	if err != nil {
		return nil, apierror.Errorf("the configuration is %v", err)
	}
	class := kerasClass(top)
	config := find(top, "config")
	if !isModel(class) {
		return nil, apierror.Errorf("the configuration is of a %.40q, which is code and not a list of layers: only Sequential and Functional models can be read", class)
	}
	if inside, err := parseMembers(config); err == nil {
		return kerasLayers(class, inside)
	}
	return kerasLayers(class, []member{{"layers", config}}) // of Keras before 2.2.3, a list of layers
}

// kerasClass returns the name of a class, without the package that it is registered in.
func kerasClass(m []member) (class string) {
	json.Unmarshal(find(m, "class_name"), &class)
	return printable(class[strings.LastIndexByte(class, '>')+1:])
}

// kerasLayers reads the layers of a model's config.
func kerasLayers(class string, config []member) ([]kerasLayer, error) {
	texts, err := parseList(find(config, "layers"), maxKerasLayers)
	if err != nil {
		return nil, apierror.Errorf("the layers of the configuration are %v", err)
	}
	var layers []kerasLayer
	c, members := kerasChain{masks: make(map[string]bool)}, 0
	for i, t := range texts {
		m, err := parseMembers(t)
		if err != nil {
			return nil, apierror.Errorf("layer %d of the configuration is %v", i, err)
		}
		l := kerasLayer{class: kerasClass(m)}
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
			if err := c.add(&l, find(m, "inbound_nodes")); err != nil {
				return nil, err
			}
		}
		layers = append(layers, l)
	}
	return layers, c.ends(find(config, "output_layers"))
}

// maxKerasLayers is how many layers of a configuration are read.
const maxKerasLayers = 1 << 10

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
			return fmt.Errorf("its configuration says %q: %.60s, whose meaning is not known", m.name, m.value)
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
