package main

import (
	"fmt"
	"io"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
)

// An imageShape is the JSON of info for an image model without a file.
type imageShape struct {
	Layers         []layerJSON    `json:"layers"`
	Params         int            `json:"params"`
	Effective      int            `json:"effective"`
	Height         int            `json:"height"`
	Width          int            `json:"width"`
	Channels       int            `json:"channels"`
	Levels         int            `json:"levels"`
	Classes        int            `json:"classes,omitempty"`
	ReceptiveField receptiveField `json:"receptive_field"`
}

// An imageInfo is the JSON of info for an image model and its file.
type imageInfo struct {
	fileInfo
	imageShape
	machineInfo
}

// shapeOf describes an image model of these layers.
func shapeOf(list []autoreg.LayerInfo, c model.PixelConfig) imageShape {
	s := imageShape{
		Layers: layersJSON(list), Height: c.Height, Width: c.Width, Channels: c.Channels(), Levels: c.Levels(), Classes: c.ConditionLen(),
		ReceptiveField: fieldOf(c.PixelSpec),
	}
	for _, l := range list {
		s.Params += l.Params
		s.Effective += l.Effective
	}
	return s
}

// writePixelLayers prints the layers as Keras does: shapes are (images, height, width,
// channels), and None is the number of images, which is free.
func writePixelLayers(w io.Writer, list []autoreg.LayerInfo, height, width int) error {
	cells := [][]string{{"layer (type)", "output shape (N, H, W, C)", "parameters", "in use"}}
	params, effective := 0, 0
	for _, l := range list {
		cells = append(cells, []string{
			l.Name + " (" + l.Type + ")", fmt.Sprintf("(None, %d, %d, %d)", height>>l.Resolution, width>>l.Resolution, l.Out), thousands(l.Params), thousands(l.Effective),
		})
		params += l.Params
		effective += l.Effective
	}
	cells = append(cells, []string{"total", "", thousands(params), thousands(effective)})
	return writeColumns(w, cells, "llrr")
}

// A receptiveField is the set of pixels that have an influence on a pixel: on row y above
// it, 0 being its own, the columns from Left to its left up to Right[y] to its right.
// Pixels above it and right of Right that are as near as others in the field are the
// blind spot.
type receptiveField struct {
	Pixels int   `json:"pixels"`
	Rows   int   `json:"rows"` // above
	Left   int   `json:"left"`
	Right  []int `json:"right"` // of each row; -1 is the column before
	Blind  int   `json:"blind_spot"`
}

// fieldOf returns the receptive field of a pixel in an image that has all of it.
func fieldOf(spec layers.PixelSpec) receptiveField {
	rows := layers.PixelField(spec, 0, 0)
	if len(rows) == 0 {
		return receptiveField{Right: []int{}} // only its own pixel, which mask A hides
	}
	f := receptiveField{Rows: len(rows) - 1}
	for _, row := range rows {
		f.Left = max(f.Left, -row.First)
		f.Right = append(f.Right, row.Last)
		f.Pixels += row.Last - row.First + 1
	}
	for _, right := range f.Right[1:] {
		f.Blind += max(f.Left-right, 0)
	}
	return f
}

// String returns the text that info prints.
func (f receptiveField) String() string {
	if f.Pixels == 0 {
		return "no pixel but the channels of its own before it"
	}
	return fmt.Sprintf("%s pixels before each: %s up, %[3]d columns to the left; to the right %d on the row above, %d on the topmost",
		thousands(f.Pixels), counted(f.Rows, "row"), f.Left, f.Right[1], f.Right[f.Rows])
}

// describeImageModel prints info for an image model.
func describeImageModel(j *infoJob, d *described) error {
	if j.vocabulary {
		return usagef("the model %s is one of images, which has no vocabulary: leave --vocabulary out", j.model)
	}
	c, err := model.PixelConfigOf(d.info.Metadata)
	if err != nil {
		return &fileError{d.info.File, err}
	}
	info := &imageInfo{d.info, shapeOf(d.model.Layers(), c), thisMachine()}
	if j.asJSON {
		return j.writeJSON(info)
	}
	return info.write(j.out, d.model.Layers())
}

func (i *imageInfo) write(w io.Writer, list []autoreg.LayerInfo) error {
	if err := writePixelLayers(w, list, i.Height, i.Width); err != nil {
		return err
	}
	classes := ""
	if i.Classes > 0 {
		classes = ", of " + counted(i.Classes, "class", "classes")
	}
	rows := i.fileInfo.rows()
	rows = append(rows,
		[]string{"weights", fmt.Sprintf("%s of float32, %s of them in use", bytesText(4*int64(i.Params)), bytesText(4*int64(i.Effective)))},
		[]string{"trained on", fmt.Sprintf("images of %d×%d pixels, %s, %d levels%s", i.Width, i.Height, colourName(i.Channels), i.Levels, classes)})
	rows = append(rows, i.ReceptiveField.rows()...)
	rows = append(rows, []string{"runs on", i.ISA + " (" + i.Platform + ")"})
	rows = append(rows, i.metadataRows()...)
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return writeColumns(w, rows, "ll")
}

// rows are the lines of info.
func (f receptiveField) rows() [][]string {
	rows := [][]string{{"sees", f.String()}}
	if f.Blind > 0 {
		rows = append(rows, []string{"blind spot", fmt.Sprintf("%s of the rows above, at most %d columns to the right", counted(f.Blind, "pixel"), f.Left)})
	}
	return rows
}

// writeShape prints the layers of a model of such a shape.
func writeShape(w io.Writer, s imageShape, list []autoreg.LayerInfo) error {
	if err := writePixelLayers(w, list, s.Height, s.Width); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return writeColumns(w, s.ReceptiveField.rows(), "ll")
}

func colourName(channels int) string {
	if channels == 1 {
		return "grey"
	}
	return "colour"
}

// counted returns a number and its noun, whose plural ends in s if it is not given.
func counted(n int, one string, many ...string) string {
	switch {
	case n == 1:
		return "1 " + one
	case len(many) > 0:
		return thousands(n) + " " + many[0]
	}
	return thousands(n) + " " + one + "s"
}
