package corpus

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/autoreg/autoreg/internal/input"
	"github.com/autoreg/autoreg/internal/testkit"
)

// TestText reads each file as one document, to the letter but for what the doc comment
// of Read says.
func TestText(t *testing.T) {
	for _, c := range []struct {
		name, data, want          string
		raw                       bool
		lineEnds, replaced, marks int
	}{
		{"lines", " a\n\n\tb \n\n", " a\n\n\tb \n\n", false, 0, 0, 0},
		{"no end", "a\nb", "a\nb", false, 0, 0, 0},
		{"CR LF", "a\r\nb\r\r\n\r\nc\rd\r\r\r\ne\r", "a\nb\n\nc\rd\r\ne\r", false, 4, 0, 0},
		{"marks", "\ufeff\ufeffa\ufeffb\n", "ab\n", false, 0, 0, 2},
		{"invalid", "a\xff\xfeb\xe2\x82\nc\xc3", "a\uFFFDb\uFFFD\nc\uFFFD", false, 0, 3, 0},
		{"UTF-16", "\xff\xfea\x00\r\x00\n\x00b\x00", "a\nb", false, 1, 0, 0},
		{"a list", `[{"title":"a"}]`, `[{"title":"a"}]`, false, 0, 0, 0},
		{"raw", "\ufeffa\r\n\xff\xfeb\ufeff\n\xe2\x82", "\ufeffa\r\n\xff\xfeb\ufeff\n\xe2\x82", true, 0, 0, 0},
	} {
		for _, packed := range []bool{false, true} {
			data := c.data
			if packed {
				data = testkit.Gzip(t, data)
			}
			for _, slow := range []bool{false, true} {
				o := &Options{Format: FormatText, Raw: c.raw}
				got, err := readString(data, o)
				if slow {
					got, err = Decode(iotest.OneByteReader(strings.NewReader(data)), "test", o)
				}
				if err != nil || !slices.Equal(got.Docs, []string{c.want}) || got.Format != FormatText ||
					got.LineEnds != c.lineEnds || got.Replaced != c.replaced || got.Marks != c.marks {
					t.Errorf("%s (gzip %v, byte by byte %v): %+v, %v", c.name, packed, slow, got, err)
				}
			}
		}
	}
	for _, c := range []struct {
		data, want string
		o          Options
	}{
		{"", "there is no text in it: 0 bytes", Options{}},
		{" \r\n\t\n", "there is no text in it: 5 bytes, none but blanks", Options{}},
		{"\ufeff \ufeff\n", "none but blanks", Options{}},
		{"a\n\x00", "line 2, byte 2: a NUL byte", Options{}},
		{strings.Repeat("a\n", input.PeekSize) + "\x00", "line 65537, byte 131072: a NUL byte", Options{}},
		{"\xff\xfea\x00", "this is text in UTF-16LE: to read it byte by byte convert it", Options{Raw: true}},
		{"1234567890", "the text is larger than the limit of 9 bytes: raise MaxDocBytes", Options{MaxDocBytes: 9}},
		{"1234567890", "raise MaxBytes", Options{MaxBytes: 9}},
		{strings.Repeat("a", 200), "raise MaxMemory", Options{MaxMemory: 1000}},
	} {
		c.o.Format = FormatText
		if _, err := readString(c.data, &c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.20q: error %v, want one with %q", c.data, err, c.want)
		}
	}
}

// A text of any size is accepted by default, also where a line of it would not be.
func TestTextLarge(t *testing.T) {
	data := strings.Repeat("0123456789abcde\n", 20<<16) // 20 MiB
	got, err := readString(data, &Options{Format: FormatText})
	if err != nil || len(got.Docs) != 1 || got.Docs[0] != data {
		t.Errorf("20 MiB: %v", err)
	}
	if _, err := readString(strings.ReplaceAll(data, "\n", " "), nil); err == nil {
		t.Error("20 MiB in a line: no error")
	}
}

// The files of a folder are a document each.
func TestTextFolder(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string]string{"b.txt": "b\n", "a.md": "a\r\n", "c.txt": "\n", "d.TXT.GZ": testkit.Gzip(t, "d")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Read([]string{dir}, &Options{Format: FormatText})
	if err != nil || !slices.Equal(got.Docs, []string{"a\n", "b\n", "d"}) || got.LineEnds != 1 || got.Files[2].Docs != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// With Raw a document may hold any bytes, and with FormatText a file may be of any kind.
func TestRawBinary(t *testing.T) {
	late := strings.Repeat("a\n", input.PeekSize) + "b\x00"
	for _, c := range []struct {
		format, data string
		docs         []string // nil for an error
	}{
		{FormatText, "\x00a\x01\x02\x03\x04\xff\x00", []string{"\x00a\x01\x02\x03\x04\xff\x00"}},
		{FormatText, "\x89PNG\r\n\x1a\n\x00\x00", []string{"\x89PNG\r\n\x1a\n\x00\x00"}},
		{FormatText, late, []string{late}},
		{FormatLines, "\x00a\nb\x00\x01\x02\x03\x04\xff\n", []string{"\x00a", "b\x00\x01\x02\x03\x04\xff"}},
		{FormatAuto, "\x00a\n\x00\n", []string{"\x00a", "\x00"}},
		{FormatParagraphs, "a\nb\x00\n\nc\x00", []string{"a\nb\x00", "c\x00"}},
		{FormatLines, "\x89PNG\r\n\x1a\n\x00\x00", nil},
		{FormatJSON, "[\"a\x00\"]", nil},
	} {
		got, err := readString(c.data, &Options{Format: c.format, Raw: true})
		if (err == nil) != (c.docs != nil) || err == nil && !slices.Equal(got.Docs, c.docs) {
			t.Errorf("%.20q as %s: %+v, %v", c.data, c.format, got, err)
		}
		if _, err := readString(c.data, &Options{Format: c.format}); err == nil {
			t.Errorf("%.20q as %s: no error without Raw", c.data, c.format)
		}
	}
	if _, err := DecodeLabelled(strings.NewReader("x\ta\x00\n"), "test", &LabelledOptions{Options: Options{Raw: true}}); err == nil || !strings.Contains(err.Error(), "a NUL byte") {
		t.Errorf("a labelled line: error %v", err)
	}
}

// Raw keeps the bytes of documents in every format, and labels valid.
func TestRaw(t *testing.T) {
	for _, c := range []struct{ format, data, want string }{
		{FormatLines, "\ufeffa\xff\ufeff\r\n", "a\xff\ufeff"},
		{FormatParagraphs, "a\xff\r\n\ufeffb\r\n", "a\xff\n\ufeffb"},
		{FormatRecipes, "[{\"title\":\"\xff\",\"directions\":[\"\\ufeff\ufeff\"]}]", "Recipe for \xff | \ufeff\ufeff"},
	} {
		got, err := readString(c.data, &Options{Format: c.format, Raw: true})
		if err != nil || !slices.Equal(got.Docs, []string{c.want}) || got.Counts != (Counts{}) {
			t.Errorf("%s: %+v, %v", c.format, got, err)
		}
	}
	for _, data := range []string{"a\xff\ufeff\tb\xff\ufeff", "{\"label\":\"a\xff\ufeff\",\"text\":\"b\xff\ufeff\"}"} {
		got, err := DecodeLabelled(strings.NewReader(data), "test", &LabelledOptions{Options: Options{Raw: true}})
		if err != nil || got.Labels[0] != "a\uFFFD" || got.Docs[0] != "b\xff\ufeff" {
			t.Errorf("%q: %+v, %v", data, got, err)
		}
	}
}
