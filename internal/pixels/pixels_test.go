package pixels

import (
	"image"
	"image/color"
	"slices"
	"testing"
)

// plain has At and no more, as an image type of another program may.
type plain struct{ image.Image }

// read returns what rows say of an image of a size.
func read(rows Rows, height, width, channels int) *Image {
	m := &Image{height, width, channels, []uint8{}}
	for y := range height {
		m.Pix = append(m.Pix, rows(y)...)
	}
	return m
}

func TestRowsOf(t *testing.T) {
	rect := image.Rect(-2, 5, 1, 7) // 3 wide, 2 high, not at the origin
	fill := func(img interface {
		image.Image
		Set(x, y int, c color.Color)
	}, colors ...color.Color) image.Image {
		for i, c := range colors {
			img.Set(rect.Min.X+i%3, rect.Min.Y+i/3, c)
		}
		return img
	}
	grey := func(v ...uint8) (cs []color.Color) {
		for _, v := range v {
			cs = append(cs, color.Gray{Y: v})
		}
		return cs
	}
	yellow := color.NRGBA{255, 255, 0, 255}
	clear := color.NRGBA{10, 20, 30, 0}
	half := color.NRGBA{255, 0, 0, 128}
	// A sub-image starts within the other's samples.
	wide := image.NewNRGBA(image.Rect(-9, 0, 9, 9))
	fill(wide, yellow, clear, half, color.Black, color.White, color.NRGBA{1, 2, 3, 255})
	ycc := image.NewYCbCr(rect, image.YCbCrSubsampleRatio444)
	for i := range 6 {
		ycc.Y[i], ycc.Cb[i], ycc.Cr[i] = uint8(40*i), uint8(200-7*i), uint8(30+20*i)
	}
	var rgb, luma []uint8
	for i := range 6 {
		r, g, b := color.YCbCrToRGB(ycc.Y[i], ycc.Cb[i], ycc.Cr[i])
		rgb = append(rgb, r, g, b)
		luma = append(luma, color.GrayModel.Convert(ycc.YCbCrAt(rect.Min.X+i%3, rect.Min.Y+i/3)).(color.Gray).Y)
	}
	three := func(v ...uint8) (out []uint8) {
		for _, v := range v {
			out = append(out, v, v, v)
		}
		return out
	}
	nrgba := []uint8{255, 255, 0, 255, 255, 255, 255, 127, 127, 0, 0, 0, 255, 255, 255, 1, 2, 3}
	// By hand, with weights 0.299, 0.587 and 0.114: yellow 225.9, half red over white
	// 165.3; and (1, 2, 3) is 1.82, of which color.GrayModel keeps the high 8 bits of 16.
	nrgbaGrey := []uint8{226, 255, 165, 0, 255, 1}
	for _, c := range []struct {
		name      string
		img       image.Image
		grey, rgb []uint8
	}{
		{"gray", fill(image.NewGray(rect), grey(0, 1, 127, 128, 254, 255)...), []uint8{0, 1, 127, 128, 254, 255}, three(0, 1, 127, 128, 254, 255)},
		{"gray16", fill(image.NewGray16(rect), color.Gray16{0}, color.Gray16{0xff}, color.Gray16{0x100}, color.Gray16{0x7fff}, color.Gray16{0xff00}, color.Gray16{0xffff}),
			[]uint8{0, 0, 1, 127, 255, 255}, three(0, 0, 1, 127, 255, 255)},
		{"nrgba", wide.SubImage(rect), nrgbaGrey, nrgba},
		{"only At", plain{wide.SubImage(rect)}, nrgbaGrey, nrgba},
		{"ycbcr", ycc, luma, rgb},
		{"paletted", fill(image.NewPaletted(rect, color.Palette{color.Black, yellow, clear}), yellow, color.Black, clear, clear, yellow, color.Black),
			[]uint8{226, 0, 255, 255, 226, 0}, []uint8{255, 255, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0}},
		{"colour above alpha", &image.RGBA{Pix: slices.Repeat([]uint8{255, 255, 0, 0}, 6), Stride: 12, Rect: rect}, slices.Repeat([]uint8{255}, 6), slices.Repeat([]uint8{255}, 18)},
	} {
		for channels, want := range map[int][]uint8{1: c.grey, 3: c.rgb} {
			got := read(RowsOf(c.img, channels), 2, 3, channels)
			if !slices.Equal(got.Pix, want) {
				t.Errorf("%s, %d channels: %v, want %v", c.name, channels, got.Pix, want)
			}
		}
	}
}

// Every opaque colour of a grid over the cube: Rows, RowsOf and color.GrayModel
// agree, and grey stays grey.
func TestRowsAgreeWithGrayModel(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 52*52, 52))
	for i := range 52 * 52 * 52 {
		copy(img.Pix[4*i:], []uint8{uint8(i % 52 * 5), uint8(i / 52 % 52 * 5), uint8(i / 52 / 52 * 5), 255})
	}
	colour, grey := read(RowsOf(img, 3), 52, 52*52, 3), read(RowsOf(img, 1), 52, 52*52, 1)
	if got := read(colour.Rows(1), 52, 52*52, 1); !slices.Equal(got.Pix, grey.Pix) {
		t.Error("Rows(1) and RowsOf(img, 1) differ")
	}
	for y := range 52 {
		for x := range 52 * 52 {
			if want := color.GrayModel.Convert(img.NRGBAAt(x, y)).(color.Gray).Y; grey.Pix[y*52*52+x] != want {
				t.Fatalf("%v is grey %d, want %d", img.NRGBAAt(x, y), grey.Pix[y*52*52+x], want)
			}
		}
	}
	all := &Image{16, 16, 1, make([]uint8, 256)}
	for i := range all.Pix {
		all.Pix[i] = uint8(i)
	}
	three := read(all.Rows(3), 16, 16, 3)
	for i, v := range three.Pix {
		if v != uint8(i/3) {
			t.Fatalf("sample %d of grey %d became %d", i%3, i/3, v)
		}
	}
	if back := read(three.Rows(1), 16, 16, 1); !slices.Equal(back.Pix, all.Pix) {
		t.Error("grey, to colour and back, differs")
	}
	if &all.Rows(1)(3)[0] != &all.Pix[48] {
		t.Error("Rows copies where nothing is to be converted")
	}
}

// The last two rows are there at a time, whatever the order they are asked for in.
func TestRowsKept(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 1, 9))
	for i := range img.Pix {
		img.Pix[i] = uint8(i)
	}
	rows := RowsOf(img, 1)
	before := rows(0)
	want := 0
	for i, y := range []int{1, 1, 2, 1, 3, 2, 2, 8, 0, 0, 8, 7} {
		now := rows(y)
		if before[0] != uint8(want) || now[0] != uint8(y) {
			t.Fatalf("call %d: rows %d and %d are %d and %d", i, want, y, before[0], now[0])
		}
		before, want = now, y
	}
}

func TestPanics(t *testing.T) {
	pic := image.NewNRGBA(image.Rect(0, 0, 2, 2))
	grey := &Image{2, 2, 1, make([]uint8, 4)}
	for want, f := range map[string]func(){
		"pixels: RowsOf: channels is neither 1 nor 3":              func() { RowsOf(pic, 2) },
		"pixels: Rows: channels is neither 1 nor 3":                func() { grey.Rows(4) },
		"pixels: Rows: len(Pix) is not Height·Width·Channels":      func() { (&Image{2, 2, 1, nil}).Rows(3) },
		"pixels: NewResizer: an empty source":                      func() { NewResizer(0, 1, 1, 1, false) },
		"pixels: NewResizer: height or width outside 1 to MaxSide": func() { NewResizer(1, 1, 1, MaxSide+1, false) },
		"pixels: NewResizer: too large a source":                   func() { NewResizer(1<<17+1, 1<<17, 1, 1, false) },
		"pixels: Quantise: a row of src is not width·channels":     func() { NewResizer(2, 3, 1, 1, false).Quantise(make([]uint8, 1), grey.Rows(1), 1, 4) },
		"pixels: Quantise: len(dst) is not height·width·channels":  func() { Quantise(make([]uint8, 2), pic, 1, 1, 1, 4, false) },
		"pixels: Quantise: levels outside 1 to 256":                func() { Quantise(make([]uint8, 1), pic, 1, 1, 1, 257, true) },
		"pixels: Values: n outside 2 to 256":                       func() { Values(1) },
		"pixels: Render: channels is neither 1 nor 3":              func() { Render(nil, 0, 0, 2, 4) },
		"pixels: Render: len(levels) is not height·width·channels": func() { Render(make([]uint8, 3), 2, 2, 1, 4) },
		"pixels: Render: a level is not below n":                   func() { Render([]uint8{0, 4}, 1, 2, 1, 4) },
		"pixels: Grid: no images":                                  func() { Grid(nil, 1, 1, 0) },
		"pixels: Grid: columns or scale < 1, or gap < 0":           func() { Grid([]*image.NRGBA{pic}, 1, 0, 0) },
		"pixels: Grid: images of different sizes":                  func() { Grid([]*image.NRGBA{pic, image.NewNRGBA(image.Rect(0, 0, 2, 1))}, 1, 1, 0) },
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("panic %v, want %q", got, want)
				}
			}()
			f()
		}()
	}
}
