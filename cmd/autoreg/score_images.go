package main

import (
	"fmt"
	"io/fs"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/train/images"
)

func imageScorer(j *scoreJob, model autoreg.Model) scorer {
	m := model.(*autoreg.ImageModel)
	read := j.read
	read.Height, read.Width = m.Size()
	read.Channels, read.Levels = m.Channels(), m.Levels()
	read.Format, read.Limit, read.Open, read.MaxBytes = j.format, j.limit, j.openImages, int64(j.memory)<<20
	labels := j.labelFiles
	s := newScorer(
		func(path string) (autoreg.Score, error) {
			if len(labels) > 0 {
				read.Labels, labels = labels[:1], labels[1:]
			}
			return j.scoreImages(m, path, &read)
		},
		(*autoreg.Score).Add,
		func(s autoreg.Score) []string {
			return []string{thousands(s.Items), thousands(s.Symbols), fmt.Sprintf("%.4f", s.Mean()), fmt.Sprintf("%.4f", s.Bits())}
		},
		func(of scored, s autoreg.Score) any {
			return imageScoreJSON{of, s.Items, s.Symbols, number(s.Mean()), number(s.Bits())}
		},
	)
	s.align, s.head = "lrrrr", []string{"file", "images", "values", "nats/value", "bits/value"}
	return s
}

// What score --json prints of images.
type imageScoreJSON struct {
	scored
	Images int    `json:"images"`
	Values int    `json:"values"`
	Loss   number `json:"loss"` // nats per value
	Bits   number `json:"bits"`
}

// scoreImages scores the images of a file, and shows the progress.
func (j *scoreJob) scoreImages(m *autoreg.ImageModel, path string, read *images.Options) (autoreg.Score, error) {
	if read.Labels != nil && m.Classes() == 0 {
		return autoreg.Score{}, usagef("--labels is not for the model %s, which is not conditioned on classes: leave it out", j.model)
	}
	set, err := await(j.ctx, func() (*images.Set, error) { return images.Read([]string{path}, read) })
	if err != nil {
		return autoreg.Score{}, err
	}
	o := j.options
	if o.Classes, err = classesOf(m, set); err != nil {
		return autoreg.Score{}, &fileError{path, err}
	}
	bar := j.newProgress(int64(set.Len()), path)
	defer bar.finish()
	s, err := m.Score(j.ctx, counting(bar, func(yield func([]uint8) bool) {
		for i := range set.Len() {
			if !yield(set.Image(i)) {
				return
			}
		}
	}), &o)
	if err != nil {
		return s, &fileError{path, err}
	}
	return s, nil
}

// classesOf returns the classes of images for a model that is conditioned on those.
func classesOf(m *autoreg.ImageModel, set *images.Set) (classes []int, err error) {
	n := m.Classes()
	switch {
	case n == 0:
		return nil, nil
	case set.Labels == nil:
		return nil, fmt.Errorf("the images have no labels, and the model is conditioned on %d classes: name an IDX file of labels with --labels", n)
	}
	for i, label := range set.Labels {
		if int(label) >= n {
			return nil, fmt.Errorf("image %d has the label %d, and the model has the classes 0 to %d", i, label, n-1)
		}
		classes = append(classes, int(label))
	}
	return classes, nil
}

// openImages is the Open of images, which refuses texts.
func (j *scoreJob) openImages(path string) (fs.File, error) {
	f, err := j.open(path)
	if in, ok := f.(*input); ok && isText(in.head(whatLen)) {
		in.Close()
		return nil, fmt.Errorf("%s is a text, and the model %s is one of images: name a text model, as in --model %s", path, j.model, cookbooksName)
	}
	return f, err
}
