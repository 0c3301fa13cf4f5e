package weights

import (
	"fmt"
	"math"
	"unicode/utf16"
	"unicode/utf8"
)

// A parser reads the subset of JSON that a header consists of: objects,
// strings, arrays of whole numbers. encoding/json is no substitute: it keeps
// the last of two equal keys, replaces malformed text silently and has no byte
// offsets for what is well-formed but wrong.
type parser struct {
	b      []byte
	i      int    // next byte
	tensor string // whose entry is being parsed, for messages

	foreign bool // dtypes other than F32 are accepted
}

// fail returns an error at the current byte, counted from the start of the file.
func (p *parser) fail(format string, args ...any) error {
	where := fmt.Sprintf("header, byte %d", 8+p.i)
	if p.tensor != "" {
		where = "tensor " + quote(p.tensor) + ": " + where
	}
	return formatErr("%s: %s", where, fmt.Sprintf(format, args...))
}

// want fails with an error that names what was expected and what was found.
func (p *parser) want(what string) error {
	if p.i >= len(p.b) {
		return p.fail("the header ends, want %s", what)
	}
	r, _ := utf8.DecodeRune(p.b[p.i:])
	return p.fail("found %q, want %s", r, what)
}

// checkText checks that the header begins with '{' and is UTF-8 throughout.
func (p *parser) checkText() error {
	if len(p.b) == 0 || p.b[0] != '{' {
		return p.want("'{'")
	}
	if utf8.Valid(p.b) {
		return nil
	}
	for p.i < len(p.b) {
		r, n := utf8.DecodeRune(p.b[p.i:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		p.i += n
	}
	return p.fail("not UTF-8")
}

// space skips JSON's white space.
func (p *parser) space() {
	for p.i < len(p.b) {
		switch p.b[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

// next skips white space and reports whether c follows; if so it is consumed.
func (p *parser) next(c byte) bool {
	p.space()
	if p.i < len(p.b) && p.b[p.i] == c {
		p.i++
		return true
	}
	return false
}

// object parses an object and calls member behind each key's colon to parse
// the value.
func (p *parser) object(member func(key string) error) error {
	if !p.next('{') {
		return p.want("'{'")
	}
	if p.next('}') {
		return nil
	}
	for {
		key, err := p.str("a quoted key")
		if err != nil {
			return err
		}
		if !p.next(':') {
			return p.want("':'")
		}
		if err := member(key); err != nil {
			return err
		}
		if p.next('}') {
			return nil
		}
		if !p.next(',') {
			return p.want("',' or '}'")
		}
	}
}

// integers parses an array of at most most numbers, each at most limit.
func (p *parser) integers(most int, limit int64, what string) ([]int64, error) {
	var buf [MaxRank]int64
	list := buf[:0]
	if !p.next('[') {
		return nil, p.want("'[' of " + what)
	}
	if p.next(']') {
		return nil, nil
	}
	for {
		v, err := p.integer(limit, what)
		if err != nil {
			return nil, err
		}
		if len(list) == most {
			return nil, p.fail("%s has more than %d numbers", what, most)
		}
		list = append(list, v)
		if p.next(']') {
			return append([]int64(nil), list...), nil
		}
		if !p.next(',') {
			return nil, p.want("',' or ']' in " + what)
		}
	}
}

// integer parses a whole number from 0 to limit, in plain decimal digits.
func (p *parser) integer(limit int64, what string) (int64, error) {
	p.space()
	start, v := p.i, uint64(0)
	for ; p.i < len(p.b) && '0' <= p.b[p.i] && p.b[p.i] <= '9'; p.i++ {
		if v > (math.MaxUint64-9)/10 {
			v = math.MaxUint64 // and stays there, above every limit
			continue
		}
		v = 10*v + uint64(p.b[p.i]-'0')
	}
	digits := p.b[start:p.i]
	if len(digits) == 0 || p.i < len(p.b) && (p.b[p.i] == '.' || p.b[p.i]|0x20 == 'e') {
		return 0, p.want("a whole number without sign, point or exponent in " + what)
	}
	if len(digits) > 1 && digits[0] == '0' {
		return 0, p.fail("number %s in %s has a leading zero", clip(digits), what)
	}
	if v > uint64(limit) {
		return 0, p.fail("number %s in %s exceeds %d", clip(digits), what, limit)
	}
	return int64(v), nil
}

// clip returns b as a string, shortened for a message.
func clip(b []byte) string {
	if len(b) > 24 {
		return string(b[:24]) + "…"
	}
	return string(b)
}

// str parses a string; what says what it is for.
func (p *parser) str(what string) (string, error) {
	if !p.next('"') {
		return "", p.want(what)
	}
	start := p.i
	for p.i < len(p.b) {
		switch c := p.b[p.i]; {
		case c == '"':
			p.i++
			return string(p.b[start : p.i-1]), nil
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			return "", p.fail("control character %#02x in a string", c)
		}
		p.i++
	}
	return "", p.want("'\"' at the end of a string")
}

// escaped parses the rest of a string that begins at start and has its first
// backslash at p.i.
func (p *parser) escaped(start int) (string, error) {
	// One allocation is enough: text never grows when it is unescaped.
	end := p.i
	for end < len(p.b) && p.b[end] != '"' {
		if p.b[end] == '\\' {
			end++
		}
		end++
	}
	text := append(make([]byte, 0, min(end, len(p.b))-start), p.b[start:p.i]...)
	for p.i < len(p.b) {
		switch c := p.b[p.i]; {
		case c == '"':
			p.i++
			return string(text), nil
		case c == '\\':
			p.i++
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			text = utf8.AppendRune(text, r)
			continue
		case c < ' ':
			return "", p.fail("control character %#02x in a string", c)
		default:
			text = append(text, c)
		}
		p.i++
	}
	return "", p.want("'\"' at the end of a string")
}

// escape parses what follows a backslash. Half a surrogate pair is refused: it
// is no character, and nothing that could be written back.
func (p *parser) escape() (rune, error) {
	if p.i >= len(p.b) {
		return 0, p.want("an escape sequence")
	}
	c := p.b[p.i]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		r, err := p.hex4()
		if err != nil || !utf16.IsSurrogate(r) {
			return r, err
		}
		if p.i+1 < len(p.b) && p.b[p.i] == '\\' && p.b[p.i+1] == 'u' {
			p.i++
			low, err := p.hex4()
			if err != nil {
				return 0, err
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				return r, nil
			}
		}
		return 0, p.fail("half a surrogate pair in a string")
	default:
		return 0, p.want("one of \"\\/bfnrtu after a backslash")
	}
	p.i++
	return rune(c), nil
}

// hex4 parses the four hexadecimal digits behind the 'u' at p.i.
func (p *parser) hex4() (rune, error) {
	r := rune(0)
	for range 4 {
		p.i++
		if p.i >= len(p.b) {
			return 0, p.want("a hexadecimal digit")
		}
		switch c := p.b[p.i]; {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, p.want("a hexadecimal digit")
		}
	}
	p.i++
	return r, nil
}
