package main

import (
	"strings"
	"testing"
)

// TestWrongFiles gives commands files that are for others: the message says which.
func TestWrongFiles(t *testing.T) {
	dir := t.TempDir()
	images := smallImage()
	for _, content := range []string{"Chop the onions.\nStir.\n", "\xef\xbb\xbfChop the chalottes.", strings.Repeat("é", 600), "\x1b]0;owned\x07 soup", recipes()} {
		path := write(t, dir, "text", content)
		fails(t, exitError, "autoreg score tells how well a model predicts", "info", path)
		fails(t, exitError, path+" is a text, and the model "+images.model+" is one of images: name a text model", "score", "--model", images.model, path)
	}
	for _, content := range []string{picture(3, 3, nil), "\xff\xd8\xff\xe0\x00\x10JFIF\x00", idx(1, 3, 3), cifar(1)} {
		path := write(t, dir, "images", content)
		fails(t, exitError, "autoreg score tells how well a model predicts", "info", path)
		fails(t, exitError, path+" holds images, and the model", "score", path)
	}
	for _, content := range []string{gzipped("a"), "PK\x03\x04\x14\x00\x00\x00", strings.Repeat("\x80\xff\x01", 400)} {
		if r := command("info", write(t, dir, "file", content)); r.code != exitError || strings.Contains(r.err, "score") {
			t.Errorf("info on %.10q: %+v", content, r)
		}
	}
	fails(t, exitError, "end", "info", write(t, dir, "file", string(cookbooks[:1000]))) // a model that is cut off
	fails(t, exitError, "a model", "score", small().model)
}
