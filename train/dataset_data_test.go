package train

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/tokenizer"
	"github.com/autoreg/autoreg/train/corpus"
)

// TestRealRecipes pins vocabulary and ids of whole corpora. The hashes are of the
// words, an LF behind each, and of the rows as little-endian int32; a Python program
// that follows the description of the pipeline step by step gives the same ones.
func TestRealRecipes(t *testing.T) {
	for _, c := range []struct {
		file             string
		docs, vocabulary int
		distinct         int // words in the whole corpus
		all              int64
		words, ids       string
	}{
		{"epicurious/recipes.json.gz", 17565, 10000, 12661, 3416822,
			"85d71e195287404e058000ae56592afa87462589097427de9f49e1024423cb35",
			"aac0630474c6e0a8eb7190b4e6ca6f57f8646cd2b8bd8743aa6e695590016f49"},
		{"cookbooks/recipes.json.gz", 2948, 5331, 5329, 302932,
			"2a9b92af71b15e28151337cbebd19e8f315f9067364111db1c677dabc44f8c66",
			"e383a7ccda23f0b5d58817644bd2c2d50576210c6888c5b658fdcf5ba2c8a47e"},
	} {
		t.Run(filepath.Dir(c.file), func(t *testing.T) {
			texts, err := corpus.Read([]string{testkit.DataFile(t, c.file)}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(texts.Docs) != c.docs || texts.Skipped != 0 || texts.Replaced != 0 || texts.Format != corpus.FormatRecipes {
				t.Errorf("%d documents, %d skipped, %d replaced, format %s, want %d, 0, 0, recipes",
					len(texts.Docs), texts.Skipped, texts.Replaced, texts.Format, c.docs)
			}
			full, err := tokenizer.Learn(slices.Values(texts.Docs), &tokenizer.Options{VocabularySize: 1 << 20})
			if err != nil || full.Len() != c.distinct+2 {
				t.Errorf("%d distinct words, %v, want %d", full.Len()-2, err, c.distinct)
			}
			tok, err := tokenizer.Learn(slices.Values(texts.Docs), nil)
			if err != nil || tok.Len() != c.vocabulary {
				t.Fatalf("vocabulary of %d, %v, want %d", tok.Len(), err, c.vocabulary)
			}
			words := sha256.New()
			for id := range tok.Len() {
				io.WriteString(words, tok.Word(id)+"\n")
			}
			if got := hex.EncodeToString(words.Sum(nil)); got != c.words {
				t.Errorf("vocabulary has sha256 %s, want %s", got, c.words)
			}
			d, err := NewDataset(texts.Docs, tok, &DatasetOptions{CutLong: true})
			if err != nil {
				t.Fatal(err)
			}
			ids := sha256.New()
			var row []byte
			for i := range d.Len() {
				row = row[:0]
				for _, id := range d.Row(i) {
					row = binary.LittleEndian.AppendUint32(row, uint32(id))
				}
				row = append(row, make([]byte, 4*(d.Length+1)-len(row))...) // padding
				ids.Write(row)
			}
			if got := hex.EncodeToString(ids.Sum(nil)); got != c.ids {
				t.Errorf("ids have sha256 %s, want %s", got, c.ids)
			}
			if d.Words+d.Cut != c.all {
				t.Errorf("%d words and %d cut, want %d together", d.Words, d.Cut, c.all)
			}
		})
	}
}

// TestPrettyOnRealRecipes holds pretty printing to what it is for: of the blanks
// between words of every fifth recipe, it gets at least 999 in 1000 right.
func TestPrettyOnRealRecipes(t *testing.T) {
	for _, file := range []string{"epicurious/recipes.json.gz", "cookbooks/recipes.json.gz"} {
		texts, err := corpus.Read([]string{testkit.DataFile(t, file)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		tok, err := tokenizer.Learn(slices.Values(texts.Docs), &tokenizer.Options{VocabularySize: 1 << 20, Case: tokenizer.KeepCase})
		if err != nil {
			t.Fatal(err)
		}
		all, wrong := 0, 0
		var out []byte
		for k := 0; k < len(texts.Docs); k += 5 {
			doc := texts.Docs[k]
			d := tok.Detokenizer()
			rest := doc
			for i, id := range tok.Append(nil, doc) {
				trimmed := strings.TrimLeft(rest, " \t\n\v\f\r")
				blank := len(trimmed) < len(rest)
				rest = trimmed[len(tok.Word(id)):]
				out = d.Append(out[:0], id)
				if i > 0 {
					all++
					if (out[0] == ' ') != blank {
						wrong++
					}
				}
			}
		}
		t.Logf("%s: %d of %d blanks wrong", file, wrong, all)
		if wrong*1000 > all {
			t.Errorf("%s: %d of %d blanks wrong, want at most 1 in 1000", file, wrong, all)
		}
	}
}

func BenchmarkNewDataset(b *testing.B) {
	texts, err := corpus.Read([]string{testkit.DataFile(b, "epicurious/recipes.json.gz")}, nil)
	if err != nil {
		b.Fatal(err)
	}
	tok, err := tokenizer.Learn(slices.Values(texts.Docs), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		if _, err := NewDataset(texts.Docs, tok, &DatasetOptions{CutLong: true}); err != nil {
			b.Fatal(err)
		}
	}
}
