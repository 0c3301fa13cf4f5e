package corpus

import (
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
)

// Formats of a corpus file, for Options.Format.
const (
	FormatAuto       = "auto"       // what a file looks like, see Read
	FormatRecipes    = "recipes"    // a JSON list of objects with a title and directions
	FormatJSON       = "json"       // JSON objects with a member for the text, or strings, in one list or one after the other
	FormatLines      = "lines"      // plain text, one document a line
	FormatParagraphs = "paragraphs" // plain text, documents separated by blank lines
	FormatText       = "text"       // plain text, one document a file

	FormatMixed = "mixed" // only in Corpus.Format: the files have different formats
)

// textFormats are those of texts without labels.
var textFormats = []string{FormatAuto, FormatRecipes, FormatJSON, FormatLines, FormatParagraphs, FormatText}

// Default limits of Options.
const (
	DefaultMaxDocBytes = 16 << 20
	DefaultMaxBytes    = 1 << 30
	DefaultMaxMemory   = 2 << 30
)

// maxDocBytes is the largest value of Options.MaxDocBytes: the text of such a
// document, made valid UTF-8, fits 32 bits.
const maxDocBytes = 1 << 30

// Options choose how a corpus is read. The zero value, or a nil pointer, works.
type Options struct {
	// Format is one of the Format constants, for all files; "" means FormatAuto.
	Format string
	// Field names the member of JSON objects that holds the text; "" where the texts are
	// no objects but strings. Where an object has no such member and the name has a dot,
	// it is a member of a member: "post.body".
	Field string
	// Raw leaves the text of documents as it is in the file, to the byte, for a model of
	// bytes: invalid UTF-8 and byte order marks, with FormatText the ends of lines, and
	// with this, FormatLines or FormatParagraphs NUL bytes. With FormatText a file may be
	// of any kind; what begins as a file of gzip is unpacked, and text in UTF-16 or UTF-32
	// is refused. Labels are not concerned.
	Raw bool
	// MaxDocBytes is the largest record, line or paragraph accepted, in bytes of the
	// unpacked file, at most 1 GiB; 0 means DefaultMaxDocBytes, or 1 GiB for FormatText.
	MaxDocBytes int
	// MaxBytes is how many unpacked bytes are read, all files together; 0 means
	// DefaultMaxBytes. It is what stops a gzip bomb.
	MaxBytes int64
	// MaxMemory is how many bytes of memory the corpus may take while it is read and
	// afterwards: the text, 20 bytes for each document, and up to eight times the
	// document being read. Beside it reading takes less than 1 MiB; 0 means
	// DefaultMaxMemory.
	MaxMemory int64
	// Open opens a path, or standard input for "-". nil means the file system of the
	// machine and os.Stdin. A folder must be an fs.ReadDirFile.
	Open func(path string) (fs.File, error)
}

// A Corpus is a list of texts read from one file or several.
type Corpus struct {
	Docs   []string // valid UTF-8 unless Options.Raw is set, in the order of the files
	Format string   // of all files, never FormatAuto; FormatMixed where they differ
	Counts
	LeftOut int // entries of folders that are not read, hidden ones not counted

	// SHA256 is of the bytes of all files as they are on disk, one after the other, in
	// the order of Files:
	//
	//	cat FILE... | sha256sum
	SHA256 [sha256.Size]byte
	Files  []File // those of folders one by one
}

// A File is one of the files that a Corpus was read from.
type File struct {
	Path     string
	Format   string // the format that it was read as, never FormatAuto
	Encoding string // of its text: UTF-8, or what was converted to that, UTF-16LE for example
	Docs     int
	Counts
	// Legacy reports that the file has many invalid UTF-8 sequences and few valid ones:
	// it is likely to be in an older encoding, such as Latin-1 or Windows-1252.
	Legacy bool
	SHA256 [sha256.Size]byte // of its bytes as they are on disk
}

// Counts count the parts of files that were left out or changed.
type Counts struct {
	Skipped   int // recipes without title or directions, and what NoText, OtherType and NoLabel count
	NoText    int // of these, records of FormatJSON and labelled texts without a text
	OtherType int // of these, records of FormatJSON whose text is neither a string nor a list of strings
	NoLabel   int // of these, labelled texts without a label
	NullSteps int // directions, or strings of a text that is a list, left out because they are null
	Replaced  int // invalid UTF-8 sequences in the documents and labels that became U+FFFD
	LineEnds  int // CR LF that became LF, of FormatText
	Marks     int // byte order marks, U+FEFF, dropped elsewhere than at the start of a file
}

func (c *Counts) add(o Counts) {
	c.Skipped += o.Skipped
	c.NoText += o.NoText
	c.OtherType += o.OtherType
	c.NoLabel += o.NoLabel
	c.NullSteps += o.NullSteps
	c.Replaced += o.Replaced
	c.LineEnds += o.LineEnds
	c.Marks += o.Marks
}

// Read reads the texts of all paths, in order. A path is a file, plain or gzip
// (told apart by its first bytes, not its name), "-" for standard input, or a folder:
// its *.txt, *.text, *.md, *.log, *.json, *.jsonl and *.ndjson files (in any case, also
// with .gz behind), for recipes and json only the last three, sorted by name, byte by
// byte. Names in a folder that begin with a dot, other names and
// folders inside are left out. Devices and sockets are refused. nil options mean the
// zero value. The formats:
//
//   - recipes: one JSON list of objects. A document is RecipeText of an object's
//     "title", a string, and "directions", a list of strings. Objects where either
//     is missing or null are skipped and counted; empty ones are kept. A null among
//     the directions is left out and counted; if there is nothing else among them the
//     object is skipped. Other members are ignored, and of a repeated member the last
//     counts.
//   - json: JSON values, in one list or one after the other, as JSON lines have them. A
//     document is the member Field of an object, or without Field the value itself: a
//     string as it is, or, of a member, a list of strings, joined by single spaces. Values
//     without a text (one that is missing, null or only blanks) and those of another type
//     are skipped and counted, for each of both reasons. Members are as in recipes, and
//     a null in a list is left out and counted. Without Field an object is an error
//     that lists its members.
//   - lines: each line is a document; blank lines are none.
//   - paragraphs: lines up to the next blank line are a document, joined by LF.
//   - text: each file is a document, with blanks and ends of lines as they are, but that
//     CR LF and CR CR LF become LF and are counted.
//
// Otherwise a line ends in LF, CR LF, CR CR LF or CR and is blank if it holds only ASCII blanks.
// The text is UTF-8, or UTF-16 or UTF-32 with a byte order mark or, where the text is
// mostly ASCII, without. U+FEFF is dropped, and counted unless a file begins with it.
// Each run of invalid UTF-8 bytes within a document, and each half of a surrogate
// pair, becomes one U+FFFD and is counted.
//
// FormatAuto decides for each file by its first 64 KiB. A JSON list of objects, or an
// empty one, is recipes, a JSON list of strings is json, and so is with Field a list or
// lines of JSON of any kind; other text is lines. What is JSON of another shape, a web
// page, a table of comma-separated values or a pointer of Git LFS is refused unless
// Format says lines, paragraphs or text. Binary files are refused.
//
// Errors name the file and say where in it: the record counted from 0, the line
// from 1, and the byte of the unpacked data, as UTF-8, from 0. Field without a file that
// is read as json is an error. A file without a
// document is an error, unless it is one of several in a folder. Memory grows with the
// kept text, the number of documents and the largest record, not with the rest of the
// files.
func Read(paths []string, o *Options) (*Corpus, error) {
	if len(paths) == 0 {
		return nil, wrap(errors.New("no files named"))
	}
	r, err := newReader(o, textFormats...)
	if err != nil {
		return nil, wrap(err)
	}
	for _, path := range paths {
		if err := r.readPath(path); err != nil {
			return nil, wrap(err)
		}
	}
	return r.finish()
}

// Decode is Read for a file that is already open. It refuses a device if r
// is a file that says so by a method Stat. name appears in errors and in Corpus.Files
// only.
func Decode(r io.Reader, name string, o *Options) (*Corpus, error) {
	c, err := newReader(o, textFormats...)
	if err != nil {
		return nil, wrap(apierror.In(name, err))
	}
	if err := c.readFile(r, name, false); err != nil {
		return nil, wrap(err)
	}
	return c.finish()
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
