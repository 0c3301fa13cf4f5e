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

// old reports whether defaults are those before TensorFlow 2: Keras up to 2.2, but not that
// of TensorFlow 2.0, which calls itself 2.2.4-tf.
func (v kerasVersion) old() bool {
	var major, minor int
	n, _ := fmt.Sscanf(string(v), "%d.%d", &major, &minor)
	return (n == 2 && major == 2 && minor <= 2 || major == 1) && !strings.HasSuffix(string(v), "-tf")
}

// A kerasReader makes a network of the layers of a configuration.
type kerasReader struct {
	*network
	version kerasVersion
	assets  func(name string) ([]byte, error) // reads a file of the model's own; nil without any
	layers  int                               // so far, those of models in the model included
}

// readKeras reads a network from a configuration and the arrays of its layers. assets
// reads a file of the model's own, or is nil.
func readKeras(version string, list []kerasLayer, arrays *kerasArrays, assets func(name string) ([]byte, error)) (*network, error) {
	r := kerasReader{network: &network{format: "Keras " + version}, version: kerasVersion(version), assets: assets}
	var err error
	if slices.ContainsFunc(list, func(l kerasLayer) bool { return l.class == maskedConv || l.class == residualBlock }) {
		err = r.readPixels(list, arrays)
	} else {
		err = r.addAll(list, arrays, 0)
	}
	if err != nil {
		return nil, err
	}
	if rest := arrays.rest(); rest != nil {
		return nil, apierror.Errorf("the array %q belongs to none of the layers of the configuration (%d such arrays in all)", rest[0], len(rest))
	}
	return r.network, nil
}

// maxModels is how deep models are read that lie in one another.
const maxModels = 4

// addAll adds the layers of a model, which may itself be a layer.
func (r *kerasReader) addAll(list []kerasLayer, arrays *kerasArrays, depth int) error {
	for i := range list {
		l := &list[i]
		if r.layers++; r.layers > maxKerasLayers {
			return apierror.Errorf("the configuration has more than %d layers", maxKerasLayers)
		}
		var err error
		switch {
		case isModel(l.class) && depth < maxModels:
			var inside []kerasLayer
			if inside, err = kerasLayers(l.class, l.config); err == nil {
				err = r.addAll(inside, arrays.in(l.name, l.class, ""), depth+1)
			}
		case l.class == "TextVectorization" || l.class == "StringLookup":
			err = r.addVocabulary(l, arrays)
		case l.class == "RNN" && l.stacked():
			err = r.addStacked(l, arrays)
		default:
			err = r.add(l, arrays)
		}
		if err != nil {
			return apierror.Errorf("layer %q (%s): %v", l.name, l.class, err)
		}
	}
	return nil
}

// add adds a layer.
func (r *kerasReader) add(l *kerasLayer, arrays *kerasArrays) error {
	inner := l
	var err error
	switch l.class {
	case "Bidirectional", "TimeDistributed":
		if inner, err = l.inside("layer"); err != nil {
			return err
		}
		if inner.class == "RNN" {
			inner, err = inner.unwrapped()
		}
	case "RNN":
		inner, err = l.unwrapped()
	}
	if err != nil {
		return err
	}
	if !isRecurrent(inner.class) && inner.class != "Embedding" && inner.class != "Dense" && !isPlain(inner.class) {
		return fmt.Errorf("a layer of this class has no counterpart here: Embedding, SimpleRNN, LSTM, GRU, Bidirectional, Dense, TimeDistributed(Dense), Activation, Softmax and Dropout are read")
	}
	weights, err := arrays.of(l.name, l.class, inner.class)
	if err != nil {
		return err
	}
	if len(r.parts) == 0 && r.input == 0 {
		if r.input = l.inputs(); r.input == 0 && weights["kernel"] != nil && len(weights["kernel"].shape) == 2 { // built from the data
			r.input = weights["kernel"].shape[0]
		}
	}
	switch l.class {
	case "Bidirectional":
		if !isRecurrent(inner.class) {
			return fmt.Errorf("it holds a %s: only LSTM, GRU and SimpleRNN are read within it", inner.class)
		}
		return r.addRecurrent(l, inner, weights)
	case "TimeDistributed":
		if err := l.only("layer"); err != nil {
			return err
		}
		if isRecurrent(inner.class) || inner.class == "Embedding" {
			return fmt.Errorf("it holds a %s: only Dense layers and functions are read within it", inner.class)
		}
	}
	switch inner.class {
	case "Embedding":
		return r.addEmbedding(l, weights)
	case "Dense":
		return r.addDense(inner, weights)
	case "LSTM", "GRU", "SimpleRNN":
		return r.addRecurrent(inner, inner, weights)
	}
	if len(weights) > 0 {
		return fmt.Errorf("it has weights, which a %s does not have", inner.class)
	}
	return r.addPlain(inner)
}

// inside returns the layer in a wrapper.
func (l *kerasLayer) inside(name string) (*kerasLayer, error) {
	m, err := parseMembers(find(l.config, name))
	if err != nil {
		return nil, fmt.Errorf("it names no %s inside", name)
	}
	in := &kerasLayer{name: l.name, class: clip(kerasClass(m))}
	if in.config, err = parseMembers(find(m, "config")); err != nil {
		return nil, fmt.Errorf("its %s has no config", name)
	}
	return in, nil
}

func (r *kerasReader) addEmbedding(l *kerasLayer, weights map[string]*tensor) error {
	if err := l.only("input_dim", "output_dim", "mask_zero"); err != nil {
		return err
	}
	if l.flag("mask_zero", false) {
		r.masked = true
		r.note("%s has mask_zero: Keras skips token 0 within a text, here a text does not hold it", l.name)
	}
	if err := checkArrays(weights, "embeddings"); err != nil {
		return err
	}
	w, err := readArray(weights, "embeddings", 2)
	if err != nil {
		return err
	}
	data, err := w.read()
	if err != nil {
		return err
	}
	return r.embedding(l.name, w.shape[0], w.shape[1], data)
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

func (r *kerasReader) addDense(l *kerasLayer, weights map[string]*tensor) error {
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
	in := r.width()
	data := make([][]float32, 2)
	for i, shape := range [][]int{{in, units}, {units}}[:len(names)] {
		if data[i], err = readShaped(weights, names[i], shape); err != nil {
			return err
		}
	}
	if data[1] == nil {
		data[1] = make([]float32, units)
	}
	return r.dense(l.name, units, l.activation("activation", "linear"), gateRows(data[0], in, units, []int{0}), data[1])
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

// activation returns the name of a function: a string, and the default without one. An
// object that is not a name gives its text, which is no name of a function.
func (l *kerasLayer) activation(name, missing string) string {
	text := find(l.config, name)
	var s string
	switch {
	case text == nil || string(text) == "null":
		return missing
	case json.Unmarshal(text, &s) == nil:
		if s == "softmax_v2" { // tf.nn.softmax
			return "softmax"
		}
		return s
	}
	return string(text)
}
