package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// parseCheckpoint reads the JSON of f. It must be the JSON that SaveCheckpoint would
// write for the result, without blanks, so that no member is missing, unknown, repeated
// or out of a number's range.
func parseCheckpoint[C any](f *weights.File) (*C, error) {
	text, ok := f.Metadata[model.KeyCheckpoint]
	if !ok {
		return nil, errors.New("it is no checkpoint: a finished model has no optimiser state")
	}
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal([]byte(text), &version); err != nil {
		return nil, apierror.Errorf("metadata %q: %w", model.KeyCheckpoint, err)
	}
	if version.Version != checkpointVersion {
		return nil, apierror.Errorf("the checkpoint is of version %d, this program reads %d", version.Version, checkpointVersion)
	}
	var c C
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return nil, apierror.Errorf("metadata %q: %w", model.KeyCheckpoint, err)
	}
	again, err := json.Marshal(c)
	if err != nil || !compact(text) || !sameJSON(text, string(again)) {
		return nil, errForm
	}
	return &c, nil
}

var errForm = apierror.Errorf("metadata %q is not in the form that is written", model.KeyCheckpoint)

// compact reports whether JSON has no blanks between its tokens.
func compact(text string) bool {
	var b bytes.Buffer
	return json.Compact(&b, []byte(text)) == nil && b.String() == text
}

// sameJSON reports whether two JSON texts are the same tokens. Blanks and the ways
// to write a string or a number may differ: the latter are the encoder's, which may
// change with the release of Go.
func sameJSON(a, b string) bool {
	x, y := json.NewDecoder(strings.NewReader(a)), json.NewDecoder(strings.NewReader(b))
	x.UseNumber()
	y.UseNumber()
	for {
		t, err := x.Token()
		u, err2 := y.Token()
		if err != nil || err2 != nil {
			return err == io.EOF && err2 == io.EOF
		}
		n, isNumber := t.(json.Number)
		m, isNumber2 := u.(json.Number)
		if isNumber && isNumber2 && n != m {
			f, err := n.Float64()
			g, err2 := m.Float64()
			if err == nil && err2 == nil && f == g {
				continue
			}
		}
		if t != u {
			return false
		}
	}
}

// A comparison finds the first option whose value differs from that of the run.
type comparison struct{ err error }

// same compares one option. A zero value means that of the run.
func same[T comparable](c *comparison, name string, was, now T) {
	sameField(c, option(name), was, now)
}

// sameField is same for a field of any package.
func sameField[T comparable](c *comparison, field apierror.Field, was, now T) {
	var zero T
	if c.err == nil && now != zero && now != was {
		c.err = optionErr("%s is %v now and was %v: a run cannot change it midway (leave it out, or start anew)", field, now, was)
	}
}

// sameLayers compares lists of layers. nil now asks for nothing.
func sameLayers(c *comparison, was, now []layers.Spec) {
	for i, s := range now {
		if err := layers.CheckSpec(s); c.err == nil && err != nil {
			c.err = optionErr("%s: layer %d: %w", option("Layers"), i, err)
		}
	}
	if c.err == nil && now != nil {
		same(c, "Layers", string(model.AppendLayers(nil, was)), string(model.AppendLayers(nil, now)))
	}
}

// readLayers reads the layers of a checkpoint.
func readLayers(text json.RawMessage) ([]layers.Spec, error) {
	list, err := model.ParseLayers(text)
	if err != nil {
		return nil, apierror.Errorf("metadata %q: member \"layers\": %w", model.KeyCheckpoint, err)
	}
	return list, nil
}

// checkEpochs refuses to end a run before the epoch that it is in.
func (p *progress) checkEpochs(epochs int) error {
	current := p.Epoch
	if p.Batch > 0 {
		current++
	}
	if epochs < current {
		return optionErr("%s is %d, but the run is in epoch %d already", option("Epochs"), epochs, current)
	}
	return nil
}
