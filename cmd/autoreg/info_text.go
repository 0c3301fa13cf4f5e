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
	Unit       string      `json:"unit"`
	KeepMarks  bool        `json:"keep_punctuation,omitempty"`
	LineEnds   bool        `json:"line_ends,omitempty"`
	Stem       string      `json:"stem,omitempty"`
	Stop       *int        `json:"stop"`    // ids, null if there is none
	Unknown    *int        `json:"unknown"` //
	Vocabulary []string    `json:"vocabulary,omitempty"`
	machineInfo

	tok *tokenizer.Tokenizer
}

// newModelInfo returns the JSON of info for a model with a vocabulary.
func newModelInfo(j *infoJob, d *described, tok *tokenizer.Tokenizer, length int) *modelInfo {
	o := tok.Options()
	info := &modelInfo{
		fileInfo: d.info, machineInfo: thisMachine(),
		Layers: layersJSON(d.model.Layers()), Params: d.model.Params(), Length: length,
		Words: tok.Len(), KeepCase: o.Case == tokenizer.KeepCase, Strip: o.Punctuation == tokenizer.StripPunctuation,
		Unicode: o.UnicodePunctuation, Unit: string(o.Unit), KeepMarks: o.Punctuation == tokenizer.KeepPunctuation,
		LineEnds: o.LineEnds, Stem: o.Stem, Stop: idOrNull(tok.Stop()), Unknown: idOrNull(tok.Unknown()), tok: tok,
	}
	if j.vocabulary {
		for id := range tok.Len() {
			info.Vocabulary = append(info.Vocabulary, printable(tok.Word(id)))
		}
	}
	return info
}

// idOrNull returns an id for JSON.
func idOrNull(id int) *int {
	if id < 0 {
		return nil
	}
	return &id
}

// describeTextModel prints info for a text model.
func describeTextModel(j *infoJob, d *described) error {
	m := d.model.(*autoreg.TextModel)
	info := newModelInfo(j, d, m.Tokenizer(), m.Length())
	switch {
	case j.asJSON:
		return j.writeJSON(info)
	case j.vocabulary:
		return j.writeWords(m.Tokenizer())
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
	rows := append(append(more, i.fileInfo.rows()...), [][]string{
		{"weights", bytesText(4*int64(i.Params)) + " of float32"},
		{"vocabulary", describeVocabulary(i.tok) + "; " + describePipeline(i.tok.Options())},
		{"trained on", fmt.Sprintf("sequences of %s", counted(i.Length, unitName(i.tok)))},
		{"runs on", i.ISA + " (" + i.Platform + ")"},
	}...)
	rows = append(rows, i.metadataRows()...)
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return writeColumns(w, rows, "ll")
}

// writeWords prints ids and tokens.
func (a *app) writeWords(tok *tokenizer.Tokenizer) error {
	var b strings.Builder
	for id := range tok.Len() {
		fmt.Fprintf(&b, "%d\t%s\n", id, shown(tok.Word(id)))
	}
	_, err := io.WriteString(a.out, a.safe(b.String()))
	return err
}
