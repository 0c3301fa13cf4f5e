package corpus

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
)

// FormatTabs is a format of labelled texts alone, for LabelledOptions.Format: plain text,
// each line a label, a tab and a text.
const FormatTabs = "tabs"

// Limits on labels.
const (
	maxLabels     = 1 << 16 // different ones
	maxLabelBytes = 256
)

// LabelledOptions choose how labelled texts are read. The zero value, or a nil pointer,
// works.
type LabelledOptions struct {
	// Options are those of Read, but for Format: FormatAuto, FormatJSON or FormatTabs, and
	// Field, which is for texts without labels.
	Options
	// Text and Label name the members of an object that hold its text and its label, as
	// Field does; "" means "text" and "label".
	Text, Label string
	// Contains makes two labels of all: Contains itself, where the label is that or is a
	// list that contains it, and Other, where it does not. "" takes labels as they are.
	Contains string
	Other    string // "" means "other"
}

// A LabelledCorpus is a list of texts and the label of each.
type LabelledCorpus struct {
	Corpus
	Labels []string // valid UTF-8, not empty
}

// ReadLabelled is Read for texts with labels. The formats:
//
//   - json: objects, in one JSON list or one after the other. The text is a string, or a
//     list of strings, joined by single spaces; nulls in it are left out and counted. The
//     label is a string, a number or a boolean, as it is written, or with Contains a list
//     of these. Other members are ignored, and of a repeated member the last counts.
//   - tabs: each line is a label, a tab and a text; blank lines are none.
//
// FormatAuto takes what begins like a list of objects or like an object for JSON, and
// other text for lines. Blanks around labels, and around texts and the strings they are
// joined from, are dropped. An object or a line without a text or without a label is
// skipped and counted, for each of both reasons: one that is missing, null or empty. So a
// text without a list is skipped with Contains, too, and one with an empty list is Other.
//
// A label of more than 256 bytes, and more than 65,536 different ones, are errors.
func ReadLabelled(paths []string, o *LabelledOptions) (*LabelledCorpus, error) {
	if len(paths) == 0 {
		return nil, wrap(errors.New("no files named"))
	}
	r, err := newLabelledReader(o)
	if err != nil {
		return nil, wrap(err)
	}
	for _, path := range paths {
		if err := r.readPath(path); err != nil {
			return nil, wrap(err)
		}
	}
	return r.finishLabelled()
}

// DecodeLabelled is ReadLabelled for a file that is already open: see Decode.
func DecodeLabelled(r io.Reader, name string, o *LabelledOptions) (*LabelledCorpus, error) {
	c, err := newLabelledReader(o)
	if err != nil {
		return nil, wrap(apierror.In(name, err))
	}
	if err := c.readFile(r, name, false); err != nil {
		return nil, wrap(err)
	}
	return c.finishLabelled()
}

// A labelReader is the part of a reader that is for labels.
type labelReader struct {
	text, label, contains, other string

	of    []int32 // the label of each document
	names []string
	index map[string]int32
	lines int // of the file being read that are not blank

	doc, name []byte // scratch
}

// labelBytes is the memory of a label without its text: an index, in a slice that grows,
// and a string of the final list.
const labelBytes = 12 + 16

func newLabelledReader(o *LabelledOptions) (*reader, error) {
	if o == nil {
		o = &LabelledOptions{}
	}
	l := &labelReader{
		text: cmp.Or(o.Text, "text"), label: cmp.Or(o.Label, "label"),
		contains: strings.TrimSpace(o.Contains), other: cmp.Or(strings.TrimSpace(o.Other), "other"),
		index: make(map[string]int32),
	}
	switch {
	case o.Contains != "" && l.contains == "":
		return nil, outOfRange("Contains", fmt.Sprintf("%.40q", o.Contains), "more than blanks")
	case len(l.contains) > maxLabelBytes:
		return nil, outOfRange("Contains", fmt.Sprintf("%.40q…", l.contains), fmt.Sprintf("at most %d bytes", maxLabelBytes))
	case len(l.other) > maxLabelBytes:
		return nil, outOfRange("Other", fmt.Sprintf("%.40q…", l.other), fmt.Sprintf("at most %d bytes", maxLabelBytes))
	case l.contains == l.other:
		return nil, optionErrorf("%s and %s are both %.40q: want two labels", option("Contains"), option("Other"), l.other)
	case l.text == l.label:
		return nil, optionErrorf("%s and %s are both %.40q: want two members", option("Text"), option("Label"), l.text)
	case o.Field != "":
		return nil, optionErrorf("%s is %.40q: of labelled texts it is %s that names the member with the text", option("Field"), o.Field, option("Text"))
	}
	r, err := newReader(&o.Options, FormatAuto, FormatJSON, FormatTabs)
	if err != nil {
		return nil, err
	}
	r.labels = l
	return r, nil
}

func (r *reader) finishLabelled() (*LabelledCorpus, error) {
	c, err := r.finish()
	if err != nil {
		return nil, err
	}
	labels := make([]string, len(r.labels.of))
	for i, k := range r.labels.of {
		labels[i] = r.labels.names[k]
	}
	return &LabelledCorpus{Corpus: *c, Labels: labels}, nil
}

// sniffLabelled chooses the format of labelled texts that begin with head.
func sniffLabelled(head []byte) string {
	start := bytes.TrimLeft(head, jsonBlanks)
	inner := start
	if len(start) > 0 && start[0] == '[' {
		if inner = bytes.TrimLeft(start[1:], jsonBlanks); len(inner) > 0 && inner[0] == ']' {
			return FormatJSON
		}
	}
	if jsonObject.Match(inner) || bytes.HasPrefix(inner, []byte("{}")) {
		return FormatJSON
	}
	return FormatTabs
}

// readLabelled reads a file that begins with head.
func (r *reader) readLabelled(in *bufio.Reader, at int64, head []byte) error {
	if r.file.Format == FormatAuto {
		if kind := otherKind(head); kind != "" {
			return optionErrorf("this is %s; or read it as lines of a label, a tab and a text with %s %s", kind, option("Format"), FormatTabs)
		}
		r.file.Format = sniffLabelled(head)
	}
	r.labels.lines = 0
	if r.file.Format == FormatTabs {
		return r.readText(in, at, false)
	}
	start := bytes.TrimLeft(head, jsonBlanks)
	list := jsonList{
		in: in, at: at, line: 1, recordAt: at, recordLine: 1,
		things: "records", object: fmt.Sprintf("an object with %q and %q", r.labels.text, r.labels.label),
		lines: len(start) > 0 && start[0] != '[',
	}
	kept, first, err := r.readRecords(&list, false, r.labelledRecord)
	switch {
	case err != nil || kept > 0:
		return err
	case r.file.Skipped > 0:
		return emptyErrorf("nothing to learn from: of %d records %d have no text (%q) and %d no label (%q); the members of the first are %s",
			r.file.Skipped, r.file.NoText, r.labels.text, r.file.NoLabel, r.labels.label, memberNames(first))
	}
	return emptyErrorf("nothing to learn from: there are no records")
}

// labelledRecord takes one valid JSON object.
func (r *reader) labelledRecord(record []byte) (keep bool, err error) {
	l, was := r.labels, r.file.Counts
	if l.doc, err = r.appendText(l.doc[:0], member(record, l.text)); err != nil {
		return false, err
	}
	name, err := r.labelOf(member(record, l.label))
	if err != nil {
		return false, err
	}
	return r.addLabelled(l.doc, name, was)
}

// addLabelled adds a document, or counts why it is skipped: then the counts are what they
// were otherwise.
func (r *reader) addLabelled(doc, name []byte, was Counts) (keep bool, err error) {
	if len(doc) > 0 && len(name) > 0 {
		if err := r.labels.add(&r.docs, name); err != nil {
			return false, err
		}
		return true, r.docs.add(doc)
	}
	r.file.Counts = was
	if len(doc) == 0 {
		r.file.NoText++
	} else {
		r.file.NoLabel++
	}
	return false, nil
}

// appendText appends the text of a JSON value, nothing if that is missing or null.
func (r *reader) appendText(dst, value []byte) ([]byte, error) {
	if len(value) == 0 || value[0] == 'n' {
		return dst, nil
	}
	if value[0] == '"' {
		return append(dst, bytes.TrimSpace(r.appendUnquoted(nil, value))...), nil
	}
	if value[0] != '[' {
		return dst, fmt.Errorf("%q is %s: want a string or a list of strings", r.labels.text, jsonType(value[0]))
	}
	var part []byte
	err := elements(value, func(i int, e []byte) error {
		switch {
		case e[0] == 'n':
			r.file.NullSteps++
			return nil
		case e[0] != '"':
			return fmt.Errorf("%q[%d] is %s: want a string", r.labels.text, i, jsonType(e[0]))
		}
		part = r.appendUnquoted(part[:0], e)
		if s := bytes.TrimSpace(part); len(s) > 0 {
			if len(dst) > 0 {
				dst = append(dst, ' ')
			}
			dst = append(dst, s...)
		}
		return nil
	})
	return dst, err
}

// labelOf returns the label that a JSON value stands for, nothing if it is missing, null
// or empty.
func (r *reader) labelOf(value []byte) ([]byte, error) {
	l := r.labels
	if len(value) == 0 || value[0] == 'n' {
		return nil, nil
	}
	if value[0] != '[' {
		name, err := r.scalar(value)
		if err != nil {
			return nil, fmt.Errorf("%q is %w", l.label, err)
		}
		return l.choose(name), nil
	}
	if l.contains == "" {
		return nil, optionErrorf("%q is a list: say with %s which of its values to look for", l.label, option("Contains"))
	}
	found := []byte(l.other)
	err := elements(value, func(i int, e []byte) error {
		if e[0] == 'n' {
			return nil
		}
		name, err := r.scalar(e)
		if err != nil {
			return fmt.Errorf("%q[%d] is %w", l.label, i, err)
		}
		if string(name) == l.contains {
			found = []byte(l.contains)
		}
		return nil
	})
	return found, err
}

// scalar returns the text of a string, a number or a boolean, valid until the next call.
func (r *reader) scalar(value []byte) ([]byte, error) {
	switch value[0] {
	case '"':
		r.labels.name = r.appendUnquoted(r.labels.name[:0], value)
		if r.o.Raw {
			r.labels.name = r.appendValid(nil, r.labels.name)
		}
		return bytes.TrimSpace(r.labels.name), nil
	case '[', '{':
		return nil, fmt.Errorf("%s: want a string or a number", jsonType(value[0]))
	}
	return value, nil
}

// choose returns the label for one that a text has by itself.
func (l *labelReader) choose(name []byte) []byte {
	switch {
	case len(name) == 0 || l.contains == "":
		return name
	case string(name) == l.contains:
		return []byte(l.contains)
	}
	return []byte(l.other)
}

// add adds the label of a document.
func (l *labelReader) add(docs *docStore, name []byte) error {
	k, ok := l.index[string(name)]
	if !ok {
		switch {
		case len(name) > maxLabelBytes:
			return fmt.Errorf("the label %.40q… has %d bytes: want at most %d", name, len(name), maxLabelBytes)
		case len(l.names) == maxLabels:
			return fmt.Errorf("there are more than %d different labels, %.40q for example: is this what tells the texts apart?", maxLabels, name)
		}
		if err := docs.take(3*len(name) + 100); err != nil {
			return err
		}
		k = int32(len(l.names))
		l.names = append(l.names, string(name))
		l.index[l.names[k]] = k
	}
	if err := docs.take(labelBytes); err != nil {
		return err
	}
	l.of = append(l.of, k)
	return nil
}

// labelledLine takes one line that is not blank.
func (r *reader) labelledLine(line []byte) error {
	l, was := r.labels, r.file.Counts
	l.lines++
	name, text, ok := bytes.Cut(line, []byte("\t"))
	if !ok {
		return errors.New("there is no tab: want a label, a tab and a text on each line, or JSON objects")
	}
	l.name = r.appendValid(l.name[:0], name)
	l.doc = r.appendPart(l.doc[:0], text)
	keep, err := r.addLabelled(bytes.TrimSpace(l.doc), l.choose(bytes.TrimSpace(l.name)), was)
	if err == nil && !keep {
		r.file.Skipped++
	}
	return err
}
