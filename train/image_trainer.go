package train

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/train/images"
)

// An ImageTrainer is one run of training on images, as a Trainer is one on texts:
// NewImages starts one, ResumeImages continues one from a checkpoint, Run runs it.
// Each epoch takes the images in an order of its own, see Order. The loss is the
// mean of -ln p(level) in nats over all pixels and channels; these are the positions
// that statistics count. It is for one goroutine at a time.
type ImageTrainer struct {
	options    ImageTrainOptions
	model      *model.Pixel
	training   *images.Set
	validation *images.Set // nil if no images are set aside
	images     string      // hash of both

	pass  *pixelPass
	judge *pixelPass // without gradients; nil if no images are set aside
	batch [][]uint8
	run
}

// NewImages begins a run on the images of set, which must not change while it
// lasts: it sets images aside for validation and draws the weights of a model for
// images of this size and depth. nil options mean the zero value.
//
// It returns an error for options out of range, a set without images or with levels
// that it says it does not have, a split that leaves nothing on one side, and a run
// that would take more than MaxBytes.
func NewImages(set *images.Set, o *ImageTrainOptions) (*ImageTrainer, error) {
	var options ImageTrainOptions
	if o != nil {
		options = *o
	}
	options = options.withDefaults()
	if err := options.check(); err != nil {
		return nil, err
	}
	if err := checkImages(set); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	config := options.config(set)
	if err := options.checkModel(config, nil); err != nil {
		return nil, err
	}
	if err := options.checkMemory(config, set.Len()); err != nil {
		return nil, err
	}
	m := model.NewPixel(config)
	initialisePixels(m.Net, options.Seed)
	return assembleImages(m, set, options)
}

// checkImages checks what a set says of itself.
func checkImages(set *images.Set) error {
	n := len(set.Data)
	switch {
	case set.Height < 1 || set.Width < 1 || set.Channels < 1 || set.Levels < 2 || set.Levels > 256:
		return fmt.Errorf("the images are %d×%d pixels with %d channels of %d levels: want sizes above 0 and 2 to 256 levels", set.Width, set.Height, set.Channels, set.Levels)
	case n == 0:
		return errors.New("there are no images")
	// Compared by division, for the product may not fit.
	case set.Height > n/set.Width/set.Channels || n%(set.Height*set.Width*set.Channels) != 0:
		return fmt.Errorf("%d levels are no whole number of images of %d×%d pixels with %d channels", n, set.Width, set.Height, set.Channels)
	}
	size := set.Height * set.Width * set.Channels
	for i, v := range set.Data {
		if int(v) >= set.Levels {
			return fmt.Errorf("image %d has the level %d, but there are only %d", i/size, v, set.Levels)
		}
	}
	return nil
}

// assembleImages makes a run of a model, at its start.
func assembleImages(m *model.Pixel, set *images.Set, o ImageTrainOptions) (*ImageTrainer, error) {
	t := &ImageTrainer{options: o, model: m, images: imagesHash(set)}
	var err error
	if t.training, t.validation, err = SplitImages(set, o.Validation); err != nil {
		return nil, err
	}
	if t.validation != nil {
		t.judge = newPixelPass(m.Net, set.Height, set.Width, evaluateBatch, o.Threads, false)
	}
	batch := min(o.BatchSize, t.training.Len())
	t.pass = newPixelPass(m.Net, set.Height, set.Width, batch, o.Threads, true)
	t.batch = make([][]uint8, 0, batch)
	t.run = run{items: t.training.Len(), perStep: o.BatchSize, judged: t.validation != nil}
	t.begin(t, o.schedule(), pixelNetwork{m.Net}, pixelNetwork{t.pass.grad}, t.pass.threads)
	return t, nil
}

// imagesHash returns the SHA-256 of the levels and of their shape, in hexadecimal.
func imagesHash(set *images.Set) string {
	h := sha256.New()
	var head []byte
	for _, n := range []int{set.Height, set.Width, set.Channels, set.Levels, set.Len()} {
		head = binary.LittleEndian.AppendUint64(head, uint64(n))
	}
	h.Write(head)
	h.Write(set.Data)
	return hex.EncodeToString(h.Sum(nil))
}

// SplitImages sets aside a share of the images for validation by the rule of
// SplitDocs. For share 0 training is set itself and validation nil, otherwise both
// are copies.
func SplitImages(set *images.Set, share float64) (training, validation *images.Set, err error) {
	learn, judge, err := split(set.Len(), share, "images")
	if err != nil {
		return nil, nil, err
	}
	if judge == nil {
		return set, nil, nil
	}
	pick := func(list []int) *images.Set {
		s := *set
		s.Data = make([]uint8, 0, len(list)*len(set.Image(0)))
		for _, i := range list {
			s.Data = append(s.Data, set.Image(i)...)
		}
		return &s
	}
	return pick(learn), pick(judge), nil
}

func (t *ImageTrainer) gradients(items []int) Evaluation {
	t.batch = t.batch[:0]
	for _, i := range items {
		t.batch = append(t.batch, t.training.Image(i))
	}
	sum, n := t.pass.run(t.batch), int64(len(items))*t.values()
	return Evaluation{Sum: sum, Positions: n, WordSum: sum, Words: n}
}

func (t *ImageTrainer) loss(items []int) Evaluation { return t.gradients(items) }

func (t *ImageTrainer) validate(ctx context.Context) (Evaluation, error) {
	return evaluateImages(ctx, t.judge, t.validation)
}

// values returns how many levels an image has.
func (t *ImageTrainer) values() int64 { return int64(len(t.training.Image(0))) }

func (t *ImageTrainer) positions(items []int) (all, words int64) {
	n := int64(len(items)) * t.values()
	return n, n
}

func (t *ImageTrainer) symbols() int { return t.model.Config.Levels }

func (t *ImageTrainer) file(net network) *weights.File {
	return (&model.Pixel{Config: t.model.Config, Net: net.(pixelNetwork).PixelCNN, Metadata: t.model.Metadata}).File()
}

func (t *ImageTrainer) measure(s *EpochStats) { s.Bits, s.ValBits = Bits(s.Loss), Bits(s.ValLoss) }

// Options returns the options of the run, defaults filled in.
func (t *ImageTrainer) Options() ImageTrainOptions { return t.options }

// Training returns the images that the run learns from.
func (t *ImageTrainer) Training() *images.Set { return t.training }

// Validation returns the images set aside, or nil.
func (t *ImageTrainer) Validation() *images.Set { return t.validation }
