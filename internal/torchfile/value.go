package torchfile

import (
	"slices"
	"strconv"
	"unicode/utf8"
)

// A sorter sorts what a pickle holds into tensors and the rest.
type sorter struct {
	*File
	mem  *budget
	seen map[string]struct{} // names
}

// maxDepth is how deep values may be nested.
const maxDepth = 64

// visit counts a value that is looked at, so that one that contains itself, or is in many
// places, cannot take forever.
func (s *sorter) visit(depth int) error {
	if depth > maxDepth {
		return formatErr("values are nested more than %d deep, or contain themselves", maxDepth)
	}
	return s.mem.take(32)
}

// hasTensors reports whether there is a tensor in v.
func (s *sorter) hasTensors(v any, depth int) (bool, error) {
	if err := s.visit(depth); err != nil {
		return false, err
	}
	among := func(list []any) (bool, error) {
		for _, v := range list {
			if has, err := s.hasTensors(v, depth+1); has || err != nil {
				return has, err
			}
		}
		return false, nil
	}
	inDict := func(d *dict) (bool, error) {
		for _, p := range d.pairs {
			if has, err := s.hasTensors(p.value, depth+1); has || err != nil {
				return has, err
			}
		}
		return false, nil
	}
	switch v := v.(type) {
	case *Tensor, *view:
		return true, nil
	case *sequence:
		return among(v.items)
	case *dict:
		return inDict(v)
	case *object:
		if has, err := inDict(&v.fields); v.tensor || has || err != nil {
			return v.tensor || has, err
		}
		return among(v.parts)
	}
	return false, nil
}

// sort puts v, which is called name, among the tensors or the rest.
func (s *sorter) sort(name string, v any, depth int) error {
	if err := s.visit(depth); err != nil {
		return err
	}
	inner := func(key string, v any) error {
		if depth > 0 {
			key = name + "." + key
		}
		if err := s.mem.take(int64(len(key))); err != nil {
			return err
		}
		return s.sort(key, v, depth+1)
	}
	switch v := v.(type) {
	case *Tensor:
		if err := s.name(name); err != nil {
			return err
		}
		if err := s.mem.take(256); err != nil {
			return err
		}
		t := *v
		t.Name = name
		s.tensors = append(s.tensors, &t)
		return nil
	case *dict:
		for _, p := range v.pairs {
			key, ok := keyText(p.key)
			if !ok {
				return formatErr("a dict%s has a key that is no string and no number", s.where(name))
			}
			if err := inner(key, p.value); err != nil {
				return err
			}
		}
		if len(v.pairs) > 0 {
			return nil
		}
	case *sequence:
		has, err := s.hasTensors(v, depth)
		if err != nil {
			return err
		}
		for i, item := range v.items {
			if !has {
				break
			}
			if err := inner(strconv.Itoa(i), item); err != nil {
				return err
			}
		}
		if has {
			return nil
		}
	case *object:
		has, err := s.hasTensors(v, depth)
		if err != nil {
			return err
		}
		if has || s.under != "" {
			return formatErr("an object of class %s%s is among the tensors, which only its own Python code can rebuild: save tensors, strings and numbers alone, such as model.state_dict()", quote(v.class), s.where(name))
		}
	}
	if err := s.name(name); err != nil {
		return err
	}
	return s.keep(name, v)
}

// name takes a name, which must be the first of its like.
func (s *sorter) name(name string) error {
	if _, dup := s.seen[name]; dup {
		return formatErr("two values are called %s", quote(name))
	}
	if !utf8.ValidString(name) {
		return formatErr("the name %s is not UTF-8", quote(name))
	}
	s.seen[name] = struct{}{}
	return s.mem.take(96)
}

// keep adds v to the rest.
func (s *sorter) keep(name string, v any) error {
	value, err := s.value(v, 0)
	s.rest = append(s.rest, Entry{name, value})
	return err
}

// beside adds what d holds beside key to the rest.
func (s *sorter) beside(d *dict, key string) error {
	for _, p := range d.pairs {
		name, _ := keyText(p.key)
		if name == key {
			continue
		}
		if err := s.mem.take(96); err != nil {
			return err
		}
		if err := s.keep(name, p.value); err != nil {
			return err
		}
	}
	return nil
}

// keyText returns a dict's key as a text, and whether it is a string or a number.
func keyText(key any) (string, bool) {
	switch k := key.(type) {
	case string:
		return k, true
	case int64:
		return strconv.FormatInt(k, 10), true
	case float64:
		return strconv.FormatFloat(k, 'g', -1, 64), true
	case bool:
		if k {
			return "True", true
		}
		return "False", true
	case nil:
		return "None", false
	}
	return "(another key)", false
}

// value returns v as what users see.
func (s *sorter) value(v any, depth int) (Value, error) {
	if err := s.visit(depth); err != nil {
		return nil, err
	}
	if err := s.mem.take(64); err != nil { // a list, a dict or an object, and its place in one
		return nil, err
	}
	switch v := v.(type) {
	case *sequence:
		list := make(List, 0, len(v.items))
		for _, item := range v.items {
			value, err := s.value(item, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case *dict:
		return s.dict(v, depth)
	case *object:
		fields, err := s.dict(&v.fields, depth)
		return &Object{v.class, fields}, err
	case *global:
		if _, ok := dtypes[v.name]; ok && v.module == "torch" {
			return v.String(), nil
		}
		return &Object{Class: v.String()}, nil
	case *view:
		return &Object{Class: "torch." + v.of.typ.String() + " storage"}, nil
	}
	return v, nil
}

func (s *sorter) dict(d *dict, depth int) (Dict, error) {
	if err := s.mem.take(int64(len(d.pairs)) * 48); err != nil {
		return nil, err
	}
	fields := make(Dict, 0, len(d.pairs))
	for _, p := range d.pairs {
		key, _ := keyText(p.key)
		value, err := s.value(p.value, depth+1)
		if err != nil {
			return nil, err
		}
		fields = append(fields, Entry{key, value})
	}
	return slices.Clip(fields), nil
}
