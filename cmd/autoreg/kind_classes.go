package main

import (
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg"
)

var classKind = kind{
	is:    isA[*autoreg.Classifier],
	of:    "classes of texts",
	model: "a classifier",
	use:   "tell texts apart with it by autoreg classify",
	train: "classify",

	sizes:    func(*pflag.FlagSet) sizes { return sizes{} },
	describe: describeClassifier,
	scorer:   classScorer,

	formats:    labelledFormats,
	scoreFlags: append([]string{"validation", "max-document", "max-corpus"}, labelFlagNames...),
}

// A classifierInfo is the JSON of info for a classifier.
type classifierInfo struct {
	modelInfo
	Classes []string `json:"classes"`
}

// describeClassifier prints info for a classifier.
func describeClassifier(j *infoJob, d *described) error {
	m := d.model.(*autoreg.Classifier)
	info := &classifierInfo{*newModelInfo(j, d, m.Tokenizer(), m.Length()), m.Classes()}
	switch {
	case j.asJSON:
		return j.writeJSON(info)
	case j.vocabulary:
		return j.writeWords(m.Tokenizer())
	}
	if err := writeClassifierLayers(j.out, m.Layers()); err != nil {
		return err
	}
	names := ""
	for i, name := range info.Classes {
		if i == mostClasses && len(info.Classes) > mostClasses+1 {
			names += fmt.Sprintf(" and %s more", thousands(len(info.Classes)-i))
			break
		}
		if i > 0 {
			names += ", "
		}
		names += name
	}
	return info.writeRows(j.out, []string{"classes", lineText(fmt.Sprintf("%s: %s", thousands(len(info.Classes)), names))})
}

// writeClassifierLayers prints the layers of a classifier as Keras does: the last layer
// has one output a text, not one a word.
func writeClassifierLayers(w io.Writer, layers []autoreg.LayerInfo) error {
	return writeShapes(w, layers, len(layers)-2)
}
