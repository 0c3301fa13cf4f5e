package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/convert"
)

// A listingJSON is the JSON of info for a file of another tool.
type listingJSON struct {
	File    string       `json:"file"`
	Format  string       `json:"format"`
	Tensors []tensorJSON `json:"tensors"`
}

// A tensorJSON is a tensor of such a file.
type tensorJSON struct {
	Name  string `json:"name"`
	DType string `json:"dtype"`
	Shape []int  `json:"shape"`
}

// foreign prints the tensors of the file if it is one of another tool. It returns err, the
// reason why it is no model, if it is none of these either.
func (j *infoJob) foreign(err error) error {
	if !errors.Is(err, autoreg.ErrFormat) {
		return err
	}
	f, e := os.Open(j.model)
	if e != nil {
		return err
	}
	defer f.Close()
	info, e := f.Stat()
	if e != nil || !info.Mode().IsRegular() {
		return err
	}
	l, e := convert.List(f, info.Size())
	if e != nil || len(l.Tensors) == 0 {
		return err
	}
	if j.asJSON {
		out := listingJSON{File: j.model, Format: l.Format, Tensors: []tensorJSON{}}
		for _, t := range l.Tensors {
			out.Tensors = append(out.Tensors, tensorJSON{t.Name, t.DType, append([]int{}, t.Shape...)})
		}
		return j.writeJSON(out)
	}
	rows, total := [][]string{{"tensor", "type", "shape", "values"}}, 0
	for _, t := range l.Tensors {
		n, shape := 1, []string{}
		for _, d := range t.Shape {
			n *= d
			shape = append(shape, fmt.Sprint(d))
		}
		total += n
		rows = append(rows, []string{j.safe(lineText(t.Name)), j.safe(t.DType), "[" + strings.Join(shape, ", ") + "]", thousands(n)})
	}
	rows = append(rows, []string{"total", "", "", thousands(total)})
	if err := writeColumns(j.out, rows, "lllr"); err != nil {
		return err
	}
	_, err = fmt.Fprintf(j.out, "\nfile    %s: %s; autoreg import makes a model of it, if it can\n", j.safe(lineText(j.model)), l.Format)
	return err
}
