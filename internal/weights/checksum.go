package weights

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// KeyChecksum is the metadata key of the checksum.
const KeyChecksum = "checksum"

// checksumPrefix names the algorithm; 64 hexadecimal digits in lower case follow.
const checksumPrefix = "sha256:"

// coveredKeys are the metadata that the checksum covers: those that decide what the
// tensors mean. Values under other keys may be added and changed by any program.
var coveredKeys = [...]string{"checkpoint", "config", "format", "format_version", "tokenizer"}

// Sum returns the SHA-256 whose hexadecimal digits are the checksum that WriteTo writes:
// of the tensors, and of the metadata that decide what they mean. It returns the errors
// that WriteTo returns before the first byte.
func (f *File) Sum() ([sha256.Size]byte, error) {
	order, err := f.sorted()
	if err != nil {
		return [sha256.Size]byte{}, err
	}
	return f.sum(order, nil, make([]byte, 0, chunk))
}

// checksum returns the checksum of f, whose tensors by name are order, by way of
// buf. The header is built in head.
func (f *File) checksum(order []*Tensor, head, buf []byte) (string, error) {
	sum, err := f.sum(order, head, buf)
	if err != nil {
		return "", err
	}
	return checksumPrefix + hex.EncodeToString(sum[:]), nil
}

// sum is checksum before it is text.
func (f *File) sum(order []*Tensor, head, buf []byte) (sum [sha256.Size]byte, err error) {
	covered := make(map[string]string, len(coveredKeys))
	for _, key := range coveredKeys {
		if value, ok := f.Metadata[key]; ok {
			covered[key] = value
		}
	}
	if head, err = appendHeader(head[:0], covered, order); err != nil {
		return sum, err
	}
	h := sha256.New()
	h.Write(head)
	for _, t := range order {
		for data := t.Data; len(data) > 0; {
			n := min(len(data), cap(buf)/4)
			buf = encode(buf[:4*n], data[:n])
			h.Write(buf)
			data = data[n:]
		}
	}
	h.Sum(sum[:0])
	return sum, nil
}

// verify compares f, whose header had size bytes, with the checksum in its metadata,
// if there is one. It overwrites buf.
func (f *File) verify(size int, buf []byte) error {
	want, ok := f.Metadata[KeyChecksum]
	if !ok {
		return nil
	}
	digits, known := strings.CutPrefix(want, checksumPrefix)
	if !known || len(digits) != 2*sha256.Size || strings.Trim(digits, "0123456789abcdef") != "" {
		return formatErr("metadata %q is %s, which is no checksum that this program can compare (want %q and %d hexadecimal digits): the file is damaged, or of a later version",
			KeyChecksum, quote(want), checksumPrefix, 2*sha256.Size)
	}
	order, err := f.sorted()
	if err != nil {
		return err
	}
	got, err := f.checksum(order, make([]byte, 0, 8+size+8), buf)
	if err != nil {
		return err
	}
	if got != want {
		const most = len(checksumPrefix) + 16
		return formatErr("the checksum does not match: metadata %q is %s…, that of the content %s…: the file is damaged (fetch or copy it again), "+
			"or another program changed its tensors, configuration or vocabulary and left the key %[1]q in place (remove that key from the metadata)",
			KeyChecksum, want[:most], got[:most])
	}
	return nil
}
