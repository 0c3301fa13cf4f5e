package convert

import (
	"fmt"
	"regexp"
	"sort"
	"strings"
)

// kerasArrays are the arrays of a Keras weights file, by path, and the three forms of the
// paths.
//
//	model_weights/LAYER/…/kernel:0    a whole model in .h5; LAYER is the layer's own name
//	LAYER/…/kernel:0                  its weights alone
//	layers/CLASS_N/cell/vars/0        .keras and .weights.h5: N counts layers of a class
type kerasArrays struct {
	tensors []tensor // name is the path
	used    map[string]bool
	root    string         // before LAYER or CLASS
	counted map[string]int // layers of each class so far; nil for layers by name
}

// newKerasArrays finds out the form of the paths.
func newKerasArrays(tensors []tensor) *kerasArrays {
	a := &kerasArrays{tensors: tensors, used: make(map[string]bool)}
	for _, t := range tensors {
		switch {
		case strings.HasPrefix(t.name, "model_weights/"):
			a.root = "model_weights/"
		case strings.HasPrefix(t.name, "layers/") || strings.HasPrefix(t.name, "_layer_checkpoint_dependencies/"):
			a.root, _, _ = strings.Cut(t.name, "/")
			a.root += "/"
			a.counted = make(map[string]int)
		}
	}
	return a
}

// kerasVariables are the names of the numbered arrays of a layer.
var kerasVariables = map[string][]string{
	"Embedding": {"embeddings"},
	"Dense":     {"kernel", "bias"},
	"Conv2D":    {"kernel", "bias"},
	"LSTM":      {"kernel", "recurrent_kernel", "bias"},
	"GRU":       {"kernel", "recurrent_kernel", "bias"},
	"SimpleRNN": {"kernel", "recurrent_kernel", "bias"},
}

// of returns the arrays of a layer by their names in Keras, those of the second direction
// behind "backward/". class is that of the layer, inner that of the layer inside a wrapper,
// or the same.
func (a *kerasArrays) of(name, class, inner string) (map[string]*tensor, error) {
	prefix := a.root + name + "/"
	if a.counted != nil {
		snake := snakeCase(class)
		n := a.counted[snake]
		a.counted[snake]++
		if n > 0 {
			snake = fmt.Sprintf("%s_%d", snake, n)
		}
		prefix = a.root + snake + "/"
	}
	found := make(map[string]*tensor)
	for i := range a.tensors {
		t := &a.tensors[i]
		path, ok := strings.CutPrefix(t.name, prefix)
		if !ok || strings.Contains(path, "seed_generator") {
			if ok { // the state of dropout's random numbers
				a.used[t.name] = true
			}
			continue
		}
		last := path[strings.LastIndexByte(path, '/')+1:]
		last, _, _ = strings.Cut(last, ":")
		if a.counted != nil {
			names := kerasVariables[inner]
			k := 0
			if _, err := fmt.Sscanf(last, "%d", &k); err != nil || k < 0 || k >= len(names) {
				return nil, fmt.Errorf("its array %q is none of the %d that a %s has", t.name, len(names), inner)
			}
			last = names[k]
		}
		if strings.Contains("/"+path, "/backward") {
			last = "backward/" + last
		}
		if found[last] != nil {
			return nil, fmt.Errorf("the arrays %q and %q have one place", found[last].name, t.name)
		}
		found[last] = t
		a.used[t.name] = true
	}
	return found, nil
}

// rest returns the arrays that belong to no layer, but for those of an optimiser.
func (a *kerasArrays) rest() (list []string) {
	for _, t := range a.tensors {
		if !a.used[t.name] && !strings.HasPrefix(t.name, "optimizer") && !strings.HasPrefix(t.name, "metrics/") && !strings.HasPrefix(t.name, "vars/") {
			list = append(list, t.name)
		}
	}
	sort.Strings(list)
	return list
}

var (
	word  = regexp.MustCompile(`(.)([A-Z][a-z]+)`)
	small = regexp.MustCompile(`([a-z])([A-Z])`)
)

// snakeCase returns the name of a class as Keras 3 has it in paths: SimpleRNN is
// simple_rnn.
func snakeCase(class string) string {
	return strings.ToLower(small.ReplaceAllString(word.ReplaceAllString(class, "${1}_$2"), "${1}_$2"))
}
