package main

import (
	"fmt"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg"
)

var vectorKind = kind{
	is:    isA[*autoreg.VectorModel],
	of:    "sequences of vectors",
	model: "a model over sequences of vectors",
	use:   "run it by autoreg run",

	sizes:    func(*pflag.FlagSet) sizes { return sizes{} },
	describe: describeVectorModel,
}

// A vectorInfo is the JSON of info for a model over sequences of vectors.
type vectorInfo struct {
	fileInfo
	Layers     []layerJSON `json:"layers"`
	Params     int         `json:"params"`
	Inputs     int         `json:"inputs"`
	Outputs    int         `json:"outputs"`
	Sequential bool        `json:"sequential"`
	machineInfo
}

// describeVectorModel prints info for a model over sequences of vectors.
func describeVectorModel(j *infoJob, d *described) error {
	if j.vocabulary {
		return usagef("the model %s is one of sequences of vectors, which has no vocabulary: leave --vocabulary out", j.model)
	}
	m := d.model.(*autoreg.VectorModel)
	i := &vectorInfo{d.info, layersJSON(m.Layers()), m.Params(), m.Inputs(), m.Outputs(), m.Sequential(), thisMachine()}
	if j.asJSON {
		return j.writeJSON(i)
	}
	if err := writeLayers(j.out, m.Layers()); err != nil {
		return err
	}
	steps := "one by one"
	if !i.Sequential {
		steps = "known whole, in both directions"
	}
	rows := append([][]string{
		{"reads", fmt.Sprintf("vectors of %s, %s", counted(i.Inputs, "number"), steps)},
		{"writes", "vectors of " + counted(i.Outputs, "number")},
	}, i.fileInfo.rows()...)
	rows = append(rows, []string{"weights", bytesText(4*int64(i.Params)) + " of float32"}, []string{"runs on", i.ISA + " (" + i.Platform + ")"})
	rows = append(rows, i.metadataRows()...)
	if _, err := fmt.Fprintln(j.out); err != nil {
		return err
	}
	return writeColumns(j.out, rows, "ll")
}
