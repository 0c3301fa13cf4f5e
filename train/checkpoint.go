package train

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// A checkpoint is a model file (see package model) with one more metadata key,
// model.KeyCheckpoint, that holds the task's checkpoint as JSON, and
// these tensors:
//
//	optimizer.SLOT.NAME  the optimiser's slot of the parameter NAME: m and v of Adam
//	optimizer.average.NAME
//	                     its average; only with Options.Average
//	optimizer.best.NAME  its value, or average, after the best epoch; only with Options.Best
//	optimizer.carry.I    the state of layer I that the steps of a stream carry on, [tracks,
//	                     values]; only within an epoch
//
// for every NAME of a parameter that is trained. It holds no time, number of threads,
// path or name of the machine: equal runs have equal checkpoints after the same number
// of steps, byte for byte.

const checkpointVersion = 1

// Beginnings of the names of the averages and of the best weights.
const (
	prefixAverage = model.OptimizerPrefix + "average."
	prefixBest    = model.OptimizerPrefix + "best."
)

// A slot is one number for each parameter that a checkpoint has in addition to the model.
type slot struct {
	prefix string // of its tensors' names
	net    layers.Network
}

// slots returns the optimiser's slots, the averages and the best weights.
func (t *Trainer) slots() []slot {
	var list []slot
	for i, name := range t.optimizer.Slots() {
		list = append(list, slot{model.OptimizerPrefix + name + ".", t.optimizer.slots[i]})
	}
	if t.average != nil {
		list = append(list, slot{prefixAverage, t.average.net})
	}
	if t.best != nil {
		list = append(list, slot{prefixBest, t.best})
	}
	return list
}

// SaveCheckpoint writes the state of the run to path, atomically: see
// atomicfile.Write. It replaces what is there. Run saves checkpoints by itself.
func (t *Trainer) SaveCheckpoint(path string) error { return wrap(t.save(path, nil)) }

// save writes a checkpoint, unless path holds something else than was.
func (t *Trainer) save(path string, was *atomicfile.Version) error {
	f, err := t.checkpointFile()
	if err == nil {
		var now atomicfile.Version
		if now, err = atomicfile.Replace(path, f, was); err == nil {
			t.note(path, now)
			return nil
		}
	}
	if errors.Is(err, atomicfile.ErrReplaced) {
		return t.saveElsewhere(path, f)
	}
	return apierror.Errorf("the checkpoint is not saved, what %s held before is untouched: %w", path, err)
}

// checkpointFile returns the content of a checkpoint. Some of it is the run's own
// memory and valid until the next step. A number that is not finite, which Resume would
// refuse, is an error.
func (t *Trainer) checkpointFile() (*weights.File, error) {
	meta, err := json.Marshal(t.task.checkpoint(&t.options, t.progress))
	if err != nil {
		return nil, apierror.Errorf("the progress of the run is not finite: %w", err)
	}
	if err := t.checkFinite(); err != nil {
		return nil, err
	}
	f := t.task.file(t.work.net)
	f.Metadata[model.KeyCheckpoint] = string(meta)
	for _, slot := range t.slots() {
		f.Tensors = append(f.Tensors, model.Tensors(slot.prefix, slot.net, false)...)
	}
	if t.progress.Batch > 0 {
		for i, m := range t.work.carried {
			f.Tensors = append(f.Tensors, weights.Tensor{Name: carryName(i), Shape: []int{m.Rows, m.Cols}, Data: m.Data[:m.Rows*m.Cols]})
		}
	}
	return f, nil
}

// carryName returns the name of the tensor with the state of layer i.
func carryName(i int) string { return fmt.Sprintf("%scarry.%d", model.OptimizerPrefix, i) }

// checkFinite returns an error if a number is not finite that a checkpoint holds.
func (t *Trainer) checkFinite() error {
	nets := []layers.Network{t.work.net}
	for _, slot := range t.slots() {
		nets = append(nets, slot.net)
	}
	var values [][]float32
	for _, net := range nets {
		values = append(values, layers.ValuesOf(net)...)
	}
	for _, m := range t.work.carried {
		values = append(values, m.Data)
	}
	for _, list := range values {
		for _, x := range list {
			if !finite(float64(x)) {
				return diverged("the weights, their moments or the state are not finite any more")
			}
		}
	}
	return nil
}

// restore takes over the progress and the tensors of a checkpoint.
func (t *Trainer) restore(f *weights.File, p progress) error {
	if err := p.check(t); err != nil {
		return err
	}
	t.progress = p
	copy(t.optimizer.powers, p.powers())
	return t.takeTensors(f)
}

// takeTensors takes over the tensors that f holds beside the model's.
func (t *Trainer) takeTensors(f *weights.File) error {
	p := f.Pick()
	for _, param := range layers.ParametersOf(t.work.net) {
		if _, err := p.Take(param.Name, param.Shape...); err != nil {
			return err
		}
	}
	for _, slot := range t.slots() {
		if err := model.Take(p, slot.prefix, slot.net, false); err != nil {
			return err
		}
	}
	if t.progress.Batch > 0 {
		for i, m := range t.work.carried {
			state, err := p.Take(carryName(i), m.Rows, m.Cols)
			if err != nil {
				return err
			}
			copy(m.Data, state)
		}
	}
	if err := p.Finish(); err != nil {
		return err
	}
	for _, tensor := range f.Tensors {
		for i, v := range tensor.Data {
			if !finite(float64(v)) {
				return apierror.Errorf("tensor %q: value %d is %v: the file is damaged", tensor.Name, i, v)
			}
		}
	}
	return t.optimizer.check()
}
