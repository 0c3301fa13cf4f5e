package autoreg

import (
	"context"
	"errors"
	"iter"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// manyImages returns n images.
func manyImages(m *ImageModel, height, width, n int) (list [][]uint8) {
	for i := range n {
		list = append(list, randomLevels(m, height, width, uint64(i)))
	}
	return list
}

// Score against a canvas's logits and float64; the same bits on every number of
// threads and instruction set.
func TestImageScore(t *testing.T) {
	for _, channels := range []int{1, 3} {
		m := smallPixels(channels)
		for _, size := range [][2]int{{0, 0}, {3, 8}, {1, 1}} {
			height, width := size[0], size[1]
			if height == 0 {
				height, width = m.Size()
			}
			for _, n := range []int{1, 3, 4, 17} {
				images := manyImages(m, height, width, n)
				want := 0.0
				c, logits := newCanvas(t, m, height, width), make([]float32, m.Levels())
				for _, levels := range images {
					for c.Reset(); !c.Done(); {
						c.Logits(logits)
						next := levels[len(c.Levels(nil))]
						want -= logProb(logits, next)
						c.Advance(int(next))
					}
				}
				var first Score
				testkit.EachISA(t, func(t *testing.T, isa string) {
					for threads := range 6 {
						got, err := m.Score(t.Context(), slices.Values(images), &ScoreOptions{Height: size[0], Width: size[1], Threads: threads})
						if err != nil {
							t.Fatal(err)
						}
						values := n * height * width * channels
						// Each of about 1.4 is rounded to 2^-23 twice or so.
						if got.Items != n || got.Symbols != values || math.Abs(got.Loss-want) > 3e-7*float64(values) {
							t.Errorf("%s: %v, %d threads: %+v; want %d images, %d values, loss %v", isa, size, threads, got, n, values, want)
						}
						if first.Items == 0 {
							first = got
						}
						if got != first {
							t.Errorf("%s: %v, %d threads: %+v, before it was %+v", isa, size, threads, got, first)
						}
						if mean := want / float64(values); math.Abs(got.Mean()-mean) > 1e-6 || math.Abs(got.Bits()-mean/math.Log(2)) > 1e-6 {
							t.Errorf("Mean %v, Bits %v; want %v nats", got.Mean(), got.Bits(), mean)
						}
					}
				})
			}
		}
	}
}

// Large images, of which only some rows are in memory, have the score of those that
// go through whole: the same float32 values, added up in the same order.
func TestImageScoreLarge(t *testing.T) {
	for _, m := range []*ImageModel{randomPixels(model.PixelConfig{Height: 6, Width: 5, PixelSpec: layers.PixelCNN{
		Channels: 3, Levels: 3, Filters: 6, Blocks: 1, Kernel: 5,
	}}), randomPixels(model.PixelConfig{Height: 6, Width: 5, PixelSpec: layers.PixelCNN{
		Channels: 1, Levels: 3, Filters: 6, Blocks: 1, Kernel: 5,
	}}), mixtureModel(1), mixtureModel(3)} {
		const height, width, large = 36, 130, 2048
		net := m.pixel.Net
		for _, size := range []struct {
			side  int
			whole bool
		}{{64, true}, {large, false}} {
			s, thread := &imageScorer{model: m, height: size.side, width: size.side}, &scoreThread{}
			if s.equip(thread); (thread.forward != nil) != size.whole || (thread.wavefront != nil) == size.whole {
				t.Errorf("images of %[1]d×%[1]d are scored whole: %v, want %v", size.side, thread.forward != nil, size.whole)
			}
		}
		s := &imageScorer{ctx: t.Context(), model: m, height: height, width: width}
		losses := make([]float64, height*width*net.NewHead().LossesPerPixel())
		whole := &scoreThread{head: net.NewHead(), losses: losses, forward: net.NewForward(height, width)}
		rows := &scoreThread{head: net.NewHead(), losses: slices.Clone(losses), wavefront: net.NewWavefront(1, height, width)}
		for i, levels := range manyImages(m, height, width, 2) {
			if a, b := s.whole(whole, levels, 0), s.inRows(rows, levels, 0); a != b || !slices.Equal(whole.losses, rows.losses) {
				t.Errorf("%d channels: image %d: %v whole, %v in rows", m.Channels(), i, a, b)
			}
		}
	}
}

// A file of a few hundred bytes may say that its images are as large as can be. What
// one takes to score is a few bytes a level, not all feature maps of all pixels.
func TestImageScoreMemory(t *testing.T) {
	m := randomPixels(model.PixelConfig{Height: 1024, Width: 128, PixelSpec: layers.PixelCNN{
		Channels: 1, Levels: 2, Filters: 64, Blocks: 1, Kernel: 3,
	}})
	image := make([]uint8, 1024*128)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := m.Score(t.Context(), slices.Values([][]uint8{image}), &ScoreOptions{Threads: 1})
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	// The levels, and a float32 for each as input and for its loss; 65 values a pixel
	// of some rows.
	if used, limit := after.TotalAlloc-before.TotalAlloc, uint64(4<<20); used > limit {
		t.Errorf("%d bytes allocated for an image of %d levels, limit %d", used, len(image), limit)
	}
}

// Zero weights know nothing: each level costs ln L.
func TestImageScoreUniform(t *testing.T) {
	m := smallPixels(1)
	for _, l := range m.pixel.Net.Convs() {
		w, b := l.Weights()
		clear(w)
		clear(b)
		l.SetWeights(w, b)
	}
	got, err := m.Score(t.Context(), slices.Values(manyImages(m, 6, 5, 3)), nil)
	if err != nil || math.Abs(got.Bits()-2) > 1e-6 {
		t.Errorf("Score = %+v, %v, %v bits; want 2", got, err, got.Bits())
	}
}

// An image may be written over once the next one is asked for.
func TestImageScoreReuse(t *testing.T) {
	m := smallPixels(3)
	images := manyImages(m, 6, 5, 11)
	want, err := m.Score(t.Context(), slices.Values(images), nil)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]uint8, 90)
	got, err := m.Score(t.Context(), func(yield func([]uint8) bool) {
		for _, levels := range images {
			copy(buf, levels)
			if !yield(buf) {
				return
			}
		}
	}, &ScoreOptions{Threads: 2})
	if err != nil || got != want {
		t.Errorf("in one buffer %+v, %v; want %+v", got, err, want)
	}
}

func TestImageScoreErrors(t *testing.T) {
	m := smallPixels(1)
	good := manyImages(m, 6, 5, 3)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	high := slices.Clone(good[0])
	high[29] = 4
	for _, c := range []struct {
		name   string
		ctx    context.Context
		images iter.Seq[[]uint8]
		o      ScoreOptions
		is     error
		want   string
	}{
		{"canceled", canceled, slices.Values(good), ScoreOptions{}, context.Canceled, ""},
		{"no images", t.Context(), slices.Values([][]uint8(nil)), ScoreOptions{}, ErrNothingToScore, "autoreg: nothing to score: there are no images"},
		{"threads", t.Context(), slices.Values(good), ScoreOptions{Threads: -1}, nil, "Threads is -1"},
		{"tokens", t.Context(), slices.Values(good), ScoreOptions{Length: 5}, nil, "Length is 5: it is for texts, leave it at 0"},
		{"height", t.Context(), slices.Values(good), ScoreOptions{Height: 3}, nil, "width 0 and height 3"},
		{"size", t.Context(), slices.Values(good), ScoreOptions{Height: 1, Width: 5000}, nil, "want 1 to 4096"},
		{"length", t.Context(), slices.Values([][]uint8{good[0], good[1][1:]}), ScoreOptions{}, nil, "image 2: 29 levels: want 30, for 5×6 pixels of 1"},
		{"other size", t.Context(), slices.Values(good), ScoreOptions{Height: 5, Width: 5}, nil, "image 1: 30 levels: want 25"},
		{"level", t.Context(), slices.Values([][]uint8{good[0], good[1], good[2], good[0], good[0], high}), ScoreOptions{Threads: 1}, nil, "image 6: level 29 is 4: want 0 to 3"},
	} {
		_, err := m.Score(c.ctx, c.images, &c.o)
		if err == nil || c.is != nil && !errors.Is(err, c.is) || c.want != "" && (!strings.HasPrefix(err.Error(), "autoreg: ") || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v; want %v %s", c.name, err, c.is, c.want)
		}
	}
	// It stops asking where it fails.
	asked := 0
	if _, err := m.Score(t.Context(), func(yield func([]uint8) bool) {
		for asked = 1; yield(high); asked++ {
		}
	}, nil); err == nil || asked != 1 {
		t.Errorf("%v after %d images", err, asked)
	}
}
