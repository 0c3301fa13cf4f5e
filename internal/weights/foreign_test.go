package weights

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"testing/iotest"
)

// What is taken for a model now and then is named for what it is, however its bytes
// arrive.
func TestForeign(t *testing.T) {
	model := encoded(t, sample())
	big := bytes.Clone(model)
	binary.BigEndian.PutUint64(big, binary.LittleEndian.Uint64(big))
	utf16 := "\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00"
	for _, c := range []struct{ name, file, want string }{
		{"HTML", "<!DOCTYPE html><html><body>404</body></html>", "web page"},
		{"HTML, later", "\ufeff\r\n\t <html>é</html>", "web page"},
		{"XML", `<?xml version="1.0"?>`, "markup"},
		{"LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:22\nsize 35\n", "pointer of Git LFS"},
		{"zip", "PK\x03\x04" + strings.Repeat("\x00", 600), "zip archive, as PyTorch, Keras and NumPy save models: autoreg import"},
		{"gzip", "\x1f\x8b\x08\x08\x74\x0e\x07\x6b\x00\x03same", "gzip: unpack"},
		{"pickle", "\x80\x02}q\x00X\x06\x00\x00\x00tensor", "pickle, as older versions of PyTorch save models: autoreg import"},
		{"HDF5", "\x89HDF\r\n\x1a\n\x00\x00\x00\x00", "HDF5 file, as Keras saves models: autoreg import"},
		{"NumPy", "\x93NUMPY\x01\x00v\x00{'descr': '<f4'", "NumPy"},
		{"IDX", "\x00\x00\x08\x03\x00\x00\xea\x60\x00\x00\x00\x1c\x00\x00\x00\x1c", "IDX"},
		{"PNG", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image (PNG)"},
		{"JPEG", "\xff\xd8\xff\xe0\x00\x10JFIF\x00", "image (JPEG)"},
		{"JSON", "{\"a\": 1, \"b\": 2}\n", "JSON: want a model, which autoreg import"},
		{"text", "once upon a time there was no model\n", "a text: want a model"},
		{"text cut within a rune", strings.Repeat("x", sniffed-1) + "é", "a text: want a model"},
		{"big-endian", string(big), "big-endian"},
		{"random", "\x01\x02\x03\x04\x05\x06\x07\x08\x09", "header length, byte 0: 578437695752307201 bytes"},
		{"UTF-16", utf16, "header length, byte 0"},
	} {
		for how, r := range readers([]byte(c.file)) {
			_, err := Read(r, noLimit)
			wantErr(t, err, ErrFormat, "this is not a model file (safetensors): ", c.want)
			_, again := Read(iotest.OneByteReader(strings.NewReader(c.file)), noLimit)
			if again == nil || again.Error() != err.Error() {
				t.Errorf("%s, %s: %v, but byte by byte %v", c.name, how, err, again)
			}
		}
	}
	_, err := Read(strings.NewReader(""), noLimit)
	wantErr(t, err, ErrFormat, "the file is empty")
}
