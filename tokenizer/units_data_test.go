package tokenizer

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// corpusFile returns a gzipped text of the directory that AUTOREG_DATA names.
func corpusFile(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("AUTOREG_DATA")
	if dir == "" {
		t.Skip("AUTOREG_DATA is not set: want the directory that holds " + name)
	}
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The Penn Treebank has the counts that all publications give: 10,000 words with "<unk>"
// and the ends of sentences, 929,589 tokens to train with and 73,760 to validate.
func TestPennTreebank(t *testing.T) {
	train := corpusFile(t, "ptb/ptb.train.txt.gz")
	tok := learned(t, pennTreebank, train)
	if tok.Len() != 10000 || tok.Word(0) != "<unk>" || tok.Stop() != -1 || tok.Unknown() != 0 {
		t.Errorf("%d ids, the first is %q, stop %d, unknown %d", tok.Len(), tok.Word(0), tok.Stop(), tok.Unknown())
	}
	if _, ok := tok.ID("\n"); !ok {
		t.Error("there is no word for the end of a line")
	}
	for text, want := range map[string]int{train: 929589, corpusFile(t, "ptb/ptb.valid.txt.gz"): 73760} {
		if n := len(tok.Append(nil, text)); n != want {
			t.Errorf("%d tokens, want %d", n, want)
		}
		for word := range tok.Missing(text) {
			t.Fatalf("the vocabulary lacks %q", word)
		}
	}
	const line = " pierre <unk> N years old will join the board as a nonexecutive director nov. N \n"
	if got := string(tok.AppendPretty(nil, tok.Append(nil, line)...)); " "+got[:len(got)-1]+" \n" != line {
		t.Errorf("%q comes back as %q", line, got)
	}
}

// The characters of tiny Shakespeare are 65, all ASCII, and come back as they are.
func TestTinyShakespeare(t *testing.T) {
	text := corpusFile(t, "tinyshakespeare/input.txt.gz")
	tok := learned(t, Options{Unit: Characters, NoStop: true, NoUnknown: true}, text)
	ids := tok.Append(nil, text)
	if tok.Len() > 65 || tok.Len() < 60 || len(ids) != len(text) || tok.Word(0) != " " {
		t.Errorf("%d ids, %d tokens of %d characters, the most frequent is %q", tok.Len(), len(ids), len(text), tok.Word(0))
	}
	d := tok.Detokenizer()
	if got := string(d.Append(nil, ids...)); got != text {
		t.Error("the text comes back as another one")
	}
}
