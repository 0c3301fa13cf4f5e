package main

import (
	"image"
	"image/color"
	"image/draw"
	"image/gif"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/pixels"
)

// An animation of the drawing has about gifFrames frames, each gifDelay/100 s long
// (some programs slow down shorter ones); the finished images stay for gifPause/100 s.
const (
	gifFrames = 128
	gifDelay  = 4
	gifPause  = 300
	maxGIF    = 1 << 20 // pixels of a frame, if that can be
)

// blank is the colour of pixels that are not drawn yet, which differs from the levels and
// from the gap between images.
var blank = color.NRGBA{R: 0x2b, G: 0x34, B: 0x52, A: 0xff}

// animation returns how the images were drawn, all at the same time: a few pixels a
// frame in raster order; pixels that are kept are in the first frame. A frame holds only
// the pixels that are new.
func (j *paintJob) animation(drawn []autoreg.Image) *gif.GIF {
	scale := j.scale
	for h, w := j.sheetSize(scale); scale > 1 && h*w > maxGIF; h, w = j.sheetSize(scale) {
		scale--
	}
	o := j.options
	images := render(j.pixels, drawn)
	var order []int // of the pixels drawn
	for at := range o.Height * o.Width {
		if o.Mask == nil || !o.Mask[at] {
			order = append(order, at)
		}
	}
	canvases := make([]*image.NRGBA, len(images))
	for i, img := range images {
		canvases[i] = image.NewNRGBA(img.Rect)
		copy(canvases[i].Pix, img.Pix)
		for _, at := range order {
			canvases[i].SetNRGBA(at%o.Width, at/o.Width, blank)
		}
	}
	sheet := pixels.Grid(canvases, j.columns, scale, gap(scale))

	// The colours of the first frame and the last, and one for what stays.
	final := pixels.Grid(images, j.columns, scale, gap(scale))
	p := append(paletteFor(final, 253), blank, color.NRGBA{})
	x, clear := newIndexer(p), uint8(len(p)-1)
	anim := &gif.GIF{Config: image.Config{ColorModel: p, Width: sheet.Rect.Dx(), Height: sheet.Rect.Dy()}}
	add := func(frame *image.Paletted) {
		anim.Image = append(anim.Image, frame)
		anim.Delay = append(anim.Delay, gifDelay)
		anim.Disposal = append(anim.Disposal, gif.DisposalNone)
	}
	add(paletted(sheet, x))
	step := (len(order) + gifFrames - 1) / gifFrames
	for len(order) > 0 {
		now := order[:min(step, len(order))]
		order = order[len(now):]
		var places []image.Rectangle
		var colours []uint8
		var all image.Rectangle
		for i, img := range images {
			corner := image.Pt(i%j.columns*(o.Width*scale+gap(scale)), i/j.columns*(o.Height*scale+gap(scale)))
			for _, at := range now {
				y, x0 := at/o.Width, at%o.Width
				place := image.Rect(0, 0, scale, scale).Add(corner).Add(image.Pt(x0*scale, y*scale))
				places, colours, all = append(places, place), append(colours, x.index(img.NRGBAAt(x0, y))), all.Union(place)
			}
		}
		frame := image.NewPaletted(all, p)
		for i := range frame.Pix {
			frame.Pix[i] = clear
		}
		for i, place := range places {
			draw.Draw(frame, place, image.NewUniform(p[colours[i]]), image.Point{}, draw.Src)
		}
		add(frame)
	}
	anim.Delay[len(anim.Delay)-1] = gifPause
	return anim
}
