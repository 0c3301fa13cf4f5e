package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// formatVersion is the largest "version" of the JSON form that is read. A change that
// an older reader would misread raises it; what needs none of the changes is written
// as the version before, so that older programs read it.
const formatVersion = 2

// MarshalJSON returns the tokenizer as one JSON object without blanks:
//
//	{"version":1,"keep_case":false,"strip_punctuation":false,"vocabulary":["","[UNK]",".",...]}
//
// All four members are always there, in this order. With Options.UnicodePunctuation
// the version is 2 and "unicode_punctuation":true stands before the vocabulary. Strings escape the quotation
// mark, the backslash and characters below U+0020 (as \u00xx) and nothing else, so
// that the bytes depend on the tokenizer alone, not on the Go release. json.Marshal
// calls this method but then escapes <, > and & too: call it directly where bytes
// are compared.
func (t *Tokenizer) MarshalJSON() ([]byte, error) {
	if len(t.words) == 0 {
		return nil, wrap(errors.New("MarshalJSON on a tokenizer without a vocabulary"))
	}
	n := 128
	for _, w := range t.words {
		n += len(w) + 4
	}
	b := make([]byte, 0, n)
	version, more := 1, ""
	if t.options.UnicodePunctuation {
		version, more = 2, `"unicode_punctuation":true,`
	}
	b = fmt.Appendf(b, `{"version":%d,"keep_case":%t,"strip_punctuation":%t,%s"vocabulary":[`,
		version, t.options.KeepCase, t.options.StripPunctuation, more)
	for i, w := range t.words {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendQuoted(b, w)
	}
	return append(b, "]}"...), nil
}

// appendQuoted appends valid UTF-8 as a JSON string.
func appendQuoted(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// UnmarshalJSON reads what MarshalJSON writes into a zero Tokenizer; members may
// come in any order and with blanks. It is strict, since vocabularies come from
// files: a member that is unknown, missing, repeated or of the wrong type, another
// version, invalid UTF-8, anything after the object and any vocabulary that New
// would refuse are errors, and leave t as it was. So does a t that already has a
// vocabulary, because a Tokenizer never changes.
func (t *Tokenizer) UnmarshalJSON(data []byte) error {
	return wrap(t.unmarshal(data))
}

// unmarshal is UnmarshalJSON with errors as they are inside.
func (t *Tokenizer) unmarshal(data []byte) error {
	if len(t.words) > 0 {
		return errors.New("UnmarshalJSON into a tokenizer that already has a vocabulary")
	}
	if !utf8.Valid(data) {
		return errors.New("the JSON is not valid UTF-8")
	}
	vocabulary, o, err := decode(data)
	if err != nil {
		return err
	}
	made, err := newTokenizer(vocabulary, o)
	if err != nil {
		return err
	}
	*t = *made
	return nil
}

// decode reads the JSON object member by member, for json.Unmarshal would take
// repeated members, nulls and names in another case.
func decode(data []byte) (vocabulary []string, o *Options, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	if err := expect(d, json.Delim('{')); err != nil {
		return nil, nil, err
	}
	o = new(Options)
	version := 0
	seen := make(map[string]bool, 5)
	for d.More() {
		tok, err := d.Token()
		if err != nil {
			return nil, nil, atEnd(err)
		}
		name, _ := tok.(string) // the decoder lets nothing else through here
		if seen[name] {
			return nil, nil, fmt.Errorf("member %.40q comes twice", name)
		}
		switch name {
		case "version":
			version, err = decodeVersion(d)
		case "keep_case":
			o.KeepCase, err = scalar[bool](d)
		case "strip_punctuation":
			o.StripPunctuation, err = scalar[bool](d)
		case "unicode_punctuation":
			o.UnicodePunctuation, err = scalar[bool](d)
		case "vocabulary":
			vocabulary, err = decodeWords(d)
		default:
			return nil, nil, fmt.Errorf("unknown member %.40q", name)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("member %q: %w", name, err)
		}
		seen[name] = true
	}
	if err := expect(d, json.Delim('}')); err != nil {
		return nil, nil, err
	}
	for _, name := range []string{"version", "keep_case", "strip_punctuation", "vocabulary"} {
		if !seen[name] {
			return nil, nil, fmt.Errorf("member %q is missing", name)
		}
	}
	switch later := seen["unicode_punctuation"]; {
	case version == 1 && later:
		return nil, nil, errors.New(`member "unicode_punctuation" is not for version 1`)
	case version == 2 && !later:
		return nil, nil, errors.New(`member "unicode_punctuation" is missing`)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, nil, errors.New("something follows the JSON object")
	}
	return vocabulary, o, nil
}

func decodeVersion(d *json.Decoder) (int, error) {
	v, err := scalar[float64](d)
	if err == nil && v != 1 && v != formatVersion {
		err = fmt.Errorf("this is version %v and this program reads versions 1 and %d", v, formatVersion)
	}
	return int(v), err
}

func decodeWords(d *json.Decoder) (words []string, err error) {
	if err := expect(d, json.Delim('[')); err != nil {
		return nil, err
	}
	for d.More() {
		w, err := scalar[string](d)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", len(words), err)
		}
		words = append(words, w)
	}
	return words, expect(d, json.Delim(']'))
}

// scalar reads one value that must be a T: bool, float64 or string.
func scalar[T any](d *json.Decoder) (v T, err error) {
	tok, err := d.Token()
	if err != nil {
		return v, atEnd(err)
	}
	v, ok := tok.(T)
	if !ok {
		return v, fmt.Errorf("found %.40q: want a %T", fmt.Sprint(tok), v)
	}
	return v, nil
}

func expect(d *json.Decoder, want json.Delim) error {
	tok, err := d.Token()
	if err != nil {
		return atEnd(err)
	}
	if tok != want {
		return fmt.Errorf("found %.40q: want %q", fmt.Sprint(tok), want.String())
	}
	return nil
}

// atEnd replaces io.EOF by an error for data that end early.
func atEnd(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
