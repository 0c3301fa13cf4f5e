package corpus

import (
	"bytes"
	"encoding/csv"
	"regexp"
	"strings"
)

// tableColumns returns how many columns a text that begins with head has if it is a
// table, of values between commas, semicolons or tabs, and 0 if it is not. A poem or a
// list has commas too: all rows must have as many of them, none followed by a blank, and
// isTable must find more signs of a table.
func tableColumns(head []byte, whole bool) int {
	for _, comma := range ",;\t" {
		if !bytes.ContainsRune(head, comma) {
			continue
		}
		if rows := tableRows(head, whole, comma); isTable(rows, bytes.Contains(head, []byte(`"`))) {
			return len(rows[0])
		}
	}
	return 0
}

// maxTableRows is the number of rows that are examined.
const maxTableRows = 200

// tableRows returns the first rows of head, or nil if they differ in their number of
// columns.
func tableRows(head []byte, whole bool, comma rune) [][]string {
	r := csv.NewReader(bytes.NewReader(head))
	r.Comma = comma
	var rows [][]string
	for len(rows) < maxTableRows {
		row, err := r.Read()
		if r.InputOffset() >= int64(len(head)) && !whole {
			break // the row may go on
		}
		if err != nil {
			if row == nil && len(rows) > 0 && r.InputOffset() >= int64(len(head)) {
				break
			}
			return nil
		}
		rows = append(rows, row)
	}
	return rows
}

var (
	columnName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+){0,2}$`)
	number     = regexp.MustCompile(`^[-+]?[0-9]+([.,][0-9]+)?%?$`)
)

// isTable reports whether rows of equal length are those of a table.
func isTable(rows [][]string, quoted bool) bool {
	if len(rows) < 2 || len(rows[0]) < 2 {
		return false
	}
	named, seen := true, map[string]bool{}
	for _, name := range rows[0] {
		named = named && columnName.MatchString(name) && !seen[name]
		seen[name] = true
	}
	columns := len(rows[0])
	numbers := make([]int, columns) // in each column, its first row not counted
	for i, row := range rows {
		for k, field := range row {
			if strings.HasPrefix(field, " ") {
				return false
			}
			if i > 0 && number.MatchString(field) {
				numbers[k]++
			}
		}
	}
	numeric := false
	for _, n := range numbers {
		numeric = numeric || n == len(rows)-1
	}
	underscore := strings.Contains(strings.Join(rows[0], ""), "_")
	switch {
	case named:
		return columns > 2 || quoted || numeric || underscore
	case numeric:
		return columns > 2 || len(rows) > 2
	}
	return false
}
