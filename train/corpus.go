package train

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// Formats of a corpus file, for CorpusOptions.Format.
const (
	FormatAuto       = "auto"       // FormatRecipes if it looks like that, otherwise FormatLines
	FormatRecipes    = "recipes"    // a JSON list of objects with a title and directions
	FormatLines      = "lines"      // plain text, one document a line
	FormatParagraphs = "paragraphs" // plain text, documents separated by blank lines
)

// Limits that hold where CorpusOptions does not say otherwise.
const (
	DefaultMaxDocBytes    = 16 << 20
	DefaultMaxCorpusBytes = 1 << 30
)

// CorpusOptions choose how a corpus file is read. The zero value, or a nil pointer,
// works.
type CorpusOptions struct {
	// Format is one of the Format constants; "" means FormatAuto.
	Format string
	// MaxDocBytes is the largest record, line or paragraph accepted, in bytes of the
	// unpacked file; 0 means DefaultMaxDocBytes.
	MaxDocBytes int
	// MaxBytes is the largest unpacked file accepted; 0 means
	// DefaultMaxCorpusBytes. It is what stops a gzip bomb.
	MaxBytes int64
}

// A Corpus is a list of texts read from one file.
type Corpus struct {
	Docs     []string          // valid UTF-8, in file order
	Format   string            // the format that it was read as, never FormatAuto
	Skipped  int               // recipes left out for want of a title or directions
	Replaced int               // invalid UTF-8 sequences in Docs that became U+FFFD
	SHA256   [sha256.Size]byte // of the file's bytes as they are on disk
}

// ReadCorpus reads the corpus file at path, plain or gzip (told apart by its first
// bytes, not its name). nil options mean the zero value. The formats:
//
//   - recipes: one JSON list of objects. A document is RecipeText of an object's
//     "title", a string, and "directions", a list of strings. Objects where either
//     is missing or null are skipped and counted; empty ones are kept. Other members
//     are ignored, and of a repeated member the last counts.
//   - lines: each line is a document; blank lines are none.
//   - paragraphs: lines up to the next blank line are a document, joined by LF.
//
// A line ends in LF or CR LF and is blank if it holds only ASCII blanks. A UTF-8
// byte order mark is dropped. Each run of invalid UTF-8 bytes within a document, and
// each escaped half of a surrogate pair in JSON, becomes one U+FFFD and is counted.
// FormatAuto means recipes where the first character that is not blank is [ and the
// next is one of { ] ", and lines otherwise.
//
// Errors name the file and say where in it: the record counted from 0, the line
// from 1, and the byte of the unpacked data from 0. A corpus without a document is
// an error. Memory grows with the kept text, the number of documents and the largest
// record, not with the rest of the file.
func ReadCorpus(path string, o *CorpusOptions) (*Corpus, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("train: corpus: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("train: corpus %s: this is a directory: name one file", path)
	}
	return DecodeCorpus(f, path, o)
}

// DecodeCorpus is ReadCorpus for a file that is already open; name appears in
// errors only.
func DecodeCorpus(r io.Reader, name string, o *CorpusOptions) (*Corpus, error) {
	c, err := decodeCorpus(r, o)
	if err != nil {
		return nil, fmt.Errorf("train: corpus %s: %w", name, err)
	}
	return c, nil
}

func decodeCorpus(r io.Reader, o *CorpusOptions) (*Corpus, error) {
	var opt CorpusOptions
	if o != nil {
		opt = *o
	}
	if opt.MaxDocBytes == 0 {
		opt.MaxDocBytes = DefaultMaxDocBytes
	}
	if opt.MaxBytes == 0 {
		opt.MaxBytes = DefaultMaxCorpusBytes
	}
	if opt.MaxDocBytes < 0 || opt.MaxBytes < 0 {
		return nil, fmt.Errorf("MaxDocBytes is %d and MaxBytes %d: want 0 or more", opt.MaxDocBytes, opt.MaxBytes)
	}

	hash := sha256.New()
	in, at, err := unpack(io.TeeReader(r, hash), opt.MaxBytes)
	if err != nil {
		return nil, err
	}
	if opt.Format == "" || opt.Format == FormatAuto {
		if opt.Format, err = sniff(in); err != nil {
			return nil, err
		}
	}
	c := &Corpus{Format: opt.Format}
	switch opt.Format {
	case FormatRecipes:
		err = c.readRecipes(in, at, opt.MaxDocBytes)
	case FormatLines, FormatParagraphs:
		err = c.readText(in, at, opt.MaxDocBytes, opt.Format == FormatParagraphs)
	default:
		err = fmt.Errorf("format %.40q: want %s, %s, %s or %s", opt.Format, FormatAuto, FormatRecipes, FormatLines, FormatParagraphs)
	}
	if err != nil {
		return nil, err
	}
	// Every format reads to the end of the data, so the hash has seen all of it.
	hash.Sum(c.SHA256[:0])
	return c, nil
}

// peekLen is how far ahead sniff may look.
const peekLen = 64 << 10

// unpack returns the unpacked bytes of r after any byte order mark, and how many
// bytes that mark took.
func unpack(r io.Reader, maxBytes int64) (in *bufio.Reader, at int64, err error) {
	raw := bufio.NewReaderSize(r, peekLen)
	capped := &cappedReader{r: raw, left: maxBytes, max: maxBytes}
	if magic, _ := raw.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(raw)
		if err != nil {
			return nil, 0, gzipError(err, 0)
		}
		capped.r, capped.gzip = z, true
	}
	in = bufio.NewReaderSize(capped, peekLen)
	mark, _ := in.Peek(3)
	switch {
	case bytes.HasPrefix(mark, []byte("\xef\xbb\xbf")):
		n, err := in.Discard(3)
		return in, int64(n), err
	case bytes.HasPrefix(mark, []byte("\xff\xfe")), bytes.HasPrefix(mark, []byte("\xfe\xff")):
		return nil, 0, errors.New("the text is UTF-16: convert it to UTF-8")
	}
	return in, 0, nil
}

// A cappedReader passes on at most max bytes, then fails, and words what gzip has
// to say.
type cappedReader struct {
	r         io.Reader
	left, max int64
	gzip      bool
}

func (c *cappedReader) Read(p []byte) (int, error) {
	// One byte beyond the limit may be read, to tell a file of just that size.
	if c.left >= 0 && int64(len(p)) > c.left {
		p = p[:c.left+1]
	}
	n, err := 0, error(nil)
	if c.left >= 0 {
		n, err = c.r.Read(p)
		c.left -= int64(n)
	}
	if c.left < 0 {
		return max(n-1, 0), fmt.Errorf("the unpacked data is larger than the limit of %d bytes", c.max)
	}
	if err != nil && err != io.EOF && c.gzip {
		err = gzipError(err, c.max-c.left)
	}
	return n, err
}

// gzipError says what err means for the user; at is the count of unpacked bytes.
func gzipError(err error, at int64) error {
	var corrupt flate.CorruptInputError
	switch {
	case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the gzip data is cut off: it ends in the middle, %d unpacked bytes in: fetch the file again", at)
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return fmt.Errorf("the gzip data is damaged, found out %d unpacked bytes in: fetch the file again: %w", at, err)
	}
	return err
}

// sniff chooses the format of in without consuming anything.
func sniff(in *bufio.Reader) (string, error) {
	head, err := in.Peek(peekLen)
	if err != nil && err != io.EOF {
		return "", err
	}
	const blanks = " \t\r\n"
	head = bytes.TrimLeft(head, blanks)
	list := len(head) > 0 && head[0] == '['
	if list {
		head = bytes.TrimLeft(head[1:], blanks)
	}
	if len(head) > 0 {
		switch c := head[0]; {
		case list && (c == '{' || c == ']' || c == '"'):
			return FormatRecipes, nil
		case !list && c == '{':
			return "", errors.New("this looks like a JSON object: recipes come as one JSON list of objects (name the format to read it as text)")
		}
	}
	return FormatLines, nil
}

// RecipeText returns the document of one recipe:
//
//	Recipe for TITLE | DIRECTIONS
//
// with the directions joined by single spaces. Nothing is trimmed.
func RecipeText(title string, directions []string) string {
	return recipePrefix + title + recipeBar + strings.Join(directions, " ")
}

const (
	recipePrefix = "Recipe for "
	recipeBar    = " | "
)

// appendValid appends s with each run of invalid bytes as one U+FFFD and counts the
// runs.
func (c *Corpus) appendValid(dst, s []byte) []byte {
	for !utf8.Valid(s) {
		good := 0
		for {
			r, size := utf8.DecodeRune(s[good:])
			if r == utf8.RuneError && size <= 1 {
				break
			}
			good += size
		}
		dst = append(dst, s[:good]...)
		dst = utf8.AppendRune(dst, utf8.RuneError)
		c.Replaced++
		s = s[good:]
		for len(s) > 0 {
			r, size := utf8.DecodeRune(s)
			if r != utf8.RuneError || size > 1 {
				break
			}
			s = s[1:]
		}
	}
	return append(dst, s...)
}
