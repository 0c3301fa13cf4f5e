package autoreg

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/autoreg/autoreg/sampler"
)

// DrawOptions choose what is drawn. The zero value, or a nil pointer, draws one
// image of the model's size from its own probabilities.
type DrawOptions struct {
	// Temperature divides the logits, see GenerateOptions; nil means 1.
	Temperature *float64
	// TopK draws among the k likeliest levels only; 0 means all.
	TopK int
	// Seed starts the random numbers. Image n of a seed is always the same, whatever
	// others are drawn with it.
	Seed uint64

	First int // number of the first image
	Count int // images; 0 means 1

	// Height and Width are of the images; both 0 mean the model's DefaultSize, or, where
	// Known is given, its Size; a mixture wants multiples of 2^(resolutions-1). Each thread
	// takes about 5 bytes a level of the images that it draws together, 16 or fewer, and the
	// rows of feature maps that later pixels read, which grow with the width: 155 KiB an image
	// for the reference PixelCNN at 16×16, 316 KiB for the reference mixture at 32×32.
	Height, Width int

	// Classes are those of the images of a model that is conditioned on classes, which needs
	// them: one for all, or one for each of the Count images. Nil for other models.
	Classes []int

	// Known and Mask complete a given image: of the levels Known [H·W·C], those of
	// the pixels whose Mask [H·W] is set are kept, the others are drawn in raster
	// order. (A pixel depends on those above and left of it; known pixels below it have
	// no influence.) Nil means that no pixel is known.
	Known []uint8
	Mask  []bool

	// Unrounded feeds back the values that a mixture of logistics draws, before they are
	// rounded to levels, as the reference does. The model was trained on levels: such inputs
	// are new to it. It cannot be combined with Known, TopK, or a Temperature other than 1.
	Unrounded bool

	// OnRow is called as soon as a row of an image is complete, before Draw
	// returns, with the image's number and its levels [H·W·C] so far, which are valid
	// until OnRow returns; rows below may have begun. Calls come one at a time.
	OnRow func(image, row int, levels []uint8)

	Threads int // 0 means one a CPU that Go may use; the images do not depend on it
}

// An Image is an image that Draw has drawn. ImageModel.Render makes an image.Image of
// its levels.
type Image struct {
	Number        int
	Class         int // of a model that is conditioned on classes; else 0
	Height, Width int
	Levels        []uint8 // [H·W·C]
	// KnownLogProb is Σ ln p of the levels that were given, each given all before it,
	// in nats; 0 if none were.
	KnownLogProb float64
}

// drawTogether is the most images that one thread draws together: enough for the
// products to run at full speed. Large images have more rows in a step, and take more
// memory: images that are drawn together have at most drawPixels in all.
const (
	drawTogether = 16
	drawPixels   = 1 << 16
)

// maxDrawn bounds the levels of all images of one call.
const maxDrawn = 1 << 30

// Draw draws images, several pixels of several images at a time: with the same
// seed, an image is the same to the bit as if it were drawn alone, pixel by pixel,
// each from the outputs of a whole image. A mixture draws a component and a value for each
// channel without computing logits, unless Temperature or TopK need them: then the same
// seed gives other images. nil options mean the zero value.
//
// It returns an error for invalid options, if ctx is done (ctx.Err())
// and if the logits are not finite (sampler.ErrNoSymbol).
func (m *ImageModel) Draw(ctx context.Context, o *DrawOptions) ([]Image, error) {
	d, err := m.prepareDraw(o)
	if err != nil {
		return nil, err
	}
	// Groups of images that are drawn together, equally many for each thread.
	threads := min(d.threads, len(d.images))
	most := min(drawTogether, max(1, drawPixels/(d.Height*d.Width)))
	groups := (len(d.images) + most - 1) / most
	groups = (groups + threads - 1) / threads * threads
	together := (len(d.images) + groups - 1) / groups
	next := make(chan int, groups)
	for at := 0; at < len(d.images); at += together {
		next <- at
	}
	close(next)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, threads)
	work := func(t int) {
		w, chain := d.newWavefront(together), d.chain()
		for at := range next {
			if errs[t] = d.draw(ctx, w, chain, d.images[at:min(at+together, len(d.images))]); errs[t] != nil {
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
	// A thread that failed has cancelled the others, whose errors are then ctx.Err().
	if slices.Contains(errs, sampler.ErrNoSymbol) {
		return nil, sampler.ErrNoSymbol
	}
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return d.images, nil
}

// A drawing is a call of Draw with its options checked and applied.
type drawing struct {
	DrawOptions
	model   *ImageModel
	chain   func() *sampler.Chain
	threads int
	images  []Image
	mu      sync.Mutex // for OnRow
}

func (m *ImageModel) prepareDraw(o *DrawOptions) (*drawing, error) {
	d := &drawing{model: m}
	if o != nil {
		d.DrawOptions = *o
	}
	var err error
	size := m.drawSize
	if d.Known != nil {
		size = m.size // the caller already holds an image of that size
	}
	if d.Height, d.Width, err = size(d.Height, d.Width); err != nil {
		return nil, err
	}
	if d.Count == 0 {
		d.Count = 1
	}
	switch {
	case d.Count < 0:
		return nil, optionErr("%s is %d: want 1 or more, or 0 for 1", option("Count"), d.Count)
	case d.First < 0 || d.First > math.MaxInt-d.Count:
		return nil, optionErr("%s is %d: want 0 or more", option("First"), d.First)
	case d.Threads < 0:
		return nil, optionErr("%s is %d: want 1 or more, or 0 for one a CPU", option("Threads"), d.Threads)
	case (d.Known == nil) != (d.Mask == nil):
		return nil, optionErr("%s and %s go together: give both or neither", option("Known"), option("Mask"))
	case d.Mask != nil && len(d.Mask) != d.Height*d.Width:
		return nil, optionErr("%s has %d elements: want %d, one a pixel of %d×%d", option("Mask"), len(d.Mask), d.Height*d.Width, d.Width, d.Height)
	case d.Count > maxDrawn/(d.Height*d.Width*m.Channels()):
		return nil, optionErr("%s is %d: so many images take more than %d MiB; draw them in parts, with %s", option("Count"), d.Count, maxDrawn>>20, option("First"))
	}
	if d.Unrounded {
		switch {
		case d.Temperature != nil && *d.Temperature != 1 || d.TopK != 0 || d.Known != nil:
			return nil, optionErr("%s goes with neither %s, %s nor %s: leave it out", option("Unrounded"), option("Temperature"), option("TopK"), option("Known"))
		case !m.pixel.Net.Draws():
			return nil, optionErr("%s is for mixtures of logistics, and this model has a probability for each level: leave it out", option("Unrounded"))
		}
	}
	if err := m.checkClasses(d.Classes, d.Count); err != nil {
		return nil, err
	}
	if d.Known != nil {
		if err := m.checkLevels(d.Known, d.Height, d.Width); err != nil {
			return nil, optionErr("%s: %w", option("Known"), err)
		}
	}
	var ts []sampler.Transform
	if d.TopK != 0 {
		ts = append(ts, sampler.TopK(d.TopK))
	}
	if d.Temperature != nil {
		ts = append(ts, sampler.Temperature(*d.Temperature))
	}
	if err := sampler.Check(ts...); err != nil {
		return nil, wrap(err)
	}
	d.chain = func() *sampler.Chain { return sampler.New(d.Seed, ts...) }
	if d.threads = d.Threads; d.threads == 0 {
		d.threads = runtime.GOMAXPROCS(0)
	}
	n := d.Height * d.Width * m.Channels()
	all := make([]uint8, d.Count*n)
	for i := range d.Count {
		d.images = append(d.images, Image{Number: d.First + i, Class: classOf(d.Classes, i), Height: d.Height, Width: d.Width, Levels: all[i*n : (i+1)*n : (i+1)*n]})
	}
	return d, nil
}

// newWavefront returns the wavefront of one thread, of up to most images at a time.
func (d *drawing) newWavefront(most int) *wavefront {
	w := d.model.newWavefront(d.Height, d.Width, most, d.Known != nil)
	w.known, w.mask, w.unrounded = d.Known, d.Mask, d.Unrounded
	if d.OnRow != nil {
		w.onRow = func(row int) {
			d.mu.Lock()
			defer d.mu.Unlock()
			for _, img := range w.images {
				d.OnRow(img.Number, row, img.Levels)
			}
		}
	}
	return w
}

// draw draws some of the images.
func (d *drawing) draw(ctx context.Context, w *wavefront, chain *sampler.Chain, images []Image) error {
	if err := w.run(ctx, chain, images); err != nil {
		return err
	}
	// In raster order, as Score adds: a wavefront has another order.
	for k := range images {
		for pixel, known := range d.Mask {
			if !known {
				continue
			}
			for _, l := range w.losses[k][pixel*w.perPixel:][:w.perPixel] {
				images[k].KnownLogProb -= l
			}
		}
	}
	return nil
}
