package images

import (
	"crypto/sha256"
	"image"

	"github.com/autoreg/autoreg/internal/pixels"
)

// A Set is images of one size as levels.
type Set struct {
	Height, Width, Channels int
	Levels                  int
	Data                    []uint8 // [Len(), Height, Width, Channels], each below Levels
	// Fractions are nil, or as long as Data: value i is Data[i] + Fractions[i]/256 of 256 levels.
	Fractions []uint8

	// Labels are those of the images, each below Classes; nil and 0 unless all images have
	// labels of the same classes: CIFAR-10's, CIFAR-100's fine ones, or those of
	// Options.Labels, whose number of classes is one more than the greatest label.
	Labels  []uint8
	Classes int

	Source Source
}

// A Source says what a Set was read from.
type Source struct {
	Files  []File // one for each path
	Images int    // in all of them; a Set with a Limit may hold fewer

	// SHA256 is of the contents of the files, unpacked, one after the other:
	//
	//	zcat -f FILE... | sha256sum
	//
	// with the files of Options.Labels behind those of images.
	//
	// In a folder, the lines that sha256sum prints stand for the images:
	//
	//	export LC_ALL=C; cd FOLDER; sha256sum *.png | sha256sum
	SHA256 [sha256.Size]byte
}

// A File is one file or folder of an Source.
type File struct {
	Path    string
	Format  string // never FormatAuto
	Images  int
	Skipped int // other entries of a folder, hidden ones not counted

	Height, Width, Channels int // of the first image, as it came, upright
	Sizes                   int // how many different sizes its images have, those kept
}

// Len returns the number of images.
func (s *Set) Len() int { return len(s.Data) / max(s.Height*s.Width*s.Channels, 1) }

// Image returns the levels of image i, [Height, Width, Channels], to be read only.
// It panics if i is outside 0 to Len()-1.
func (s *Set) Image(i int) []uint8 {
	n := s.Height * s.Width * s.Channels
	return s.Data[i*n : (i+1)*n : (i+1)*n]
}

// Render returns image i for display: level k as the grey or colour value
// 255·k/(Levels-1), or the nearest one that is read as level k again. It panics as
// Image does.
func (s *Set) Render(i int) *image.NRGBA {
	return pixels.Render(s.Image(i), s.Height, s.Width, s.Channels, s.Levels)
}
