package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/tokenizer"
)

// A modelInfo is the JSON of info for a text model.
type modelInfo struct {
	fileInfo
	Layers     []layerJSON `json:"layers"`
	Params     int         `json:"params"`
	Length     int         `json:"length"`
	Words      int         `json:"words"`
	KeepCase   bool        `json:"keep_case"`
	Strip      bool        `json:"strip_punctuation"`
	Unicode    bool        `json:"unicode_punctuation,omitempty"`
	Vocabulary []string    `json:"vocabulary,omitempty"`
	machineInfo
}

// newModelInfo returns the JSON of info for a model with a vocabulary.
func newModelInfo(j *infoJob, d *described, tok *tokenizer.Tokenizer, length int) *modelInfo {
	info := &modelInfo{
		fileInfo: d.info, machineInfo: thisMachine(),
		Layers: layersJSON(d.model.Layers()), Params: d.model.Params(), Length: length,
		Words: tok.Len(), KeepCase: tok.Options().Case == tokenizer.KeepCase, Strip: tok.Options().Punctuation == tokenizer.StripPunctuation,
		Unicode: tok.Options().UnicodePunctuation,
	}
	if j.vocabulary {
		for id := range tok.Len() {
			info.Vocabulary = append(info.Vocabulary, tok.Word(id))
		}
	}
	return info
}

// describeTextModel prints info for a text model.
func describeTextModel(j *infoJob, d *described) error {
	m := d.model.(*autoreg.TextModel)
	info := newModelInfo(j, d, m.Tokenizer(), m.Length())
	switch {
	case j.asJSON:
		return j.writeJSON(info)
	case j.vocabulary:
		return j.writeWords(info.Vocabulary)
	}
	return info.write(j.out, m.Layers())
}

func (i *modelInfo) write(w io.Writer, layers []autoreg.LayerInfo) error {
	if err := writeLayers(w, layers); err != nil {
		return err
	}
	return i.writeRows(w)
}

// writeRows prints what follows the layers, with more lines in front.
func (i *modelInfo) writeRows(w io.Writer, more ...[]string) error {
	letters, marks := "lower case", "punctuation as words"
	if i.KeepCase {
		letters = "case kept"
	}
	if i.Strip {
		marks = "punctuation dropped"
	}
	if i.Unicode {
		marks += ", beyond ASCII too"
	}
	rows := append(append(more, i.fileInfo.rows()...), [][]string{
		{"weights", bytesText(4*int64(i.Params)) + " of float32"},
		{"vocabulary", fmt.Sprintf("%s words, padding and [UNK] included; %s, %s", thousands(i.Words), letters, marks)},
		{"trained on", fmt.Sprintf("sequences of %s words", thousands(i.Length))},
		{"runs on", i.ISA + " (" + i.Platform + ")"},
	}...)
	rows = append(rows, i.metadataRows()...)
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return writeColumns(w, rows, "ll")
}

// writeWords prints ids and words.
func (a *app) writeWords(words []string) error {
	var b strings.Builder
	for id, word := range words {
		fmt.Fprintf(&b, "%d\t%s\n", id, word)
	}
	_, err := io.WriteString(a.out, a.safe(b.String()))
	return err
}
