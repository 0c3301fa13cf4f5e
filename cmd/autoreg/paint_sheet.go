package main

import (
	"image"
	"math"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/pixels"
)

// maxSheet bounds the pixels of a sheet.
const maxSheet = 1 << 26

// layOut sets the columns and the scale of the sheet.
func (j *paintJob) layOut() error {
	o := j.options
	if j.columns == 0 {
		j.columns = columnsFor(o.Count)
	}
	j.columns = min(j.columns, o.Count)
	if j.scale == 0 {
		j.scale = defaultScale(o.Height, o.Width)
	}
	if h, w := j.sheetSize(j.scale); h*w > maxSheet {
		return usagef("a sheet of %d×%d pixels is more than can be made, %d in all: lower --count (%d) or --scale (%d)", int64(w), int64(h), maxSheet, o.Count, j.scale)
	}
	return nil
}

// columnsFor returns the number of columns of n images: about the number of rows, and
// such that all rows are full where possible.
func columnsFor(n int) int {
	root := int(math.Ceil(math.Sqrt(float64(n))))
	for c := root; c <= 2*root+1; c++ {
		if n%c == 0 {
			return c
		}
	}
	return root
}

// defaultScale makes images about 128 pixels wide or high.
func defaultScale(height, width int) int { return max(1, 128/max(height, width)) }

// sheetSize returns the size of the sheet, in float64 for it may not fit an int.
func (j *paintJob) sheetSize(scale int) (height, width float64) {
	o := j.options
	side := func(n, size int) float64 { return float64(n)*float64(size*scale+gap(scale)) - float64(gap(scale)) }
	return side((o.Count+j.columns-1)/j.columns, o.Height), side(j.columns, o.Width)
}

// gap returns the distance between images, in pixels of the sheet.
func gap(scale int) int { return max(1, scale/2) }

// sheet puts the images side by side.
func (j *paintJob) sheet(drawn []autoreg.Image) *image.NRGBA {
	return pixels.Grid(render(j.pixels, drawn), j.columns, j.scale, gap(j.scale))
}

func render(m *autoreg.ImageModel, drawn []autoreg.Image) (list []*image.NRGBA) {
	for _, p := range drawn {
		list = append(list, m.Render(p.Levels, p.Height, p.Width))
	}
	return list
}
