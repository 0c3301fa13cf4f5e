package convert

import (
	"slices"
	"strings"
)

// rename gives the layers of a configuration that came beside a file of weights the names
// in the file, whose order names has. Keras goes by their order alone: the names have
// numbers that depend on what else a program made. It reports whether it changed any.
func (a *kerasArrays) rename(list []kerasLayer, names []string) bool {
	if a.counted != nil || len(names) > maxKerasLayers {
		return false
	}
	names = slices.Clone(names)
	names = slices.DeleteFunc(names, func(name string) bool {
		return !slices.ContainsFunc(a.tensors, func(t tensor) bool { return strings.HasPrefix(t.name, a.root+name+"/") })
	})
	var weighted []*kerasLayer
	same := true
	for i := range list {
		l := &list[i]
		if !isPlain(l.class) && l.class != "TextVectorization" && l.class != "StringLookup" {
			weighted = append(weighted, l)
			same = same && slices.Contains(names, l.name)
		}
	}
	if same || len(weighted) != len(names) {
		return false
	}
	for i, l := range weighted {
		l.name = names[i]
	}
	return true
}
