package train

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/train/images"
)

// imageCheckpoint is what the checkpoint of an ImageTrainer holds as JSON.
type imageCheckpoint struct {
	Version int    `json:"version"`
	Images  string `json:"images"` // SHA-256 of the levels
	Source  Source `json:"source,omitzero"`
	ImageTrainOptions
	progress
}

func (t *ImageTrainer) checkpoint() any {
	return imageCheckpoint{checkpointVersion, t.images, t.options.Source, t.options, t.progress}
}

// ResumeImages continues the run that the checkpoint at path holds, with the images
// that it began with; see Resume.
func ResumeImages(path string, set *images.Set, o *ImageTrainOptions) (*ImageTrainer, error) {
	if o == nil {
		o = &ImageTrainOptions{}
	}
	f, version, err := readVersioned(path)
	var t *ImageTrainer
	if err == nil {
		t, err = resumeImages(f, set, *o)
	}
	if err != nil {
		return nil, fmt.Errorf("train: cannot resume from %s: %w", path, inner{err})
	}
	t.note(path, version)
	return t, nil
}

// resumeImages is ResumeImages from the content of a file.
func resumeImages(f *weights.File, set *images.Set, o ImageTrainOptions) (*ImageTrainer, error) {
	m, err := model.PixelFromFile(f) // says first if the model is of another kind
	if err != nil {
		return nil, err
	}
	c, err := parseCheckpoint[imageCheckpoint](f)
	if err != nil {
		return nil, err
	}
	options, err := c.merge(o)
	if err != nil {
		return nil, err
	}
	if err := prepareMetadata(m.Metadata); err != nil {
		return nil, err
	}
	if err := checkImages(set); err != nil {
		return nil, err
	}
	was, now := m.Config, options.config(set)
	if was.Height != now.Height || was.Width != now.Width || was.Channels != now.Channels || was.Levels != now.Levels {
		return nil, fmt.Errorf("the run began with images of %s, these are of %s", was, now)
	}
	if was != now {
		return nil, fmt.Errorf("the model has %d filters, %d blocks and kernel %d, its options say %d, %d and %d: the file is damaged",
			was.Filters, was.Blocks, was.Kernel, now.Filters, now.Blocks, now.Kernel)
	}
	if err := options.checkModel(now, m.Metadata); err != nil {
		return nil, err
	}
	if err := options.checkMemory(now, set.Len()); err != nil {
		return nil, err
	}
	t, err := assembleImages(m, set, options)
	if err != nil {
		return nil, err
	}
	if t.images != c.Images {
		return nil, errors.New("the images are not those that the run began with: want the same files in the same order, the same limit, and antialiasing if it was on")
	}
	if err := t.restore(f, c.progress); err != nil {
		return nil, err
	}
	return t, nil
}

// merge returns the options of the run from those of the checkpoint and those
// asked for now.
func (c *imageCheckpoint) merge(o ImageTrainOptions) (ImageTrainOptions, error) {
	was := c.ImageTrainOptions
	was.Threads, was.MaxBytes = 1, 1
	if err := cmp.Or(was.check(), c.Source.check()); err != nil {
		return was, fmt.Errorf("the checkpoint is damaged: %w", inner{err})
	}
	var d comparison
	same(&d, "Filters", was.Filters, o.Filters)
	same(&d, "Blocks", was.Blocks, o.Blocks)
	same(&d, "Kernel", was.Kernel, o.Kernel)
	was.schedule().compare(&d, o.schedule())
	if d.err != nil {
		return was, d.err
	}
	if o.Epochs != 0 {
		was.Epochs = o.Epochs
	}
	was.Source, was.Threads, was.MaxBytes = c.Source.or(o.Source), o.Threads, o.MaxBytes
	was = was.withDefaults()
	if err := was.check(); err != nil {
		return was, err
	}
	return was, c.checkEpochs(was.Epochs)
}
