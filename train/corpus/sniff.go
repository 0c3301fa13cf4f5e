package corpus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"unicode/utf8"
)

// otherText returns the error for text of a kind that FormatAuto does not read: what it
// is, and how to read it nevertheless.
func otherText(what string) error { return otherTextf("%s", what) }

// otherTextf is otherText for a format and arguments as optionErrorf takes them.
func otherTextf(format string, args ...any) error {
	return optionErrorf(format+"; or read it as plain text with %s %s", append(args, option("Format"), FormatLines)...)
}

// A signature is the first bytes of files of one kind.
type signature struct {
	at    int
	bytes string
	kind  string
}

const convert = ": convert it to plain text"

// binarySignatures are of files that are not text, whatever Format says.
var binarySignatures = []signature{
	{0, "%PDF-", "a PDF file" + convert},
	{0, "PK\x03\x04", "a zip archive, as .docx, .odt, .xlsx and .epub files are: unpack it, or save the document as plain text"},
	{0, "PK\x05\x06", "an empty zip archive"},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an older Office file, such as .doc" + convert},
	{257, "ustar", "a tar archive: unpack it and name the folder"},
	{0, "BZh", "a bzip2 file: unpack it with bunzip2"},
	{0, "\xfd7zXZ\x00", "an xz file: unpack it with unxz"},
	{0, "\x28\xb5\x2f\xfd", "a zstd file: unpack it with unzstd"},
	{0, "\x04\x22\x4d\x18", "an lz4 file: unpack it with unlz4"},
	{0, "7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"},
	{0, "Rar!\x1a\x07", "a rar archive: unpack it"},
	{0, "\x89PNG\r\n\x1a\n", "a PNG image"},
	{0, "\xff\xd8\xff", "a JPEG image"},
	{0, "GIF87a", "a GIF image"},
	{0, "GIF89a", "a GIF image"},
	{0, "II*\x00", "a TIFF image"},
	{0, "MM\x00*", "a TIFF image"},
	{0, "\x00\x00\x08\x03", "a set of images (IDX)"},
	{0, "\x00\x00\x08\x01", "a list of labels (IDX)"},
	{8, "WEBP", "a WebP image"},
	{8, "WAVE", "a sound file (WAV)"},
	{0, "OggS", "a sound or video file (Ogg)"},
	{0, "fLaC", "a sound file (FLAC)"},
	{0, "ID3", "a sound file (MP3)"},
	{4, "ftyp", "a video file (MP4)"},
	{0, "\x1a\x45\xdf\xa3", "a video file (Matroska)"},
	{0, "\x7fELF", "a program (ELF)"},
	{0, "MZ", "a program (Windows)"},
	{0, "\xcf\xfa\xed\xfe", "a program (macOS)"},
	{0, "\xca\xfe\xba\xbe", "a program (macOS or Java)"},
	{0, "\x00asm", "a program (WebAssembly)"},
	{0, "SQLite format 3\x00", "an SQLite database: export the text"},
	{0, "PAR1", "a Parquet file: export the text"},
	{0, "\x89HDF\r\n", "an HDF5 file"},
	{0, "\x93NUMPY", "a NumPy array"},
	{0, "GGUF", "a model (GGUF)"},
	{0, "\x80\x02", "a Python pickle"},
	{0, "\x80\x03", "a Python pickle"},
	{0, "\x80\x04", "a Python pickle"},
	{0, "\x80\x05", "a Python pickle"},
}

// isBinary reports whether head holds bytes that no text has: a NUL byte, or many control
// characters together with invalid UTF-8.
func isBinary(head []byte) bool {
	controls := 0
	for _, c := range head {
		switch {
		case c == 0:
			return true
		case c < ' ' && (c < '\t' || c > '\r') && c != 0x1b:
			controls++
		}
	}
	return controls >= 4 && controls >= len(head)/32 && !validHead(head)
}

// validHead reports whether head, which may end within a character, is valid UTF-8.
func validHead(head []byte) bool {
	for k := range min(utf8.UTFMax, len(head)+1) {
		if utf8.Valid(head[:len(head)-k]) {
			return true
		}
	}
	return false
}

// checkBinary refuses a file that begins with head, at byte at, unless it can be text.
func checkBinary(head []byte, at int64) error {
	if err := checkSignature(head); err != nil || !isBinary(head) {
		return err
	}
	if i := bytes.IndexByte(head, 0); i >= 0 {
		return nulError(1+bytes.Count(head[:i], []byte("\n")), at+int64(i))
	}
	return errors.New("this is no text file: it holds many control characters and is not UTF-8")
}

// checkSignature refuses a file that begins as those of a known kind do.
func checkSignature(head []byte) error {
	binary := isBinary(head)
	for _, s := range binarySignatures {
		if len(head) < s.at || !bytes.HasPrefix(head[s.at:], []byte(s.bytes)) {
			continue
		}
		// A text may begin with the letters MZ.
		if binary || s.bytes == "%PDF-" || !validHead(head) {
			return fmt.Errorf("this is no text but %s", s.kind)
		}
	}
	if binary && len(head) > 9 && bytes.Equal(head[2:10], []byte("\x00\x00\x00\x00\x00\x00{\"")) {
		return errors.New("this is no text but a model (safetensors)")
	}
	return nil
}

var (
	pageStart = regexp.MustCompile(`(?i)^(<!doctype\b|<\?xml\b|<(html|head|body|svg|rss|feed)(\s[^<>]*)?/?>|<!--[^\x00]*<html\b)`)
	partStart = regexp.MustCompile(`(?i)^<(title|meta|link|script|style|div|p|span|table|ul|ol|h[1-6]|article|section|main|nav|header|footer)(\s[^<>]*)?/?>`)
)

// isMarkup reports whether a text is a web page or a part of one: that begins with an
// element of HTML, as texts in Markdown may, and half of its lines do.
func isMarkup(text []byte) bool {
	if pageStart.Match(text) {
		return true
	}
	if !partStart.Match(text) {
		return false
	}
	lines, marked := 0, 0
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			lines++
			if line[0] == '<' {
				marked++
			}
		}
	}
	return marked >= lines-marked
}

// checkOtherText refuses text that is not meant to be read as text, see otherKind.
func checkOtherText(head []byte) error {
	if kind := otherKind(head); kind != "" {
		return otherText("this is " + kind)
	}
	return nil
}

// otherKind describes such a text, or returns "" for others.
func otherKind(head []byte) string {
	start := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case bytes.HasPrefix(start, []byte("version https://git-lfs.github.com/")), bytes.HasPrefix(start, []byte("version https://hawser.github.com/")):
		return "a pointer of Git LFS, which stands for the file itself: fetch that with git lfs pull"
	case isMarkup(start):
		return "a web page or other markup (HTML or XML): save its text"
	case bytes.HasPrefix(start, []byte(`{\rtf`)):
		return "a Rich Text file: save it as plain text"
	case bytes.HasPrefix(start, []byte("%!PS")):
		return "a PostScript file" + convert
	}
	return ""
}

// sniff chooses the format of a text that begins with head, which may be all of it. With
// field JSON of any shape is json.
func sniff(head []byte, whole, field bool) (string, error) {
	start := bytes.TrimLeft(head, jsonBlanks)
	if len(start) > 0 && (start[0] == '[' || start[0] == '{') {
		format, err := sniffJSON(start, whole)
		if field && format != FormatLines {
			return FormatJSON, nil
		}
		return format, err
	}
	if columns := tableColumns(head, whole); columns > 0 {
		return "", otherText(fmt.Sprintf("this is a table of %d columns, not a text: write the column to learn to a file of its own, one text a line", columns))
	}
	return FormatLines, nil
}

const jsonBlanks = " \t\r\n"

const wantList = "recipes come as one JSON list of objects with a title and directions, other texts as a list of strings or as objects"

// jsonObject is how a JSON object begins that is not empty.
var jsonObject = regexp.MustCompile(`^\{\s*"(\\.|[^"\\\n])*"\s*:`)

// sniffJSON chooses the format of what begins with an opening bracket or brace: JSON,
// or a text such as "[Chorus]", "[ ] buy oats" or "{{Infobox}}".
func sniffJSON(head []byte, whole bool) (string, error) {
	refuse := func(format string, args ...any) (string, error) {
		return "", otherText(fmt.Sprintf("this is %s: %s", fmt.Sprintf(format, args...), wantList))
	}
	refuseObjects := func(what string) (string, error) {
		return "", otherTextf("this is %s: name the member that holds the text with %s", what, option("Field"))
	}
	depth, inner := 0, head
	for len(inner) > 0 && inner[0] == '[' {
		depth++
		inner = bytes.TrimLeft(inner[1:], jsonBlanks)
	}
	object := jsonObject.Match(inner)
	switch {
	case depth == 1 && len(inner) > 0 && inner[0] == '{':
		return FormatRecipes, nil
	case depth > 1 && object:
		return refuse("a JSON list of lists")
	case depth == 0 && !object && !bytes.HasPrefix(bytes.TrimLeft(head[1:], jsonBlanks), []byte("}")):
		return FormatLines, nil // {{Infobox}}, {Chorus}
	}

	// All that begins with head is JSON, or it is a text.
	var values []json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(head))
	for {
		var v json.RawMessage
		err := dec.Decode(&v)
		if err == nil {
			values = append(values, v)
			continue
		}
		cut := err == io.ErrUnexpectedEOF // the data end within a value
		switch {
		case err == io.EOF, cut && (!whole || len(values) == 0):
		case object:
			return refuse("JSON of another shape, or damaged (%v)", err)
		default:
			return FormatLines, nil
		}
		break
	}
	switch {
	case depth == 1 && len(values) == 1 && inner[0] == ']':
		return FormatRecipes, nil // an empty list
	case depth == 0 && len(values) > 1:
		return refuseObjects("JSON lines of objects " + withMembers(values[0]))
	case depth == 0 && len(values) == 1 && whole:
		return refuseObjects("one JSON object " + withMembers(values[0]))
	case depth == 0:
		name := []byte("{}")
		if object {
			name = inner[bytes.IndexByte(inner, '"'):]
			name = name[:skipJSONValue(name, 0)]
		}
		return refuseObjects(fmt.Sprintf("a JSON object, which begins with %.40s", name))
	case len(values) > 1:
		return refuse("JSON lines of lists")
	case depth > 1:
		return refuse("a JSON list that begins with a list")
	case len(inner) == 0:
		return refuse("the beginning of a JSON list")
	}
	if inner[0] == '"' {
		return FormatJSON, nil
	}
	return refuse("a JSON list that begins with %s", jsonType(inner[0]))
}
