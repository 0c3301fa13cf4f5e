package autoreg

import (
	"context"
	"fmt"
	"image/color"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/sampler"
)

var _ sampler.Source = (*Canvas)(nil)

func newCanvas(t testing.TB, m *ImageModel, height, width int) *Canvas {
	t.Helper()
	c, err := m.NewCanvas(height, width)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A canvas's logits are those of the whole image, at every place; it knows where it
// stands.
func TestCanvasSource(t *testing.T) {
	for _, channels := range []int{1, 3} {
		m := smallPixels(channels)
		for _, size := range [][2]int{{0, 0}, {3, 7}, {1, 1}} {
			c := newCanvas(t, m, size[0], size[1])
			height, width := size[0], size[1]
			if height == 0 {
				height, width = 6, 5
			}
			levels := randomLevels(m, height, width, 1)
			want := m.pixel.Net.NewForward(height, width).Outputs(levels)
			got := make([]float32, c.Symbols())
			for range 2 {
				for i, v := range levels {
					row, column, channel := c.Next()
					if row != i/channels/width || column != i/channels%width || channel != i%channels || c.Done() {
						t.Fatalf("level %d belongs to (%d, %d), channel %d; Done %v", i, row, column, channel, c.Done())
					}
					c.Logits(got)
					at := i/channels*want.Row + i%channels*(want.Cols/channels)
					if d := testkit.Diff(got, want.Data[at:][:4]); d != "" {
						t.Fatalf("logits of level %d: %s", i, d)
					}
					c.Advance(int(v))
					if got := c.Levels(make([]uint8, 0, 100)); !slices.Equal(got, levels[:i+1]) {
						t.Fatalf("levels %v, want %v", got, levels[:i+1])
					}
				}
				if row, column, channel := c.Next(); row != height || column != 0 || channel != 0 || !c.Done() {
					t.Errorf("at the end: (%d, %d), channel %d; Done %v", row, column, channel, c.Done())
				}
				c.Reset()
			}
			// Levels appends a copy.
			c.Advance(3)
			two := c.Levels([]uint8{9})
			if !slices.Equal(two, []uint8{9, 3}) {
				t.Errorf("Levels = %v, want [9 3]", two)
			}
			two[1] = 0
			if got := c.Levels(nil); got[0] != 3 {
				t.Error("Levels gives the canvas's own memory away")
			}
		}
	}
}

// A run draws on a canvas until it is Done.
func TestCanvasRun(t *testing.T) {
	m := smallPixels(3)
	c := newCanvas(t, m, 0, 0)
	var ids []uint8
	chain := sampler.New(3)
	for step, err := range chain.Run(t.Context(), c, nil) {
		if err != nil || (step.Reason == sampler.ReasonComplete) != c.Done() {
			t.Fatalf("%+v, %v; Done %v", step, err, c.Done())
		}
		ids = append(ids, uint8(step.ID))
	}
	if len(ids) != 90 || !slices.Equal(c.Levels(nil), ids) {
		t.Errorf("drew %v, the canvas has %v", ids, c.Levels(nil))
	}
	for step, err := range chain.Run(t.Context(), c, nil) {
		t.Errorf("a complete image yields %+v, %v", step, err)
	}
	// In the order of the chain's own random sequence, as a loop of one's own has it.
	own, x := newCanvas(t, m, 0, 0), make([]float32, 4)
	for chain = sampler.New(3); !own.Done(); {
		own.Logits(x)
		own.Advance(chain.Sample(x))
	}
	if got := own.Levels(nil); !slices.Equal(got, ids) {
		t.Errorf("Run draws %v, Sample %v", ids, got)
	}
}

// Breaking off and drawing again continues the same image; so does a canvas that
// has been filled up to the middle of a pixel.
func TestCanvasDrawResumes(t *testing.T) {
	m := smallPixels(3)
	want := naive(m, &DrawOptions{Seed: 4}, 6).Levels
	chain := sampler.New(4)
	c := newCanvas(t, m, 0, 0)
	for i := range 6 {
		for row, err := range c.Draw(t.Context(), chain, 6) {
			if err != nil || row != i {
				t.Fatalf("row %d, %v; want %d", row, err, i)
			}
			break
		}
	}
	for row, err := range c.Draw(t.Context(), chain, 6) {
		t.Errorf("a complete image yields %d, %v", row, err)
	}
	if got := c.Levels(nil); !slices.Equal(got, want) {
		t.Errorf("in pieces\n%v, at once\n%v", got, want)
	}
	for begin := range want {
		c.Reset()
		for _, v := range want[:begin] {
			c.Advance(int(v))
		}
		next := begin / 15
		for row, err := range c.Draw(t.Context(), chain, 6) {
			if err != nil || row != next {
				t.Fatalf("from level %d: row %d, %v; want %d", begin, row, err, next)
			}
			next++
		}
		if got := c.Levels(nil); !slices.Equal(got, want) {
			t.Errorf("from level %d\n%v, want\n%v", begin, got, want)
		}
	}
}

func TestCanvasDrawErrors(t *testing.T) {
	m := smallPixels(1)
	canceled, cancel := context.WithCancelCause(t.Context())
	cancel(fmt.Errorf("whatever"))
	for want, draw := range map[error]func(c *Canvas) (int, error){
		context.Canceled: func(c *Canvas) (n int, err error) {
			for _, err = range c.Draw(canceled, sampler.New(1), 0) {
				n++
			}
			return n, err
		},
		sampler.ErrNoSymbol: func(c *Canvas) (n int, err error) {
			for _, err = range c.Draw(t.Context(), sampler.New(1, sampler.Exclude(0, 1, 2, 3)), 0) {
				n++
			}
			return n, err
		},
	} {
		c := newCanvas(t, m, 0, 0)
		c.Advance(1)
		if n, err := draw(c); n != 1 || err != want || len(c.Levels(nil)) != 1 {
			t.Errorf("yields %d elements, the last with %v, and stands at %v; want one with %v", n, err, c.Levels(nil), want)
		}
	}
	for _, size := range [][2]int{{0, 3}, {3, 0}, {-1, -1}, {4097, 1}, {1, math.MaxInt}} {
		if c, err := m.NewCanvas(size[0], size[1]); c != nil || err == nil {
			t.Errorf("NewCanvas%v = %v, %v; want an error", size, c, err)
		}
	}
}

func TestCanvasPanics(t *testing.T) {
	m := smallPixels(1)
	c, full := newCanvas(t, m, 2, 2), newCanvas(t, m, 1, 1)
	full.Advance(0)
	for want, call := range map[string]func(){
		"autoreg: Canvas: CopyFrom: different models or sizes":             func() { c.CopyFrom(newCanvas(t, m, 2, 3)) },
		"layers: PixelNet: level out of range":                             func() { c.Advance(4) },
		"layers: PixelState: Advance: the image is complete":               func() { full.Advance(0) },
		"layers: PixelState: Logits: the image is complete":                func() { full.Logits(make([]float32, 4)) },
		"layers: PixelState: Logits: len(dst) is not the number of levels": func() { c.Logits(make([]float32, 5)) },
	} {
		testkit.Panics(t, want, call)
	}
	testkit.Panics(t, "autoreg: Canvas: CopyFrom: different models or sizes", func() { c.CopyFrom(newCanvas(t, smallPixels(1), 2, 2)) })
	testkit.Panics(t, "autoreg: ImageModel: Render: wrong number of levels", func() { m.Render(make([]uint8, 29), 0, 0) })
	testkit.Panics(t, "autoreg: ImageModel: Render: wrong number of levels", func() { m.Render(nil, 0, 4) })
	testkit.Panics(t, "autoreg: ImageModel: Render: level out of range", func() { m.Render([]uint8{4}, 1, 1) })
}

// A fork and its source each continue as if alone.
func TestCanvasFork(t *testing.T) {
	m := smallPixels(3)
	for _, begin := range []int{0, 1, 40, 41, 42, 89, 90} {
		src, fork := newCanvas(t, m, 0, 0), newCanvas(t, m, 0, 0)
		prefix := randomLevels(m, 6, 5, 2)[:begin]
		for _, v := range prefix {
			src.Advance(int(v))
		}
		fork.Advance(1) // to be forgotten
		fork.CopyFrom(src)
		for seed, c := range []*Canvas{src, fork} {
			for _, err := range c.Draw(t.Context(), sampler.New(uint64(seed)), 0) {
				if err != nil {
					t.Fatal(err)
				}
			}
			alone := newCanvas(t, m, 0, 0)
			for _, v := range prefix {
				alone.Advance(int(v))
			}
			for range alone.Draw(t.Context(), sampler.New(uint64(seed)), 0) {
			}
			if !slices.Equal(c.Levels(nil), alone.Levels(nil)) {
				t.Errorf("forked at level %d: canvas %d has\n%v, alone\n%v", begin, seed, c.Levels(nil), alone.Levels(nil))
			}
		}
		if begin < 80 && slices.Equal(src.Levels(nil), fork.Levels(nil)) {
			t.Errorf("forked at level %d: two seeds give the same", begin)
		}
	}
}

// The image so far has what is missing as level 0, which is black.
func TestCanvasImage(t *testing.T) {
	m := smallPixels(3)
	c := newCanvas(t, m, 2, 3)
	for _, v := range []int{3, 0, 1, 2} { // one pixel, and a third of the next
		c.Advance(v)
	}
	img := c.Image()
	if size := img.Bounds().Size(); size.X != 3 || size.Y != 2 {
		t.Fatalf("size %v, want 3×2", size)
	}
	for x, want := range []color.NRGBA{{255, 0, 85, 255}, {170, 0, 0, 255}, {0, 0, 0, 255}} {
		if got := img.NRGBAAt(x, 0); got != want {
			t.Errorf("pixel %d is %v, want %v", x, got, want)
		}
	}
}

// A thousand levels, draws included, allocate nothing.
func TestCanvasNoAllocs(t *testing.T) {
	m := smallPixels(3)
	c, fork, x := newCanvas(t, m, 20, 20), newCanvas(t, m, 20, 20), make([]float32, 4)
	chain := sampler.New(1, sampler.TopK(3), sampler.Temperature(0.8))
	chain.Sample(x) // makes its buffers
	testkit.NoAllocs(t, func() {
		for c.Reset(); !c.Done(); {
			c.Logits(x)
			c.Advance(chain.Sample(x))
		}
		fork.CopyFrom(c)
	})
	// One Draw costs a few allocations, its pixels none.
	if testkit.RaceEnabled {
		return
	}
	least := math.Inf(1)
	for range 5 {
		least = min(least, testing.AllocsPerRun(1, func() {
			c.Reset()
			for _, err := range c.Draw(context.Background(), chain, 1) {
				if err != nil {
					t.Error(err)
				}
			}
		}))
	}
	if least > 5 {
		t.Errorf("Draw: %v allocations for 400 pixels, want at most 5", least)
	}
}
