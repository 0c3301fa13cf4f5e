package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/autoreg/autoreg/train"
	"github.com/autoreg/autoreg/train/images"
)

// imageFormat returns how images were read.
func (j *imageJob) imageFormat(set *images.Set) string {
	var list []string
	for _, f := range set.Source.Files {
		if !slices.Contains(list, f.Format) {
			list = append(list, f.Format)
		}
	}
	if j.images.Antialias {
		list = append(list, "antialiased")
	}
	if j.images.Pad {
		list = append(list, "padded")
	}
	return strings.Join(list, ", ")
}

// writeImages prints what was read.
func (j *imageJob) writeImages(set *images.Set) error {
	var rows [][]string
	for _, f := range set.Source.Files {
		text := f.Path + ": " + describeImages(f)
		if f.Skipped > 0 {
			text += fmt.Sprintf("; %s skipped", counted(f.Skipped, "other entry", "other entries"))
		}
		rows = append(rows, []string{"images", text})
	}
	shape := fmt.Sprintf("%d×%d pixels, %s, %d levels", set.Width, set.Height, colourName(set.Channels), set.Levels)
	if j.images.Antialias {
		shape += ", antialiased"
	}
	if j.images.Pad {
		shape += ", with black around"
	}
	if all := set.Source.Images; all > set.Len() {
		shape += fmt.Sprintf("; the first %s of %s", thousands(set.Len()), thousands(all))
	}
	for _, path := range j.labelFiles {
		rows = append(rows, []string{"labels", path})
	}
	if j.conditional {
		rows = append(rows, []string{"classes", thousands(set.Classes)})
	}
	rows = append(rows,
		[]string{"sha256", fmt.Sprintf("%x", set.Source.SHA256)},
		[]string{"learnt as", shape},
		[]string{"training", counted(j.set.Training().Len(), "image")},
		[]string{"steps", j.describeSteps()})
	if v := j.set.Validation(); v != nil {
		rows = append(rows, []string{"validation", counted(v.Len(), "image")})
	}
	return j.writeData(rows, j.trainer, j.trainer.Options().Epochs)
}

// describeImages says what images a file has, and how their sizes and those beyond the
// limit differ.
func describeImages(f images.File) string {
	text := counted(f.Images, "image")
	switch {
	case f.Sizes > 1:
		text += fmt.Sprintf(" of %s different sizes, the first of %d×%d pixels", thousands(f.Sizes), f.Width, f.Height)
	case f.Sizes == 1:
		text += fmt.Sprintf(" of %d×%d pixels", f.Width, f.Height)
	default:
		return text + ", beyond --limit, read as " + f.Format
	}
	return fmt.Sprintf("%s, %s, read as %s", text, colourName(f.Channels), f.Format)
}

// describeSteps says how many steps an epoch has, and what to do if it is only one.
func (j *imageJob) describeSteps() string {
	n, size := j.set.Training().Len(), j.trainer.Options().BatchSize
	switch {
	case n == 1:
		return "1 an epoch, for there is one image only"
	case n <= size:
		return fmt.Sprintf("1 an epoch, of all %s images: a --batch of less makes more steps, and often a better model", thousands(n))
	}
	return fmt.Sprintf("%s an epoch, of up to %s images", thousands((n+size-1)/size), thousands(size))
}

// rate is in images, which have many positions.
func (j *imageJob) rate(positions float64) string {
	return fmt.Sprintf("%s images/s", thousands(int64(positions/float64(len(j.set.Training().Image(0))))))
}

func imageLoss(loss, _ float64) string { return fmt.Sprintf("%.4f, %.4f bits", loss, train.Bits(loss)) }
