package corpus

import (
	"errors"
	"testing"
)

// An error about options names the field, under the name that a caller has for it,
// wherever in a file it comes up.
func TestOptionErrors(t *testing.T) {
	flags := map[string]string{"Format": "--format", "MaxDocBytes": "--max-document", "MaxBytes": "--max-corpus"}
	for _, c := range []struct {
		data        string
		o           Options
		field, want string
	}{
		{"", Options{Format: "csv"}, "Format", `--format is "csv": want auto, recipes, json, lines, paragraphs or text`},
		{"", Options{MaxDocBytes: -1}, "MaxDocBytes", "--max-document is -1: want 0 to 1073741824"},
		{"", Options{MaxMemory: -1}, "MaxMemory", "MaxMemory is -1: want 0 or more"},
		{"MaxBytes\n", Options{MaxBytes: 3}, "MaxBytes", "the unpacked data is larger than the limit of 3 bytes, all files together: raise --max-corpus"},
		{"a\nMaxDocBytes", Options{MaxDocBytes: 3}, "MaxDocBytes", "the document at line 2 is larger than the limit of 3 bytes: raise --max-document"},
		{`[{"title":"abc","directions":["d"]}]`, Options{MaxDocBytes: 9}, "MaxDocBytes", "the record is larger than the limit of 9 bytes: raise --max-document"},
		{"abcdef\n", Options{MaxMemory: 8}, "MaxMemory", "the document at line 1 is larger than 1 bytes, an eighth of what is left of the 8 bytes of memory allowed: raise MaxMemory"},
		{"[1]", Options{}, "Format", "this is a JSON list that begins with a number: recipes come as one JSON list of objects with a title and directions, other texts as a list of strings or as objects; or read it as plain text with --format lines"},
	} {
		_, err := readString(c.data, &c.o)
		var option *OptionError
		if !errors.As(err, &option) || option.Field != c.field {
			t.Errorf("%q with %+v: error %v, want one about %s", c.data, c.o, err, c.field)
			continue
		}
		text := option.Text(func(pkg, field string) string {
			if pkg != "corpus" {
				t.Errorf("a field of package %s", pkg)
			}
			return flags[field]
		})
		if text != c.want {
			t.Errorf("%q with %+v: %q, want %q", c.data, c.o, text, c.want)
		}
	}
}
