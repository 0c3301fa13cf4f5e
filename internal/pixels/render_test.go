package pixels

import (
	"image"
	"image/color"
	"slices"
	"testing"
)

// What is drawn is read again as the same levels, whatever their number.
func TestQuantiseUndoesRender(t *testing.T) {
	for n := 2; n <= 256; n++ {
		for _, channels := range []int{1, 3} {
			levels := make([]uint8, 5*n*channels)
			for i := range levels {
				levels[i] = uint8((i + i/7) % n)
			}
			img := Render(levels, 5, n, channels, n)
			got := make([]uint8, len(levels))
			Quantise(got, img, 5, n, channels, n, n%2 == 0)
			if !slices.Equal(got, levels) {
				t.Fatalf("%d levels, %d channels: %v, want %v", n, channels, got, levels)
			}
			for i := 3; i < len(img.Pix); i += 4 {
				if img.Pix[i] != 255 {
					t.Fatalf("%d levels: alpha is %d", n, img.Pix[i])
				}
			}
		}
	}
}

func TestValues(t *testing.T) {
	for n, want := range map[int][]uint8{
		2: {0, 255},
		3: {0, 128, 255},
		4: {0, 85, 170, 255},
		8: {0, 36, 73, 109, 146, 182, 219, 255},
	} {
		if got := Values(n); !slices.Equal(got, want) {
			t.Errorf("Values(%d) = %v, want %v", n, got, want)
		}
	}
	for n := 2; n <= 256; n++ {
		v := Values(n)
		if v[0] != 0 || v[n-1] != 255 || !slices.IsSorted(v) {
			t.Errorf("Values(%d) = %v", n, v)
		}
		for k := range v {
			exact := float64(255*k) / float64(n-1)
			if d := float64(v[k]) - exact; d < -1 || d > 1 {
				t.Errorf("Values(%d)[%d] = %d, want within 1 of %v", n, k, v[k], exact)
			}
		}
	}
}

func TestRender(t *testing.T) {
	grey := Render([]uint8{0, 1, 2, 3, 3, 0}, 2, 3, 1, 4)
	if want := image.Rect(0, 0, 3, 2); grey.Rect != want {
		t.Fatalf("%v, want %v", grey.Rect, want)
	}
	if got, want := grey.NRGBAAt(2, 0), (color.NRGBA{170, 170, 170, 255}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := Render([]uint8{0, 1, 3, 3, 2, 1}, 2, 1, 3, 4).NRGBAAt(0, 1), (color.NRGBA{255, 170, 85, 255}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestGrid(t *testing.T) {
	var images []*image.NRGBA
	for i := range 5 {
		levels := make([]uint8, 6)
		for j := range levels {
			levels[j] = uint8(10*i + j)
		}
		images = append(images, Render(levels, 2, 3, 1, 256))
	}
	whole := image.NewNRGBA(image.Rect(-4, -4, 9, 9))
	part := whole.SubImage(image.Rect(1, 2, 4, 4)).(*image.NRGBA)
	copy(whole.Pix[whole.PixOffset(2, 3):], []uint8{7, 8, 9, 255})
	images = append(images, part)
	for _, c := range []struct{ n, columns, scale, gap, width, height int }{
		{6, 4, 3, 2, 4*9 + 3*2, 2*6 + 2}, {6, 3, 1, 0, 9, 4}, {6, 1, 2, 1, 6, 6*4 + 5}, {2, 10, 1, 5, 3 + 5 + 3, 2}, {1, 1, 1, 9, 3, 2},
	} {
		sheet := Grid(images[:c.n], c.columns, c.scale, c.gap)
		if sheet.Rect != image.Rect(0, 0, c.width, c.height) {
			t.Fatalf("%+v: sheet %v", c, sheet.Rect)
		}
		want := image.NewNRGBA(sheet.Rect)
		for i := range want.Pix {
			want.Pix[i] = gapGrey
			if i%4 == 3 {
				want.Pix[i] = 255
			}
		}
		for i, p := range images[:c.n] {
			x0, y0 := i%c.columns*(3*c.scale+c.gap), i/c.columns*(2*c.scale+c.gap)
			for y := range 2 * c.scale {
				for x := range 3 * c.scale {
					want.SetNRGBA(x0+x, y0+y, p.NRGBAAt(p.Rect.Min.X+x/c.scale, p.Rect.Min.Y+y/c.scale))
				}
			}
		}
		if !slices.Equal(sheet.Pix, want.Pix) {
			t.Errorf("%+v: the sheet differs", c)
		}
	}
}
