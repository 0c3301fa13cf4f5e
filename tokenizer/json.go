package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// formatVersion is the largest "version" of the JSON form that is read. A change that
// an older reader would misread raises it; what needs none of the changes is written
// as the version before, so that older programs read it.
const formatVersion = 3

// MarshalJSON returns the tokenizer as one JSON object without blanks:
//
//	{"version":1,"keep_case":false,"strip_punctuation":false,"vocabulary":["","[UNK]",".",...]}
//
// All four members are always there, in this order. What other options need stands
// before the vocabulary, in this order, and only then the version is 3:
//
//	"unicode_punctuation":true   which alone makes it 2
//	"unit":"character"           or "byte"; then the vocabulary is empty
//	"line_ends":true
//	"stem":"english"
//	"no_stop":true
//	"no_unknown":true            not for bytes, which never have one
//	"unknown_word":"<unk>"
//	"keep_punctuation":true
//
// Strings escape the quotation mark, the backslash and characters below U+0020 (as
// \u00xx) and nothing else, so that the bytes depend on the tokenizer alone, not on the
// Go release. json.Marshal calls this method but then escapes <, > and & too: call it
// directly where bytes are compared.
func (t *Tokenizer) MarshalJSON() ([]byte, error) {
	if len(t.words) == 0 {
		return nil, wrap(errors.New("MarshalJSON on a tokenizer without a vocabulary"))
	}
	n := 256
	for _, w := range t.words {
		n += len(w) + 4
	}
	o := t.options
	if o.Unit == Bytes {
		o.NoUnknown = false // which bytes mean
	}
	if o.Unit == Words {
		o.Unit = ""
	}
	version := 1
	var more []byte
	for _, m := range members {
		switch {
		case m.flag != nil && *m.flag(&o):
			more = fmt.Appendf(more, `"%s":true,`, m.name)
		case m.text != nil && *m.text(&o) != "":
			more = append(appendQuoted(fmt.Appendf(more, `"%s":`, m.name), *m.text(&o)), ',')
		default:
			continue
		}
		version = max(version, m.version)
	}
	if o.Punctuation == KeepPunctuation {
		version, more = formatVersion, fmt.Appendf(more, `"%s":true,`, keepPunctuation)
	}
	b := make([]byte, 0, n)
	b = fmt.Appendf(b, `{"version":%d,"keep_case":%t,"strip_punctuation":%t,%s"vocabulary":[`,
		version, o.Case == KeepCase, o.Punctuation == StripPunctuation, more)
	if o.Unit != Bytes {
		for i, w := range t.words {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendQuoted(b, w)
		}
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
// files: a member that is unknown, missing, repeated, of the wrong type or left out where
// it has its value, another version, invalid UTF-8, anything after the object and any vocabulary that New
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
	var (
		version          int
		keepCase         bool
		strip, keepMarks bool
		seen             = make(map[string]bool, 12)
	)
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
			keepCase, err = scalar[bool](d)
		case "strip_punctuation":
			strip, err = scalar[bool](d)
		case keepPunctuation:
			keepMarks, err = flag(d)
		case "vocabulary":
			vocabulary, err = decodeWords(d)
		default:
			at := slices.IndexFunc(members, func(m member) bool { return m.name == name })
			if at < 0 {
				return nil, nil, fmt.Errorf("unknown member %.40q", name)
			}
			err = members[at].decode(d, o)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("member %q: %w", name, err)
		}
		seen[name] = true
	}
	if err := expect(d, json.Delim('}')); err != nil {
		return nil, nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, nil, errors.New("something follows the JSON object")
	}
	if o.Case = FoldCase; keepCase {
		o.Case = KeepCase
	}
	switch {
	case o.Unit == Bytes && o.NoUnknown:
		return nil, nil, errors.New(`member "no_unknown" is not for bytes, which never have the unknown token`)
	case strip && keepMarks:
		return nil, nil, fmt.Errorf(`members "strip_punctuation" and %q are both true`, keepPunctuation)
	case strip:
		o.Punctuation = StripPunctuation
	case keepMarks:
		o.Punctuation = KeepPunctuation
	}
	return vocabulary, o, checkMembers(version, seen)
}

func decodeVersion(d *json.Decoder) (int, error) {
	v, err := scalar[float64](d)
	if err == nil && v != 1 && v != 2 && v != formatVersion {
		err = fmt.Errorf("this is version %v and this program reads versions 1 to %d", v, formatVersion)
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
