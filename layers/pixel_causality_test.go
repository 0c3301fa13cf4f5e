package layers_test

import (
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// logitsOf returns the logits [H·W·C][L] of an image, the channels one after the
// other.
func logitsOf(f *layers.PixelForward, c layers.PixelCNN, levels []uint8) (list [][]float32) {
	s := f.Outputs(levels)
	each := s.Cols / c.Channels
	for i := range levels {
		at := i/c.Channels*s.Row + i%c.Channels*each
		list = append(list, slices.Clone(s.Data[at:][:c.Levels]))
	}
	return list
}

// Changing one level changes no bit of its own logits nor of those before it, in
// raster order with the channels of a pixel in theirs, and some of those after it:
// the mask is tight and not too tight.
func TestPixelCausality(t *testing.T) {
	for _, s := range []struct {
		layers.PixelCNN
		height, width int
	}{
		{layers.PixelCNN{Channels: 1, Levels: 4, Filters: 16, Blocks: 2, Kernel: 7}, 7, 6},
		{layers.PixelCNN{Channels: 1, Levels: 2, Filters: 6, Blocks: 0, Kernel: 3}, 4, 5},
		{layers.PixelCNN{Channels: 1, Levels: 3, Filters: 12, Blocks: 1, Kernel: 5}, 6, 2},
		{layers.PixelCNN{Channels: 2, Levels: 3, Filters: 17, Blocks: 1, Kernel: 1}, 3, 3},
		{layers.PixelCNN{Channels: 3, Levels: 5, Filters: 40, Blocks: 2, Kernel: 5}, 4, 4},
	} {
		net := randomPixels(s.PixelCNN)
		f := net.NewForward(s.height, s.width)
		levels := randomLevels(s.PixelCNN, s.height, s.width, 1)
		want := logitsOf(f, s.PixelCNN, levels)
		for at := range levels {
			was := levels[at]
			after := false
			for v := range uint8(s.Levels) {
				if v == was {
					continue
				}
				levels[at] = v
				for i, got := range logitsOf(f, s.PixelCNN, levels) {
					d := testkit.Diff(got, want[i])
					if d != "" && i <= at {
						t.Fatalf("%+v: level %d has changed from %d to %d: that changes logits of level %d: %s", s, at, was, v, i, d)
					}
					after = after || d != ""
				}
			}
			levels[at] = was
			sees := at+1 < len(levels)
			if s.Kernel == 1 { // the input layer sees channels of the pixel itself only
				sees = at%s.Channels < s.Channels-1
			}
			if after != sees {
				t.Errorf("%+v: changing level %d changes logits of later ones: %v, want %v", s, at, after, sees)
			}
		}
	}
}

// Between the channels of a pixel: red sees neither of the others, green sees red,
// blue both.
func TestPixelColours(t *testing.T) {
	c := layers.PixelCNN{Channels: 3, Levels: 4, Filters: 32, Blocks: 1, Kernel: 3}
	f := randomPixels(c).NewForward(3, 3)
	levels := randomLevels(c, 3, 3, 2)
	want := logitsOf(f, c, levels)
	const pixel = 4 // in the middle
	for g := range 3 {
		var sees [3]bool
		for v := range uint8(c.Levels) {
			edited := slices.Clone(levels)
			edited[pixel*3+g] = v
			got := logitsOf(f, c, edited)
			for k := range 3 {
				sees[k] = sees[k] || testkit.Diff(got[pixel*3+k], want[pixel*3+k]) != ""
			}
		}
		if want := [3]bool{false, g < 1, g < 2}; sees != want {
			t.Errorf("channel %d is seen by red, green, blue: %v, want %v", g, sees, want)
		}
	}
}

// positive returns a network that passes on whatever it sees: weights are
// positive and biases 0, so an image of zeros has logits 0, and one level in it
// gives logits above 0 wherever it is seen.
func positive(c layers.PixelCNN) *layers.PixelNet {
	n := layers.NewPixelNet(c)
	for _, l := range n.Convs() {
		w, b := l.Weights()
		for i := range w {
			w[i] = 0.5
		}
		l.SetWeights(w, b)
	}
	return n
}

// seen returns the offsets from pixel (r, c) of what its logits depend on.
func seen(n *layers.PixelNet, height, width, r, c int) map[[2]int]bool {
	f := n.NewForward(height, width)
	list := make(map[[2]int]bool)
	levels := make([]uint8, height*width)
	for i := range levels {
		levels[i] = 1
		if logitsOf(f, n.Spec.(layers.PixelCNN), levels)[r*width+c][0] > 0 {
			list[[2]int{i/width - r, i%width - c}] = true
		}
		levels[i] = 0
	}
	return list
}

// The receptive field of the reference chapter's model and its blind spot, worked out
// by hand. From a pixel's own row up, the largest column offset that it sees:
var staircase = []int{-1, 3, 4, 5, 6, 7, 8, 8, 8}

func TestPixelReceptiveField(t *testing.T) {
	c := chapter
	c.Filters = 2 // the more there are, the more weights sum up, no more is seen
	net := positive(c)
	const height, width, row, col = 12, 22, 10, 10 // wider than the field on all sides
	field := seen(net, height, width, row, col)
	if len(field) != 129 {
		t.Errorf("%d pixels are seen, want 129", len(field))
	}
	for r := range height {
		for c := range width {
			dy, dx := r-row, c-col
			want := -len(staircase) < dy && dy <= 0 && -8 <= dx && dx <= staircase[max(-dy, 0)%len(staircase)]
			if got := field[[2]int{dy, dx}]; got != want {
				t.Errorf("the pixel at (%d, %d) from it is seen: %v, want %v", dy, dx, got, want)
			}
		}
	}
	// The first pixel sees nothing, the last one what is there of its field.
	if got := seen(net, 5, 6, 0, 0); len(got) != 0 {
		t.Errorf("pixel (0, 0) sees %v", got)
	}
	if got := seen(net, 5, 6, 4, 5); len(got) != 5*6-1 {
		t.Errorf("the last of 5×6 pixels sees %d, want 29", len(got))
	}

	// As far as rows of a wavefront are apart. From the table: a lag of 4, for a pixel
	// sees 3 columns further right in the row above, and no more than 4 more in each
	// row above that. With a lag of 3 it would be drawn together with one that it sees.
	for dy, dx := range staircase {
		if dy > 0 && dx >= 4*dy {
			t.Errorf("a lag of 4 is too small in row %d", -dy)
		}
	}
}

// Steps of the wavefront: W + lag·(H-1), and at most so many rows at once.
func TestPixelWavefrontSteps(t *testing.T) {
	for _, s := range []struct {
		kernel, blocks, images, height, width int
		steps, rows                           int
	}{
		{7, 5, 1, 16, 16, 76, 4},
		{7, 5, 16, 16, 16, 76, 4},
		{5, 2, 2, 9, 20, 20 + 3*8, 7},
		{3, 2, 1, 9, 20, 20 + 2*8, 9},
		{1, 1, 1, 9, 20, 20 + 2*8, 9},
		{7, 1, 1, 3, 30, 30 + 4*2, 3},
		{7, 1, 1, 7, 2, 7 * 2, 1}, // a row is over before the next may begin
		{7, 1, 1, 1, 1, 1, 1},
		{3, 1, 1, 50, 640, 640 + 20*49, 32}, // of wide ones, no more rows at once
	} {
		n := layers.NewPixelNet(layers.PixelCNN{Channels: 1, Levels: 2, Filters: 2, Blocks: s.blocks, Kernel: s.kernel})
		w := n.NewWavefront(s.images, s.height, s.width)
		for range 2 {
			steps, rows, pixels := 0, 0, 0
			for w.Next() {
				steps++
				rows = max(rows, w.Rows())
				pixels += w.Rows()
			}
			if steps != s.steps || rows != s.rows || pixels != s.height*s.width {
				t.Errorf("%+v: %d steps, at most %d rows, %d pixels", s, steps, rows, pixels)
			}
			if w.Next() {
				t.Errorf("%+v: Next goes on after the end", s)
			}
			w.Reset()
		}
	}
}
