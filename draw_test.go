package autoreg

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
)

// The promise: whatever is drawn together, on however many threads, an image is
// the naive one to the bit, and so is what a Canvas draws.
func TestDrawEqualsNaive(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, channels := range []int{1, 3} {
			m := smallPixels(channels)
			all := make(map[string]bool)
			most := 17 // images
			if testing.Short() {
				most = 5
			}
			if testkit.RaceEnabled {
				most = 3
			}
			for i, o := range paintOptions(m) {
				var want []Image
				for n := range most {
					want = append(want, naive(m, &o, n))
					all[string(want[n].Levels)] = true
				}
				check := func(how string, got, want []Image) {
					t.Helper()
					if len(got) != len(want) {
						t.Fatalf("%s, %d channels, options %d: %s: %d images, want %d", isa, channels, i, how, len(got), len(want))
					}
					for k, g := range got {
						w := want[k]
						if g.Number != w.Number || g.Height != w.Height || g.Width != w.Width || !slices.Equal(g.Levels, w.Levels) {
							t.Fatalf("%s, %d channels, options %d: %s:\n%v, the naive one is\n%v", isa, channels, i, how, g, w)
						}
						// Each ln p is rounded to float32 twice or so.
						if math.Abs(g.KnownLogProb-w.KnownLogProb) > 1e-6*float64(len(g.Levels)) {
							t.Errorf("%s, %d channels, options %d: %s: KnownLogProb = %v, want %v", isa, channels, i, how, g.KnownLogProb, w.KnownLogProb)
						}
					}
				}
				for _, count := range []int{1, min(3, most-1), most} {
					for threads := 1; threads <= 3; threads++ {
						o.Count, o.Threads = count, threads
						got, err := m.Draw(t.Context(), &o)
						if err != nil {
							t.Fatal(err)
						}
						check(fmt.Sprint(count, " images on ", threads, " threads"), got, want[:count])
					}
				}
				o.First, o.Count, o.Threads = most/2, most-most/2, 0
				got, err := m.Draw(t.Context(), &o)
				if err != nil {
					t.Fatal(err)
				}
				check("from the middle on", got, want[most/2:])
				check("on canvases", canvases(t, m, &o), want[most/2:])
			}
			if len(all) < 5*most {
				t.Errorf("%d channels: only %d different images", channels, len(all))
			}
		}
	})
}

// canvases draws what o asks for, one image after the other on one Canvas.
func canvases(t *testing.T, m *ImageModel, o *DrawOptions) (list []Image) {
	c, err := m.NewCanvas(o.Height, o.Width)
	if err != nil {
		t.Error(err)
		return nil
	}
	var ts []sampler.Transform
	if o.TopK > 0 {
		ts = append(ts, sampler.TopK(o.TopK))
	}
	if o.Temperature != nil {
		ts = append(ts, sampler.Temperature(*o.Temperature))
	}
	chain := sampler.New(o.Seed, ts...)
	logits := make([]float32, c.Symbols())
	for n := o.First; n < o.First+o.Count; n++ {
		c.Reset()
		p := Image{Number: n, Height: c.height, Width: c.width}
		if o.Mask == nil {
			rows := 0
			for row, err := range c.Draw(t.Context(), chain, uint64(n)) {
				if err != nil || row != rows {
					t.Errorf("Draw yields %d, %v; want row %d", row, err, rows)
					return nil
				}
				rows++
			}
			if rows != c.height {
				t.Errorf("Draw yields %d rows of %d", rows, c.height)
				return nil
			}
		}
		for slot := 0; !c.Done(); slot++ {
			c.Logits(logits)
			if o.Mask[slot/m.Channels()] {
				p.KnownLogProb += logProb(logits, o.Known[slot])
				c.Advance(int(o.Known[slot]))
				continue
			}
			chain.Seek(uint64(n), uint64(slot))
			c.Advance(chain.Sample(logits))
		}
		p.Levels = c.Levels(nil)
		list = append(list, p)
	}
	return list
}

// The chapter's model at its full size.
func TestDrawChapter(t *testing.T) {
	if testing.Short() {
		t.Skip("hundreds of whole images")
	}
	m := chapterPixels()
	got, err := m.Draw(t.Context(), &DrawOptions{Seed: 1, Count: 2})
	if err != nil {
		t.Fatal(err)
	}
	for n, p := range got {
		if want := naive(m, &DrawOptions{Seed: 1}, n); !slices.Equal(p.Levels, want.Levels) {
			t.Errorf("image %d is\n%v, the naive one\n%v", n, p.Levels, want.Levels)
		}
	}
}

// chapterPixels returns a model of the reference chapter's shape.
func chapterPixels() *ImageModel {
	return randomPixels(model.PixelConfig{Height: 16, Width: 16, PixelSpec: layers.PixelCNN{
		Channels: 1, Levels: 4, Filters: 128, Blocks: 5, Kernel: 7,
	}})
}

// Large images go forward one by one, with more rows at a time; they are the same.
func TestDrawLarge(t *testing.T) {
	m := randomPixels(model.PixelConfig{Height: 6, Width: 5, PixelSpec: layers.PixelCNN{
		Channels: 1, Levels: 2, Filters: 4, Blocks: 1, Kernel: 3,
	}})
	o := &DrawOptions{Seed: 1, Height: 130, Width: 520, Count: 2, Threads: 1}
	if testing.Short() {
		o.Height, o.Width = 40, 140 // together, but no more rows
	}
	got, err := m.Draw(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range canvases(t, m, o) {
		if !slices.Equal(got[i].Levels, want.Levels) {
			t.Errorf("image %d differs from a canvas'", i)
		}
	}
}

// The last image numbers there are.
func TestDrawLast(t *testing.T) {
	m := smallPixels(1)
	o := DrawOptions{First: math.MaxInt - 3, Count: 3}
	got, err := m.Draw(t.Context(), &o)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range got {
		if want := naive(m, &o, o.First+i); p.Number != o.First+i || !slices.Equal(p.Levels, want.Levels) {
			t.Errorf("image %d is %v, want %v", o.First+i, p, want)
		}
	}
}

// Where all is known nothing is drawn, and its log-probability is what Score says.
func TestDrawAllKnown(t *testing.T) {
	for _, channels := range []int{1, 3} {
		m := smallPixels(channels)
		known := randomLevels(m, 6, 5, 1)
		got, err := m.Draw(t.Context(), &DrawOptions{Known: known, Mask: randomMask(6, 5, 1, 1), Temperature: new(0.3), Count: 2})
		if err != nil {
			t.Fatal(err)
		}
		score, err := m.Score(t.Context(), slices.Values([][]uint8{known}), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range got {
			// The same float32 values, added up in the same order.
			if !slices.Equal(p.Levels, known) || p.KnownLogProb != -score.Loss {
				t.Errorf("%d channels: %v with ln p %v, want %v and %v", channels, p.Levels, p.KnownLogProb, known, -score.Loss)
			}
		}
		// Known and Mask are the caller's; nothing of them is kept or changed.
		got[0].Levels[0]++
		if slices.Equal(got[0].Levels, known) || !slices.Equal(got[1].Levels, known) {
			t.Error("images share memory")
		}
	}
}

// OnRow is called for each row of each image once, from top to bottom, when it is complete.
func TestDrawOnRow(t *testing.T) {
	for _, size := range [][2]int{{6, 5}, {1, 1}, {5, 1}, {3, 17}} {
		for threads := 1; threads <= 3; threads++ {
			m := smallPixels(3)
			rows := make(map[int]int)
			seen := make(map[int][]uint8)
			line := 3 * size[1]
			o := &DrawOptions{Height: size[0], Width: size[1], First: 4, Count: 19, Threads: threads}
			o.OnRow = func(image, row int, levels []uint8) { // calls come one at a time: else -race finds it
				if row != rows[image] || len(levels) != size[0]*line {
					t.Errorf("%v: image %d: row %d with %d levels after %d rows", size, image, row, len(levels), rows[image])
				}
				rows[image]++
				seen[image] = append(seen[image], levels[row*line:(row+1)*line]...)
				if !slices.Equal(seen[image], levels[:(row+1)*line]) {
					t.Errorf("%v: image %d: rows seen before have changed", size, image)
				}
			}
			got, err := m.Draw(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range got {
				if !slices.Equal(seen[p.Number], p.Levels) {
					t.Errorf("%v: image %d: the rows are\n%v, it is\n%v", size, p.Number, seen[p.Number], p.Levels)
				}
			}
			if len(seen) != 19 {
				t.Errorf("%v: rows of %d images, want 19", size, len(seen))
			}
		}
	}
}

func TestDrawCanceled(t *testing.T) {
	m := smallPixels(1)
	for threads := 1; threads <= 3; threads++ {
		canceled, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("the phone rang"))
		late, stop := context.WithDeadline(t.Context(), time.Unix(0, 0))
		defer stop()
		for want, ctx := range map[error]context.Context{context.Canceled: canceled, context.DeadlineExceeded: late} {
			if got, err := m.Draw(ctx, &DrawOptions{Count: 5, Threads: threads}); got != nil || err != want {
				t.Errorf("Draw = %v, %v; want %v", got, err, want)
			}
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		rows := 0
		o := &DrawOptions{Count: 64, Threads: threads, OnRow: func(_, row int, _ []uint8) {
			if rows++; row == 2 {
				cancel(nil)
			}
		}}
		if got, err := m.Draw(ctx, o); got != nil || err != context.Canceled {
			t.Errorf("Draw = %v, %v; want %v", got, err, context.Canceled)
		}
		if all := 64 * 6; rows == all {
			t.Errorf("all %d rows were drawn", all)
		}
	}
}

// Weights of any value load; where they spoil the logits Draw ends with an error.
func TestDrawBrokenWeights(t *testing.T) {
	for _, channels := range []int{1, 3} {
		for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), math.MaxFloat32, -math.MaxFloat32} {
			for i := range smallPixels(channels).pixel.Net.Convs() {
				m := smallPixels(channels)
				l := m.pixel.Net.Convs()[i]
				w, b := l.Weights()
				for j := range w {
					w[j] = v
				}
				l.SetWeights(w, b)
				for threads := 1; threads <= 3; threads += 2 {
					for _, o := range []DrawOptions{{}, {TopK: 2}, {Temperature: new(0.0)}, {Temperature: new(1e-40)}} {
						o.Count, o.Threads = 17, threads
						got, err := m.Draw(t.Context(), &o)
						if err != nil && err != sampler.ErrNoSymbol || (err == nil) == (got == nil) || err == nil && v != v {
							t.Errorf("%s = %v: Draw = %v, %v", l.Name, v, got, err)
						}
					}
				}
				known := randomLevels(m, 6, 5, 1)
				got, err := m.Draw(t.Context(), &DrawOptions{Known: known, Mask: randomMask(6, 5, 1, 1)})
				if err != nil || !slices.Equal(got[0].Levels, known) || v != v && !math.IsNaN(got[0].KnownLogProb) {
					t.Errorf("%s = %v: all known: Draw = %v, %v", l.Name, v, got, err)
				}
				c, err := m.NewCanvas(0, 0)
				if err != nil {
					t.Fatal(err)
				}
				for row, err := range c.Draw(t.Context(), sampler.New(1), 0) {
					if err != nil && (err != sampler.ErrNoSymbol || row != -1) || err == nil && v != v {
						t.Errorf("%s = %v: Draw yields %d, %v", l.Name, v, row, err)
					}
				}
				if score, err := m.Score(t.Context(), slices.Values([][]uint8{known}), nil); err != nil || v != v && !math.IsNaN(score.Bits()) {
					t.Errorf("%s = %v: Score = %v, %v", l.Name, v, score, err)
				}
			}
		}
	}
}

func TestDrawErrors(t *testing.T) {
	m := smallPixels(3)
	known, mask := randomLevels(m, 6, 5, 1), randomMask(6, 5, 0.5, 1)
	high := slices.Clone(known)
	high[7] = 4
	for _, c := range []struct {
		o    DrawOptions
		want string
	}{
		{DrawOptions{Count: -1}, "Count is -1: want 1 or more"},
		{DrawOptions{Count: math.MaxInt}, "so many images take more than"},
		{DrawOptions{First: -1}, "First is -1: want 0 or more"},
		{DrawOptions{First: math.MaxInt}, "First is"},
		{DrawOptions{Threads: -2}, "Threads is -2: want 1 or more"},
		{DrawOptions{Height: 7}, "width 0 and height 7"},
		{DrawOptions{Width: 7}, "width 7 and height 0"},
		{DrawOptions{Height: -1, Width: 4}, "width 4 and height -1"},
		{DrawOptions{Height: 4, Width: 4097}, "want 1 to 4096"},
		{DrawOptions{Height: math.MaxInt, Width: math.MaxInt}, "want 1 to 4096"},
		{DrawOptions{Temperature: new(-1.0)}, "emperature"},
		{DrawOptions{Temperature: new(math.NaN())}, "emperature"},
		{DrawOptions{Temperature: new(math.Inf(1))}, "emperature"},
		{DrawOptions{TopK: -1}, "-1"},
		{DrawOptions{Known: known}, "Known and Mask go together"},
		{DrawOptions{Mask: mask}, "Known and Mask go together"},
		{DrawOptions{Known: known, Mask: mask[:29]}, "Mask has 29 elements: want 30"},
		{DrawOptions{Known: known, Mask: mask, Height: 5, Width: 5}, "Mask has 30 elements: want 25"},
		{DrawOptions{Known: known[:89], Mask: mask}, "Known: 89 levels: want 90"},
		{DrawOptions{Known: []uint8{}, Mask: mask}, "Known: 0 levels: want 90"},
		{DrawOptions{Known: high, Mask: mask}, "Known: level 7 is 4: want 0 to 3"},
	} {
		got, err := m.Draw(t.Context(), &c.o)
		if got != nil || err == nil || !strings.HasPrefix(err.Error(), "autoreg: ") || strings.Count(err.Error(), "autoreg: ")+strings.Count(err.Error(), "sampler: ") != 1 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: Draw = %v, %v; want an error with %q", c.o, got, err, c.want)
		}
	}
	if got, err := m.Draw(t.Context(), nil); err != nil || len(got) != 1 || !slices.Equal(got[0].Levels, naive(m, &DrawOptions{}, 0).Levels) {
		t.Errorf("without options: %v, %v", got, err)
	}
}

// One ImageModel, many goroutines: each gets what it would get alone.
func TestConcurrentDraw(t *testing.T) {
	m := smallPixels(3)
	options := func(i int) *DrawOptions {
		o := &paintOptions(m)[i]
		o.Count, o.Threads = 3, 1+i%3
		return o
	}
	n := len(paintOptions(m))
	want, scores := make([][]Image, n), make([]Score, n)
	images := func(i int) func(func([]uint8) bool) {
		return slices.Values([][]uint8{randomLevels(m, 6, 5, uint64(i)), randomLevels(m, 6, 5, uint64(i+1))})
	}
	for i := range n {
		var err error
		if want[i], err = m.Draw(t.Context(), options(i)); err != nil {
			t.Fatal(err)
		}
		if scores[i], err = m.Score(t.Context(), images(i), nil); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			got, err := m.Draw(t.Context(), options(i))
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want[i]) {
				t.Errorf("goroutine %d drew %v, %v", i, got, err)
			}
			if score, err := m.Score(t.Context(), images(i), nil); err != nil || score != scores[i] {
				t.Errorf("goroutine %d scored %v, %v", i, score, err)
			}
			for k, p := range canvases(t, m, options(i)) {
				if !slices.Equal(p.Levels, want[i][k].Levels) {
					t.Errorf("goroutine %d drew %v", i, p)
				}
			}
		})
	}
	wg.Wait()
}

// Draw allocates for an image, not for its pixels.
func TestDrawAllocs(t *testing.T) {
	if testkit.RaceEnabled {
		t.Skip("the race detector allocates")
	}
	m := smallPixels(3)
	count := func(size int) float64 {
		least := math.Inf(1)
		o := &DrawOptions{Height: size, Width: size, Threads: 1, TopK: 2, OnRow: func(int, int, []uint8) {}}
		for range 5 {
			least = min(least, testing.AllocsPerRun(1, func() {
				if _, err := m.Draw(context.Background(), o); err != nil {
					t.Fatal(err)
				}
			}))
		}
		return least
	}
	if small, large := count(4), count(32); large > small {
		t.Errorf("%v allocations for 4×4 pixels, %v for 32×32", small, large)
	}
}
