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
