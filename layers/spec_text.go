package layers

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// FormatSpecs returns a list of layers as ParseSpecs reads it.
func FormatSpecs(list []Spec) string {
	var words []string
	for _, s := range list {
		words = append(words, formatSpec(s))
	}
	return strings.Join(words, ",")
}

func formatSpec(s Spec) string {
	text := s.Kind()
	for _, m := range s.Members() {
		switch {
		case m.Layer != nil:
			text += "(" + formatSpec(*m.Layer) + ")"
		case m.Int != nil:
			text += ":" + strconv.Itoa(*m.Int)
		case *m.Text != "" && *m.Text != m.Choices[0]:
			text += ":" + m.Name + "=" + *m.Text
		}
	}
	return text
}

// ParseSpecs reads a list of layers, separated by commas: of each its kind, the layer
// inside in parentheses, its numbers, and words by name.
//
//	lstm:128,lstm:128
//	gru:100:reset=before
//	bidirectional(gru:100):merge=sum
//
// Errors name the layer.
func ParseSpecs(text string) (list []Spec, err error) {
	depth, from := 0, 0
	for i := 0; i <= len(text); i++ {
		switch {
		case i == len(text) || text[i] == ',' && depth == 0:
			s, err := parseSpec(strings.TrimSpace(text[from:i]), 1)
			if err != nil {
				return nil, fmt.Errorf("layer %d: %w", len(list), err)
			}
			list = append(list, s)
			from = i + 1
		case text[i] == '(':
			depth++
		case text[i] == ')':
			depth--
		}
	}
	if len(list) > MaxLayers {
		return nil, fmt.Errorf("there are %d layers: want at most %d", len(list), MaxLayers)
	}
	return list, nil
}

func parseSpec(text string, depth int) (Spec, error) {
	if depth > maxNested {
		return nil, errors.New("layers lie in layers too deep")
	}
	kind, rest := text, ""
	if i := strings.IndexAny(text, ":("); i >= 0 {
		kind, rest = text[:i], text[i:]
	}
	s := NewSpec(kind)
	if s == nil {
		return nil, fmt.Errorf("%q is no kind of layer: want %s", kind, strings.Join(Kinds(), ", "))
	}
	for _, m := range s.Members() {
		if m.Layer == nil {
			continue
		}
		end := strings.LastIndex(rest, ")")
		if !strings.HasPrefix(rest, "(") || end < 0 {
			return nil, fmt.Errorf("%s: want a layer in parentheses behind it", kind)
		}
		inside, err := parseSpec(strings.TrimSpace(rest[1:end]), depth+1)
		if err != nil {
			return nil, err
		}
		*m.Layer, rest = inside, rest[end+1:]
	}
	if rest != "" && rest[0] != ':' {
		return nil, fmt.Errorf("%s: %q is not expected behind it", kind, rest)
	}
	var words []string
	if rest != "" {
		words = strings.Split(rest[1:], ":")
	}
	for _, m := range s.Members() {
		if m.Int == nil {
			continue
		}
		if len(words) == 0 {
			return nil, fmt.Errorf("%s: its %s are missing: write %s:128 for example", kind, m.Name, kind)
		}
		n, err := strconv.Atoi(words[0])
		if err != nil {
			return nil, fmt.Errorf("%s: its %s are %q: want a number", kind, m.Name, words[0])
		}
		*m.Int, words = n, words[1:]
	}
	seen := make(map[string]bool)
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		if seen[name] {
			return nil, fmt.Errorf("%s: %q comes twice", kind, name)
		}
		seen[name] = true
		if err := setText(s, name, value); err != nil {
			return nil, err
		}
	}
	return s, CheckSpec(s)
}

// setText sets a member that is a word.
func setText(s Spec, name, value string) error {
	var names []string
	for _, m := range s.Members() {
		if m.Text == nil {
			continue
		}
		if m.Name == name {
			if *m.Text = value; value == m.Choices[0] {
				*m.Text = "" // one form of the same
			}
			if value == "" {
				return fmt.Errorf("%s: write %s=%s for example", s.Kind(), name, m.Choices[len(m.Choices)-1])
			}
			return nil
		}
		names = append(names, m.Name)
	}
	if names == nil {
		return fmt.Errorf("%s: %q is not expected", s.Kind(), name)
	}
	return fmt.Errorf("%s: %q is not one of %s", s.Kind(), name, strings.Join(names, ", "))
}
