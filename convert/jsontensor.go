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
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	t := &jsonTensor{}
	if err := t.parse(d, 0); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *jsonTensor) parse(d *json.Decoder, depth int) error {
	tok, err := d.Token()
	if err != nil {
		return errors.New("not valid JSON")
	}
	switch v := tok.(type) {
	case json.Number:
		x, err := strconv.ParseFloat(string(v), 32)
		if err != nil {
			return fmt.Errorf("%.40q is beyond the range of float32", string(v))
		}
		if depth != len(t.shape) {
			return errors.New("arrays of different depths")
		}
		t.data = append(t.data, float32(x))
		return nil
	case json.Delim:
		if v != '[' || depth == maxNested {
			break
		}
		first := depth == len(t.shape)
		if first && len(t.data) > 0 {
			return errors.New("arrays of different depths")
		}
		if first {
			t.shape = append(t.shape, 0)
		}
		n := 0
		for ; d.More(); n++ {
			if err := t.parse(d, depth+1); err != nil {
				return err
			}
		}
		if first {
			t.shape[depth] = n
		} else if t.shape[depth] != n {
			return fmt.Errorf("arrays of %d and of %d values side by side", t.shape[depth], n)
		}
		_, err := d.Token()
		return err
	}
	return fmt.Errorf("found %.40q, want arrays of numbers, at most %d deep", fmt.Sprint(tok), maxNested)
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
