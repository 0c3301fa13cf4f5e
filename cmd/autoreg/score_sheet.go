package main

import (
	"encoding/json"
	"math"
)

// A scoreSheet prints the scores of files: each at once as a JSON object on a line, or
// all in a table.
type scoreSheet struct {
	*app
	asJSON bool
	align  string
	rows   [][]string // the first is the table's head
}

// add takes a file's score, as a row and as an object.
func (s *scoreSheet) add(row []string, object any) error {
	if s.asJSON {
		return s.writeJSONLine(object)
	}
	row[0] = lineText(row[0])
	s.rows = append(s.rows, row)
	return nil
}

// end prints the table, unless it has no row.
func (s *scoreSheet) end() error {
	if len(s.rows) < 2 {
		return nil
	}
	return writeColumns(s.out, s.rows, s.align)
}

// What score --json prints of a file, or of several together.
type scored struct {
	File  string `json:"file,omitempty"`
	Total bool   `json:"total,omitempty"` // of all files, in place of a name
}

// A number is null in JSON where it is not finite.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}
