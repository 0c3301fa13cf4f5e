package corpus

import (
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

	"github.com/autoreg/autoreg/internal/testkit"
)

func readString(data string, o *Options) (*Corpus, error) {
	return Decode(strings.NewReader(data), "test", o)
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
				data = testkit.Gzip(t, data)
			}
			got, err := readString(data, &Options{Format: c.format})
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
			slow, err := Decode(iotest.OneByteReader(strings.NewReader(data)), "test", &Options{Format: c.format})
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
		o          Options
		want       string
	}{
		{"empty file", "", Options{}, "no text in it: 0 bytes"},
		{"blank file", " \n\n", Options{}, "no text in it: 3 bytes"},
		{"blank paragraphs", "\n \n", Options{Format: FormatParagraphs}, "no text in it"},
		{"empty file of recipes", "", Options{Format: FormatRecipes}, "line 1, byte 0: the data ends before the list does"},
		{"empty list", "[ ]", Options{}, "list of recipes is empty"},
		{"all skipped", `[{},{"title":"a"}]`, Options{}, `no record of 2 has both "title" and "directions"; the members of the first are none`},
		{"unknown format", "a", Options{Format: "csv"}, `Format is "csv"`},
		{"negative cap", "a", Options{MaxBytes: -1}, "want 0 or more"},
		{"an object", good, Options{}, `this is one JSON object with the members "title", "directions": name the member that holds the text with Field`},
		{"an object by name", good, Options{Format: FormatRecipes}, `line 1, byte 0: found "{": want [`},
		{"a string", `"x"`, Options{Format: FormatRecipes}, `want [`},
		{"list of strings", `["a"]`, Options{Format: FormatRecipes}, "record 0 (line 1, byte 1): this is a string"},
		{"number among records", "[" + good + ",\n7]", Options{}, "record 1 (line 2, byte 35): this is a number"},
		{"null among records", "[" + good + ",null]", Options{}, "this is null"},
		{"title", "[" + good + ",\n{\"directions\":[],\"title\":7}]", Options{}, `record 1 (line 2, byte 35): "title" is a number: want a string`},
		{"title list", `[{"directions":[],"title":["a"]}]`, Options{}, `"title" is a list`},
		{"title boolean", `[{"directions":[],"title":false}]`, Options{}, `"title" is a boolean`},
		{"directions", `[{"directions":"abc","title":"a"}]`, Options{}, `"directions" is a string: want a list of strings`},
		{"directions object", `[{"directions":{},"title":"a"}]`, Options{}, `"directions" is an object`},
		{"a direction", `[{"directions":["a",["b"]],"title":"a"}]`, Options{}, `"directions"[1] is a list: want a string`},
		{"a direction after nulls", `[{"directions":[null,"a",null,7],"title":"a"}]`, Options{}, `"directions"[3] is a number`},

		{"missing comma", "[" + good + "\n" + good + "]", Options{}, `line 2, byte 34: found "{": want , or ]`},
		{"comma at the end", "[" + good + ",]", Options{}, `byte 34: found "]": want a record`},
		{"two commas", "[" + good + ",,]", Options{}, `byte 34: found ","`},
		{"something behind", "[" + good + "]\n x", Options{}, `line 2, byte 36: found "x" after the end of the list`},
		{"cut in the list", "[" + good + ",", Options{}, "line 1, byte 34: the data ends before the list does"},
		{"cut before a comma", "[" + good, Options{}, "line 1, byte 33: the data ends before the list does"},
		{"cut in a record", "[\n{\"title\":\"a", Options{}, "record 0, line 2, byte 13: the data ends inside a record"},
		{"cut in an escape", `[{"title":"a\`, Options{}, "the data ends inside a record"},
		{"bad literal", "[\n{\"title\":\n tru }]", Options{}, "record 0, line 3, byte 16: invalid character ' ' in literal true"},
		{"no colon", "[" + good + `,{"title" "a"}]`, Options{}, "record 1, line 1, byte 43: invalid character '\"' after object key"},
		{"wrong bracket", `[{"title":["a"}}]`, Options{}, "record 0, line 1, byte 14: invalid character '}' after array element"},
		{"unclosed record", "[{\"title\":\"a\",\n{\"title\":\"b\"}]", Options{}, "record 0, line 2, byte 15: invalid character '{' looking for beginning of object key"},
		{"unclosed string", "[{\"title\":\"a,\n\"x\":1}]", Options{}, "record 0, line 1, byte 13: invalid character '\\n' in string literal"},
		{"bad escape", `[{"title":"\x"}]`, Options{}, "byte 12: invalid character 'x' in string escape code"},
		{"number", `[{"n":01}]`, Options{}, "byte 7: invalid character '1' after object key:value pair"},
		{"byte order mark counts", "\ufeff[7]", Options{Format: FormatRecipes}, "line 1, byte 4"},
		{"deep nesting", `[{"x":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}]`, Options{}, "exceeded max depth"},
		{"deep nesting cut off", `[{"x":` + strings.Repeat("[", 1000000), Options{}, "exceeded max depth"},

		{"large record", `[{"x":"` + strings.Repeat("a", 100) + `"}]`, Options{MaxDocBytes: 100}, "record 0 (line 1, byte 1): the record is larger than the limit of 100 bytes"},
		{"syntax error in a large record", `[{"x" "` + strings.Repeat("a", 100) + `"}]`, Options{MaxDocBytes: 100}, "byte 6: invalid character '\"' after object key"},
		{"large line", "a\n" + strings.Repeat("b", 101) + "\n", Options{MaxDocBytes: 100}, "the document at line 2 is larger than the limit of 100 bytes"},
		{"very large line", "a\n" + strings.Repeat("b", 1000000) + "\n", Options{MaxDocBytes: 100}, "the document at line 2"},
		{"large paragraph", "a\n\n" + strings.Repeat("b\n", 101), Options{MaxDocBytes: 100, Format: FormatParagraphs}, "larger than the limit of 100 bytes"},
		{"paragraph of a byte too many", "a\nbc\n\n", Options{MaxDocBytes: 3, Format: FormatParagraphs}, "line 2 is larger than the limit of 3 bytes"},
		{"large file", strings.Repeat("a\n", 51), Options{MaxBytes: 101}, "larger than the limit of 101 bytes"},
		{"large recipes", "[" + good + strings.Repeat(" ", 100000) + "]", Options{MaxBytes: 70000}, "larger than the limit of 70000 bytes"},

		{"binary", "a\nb\x00", Options{}, "line 2, byte 3: a NUL byte"},
	} {
		for _, packed := range []bool{false, true} {
			data := c.data
			if packed {
				data = testkit.Gzip(t, data)
			}
			got, err := readString(data, &c.o)
			if err == nil || got != nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "corpus: test: ") {
				t.Errorf("%s (gzip %v): error %v\nwant one with %q", c.name, packed, err, c.want)
			}
		}
	}
}

func TestCorpusAtItsLimits(t *testing.T) {
	const record = `{"title":"a","directions":["b"]}`
	for _, c := range []struct {
		data string
		o    Options
	}{
		{"[" + record + "]", Options{MaxDocBytes: len(record), MaxBytes: int64(len(record)) + 2}},
		{"abc\nabc", Options{MaxDocBytes: 3, MaxBytes: 7}},
		{"a\nb\n  \nabc\n\t\t\t\n", Options{MaxDocBytes: 3, Format: FormatParagraphs}},
		{"abc\r\n", Options{MaxDocBytes: 3, MaxBytes: 5}},
		{"a\nb\n\na\nb", Options{MaxDocBytes: 3, Format: FormatParagraphs}},
		{"a", Options{MaxBytes: 1<<63 - 1}},
	} {
		if _, err := readString(c.data, &c.o); err != nil {
			t.Errorf("%q at %+v: %v", c.data, c.o, err)
		}
	}
}

// TestCorpusCutGzip cuts a gzip file at every byte and damages every byte of it.
func TestCorpusCutGzip(t *testing.T) {
	data := testkit.Gzip(t, `[{"title":"a","directions":["b","c"]},{"title":"d","directions":["e"]}]`)
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
	two, err := readString(testkit.Gzip(t, "a\n")+testkit.Gzip(t, "b\n"), nil)
	if err != nil || !slices.Equal(two.Docs, []string{"a", "b"}) {
		t.Errorf("two gzip members: %+v, %v", two, err)
	}
}

func TestCorpusReadError(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, head := range []string{"", "  ", "[", `[{"title":"a`, `[{"title":"a","directions":[]}`, `[{"title":"a","directions":[]}]`} {
		for _, format := range []string{FormatAuto, FormatLines, FormatRecipes} {
			r := io.MultiReader(strings.NewReader(head), iotest.ErrReader(broken))
			if _, err := Decode(r, "test", &Options{Format: format}); !errors.Is(err, broken) {
				t.Errorf("%s after %q: error %v, want %v", format, head, err, broken)
			}
		}
	}
}

func TestCorpusReadErrorInGzip(t *testing.T) {
	broken := errors.New("disk on fire")
	data := testkit.Gzip(t, strings.Repeat("a line\n", 100))
	r := io.MultiReader(strings.NewReader(data[:len(data)-9]), iotest.ErrReader(broken))
	if _, err := Decode(r, "test", nil); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

func TestReadCorpus(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "corpus.txt") // packed all the same
	if err := os.WriteFile(path, []byte(testkit.Gzip(t, "a\nb\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := Read([]string{path}, nil); err != nil || !slices.Equal(c.Docs, []string{"a", "b"}) {
		t.Errorf("Read = %+v, %v", c, err)
	}
	if _, err := Read([]string{filepath.Join(dir, "none")}, nil); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "none") {
		t.Errorf("missing file: error %v", err)
	}
}
