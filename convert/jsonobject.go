package convert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// A member is one of an object, as it stands in the file: value is a part of the text.
type member struct {
	name  string
	value json.RawMessage
}

// maxMembers is how many members an object of a file may have, or elements a list of objects.
const maxMembers = 1 << 12

// parseMembers reads an object in its own order, and refuses names that come twice.
func parseMembers(text []byte) ([]member, error) { return parseManyMembers(text, maxMembers) }

// parseManyMembers is parseMembers of an object of at most most members. It keeps no copy
// of the text, which for each object within others would be one more.
func parseManyMembers(text []byte, most int) (list []member, err error) {
	if text = bytes.TrimSpace(text); len(text) == 0 || text[0] != '{' {
		return nil, errors.New("not a JSON object")
	}
	if err := checkJSON(text); err != nil {
		return nil, err
	}
	seen := make(map[string]bool)
	for rest := text[1:]; ; {
		var name, value []byte
		if name, rest = cutJSON(rest); len(name) == 0 {
			return list, nil
		}
		value, rest = cutJSON(rest)
		m := member{value: value}
		if m.name, err = parseText(name); err != nil {
			return nil, err
		}
		if seen[m.name] {
			return nil, fmt.Errorf("the member %.40q comes twice", m.name)
		}
		if len(list) == most {
			return nil, fmt.Errorf("an object of more than %d members", most)
		}
		seen[m.name] = true
		list = append(list, m)
	}
}

// parseList reads a list of at most most elements, each a part of the text.
func parseList(text []byte, most int) (list []json.RawMessage, err error) {
	if text = bytes.TrimSpace(text); len(text) == 0 || text[0] != '[' {
		return nil, errors.New("not a list")
	}
	if err := checkJSON(text); err != nil {
		return nil, err
	}
	for rest := text[1:]; ; {
		var value []byte
		if value, rest = cutJSON(rest); len(value) == 0 {
			return list, nil
		}
		if len(list) == most {
			return nil, fmt.Errorf("a list of more than %d", most)
		}
		list = append(list, value)
	}
}

// maxTexts is how many tokens of a vocabulary in a file are read.
const maxTexts = 1 << 17

// parseTexts reads a list of texts, with room for two more.
func parseTexts(text []byte) ([]string, error) {
	if text = bytes.TrimSpace(text); len(text) == 0 || text[0] != '[' {
		return nil, errors.New("not a list")
	}
	if err := checkJSON(text); err != nil {
		return nil, err
	}
	list := make([]string, 0, min(bytes.Count(text, []byte(`,`))+1, maxTexts)+2)
	for rest := text[1:]; ; {
		var value []byte
		if value, rest = cutJSON(rest); len(value) == 0 {
			return list, nil
		}
		if len(list) == maxTexts {
			return nil, fmt.Errorf("a list of more than %d texts", maxTexts)
		}
		s, err := parseText(value)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
}

// parseText reads a text, most of which are as they stand.
func parseText(value []byte) (s string, err error) {
	if len(value) > 1 && value[0] == '"' && bytes.IndexByte(value, '\\') < 0 && utf8.Valid(value) {
		return string(value[1 : len(value)-1]), nil
	}
	if json.Unmarshal(value, &s) != nil || value[0] != '"' {
		return "", errors.New("not a text")
	}
	return s, nil
}

// parseSize reads the last number of a shape, and reports whether it has one.
func parseSize(shape []byte) (int, bool) {
	var all []*int
	const most = 1 << 10 // of the text: a list takes many times the memory of short numbers
	if len(shape) > most || json.Unmarshal(shape, &all) != nil || len(all) == 0 || all[len(all)-1] == nil {
		return 0, false
	}
	return *all[len(all)-1], true
}

// A checked is a JSON text that package json has checked without a copy.
type checked struct{}

func (*checked) UnmarshalJSON([]byte) error { return nil }

// checkJSON returns an error unless text is a JSON value.
func checkJSON(text []byte) error {
	err := json.Unmarshal(text, new(checked))
	var s *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &s) && strings.HasPrefix(s.Error(), "unexpected end"):
		return errors.New("not valid JSON: it ends early")
	case strings.Contains(err.Error(), "after top-level value"):
		return errors.New("something follows the JSON object")
	}
	return errors.New("not valid JSON")
}

// cutJSON returns the first value of what follows the opening bracket, a comma or a colon
// in a valid text, and what is behind it and its comma or colon. Before a closing bracket
// the value is empty.
func cutJSON(text []byte) (value, rest []byte) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return bytes.TrimSpace(text[:i]), text[i:]
			}
			depth--
		case ',', ':':
			if depth == 0 {
				value = bytes.TrimSpace(text[:i])
				return value[:len(value):len(value)], text[i+1:]
			}
		}
	}
	return bytes.TrimSpace(text), nil
}

// find returns the value of a member, or nil.
func find(list []member, name string) json.RawMessage {
	for _, m := range list {
		if m.name == name {
			return m.value
		}
	}
	return nil
}
