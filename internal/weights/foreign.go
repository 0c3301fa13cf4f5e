package weights

import (
	"bytes"
	"encoding/binary"
	"unicode"
	"unicode/utf8"
)

// sniffed is the number of bytes from which foreign recognises the format of a file.
const sniffed = 512

// signatures are the first bytes of files that users mistake for models.
var signatures = []struct{ magic, what string }{
	{"version https://git-lfs.github.com/", "it is a pointer of Git LFS, which stands for the file itself: fetch that with git lfs pull"},
	{"version https://hawser.github.com/", "it is a pointer of Git LFS, which stands for the file itself: fetch that with git lfs pull"},
	{"\x1f\x8b", "it is compressed by gzip: unpack it first"},
	{"BZh", "it is compressed by bzip2: unpack it first"},
	{"\xfd7zXZ\x00", "it is compressed by xz: unpack it first"},
	{"\x28\xb5\x2f\xfd", "it is compressed by zstd: unpack it first"},
	{"PK\x03\x04", "it is a zip archive, as PyTorch, Keras and NumPy save models: autoreg import makes a model of those of PyTorch and Keras"},
	{"\x80\x02", "it is a Python pickle, as older versions of PyTorch save models: autoreg import makes a model of these"},
	{"\x80\x03", "it is a Python pickle: autoreg import makes a model of those that PyTorch saves"},
	{"\x80\x04", "it is a Python pickle: autoreg import makes a model of those that PyTorch saves"},
	{"\x80\x05", "it is a Python pickle: autoreg import makes a model of those that PyTorch saves"},
	{"\x89HDF\r\n\x1a\n", "it is an HDF5 file, as Keras saves models: autoreg import makes a model of these"},
	{"\x93NUMPY", "it is a NumPy array: save the tensors as safetensors"},
	{"GGUF", "it is a GGUF file, a model of llama.cpp"},
	{"\x00\x00\x08\x01", "it is an IDX file, a data set: want a model"},
	{"\x00\x00\x08\x03", "it is an IDX file, a data set: want a model"},
	{"\x89PNG\r\n\x1a\n", "it is an image (PNG): want a model"},
	{"\xff\xd8\xff", "it is an image (JPEG): want a model"},
	{"GIF8", "it is an image (GIF): want a model"},
	{"%PDF-", "it is a PDF document: want a model"},
	{"\x7fELF", "it is a program: want a model"},
}

// foreign describes a file that begins with b and is no model, or returns "".
func foreign(b []byte) string {
	for _, s := range signatures {
		if bytes.HasPrefix(b, []byte(s.magic)) {
			return s.what
		}
	}
	if len(b) > 8 && b[8] == '{' && binary.BigEndian.Uint64(b) <= MaxHeader {
		return "the length of its header is big-endian, but the format is little-endian"
	}
	if !isText(b) {
		return ""
	}
	switch text := bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\ufeff")), " \t\r\n"); {
	case bytes.HasPrefix(text, []byte("<")):
		return "it is a web page or other markup (HTML or XML): fetch the file itself"
	case bytes.HasPrefix(text, []byte("{")):
		return "it is JSON: want a model, which autoreg import makes of those of RTNeural and NAM"
	}
	return "it is a text: want a model"
}

// isText reports whether b is the start of a text in UTF-8.
func isText(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return len(b) < utf8.UTFMax && !utf8.FullRune(b) // cut
		}
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' && r != '\f' {
			return false
		}
		b = b[n:]
	}
	return true
}
