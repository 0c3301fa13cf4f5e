package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// parseCheckpoint reads the JSON of f. It must say what SaveCheckpoint would write
// for it, without blanks: nothing is missing, unknown, repeated or out of a number's
// range then.
func parseCheckpoint(f *weights.File) (*checkpoint, error) {
	text, ok := f.Metadata[model.KeyCheckpoint]
	if !ok {
		return nil, errors.New("it is no checkpoint: a finished model has no optimiser state")
	}
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal([]byte(text), &version); err != nil {
		return nil, fmt.Errorf("metadata %q: %w", model.KeyCheckpoint, err)
	}
	if version.Version != checkpointVersion {
		return nil, fmt.Errorf("the checkpoint is of version %d, this program reads %d", version.Version, checkpointVersion)
	}
	var c checkpoint
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return nil, fmt.Errorf("metadata %q: %w", model.KeyCheckpoint, err)
	}
	again, err := json.Marshal(c)
	if err != nil || strings.ContainsAny(text, " \t\r\n") || !sameJSON(text, string(again)) {
		return nil, fmt.Errorf("metadata %q is not in the form that is written", model.KeyCheckpoint)
	}
	return &c, nil
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

// merge returns the options of the run from those of the checkpoint and those
// asked for now.
func (c *checkpoint) merge(o Options) (Options, error) {
	was := c.Options
	was.Threads, was.MaxBytes = 1, 1
	if err := was.check(); err != nil {
		return was, fmt.Errorf("the checkpoint is damaged: %w", inner{err})
	}
	var err error
	differ := func(name string, was, now any) {
		if err == nil {
			err = fmt.Errorf("option %s is %v now and was %v: a run cannot change it midway (leave it out, or start anew)", name, now, was)
		}
	}
	same(differ, "Vocabulary", was.Vocabulary, o.Vocabulary)
	same(differ, "KeepCase", was.KeepCase, o.KeepCase)
	same(differ, "StripPunctuation", was.StripPunctuation, o.StripPunctuation)
	same(differ, "Embedding", was.Embedding, o.Embedding)
	same(differ, "Units", was.Units, o.Units)
	same(differ, "Length", was.Length, o.Length)
	same(differ, "BatchSize", was.BatchSize, o.BatchSize)
	same(differ, "LearningRate", was.LearningRate, o.LearningRate)
	same(differ, "ClipNorm", was.ClipNorm, o.ClipNorm)
	same(differ, "IgnorePadding", was.IgnorePadding, o.IgnorePadding)
	same(differ, "Validation", was.Validation, o.Validation)
	same(differ, "Patience", was.Patience, o.Patience)
	same(differ, "Seed", was.Seed, o.Seed)
	if err != nil {
		return was, err
	}
	if o.Epochs != 0 {
		was.Epochs = o.Epochs
	}
	was.Threads, was.MaxBytes = o.Threads, o.MaxBytes
	was = was.withDefaults()
	if err := was.check(); err != nil {
		return was, err
	}
	begun := c.Epoch
	if c.Batch > 0 {
		begun++
	}
	if was.Epochs < begun {
		return was, fmt.Errorf("option Epochs is %d, but the run is in epoch %d already", was.Epochs, begun)
	}
	return was, nil
}

// same calls differ unless now is zero or equal to was.
func same[T comparable](differ func(string, any, any), name string, was, now T) {
	var zero T
	if now != zero && now != was {
		differ(name, was, now)
	}
}

// checkProgress checks what a checkpoint says of how far the run is against the
// run itself.
func (t *Trainer) checkProgress() error {
	p, batches := &t.progress, t.training.Batches(t.options.BatchSize)
	bad := p.Epoch < 0 || p.Batch < 0 || p.Batch > batches ||
		len(p.History) != p.Epoch ||
		int64(p.Steps) != int64(p.Epoch)*int64(batches)+int64(p.Batch) ||
		p.Positions < 0 || p.Positions > positions(t.training, t.options.IgnorePadding) ||
		!finite(p.LossSum) || p.LossSum < 0 ||
		!power(p.Power1, p.Steps) || !power(p.Power2, p.Steps) ||
		p.Best < 0 || p.Best > p.Epoch || p.Best > 0 != (t.validation != nil && p.Epoch > 0)
	for i, r := range p.History {
		bad = bad || r.Steps != (i+1)*batches || !finite(r.Loss) || !finite(r.ValLoss)
	}
	if bad {
		return errors.New("the checkpoint contradicts itself: the file is damaged")
	}
	return nil
}

// power reports whether x can be the power of a number between 0 and 1.
func power(x float64, exponent int) bool {
	return x == 1 && exponent == 0 || x >= 0 && x < 1 && exponent > 0
}

// takeTensors takes over what f holds beside the model.
func (t *Trainer) takeTensors(f *weights.File) error {
	p := f.Pick()
	for _, tensor := range t.model.File().Tensors {
		if _, err := p.Take(tensor.Name, tensor.Shape...); err != nil {
			return err
		}
	}
	sets := []struct {
		prefix string
		net    *layers.Stack
	}{{prefixM, t.optimiser.m}, {prefixV, t.optimiser.v}, {prefixBest, t.best}}
	for _, s := range sets {
		if s.net == nil {
			continue
		}
		if err := takeParameters(p, s.prefix, s.net); err != nil {
			return err
		}
	}
	if err := p.Finish(); err != nil {
		return err
	}
	for _, tensor := range f.Tensors {
		for i, v := range tensor.Data {
			if !finite(float64(v)) {
				return fmt.Errorf("tensor %q: value %d is %v: the file is damaged", tensor.Name, i, v)
			}
		}
	}
	for _, v := range parameters(t.optimiser.v) {
		for _, x := range v {
			if x < 0 {
				return fmt.Errorf("a tensor %s… has the value %v, but squares are not negative: the file is damaged", prefixV, x)
			}
		}
	}
	return nil
}
