package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/weights"
)

// whatLen is how much of a file whatFile looks at.
const whatLen = 1 << 10

// whatFile says what a file that begins with head seems to be, or "".
func whatFile(head []byte) string {
	begins := func(s string) bool { return bytes.HasPrefix(head, []byte(s)) }
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case len(head) == 0:
		return "an empty file"
	case isModel(head):
		return "a model file (safetensors)"
	case begins("\x1f\x8b"):
		return "gzip data, which is to be unpacked first"
	case begins("PK\x03\x04"):
		return "a zip archive, as PyTorch and NumPy save"
	case begins("\x89HDF"):
		return "an HDF5 file, as Keras saves"
	case begins("GGUF"):
		return "a GGUF file"
	case begins("\x93NUMPY"):
		return "an array of NumPy"
	case begins("\x89PNG"), begins("\xff\xd8\xff"), begins("GIF8"), begins("BM") && !isText(head):
		return "a picture"
	case begins("\x00\x00\x08"):
		return "an IDX file of images or labels"
	case begins("version https://git-lfs"):
		return "a pointer of Git LFS, which stands for the file itself (git lfs pull fetches that)"
	case !isText(head):
		return ""
	case bytes.HasPrefix(text, []byte("<")):
		return "a web page or other markup"
	case bytes.HasPrefix(text, []byte("[")), bytes.HasPrefix(text, []byte("{")):
		return "JSON"
	}
	return "a text"
}

// isData reports whether what whatFile said is something that a model can be trained on.
func isData(what string) bool {
	return slices.Contains([]string{"a picture", "an IDX file of images or labels", "JSON", "a text"}, what)
}

// isModel reports whether a file that begins with head may be one of safetensors.
func isModel(head []byte) bool {
	return len(head) > 8 && head[8] == '{' && binary.LittleEndian.Uint64(head) <= weights.MaxHeader
}

// isText reports whether head begins a file of UTF-8. Its end may be half a character.
func isText(head []byte) bool {
	for i := 0; i < utf8.UTFMax && len(head) > 0 && !utf8.Valid(head); i++ {
		head = head[:len(head)-1]
	}
	return len(head) > 0 && utf8.Valid(head) && !bytes.ContainsFunc(head, func(r rune) bool { return r < '\a' })
}

// A foreignError says what a file is that is no model.
type foreignError struct {
	what string
	err  error
}

func (e *foreignError) Error() string {
	return "this is not a model file (safetensors) but " + e.what
}
func (e *foreignError) Unwrap() error { return e.err }

// explain returns err, an error of loading f, or one that says what f is instead of a
// model.
func explain(err error, f *modelFile) error {
	if !errors.Is(err, autoreg.ErrFormat) {
		return err
	}
	if head := f.head(whatLen); !isModel(head) {
		if what := whatFile(head); what != "" {
			return &foreignError{what, err}
		}
	}
	return err
}
