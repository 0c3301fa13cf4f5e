package layers_test

import (
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// A fork and its source go on as if each had been alone, wherever the fork is made:
// in the middle of a row or of a pixel, with logits computed or not, into a state
// that is new or stands elsewhere.
func TestPixelFork(t *testing.T) {
	for _, s := range []struct {
		layers.PixelCNN
		height, width int
	}{
		{layers.PixelCNN{Channels: 1, Levels: 4, Filters: 10, Blocks: 2, Kernel: 5}, 5, 4},
		{layers.PixelCNN{Channels: 3, Levels: 3, Filters: 9, Blocks: 2, Kernel: 3}, 4, 3},
	} {
		net := randomPixels(s.PixelCNN)
		f := net.NewForward(s.height, s.width)
		size := s.height * s.width * s.Channels
		mine, other := randomLevels(s.PixelCNN, s.height, s.width, 1), randomLevels(s.PixelCNN, s.height, s.width, 2)
		want := logitsOf(f, s.PixelCNN, mine)
		used := net.NewState(s.height, s.width)
		for at := range size + 1 {
			forked := append(append([]uint8(nil), mine[:at]...), other[at:]...)
			wantForked := logitsOf(f, s.PixelCNN, forked)
			for scored := range 2 {
				src, fork, got := net.NewState(s.height, s.width), net.NewState(s.height, s.width), make([]float32, s.Levels)
				if scored == 1 {
					fork = used // wherever the last round left it
				}
				for _, v := range mine[:at] {
					src.Advance(int(v))
				}
				if scored == 1 && at < size {
					src.Logits(got)
				}
				fork.CopyFrom(src)
				fork.CopyFrom(fork)
				if fork.Next() != at || string(fork.Levels()) != string(mine[:at]) {
					t.Fatalf("%+v: a fork at level %d stands at %d with levels %v", s, at, fork.Next(), fork.Levels())
				}
				for i := at; i < size; i++ {
					fork.Logits(got)
					if d := testkit.Diff(got, wantForked[i]); d != "" {
						t.Fatalf("%+v: forked at level %d: the fork's logits of level %d: %s", s, at, i, d)
					}
					fork.Advance(int(forked[i]))
					src.Logits(got)
					if d := testkit.Diff(got, want[i]); d != "" {
						t.Fatalf("%+v: forked at level %d: the source's logits of level %d: %s", s, at, i, d)
					}
					src.Advance(int(mine[i]))
				}
				if string(fork.Levels()) != string(forked) || string(src.Levels()) != string(mine) || !fork.Done() || !src.Done() {
					t.Errorf("%+v: forked at level %d: fork %v, source %v", s, at, fork.Levels(), src.Levels())
				}
			}
			used.Reset()
			for _, v := range other[:size-at] {
				used.Advance(int(v))
			}
		}
	}
}

// What an image under way takes: the ceilings.
func TestPixelBytes(t *testing.T) {
	net := layers.NewPixelNet(chapter)
	if got := net.NewState(16, 16).Bytes(); got > 48_000 {
		t.Errorf("a state of 16×16 pixels takes %d bytes, want at most 48000", got)
	}
	if got := net.NewWavefront(1, 16, 16).Bytes(); got > 160_000 {
		t.Errorf("a wavefront of 16×16 pixels takes %d bytes, want at most 160000", got)
	}
	// Beyond the inputs themselves, it grows with the width, not with the area.
	caches := func(height, width int) int {
		return net.NewWavefront(1, height, width).Bytes() - 4*(height+3)*(width+3)
	}
	if a, b := caches(1024, 256), caches(1024, 1024); b > 4*a {
		t.Errorf("a wavefront of 4 times the width takes %d bytes beside the inputs, was %d", b, a)
	}
	if a, b := caches(512, 512), caches(1024, 512); a != b {
		t.Errorf("a wavefront of twice the height takes %d bytes beside the inputs, was %d", b, a)
	}
}

// StateBytes and WavefrontBytes are the bytes allocated, to the byte, and do not
// overflow.
func TestPixelBytesPredicted(t *testing.T) {
	for _, c := range []layers.PixelCNN{
		chapter,
		{Channels: 1, Levels: 2, Filters: 2, Blocks: 0, Kernel: 1},
		{Channels: 3, Levels: 5, Filters: 7, Blocks: 0, Kernel: 5},
		{Channels: 3, Levels: 4, Filters: 12, Blocks: 3, Kernel: 3},
	} {
		net := layers.NewPixelNet(c)
		for _, size := range [][2]int{{1, 1}, {1, 300}, {300, 1}, {5, 7}, {16, 16}, {40, 129}} {
			h, w := size[0], size[1]
			if got, want := net.StateBytes(h, w), net.NewState(h, w).Bytes(); got != int64(want) {
				t.Errorf("%+v: StateBytes(%d, %d) = %d, allocated are %d", c, h, w, got, want)
			}
			for _, images := range []int{1, 3} {
				if got, want := net.WavefrontBytes(images, h, w), net.NewWavefront(images, h, w).Bytes(); got != int64(want) {
					t.Errorf("%+v: WavefrontBytes(%d, %d, %d) = %d, allocated are %d", c, images, h, w, got, want)
				}
			}
		}
	}
	net := layers.NewPixelNet(layers.PixelCNN{Channels: 3, Levels: 2, Filters: 8, Blocks: 5, Kernel: 1})
	if got := net.WavefrontBytes(1000, 4096, 4096); got < 1000*4096*4096*3*4 {
		t.Errorf("WavefrontBytes of a thousand large images = %d", got)
	}
}

func TestPixelNoAllocs(t *testing.T) {
	for _, c := range []layers.PixelCNN{
		{Channels: 1, Levels: 4, Filters: 16, Blocks: 2, Kernel: 7},
		{Channels: 3, Levels: 4, Filters: 12, Blocks: 1, Kernel: 3},
	} {
		net := randomPixels(c)
		const height, width = 10, 12
		levels := randomLevels(c, height, width, 1)
		s, fork, dst := net.NewState(height, width), net.NewState(height, width), make([]float32, c.Levels)
		testkit.NoAllocs(t, func() {
			for i, v := range levels {
				s.Logits(dst)
				s.Advance(int(v))
				if i%7 == 0 {
					fork.CopyFrom(s)
				}
			}
			s.Reset()
		})
		w := net.NewWavefront(3, height, width)
		testkit.NoAllocs(t, func() {
			for w.Next() {
				for g := range c.Channels {
					w.Features(g)
					w.Head(g)
					for i := range w.Rows() {
						r, col := w.Pixel(i)
						for k := range w.Images() {
							w.Logits(dst, i, k, g)
							w.Set(i, k, g, int(levels[(r*width+col)*c.Channels+g]))
						}
					}
				}
			}
			w.Reset()
		})
		f := net.NewForward(height, width)
		testkit.NoAllocs(t, func() {
			for range 10 {
				f.Outputs(levels)
			}
		})
	}
}
