package convert

import "fmt"

// isRecurrent reports whether a class is of recurrent layers.
func isRecurrent(class string) bool { return class == "LSTM" || class == "GRU" || class == "SimpleRNN" }

// plain are the classes of layers without weights.
var plain = []string{"InputLayer", "Activation", "ReLU", "Softmax", "Masking", "NotEqual", "Any"}

// training are the classes of layers that act in training only.
var training = []string{"Dropout", "SpatialDropout1D", "GaussianDropout", "GaussianNoise", "AlphaDropout", "ActivityRegularization"}

func isPlain(class string) bool { return contains(plain, class) || contains(training, class) }

// addPlain adds a layer without weights.
func (r *kerasReader) addPlain(l *kerasLayer) error {
	if contains(training, l.class) {
		r.note("left out: %s, which acts in training only", l.class)
		return l.only("stddev", "l1", "l2")
	}
	switch l.class {
	case "InputLayer":
		return l.only()
	case "NotEqual", "Any": // see kerasChain
		r.note("left out: %s, which finds the steps that are masked", l.class)
		return nil
	case "Masking":
		r.note("%s: Keras skips steps all of whose values are %.20s; here every step counts, so leave such steps out", l.name, find(l.config, "mask_value"))
		return l.only("mask_value")
	case "Activation":
		if err := l.only("activation"); err != nil {
			return err
		}
		return r.activation(l.name, l.activation("activation", ""))
	case "ReLU":
		for _, name := range []string{"negative_slope", "threshold"} {
			if text := string(find(l.config, name)); !contains([]string{"", "null", "0", "0.0"}, text) {
				return fmt.Errorf("its %s is %.20s: only 0 is read", name, text)
			}
		}
		if err := l.only("negative_slope", "threshold"); err != nil {
			return err
		}
		return r.activation(l.name, "relu")
	case "Softmax":
		if err := l.only("axis"); err != nil {
			return err
		}
		if axis := string(find(l.config, "axis")); axis != "" && axis != "-1" && axis != "[-1]" {
			return fmt.Errorf("it acts along axis %.20s: only the last, -1, is read", axis)
		}
		return r.activation(l.name, "softmax")
	}
	panic("convert: no layer without weights")
}
