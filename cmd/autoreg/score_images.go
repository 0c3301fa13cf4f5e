package main

import (
	"cmp"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/train/images"
)

// imageFormats are the names of an image file's formats, as flags take them.
var imageFormats = []string{images.FormatAuto, images.FormatIDX, images.FormatCIFAR10, images.FormatCIFAR100, images.FormatPNGJPEG}

// scoreImages prints how well an image model predicts the images of each file.
func (a *app) scoreImages(cmd *cobra.Command, m *autoreg.PixelModel, paths []string, asJSON bool, read *images.Options, o *autoreg.PixelScoreOptions) error {
	read.Height, read.Width = m.Size()
	read.Channels, read.Levels = m.Channels(), m.Levels()
	sheet := &scoreSheet{a, asJSON, "lrrrr", [][]string{{"file", "images", "values", "nats/value", "bits/value"}}}
	var (
		total  autoreg.PixelScore
		failed error
	)
	for _, path := range paths {
		s, err := a.scoreImageFile(cmd, m, path, read, o)
		if err == nil {
			err = sheet.add(imageScoreRow(path, s), imageScore(scored{File: path}, s))
		}
		if err != nil {
			failed = err // the files before it have been scored all the same
			break
		}
		total.Images += s.Images
		total.Values += s.Values
		total.Loss += s.Loss
	}
	if failed == nil && len(paths) > 1 {
		failed = sheet.add(imageScoreRow("total", total), imageScore(scored{Total: true}, total))
	}
	err := sheet.end()
	return cmp.Or(failed, err)
}

// scoreImageFile scores the images of a file, with a progress bar.
func (a *app) scoreImageFile(cmd *cobra.Command, m *autoreg.PixelModel, path string, read *images.Options, o *autoreg.PixelScoreOptions) (autoreg.PixelScore, error) {
	set, err := await(cmd.Context(), func() (*images.Set, error) { return images.Read([]string{path}, read) })
	if err != nil {
		return autoreg.PixelScore{}, err
	}
	bar := a.newProgress(int64(set.Len()), path)
	defer bar.finish()
	s, err := m.Score(cmd.Context(), counting(bar, func(yield func([]uint8) bool) {
		for i := range set.Len() {
			if !yield(set.Image(i)) {
				return
			}
		}
	}), o)
	if err != nil {
		return s, &fileError{path, err}
	}
	return s, nil
}

// counting goes through items and adds one to bar as each is done.
func counting[T any](bar *progress, items iter.Seq[T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		for item := range items {
			if !yield(item) {
				return
			}
			bar.add(1)
		}
	}
}

func imageScoreRow(name string, s autoreg.PixelScore) []string {
	return []string{name, thousands(s.Images), thousands(s.Values), fmt.Sprintf("%.4f", s.Mean()), fmt.Sprintf("%.4f", s.Bits())}
}

// openImages returns the Open of images for the model called so, which refuses texts.
func (a *app) openImages(model string) func(path string) (fs.File, error) {
	return func(path string) (fs.File, error) {
		f, err := a.open(path)
		if in, ok := f.(*input); ok && isText(in.head(whatLen)) {
			in.Close()
			return nil, fmt.Errorf("%s is a text, and the model %s is one of images: name a text model, as in --model %s", path, model, cookbooksName)
		}
		return f, err
	}
}

// checkText refuses a file of images, which a text model would read as noise.
func checkText(f fs.File, path, model string) error {
	if looksLikeImages(f, path) {
		return fmt.Errorf("%s holds images, and the model %s is one of text: name an image model, as in --model %s", path, model, clothesName)
	}
	return nil
}

// looksLikeImages reports whether f, at path, is a file of images, by its first bytes,
// or a folder with a picture.
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
