package main

import (
	"path/filepath"
	"slices"
	"strings"
)

// Extensions of files that other programs read as another format than the one that this
// program writes.
var extensions = []string{
	".png", ".apng", ".gif", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".avif", ".heic", ".ico", ".tga", ".ppm", ".pgm", ".svg", ".pdf", ".eps", ".ps",
	".mp4", ".webm", ".mov", ".avi",
	".csv", ".tsv", ".xls", ".xlsx", ".json", ".jsonl", ".ndjson", ".html",
	".gz", ".bz2", ".xz", ".zst", ".zip", ".tar", ".tgz",
	".safetensors", ".pt", ".pth", ".ckpt", ".onnx", ".gguf", ".h5", ".hdf5", ".keras", ".npy", ".npz", ".pkl",
}

// wantsExtension refuses a path whose extension says that it is of another format than
// what is written, which may have the extensions want.
func wantsExtension(flag, path, what string, want ...string) error {
	ext := strings.ToLower(filepath.Ext(path))
	if !slices.Contains(extensions, ext) || slices.Contains(want, ext) {
		return nil
	}
	name := path[:len(path)-len(ext)] + want[0]
	advice := ""
	if ext == ".gif" && flag == "output" && want[0] == ".png" {
		advice = ", or give --gif for an animation"
	}
	return usagef("--%s %s: what is written is %s: name it %s%s", flag, shellQuote(path), what, shellQuote(name), advice)
}
