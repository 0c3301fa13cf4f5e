package convert

import (
	"fmt"
	"regexp"
	"sort"
	"strings"
)

// kerasArrays are the arrays of a Keras weights file, by path, or those of a model in the
// model. The paths have three forms.
//
//	model_weights/LAYER/…/kernel:0    a whole model in .h5; LAYER is the layer's own name
//	LAYER/…/kernel:0                  its weights alone
//	layers/CLASS_N/cell/vars/0        .keras and .weights.h5: N counts layers of a class
//
// In the first two a model in the model is a layer, whose arrays have the names of its own
// layers somewhere in their paths; in the third its arrays lie as those of a whole model.
type kerasArrays struct {
	tensors []tensor // name is the path
	used    map[string]bool
	root    string         // before LAYER or CLASS
	counted map[string]int // layers of each class so far; nil for layers by name
	inner   bool           // by name, of a model in the model
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

// A kerasArray is an array of a layer and its path within the layer.
type kerasArray struct {
	path string
	*tensor
}

// prefix returns what the paths of the next layer begin with.
func (a *kerasArrays) prefix(name, class string) string {
	if a.counted == nil {
		return a.root + name + "/"
	}
	snake := snakeCase(class)
	n := a.counted[snake]
	a.counted[snake]++
	if n > 0 {
		snake = fmt.Sprintf("%s_%d", snake, n)
	}
	return a.root + snake + "/"
}

// take returns the arrays of the next layer, but for the state of dropout's random numbers,
// which belongs to it too.
func (a *kerasArrays) take(name, class string) (list []kerasArray) {
	prefix := a.prefix(name, class)
	for i := range a.tensors {
		t := &a.tensors[i]
		path, ok := strings.CutPrefix(t.name, prefix)
		if a.inner {
			path, ok = strings.CutPrefix(t.name, a.root)
			if ok {
				_, path, ok = strings.Cut("/"+path, "/"+name+"/")
			}
		}
		if !ok || a.used[t.name] {
			continue
		}
		a.used[t.name] = true
		if !strings.Contains(path, "seed_generator") {
			list = append(list, kerasArray{path, t})
		}
	}
	return list
}

// in returns the arrays of a model, or with more of the path of a list of layers, in the
// next layer.
func (a *kerasArrays) in(name, class, more string) *kerasArrays {
	b := *a
	switch container, _, _ := strings.Cut(a.root, "/"); {
	case a.counted == nil && !a.inner:
		b.root, b.inner = a.prefix(name, class), true
	case a.counted != nil && more == "":
		more = container + "/"
		fallthrough
	case a.counted != nil:
		b.root, b.counted = a.prefix(name, class)+more, make(map[string]int)
	}
	return &b
}

// of returns the arrays of a layer by their names in Keras, those of the second direction
// of a Bidirectional behind "backward/". class is that of the layer, inner that of the
// layer inside a wrapper, or the same.
func (a *kerasArrays) of(name, class, inner string) (map[string]*tensor, error) {
	found := make(map[string]*tensor)
	for _, t := range a.take(name, class) {
		last := t.path[strings.LastIndexByte(t.path, '/')+1:]
		last, _, _ = strings.Cut(last, ":")
		if a.counted != nil {
			names := kerasVariables[inner]
			k := 0
			if _, err := fmt.Sscanf(last, "%d", &k); err != nil || k < 0 || k >= len(names) {
				return nil, fmt.Errorf("its array %q is none of the %d that a %s has", t.name, len(names), inner)
			}
			last = names[k]
		}
		if class == "Bidirectional" && strings.LastIndex("/"+t.path, "/backward") > strings.LastIndex("/"+t.path, "/forward") {
			last = "backward/" + last
		}
		if found[last] != nil {
			return nil, fmt.Errorf("the arrays %q and %q have one place", found[last].name, t.name)
		}
		found[last] = t.tensor
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
