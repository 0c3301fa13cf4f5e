package convert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A member is one of an object, as it stands in the file.
type member struct {
	name  string
	value json.RawMessage
}

// parseMembers reads an object in its own order, and refuses names that come twice.
func parseMembers(text []byte) (list []member, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if tok, err := d.Token(); err != nil || tok != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	seen := make(map[string]bool)
	for d.More() {
		tok, err := d.Token()
		name, ok := tok.(string)
		if err != nil || !ok {
			return nil, errors.New("not valid JSON")
		}
		if seen[name] {
			return nil, fmt.Errorf("the member %.40q comes twice", name)
		}
		seen[name] = true
		m := member{name: name}
		if err := d.Decode(&m.value); err != nil {
			return nil, fmt.Errorf("the member %.40q is not valid JSON", name)
		}
		list = append(list, m)
	}
	if _, err := d.Token(); err != nil {
		return nil, errors.New("not valid JSON: it ends early")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the JSON object")
	}
	return list, nil
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

// parseList reads an array of at most so many values.
func parseList(text []byte, most int) (list []json.RawMessage, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if tok, err := d.Token(); err != nil || tok != json.Delim('[') {
		return nil, errors.New("not a list")
	}
	for d.More() {
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, errors.New("not valid JSON")
		}
		if list = append(list, value); len(list) > most {
			return nil, fmt.Errorf("a list of more than %d", most)
		}
	}
	return list, nil
}
