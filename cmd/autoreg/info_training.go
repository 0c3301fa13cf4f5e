package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/autoreg/autoreg/train"
)

// metadataRows are the last lines of info: first the training, if the file has a record
// that can be read, then each key that is not shown otherwise. Values of other programs
// may be anything.
func (i *fileInfo) metadataRows() (rows [][]string) {
	meta := i.Metadata
	record, err := train.ParseRecord(meta[train.RecordKey])
	if err == nil {
		rows = recordRows(record)
	}
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		if key != train.RecordKey || err != nil {
			rows = append(rows, []string{"metadata", key + " = " + meta[key]})
		}
	}
	for _, row := range rows { // anything may be in a file
		for i := range row {
			row[i] = lineText(row[i])
		}
	}
	return rows
}

// recordRows are the lines of info on where a model comes from.
func recordRows(r *train.Record) [][]string {
	name := r.Source.Name
	if name == "" {
		name = "unnamed"
	}
	what := counted(r.Documents, "document")
	if r.Images > 0 {
		what = counted(r.Images, "image")
	}
	if r.Source.Format != "" {
		what += ", read as " + r.Source.Format
	}
	rows := [][]string{{"data", name + ": " + what}}
	if r.Source.SHA256 != "" {
		rows = append(rows, []string{"", "sha256 " + r.Source.SHA256})
	}
	if r.Source.Validation != "" {
		rows = append(rows, []string{"", "validation " + r.Source.Validation})
	}
	if r.Source.ValidationSHA256 != "" {
		rows = append(rows, []string{"", "sha256 " + r.Source.ValidationSHA256})
	}
	if text := optionsText(r.Options, 0); text != "" {
		rows = append(rows, []string{"options", text})
	}
	text := fmt.Sprintf("%s, %s in all", counted(r.Epochs, "epoch"), counted(r.Steps, "step"))
	switch {
	case r.Weights > 0 && r.Weights == r.Best && r.Weights < r.Epochs:
		text += fmt.Sprintf("; the weights are of epoch %d, the best", r.Weights)
	case r.Best > 0:
		text += fmt.Sprintf("; the best is epoch %d", r.Best)
	}
	rows = append(rows, []string{"training", text})
	return append(rows, lossRows(r)...)
}

// lossRows are the losses of the first, the best and the last epoch.
func lossRows(r *train.Record) (rows [][]string) {
	n := len(r.History)
	shown := []int{1, n}
	if r.Best > 1 && r.Best < n {
		shown = []int{1, r.Best, n}
	}
	for _, epoch := range slices.Compact(shown) {
		if epoch < 1 || epoch > n {
			continue
		}
		e := r.History[epoch-1]
		text := fmt.Sprintf("epoch %d: %.4f nats", epoch, e.Loss)
		if e.ValLoss != 0 {
			text += fmt.Sprintf(", validation %.4f", e.ValLoss)
		}
		if e.ValAccuracy > 0 {
			text += fmt.Sprintf(", accuracy %.2f%%", 100*e.ValAccuracy)
		}
		name := ""
		if rows == nil {
			name = "losses"
		}
		rows = append(rows, []string{name, text})
	}
	return rows
}

// optionsText returns the members of a JSON object that are numbers, texts or booleans as
// a text, at depth 0 also those that are objects of these; what is 0 or false is left
// out. It is "" for anything else.
func optionsText(raw json.RawMessage, depth int) string {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return ""
	}
	var list []string
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return ""
		}
		var text json.RawMessage
		if err := d.Decode(&text); err != nil {
			return ""
		}
		name := strings.ReplaceAll(fmt.Sprint(key), "_", " ")
		if depth == 0 {
			if inner := optionsText(text, 1); inner != "" {
				list = append(list, name+" ("+inner+")")
				continue
			}
		}
		var value any
		inner := json.NewDecoder(bytes.NewReader(text))
		inner.UseNumber()
		if inner.Decode(&value) != nil {
			return ""
		}
		switch v := value.(type) {
		case bool:
			if v {
				list = append(list, name)
			}
		case json.Number:
			if f, err := strconv.ParseFloat(v.String(), 64); err != nil || f != 0 {
				list = append(list, name+" "+v.String())
			}
		case string:
			list = append(list, name+" "+v)
		}
	}
	return strings.Join(list, ", ")
}
