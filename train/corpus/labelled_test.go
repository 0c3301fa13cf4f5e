package corpus

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/autoreg/autoreg/internal/input"
	"github.com/autoreg/autoreg/internal/testkit"
)

func readLabelledString(data string, o *LabelledOptions) (*LabelledCorpus, error) {
	return DecodeLabelled(strings.NewReader(data), "test", o)
}

func TestDecodeLabelled(t *testing.T) {
	dessert := LabelledOptions{Text: "directions", Label: "categories", Contains: "Dessert"}
	for _, c := range []struct {
		name, data   string
		o            LabelledOptions
		docs, labels string // separated by |
		format       string
		counts       Counts
	}{
		{name: "a list", data: `[{"text":" a\n","label":"x"},{"label":" y ","text":"b c"}]`, docs: "a|b c", labels: "x|y", format: FormatJSON},
		{name: "lines", data: "{\"text\":\"a\",\"label\":\"x\"}\n\n {\"text\":\"b\",\"label\":\"y\"}", docs: "a|b", labels: "x|y", format: FormatJSON},
		{name: "one after the other", data: "\ufeff{\"text\":\"a\",\n\"label\":\"x\"}{\"text\":\"b\",\"label\":\"y\"}", docs: "a|b", labels: "x|y", format: FormatJSON},
		{name: "a list of texts", data: `[{"text":[" a ","",null,"b c\n"," "],"label":"x"}]`, docs: "a b c", labels: "x", format: FormatJSON, counts: Counts{NullSteps: 1}},
		{name: "numbers and booleans", data: `[{"text":"a","label":1},{"text":"b","label":-2.50e3},{"text":"c","label":true}]`, docs: "a|b|c", labels: "1|-2.50e3|true", format: FormatJSON},
		{name: "the last counts", data: `[{"text":"a","label":"x","text":"b","label":"y"}]`, docs: "b", labels: "y", format: FormatJSON},
		{name: "skipped", data: `[{"text":"a","label":"x"},{},{"text":"a"},{"label":"x"},{"text":null,"label":"x"},{"text":" ","label":"x"},{"text":["",null],"label":"x"},{"text":[],"label":"x"},{"text":"a","label":null},{"text":"a","label":" "}]`,
			docs: "a", labels: "x", format: FormatJSON, counts: Counts{Skipped: 9, NoText: 6, NoLabel: 3}},
		{name: "escapes", data: `[{"te\u0078t":"\u00e9\n\"","label":"\u0078"}]`, docs: "é\n\"", labels: "x", format: FormatJSON},
		{name: "invalid UTF-8", data: "[{\"text\":\"a\xff\",\"label\":\"x\xfe\xff\"},{\"text\":\"\xff\"}]", docs: "a\uFFFD", labels: "x\uFFFD", format: FormatJSON, counts: Counts{Skipped: 1, NoLabel: 1, Replaced: 2}},
		{name: "a value in a list", data: `[{"directions":["a"],"categories":["Cake"," Dessert "]},{"directions":["b"],"categories":["Frozen Dessert","dessert",null,1]},{"directions":["c"],"categories":[]},{"directions":["d"]}]`,
			o: dessert, docs: "a|b|c", labels: "Dessert|other|other", format: FormatJSON, counts: Counts{Skipped: 1, NoLabel: 1}},
		{name: "a value of texts", data: `[{"directions":"a","categories":"Dessert"},{"directions":"b","categories":"Soup"},{"directions":"c","categories":7}]`, o: dessert, docs: "a|b|c", labels: "Dessert|other|other", format: FormatJSON},
		{name: "a number in a list", data: `[{"text":"a","label":[1,2]},{"text":"b","label":[2,3]}]`, o: LabelledOptions{Contains: "1", Other: "not 1"}, docs: "a|b", labels: "1|not 1", format: FormatJSON},
		{name: "tabs", data: "x\ta b\r\n\n y \tc\td \n", docs: "a b|c\td", labels: "x|y", format: FormatTabs},
		{name: "tabs of a value", data: "Dessert\ta\nSoup\tb\n", o: dessert, docs: "a|b", labels: "Dessert|other", format: FormatTabs},
		{name: "skipped lines", data: "x\ta\n\ta\nx\t \n\t\n", docs: "a", labels: "x", format: FormatTabs, counts: Counts{Skipped: 2, NoText: 1, NoLabel: 1}},
		{name: "a bracket", data: "[x]\ta\n{y}\tb\n", docs: "a|b", labels: "[x]|{y}", format: FormatTabs},
		{name: "an object by name", data: "{\"text\":1\tb\n", o: LabelledOptions{Options: Options{Format: FormatTabs}}, docs: "b", labels: `{"text":1`, format: FormatTabs},
		{name: "a web page by name", data: "<html>\tb\n", o: LabelledOptions{Options: Options{Format: FormatTabs}}, docs: "b", labels: "<html>", format: FormatTabs},
		{name: "UTF-16", data: "\xff\xfex\x00\t\x00a\x00", docs: "a", labels: "x", format: FormatTabs},
		{name: "gzip", data: testkit.Gzip(t, "x\ta"), docs: "a", labels: "x", format: FormatTabs},
	} {
		got, err := readLabelledString(c.data, &c.o)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if docs, labels := strings.Join(got.Docs, "|"), strings.Join(got.Labels, "|"); docs != c.docs || labels != c.labels || got.Format != c.format || got.Counts != c.counts {
			t.Errorf("%s: documents %q, labels %q, format %s, %+v", c.name, docs, labels, got.Format, got.Counts)
		}
	}
}

func TestDecodeLabelledRefuses(t *testing.T) {
	var many strings.Builder
	for i := range maxLabels + 1 {
		fmt.Fprintf(&many, "%d\ta\n", i)
	}
	long := strings.Repeat("é", 128) + "x"
	for _, c := range []struct {
		name, data string
		o          LabelledOptions
		want       string
	}{
		{"no file", "", LabelledOptions{}, "no text in it"},
		{"an empty list", "[]", LabelledOptions{}, "there are no records"},
		{"an unknown format", "", LabelledOptions{Options: Options{Format: FormatRecipes}}, `Format is "recipes": want auto, json or tabs`},
		{"all skipped", `[{"a":1,"text":"b"},{"label":"x"}]`, LabelledOptions{}, `of 2 records 1 have no text ("text") and 1 no label ("label"); the members of the first are "a", "text"`},
		{"all lines skipped", "\ta\nx\t\n", LabelledOptions{}, "of 2 lines 1 have no text and 1 no label"},
		{"a list without a value", `[{"text":"a","label":["x"]}]`, LabelledOptions{}, `record 0 (line 1, byte 1): "label" is a list: say with Contains which of its values to look for`},
		{"an object as a label", `[{"text":"a","label":{}}]`, LabelledOptions{}, `"label" is an object: want a string or a number`},
		{"a list in a list", `[{"text":"a","label":["x",[]]}]`, LabelledOptions{Contains: "x"}, `"label"[1] is a list: want a string or a number`},
		{"a number as a text", "[{\"text\":\"a\",\"label\":\"x\"},\n{\"text\":7}]", LabelledOptions{}, `record 1 (line 2, byte 27): "text" is a number: want a string or a list of strings`},
		{"a number among texts", `[{"text":["a",7]}]`, LabelledOptions{}, `"text"[1] is a number: want a string`},
		{"a list of numbers", "[1]", LabelledOptions{Options: Options{Format: FormatJSON}}, `this is a number: want an object with "text" and "label"`},
		{"a number between lines", "{} 7", LabelledOptions{}, `this is a number: want an object with "text" and "label"`},
		{"damaged", "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":}", LabelledOptions{}, "malformed JSON in record 1, line 2, byte 33"},
		{"cut off", `[{"text":"a","label":"x"}`, LabelledOptions{}, "the data ends before the list does"},
		{"two lists", `[{"text":"a","label":"x"}][`, LabelledOptions{}, "put all records into one list"},
		{"no tab", "x\ta\nb\n", LabelledOptions{}, "line 2: there is no tab"},
		{"a long label", long + "\ta", LabelledOptions{}, "line 1: the label"},
		{"many labels", many.String(), LabelledOptions{}, "line 65537: there are more than 65536 different labels"},
		{"a web page", "<html>\ta", LabelledOptions{}, "web page"},
		{"binary", "x\ta\x00", LabelledOptions{}, "a NUL byte"},
		{"a bomb", testkit.Gzip(t, "x\t"+strings.Repeat("a", 1000)), LabelledOptions{Options: Options{MaxBytes: 100}}, "raise MaxBytes"},
		{"a long line", "x\t" + strings.Repeat("a", 1000), LabelledOptions{Options: Options{MaxDocBytes: 100}}, "raise MaxDocBytes"},
		{"much memory", strings.Repeat("x\ta\n", 10000), LabelledOptions{Options: Options{MaxMemory: 100000}}, "raise MaxMemory"},
		{"blanks to look for", "", LabelledOptions{Contains: " "}, "Contains is"},
		{"one label twice", "", LabelledOptions{Contains: "other"}, "Contains and Other are both"},
		{"one member twice", "", LabelledOptions{Text: "a", Label: "a"}, "Text and Label are both"},
		{"a long value", "", LabelledOptions{Contains: long}, "Contains is"},
		{"a long other", "", LabelledOptions{Other: long}, "Other is"},
	} {
		got, err := readLabelledString(c.data, &c.o)
		if got != nil || err == nil || !strings.HasPrefix(err.Error(), "corpus: test: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	var option *OptionError
	if _, err := readLabelledString(`[{"text":"a","label":[]}]`, nil); !errors.As(err, &option) || option.Field != "Contains" {
		t.Errorf("a list without a value: error %v, want an OptionError about Contains", err)
	}
}

// Several files are one corpus, whose labels they share.
func TestReadLabelledFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.json": `[{"text":"a","label":"x"}]`, "b.txt": "y\tb\nx\tc\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := ReadLabelled([]string{dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.Docs, []string{"a", "b", "c"}) || !slices.Equal(c.Labels, []string{"x", "y", "x"}) || c.Format != FormatMixed || len(c.Files) != 2 || c.Files[1].Docs != 2 {
		t.Errorf("%+v", c)
	}
	if _, err := ReadLabelled(nil, nil); err == nil || err.Error() != "corpus: no files named" {
		t.Errorf("no files: error %v", err)
	}
}

// referenceLabelled reads records by decoding them as a whole with encoding/json.
func referenceLabelled(list []map[string]any) (docs, labels []string, ok bool) {
	clean := func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\ufeff", "")) }
	for _, record := range list {
		var parts []string
		switch v := record["text"].(type) {
		case nil:
		case string:
			parts = append(parts, clean(v))
		case []any:
			for _, e := range v {
				s, isString := e.(string)
				if e != nil && !isString {
					return nil, nil, false
				}
				if s = clean(s); s != "" {
					parts = append(parts, s)
				}
			}
		default:
			return nil, nil, false
		}
		scalar := func(v any) (string, bool) {
			switch v := v.(type) {
			case string:
				return clean(v), true
			case json.Number:
				return v.String(), true
			case bool:
				return fmt.Sprint(v), true
			}
			return "", false
		}
		label := ""
		switch v := record["label"].(type) {
		case nil:
		case []any:
			label = "other"
			for _, e := range v {
				s, fits := scalar(e)
				if e != nil && !fits {
					return nil, nil, false
				}
				if s == "yes" {
					label = "yes"
				}
			}
		default:
			s, fits := scalar(v)
			if !fits {
				return nil, nil, false
			}
			if label = "other"; s == "" || s == "yes" {
				label = s
			}
		}
		if text := strings.Join(parts, " "); text != "" && label != "" {
			docs, labels = append(docs, text), append(labels, label)
		}
	}
	return docs, labels, len(docs) > 0
}

// FuzzLabelled checks the reader against encoding/json where the data are JSON, and that
// no input makes it allocate more than in proportion to its size.
func FuzzLabelled(f *testing.F) {
	for _, s := range []string{
		`[{"text":"a ","label":"yes"},{"text":["b",null," c"],"label":["no","yes"]},{"text":"d","label":7}]`,
		"{\"text\":\"a\",\"label\":[]}\n{\"text\":[],\"label\":\"yes\"} {\"label\":null}", "yes\ta\nno\tb\r\n\tc\nd\t\n", "yes a\n", "[x]\ty",
		`[{"text":"a","label":[` + strings.Repeat(`"",`, 20000) + `""]}]`, `[{"text":[` + strings.Repeat(`"",`, 20000) + `""],"label":1}]`,
		strings.Repeat("a\tb\n", 20000), strings.Repeat(`{"text":"a","label":"b"}`, 5000), `[{"text":"\ufeff","label":"\ud800"}]`, "{}", "[]", "",
	} {
		f.Add([]byte(s))
		f.Add([]byte(testkit.Gzip(f, s)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range []string{FormatAuto, FormatJSON, FormatTabs} {
			o := &LabelledOptions{Options: *fuzzOptions(format), Contains: "yes"}
			var got *LabelledCorpus
			var plain *Corpus
			var err error
			used := testkit.Allocated(func() { got, err = readLabelledString(string(data), o) })
			if got != nil {
				plain = &got.Corpus
			}
			checkCorpus(t, data, plain, err, used)
			if err == nil {
				checkLabels(t, got)
			}
			if format != FormatJSON || isGzip(data) || len(data) > 1<<20 || !utf8.Valid(data) || err != nil && strings.Contains(err.Error(), "MaxMemory") ||
				wideEncoding(data) != nil || checkBinary(data[:min(len(data), input.PeekSize)], 0) != nil {
				continue
			}
			text := strings.TrimLeft(string(data), "\ufeff")
			list, ok := decodeRecords(text)
			docs, labels, some := referenceLabelled(list)
			if ok = ok && some; ok != (err == nil) {
				t.Fatalf("%q: error %v, want an error: %v", data, err, !ok)
			}
			if ok && (!slices.Equal(got.Docs, docs) || !slices.Equal(got.Labels, labels)) {
				t.Fatalf("%q: %q, %q, want %q, %q", data, got.Docs, got.Labels, docs, labels)
			}
		}
	})
}

// decodeRecords decodes one list of objects, or objects one after the other.
func decodeRecords(text string) (list []map[string]any, ok bool) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	objects := func() bool { // also that none is null, which Decode takes for an empty one
		for _, o := range list {
			if o == nil {
				return false
			}
		}
		return true
	}
	if strings.HasPrefix(strings.TrimLeft(text, jsonBlanks), "[") {
		if d.Decode(&list) != nil || list == nil {
			return nil, false
		}
		_, err := d.Token()
		return list, err != nil && err.Error() == "EOF" && objects()
	}
	for {
		var o map[string]any
		if err := d.Decode(&o); err != nil {
			return list, err.Error() == "EOF" && objects()
		}
		list = append(list, o)
	}
}

// checkLabels checks what holds for all labels.
func checkLabels(t *testing.T, c *LabelledCorpus) {
	t.Helper()
	if len(c.Labels) != len(c.Docs) || c.Skipped != c.NoText+c.NoLabel {
		t.Fatalf("%d labels of %d documents, %+v", len(c.Labels), len(c.Docs), c.Counts)
	}
	for _, label := range c.Labels {
		if label != "yes" && label != "other" {
			t.Fatalf("label %q", label)
		}
	}
}
