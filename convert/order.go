package convert

import (
	"slices"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
)

// inOrder returns the modules of a state dict in the order in which widths and kinds let
// them follow each other: an embedding only in front, a linear layer only at the end, for
// the function behind another one would not be known. In safetensors the order is that of
// the names, which means nothing: there several orders are an error. Where no order fits it
// returns the file's, whose fault is found when its layers are added.
func (n *network) inOrder(all []*module) ([]*module, error) {
	if len(all) > maxModules {
		return all, nil
	}
	s := orderSearch{all: all}
	s.extend(nil)
	names := func(list []*module) string {
		var words []string
		for _, m := range list {
			words = append(words, m.name)
		}
		return strings.Join(words, ",")
	}
	switch {
	case len(s.found) == 0:
		return all, nil
	case len(s.found) == 1:
		return s.found[0], nil
	case n.format == formatSafetensors:
		return nil, apierror.Errorf("the modules could follow each other as %s or as %s, and the file does not say which: name them in their order, input to output", names(s.found[0]), names(s.found[1]))
	case slices.Equal(s.found[0], all):
		n.note("the modules are taken in the order of the file, %s: others would be possible too", names(all))
	}
	return all, nil
}

// maxModules is the most modules whose order is looked for.
const maxModules = 64

// An orderSearch looks for orders of modules, the file's first, until it has two.
type orderSearch struct {
	all    []*module
	found  [][]*module
	visits int
}

// maxVisits bounds the steps of a search; what it has found by then is what there is.
const maxVisits = 1 << 14

func (s *orderSearch) extend(list []*module) {
	if s.visits++; s.visits > maxVisits || len(s.found) == 2 {
		return
	}
	if len(list) == len(s.all) {
		s.found = append(s.found, slices.Clone(list))
		return
	}
	for _, m := range s.all {
		if slices.Contains(list, m) {
			continue
		}
		first, last := len(list) == 0, len(list) == len(s.all)-1
		in, _ := m.widths(first)
		if in == 0 || !m.recurrent() && !first && !last || first && last && !m.recurrent() {
			continue
		}
		if first && !m.recurrent() && m.find("bias") != nil { // a linear layer
			continue
		}
		if !first {
			if _, out := list[len(list)-1].widths(len(list) == 1); in != out {
				continue
			}
		}
		s.extend(append(list, m))
	}
}

// widths returns the inputs and outputs of a module, of an embedding if it is the first and
// has no bias; zeros if it is none that can be read.
func (m *module) widths(first bool) (in, out int) {
	if !m.recurrent() {
		w := m.find("weight")
		if w == nil || len(w.shape) != 2 {
			return 0, 0
		}
		if first && m.find("bias") == nil {
			return w.shape[0], w.shape[1]
		}
		return w.shape[1], w.shape[0]
	}
	both := 1
	for _, t := range m.tensors {
		part := recurrentName.FindStringSubmatch(strings.TrimPrefix(t.name, m.name+"."))
		if part == nil || part[1] != "weight" || len(t.shape) != 2 {
			continue
		}
		if part[4] != "" {
			both = 2
		}
		switch {
		case part[2] == "hh":
			out = t.shape[1]
		case part[3] == "" || part[3] == "0":
			in = t.shape[1]
		}
	}
	return in, out * both
}

// findModule returns the place of the module of a name: its own, or without what comes
// before it in all the names of a program that wraps the network: "module.", "_orig_mod.",
// "model.". It is -1 if there is none, or several.
func findModule(all []*module, name string) int {
	if k := slices.IndexFunc(all, func(m *module) bool { return m.name == name }); k >= 0 {
		return k
	}
	found := -1
	for k, m := range all {
		if name != "" && strings.HasSuffix(m.name, "."+name) {
			if found >= 0 {
				return -1
			}
			found = k
		}
	}
	return found
}
