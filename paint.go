package autoreg

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
)

// PaintOptions choose what is painted. The zero value, or a nil pointer, draws one
// image of the model's size from its own probabilities.
type PaintOptions struct {
	// Temperature divides the scores, see GenerateOptions; nil means 1.
	Temperature *float64
	// TopK draws among the k likeliest levels only; 0 means all.
	TopK int
	// Seed starts the random numbers. Image n of a seed is always the same, with
	// whatever others it is painted.
	Seed uint64

	First int // number of the first image
	Count int // images; 0 means 1

	// Height and Width are of the images; both 0 mean the model's DefaultSize, or, where
	// Known is given, its Size. Each thread takes about 5 bytes a level of the images
	// that it draws together, 16 or fewer, and for each residual block of the model up
	// to 70 bytes a column for each filter.
	Height, Width int

	// Known and Mask complete a given picture: of the levels Known [H·W·C], those of
	// the pixels whose Mask [H·W] is set are kept, the others are drawn in raster
	// order. (A pixel is drawn from those above and left of it; what is known below
	// it has no influence.) Nil means that nothing is known.
	Known []uint8
	Mask  []bool

	// OnRow is called as soon as a row of an image is complete, before Paint
	// returns, with the image's number and its levels [H·W·C] so far, which are good
	// until OnRow returns; rows below may have begun. Calls come one at a time.
	OnRow func(image, row int, levels []uint8)

	Threads int // 0 means one a CPU that Go may use; the images do not depend on it
}

// A Painting is an image that Paint has painted.
type Painting struct {
	Number        int
	Height, Width int
	Levels        []uint8 // [H·W·C]
	// Known is ln p of the levels that were given, each given all before it, in
	// nats; 0 if none were.
	Known float64
}

// paintTogether is how many images of one thread go forward together: enough for
// the products to run at full speed. Large images have more rows under way, and need
// more memory: they go together as long as they have paintPixels in all.
const (
	paintTogether = 16
	paintPixels   = 1 << 16
)

// maxPaintings bounds the levels of all images of one call.
const maxPaintings = 1 << 30

// Paint draws images, several pixels of several images at a time: with the same
// seed, an image is the same to the bit as if it were drawn alone, pixel by pixel,
// each from the scores of a whole image. nil options mean the zero value.
//
// It returns an error for options that make no sense, if ctx is done (ctx.Err())
// and if the scores are not finite (sampler.ErrNoSymbol).
func (m *PixelModel) Paint(ctx context.Context, o *PaintOptions) ([]Painting, error) {
	p, err := m.newPainter(o)
	if err != nil {
		return nil, err
	}
	// Groups of images that go together, equally many for each thread.
	threads := min(p.threads, len(p.out))
	most := min(paintTogether, max(1, paintPixels/(p.Height*p.Width)))
	groups := (len(p.out) + most - 1) / most
	groups = (groups + threads - 1) / threads * threads
	together := (len(p.out) + groups - 1) / groups
	next := make(chan int, groups)
	for at := 0; at < len(p.out); at += together {
		next <- at
	}
	close(next)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, threads)
	work := func(t int) {
		b := p.newBrush(together)
		for at := range next {
			if errs[t] = b.paint(ctx, p.out[at:min(at+together, len(p.out))]); errs[t] != nil {
				cancel()
				return
			}
		}
	}
	var wg sync.WaitGroup
	for t := range threads - 1 {
		wg.Go(func() { work(t) })
	}
	work(threads - 1)
	wg.Wait()
	// A thread that failed has stopped the others, whose errors say no more than that.
	if slices.Contains(errs, sampler.ErrNoSymbol) {
		return nil, sampler.ErrNoSymbol
	}
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return p.out, nil
}

// A painter is a call of Paint with its options checked and applied.
type painter struct {
	PaintOptions
	model   *PixelModel
	chain   func() *sampler.Chain
	threads int
	out     []Painting
	mu      sync.Mutex // for OnRow
}

func (m *PixelModel) newPainter(o *PaintOptions) (*painter, error) {
	p := &painter{model: m}
	if o != nil {
		p.PaintOptions = *o
	}
	var err error
	size := m.drawSize
	if p.Known != nil {
		size = m.size // the caller has images so large
	}
	if p.Height, p.Width, err = size(p.Height, p.Width); err != nil {
		return nil, err
	}
	if p.Count == 0 {
		p.Count = 1
	}
	switch {
	case p.Count < 0:
		return nil, fmt.Errorf("autoreg: Count is %d: want 1 or more, or 0 for 1", p.Count)
	case p.First < 0 || p.First > math.MaxInt-p.Count:
		return nil, fmt.Errorf("autoreg: First is %d: want 0 or more", p.First)
	case p.Threads < 0:
		return nil, fmt.Errorf("autoreg: Threads is %d: want 1 or more, or 0 for one a CPU", p.Threads)
	case (p.Known == nil) != (p.Mask == nil):
		return nil, fmt.Errorf("autoreg: Known and Mask go together: give both or neither")
	case p.Mask != nil && len(p.Mask) != p.Height*p.Width:
		return nil, fmt.Errorf("autoreg: Mask has %d elements: want %d, one a pixel of %d×%d", len(p.Mask), p.Height*p.Width, p.Width, p.Height)
	case p.Count > maxPaintings/(p.Height*p.Width*m.Channels()):
		return nil, fmt.Errorf("autoreg: Count is %d: so many pictures take more than %d MiB; paint them in parts, with First", p.Count, maxPaintings>>20)
	}
	if p.Known != nil {
		if err := m.checkLevels(p.Known, p.Height, p.Width); err != nil {
			return nil, fmt.Errorf("autoreg: Known: %w", err)
		}
	}
	var ts []sampler.Transform
	if p.TopK != 0 {
		ts = append(ts, sampler.TopK(p.TopK))
	}
	if p.Temperature != nil {
		ts = append(ts, sampler.Temperature(*p.Temperature))
	}
	if err := sampler.Check(ts...); err != nil {
		return nil, &rootError{"", err}
	}
	p.chain = func() *sampler.Chain { return sampler.New(p.Seed, ts...) }
	if p.threads = p.Threads; p.threads == 0 {
		p.threads = runtime.GOMAXPROCS(0)
	}
	n := p.Height * p.Width * m.Channels()
	all := make([]uint8, p.Count*n)
	for i := range p.Count {
		p.out = append(p.out, Painting{Number: p.First + i, Height: p.Height, Width: p.Width, Levels: all[i*n : (i+1)*n : (i+1)*n]})
	}
	return p, nil
}

// A brush is what one thread paints with.
type brush struct {
	*painter
	wave    *layers.PixelWave // of as many images as the last call painted
	draws   *sampler.Chain
	scratch []float32
	images  []Painting
	known   [][]float32 // of each image, -ln p of the levels that are given
}

func (p *painter) newBrush(most int) *brush {
	b := &brush{painter: p, draws: p.chain(), scratch: make([]float32, p.model.Levels())}
	if p.Mask != nil {
		b.known = make([][]float32, most)
		for i := range b.known {
			b.known[i] = make([]float32, len(p.Known))
		}
	}
	return b
}

// paint paints images. It allocates nothing per pixel.
func (b *brush) paint(ctx context.Context, images []Painting) error {
	if b.wave == nil || b.wave.Images() != len(images) {
		b.wave = b.model.pixel.Net.NewWave(len(images), b.Height, b.Width)
	}
	b.images = images
	b.wave.Reset()
	for b.wave.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		for g := range b.model.Channels() {
			b.wave.Features(g)
			b.wave.Head(g)
			for i := range b.wave.Rows() {
				if err := b.pixel(i, g); err != nil {
					return err
				}
			}
		}
		if row, column := b.wave.Pixel(0); column == b.Width-1 && b.OnRow != nil {
			b.tell(row)
		}
	}
	// In raster order, as Score adds: a schedule settles pixels in another.
	for k, slots := range b.known[:min(len(images), len(b.known))] {
		for slot, loss := range slots {
			if b.Mask[slot/b.model.Channels()] {
				images[k].Known -= float64(loss)
			}
		}
	}
	return nil
}

// pixel settles channel g of pixel i of each image.
func (b *brush) pixel(i, g int) error {
	row, column := b.wave.Pixel(i)
	pixel := row*b.Width + column
	slot := pixel*b.model.Channels() + g
	known := b.Mask != nil && b.Mask[pixel]
	for k := range b.images {
		scores := b.wave.Logits(i, k, g)
		level := 0
		if known {
			level = int(b.Known[slot])
			b.known[k][slot] = kernels.LogSumExp(scores, b.scratch) - scores[level]
		} else {
			b.draws.Seek(uint64(b.images[k].Number), uint64(slot))
			if level = b.draws.Sample(scores); level < 0 {
				return sampler.ErrNoSymbol
			}
		}
		b.images[k].Levels[slot] = uint8(level)
		b.wave.Set(i, k, g, level)
	}
	return nil
}

// tell tells about a row that is complete.
func (b *brush) tell(row int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.images {
		b.OnRow(b.images[i].Number, row, b.images[i].Levels)
	}
}
