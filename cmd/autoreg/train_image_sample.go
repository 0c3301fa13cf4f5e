package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/pixels"
	"github.com/autoreg/autoreg/train/images"
)

// maxSampled bounds the images of a sheet of samples, and classSamples are those of each
// class unless --sample-count says how many.
const (
	maxSampled   = 1 << 12
	classSamples = 8
)

// checkClasses refuses images without labels where the model needs those.
func (j *imageJob) checkClasses(set *images.Set) error {
	if !j.conditional {
		return nil
	}
	if set.Labels == nil {
		return usagef("--conditional needs a label for each image: give IDX files of labels with --labels, one for each --data")
	}
	if !j.flags.Changed("sample-count") {
		j.sampleCount = max(1, min(classSamples, maxSampled/set.Classes))
	}
	if j.sampleCount > maxSampled/set.Classes {
		return usagef("--sample-count %d: with %d classes want at most %d, of each", j.sampleCount, set.Classes, maxSampled/set.Classes)
	}
	return nil
}

// checkSamples settles the folder of the samples. Nothing that is written may become
// an image to learn from when the run is resumed.
func (j *imageJob) checkSamples() error {
	if !j.flags.Changed("samples") {
		j.samples = j.model + ".samples"
	} else if ext := strings.ToLower(filepath.Ext(j.samples)); slices.Contains(extensions, ext) {
		return usagef("--samples %s: this is a folder, for one PNG an epoch: name it %s", shellQuote(j.samples), shellQuote(j.samples[:len(j.samples)-len(ext)]))
	}
	for _, data := range j.data {
		if j.samples != "" && sameFile(j.samples, data) {
			return usagef("--samples and --data are the same folder, %s: name another one", data)
		}
		if j.plot != "" && sameFile(filepath.Dir(j.plot), data) {
			return usagef("--plot %s would be one of the images in --data %s: name a file elsewhere", j.plot, data)
		}
	}
	return nil
}

// prepareSamples makes the folder of the samples, once all else is in order.
func (j *imageJob) prepareSamples() error {
	if j.samples == "" {
		return nil
	}
	if info, err := os.Stat(j.samples); err == nil && !info.IsDir() {
		return fmt.Errorf("--samples: %s is a file: name a folder", j.samples)
	}
	if err := os.MkdirAll(j.samples, 0o777); err != nil {
		return fmt.Errorf("--samples: %w", err)
	}
	for epoch := len(j.trainer.History()) + 1; epoch <= j.trainer.Options().Epochs; epoch++ {
		if err := wantKind("--samples", j.samplePath(epoch), pngStart); err != nil {
			return err
		}
	}
	if err := checkOutput(j.samplePath(len(j.trainer.History())+1), false); err != nil {
		return &fileError{"--samples", err}
	}
	return nil
}

func (j *imageJob) samplePath(epoch int) string {
	return filepath.Join(j.samples, fmt.Sprintf("epoch-%03d.png", epoch))
}

// sample lets the model as it is draw a sheet of images and returns its name. The
// seed is that of the run plus the epoch. Images that are interrupted are none.
func (j *imageJob) sample(ctx context.Context, epoch int) (sampled, error) {
	if j.samples == "" {
		return sampled{}, nil
	}
	m, err := loadSnapshot(j.trainer.Snapshot(), autoreg.Load[*autoreg.ImageModel])
	if err != nil {
		return sampled{}, err
	}
	o := j.trainer.Options()
	height, width := m.Size() // however large: the images of the training are
	count, columns, classes := j.sampleCount, columnsFor(j.sampleCount), []int(nil)
	if n := m.Classes(); n > 0 {
		count, columns, classes = n*count, count, rowsOf(everyClass(n), count)
	}
	drawn, err := m.Draw(ctx, &autoreg.DrawOptions{
		Temperature: &j.temperature, Seed: o.Seed + uint64(epoch), Count: count, Threads: o.Threads,
		Height: height, Width: width, Classes: classes,
	})
	if ctx.Err() != nil {
		return sampled{}, nil // the epoch itself is complete
	}
	if err != nil {
		return sampled{}, err
	}
	scale := defaultScale(m.Size())
	path := j.samplePath(epoch)
	sheet := pixels.Grid(render(m, drawn), columns, scale, gap(scale))
	if err := writeImage(path, pngFile{sheet}); err != nil {
		return sampled{}, &fileError{"--samples", err}
	}
	return sampled{text: path}, nil
}
