package corpus

import (
	"testing"
	"unicode/utf8"

	"github.com/autoreg/autoreg/internal/testkit"
)

func BenchmarkRead(b *testing.B) {
	path := []string{testkit.DataFile(b, "epicurious/recipes.json.gz")}
	for b.Loop() {
		if _, err := Read(path, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// TestJSONData reads a member of published recipes.
func TestJSONData(t *testing.T) {
	for _, c := range []struct {
		file, field string
		docs        int
		counts      Counts
	}{
		{"epicurious/recipes.json.gz", "title", 17565, Counts{}},
		{"epicurious/recipes.json.gz", "directions", 17565, Counts{}},
		{"allrecipes/recipes.json.gz", "directions", 49506, Counts{}},
	} {
		got, err := Read([]string{testkit.DataFile(t, c.file)}, &Options{Field: c.field})
		if err != nil || len(got.Docs) != c.docs || got.Counts != c.counts || got.Format != FormatJSON {
			t.Errorf("%s, %s: %d documents, %+v, %v", c.file, c.field, len(got.Docs), got.Counts, err)
		}
	}
}

// TestTextData reads published corpora as texts.
func TestTextData(t *testing.T) {
	for _, c := range []struct {
		file       string
		characters int
	}{
		{"tinyshakespeare/input.txt.gz", 1059544},
		{"ptb/ptb.train.txt.gz", 5101618},
	} {
		got, err := Read([]string{testkit.DataFile(t, c.file)}, &Options{Format: FormatText})
		if err != nil || len(got.Docs) != 1 || utf8.RuneCountInString(got.Docs[0]) != c.characters || got.Counts != (Counts{}) {
			t.Errorf("%s: %d documents, %d characters, %+v, %v", c.file, len(got.Docs), utf8.RuneCountInString(got.Docs[0]), got.Counts, err)
		}
	}
}
