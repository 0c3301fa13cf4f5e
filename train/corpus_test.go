package train

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// pack returns data as gzip.
func pack(t testing.TB, data string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func readString(data string, o *CorpusOptions) (*Corpus, error) {
	return DecodeCorpus(strings.NewReader(data), "test", o)
}

func TestRecipeText(t *testing.T) {
	for _, c := range []struct {
		title      string
		directions []string
		want       string
	}{
		{"Peas ", []string{"Chop.", "Stir. "}, "Recipe for Peas  | Chop. Stir. "},
		{"", nil, "Recipe for  | "},
		{"A", []string{"", ""}, "Recipe for A |  "},
	} {
		if got := RecipeText(c.title, c.directions); got != c.want {
			t.Errorf("RecipeText(%q, %q) = %q, want %q", c.title, c.directions, got, c.want)
		}
	}
}

func TestDecodeCorpus(t *testing.T) {
	const (
		peas = `{"directions":["Chop.","Stir."],"title":"Peas "}`
		text = "Recipe for Peas  | Chop. Stir."
	)
	longLine := strings.Repeat("word ", 50000)
	for _, c := range []struct {
		name, data, format string
		docs               []string
		skipped, replaced  int
		read               string // the format found
	}{
		{"recipe", "[" + peas + "]", "", []string{text}, 0, 0, FormatRecipes},
		{"blanks", " \n[\r\n\t" + peas + " ,\n" + peas + "\n ] \n", "", []string{text, text}, 0, 0, FormatRecipes},
		{"byte order mark", "\ufeff[" + peas + "]", "", []string{text}, 0, 0, FormatRecipes},
		{"skipped", `[{},{"title":"a"},{"directions":["b"]},{"title":null,"directions":["b"]},{"title":"a","directions":null},` + peas + "]", "", []string{text}, 5, 0, FormatRecipes},
		{"skipped before types are judged", `[{"title":7},{"directions":7},` + peas + "]", "", []string{text}, 2, 0, FormatRecipes},
		{"empty is kept", `[{"title":"","directions":[]}]`, "", []string{"Recipe for  | "}, 0, 0, FormatRecipes},
		{"blanks inside", "[{ \"title\" :\n\"a\"\t, \"directions\" : [ \"b\" ,\r\"c\" ] }]", "", []string{"Recipe for a | b c"}, 0, 0, FormatRecipes},
		{"other members", `[{"x":{"title":"no","y":[{"directions":["}]"]}]},"n":-1.5E+3,"t":true,"f":false,"z":null,"title":"a","s":"\"}","directions":["b"],"e":{}}]`, "", []string{"Recipe for a | b"}, 0, 0, FormatRecipes},
		{"the last counts", `[{"title":"a","directions":["b"],"title":"c","directions":["d"]}]`, "", []string{"Recipe for c | d"}, 0, 0, FormatRecipes},
		{"names are exact", `[{"Title":"a","directions":["b"]},` + peas + "]", "", []string{text}, 1, 0, FormatRecipes},
		{"long escaped name", `[{"` + strings.Repeat(`\u0074`, 20) + `":1},` + peas + "]", "", []string{text}, 1, 0, FormatRecipes},
		{"escaped name", `[{"\u0074itle":"a","direction\u0073":["b"],"titl\\e":"no"}]`, "", []string{"Recipe for a | b"}, 0, 0, FormatRecipes},
		{"escapes", `[{"title":"\"\\\/\b\f\n\r\t\u00e9\u00C9\ud83c\udf70","directions":["\u0000"]}]`, "", []string{"Recipe for \"\\/\b\f\n\r\té\u00c9\U0001F370 | \x00"}, 0, 0, FormatRecipes},
		{"half pairs", `[{"title":"\ud83c","directions":["\udf70\ud83c","\ud83c\u0061","\ud83cx","\ud83c\ud83c\udf70"]}]`, "", []string{"Recipe for \uFFFD | \uFFFD\uFFFD \uFFFDa \uFFFDx \uFFFD\U0001F370"}, 0, 6, FormatRecipes},
		{"invalid UTF-8", "[{\"title\":\"a\xff\xfeb\xe2\x82\",\"directions\":[\"\xc3\\n\xc3\"],\"x\":\"\xff\"}]", "", []string{"Recipe for a\uFFFDb\uFFFD | \uFFFD\n\uFFFD"}, 0, 4, FormatRecipes},

		{"lines", "a b\n\n \t\nc\n", "", []string{"a b", "c"}, 0, 0, FormatLines},
		{"no last LF", "a\nb", "", []string{"a", "b"}, 0, 0, FormatLines},
		{"CR LF", "a\r\n\r\nb\r\n", "", []string{"a", "b"}, 0, 0, FormatLines},
		{"lines with a mark", "\ufeffa\n", "", []string{"a"}, 0, 0, FormatLines},
		{"bracket", "[Music] a\n[1] b", "", []string{"[Music] a", "[1] b"}, 0, 0, FormatLines},
		{"brace by name", `{"a":1}`, FormatLines, []string{`{"a":1}`}, 0, 0, FormatLines},
		{"list by name", "[" + peas + "]", FormatLines, []string{"[" + peas + "]"}, 0, 0, FormatLines},
		{"invalid line", "a\xff\xffb\xff\nc\n", "", []string{"a\uFFFDb\uFFFD", "c"}, 0, 2, FormatLines},
		{"real U+FFFD", "\uFFFD\xff\uFFFD", "", []string{"\uFFFD\uFFFD\uFFFD"}, 0, 1, FormatLines},
		{"long lines", longLine + "\n" + longLine, "", []string{longLine, longLine}, 0, 0, FormatLines},

		{"paragraphs", "\n\na\nb\n\n \nc\n", FormatParagraphs, []string{"a\nb", "c"}, 0, 0, FormatParagraphs},
		{"paragraphs, CR LF", "a\r\nb\r\n\r\nc", FormatParagraphs, []string{"a\nb", "c"}, 0, 0, FormatParagraphs},
		{"long paragraph", longLine + "\nx\n" + longLine, FormatParagraphs, []string{longLine + "\nx\n" + longLine}, 0, 0, FormatParagraphs},
	} {
		for _, packed := range []bool{false, true} {
			data := c.data
			if packed {
				data = pack(t, data)
			}
			got, err := readString(data, &CorpusOptions{Format: c.format})
			if err != nil {
				t.Errorf("%s (gzip %v): %v", c.name, packed, err)
				continue
			}
			if !slices.Equal(got.Docs, c.docs) || got.Skipped != c.skipped || got.Replaced != c.replaced || got.Format != c.read {
				t.Errorf("%s (gzip %v): %q, skipped %d, replaced %d, format %s\nwant %q, %d, %d, %s", c.name, packed,
					got.Docs, got.Skipped, got.Replaced, got.Format, c.docs, c.skipped, c.replaced, c.read)
			}
			if want := sha256.Sum256([]byte(data)); got.SHA256 != want {
				t.Errorf("%s (gzip %v): SHA256 %x, want %x", c.name, packed, got.SHA256, want)
			}
			slow, err := DecodeCorpus(iotest.OneByteReader(strings.NewReader(data)), "test", &CorpusOptions{Format: c.format})
			if err != nil || !slices.Equal(slow.Docs, c.docs) || slow.SHA256 != got.SHA256 {
				t.Errorf("%s (gzip %v), byte by byte: %v", c.name, packed, err)
			}
		}
	}
}

func TestDecodeCorpusRefuses(t *testing.T) {
	const good = `{"title":"a","directions":["b"]}`
	for _, c := range []struct {
		name, data string
		o          CorpusOptions
		want       string
	}{
		{"empty file", "", CorpusOptions{}, "no text in it: 0 bytes"},
		{"blank file", " \n\n", CorpusOptions{}, "no text in it: 3 bytes"},
		{"blank paragraphs", "\n \n", CorpusOptions{Format: FormatParagraphs}, "no text in it"},
		{"empty file of recipes", "", CorpusOptions{Format: FormatRecipes}, "line 1, byte 0: the data ends before the list does"},
		{"empty list", "[ ]", CorpusOptions{}, "list of recipes is empty"},
		{"all skipped", `[{},{"title":"a"}]`, CorpusOptions{}, `no record of 2 has both "title" and "directions"; the members of the first are none`},
		{"unknown format", "a", CorpusOptions{Format: "csv"}, `format "csv"`},
		{"negative cap", "a", CorpusOptions{MaxBytes: -1}, "want 0 or more"},
		{"an object", good, CorpusOptions{}, "JSON list of objects"},
		{"an object by name", good, CorpusOptions{Format: FormatRecipes}, `line 1, byte 0: found "{": want [`},
		{"a string", `"x"`, CorpusOptions{Format: FormatRecipes}, `want [`},
		{"list of strings", `["a"]`, CorpusOptions{Format: FormatRecipes}, "record 0 (line 1, byte 1): this is a string"},
		{"number among records", "[" + good + ",\n7]", CorpusOptions{}, "record 1 (line 2, byte 35): this is a number"},
		{"null among records", "[" + good + ",null]", CorpusOptions{}, "this is null"},
		{"title", "[" + good + ",\n{\"directions\":[],\"title\":7}]", CorpusOptions{}, `record 1 (line 2, byte 35): "title" is a number: want a string`},
		{"title list", `[{"directions":[],"title":["a"]}]`, CorpusOptions{}, `"title" is a list`},
		{"title boolean", `[{"directions":[],"title":false}]`, CorpusOptions{}, `"title" is a boolean`},
		{"directions", `[{"directions":"abc","title":"a"}]`, CorpusOptions{}, `"directions" is a string: want a list of strings`},
		{"directions object", `[{"directions":{},"title":"a"}]`, CorpusOptions{}, `"directions" is an object`},
		{"a direction", `[{"directions":["a",["b"]],"title":"a"}]`, CorpusOptions{}, `"directions"[1] is a list: want a string`},
		{"a direction after nulls", `[{"directions":[null,"a",null,7],"title":"a"}]`, CorpusOptions{}, `"directions"[3] is a number`},

		{"missing comma", "[" + good + "\n" + good + "]", CorpusOptions{}, `line 2, byte 34: found "{": want , or ]`},
		{"comma at the end", "[" + good + ",]", CorpusOptions{}, `byte 34: found "]": want a record`},
		{"two commas", "[" + good + ",,]", CorpusOptions{}, `byte 34: found ","`},
		{"something behind", "[" + good + "]\n x", CorpusOptions{}, `line 2, byte 36: found "x" after the end of the list`},
		{"cut in the list", "[" + good + ",", CorpusOptions{}, "line 1, byte 34: the data ends before the list does"},
		{"cut before a comma", "[" + good, CorpusOptions{}, "line 1, byte 33: the data ends before the list does"},
		{"cut in a record", "[\n{\"title\":\"a", CorpusOptions{}, "record 0, line 2, byte 13: the data ends inside a record"},
		{"cut in an escape", `[{"title":"a\`, CorpusOptions{}, "the data ends inside a record"},
		{"bad literal", "[\n{\"title\":\n tru }]", CorpusOptions{}, "record 0, line 3, byte 16: invalid character ' ' in literal true"},
		{"no colon", "[" + good + `,{"title" "a"}]`, CorpusOptions{}, "record 1, line 1, byte 43: invalid character '\"' after object key"},
		{"wrong bracket", `[{"title":["a"}}]`, CorpusOptions{}, "record 0, line 1, byte 14: invalid character '}' after array element"},
		{"unclosed record", "[{\"title\":\"a\",\n{\"title\":\"b\"}]", CorpusOptions{}, "record 0, line 2, byte 15: invalid character '{' looking for beginning of object key"},
		{"unclosed string", "[{\"title\":\"a,\n\"x\":1}]", CorpusOptions{}, "record 0, line 1, byte 13: invalid character '\\n' in string literal"},
		{"bad escape", `[{"title":"\x"}]`, CorpusOptions{}, "byte 12: invalid character 'x' in string escape code"},
		{"number", `[{"n":01}]`, CorpusOptions{}, "byte 7: invalid character '1' after object key:value pair"},
		{"byte order mark counts", "\ufeff[7]", CorpusOptions{Format: FormatRecipes}, "line 1, byte 4"},
		{"deep nesting", `[{"x":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}]`, CorpusOptions{}, "exceeded max depth"},
		{"deep nesting cut off", `[{"x":` + strings.Repeat("[", 1000000), CorpusOptions{}, "exceeded max depth"},

		{"large record", `[{"x":"` + strings.Repeat("a", 100) + `"}]`, CorpusOptions{MaxDocBytes: 100}, "record 0 (line 1, byte 1): the record is larger than the limit of 100 bytes"},
		{"syntax error in a large record", `[{"x" "` + strings.Repeat("a", 100) + `"}]`, CorpusOptions{MaxDocBytes: 100}, "byte 6: invalid character '\"' after object key"},
		{"large line", "a\n" + strings.Repeat("b", 101) + "\n", CorpusOptions{MaxDocBytes: 100}, "the document at line 2 is larger than the limit of 100 bytes"},
		{"very large line", "a\n" + strings.Repeat("b", 1000000) + "\n", CorpusOptions{MaxDocBytes: 100}, "the document at line 2"},
		{"large paragraph", "a\n\n" + strings.Repeat("b\n", 101), CorpusOptions{MaxDocBytes: 100, Format: FormatParagraphs}, "larger than the limit of 100 bytes"},
		{"paragraph of a byte too many", "a\nbc\n\n", CorpusOptions{MaxDocBytes: 3, Format: FormatParagraphs}, "line 2 is larger than the limit of 3 bytes"},
		{"large file", strings.Repeat("a\n", 51), CorpusOptions{MaxBytes: 101}, "larger than the limit of 101 bytes"},
		{"large recipes", "[" + good + strings.Repeat(" ", 100000) + "]", CorpusOptions{MaxBytes: 70000}, "larger than the limit of 70000 bytes"},

		{"binary", "a\nb\x00", CorpusOptions{}, "line 2, byte 3: a NUL byte"},
	} {
		for _, packed := range []bool{false, true} {
			data := c.data
			if packed {
				data = pack(t, data)
			}
			got, err := readString(data, &c.o)
			if err == nil || got != nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "train: corpus test: ") {
				t.Errorf("%s (gzip %v): error %v\nwant one with %q", c.name, packed, err, c.want)
			}
		}
	}
}

func TestCorpusAtItsLimits(t *testing.T) {
	const record = `{"title":"a","directions":["b"]}`
	for _, c := range []struct {
		data string
		o    CorpusOptions
	}{
		{"[" + record + "]", CorpusOptions{MaxDocBytes: len(record), MaxBytes: int64(len(record)) + 2}},
		{"abc\nabc", CorpusOptions{MaxDocBytes: 3, MaxBytes: 7}},
		{"a\nb\n  \nabc\n\t\t\t\n", CorpusOptions{MaxDocBytes: 3, Format: FormatParagraphs}},
		{"abc\r\n", CorpusOptions{MaxDocBytes: 3, MaxBytes: 5}},
		{"a\nb\n\na\nb", CorpusOptions{MaxDocBytes: 3, Format: FormatParagraphs}},
		{"a", CorpusOptions{MaxBytes: 1<<63 - 1}},
	} {
		if _, err := readString(c.data, &c.o); err != nil {
			t.Errorf("%q at %+v: %v", c.data, c.o, err)
		}
	}
}

// TestCorpusCutGzip cuts a gzip file at every byte and damages every byte of it.
func TestCorpusCutGzip(t *testing.T) {
	data := pack(t, `[{"title":"a","directions":["b","c"]},{"title":"d","directions":["e"]}]`)
	for n := 2; n < len(data); n++ {
		_, err := readString(data[:n], nil)
		if err == nil || !strings.Contains(err.Error(), "gzip data is cut off") {
			t.Errorf("cut at %d of %d: error %v", n, len(data), err)
		}
	}
	for _, n := range []int{len(data) - 8, len(data) - 1} { // checksum, length
		bad := []byte(data)
		bad[n] ^= 1
		if _, err := readString(string(bad), nil); err == nil || !strings.Contains(err.Error(), "gzip data is damaged") {
			t.Errorf("damaged at %d of %d: error %v", n, len(data), err)
		}
	}
	if _, err := readString(data+"rubbish", nil); err == nil || !strings.Contains(err.Error(), "something follows the gzip data, after 71 unpacked bytes") {
		t.Errorf("something behind the gzip data: error %v", err)
	}
	two, err := readString(pack(t, "a\n")+pack(t, "b\n"), nil)
	if err != nil || !slices.Equal(two.Docs, []string{"a", "b"}) {
		t.Errorf("two gzip members: %+v, %v", two, err)
	}
}

func TestCorpusReadError(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, head := range []string{"", "  ", "[", `[{"title":"a`, `[{"title":"a","directions":[]}`, `[{"title":"a","directions":[]}]`} {
		for _, format := range []string{FormatAuto, FormatLines, FormatRecipes} {
			r := io.MultiReader(strings.NewReader(head), iotest.ErrReader(broken))
			if _, err := DecodeCorpus(r, "test", &CorpusOptions{Format: format}); !errors.Is(err, broken) {
				t.Errorf("%s after %q: error %v, want %v", format, head, err, broken)
			}
		}
	}
}

func TestCorpusReadErrorInGzip(t *testing.T) {
	broken := errors.New("disk on fire")
	data := pack(t, strings.Repeat("a line\n", 100))
	r := io.MultiReader(strings.NewReader(data[:len(data)-9]), iotest.ErrReader(broken))
	if _, err := DecodeCorpus(r, "test", nil); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

func TestReadCorpus(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "corpus.txt") // packed all the same
	if err := os.WriteFile(path, []byte(pack(t, "a\nb\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := ReadCorpus([]string{path}, nil); err != nil || !slices.Equal(c.Docs, []string{"a", "b"}) {
		t.Errorf("ReadCorpus = %+v, %v", c, err)
	}
	if _, err := ReadCorpus([]string{filepath.Join(dir, "none")}, nil); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "none") {
		t.Errorf("missing file: error %v", err)
	}
}

func TestSizeText(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 bytes", 1023: "1023 bytes", 1024: "1 KiB", 1025: "1025 bytes", 70000: "70000 bytes", 1 << 20: "1 MiB", 3 << 19: "1.5 MiB",
		16 << 20: "16 MiB", 16<<20 + 1: "16 MiB", 2000 << 20: "2000 MiB", 2000<<20 - 1: "2000 MiB", 1 << 30: "1 GiB", 12 << 30: "12 GiB", 12<<30 + 1: "12 GiB",
	} {
		if got := sizeText(n); got != want {
			t.Errorf("sizeText(%d) = %q, want %q", n, got, want)
		}
	}
}
