package corpus

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/autoreg/autoreg/internal/input"
	"github.com/autoreg/autoreg/internal/testkit"
)

// referenceRecipes reads recipes by decoding the whole list with encoding/json.
// Repeated members are resolved by its maps: the last counts, as here.
func referenceRecipes(data []byte) (docs []string, skipped int, ok bool) {
	var list []map[string]any
	var raw []json.RawMessage
	if json.Unmarshal(data, &list) != nil || json.Unmarshal(data, &raw) != nil || list == nil {
		return nil, 0, false
	}
	for i, record := range list {
		if raw[i][0] != '{' { // a null gives a nil map without an error
			return nil, 0, false
		}
		if record["title"] == nil || record["directions"] == nil {
			skipped++
			continue
		}
		title, isString := record["title"].(string)
		values, isList := record["directions"].([]any)
		if !isString || !isList {
			return nil, 0, false
		}
		var directions []string
		for _, v := range values {
			if v == nil {
				continue
			}
			s, isString := v.(string)
			if !isString {
				return nil, 0, false
			}
			directions = append(directions, s)
		}
		if len(directions) == 0 && len(values) > 0 {
			skipped++
			continue
		}
		docs = append(docs, strings.ReplaceAll(RecipeText(title, directions), "\ufeff", ""))
	}
	return docs, skipped, len(docs) > 0
}

// FuzzRecipes checks the recipe reader against encoding/json, and that no input makes
// it allocate more than in proportion to its size.
func FuzzRecipes(f *testing.F) {
	for _, s := range []string{
		`[{"title":"Peas ","directions":["Chop.","Stir."]},{"title":null,"directions":[]},{"x":[{"title":1}],"title":"\u00e9\ud83c\udf70\ud83c","directions":[]}]`,
		"[ {\n\"directions\" : [ \"a\\\"\\\\\" , \"}\" ] , \"titl\\u0065\" : \"\" , \"n\" : -1.5E+3 , \"b\":[true,false,null,{}] } , { } ] ",
		`[{"title":"a","title":7,"directions":["b"]}]`,
		"[{\"title\":\"\ufeffa\\uFEFF\",\"directions\":[null,\"b\",null]},{\"title\":\"a\",\"directions\":[null]}]",
		`[{"title":"a","directions":["b"]},]`,
		"\ufeff[{\"title\":\"\xff\",\"directions\":[\"\xe2\x82\"]}]",
		`[{"title":"a","directions":[` + strings.Repeat(`"",`, 20000) + `""]}]`,
		`[{` + strings.Repeat(`"a":0,`, 20000) + `"b":1}]`,
		`[{"x":` + strings.Repeat("[", 50000),
		`[` + strings.Repeat(`{},`, 20000) + `{"title":"","directions":[]}]`,
		`[` + strings.Repeat(`{"title":"","directions":[]},`, 5000) + `{"title":"","directions":[]}]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got *Corpus
		var err error
		used := testkit.Allocated(func() { got, err = readString(string(data), fuzzOptions(FormatRecipes)) })
		checkCorpus(t, data, got, err, used)
		if isGzip(data) || len(data) > 1<<20 {
			return
		}
		if err != nil && strings.Contains(err.Error(), "MaxMemory") {
			return
		}
		if wideEncoding(data) != nil || checkBinary(data[:min(len(data), input.PeekSize)], 0) != nil || checkOtherText(data) != nil {
			return // converted, or refused before it is read
		}
		docs, skipped, ok := referenceRecipes([]byte(strings.TrimLeft(string(data), "\ufeff")))
		if ok != (err == nil) {
			t.Fatalf("%q: error %v, want an error: %v", data, err, !ok)
		}
		// Runs of invalid bytes become one U+FFFD here and several there.
		if ok && utf8.Valid(data) && (!slices.Equal(got.Docs, docs) || got.Skipped != skipped) {
			t.Fatalf("%q: %q, skipped %d, want %q, %d", data, got.Docs, got.Skipped, docs, skipped)
		}
	})
}

// FuzzCorpus feeds any bytes to every format.
func FuzzCorpus(f *testing.F) {
	for _, s := range []string{"", "a\nb\r\n\n c", "\xff\xfea", "\ufeff\n[{", "a\x00", "a\xff\xffb", strings.Repeat("a\n", 50000), `["a"]`,
		"a\r\r\nb\rc", "a,b\n1,\"2\n\"\n", "[1] a", "{\"a\":[1]}\n{\"a\":2}", "\xff\xfea\x00\x3c\xd8", "\x00\x00\xfe\xff\x00\x00\x00a", "<html>", "[[[[", strings.Repeat("[1]\n", 20000)} {
		f.Add([]byte(s))
		f.Add([]byte(testkit.Gzip(f, s)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range []string{FormatAuto, FormatLines, FormatParagraphs, FormatText} {
			var c *Corpus
			var err error
			used := testkit.Allocated(func() { c, err = readString(string(data), fuzzOptions(format)) })
			checkCorpus(t, data, c, err, used)
		}
		o := fuzzOptions(FormatText)
		o.Raw = true
		c, err := readString(string(data), o)
		if err == nil && !isGzip(data) && (len(c.Docs) != 1 || c.Docs[0] != string(data) || c.Counts != (Counts{})) {
			t.Fatalf("%q: raw %q, %+v", data, c.Docs, c.Counts)
		}
	})
}

func isGzip(data []byte) bool { return strings.HasPrefix(string(data), "\x1f\x8b") }

// fuzzOptions limit what a file may take: 1 MiB unpacked, and 2 MiB of memory.
func fuzzOptions(format string) *Options {
	return &Options{Format: format, MaxBytes: 1 << 20, MaxMemory: 2 << 20}
}

// checkCorpus checks what holds for every corpus and every error. Over time, reading
// allocates buffers of a fixed size, what looking at the first 64 KiB takes, and for a
// document of one letter, which takes two bytes in the file, 21 bytes; and what is kept
// fits the limit.
func checkCorpus(t *testing.T, data []byte, c *Corpus, err error, used uint64) {
	t.Helper()
	size := len(data)
	if isGzip(data) {
		size = 1 << 20
	}
	if limit := uint64(3<<20 + 14*min(size, 1<<20)); used > limit {
		t.Fatalf("%d bytes allocated for a file of %d, limit %d", used, len(data), limit)
	}
	if err == nil {
		kept := 20 * len(c.Docs)
		for _, doc := range c.Docs {
			kept += len(doc)
		}
		if kept > 2<<20 {
			t.Fatalf("%d bytes are kept", kept)
		}
	}
	if err != nil {
		if c != nil || !strings.HasPrefix(err.Error(), "corpus: test: ") {
			t.Fatalf("corpus %v, error %q", c, err)
		}
		return
	}
	if len(c.Docs) == 0 || c.Format == FormatAuto || c.Skipped < 0 || c.Replaced < 0 {
		t.Fatalf("%d documents, format %q, skipped %d, replaced %d", len(c.Docs), c.Format, c.Skipped, c.Replaced)
	}
	for _, doc := range c.Docs {
		if doc == "" || !utf8.ValidString(doc) {
			t.Fatalf("document %q", doc)
		}
	}
}
