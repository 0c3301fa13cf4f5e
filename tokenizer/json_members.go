package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
)

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

// decode reads the value of a member into o.
func (m member) decode(d *json.Decoder, o *Options) (err error) {
	if m.flag != nil {
		*m.flag(o), err = flag(d)
		return err
	}
	*m.text(o), err = scalar[string](d)
	switch {
	case err != nil:
	case *m.text(o) == "":
		err = errors.New("it is empty")
	case m.name == "unit" && o.Unit == Words:
		err = fmt.Errorf("it is %q: want none, for that is the default", o.Unit)
	}
	return err
}

// flag reads the value of a member that is there only where it is true.
func flag(d *json.Decoder) (bool, error) {
	v, err := scalar[bool](d)
	if err == nil && !v {
		err = errors.New("it is false: want none, for that is the default")
	}
	return v, err
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
