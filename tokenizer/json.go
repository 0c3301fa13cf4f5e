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

// A member is a member of the JSON form that is there only where it is not its default.
type member struct {
	name    string
	version int // the first that has it
	flag    func(o *Options) *bool
	text    func(o *Options) *string
}

// members are in the order in which they are written.
var members = []member{
	{"unicode_punctuation", 2, func(o *Options) *bool { return &o.UnicodePunctuation }, nil},
	{"unit", 3, nil, func(o *Options) *string { return (*string)(&o.Unit) }},
	{"line_ends", 3, func(o *Options) *bool { return &o.LineEnds }, nil},
	{"stem", 3, nil, func(o *Options) *string { return &o.Stem }},
	{"no_stop", 3, func(o *Options) *bool { return &o.NoStop }, nil},
	{"no_unknown", 3, func(o *Options) *bool { return &o.NoUnknown }, nil},
	{"unknown_word", 3, nil, func(o *Options) *string { return &o.UnknownWord }},
}

// keepPunctuation is the member for KeepPunctuation, the third choice beside those of
// "strip_punctuation".
const keepPunctuation = "keep_punctuation"

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
			keepMarks, err = scalar[bool](d)
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
	case strip && keepMarks:
		return nil, nil, fmt.Errorf(`members "strip_punctuation" and %q are both true`, keepPunctuation)
	case strip:
		o.Punctuation = StripPunctuation
	case keepMarks:
		o.Punctuation = KeepPunctuation
	}
	return vocabulary, o, checkMembers(version, seen)
}

// decode reads the value of a member into o.
func (m member) decode(d *json.Decoder, o *Options) (err error) {
	if m.flag != nil {
		*m.flag(o), err = scalar[bool](d)
		return err
	}
	*m.text(o), err = scalar[string](d)
	if err == nil && *m.text(o) == "" {
		err = errors.New("it is empty")
	}
	return err
}

// checkMembers checks that an object has the members of its version.
func checkMembers(version int, seen map[string]bool) error {
	for _, name := range []string{"version", "keep_case", "strip_punctuation", "vocabulary"} {
		if !seen[name] {
			return fmt.Errorf("member %q is missing", name)
		}
	}
	least := 1
	for _, m := range append(members, member{name: keepPunctuation, version: 3}) {
		if !seen[m.name] {
			continue
		}
		if version < m.version {
			return fmt.Errorf("member %q is not for version %d", m.name, version)
		}
		least = max(least, m.version)
	}
	switch {
	case version == least:
		return nil
	case version == 2:
		return errors.New(`member "unicode_punctuation" is missing`)
	}
	return fmt.Errorf("this is version %d and has no member that version %d lacks", version, version-1)
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
