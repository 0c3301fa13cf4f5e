package convert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// maxNested is how deep arrays of numbers may lie in one another.
const maxNested = 4

// A jsonTensor is nested arrays of numbers, all of one length at each depth.
type jsonTensor struct {
	shape []int
	data  []float32
}

// parseTensor reads nested arrays without keeping more than the numbers: a slice for each
// of many short arrays would take several times the text.
func parseTensor(text json.RawMessage) (*jsonTensor, error) {
	if checkJSON(text) != nil {
		return nil, errors.New("not valid JSON")
	}
	n, before := 0, false
	for _, c := range text {
		in := isNumber(c)
		if in && !before {
			n++
		}
		before = in
	}
	if 4*n > len(text)+64<<10 {
		return nil, fmt.Errorf("about %d numbers in %d bytes, which would take more memory than the file warrants", n, len(text))
	}
	t := &jsonTensor{data: make([]float32, 0, n)}
	if _, err := t.parse(text, 0); err != nil {
		return nil, err
	}
	return t, nil
}

// isNumber reports whether c can be a part of a number.
func isNumber(c byte) bool {
	return '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

// parse reads the value with which a valid text begins, and returns what is behind it.
func (t *jsonTensor) parse(text []byte, depth int) (rest []byte, err error) {
	text = bytes.TrimLeft(text, " \t\r\n")
	if c := text[0]; c == '-' || '0' <= c && c <= '9' {
		n := 1
		for n < len(text) && isNumber(text[n]) {
			n++
		}
		x, err := strconv.ParseFloat(string(text[:n]), 32)
		if err != nil {
			return nil, fmt.Errorf("%.40q is beyond the range of float32", text[:n])
		}
		if depth != len(t.shape) {
			return nil, errors.New("arrays of different depths")
		}
		t.data = append(t.data, float32(x))
		return text[n:], nil
	} else if c != '[' || depth == maxNested {
		if c != '[' && c != '{' {
			text, _ = cutJSON(text)
			text = bytes.Trim(text, `"`)
		} else {
			text = text[:1]
		}
		return nil, fmt.Errorf("found %.40q, want arrays of numbers, at most %d deep", text, maxNested)
	}
	first := depth == len(t.shape)
	if first && len(t.data) > 0 {
		return nil, errors.New("arrays of different depths")
	}
	if first {
		t.shape = append(t.shape, 0)
	}
	n := 0
	for text = text[1:]; ; n++ {
		if text = bytes.TrimLeft(text, " \t\r\n"); text[0] == ']' {
			break
		}
		if text, err = t.parse(text, depth+1); err != nil {
			return nil, err
		}
		if text = bytes.TrimLeft(text, " \t\r\n"); text[0] == ',' {
			text = text[1:]
		}
	}
	if first {
		t.shape[depth] = n
	} else if t.shape[depth] != n {
		return nil, fmt.Errorf("arrays of %d and of %d values side by side", t.shape[depth], n)
	}
	return text[1:], nil
}

// is reports whether the tensor has this shape.
func (t *jsonTensor) is(shape ...int) bool {
	if len(t.shape) != len(shape) {
		return false
	}
	for i, n := range shape {
		if t.shape[i] != n {
			return false
		}
	}
	return true
}
