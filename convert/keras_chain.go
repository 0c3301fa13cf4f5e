package convert

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
)

// A kerasChain goes through the layers of a Functional model, which must be a chain: each
// is called once, with the output of the one before it alone. What Keras 3 computes to find
// the steps that Embedding and Masking mask, as layers of its own, is beside the chain.
type kerasChain struct {
	before string // the layer so far, "" at the start
	masks  map[string]bool
}

// A kerasSource is a tensor that a call reads: the output of a layer.
type kerasSource struct {
	layer  string
	output float64 // its number, where a layer has several
}

// isMask reports whether layers of a class compute masks.
func isMask(class string) bool { return class == "NotEqual" || class == "Any" }

// add takes the next layer. Its inbound_nodes are nested lists or objects, by version, in
// which the name of a layer stands in "keras_history", or is the first value of a list.
func (c *kerasChain) add(l *kerasLayer, nodes json.RawMessage) error {
	var tree any
	if len(nodes) > maxNodes || nodes != nil && json.Unmarshal(nodes, &tree) != nil {
		return apierror.Errorf("layer %q: its inbound_nodes are not valid", l.name)
	}
	calls, _ := tree.([]any)
	if isMask(l.class) {
		c.masks[l.name] = true
		return nil
	}
	sources := kerasSources(tree, nil, 0)
	switch {
	case len(calls) == 0 && c.before == "":
	case len(calls) > 1:
		return apierror.Errorf("layer %q is used %d times: only chains of layers can be read", l.name, len(calls))
	case len(sources) != 1 || sources[0].layer != c.before:
		return apierror.Errorf("layer %q reads %s, not the layer before it (%q): only chains of layers can be read, without branches and skips", l.name, quotedSources(sources), c.before)
	case sources[0].output != 0:
		return apierror.Errorf("layer %q reads output %g of layer %q, a state: only outputs can be read", l.name, sources[0].output, c.before)
	}
	if name := c.argument(tree, 0); name != "" {
		return apierror.Errorf("layer %q is called with %s, which has no counterpart here", l.name, name)
	}
	c.before = l.name
	return nil
}

// ends returns an error unless the output of a model is that of its last layer alone.
func (c *kerasChain) ends(outputs json.RawMessage) error {
	var tree any
	if outputs == nil {
		return nil
	}
	if len(outputs) > maxNodes || json.Unmarshal(outputs, &tree) != nil {
		return apierror.Errorf("the output_layers of the configuration are not valid")
	}
	switch list := kerasSources(tree, nil, 0); {
	case len(list) != 1:
		return apierror.Errorf("the model has %d outputs, %s: only one, that of the last layer, can be read", len(list), quotedSources(list))
	case list[0].layer != c.before || list[0].output != 0:
		return apierror.Errorf("the output of the model is output %g of layer %q, not that of the last layer, %q", list[0].output, list[0].layer, c.before)
	}
	return nil
}

// maxNodes is how many bytes the description of a layer's calls may have: its values take many
// times the memory of short texts.
const maxNodes = 16 << 10

// maxTree is how deep inbound_nodes are looked into.
const maxTree = 16

// kerasSources returns the tensors that a call reads, without those of its keywords.
func kerasSources(tree any, list []kerasSource, depth int) []kerasSource {
	if depth > maxTree {
		return list
	}
	switch v := tree.(type) {
	case []any:
		if s, ok := sourceOf(v); ok {
			return append(list, s)
		}
		for _, e := range v {
			list = kerasSources(e, list, depth+1)
		}
	case map[string]any:
		if h, ok := v["keras_history"].([]any); ok {
			if s, ok := sourceOf(h); ok {
				return append(list, s)
			}
		}
		for _, key := range []string{"args", "config"} {
			list = kerasSources(v[key], list, depth+1)
		}
	}
	return list
}

// sourceOf reads [layer, call, output, …].
func sourceOf(v []any) (s kerasSource, ok bool) {
	if len(v) < 3 {
		return s, false
	}
	s.layer, ok = v[0].(string)
	s.output, _ = v[2].(float64)
	return s, ok
}

// argument returns the name of a keyword of a call that changes what it computes, or "".
// Those of [layer, call, output, keywords] are the last value, those of Keras 3 are kwargs.
func (c *kerasChain) argument(tree any, depth int) string {
	if depth > maxTree {
		return ""
	}
	var keywords any
	var inside []any
	switch v := tree.(type) {
	case []any:
		if _, ok := sourceOf(v); ok {
			if len(v) > 3 {
				keywords = v[3]
			}
		} else {
			inside = v
		}
	case map[string]any:
		keywords = v["kwargs"]
	}
	for _, e := range inside {
		if name := c.argument(e, depth+1); name != "" {
			return name
		}
	}
	list, _ := keywords.(map[string]any)
	for name, value := range list {
		if value == nil || name == "training" {
			continue
		}
		if s := kerasSources(value, nil, 0); name == "mask" && len(s) == 1 && c.masks[s[0].layer] {
			continue
		}
		return name
	}
	return ""
}

func quotedSources(list []kerasSource) string {
	var names []string
	for _, s := range list {
		names = append(names, s.layer)
	}
	return quoted(names)
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
