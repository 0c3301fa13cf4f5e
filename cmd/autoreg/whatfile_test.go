package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestNoModels gives what is no model: the message says what it is.
func TestNoModels(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ content, want string }{
		{"", "an empty file"},
		{"Chop the onions.\nStir.\n", "a text; info describes models, and autoreg score"},
		{"\xef\xbb\xbfChop the \xc3\xa9chalottes.", "a text"},
		{strings.Repeat("é", 600) + "\xc3", "a text"},
		{"\x1b]0;owned\x07 soup", "a text"},
		{recipes(), "JSON; info describes"},
		{"<!DOCTYPE html>\n<html>", "a web page or other markup"},
		{"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "a pointer of Git LFS"},
		{gzipped(string(cookbooks[:1000])), "gzip data"},
		{"PK\x03\x04\x14\x00\x00\x00", "a zip archive"},
		{picture(3, 3, nil), "a picture; info describes"},
		{"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "a picture"},
		{idx(1, 3, 3), "an IDX file"},
		{"GGUF\x03\x00\x00\x00", "a GGUF file"},
		{"\x89HDF\r\n\x1a\n", "an HDF5 file"},
		{"\x93NUMPY\x01\x00v\x00{'descr'", "an array of NumPy"},
	} {
		fails(t, exitError, "this is not a model file (safetensors) but "+c.want, "info", write(t, dir, "file", c.content))
		what, _, _ := strings.Cut(c.want, ";")
		fails(t, exitError, "this is not a model file (safetensors) but "+what, "generate", "--model", filepath.Join(dir, "file"), "a")
	}
	fails(t, exitError, "this is not a model file (safetensors)", "info", write(t, dir, "file", strings.Repeat("\x00\xff\x01", 400)))
	fails(t, exitError, "end", "info", write(t, dir, "file", string(cookbooks[:1000]))) // one that is cut off
	fails(t, exitError, "a model", "score", small().model)
	fails(t, exitError, "is a text, and the model", "score", "--model", smallImage().model, write(t, dir, "text", "Chop the onions.\n"))
	fails(t, exitError, "is JSON, and the model", "score", "--model", smallImage().model, small().data)
}
