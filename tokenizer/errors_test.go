package tokenizer

import (
	"errors"
	"slices"
	"testing"
)

// An error about options names the field, under the name that a caller has for it.
func TestOptionErrors(t *testing.T) {
	texts := slices.Values([]string{"some words"})
	for _, c := range []struct {
		o           Options
		field, want string
	}{
		{Options{VocabularySize: 2}, "VocabularySize", "--size is 2: want at least 3, for 2 of them are reserved, or 0 for 10000"},
		{Options{MaxBytes: -1}, "MaxBytes", "MaxBytes is -1: want 0 or more"},
		{Options{MaxBytes: 1}, "MaxBytes", "the first 1 texts hold 0 different words, and to count more takes more than the 0 MiB of memory allowed: learn from fewer texts, leave out what is no text, or raise MaxBytes"},
	} {
		_, err := Learn(texts, &c.o)
		var option *OptionError
		if !errors.As(err, &option) || option.Field != c.field {
			t.Errorf("%+v: error %v, want one about %s", c.o, err, c.field)
			continue
		}
		text := option.Text(func(pkg, field string) string {
			if pkg == "tokenizer" && field == "VocabularySize" {
				return "--size"
			}
			return ""
		})
		if text != c.want || err.Error() != "tokenizer: "+option.Error() {
			t.Errorf("%+v: %q, and with flags %q, want %q", c.o, err, text, c.want)
		}
	}
}
