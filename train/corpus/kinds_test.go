package corpus

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/autoreg/autoreg/internal/input"
	"github.com/autoreg/autoreg/internal/testkit"
)

// Text that stands for something else than what it says is refused, unless its format
// is named.
func TestCorpusOtherText(t *testing.T) {
	const peas = `{"title":"Peas","directions":["Chop."]}`
	long := strings.Repeat(" ", 1000)
	for _, c := range []struct{ name, data, want string }{
		{"Git LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:22\nsize 35249903\n", "a pointer of Git LFS"},
		{"an old pointer", "version https://hawser.github.com/spec/v1\noid sha256:22\nsize 3\n", "a pointer of Git LFS"},
		{"page", "<!DOCTYPE html>\n<html><head><title>Not found</title></head>\n<body>404</body></html>\n", "a web page"},
		{"page in capitals", "\r\n <HTML LANG=en>\n<BODY>404</BODY></HTML>\n", "a web page"},
		{"page after a comment", "<!-- saved\nfrom x -->\n<html>\n", "a web page"},
		{"page with a mark", "\ufeff<html>\n", "a web page"},
		{"part of a page", "<div class=\"a\">\n<p>text</p>\n</div>\n", "a web page"},
		{"XML", "<?xml version=\"1.0\"?>\n<feed/>\n", "markup (HTML or XML)"},
		{"RTF", `{\rtf1\ansi text}`, "a Rich Text file"},
		{"PostScript", "%!PS-Adobe-3.0\n", "a PostScript file"},

		{"table", "title,context_label\n\"Salt, pepper\",food\nWater,drink\n", "a table of 2 columns"},
		{"table with numbers", "name,age\nBob,3\nAnn,4\n", "a table of 2 columns"},
		{"table of three columns", "id,text,label\r\n1,it was good,pos\r\n2,it was bad,neg\r\n", "a table of 3 columns"},
		{"table without names", "1,it was good,pos\n2,it was bad,neg\n", "a table of 3 columns"},
		{"semicolons", "id;text\n1;it was, after all, good\n2;it was bad\n", "a table of 2 columns"},
		{"tabs", "id\ttext\n1\tit was good\n2\tit was bad\n", "a table of 2 columns"},
		{"table with a mark", "\ufeffname,age\nBob,3\n", "a table of 2 columns"},
		{"table with line ends inside", "title,text\na,\"b\n\nc\"\nd,\"e\"\n", "a table of 2 columns"},
		{"large table", "name,age\n" + strings.Repeat("Bob,3\n", 50000), "a table of 2 columns"},

		{"nested list", "[[" + peas + "]]", "a JSON list of lists"},
		{"nested list, cut", "[ [\n" + peas + ", {", "a JSON list of lists"},
		{"list of lists of strings", `[["a","b"],["c"]]`, "a JSON list that begins with a list"},
		{"list of numbers", "[1, 2, 3]", "a JSON list that begins with a number"},
		{"long list of numbers", "[" + strings.Repeat("1,", 100000) + "1]", "a JSON list that begins with a number"},
		{"list of strings, cut", `["a", "b`, "malformed JSON in record 1, line 1, byte 8: the data ends inside a record"},
		{"list of nulls", "[null]", "a JSON list that begins with null"},
		{"list of booleans", "[true,false]", "a JSON list that begins with a boolean"},
		{"negative number", "[-1]\n", "a JSON list that begins with a number"},
		{"object", peas, `one JSON object with the members "title", "directions": name the member that holds the text with Field`},
		{"empty object", "{}", "one JSON object without members"},
		{"object around a list", "{\"recipes\":" + long + "[" + peas + "]}", `one JSON object with the members "recipes"`},
		{"large object", `{"a":"` + strings.Repeat("a", 100000) + `"}`, `a JSON object, which begins with "a": name the member`},
		{"JSON lines", peas + "\n" + peas + "\n", `JSON lines of objects with the members "title", "directions": name the member that holds the text with Field`},
		{"many JSON lines", strings.Repeat(peas+"\n", 10000), "JSON lines"},
		{"JSON lines of lists", "[\"a\"]\n[\"b\"]\n", "JSON lines of lists"},
		{"damaged object", "{\"title\":\"a\",\n\"directions\" [\"b\"]}", "JSON of another shape, or damaged"},
		{"the beginning of a list", "[\n", "the beginning of a JSON list"},
		{"list that begins like recipes", "[{Chorus}]\n", "malformed JSON in record 0"},
	} {
		for _, packed := range []bool{false, true} {
			data := c.data
			if packed {
				data = testkit.Gzip(t, data)
			}
			_, err := readString(data, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasSuffix(err.Error(), "; or read it as plain text with Format lines") {
				t.Errorf("%s (gzip %v): error %v, want one with %q and advice", c.name, packed, err, c.want)
			}
			for _, format := range []string{FormatLines, FormatParagraphs, FormatText} {
				if _, err := readString(data, &Options{Format: format}); err != nil {
					t.Errorf("%s (gzip %v) as %s: %v", c.name, packed, format, err)
				}
			}
		}
	}
}

// Honest texts are read as they are, whatever they begin with.
func TestCorpusHonestText(t *testing.T) {
	for _, data := range []string{
		"[ ] buy oats\n[x] buy milk\n[ ] boil the oats\n",
		"[]\n[ ]\n[x]\n",
		"[] is an empty list\n[1] is not\n",
		"[1] is not\n[2] neither\n",
		"[1]\nRoses are red,\n[2]\nViolets are blue.\n",
		"[1, 2] and so on\n",
		"[Verse 1]\nla la la\n[Chorus]\nla di da\n",
		"[true story] it was\n",
		"[null and void]\n",
		"[\"Hello,\" he said.] And left.\n",
		"[\"Hello\"] he said\n",
		"[-] minus\n",
		"[[wiki link]] is here\n",
		"[[1]] see there\n",
		"{{Infobox bread}}\nBread is food .\n",
		"{Chorus}\nla la\n",
		"{\n",
		"{} is an empty set\n",
		"{\"quoted\"} is odd\n",
		"{\\em emphasised} text\n",
		"\"Hello,\" he said.\n\"Why?\" she asked.\n",
		"12\n13\n",
		"null\n",
		" the <unk> company said it paid $ N million \n",
		"<unk> company said\n",
		"<s> a sentence </s>\n<s> another </s>\n",
		"<3 is a heart\n",
		"<div align=\"center\">\n<h1>Cobra</h1>\n</div>\n# Overview\ntext\nmore\nof it\n",
		"<p>\na text in Markdown\nof some lines\n",
		"Roses are red, violets are blue,\nSugar is sweet, and so are you.\n",
		"salt, pepper, oats\nmilk, butter, eggs\n",
		"salt,pepper\nfish,chips\nblack,white\n",
		"eggs,milk,flour\n",
		"add 1,000 g\nadd 2,000 g\n",
		"床前明月光,疑是地上霜\n举头望明月,低头思故乡\n",
		"Müde bin ich, geh zur Ruh,\nschließe beide Äuglein zu;\nVater, lass die Augen dein\n",
		"apples, 3\npears, 4\nplums, 5\n",
		"I came; I saw; I conquered\nhe came; he saw; he left\n",
		"Gen 1:1\tIn the beginning\nGen 1:2\tAnd the earth\n",
		"\tindented\n\tlines\n",
		"a text with \"quotes\", and commas\nanother, with \"more\"\n",
		"MZ is a country code\n", "BZh\n", "GIF89a is a format\n", "ID3 tags\n", "PAR1\n", "GGUF\n", "abcdftyp\n", "OggS\n",
		"%PDF\n",
		"version 2 of the text\n",
		"\x1b[31mred\x1b[0m words \a here .\n",
		"\x1b]0;title\a word \u009b31m .\n",
		"Cr\xe8me br\xfbl\xe9e\nP\xe2t\xe9\n",
		strings.Repeat("\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0\n", 20),
		"# Heading\n\ntext\n",
		"PK\n",
		"a,b\n",
		"a,b\n\"c",
		",\n,\n",
	} {
		c, err := readString(data, nil)
		if err != nil {
			t.Errorf("%q: %v", data, err)
			continue
		}
		lines := slices.DeleteFunc(strings.Split(data, "\n"), func(s string) bool { return strings.TrimSpace(s) == "" })
		if len(c.Docs) != len(lines) || c.Format != FormatLines {
			t.Errorf("%q: read as %s: %q", data, c.Format, c.Docs)
		}
	}
}

// Binary files are named, whatever Format says.
func TestCorpusBinary(t *testing.T) {
	random := make([]byte, 5000)
	for i, x := 0, uint32(1); i < len(random); i++ {
		x = x*1664525 + 1013904223
		random[i] = max(byte(x>>24), 1)
	}
	for _, c := range []struct{ data, want string }{
		{"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "a PDF file"},
		{"%PDF-1.4\n1 0 obj\n", "a PDF file"},
		{"PK\x03\x04\x14\x00\x06\x00word/document.xml", "a zip archive"},
		{"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a PNG image"},
		{"\xff\xd8\xff\xe0\x00\x10JFIF", "a JPEG image"},
		{"GIF89a\x01\x00\x01\x00", "a GIF image"},
		{"RIFF\x24\x00\x00\x00WAVEfmt ", "a sound file"},
		{"\x7fELF\x02\x01\x01\x00", "a program (ELF)"},
		{"MZ\x90\x00\x03\x00\x00\x00", "a program (Windows)"},
		{"SQLite format 3\x00\x10\x00", "an SQLite database"},
		{"folder/" + strings.Repeat("\x00", 250) + "ustar\x0000", "a tar archive"},
		{"BZh91AY&SY\x12\xd6\x00\xff", "a bzip2 file"},
		{"\xfd7zXZ\x00\x00\x04", "an xz file"},
		{"\x28\xb5\x2f\xfd\x04\x00", "a zstd file"},
		{"PAR1\x15\x04\x15\x00", "a Parquet file"},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00", "an older Office file"},
		{"\x48\x00\x00\x00\x00\x00\x00\x00{\"weight\":{\"dtype\":\"F32\"", "a model (safetensors)"},
		{"GGUF\x03\x00\x00\x00", "a model (GGUF)"},
		{"\x00\x00\x08\x03\x00\x00\xea\x60", "a set of images (IDX)"},
		{"\x93NUMPY\x01\x00v\x00", "a NumPy array"},
		{"\x00\x00\x00\x20ftypisom", "a video file"},
		{string(random), "many control characters"},
		{"a\nb\x00c", "line 2, byte 3: a NUL byte"},
		{strings.Repeat("a\n", 100000) + "b\x00c", "line 100001, byte 200001: a NUL byte"},
		{strings.Repeat("\x00", 100000), "a NUL byte"},
	} {
		for _, format := range []string{FormatAuto, FormatLines, FormatParagraphs, FormatText, FormatRecipes} {
			if format == FormatRecipes && len(c.data) > 1e5 {
				continue
			}
			if _, err := readString(c.data, &Options{Format: format}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%.20q as %s: error %v, want one with %q", c.data, format, err, c.want)
			}
		}
	}
	if _, err := readString(testkit.Gzip(t, testkit.Gzip(t, "a\n")), nil); err == nil || !strings.Contains(err.Error(), "gzip within gzip") {
		t.Errorf("gzip within gzip: error %v", err)
	}
}

// encode returns text in a wide encoding.
func (e *wide) encode(text string) string {
	var b []byte
	buf := make([]byte, 4)
	put := func(c uint32) {
		if e.size == 2 {
			e.order.PutUint16(buf, uint16(c))
		} else {
			e.order.PutUint32(buf, c)
		}
		b = append(b, buf[:e.size]...)
	}
	for _, c := range text {
		if r1, r2 := utf16.EncodeRune(c); e.size == 2 && r1 != '\ufffd' {
			put(uint32(r1))
			put(uint32(r2))
		} else {
			put(uint32(c))
		}
	}
	return string(b)
}

func TestCorpusEncodings(t *testing.T) {
	const text = "Boil the oats, sip the tea 🍰.\nCrème brûlée\r\nServe.\n"
	docs := []string{"Boil the oats, sip the tea 🍰.", "Crème brûlée", "Serve."}
	for _, e := range wides {
		for _, data := range []string{e.mark + e.encode(text), e.encode(text), e.mark + e.encode(strings.Repeat("x", 200000) + "\n" + text)[e.size*200001:]} {
			for _, packed := range []bool{false, true} {
				if packed {
					data = testkit.Gzip(t, data)
				}
				c, err := readString(data, nil)
				if err != nil || !slices.Equal(c.Docs, docs) || c.Files[0].Encoding != e.name || c.Replaced != 0 || c.Marks != 0 {
					t.Errorf("%s (gzip %v): %+v, %v", e.name, packed, c, err)
				}
				slow, err := Decode(iotest.OneByteReader(strings.NewReader(data)), "test", nil)
				if err != nil || !slices.Equal(slow.Docs, docs) {
					t.Errorf("%s (gzip %v), byte by byte: %+v, %v", e.name, packed, slow, err)
				}
			}
		}
		// Longer than any buffer, without ASCII but for the line ends, by its mark.
		long := strings.Repeat(strings.Repeat("床前明月光", 50)+"\n", 500)
		c, err := readString(e.mark+e.encode(long), nil)
		if err != nil || len(c.Docs) != 500 || c.Docs[499] != strings.Repeat("床前明月光", 50) || c.Replaced != 0 {
			t.Errorf("%s, long: %v", e.name, err)
		}
		recipes, err := readString(e.encode(`[{"title":"Peas","directions":["Chop."]}]`), nil)
		if err != nil || recipes.Format != FormatRecipes {
			t.Errorf("%s, recipes: %v", e.name, err)
		}
	}
	for _, c := range []struct {
		name, data, want string
		replaced         int
	}{
		{"half a pair", "\xff\xfea\x00\x3c\xd8b\x00", "a\uFFFDb", 1},
		{"second halves", "\xff\xfea\x00\x70\xdf\x70\xdfb\x00", "a\uFFFDb", 1}, // a run
		{"first half at the end", "\xff\xfea\x00\x3c\xd8", "a\uFFFD", 1},
		{"half a unit", "\xff\xfea\x00b", "a\uFFFD", 1},
		{"beyond Unicode", "\xff\xfe\x00\x00a\x00\x00\x00\x00\x00\x11\x00b\x00\x00\x00", "a\uFFFDb", 1},
		{"mark in the middle", "\xff\xfea\x00\xff\xfeb\x00", "ab", 0},
	} {
		got, err := readString(c.data, nil)
		if err != nil || len(got.Docs) != 1 || got.Docs[0] != c.want || got.Replaced != c.replaced {
			t.Errorf("%s: %+v, %v, want %q", c.name, got, err, c.want)
		}
	}
	// Samples of sound and other numbers are no text.
	var sound []byte
	for i := range 1000 {
		sound = binary.LittleEndian.AppendUint16(sound, uint16(i%300))
	}
	if _, err := readString(string(sound), nil); err == nil || !strings.Contains(err.Error(), "NUL") {
		t.Errorf("sound: error %v", err)
	}
}

// TestCorpusMarks drops byte order marks wherever files were put one behind the other.
func TestCorpusMarks(t *testing.T) {
	for _, c := range []struct {
		name, data, format string
		docs               []string
		marks              int
	}{
		{"start", "\ufeffa\nb\n", FormatLines, []string{"a", "b"}, 0},
		{"start of a line", "\ufeffa\n\ufeffb\n", FormatLines, []string{"a", "b"}, 1},
		{"twice", "\ufeff\ufeffa\n", FormatLines, []string{"a"}, 1},
		{"within a line", "a\ufeffb\n", FormatLines, []string{"ab"}, 1},
		{"alone", "a\n\ufeff\n \ufeff\r\nb\n", FormatLines, []string{"a", "b"}, 2},
		{"between paragraphs", "a\n\ufeff\nb\n\n\ufeffc\n", FormatParagraphs, []string{"a", "b", "c"}, 2},
		{"in recipes", "\ufeff[{\"title\":\"\ufeffPeas\",\"directions\":[\"\\uFEFFChop.\"]}]", FormatRecipes, []string{"Recipe for Peas | Chop."}, 2},
	} {
		got, err := readString(c.data, &Options{Format: c.format})
		if err != nil || !slices.Equal(got.Docs, c.docs) || got.Marks != c.marks || got.Files[0].Marks != c.marks {
			t.Errorf("%s: %+v, %v, want %q, %d marks", c.name, got, err, c.docs, c.marks)
		}
	}
	if _, err := readString("[{\"\\ufefftitle\":\"a\",\"directions\":[\"b\"]}]", nil); err == nil || !strings.Contains(err.Error(), "no record") {
		t.Errorf("a mark in a name: error %v", err)
	}
}

// TestCorpusLineEnds has lines end in all ways there are, in pieces of all sizes.
func TestCorpusLineEnds(t *testing.T) {
	for _, c := range []struct {
		data, format string
		docs         []string
	}{
		{"a\rb\rc\r", FormatLines, []string{"a", "b", "c"}},
		{"a\rb", FormatLines, []string{"a", "b"}},
		{"a\r\nb\r\r\nc\n", FormatLines, []string{"a", "b", "c"}},
		{"a\r\r\nb\r\r\n\r\r\nc\r\r\n", FormatParagraphs, []string{"a\nb", "c"}},
		{"a\rb\r\rc", FormatParagraphs, []string{"a\nb", "c"}},
		{"a\r\nb\r\n\r\nc\r\n", FormatParagraphs, []string{"a\nb", "c"}},
		{"a\r\r\rb", FormatLines, []string{"a", "b"}},
		{"\r", FormatLines, nil},
	} {
		for pad := range 4 { // moves what follows over the ends of buffers
			data := strings.Repeat("x", input.PeekSize-pad) + "\n" + c.data
			want := append([]string{data[:input.PeekSize-pad]}, c.docs...)
			if c.format == FormatParagraphs {
				data = strings.Repeat("x", input.PeekSize-pad) + "\n\n" + c.data
			}
			got, err := readString(data, &Options{Format: c.format})
			if err != nil || !slices.Equal(got.Docs, want) {
				t.Errorf("%q after %d bytes as %s: %v", c.data, input.PeekSize-pad, c.format, err)
			}
		}
		got, err := Decode(iotest.OneByteReader(strings.NewReader(c.data)), "test", &Options{Format: c.format})
		if (err != nil) != (c.docs == nil) || err == nil && !slices.Equal(got.Docs, c.docs) {
			t.Errorf("%q as %s, byte by byte: %+v, %v", c.data, c.format, got, err)
		}
	}
	// 1 MiB of old Mac text is no line that is too long.
	old := strings.Repeat("boil the oats\r", 80000)
	if got, err := readString(old, &Options{MaxDocBytes: 100}); err != nil || len(got.Docs) != 80000 {
		t.Errorf("old Mac text: %v", err)
	}
}

// TestCorpusLegacy tells texts in older encodings from a few damaged bytes.
func TestCorpusLegacy(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       bool
	}{
		{"Latin-1", "Cr\xe8me br\xfbl\xe9e\nP\xe2t\xe9\n", true},
		{"Windows-1252", strings.Repeat("\x93It is not,\x94 he said, and left the room without another word.\n", 20), true},
		{"UTF-8", "Crème brûlée\nPâté\n", false},
		{"one damaged byte", strings.Repeat("a line of text\n", 100) + "dam\xffaged\n", false},
		{"UTF-8 with damage", strings.Repeat("Crème br\xffûlée\n", 10), false},
		{"ASCII", "a\n", false},
	} {
		got, err := readString(c.data, nil)
		if err != nil || got.Files[0].Legacy != c.want {
			t.Errorf("%s: %+v, %v, want %v", c.name, got, err, c.want)
		}
	}
}

// TestNullSteps leaves out what is null among the directions.
func TestNullSteps(t *testing.T) {
	for _, c := range []struct {
		directions string
		doc        string // "" if the recipe is skipped
		nulls      int
	}{
		{`["a",null,"b"]`, "Recipe for x | a b", 1},
		{`[null,"a"]`, "Recipe for x | a", 1},
		{`["a" , null , null ]`, "Recipe for x | a", 2},
		{`[null]`, "", 0},
		{`[null,null]`, "", 0},
		{`[]`, "Recipe for x | ", 0},
		{`["",null,""]`, "Recipe for x |  ", 1},
	} {
		data := fmt.Sprintf(`[{"title":"x","directions":%s},{"title":"y","directions":["z"]}]`, c.directions)
		got, err := readString(data, nil)
		if err != nil {
			t.Errorf("%s: %v", c.directions, err)
			continue
		}
		want, skipped := []string{c.doc, "Recipe for y | z"}, 0
		if c.doc == "" {
			want, skipped = want[1:], 1
		}
		if !slices.Equal(got.Docs, want) || got.NullSteps != c.nulls || got.Skipped != skipped {
			t.Errorf("%s: %q, %d nulls, %d skipped, want %q, %d, %d", c.directions, got.Docs, got.NullSteps, got.Skipped, want, c.nulls, skipped)
		}
	}
}
