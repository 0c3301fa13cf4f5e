package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/autoreg/autoreg"
)

// writeLayers prints the layers as Keras does, where None is the number of texts
// and of words: free.
func writeLayers(w io.Writer, layers []autoreg.LayerInfo) error {
	return writeShapes(w, layers, len(layers))
}

// writeShapes prints layers of which the first n have outputs at each word, and the
// others one a text.
func writeShapes(w io.Writer, layers []autoreg.LayerInfo, n int) error {
	cells := [][]string{{"layer (type)", "output shape", "parameters"}}
	total := 0
	for i, l := range layers {
		shape := fmt.Sprintf("(None, None, %d)", l.Out)
		if i >= n {
			shape = fmt.Sprintf("(None, %d)", l.Out)
		}
		cells = append(cells, []string{l.Name + " (" + l.Type + ")", shape, thousands(l.Params)})
		total += l.Params
	}
	cells = append(cells, []string{"total", "", thousands(total)})
	return writeColumns(w, cells, "llr")
}

// writeColumns prints rows of cells in columns, aligned as align says: l or r for
// each.
func writeColumns(w io.Writer, rows [][]string, align string) error {
	width := make([]int, len(align))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			gap := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if align[i] == 'r' {
				line += gap + cell + "  "
			} else {
				line += cell + gap + "  "
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// thousands writes n with commas: 2,407,248.
func thousands[T int | int64](n T) string {
	s := fmt.Sprint(n)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// perplexityText writes a perplexity for a reader: that of training, which is cut off
// at the largest number, and that of score, which may be infinite.
func perplexityText(p float64) string {
	if p >= 1e6 {
		return "over 1e6" // the loss beside it says how much
	}
	return fmt.Sprintf("%.2f", p)
}

// bytesText writes a count of bytes for a reader.
func bytesText(n int64) string {
	switch {
	case n >= 10<<20:
		return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}
