package images

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/autoreg/autoreg/internal/input"
)

var (
	pngMagic  = []byte("\x89PNG\r\n\x1a\n")
	jpegMagic = []byte("\xff\xd8\xff")
)

const understood = "want an IDX file of images or a CIFAR binary batch, plain or gzip, a PNG, a JPEG, or a folder of PNG and JPEG files"

// sniffLen is how many first bytes name a format that is not read.
const sniffLen = 512

// sniffImages chooses the format of in, of size bytes or -1 where that is not known,
// without consuming anything.
func sniffImages(in *bufio.Reader, size int64) (string, error) {
	sample, err := in.Peek(input.PeekSize)
	switch {
	case err == io.EOF:
		size = int64(len(sample))
	case err != nil:
		return "", err
	}
	head := sample[:min(len(sample), sniffLen)]
	switch {
	case len(head) == 0:
		return "", errEmpty
	case len(head) >= 4 && head[0] == 0 && head[1] == 0 && idxTypes[head[2]] != "" && head[3] > 0 && head[3] < 8:
		return FormatIDX, nil
	case isReversedIDX(head, size):
		return "", errReversedIDX
	case bytes.HasPrefix(head, pngMagic), bytes.HasPrefix(head, jpegMagic):
		return FormatPNGJPEG, nil
	}
	if what := nameFormat(head); what != "" {
		return "", errors.New(what)
	}
	if head[0] < cifar100.limits[0] {
		if format := sniffCIFAR(sample, size); format != "" {
			return format, nil
		}
	}
	if looksLikeText(head) {
		return "", errors.New("this is text: " + understood)
	}
	return "", errors.New("the file's first bytes are of no known format: " + understood)
}

// sniffCIFAR chooses between batches by the labels in sample, which data of size bytes
// begin with, and by that size; "" if neither will do.
func sniffCIFAR(sample []byte, size int64) string {
	labels10, labels100 := cifar10.labelled(sample), cifar100.labelled(sample)
	switch {
	case labels10 && cifar10.divides(size):
		return FormatCIFAR10
	case labels100 && cifar100.divides(size):
		return FormatCIFAR100
	case looksLikeText(sample[:min(len(sample), sniffLen)]):
		return ""
	case labels10, !labels100 && sample[0] < cifar10.limits[0]:
		return FormatCIFAR10 // its reader says what is wrong
	case labels100:
		return FormatCIFAR100
	}
	return ""
}

// An signature is how files of a format begin.
type signature struct {
	at    int
	magic string
	what  string // the format, and what to do
}

const (
	otherImage = ", not a PNG or JPEG: convert it to PNG"
	packedFile = ": unpack it and name the files inside"
	asImages   = ": save the images as PNG files or as an IDX file"
)

var signatures = []signature{
	{0, "GIF8", "this is a GIF image" + otherImage},
	{0, "II*\x00", "this is a TIFF image" + otherImage},
	{0, "MM\x00*", "this is a TIFF image" + otherImage},
	{0, "8BPS", "this is a Photoshop image" + otherImage},
	{0, "\x00\x00\x00\x0cJXL ", "this is a JPEG XL image" + otherImage},
	{0, "\xff\x0a", "this is a JPEG XL image" + otherImage},
	{0, "\x00\x00\x00\x0cjP  ", "this is a JPEG 2000 image" + otherImage},
	{0, "\xff\x4f\xff\x51", "this is a JPEG 2000 image" + otherImage},
	{0, "qoif", "this is a QOI image" + otherImage},
	{0, "\x00\x00\x01\x00", "this is an icon" + otherImage},
	{8, "WEBP", "this is a WebP image" + otherImage},
	{4, "ftyphei", "this is a HEIC image" + otherImage},
	{4, "ftyphev", "this is a HEIC image" + otherImage},
	{4, "ftypmif1", "this is a HEIF image" + otherImage},
	{4, "ftypmsf1", "this is a HEIF image" + otherImage},
	{4, "ftypavi", "this is an AVIF image" + otherImage},
	{4, "ftyp", "this is a film: save its frames as PNG files"},
	{0, "RIFF", "this is a RIFF file, of sound or film perhaps: " + understood},
	{0, "\x89PNG", "this PNG has been changed in transfer, as text is: fetch it again as binary data"},
	{0, "P5", "this is a PNM image" + otherImage},
	{0, "P6", "this is a PNM image" + otherImage},

	{0, "cifar-10", "this is an archive of CIFAR: unpack it and name the files of the binary version, data_batch_1.bin and so on, or train.bin of CIFAR-100"},
	{257, "ustar", "this is a tar archive" + packedFile},
	{0, "PK\x03\x04", "this is a zip archive, or a NumPy .npz, which is one" + packedFile + ", or save the images as PNG files or as an IDX file"},
	{0, "\x1f\x8b", "this is gzip within gzip: unpack it"},
	{0, "BZh", "this is a bzip2 file" + packedFile},
	{0, "\xfd7zXZ\x00", "this is an xz file" + packedFile},
	{0, "\x28\xb5\x2f\xfd", "this is a zstd file" + packedFile},
	{0, "7z\xbc\xaf\x27\x1c", "this is a 7z archive" + packedFile},
	{0, "Rar!", "this is a RAR archive" + packedFile},

	{0, "\x80\x02", pickle}, {0, "\x80\x03", pickle}, {0, "\x80\x04", pickle}, {0, "\x80\x05", pickle},
	{0, "\x93NUMPY", "this is a NumPy array" + asImages},
	{0, "MATLAB 5.0", "this is a MATLAB file" + asImages},
	{0, "\x89HDF", "this is an HDF5 file, as of MATLAB or Keras" + asImages},
	{0, "PAR1", "this is a Parquet file" + asImages},
	{8, "{\"", "this is a safetensors file, perhaps a model or a checkpoint: name the images"},
	{0, "%PDF", "this is a PDF document: save its images as PNG files"},
	{0, "version https://git-lfs", "this is a pointer of Git LFS, not the file itself: fetch the file with git lfs pull"},
}

const pickle = "this is a Python pickle, as CIFAR's Python version has: fetch the binary version, data_batch_1.bin and so on, or train.bin of CIFAR-100"

// nameFormat says what a file that begins with head is, if it is of a known format that
// is not read, and what to do; or "".
func nameFormat(head []byte) string {
	for _, s := range signatures {
		if len(head) >= s.at && bytes.HasPrefix(head[s.at:], []byte(s.magic)) {
			return s.what
		}
	}
	if bytes.HasPrefix(head, []byte("BM")) && len(head) >= 10 && bytes.Equal(head[6:10], make([]byte, 4)) {
		return "this is a BMP image" + otherImage
	}
	text := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n"))
	switch {
	case bytes.HasPrefix(text, []byte("<!doctype html")), bytes.HasPrefix(text, []byte("<html")), bytes.HasPrefix(text, []byte("<head")):
		return "this is a web page, not the file that it leads to: fetch that"
	case bytes.HasPrefix(text, []byte("<svg")), bytes.HasPrefix(text, []byte("<?xml")) && bytes.Contains(text, []byte("<svg")):
		return "this is an SVG drawing" + otherImage
	}
	return ""
}

// looksLikeText reports whether data begin as text does.
func looksLikeText(data []byte) bool {
	for _, c := range data {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' || c == 0x7f {
			return false
		}
	}
	// A character may be cut off at the end.
	for i := 0; i < utf8.UTFMax && len(data) > 0 && !utf8.Valid(data); i++ {
		data = data[:len(data)-1]
	}
	return len(data) > 0 && utf8.Valid(data)
}

// kindOf returns the name of an image's format, PNG or JPEG.
func kindOf(data []byte) (string, error) {
	switch {
	case bytes.HasPrefix(data, pngMagic):
		return "PNG", nil
	case bytes.HasPrefix(data, jpegMagic):
		return "JPEG", nil
	}
	head := data[:min(len(data), sniffLen)]
	if what := nameFormat(head); what != "" {
		return "", errors.New(what)
	}
	return "", fmt.Errorf("this is neither PNG nor JPEG, by its first bytes: convert it to PNG or take it away")
}
