package convert

import (
	"slices"
	"strings"
)

// isOnly reports whether all tensors of a module are among these.
func (m *module) isOnly(names ...string) bool {
	for _, t := range m.tensors {
		if !slices.Contains(names, strings.TrimPrefix(t.name, m.name+".")) {
			return false
		}
	}
	return true
}

// width returns the inputs and outputs of a module by its shapes, 0 where they do not say.
// Those of an embedding, a matrix alone, are [tokens, width].
func (m *module) width() (in, out int) {
	if m.recurrent() {
		ih, hh, units := m.find("weight_ih_l0"), (*tensor)(nil), 0
		if ih == nil {
			ih = m.find("weight_ih")
		}
		for _, t := range m.tensors { // the last layer has the outputs
			if strings.Contains(t.name, "weight_hh") && len(t.shape) == 2 {
				if hh = &t; !strings.HasSuffix(t.name, "_reverse") {
					units = t.shape[1]
				}
			}
		}
		if len(ih.shape) != 2 || hh == nil {
			return 0, 0
		}
		if m.find("weight_ih_l0_reverse") != nil {
			units *= 2
		}
		return ih.shape[1], units
	}
	if w := m.find("weight"); w != nil && len(w.shape) == 2 && m.isOnly("weight", "bias") {
		if m.find("bias") == nil {
			return w.shape[0], w.shape[1]
		}
		return w.shape[1], w.shape[0]
	}
	return 0, 0
}

// chains reports whether each module has as many inputs as the one before it outputs.
func chains(list []*module) bool {
	before := 0
	for i, m := range list {
		in, out := m.width()
		if in == 0 || i > 0 && in != before {
			return false
		}
		before = out
	}
	return true
}

// order returns the modules of a state dict, input to output. They keep the order of the
// file if that fits; files in safetensors have that of the names, and then it is embedding,
// recurrent layers, linear layer, if there is one of each end and that alone fits.
func (n *network) order(all []*module) []*module {
	if chains(all) {
		return all
	}
	var first, middle, last []*module
	for _, m := range all {
		switch {
		case m.recurrent():
			middle = append(middle, m)
		case m.isOnly("weight") && m.find("weight") != nil:
			first = append(first, m)
		default:
			last = append(last, m)
		}
	}
	other := slices.Concat(first, middle, last)
	if len(first) > 1 || len(middle) != 1 || len(last) != 1 || !chains(other) {
		return all
	}
	var names []string
	for _, m := range other {
		names = append(names, m.name)
	}
	n.note("the modules are taken in the order that fits: %s", strings.Join(names, ", "))
	return other
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
