package corpus

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// recipeText appends the document of one valid JSON object to dst: see RecipeText.
// It reports false if title or directions are missing or null, or all
// directions are.
func (r *reader) recipeText(dst, record []byte) (text []byte, keep bool, err error) {
	var title, directions []byte
	members(record, func(name, value []byte) {
		switch {
		case isJSONName(name, "title"):
			title = value
		case isJSONName(name, "directions"):
			directions = value
		}
	})
	if title == nil || title[0] == 'n' || directions == nil || directions[0] == 'n' {
		return dst, false, nil
	}
	if title[0] != '"' {
		return dst, false, fmt.Errorf(`"title" is %s: want a string`, jsonType(title[0]))
	}
	if directions[0] != '[' {
		return dst, false, fmt.Errorf(`"directions" is %s: want a list of strings`, jsonType(directions[0]))
	}
	dst = append(dst, recipePrefix...)
	dst = r.appendUnquoted(dst, title)
	dst = append(dst, recipeBar...)
	steps, nulls := 0, 0
	err = elements(directions, func(i int, value []byte) error {
		switch {
		case value[0] == 'n':
			nulls++
			return nil
		case value[0] != '"':
			return fmt.Errorf(`"directions"[%d] is %s: want a string`, i, jsonType(value[0]))
		case steps > 0:
			dst = append(dst, ' ')
		}
		dst = r.appendUnquoted(dst, value)
		steps++
		return nil
	})
	if err != nil {
		return dst, false, err
	}
	if nulls > 0 && steps == 0 {
		return dst, false, nil
	}
	r.file.NullSteps += nulls
	return dst, true, nil
}

// members calls yield with each name, quotation marks included, and value of a valid
// JSON object.
func members(record []byte, yield func(name, value []byte)) {
	for i := skipJSONBlanks(record, 1); record[i] != '}'; {
		if record[i] == ',' {
			i = skipJSONBlanks(record, i+1)
		}
		name := record[i:skipJSONValue(record, i)]
		i = skipJSONBlanks(record, i+len(name)) // at the colon
		i = skipJSONBlanks(record, i+1)         // at the value
		value := record[i:skipJSONValue(record, i)]
		i = skipJSONBlanks(record, i+len(value))
		yield(name, value)
	}
}

// elements calls yield with each element of a valid JSON list.
func elements(list []byte, yield func(i int, value []byte) error) error {
	n := 0
	for i := skipJSONBlanks(list, 1); list[i] != ']'; n++ {
		if list[i] == ',' {
			i = skipJSONBlanks(list, i+1)
		}
		value := list[i:skipJSONValue(list, i)]
		i = skipJSONBlanks(list, i+len(value))
		if err := yield(n, value); err != nil {
			return err
		}
	}
	return nil
}

// memberNames lists some names of a valid JSON object for an error.
func memberNames(record []byte) string {
	const most = 6
	var list []string
	members(record, func(name, value []byte) {
		if len(list) > most {
			return
		}
		text := fmt.Sprintf("%.40q", name[1:len(name)-1])
		if value[0] == 'n' {
			text += " (null)"
		}
		list = append(list, text)
	})
	switch {
	case len(list) == 0:
		return "none"
	case len(list) > most:
		list = append(list[:most], "…")
	}
	return strings.Join(list, ", ")
}

// withMembers describes a valid JSON object by its members.
func withMembers(record []byte) string {
	if names := memberNames(record); names != "none" {
		return "with the members " + names
	}
	return "without members"
}

// isJSONName reports whether a quoted name spells want, with or without escapes.
func isJSONName(quoted []byte, want string) bool {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner) == want
	}
	if len(inner) > len(want)*len(`\u0000`) {
		return false
	}
	scratch := reader{file: new(File)} // its counts are not used
	return string(scratch.appendUnquoted(nil, quoted)) == want && scratch.file.Marks == 0
}

// skipJSONBlanks returns the index of the first byte of valid JSON at or after i
// that is not white space.
func skipJSONBlanks(b []byte, i int) int {
	for b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t' {
		i++
	}
	return i
}

// skipJSONValue returns the index just after the value of valid JSON that starts at
// i and ends before b does.
func skipJSONValue(b []byte, i int) int {
	depth := 0
	for {
		switch b[i] {
		case '"':
			for i++; b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
			i++
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\n', '\r', '\t':
			i++ // inside a list or object, for a value starts with none of them
		default:
			for jsonScalar(b[i]) {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
}

// jsonScalar reports whether c is part of a number, true, false or null.
func jsonScalar(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'E'
}

// appendUnquoted appends the text of a valid JSON string, quotation marks included
// in quoted; what is not valid UTF-8 is replaced and counted unless Raw is set.
func (r *reader) appendUnquoted(dst, quoted []byte) []byte {
	s := quoted[1 : len(quoted)-1]
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return r.appendPart(dst, s)
		}
		dst = r.appendPart(dst, s[:i])
		escape := s[i+1]
		s = s[i+2:]
		switch escape {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			c := hex4(s)
			s = s[4:]
			if utf16.IsSurrogate(c) {
				low := rune(-1)
				if len(s) >= 6 && s[0] == '\\' && s[1] == 'u' {
					low = hex4(s[2:])
				}
				if c = utf16.DecodeRune(c, low); c != utf8.RuneError {
					s = s[6:]
				} else {
					r.file.Replaced++
				}
			}
			if c == '\ufeff' && !r.o.Raw {
				r.file.Marks++
				continue
			}
			dst = utf8.AppendRune(dst, c)
		default: // quotation mark, backslash, slash
			dst = append(dst, escape)
		}
	}
}

// hex4 returns the value of four hexadecimal digits.
func hex4(s []byte) (r rune) {
	for _, d := range s[:4] {
		switch {
		case d <= '9':
			r = r<<4 | rune(d-'0')
		default:
			r = r<<4 | rune(d&^0x20-'A'+10)
		}
	}
	return r
}
