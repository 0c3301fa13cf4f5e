package corpus

import (
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/autoreg/autoreg/internal/input"
	"github.com/autoreg/autoreg/internal/testkit"
)

func TestJSON(t *testing.T) {
	for _, c := range []struct {
		name, data, field, format string
		docs                      []string
		counts                    Counts
	}{
		{name: "lines", data: "{\"body\":\" a\\n\",\"n\":1}\n\n{\"body\":\"b\"}", field: "body", docs: []string{" a\n", "b"}},
		{name: "a list", data: " [ {\"body\":\"a\"} ,\n{\"body\":\"b\"} ] ", field: "body", docs: []string{"a", "b"}},
		{name: "several lines each", data: "{\n \"body\": \"a\"\n}\n{\n \"body\": \"b\"\n}\n", field: "body", docs: []string{"a", "b"}},
		{name: "one object", data: `{"body":"a"}`, field: "body", docs: []string{"a"}},
		{name: "CR LF and a mark", data: "\ufeff{\"body\":\"a\"}\r\n{\"body\":\"b\"}\r\n", field: "body", docs: []string{"a", "b"}},
		{name: "skipped", data: `{"x":1} {"body":null} {"body":""} {"body":" \t\n"} {"body":7} {"body":{}} {"body":[1]} {"body":["c",["d"]]} null 5 "s" ["l"] {"body":"a"} {"body":true}`, field: "body",
			docs: []string{"a"}, counts: Counts{Skipped: 13, NoText: 8, OtherType: 5}},
		{name: "a list of strings in a member", data: `{"body":["a",null,"b "]}{"body":[null]}{"body":[]}`, field: "body",
			docs: []string{"a b "}, counts: Counts{Skipped: 2, NoText: 2, NullSteps: 1}},
		{name: "the last counts", data: `{"body":"a","body":"b"}`, field: "body", docs: []string{"b"}},
		{name: "escapes", data: `{"bod\u0079":"\u00e9\ud83c\udf70\ud83c"}`, field: "body", docs: []string{"é🍰\uFFFD"}, counts: Counts{Replaced: 1}},
		{name: "invalid UTF-8", data: "{\"body\":\"a\xff\xff\ufeff\"}", field: "body", docs: []string{"a\uFFFD"}, counts: Counts{Replaced: 1, Marks: 1}},
		{name: "a path", data: `{"post":{"body":"a"}}{"post":{"body":{"text":"x"}}}{"post":"b"}{"post":[{"body":"c"}]}`, field: "post.body",
			docs: []string{"a"}, counts: Counts{Skipped: 3, NoText: 2, OtherType: 1}},
		{name: "a long path", data: `{"a":{"b":{"c":"x"}}}`, field: "a.b.c", docs: []string{"x"}},
		{name: "a name with a dot", data: `{"a":{"b":"no"},"a.b":"x"}`, field: "a.b", docs: []string{"x"}},
		{name: "titles of recipes", data: `[{"title":"a","directions":["b","c"]}]`, field: "directions", docs: []string{"b c"}},

		{name: "strings", data: `["a"," b\n","",null,{"x":1}]`, docs: []string{"a", " b\n"}, counts: Counts{Skipped: 3, NoText: 2, OtherType: 1}},
		{name: "strings after others", data: `[1,null,"a"]`, format: FormatJSON, docs: []string{"a"}, counts: Counts{Skipped: 2, NoText: 1, OtherType: 1}},
		{name: "strings, a line each", data: "\"a\"\n\"b\\\"]\"\n-1.5e3\ntrue\n\"c\"", format: FormatJSON, docs: []string{"a", `b"]`, "c"}, counts: Counts{Skipped: 2, OtherType: 2}},
		{name: "a list among lines is no text", data: "\"a\"\n[\"b\"]\n", format: FormatJSON, docs: []string{"a"}, counts: Counts{Skipped: 1, OtherType: 1}},
	} {
		for _, packed := range []bool{false, true} {
			data := c.data
			if packed {
				data = testkit.Gzip(t, data)
			}
			for _, o := range []*Options{{Format: c.format, Field: c.field}, {Format: FormatJSON, Field: c.field}} {
				got, err := readString(data, o)
				if err != nil || !slices.Equal(got.Docs, c.docs) || got.Counts != c.counts || got.Format != FormatJSON {
					t.Errorf("%s (gzip %v): %+v, %v\nwant %q, %+v", c.name, packed, got, err, c.docs, c.counts)
				}
				slow, err := Decode(iotest.OneByteReader(strings.NewReader(data)), "test", o)
				if err != nil || !slices.Equal(slow.Docs, c.docs) {
					t.Errorf("%s (gzip %v), byte by byte: %+v, %v", c.name, packed, slow, err)
				}
			}
		}
	}
	// Field is for the files of JSON among others.
	dir := files(t, map[string]string{"a.txt": "a\n", "b.jsonl.gz": testkit.Gzip(t, `{"x":"b"}`), "c.ndjson": `{"x":"c"}`, "d.log": "d\n", "e.json": `[{"x":"e"}]`})
	got, err := Read([]string{dir}, &Options{Field: "x"})
	if err != nil || !slices.Equal(got.Docs, []string{"a", "b", "c", "d", "e"}) || got.Format != FormatMixed {
		t.Errorf("a folder: %+v, %v", got, err)
	}
	got, err = Read([]string{dir}, &Options{Field: "x", Format: FormatJSON})
	if err != nil || !slices.Equal(got.Docs, []string{"b", "c", "e"}) || got.LeftOut != 2 {
		t.Errorf("a folder as JSON: %+v, %v", got, err)
	}
}

func TestJSONRefuses(t *testing.T) {
	const good = "{\"body\":\"a\"}\n"
	body := Options{Format: FormatJSON, Field: "body"}
	for _, c := range []struct {
		name, data string
		o          Options
		want       string
	}{
		{"no field", good + good, Options{}, `this is JSON lines of objects with the members "body": name the member that holds the text with Field; or read`},
		{"no field, by name", "[" + good + "]", Options{Format: FormatJSON}, `record 0 (line 1, byte 1): this is an object with the members "body": name the one that holds the text with Field`},
		{"recipes without a field", "[" + good + "]", Options{}, `the members of the first are "body": if one of them holds the text, name it with Field`},
		{"field not found", "{\"a\":1,\"b\":null}\n{\"a\":\"x\"}", body, `no record of 2 has a text in "body"; the members of the first are "a", "b" (null): name the one that holds the text with Field`},
		{"no objects", "[1,2]", body, `no record of 2 has a text in "body"; the first is not an object but a number`},
		{"no strings", "[1,2]", Options{Format: FormatJSON}, "no record of 2 is a text; the first is a number"},
		{"empty list", "[ ]", body, "there are no records"},
		{"nothing", " \n", body, "there are no records"},
		{"text", "hello\n", body, `line 1, byte 0: found "h": want a record`},
		{"no JSON", "hello\n", Options{Field: "body"}, `Field is "body", but no file holds JSON: leave it out, or say with Format json that they do`},
		{"a field of lines", good, Options{Format: FormatLines, Field: "body"}, `Field is "body": it is for Format json, not lines`},

		{"malformed line", good + "{\"body\":}\n" + good, body, "malformed JSON in record 1, line 2, byte 21: invalid character '}'"},
		{"unclosed string", good + "{\"body\":\"a}\n" + good, body, "malformed JSON in record 1, line 2, byte 24: invalid character '\\n' in string literal"},
		{"unclosed object", good + "{\"body\":\"a\"\n" + good, body, "malformed JSON in record 1, line 3, byte 25: invalid character '{' after object key:value pair (the record begins in line 2)"},
		{"cut line", good + "{\"bo", body, "malformed JSON in record 1, line 2, byte 17: the data ends inside a record"},
		{"cut string", "\"a\"\n\"b", Options{Format: FormatJSON}, "line 2, byte 6: the data ends inside a record"},
		{"commas between lines", "{\"body\":\"a\"},\n{\"body\":\"b\"}", body, `malformed JSON in record 1, line 1, byte 12: found ",": want a record`},
		{"bad literal", good + "tru\n", body, "malformed JSON in record 1, line 2, byte 16: not a value"},
		{"bad number", "[01]", body, "malformed JSON in record 0"},
		{"two lists", "[\"a\"]\n[\"b\"]", Options{Format: FormatJSON}, "after the end of the list: put all texts into one list"},
		{"comma at the end", "[\"a\",]", Options{Format: FormatJSON}, `found "]": want a record after the comma, or no comma`},
		{"deep nesting", `{"body":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`, body, "exceeded max depth"},
		{"deep lists", strings.Repeat("[", 1000000), body, "exceeded max depth"},
		{"a deep path", good, Options{Format: FormatJSON, Field: strings.Repeat("a.", 1<<20)}, `no record of 1 has a text in "a.a.a.`},

		{"large record", `{"body":"` + strings.Repeat("a", 100) + `"}`, Options{Field: "body", Format: FormatJSON, MaxDocBytes: 100}, "record 0 (line 1, byte 0): the record is larger than the limit of 100 bytes: raise MaxDocBytes"},
		{"large string", `"` + strings.Repeat("a", 100) + `"`, Options{Format: FormatJSON, MaxDocBytes: 100}, "the record is larger than the limit of 100 bytes"},
		{"large number", strings.Repeat("1", 101), Options{Format: FormatJSON, MaxDocBytes: 100}, "the record is larger than the limit of 100 bytes"},
		{"large file", strings.Repeat(good, 10), Options{Field: "body", Format: FormatJSON, MaxBytes: 100}, "larger than the limit of 100 bytes"},
	} {
		for _, packed := range []bool{false, true} {
			data := c.data
			if packed {
				data = testkit.Gzip(t, data)
			}
			got, err := readString(data, &c.o)
			if err == nil || got != nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "corpus: test: ") && !strings.HasPrefix(err.Error(), "corpus: Field is") {
				t.Errorf("%s (gzip %v): error %v\nwant one with %q", c.name, packed, err, c.want)
			}
		}
	}
	if _, err := DecodeLabelled(strings.NewReader("a\tb\n"), "test", &LabelledOptions{Options: Options{Field: "body"}}); err == nil || !strings.Contains(err.Error(), `Field is "body": of labelled texts it is Text that names`) {
		t.Errorf("labelled texts: error %v", err)
	}
}

// Members inside others hold texts and labels too.
func TestLabelledPath(t *testing.T) {
	got, err := DecodeLabelled(strings.NewReader(`{"post":{"body":"a"},"meta":{"tag":"x"}}`), "test", &LabelledOptions{Text: "post.body", Label: "meta.tag"})
	if err != nil || got.Docs[0] != "a" || got.Labels[0] != "x" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestReadJSONFiles reads standard input and a file whose record crosses every buffer.
func TestReadJSONFiles(t *testing.T) {
	long := strings.Repeat("long ", input.PeekSize)
	dir := files(t, map[string]string{"-": `{"x":"a"}`, "b": `{"x":"` + long + `"}` + "\n" + `{"x":"b"}`})
	o := &Options{Field: "x", Format: FormatJSON, Open: os.DirFS(dir).Open}
	got, err := Read([]string{"-", "b"}, o)
	if err != nil || !slices.Equal(got.Docs, []string{"a", long, "b"}) || got.Files[0].Path != "-" {
		t.Errorf("%v, %v", got, err)
	}
}

// referenceJSON reads texts by decoding each value as a whole with encoding/json.
func referenceJSON(data, field string) (docs []string, skipped int, ok bool) {
	var values []json.RawMessage
	if strings.HasPrefix(strings.TrimLeft(data, jsonBlanks), "[") {
		if json.Unmarshal([]byte(data), &values) != nil {
			return nil, 0, false
		}
	} else {
		d := json.NewDecoder(strings.NewReader(data))
		for {
			var v json.RawMessage
			err := d.Decode(&v)
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, 0, false
			}
			values = append(values, v)
		}
	}
	for _, v := range values {
		var value any
		if json.Unmarshal(v, &value) != nil {
			return nil, 0, false
		}
		if field != "" {
			object, _ := value.(map[string]any)
			value = object[field]
		} else if _, isObject := value.(map[string]any); isObject && len(docs) == 0 {
			return nil, 0, false
		}
		if list, isList := value.([]any); isList && field != "" {
			var parts []string
			for _, e := range list {
				s, isString := e.(string)
				if !isString && e != nil {
					parts = nil
					break
				}
				if e != nil {
					parts = append(parts, s)
				}
			}
			value = strings.Join(parts, " ")
		}
		doc, _ := value.(string)
		doc = strings.ReplaceAll(doc, "\ufeff", "")
		if strings.Trim(doc, " \t\n\v\f\r") == "" {
			skipped++
			continue
		}
		docs = append(docs, doc)
	}
	return docs, skipped, len(docs) > 0
}

// FuzzJSON checks the reader of JSON against encoding/json, and its memory.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"x":"a"}` + "\n" + `{"x":["b",null,"c"],"y":{}}` + "\n" + `{"x":7}`,
		`[{"x":"a"},{"\u0078":"\ud83c\udf70","x":null},[],"s",1.5e3,null]`,
		`["a","b\"]",{"x":1},""]`, `"a" "b" true -1`, `{"x":"a"},{"x":"b"}`, `{"x":"a"`, `nul`, "[01]", `"a`,
		"\ufeff{\"x\":\"\xff\ufeff\"}", `{"x":` + strings.Repeat("[", 50000), strings.Repeat(`{"x":"a"}`, 5000), `[` + strings.Repeat(`"",`, 20000) + `"a"]`,
		`{"x":[` + strings.Repeat(`"",`, 20000) + `"a"]}`, strings.Repeat("1 ", 5000),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, field := range []string{"", "x"} {
			for _, raw := range []bool{false, true} {
				o := fuzzOptions(FormatJSON)
				o.Field, o.Raw = field, raw
				var got *Corpus
				var err error
				used := testkit.Allocated(func() { got, err = readString(string(data), o) })
				if !raw {
					checkCorpus(t, data, got, err, used)
				}
				if isGzip(data) || len(data) > 1<<20 || !utf8.Valid(data) || raw && strings.Contains(string(data), "\ufeff") ||
					raw && strings.Contains(strings.ToLower(string(data)), "feff") || err != nil && strings.Contains(err.Error(), "MaxMemory") {
					continue
				}
				if wideEncoding(data) != nil || checkBinary(data[:min(len(data), input.PeekSize)], 0) != nil || checkOtherText(data) != nil {
					continue
				}
				docs, skipped, ok := referenceJSON(strings.TrimLeft(string(data), "\ufeff"), field)
				if ok != (err == nil) {
					t.Fatalf("%q, field %q: error %v, want an error: %v", data, field, err, !ok)
				}
				if ok && (!slices.Equal(got.Docs, docs) || got.Skipped != skipped) {
					t.Fatalf("%q, field %q: %q, skipped %d, want %q, %d", data, field, got.Docs, got.Skipped, docs, skipped)
				}
			}
		}
	})
}
