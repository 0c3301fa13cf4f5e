package convert

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/layers"
)

// kerasVersion says what a file's names mean.
type kerasVersion string

// hardSigmoid returns what a version of Keras calls hard_sigmoid.
func (v kerasVersion) hardSigmoid() string {
	if strings.HasPrefix(string(v), "3") {
		return "hard_sigmoid_keras3"
	}
	return "hard_sigmoid_keras2"
}

// readKeras reads a network from a configuration and the arrays of its layers. assets
// reads a file of the model's own, or is nil.
func readKeras(version string, list []kerasLayer, arrays *kerasArrays, assets func(name string) ([]byte, error)) (*network, error) {
	n := &network{format: "Keras " + version}
	for i := range list {
		if class := list[i].class; class == "TextVectorization" || class == "StringLookup" {
			if err := n.kerasVocabulary(&list[i], assets); err != nil {
				return nil, apierror.Errorf("layer %q (%s): %v", list[i].name, class, err)
			}
			continue
		}
		if err := n.addKeras(kerasVersion(version), &list[i], arrays, i == len(list)-1); err != nil {
			return nil, apierror.Errorf("layer %q (%s): %v", list[i].name, list[i].class, err)
		}
	}
	if rest := arrays.rest(); rest != nil {
		return nil, apierror.Errorf("the array %q belongs to none of the layers of the configuration (%d such arrays in all)", rest[0], len(rest))
	}
	return n, nil
}

// addKeras adds a layer of Keras.
func (n *network) addKeras(v kerasVersion, l *kerasLayer, arrays *kerasArrays, last bool) error {
	inner, wrapped := l, ""
	if l.class == "Bidirectional" || l.class == "TimeDistributed" {
		var err error
		if inner, err = l.inside("layer"); err != nil {
			return err
		}
		wrapped = l.class
		if wrapped == "TimeDistributed" && inner.class != "Dense" {
			return fmt.Errorf("it holds a %s: only Dense layers are read within it", inner.class)
		}
	}
	weights, err := arrays.of(l.name, l.class, inner.class)
	if err != nil {
		return err
	}
	if len(n.parts) == 0 && n.input == 0 {
		n.input = l.inputs()
	}
	switch inner.class {
	case "InputLayer", "Dropout", "SpatialDropout1D", "Activation", "Softmax", "ReLU", "Masking":
		if len(weights) > 0 {
			return fmt.Errorf("it has weights, which a %s does not have", inner.class)
		}
	}
	switch inner.class {
	case "InputLayer":
		return l.only()
	case "Dropout", "SpatialDropout1D":
		n.note("left out: %s, which acts in training only", l.class)
		return l.only()
	case "Activation":
		return n.activation(l.name, l.text("activation"))
	case "Softmax":
		if err := l.only("axis"); err != nil {
			return err
		}
		if axis := string(find(l.config, "axis")); axis != "" && axis != "-1" {
			return fmt.Errorf("it acts along axis %.20s: only the last, -1, is read", axis)
		}
		return n.activation(l.name, "softmax")
	case "Embedding":
		return n.addKerasEmbedding(l, weights)
	case "Dense":
		return n.addKerasDense(l.name, inner, weights)
	case "LSTM", "GRU", "SimpleRNN":
		return n.addKerasRecurrent(v, l, inner, weights, last)
	}
	return fmt.Errorf("a layer of this class has no counterpart here: Embedding, SimpleRNN, LSTM, GRU, Bidirectional, Dense, TimeDistributed(Dense), Activation, Softmax and Dropout are read")
}

// inside returns the layer in a wrapper.
func (l *kerasLayer) inside(name string) (*kerasLayer, error) {
	m, err := parseMembers(find(l.config, name))
	if err != nil {
		return nil, fmt.Errorf("it names no %s inside", name)
	}
	in := &kerasLayer{name: l.name}
	json.Unmarshal(find(m, "class_name"), &in.class)
	in.class = clip(in.class)
	if in.config, err = parseMembers(find(m, "config")); err != nil {
		return nil, fmt.Errorf("its %s has no config", name)
	}
	return in, nil
}

func (n *network) addKerasEmbedding(l *kerasLayer, weights map[string]*tensor) error {
	if err := l.only("input_dim", "output_dim", "mask_zero"); err != nil {
		return err
	}
	if l.flag("mask_zero", false) {
		n.note("%s has mask_zero: Keras skips token 0 within a text, here a text does not hold it", l.name)
	}
	w, err := readArray(weights, "embeddings", 2)
	if err != nil {
		return err
	}
	data, err := w.read()
	if err != nil {
		return err
	}
	return n.embedding(l.name, w.shape[0], w.shape[1], data)
}

// readArray returns an array that must be there and have so many dimensions.
func readArray(weights map[string]*tensor, name string, rank int) (*tensor, error) {
	t := weights[name]
	if t == nil {
		return nil, fmt.Errorf("the file has no %s for it", name)
	}
	if len(t.shape) != rank {
		return nil, fmt.Errorf("its %s has the shape %v, want %d dimensions", name, t.shape, rank)
	}
	return t, nil
}

// checkArrays returns an error that names an array which the layer should not have.
func checkArrays(weights map[string]*tensor, names ...string) error {
	for name, t := range weights {
		if !slices.Contains(names, name) {
			return fmt.Errorf("its array %q has no place", t.name)
		}
	}
	return nil
}

func (n *network) addKerasDense(name string, l *kerasLayer, weights map[string]*tensor) error {
	if err := l.only("units", "activation", "use_bias"); err != nil {
		return err
	}
	units, err := l.size("units", layers.MaxUnits)
	if err != nil {
		return err
	}
	names := []string{"kernel"}
	if l.flag("use_bias", true) {
		names = append(names, "bias")
	}
	if err := checkArrays(weights, names...); err != nil {
		return err
	}
	in := n.width()
	data := make([][]float32, 2)
	for i, shape := range [][]int{{in, units}, {units}}[:len(names)] {
		if data[i], err = readShaped(weights, names[i], shape); err != nil {
			return err
		}
	}
	if data[1] == nil {
		data[1] = make([]float32, units)
	}
	return n.dense(name, units, l.activation("activation", "linear"), gateRows(data[0], in, units, []int{0}), data[1])
}

// readShaped reads an array that must have the given shape.
func readShaped(weights map[string]*tensor, name string, shape []int) ([]float32, error) {
	t, err := readArray(weights, name, len(shape))
	if err != nil {
		return nil, err
	}
	if !slices.Equal(t.shape, shape) {
		return nil, fmt.Errorf("its %s has the shape %v, want %v", name, t.shape, shape)
	}
	return t.read()
}

// activation returns the name of a function: a string, or of some versions an object
// around it; and the default without one. An object that is not a name gives its text,
// which is no name of a function.
func (l *kerasLayer) activation(name, missing string) string {
	text := find(l.config, name)
	var s string
	switch {
	case text == nil || string(text) == "null":
		return missing
	case json.Unmarshal(text, &s) == nil:
		return s
	}
	return string(text)
}

// addKerasRecurrent adds a recurrent layer, l or inside the Bidirectional l.
func (n *network) addKerasRecurrent(v kerasVersion, l, inner *kerasLayer, weights map[string]*tensor, last bool) error {
	read := []string{"units", "activation", "use_bias", "return_sequences", "return_state", "go_backwards", "time_major"}
	if inner.class != "SimpleRNN" {
		read = append(read, "recurrent_activation")
	}
	if inner.class == "GRU" {
		read = append(read, "reset_after")
	}
	if err := inner.only(read...); err != nil {
		return err
	}
	if err := inner.off("return_state", "go_backwards", "time_major"); err != nil {
		return err
	}
	units, err := inner.size("units", layers.MaxUnits)
	if err != nil {
		return err
	}
	if n.width() < 1 || n.width() > layers.MaxUnits {
		return fmt.Errorf("it reads %d values a step: want 1 to %d", n.width(), layers.MaxUnits)
	}
	spec, gates, after, err := kerasCell(v, inner, units)
	if err != nil {
		return err
	}
	bias := []int{len(gates) * units}
	if after {
		bias = []int{2, len(gates) * units}
	}
	names := []string{"kernel", "recurrent_kernel"}
	if inner.flag("use_bias", true) {
		names = append(names, "bias")
	}
	all := names
	directions := []string{""}
	if l != inner {
		directions = append(directions, "backward/")
		for _, name := range names {
			all = append(all, "backward/"+name)
		}
	}
	if err := checkArrays(weights, all...); err != nil {
		return err
	}
	values := make(map[string][]float32)
	for i, direction := range directions {
		data := make([][]float32, 3)
		for k, shape := range [][]int{{n.width(), len(gates) * units}, {units, len(gates) * units}, bias}[:len(names)] {
			if data[k], err = readShaped(weights, direction+names[k], shape); err != nil {
				return err
			}
		}
		one, err := kerasRecurrent(data[0], data[1], data[2], n.width(), units, gates, after)
		if err != nil {
			return err
		}
		for name, w := range one {
			values[name+[]string{"", "_reverse"}[i]] = w
		}
	}
	sequences := inner.flag("return_sequences", false)
	if l == inner {
		if !sequences {
			n.note("%s returns its last output only: here each step has one, that of the last step is the same", l.name)
		}
		return n.add(l.name, spec, values)
	}
	if err := l.only("layer", "merge_mode", "backward_layer"); err != nil {
		return err
	}
	if !sequences {
		return fmt.Errorf("it returns its last outputs only, of the two directions at the two ends of a sequence, which has no counterpart here: return_sequences=True has")
	}
	merge, ok := map[string]string{"concat": "", "sum": "sum", "ave": "average", "mul": "multiply"}[l.activation("merge_mode", "concat")]
	if !ok {
		return fmt.Errorf("its merge_mode %q has no counterpart here", l.text("merge_mode"))
	}
	return n.add(l.name, &layers.BidirectionalSpec{Layer: spec, Merge: merge}, values)
}

// kerasCell returns the spec of a recurrent layer, the places of its gates, and whether a
// GRU has two biases.
func kerasCell(v kerasVersion, l *kerasLayer, units int) (spec layers.Spec, gates []int, after bool, err error) {
	activation, err := choose("activation", l.activation("activation", "tanh"), layers.UnitActivations)
	if err != nil {
		return nil, nil, false, err
	}
	if l.class == "SimpleRNN" {
		return &layers.RNNSpec{Units: units, Activation: activation}, rnnGates, false, nil
	}
	old := strings.HasPrefix(string(v), "1.") || strings.HasPrefix(string(v), "2.0") || strings.HasPrefix(string(v), "2.1") || strings.HasPrefix(string(v), "2.2")
	old = old && !strings.HasSuffix(string(v), "-tf")
	recurrent := "sigmoid"
	if old {
		recurrent = "hard_sigmoid"
	}
	if recurrent = l.activation("recurrent_activation", recurrent); recurrent == "hard_sigmoid" {
		recurrent = v.hardSigmoid()
	}
	if recurrent, err = choose("recurrent_activation", recurrent, layers.GateActivations); err != nil {
		return nil, nil, false, err
	}
	if l.class == "LSTM" {
		return &layers.LSTMSpec{Units: units, Activation: activation, RecurrentActivation: recurrent}, lstmGates, false, nil
	}
	g := &layers.GRUSpec{Units: units, Activation: activation, RecurrentActivation: recurrent}
	if after = l.flag("reset_after", !old); !after {
		g.Reset = "before"
	}
	return g, gruGates, after, nil
}

// choose returns a function as a spec has it, "" for the first.
func choose(member, name string, choices []string) (string, error) {
	switch i := slices.Index(choices, name); {
	case i == 0:
		return "", nil
	case i > 0:
		return name, nil
	}
	return "", fmt.Errorf("its %s is %.60q: want %s", member, name, strings.Join(choices, ", "))
}

// kerasVocabulary takes the tokens of a layer that makes numbers of text: from its
// configuration, or from the file of its own that Keras 3 keeps them in.
func (n *network) kerasVocabulary(l *kerasLayer, assets func(name string) ([]byte, error)) error {
	if len(n.parts) > 0 {
		return fmt.Errorf("it stands behind other layers: only the first one can read text")
	}
	if words, err := parseTexts(find(l.config, "vocabulary")); err == nil {
		n.vocabulary = l.withReserved(words)
		return nil
	}
	if assets == nil {
		return fmt.Errorf("its vocabulary is not in the file: give the tokens, as its get_vocabulary() lists them")
	}
	text, err := assets("assets/layers/" + snakeCase(l.class) + "/vocabulary.txt")
	if err != nil {
		return fmt.Errorf("its vocabulary is not in the file (%w): give the tokens, as its get_vocabulary() lists them", err)
	}
	n.vocabulary, err = ParseVocabulary(text)
	return err
}

// withReserved puts the tokens in front that Keras does not list in a configuration: the
// empty string, which is padding, of a TextVectorization, and the unknown token.
func (l *kerasLayer) withReserved(words []string) []string {
	unknown := l.activation("oov_token", "[UNK]")
	if slices.Contains(words, unknown) {
		return words
	}
	if l.class == "TextVectorization" {
		return slices.Insert(words, 0, "", unknown)
	}
	return slices.Insert(words, 0, unknown)
}
