package train

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// recipeText appends the document of one valid JSON object to dst: see RecipeText.
// It reports false if title or directions are missing or null.
func (c *Corpus) recipeText(dst, record []byte) (text []byte, keep bool, err error) {
	var title, directions []byte
	for i := skipJSONBlanks(record, 1); record[i] != '}'; {
		if record[i] == ',' {
			i = skipJSONBlanks(record, i+1)
		}
		name := record[i:skipJSONValue(record, i)]
		i = skipJSONBlanks(record, i+len(name)) // at the colon
		i = skipJSONBlanks(record, i+1)         // at the value
		value := record[i:skipJSONValue(record, i)]
		i = skipJSONBlanks(record, i+len(value))
		switch {
		case isJSONName(name, "title"):
			title = value
		case isJSONName(name, "directions"):
			directions = value
		}
	}
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
	dst = c.appendUnquoted(dst, title)
	dst = append(dst, recipeBar...)
	n := 0
	for i := skipJSONBlanks(directions, 1); directions[i] != ']'; n++ {
		if n > 0 {
			i = skipJSONBlanks(directions, i+1) // after the comma
			dst = append(dst, ' ')
		}
		value := directions[i:skipJSONValue(directions, i)]
		if value[0] != '"' {
			return dst, false, fmt.Errorf(`"directions"[%d] is %s: want a string`, n, jsonType(value[0]))
		}
		dst = c.appendUnquoted(dst, value)
		i = skipJSONBlanks(directions, i+len(value))
	}
	return dst, true, nil
}

// isJSONName tells whether a quoted name spells want, with or without escapes.
func isJSONName(quoted []byte, want string) bool {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner) == want
	}
	if len(inner) > len(want)*len(`\u0000`) {
		return false
	}
	var scratch Corpus // its count of replacements is of no interest
	return string(scratch.appendUnquoted(nil, quoted)) == want
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

// jsonScalar tells whether c is part of a number, true, false or null.
func jsonScalar(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'E'
}

// appendUnquoted appends the text of a valid JSON string, quotation marks included
// in quoted, as valid UTF-8; what is not valid is replaced and counted.
func (c *Corpus) appendUnquoted(dst, quoted []byte) []byte {
	s := quoted[1 : len(quoted)-1]
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return c.appendValid(dst, s)
		}
		dst = c.appendValid(dst, s[:i])
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
			r := hex4(s)
			s = s[4:]
			if utf16.IsSurrogate(r) {
				low := rune(-1)
				if len(s) >= 6 && s[0] == '\\' && s[1] == 'u' {
					low = hex4(s[2:])
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					s = s[6:]
				} else {
					c.Replaced++
				}
			}
			dst = utf8.AppendRune(dst, r)
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
