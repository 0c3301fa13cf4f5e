package corpus

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/autoreg/autoreg/internal/input"
)

// readJSON reads the texts of JSON values, in one list or one after the other: strings,
// or members of objects that Field names. The values begin at byte at of the unpacked
// data. With auto the data may be a text that begins like a list.
func (r *reader) readJSON(in *bufio.Reader, at int64, auto bool) error {
	list := jsonList{
		in: in, at: at, line: 1, recordAt: at, recordLine: 1,
		things: "texts", any: true, lines: !startsList(in),
	}
	var text []byte
	before := r.docs.n
	kept, first, err := r.readRecords(&list, auto, func(record []byte) (keep bool, err error) {
		value := record
		if r.o.Field != "" {
			value = member(record, r.o.Field)
		} else if record[0] == '{' && r.docs.n == before {
			return false, optionErrorf("this is an object %s: name the one that holds the text with %s", withMembers(record), option("Field"))
		}
		if text, keep = r.valueText(text[:0], value); keep {
			err = r.docs.add(text)
		}
		return keep, err
	})
	switch {
	case err != nil || kept > 0:
		return err
	case r.file.Skipped == 0:
		return emptyErrorf("nothing to learn from: there are no records")
	case r.o.Field == "":
		return emptyErrorf("nothing to learn from: no record of %d is a text; the first is %s", r.file.Skipped, jsonType(first[0]))
	case first[0] != '{':
		return emptyErrorf("nothing to learn from: no record of %d has a text in %s; the first is not an object but %s",
			r.file.Skipped, fieldName(r.o.Field), jsonType(first[0]))
	}
	return emptyErrorf("nothing to learn from: no record of %d has a text in %s; the members of the first are %s: name the one that holds the text with %s",
		r.file.Skipped, fieldName(r.o.Field), memberNames(first), option("Field"))
}

func fieldName(field string) string { return fmt.Sprintf("%.80q", field) }

var errOtherType = errors.New("not a string")

// valueText appends the text of a JSON value to dst: a string, or with Field a list of
// strings. It reports false, and counts why, if it is something else or holds only blanks;
// value is nil for one that is missing.
func (r *reader) valueText(dst, value []byte) (text []byte, keep bool) {
	was := r.file.Counts
	other := false
	switch {
	case len(value) == 0 || value[0] == 'n':
	case value[0] == '"':
		dst = r.appendUnquoted(dst, value)
	case value[0] == '[' && r.o.Field != "":
		parts := 0
		err := elements(value, func(_ int, e []byte) error {
			switch {
			case e[0] == 'n':
				r.file.NullSteps++
				return nil
			case e[0] != '"':
				return errOtherType
			case parts > 0:
				dst = append(dst, ' ')
			}
			dst = r.appendUnquoted(dst, e)
			parts++
			return nil
		})
		other = err != nil
	default:
		other = true
	}
	if !other && !isBlank(dst) {
		return dst, true
	}
	r.file.Counts = was
	if other {
		r.file.OtherType++
	} else {
		r.file.NoText++
	}
	return dst, false
}

// startsList reports whether the next JSON value is a list, as far as can be seen.
func startsList(in *bufio.Reader) bool {
	head, _ := in.Peek(input.PeekSize)
	return bytes.HasPrefix(bytes.TrimLeft(head, jsonBlanks), []byte("["))
}

// member returns the value of the member of a valid JSON object that has a name, or nil.
// If there is none and the name has a dot, it is the member that the part behind the dot
// names of the object that the part before it does. A record that is no object has none.
func member(record []byte, name string) (value []byte) {
	outer, inner, dotted := strings.Cut(name, ".")
	var object []byte
	if record[0] != '{' {
		return nil
	}
	members(record, func(quoted, v []byte) {
		switch {
		case isJSONName(quoted, name):
			value = v
		case dotted && isJSONName(quoted, outer):
			object = v
		}
	})
	if value == nil && object != nil {
		return member(object, inner)
	}
	return value
}
