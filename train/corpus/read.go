package corpus

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/input"
)

// A reader gathers the documents of one corpus.
type reader struct {
	o      Options // without zeros where they mean a default
	docs   docStore
	corpus Corpus
	hash   hash.Hash    // of the files read so far
	left   int64        // of MaxBytes
	stdin  bool         // standard input has been read
	labels *labelReader // nil for texts without labels

	file *File // being read
	// Of the file being read, in the documents that hold invalid sequences: how many of
	// these there are, and how many characters outside ASCII.
	invalid, multibyte int64
}

// newReader returns a reader of some formats.
func newReader(o *Options, formats ...string) (*reader, error) {
	r := &reader{hash: sha256.New()}
	if o != nil {
		r.o = *o
	}
	r.o.Format = cmp.Or(r.o.Format, FormatAuto)
	if r.o.Format == FormatText {
		r.o.MaxDocBytes = cmp.Or(r.o.MaxDocBytes, maxDocBytes)
	}
	r.o.MaxDocBytes = cmp.Or(r.o.MaxDocBytes, DefaultMaxDocBytes)
	r.o.MaxBytes = cmp.Or(r.o.MaxBytes, DefaultMaxBytes)
	r.o.MaxMemory = cmp.Or(r.o.MaxMemory, DefaultMaxMemory)
	if r.o.Open == nil {
		r.o.Open = input.Open
	}
	switch {
	case !slices.Contains(formats, r.o.Format):
		last := len(formats) - 1
		return nil, outOfRange("Format", fmt.Sprintf("%.40q", r.o.Format), strings.Join(formats[:last], ", ")+" or "+formats[last])
	case r.o.Field != "" && r.o.Format != FormatAuto && r.o.Format != FormatJSON:
		return nil, optionErrorf("%s is %.40q: it is for %s %s, not %s", option("Field"), r.o.Field, option("Format"), FormatJSON, r.o.Format)
	case r.o.MaxDocBytes < 0 || r.o.MaxDocBytes > maxDocBytes:
		return nil, outOfRange("MaxDocBytes", r.o.MaxDocBytes, fmt.Sprintf("0 to %d", maxDocBytes))
	case r.o.MaxBytes < 0:
		return nil, outOfRange("MaxBytes", r.o.MaxBytes, "0 or more")
	case r.o.MaxMemory < 0:
		return nil, outOfRange("MaxMemory", r.o.MaxMemory, "0 or more")
	}
	r.left = r.o.MaxBytes
	r.docs.max = min(r.o.MaxMemory, math.MaxInt)
	return r, nil
}

// readPath reads a file or a folder.
func (r *reader) readPath(path string) error {
	if path == input.Stdin {
		if r.stdin {
			return errors.New("standard input can be read only once: name it once")
		}
		r.stdin = true
	}
	f, err := r.o.Open(path)
	if err != nil {
		if info, statErr := os.Stat(path); statErr == nil && info.Mode()&fs.ModeSocket != 0 { // which cannot be opened
			err = &fs.PathError{Op: "open", Path: path, Err: input.CheckKind(info.Mode(), path)}
		}
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return r.readFolder(f, path)
	}
	return r.readFile(f, path, false)
}

// Extensions of the files of a folder that are read.
var (
	jsonExtensions = []string{".json", ".jsonl", ".ndjson"}
	textExtensions = append([]string{".txt", ".text", ".md", ".log"}, jsonExtensions...)
)

// extensions returns those of the format.
func (r *reader) extensions() []string {
	if r.o.Format == FormatRecipes || r.o.Format == FormatJSON {
		return jsonExtensions
	}
	return textExtensions
}

// isText reports whether a file of a folder is read, by its name.
func (r *reader) isText(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	return slices.Contains(r.extensions(), filepath.Ext(name))
}

// readFolder reads the texts of a folder.
func (r *reader) readFolder(f fs.File, path string) error {
	fail := func(err error) error { return apierror.In(path, err) }
	dir, ok := f.(fs.ReadDirFile)
	if !ok {
		return fail(errors.New("this is a folder that cannot be listed: name its files"))
	}
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return fail(err)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	before, files := r.docs.n, len(r.corpus.Files)
	for _, e := range entries {
		name := filepath.Join(path, e.Name())
		mode := e.Type()
		if mode&fs.ModeSymlink != 0 {
			if info, err := os.Stat(name); err == nil {
				mode = info.Mode()
			}
		}
		switch {
		case e.Name()[0] == '.':
			continue
		case !r.isText(e.Name()) || !mode.IsRegular() && mode&fs.ModeSymlink == 0:
			r.corpus.LeftOut++
			continue
		}
		if err := r.readEntry(name); err != nil {
			return err
		}
	}
	switch {
	case len(r.corpus.Files) == files:
		ext := r.extensions()
		last := len(ext) - 1
		return fail(fmt.Errorf("there is no %s or %s file in this folder, nor one of these with .gz behind (folders inside are not searched)", strings.Join(ext[:last], ", "), ext[last]))
	case r.docs.n == before:
		return fail(fmt.Errorf("there is no text in its %d files", len(r.corpus.Files)-files))
	}
	return nil
}

func (r *reader) readEntry(path string) error {
	f, err := r.o.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return r.readFile(f, path, true)
}

// An emptyError says why a file has no document.
type emptyError struct{ text error }

func (e *emptyError) Error() string                   { return e.text.Error() }
func (e *emptyError) Unwrap() error                   { return e.text }
func (e *emptyError) Text(name apierror.Namer) string { return apierror.Text(e.text, name) }

// emptyErrorf returns an emptyError for a format and arguments as apierror.Errorf takes
// them.
func emptyErrorf(format string, args ...any) error {
	return &emptyError{apierror.Errorf(format, args...)}
}

// readFile reads one file, which may be without a document if it is one of several.
func (r *reader) readFile(f io.Reader, path string, several bool) error {
	if s, ok := f.(interface{ Stat() (fs.FileInfo, error) }); ok {
		if info, err := s.Stat(); err == nil {
			if err := input.CheckKind(info.Mode(), path); err != nil {
				return apierror.In(input.Name(path), err)
			}
		}
	}
	r.corpus.Files = append(r.corpus.Files, File{Path: path})
	r.file = &r.corpus.Files[len(r.corpus.Files)-1]
	r.invalid, r.multibyte = 0, 0
	docs, text := r.docs.n, r.docs.text
	own := sha256.New()
	err := r.readStream(io.TeeReader(f, io.MultiWriter(own, r.hash)))
	var empty *emptyError
	if err != nil && !(several && errors.As(err, &empty)) {
		return apierror.In(input.Name(path), err)
	}
	// Every format reads to the end of the data, so the hashes have seen all of it.
	own.Sum(r.file.SHA256[:0])
	r.file.Docs = r.docs.n - docs
	r.file.Legacy = r.invalid > r.multibyte && r.invalid*1000 >= r.docs.text-text
	r.corpus.Counts.add(r.file.Counts)
	switch {
	case len(r.corpus.Files) == 1:
		r.corpus.Format = r.file.Format
	case r.corpus.Format != r.file.Format:
		r.corpus.Format = FormatMixed
	}
	return nil
}

func (r *reader) readStream(f io.Reader) error {
	in, at, err := r.unpack(f)
	if err != nil {
		return err
	}
	head, err := in.Peek(input.PeekSize)
	if err != nil && err != io.EOF {
		return err
	}
	whole := err == io.EOF
	switch {
	case r.anyBytes() && r.o.Format == FormatText:
		err = nil // any kind of file
	case r.anyBytes():
		err = checkSignature(head)
	default:
		err = checkBinary(head, at)
	}
	if err != nil {
		return err
	}
	auto := r.o.Format == FormatAuto
	isJSON := r.o.Format == FormatRecipes || r.o.Format == FormatJSON
	r.file.Format = r.o.Format
	if r.labels != nil {
		return r.readLabelled(in, at, head)
	}
	if auto || isJSON {
		if err := checkOtherText(head); err != nil {
			return err
		}
	}
	if auto {
		if r.file.Format, err = sniff(head, whole, r.o.Field != ""); err != nil {
			return err
		}
	}
	switch r.file.Format {
	case FormatRecipes:
		return r.readRecipes(in, at, auto)
	case FormatJSON:
		return r.readJSON(in, at, auto)
	case FormatText:
		return r.readWhole(in, at)
	}
	return r.readText(in, at, r.file.Format == FormatParagraphs)
}

func (r *reader) finish() (*Corpus, error) {
	if r.o.Field != "" && !slices.ContainsFunc(r.corpus.Files, func(f File) bool { return f.Format == FormatJSON }) {
		return nil, wrap(optionErrorf("%s is %.40q, but no file holds JSON: leave it out, or say with %s %s that they do", option("Field"), r.o.Field, option("Format"), FormatJSON))
	}
	r.hash.Sum(r.corpus.SHA256[:0])
	r.corpus.Docs = r.docs.list()
	return &r.corpus, nil
}

// mark is U+FEFF, the byte order mark, as UTF-8.
var mark = []byte("\ufeff")

// dropMarks returns s without byte order marks, which it counts.
func (r *reader) dropMarks(s []byte) []byte {
	n := bytes.Count(s, mark)
	if n == 0 {
		return s
	}
	r.file.Marks += n
	return bytes.ReplaceAll(s, mark, nil)
}

// appendPart appends s, a part of a document: as it is with Raw, otherwise made valid.
func (r *reader) appendPart(dst, s []byte) []byte {
	if r.o.Raw {
		return append(dst, s...)
	}
	return r.appendValid(dst, s)
}

// appendValid appends s without byte order marks and with each run of invalid bytes as
// one U+FFFD, and counts both.
func (r *reader) appendValid(dst, s []byte) []byte {
	s = r.dropMarks(s)
	for !utf8.Valid(s) {
		good := 0
		for {
			c, size := utf8.DecodeRune(s[good:])
			if c == utf8.RuneError && size <= 1 {
				break
			}
			if size > 1 {
				r.multibyte++
			}
			good += size
		}
		dst = append(dst, s[:good]...)
		dst = utf8.AppendRune(dst, utf8.RuneError)
		r.file.Replaced++
		r.invalid++
		s = s[good:]
		for len(s) > 0 {
			c, size := utf8.DecodeRune(s)
			if c != utf8.RuneError || size > 1 {
				break
			}
			s = s[1:]
		}
	}
	return append(dst, s...)
}

// tooLarge is the error for what ("the record", …) that is larger than limit, which
// docStore.room has given.
func (r *reader) tooLarge(what string, limit int) error {
	switch {
	case limit < r.o.MaxDocBytes && r.docs.used > r.docs.max/2:
		return r.docs.full()
	case limit < r.o.MaxDocBytes:
		return optionErrorf("%s is larger than %s, an eighth of what is left of the %s of memory allowed: raise %s", what, input.Size(int64(limit)), input.Size(r.docs.max), option("MaxMemory"))
	}
	return optionErrorf("%s is larger than the limit of %s: raise %s", what, input.Size(int64(limit)), option("MaxDocBytes"))
}
