package train

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/train/images"
)

func (t *Images) create(o *Options) error {
	if err := t.checkSet(); err != nil {
		return err
	}
	c := t.config()
	if err := t.checkModel(c, o, nil); err != nil {
		return err
	}
	if err := t.checkMemory(c, o); err != nil {
		return err
	}
	t.model = model.NewPixel(c)
	initialise(t.model.Net, o.Seed, 0)
	t.model.Net.Refresh()
	return t.split(o)
}

func (t *Images) open(f *weights.File) (err error) {
	t.model, err = model.PixelFromFile(f)
	return err
}

func (t *Images) admit(o *Options, hash string) error {
	m := t.model
	if err := prepareMetadata(m.Metadata); err != nil {
		return err
	}
	if err := t.checkSet(); err != nil {
		return err
	}
	was, now := m.Config, t.config()
	if was.Height != now.Height || was.Width != now.Width || was.Channels() != now.Channels() || was.Levels() != now.Levels() {
		return apierror.Errorf("the run began with images of %s, these are of %s", was, now)
	}
	if a, b := was.ConditionLen(), now.ConditionLen(); a != b && a > 0 && b > 0 {
		return apierror.Errorf("the run began with images of %d classes, these are of %d", a, b)
	}
	if was != now {
		return apierror.Errorf("the model is %s, its options say %s: the file is damaged", was.AppendJSON(nil), now.AppendJSON(nil))
	}
	if err := t.checkModel(now, o, m.Metadata); err != nil {
		return err
	}
	if err := t.checkMemory(now, o); err != nil {
		return err
	}
	if err := t.split(o); err != nil {
		return err
	}
	if hash != "" && t.hash != hash {
		return errors.New("the images are not those that the run began with: want the same files in the same order, the same limit, and antialiasing if it was on")
	}
	return nil
}

// split sets images aside for validation.
func (t *Images) split(o *Options) (err error) {
	t.hash = imagesHash(t.Set, t.conditional())
	t.training, t.validation, err = SplitImages(t.Set, o.Validation)
	return err
}

func (t *Images) start(o *Options) work {
	height, width := t.Set.Height, t.Set.Width
	if t.validation != nil {
		t.validationPass = newPixelPass(t.model.Net, height, width, evaluateBatch, o.Threads, false)
	}
	batch := min(o.BatchSize, t.training.Len())
	t.pass = newPixelPass(t.model.Net, height, width, batch, o.Threads, true)
	t.batch = make([]layers.PixelSample, 0, batch)
	if t.conditional() {
		t.labels = make([]uint8, 0, batch)
	}
	t.drop = layers.PixelDropout{Seed: o.Seed}
	t.given = o.Source.Weights != ""
	if t.Mixture != nil {
		t.drop.Share = t.Mixture.Dropout
	}
	w := work{
		net: t.model.Net, grad: t.pass.grad, threads: t.pass.threads,
		zero:  func() layers.Network { return layers.NewPixelNet(t.model.Net.Spec) },
		items: t.training.Len(), perStep: o.BatchSize,
		validates: t.validation != nil, changed: t.model.Net.Refresh,
	}
	t.average = nil
	if o.Average > 0 {
		t.average = layers.NewPixelNet(t.model.Net.Spec)
		w.average = t.average
	}
	return w
}

// checkSet checks the images, and that they have labels if the model needs those.
func (t *Images) checkSet() error {
	if err := checkImages(t.Set); err != nil {
		return err
	}
	if t.Mixture == nil && t.Set.Fractions != nil {
		return optionErr("%s is nil, but the images have values between levels, which only a mixture learns: read them without Fractions", option("Mixture"))
	}
	if t.Mixture != nil && t.Set.Levels != layers.MixtureLevels {
		return apierror.Errorf("the images have %d levels: a mixture has %d", t.Set.Levels, layers.MixtureLevels)
	}
	if t.conditional() && t.Set.Labels == nil {
		return optionErr("%s needs a label for each image, and these images have none", option("Conditional"))
	}
	return nil
}

// checkImages checks that the size of a set fits its data.
func checkImages(set *images.Set) error {
	n := len(set.Data)
	switch {
	case set.Height < 1 || set.Width < 1 || set.Channels < 1 || set.Levels < 2 || set.Levels > 256:
		return apierror.Errorf("the images are %d×%d pixels with %d channels of %d levels: want sizes above 0 and 2 to 256 levels", set.Width, set.Height, set.Channels, set.Levels)
	case n == 0:
		return errors.New("there are no images")
	// Compared by division, for the product may not fit.
	case set.Height > n/set.Width/set.Channels || n%(set.Height*set.Width*set.Channels) != 0:
		return apierror.Errorf("%d levels are no whole number of images of %d×%d pixels with %d channels", n, set.Width, set.Height, set.Channels)
	}
	size := set.Height * set.Width * set.Channels
	for i, v := range set.Data {
		if int(v) >= set.Levels {
			return apierror.Errorf("image %d has the level %d, but there are only %d", i/size, v, set.Levels)
		}
	}
	if set.Fractions != nil && (len(set.Fractions) != n || set.Levels != layers.MixtureLevels) {
		return apierror.Errorf("%d fractions of %d levels: want as many, or none, and %d levels", len(set.Fractions), n, layers.MixtureLevels)
	}
	for i, f := range set.Fractions {
		if f > 0 && set.Data[i] == layers.MixtureLevels-1 {
			return apierror.Errorf("image %d has the value %d + %d/256: want at most %[2]d", i/size, set.Data[i], f)
		}
	}
	if set.Labels == nil {
		return nil
	}
	if len(set.Labels) != n/size {
		return apierror.Errorf("%d labels of %d images: want one for each, or none", len(set.Labels), n/size)
	}
	return checkLabels(set.Labels, set.Classes)
}

// checkLabels checks that labels are of one of so many classes.
func checkLabels(labels []uint8, classes int) error {
	for i, v := range labels {
		if int(v) >= classes {
			return apierror.Errorf("image %d has the label %d, but there are only %d classes", i, v, classes)
		}
	}
	return nil
}

// imagesHash returns the SHA-256 of the levels and of their shape, in hexadecimal; with
// labels also of these and of the number of classes.
func imagesHash(set *images.Set, labels bool) string {
	h := sha256.New()
	var head []byte
	for _, n := range []int{set.Height, set.Width, set.Channels, set.Levels, set.Len()} {
		head = binary.LittleEndian.AppendUint64(head, uint64(n))
	}
	h.Write(head)
	h.Write(set.Data)
	h.Write(set.Fractions)
	if labels {
		h.Write(binary.LittleEndian.AppendUint64(nil, uint64(set.Classes)))
		h.Write(set.Labels)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// SplitImages sets aside a share of the images for validation by the rule of
// SplitDocs. For share 0 training is set itself and validation nil, otherwise both
// are copies.
func SplitImages(set *images.Set, share float64) (training, validation *images.Set, err error) {
	trainingItems, validationItems, err := split(set.Len(), share, "images")
	if err != nil {
		return nil, nil, wrap(err)
	}
	if validationItems == nil {
		return set, nil, nil
	}
	pick := func(list []int) *images.Set {
		s := *set
		s.Data = make([]uint8, 0, len(list)*len(set.Image(0)))
		for _, i := range list {
			s.Data = append(s.Data, set.Image(i)...)
		}
		if set.Fractions != nil {
			s.Fractions = make([]uint8, 0, len(s.Data))
			for _, i := range list {
				s.Fractions = append(s.Fractions, sampleOf(set, i).Fractions...)
			}
		}
		if set.Labels != nil {
			s.Labels = make([]uint8, 0, len(list))
			for _, i := range list {
				s.Labels = append(s.Labels, set.Labels[i])
			}
		}
		return &s
	}
	return pick(trainingItems), pick(validationItems), nil
}

func (t *Images) gradients(items []int, step int) Evaluation {
	t.load(items)
	t.drop.Step = uint64(step)
	if step == 0 && !t.given {
		t.pass.initialise(t.batch, t.labels, &t.drop)
	}
	return t.evaluation(t.pass.run(t.batch, t.labels, &t.drop), items)
}

func (t *Images) evaluation(sum float64, items []int) Evaluation {
	n := int64(len(items)) * t.values()
	return Evaluation{Sum: sum, Positions: n, WordSum: sum, Words: n}
}

func (t *Images) loss(items []int) Evaluation {
	t.load(items)
	return t.evaluation(t.pass.run(t.batch, t.labels, nil), items)
}

// load makes these images the batch.
func (t *Images) load(items []int) {
	t.batch, t.labels = t.batch[:0], t.labels[:0]
	for _, i := range items {
		t.batch = append(t.batch, sampleOf(t.training, i))
		if t.labels != nil {
			t.labels = append(t.labels, t.training.Labels[i])
		}
	}
}

// sampleOf returns image i of a set.
func sampleOf(set *images.Set, i int) layers.PixelSample {
	s := layers.PixelSample{Levels: set.Image(i)}
	if set.Fractions != nil {
		n := len(s.Levels)
		s.Fractions = set.Fractions[i*n:][:n]
	}
	return s
}

func (t *Images) validate(ctx context.Context) (Evaluation, error) {
	return t.validationPass.evaluate(ctx, t.validation)
}

// values returns how many levels an image has.
func (t *Images) values() int64 { return int64(len(t.training.Image(0))) }

func (t *Images) positions(items []int) (all, words int64) {
	n := int64(len(items)) * t.values()
	return n, n
}

func (t *Images) symbols() int { return t.model.Config.Levels() }

func (t *Images) file(net layers.Network) *weights.File {
	return t.model.FileOf(net)
}

func (t *Images) measure(s *EpochStats) { s.Bits, s.ValBits = Bits(s.Loss), Bits(s.ValLoss) }
