package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// whatLen is the number of bytes from which the format of a file is recognised.
const whatLen = 1 << 10

// isText reports whether head begins a text in UTF-8. Its end may be half a character.
func isText(head []byte) bool {
	for i := 0; i < utf8.UTFMax && len(head) > 0 && !utf8.Valid(head); i++ {
		head = head[:len(head)-1]
	}
	return len(head) > 0 && utf8.Valid(head) && !bytes.ContainsFunc(head, func(r rune) bool { return r < '\a' })
}

// isImages reports whether head begins a file of images: PNG, JPEG, IDX, or a batch of
// CIFAR-10, whose first byte is a label. No text begins so but one in UTF-16 or UTF-32,
// whose letters are far from each other.
func isImages(head []byte) bool {
	if bytes.HasPrefix(head, []byte("\x89PNG")) || bytes.HasPrefix(head, []byte("\xff\xd8\xff")) {
		return true
	}
	letter := func(k int) bool { return len(head) > k && head[k] >= '\t' && head[k] < 0x7f }
	if len(head) >= 8 && head[0] == 0 && (letter(1) && head[2] == 0 && letter(3) && head[4] == 0 && letter(5) || head[1] == 0 && head[2] == 0 && letter(3) && head[4] == 0) {
		return false
	}
	return len(head) > 0 && head[0] < '\a' && !isModel(head)
}

// isModel reports whether head begins as model files do: with the length of a header,
// and that.
func isModel(head []byte) bool {
	return len(head) > 8 && head[8] == '{' && bytes.Equal(head[4:8], make([]byte, 4))
}

// looksLikeImages reports whether f, at path, is a file of images, by its first bytes,
// or a folder with an image.
func looksLikeImages(f fs.File, path string) bool {
	in, ok := f.(*input)
	if !ok {
		entries, _ := os.ReadDir(path)
		return slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
			return slices.Contains([]string{".png", ".jpg", ".jpeg"}, strings.ToLower(filepath.Ext(e.Name())))
		})
	}
	if info, err := in.Stat(); err == nil && info.Mode()&fs.ModeDevice != 0 && path != stdinName {
		return false // reading it is refused, in so many words
	}
	return isImages(in.head(whatLen))
}
