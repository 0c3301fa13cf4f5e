package train

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
)

// A checkpoint is a model file (see package model) with one more metadata key,
// model.KeyCheckpoint, that holds a checkpoint or an imageCheckpoint as JSON, and
// these tensors:
//
//	optimizer.m.NAME     Adam's first moment of the parameter NAME
//	optimizer.v.NAME     Adam's second moment
//	optimizer.best.NAME  its value after the best epoch; only with Patience
//
// for every NAME of network.tensors. There is nothing in it about time, threads,
// paths or the machine: runs that are equally far have equal checkpoints, byte
// for byte.

const checkpointVersion = 1

// Prefixes of a checkpoint's tensors.
const (
	prefixM    = model.OptimizerPrefix + "m."
	prefixV    = model.OptimizerPrefix + "v."
	prefixBest = model.OptimizerPrefix + "best."
)

// A prefixed network is one that a checkpoint has beside the model.
type prefixed struct {
	prefix string
	net    network
}

// beside returns what a checkpoint has beside the model.
func (r *run) beside() []prefixed {
	list := []prefixed{{prefixM, r.optimiser.m}, {prefixV, r.optimiser.v}}
	if r.best != nil {
		list = append(list, prefixed{prefixBest, r.best})
	}
	return list
}

// SaveCheckpoint writes the state of the run to path, atomically: see
// atomicfile.Write. It replaces what is there. Run saves checkpoints by itself.
func (r *run) SaveCheckpoint(path string) error { return r.save(path, nil) }

// save writes a checkpoint, unless path holds something else than was.
func (r *run) save(path string, was *atomicfile.Version) error {
	f, err := r.checkpointFile()
	if err == nil {
		var now atomicfile.Version
		if now, err = atomicfile.Replace(path, f, was); err == nil {
			r.note(path, now)
			return nil
		}
	}
	if errors.Is(err, atomicfile.ErrReplaced) {
		return r.saveElsewhere(path, f)
	}
	return fmt.Errorf("train: the checkpoint is not saved, what %s held before is untouched: %w", path, inner{err})
}

// checkpointFile returns the content of a checkpoint. Some of it is the run's own
// memory: it is good until the next step. A number that is not finite, which
// Resume would refuse, is an error.
func (r *run) checkpointFile() (*weights.File, error) {
	meta, err := json.Marshal(r.task.checkpoint())
	if err != nil {
		return nil, fmt.Errorf("the progress of the run is not finite: %w", err)
	}
	if err := r.checkFinite(); err != nil {
		return nil, err
	}
	f := r.task.file(r.net)
	f.Metadata[model.KeyCheckpoint] = string(meta)
	for _, b := range r.beside() {
		f.Tensors = append(f.Tensors, b.net.tensors(b.prefix)...)
	}
	return f, nil
}

// checkFinite returns an error if a number is not finite that a checkpoint holds.
func (r *run) checkFinite() error {
	nets := []network{r.net}
	for _, b := range r.beside() {
		nets = append(nets, b.net)
	}
	for _, net := range nets {
		for _, list := range net.parameters() {
			for _, x := range list {
				if !finite(float64(x)) {
					return fmt.Errorf("the weights or their moments are not finite any more: %w", ErrDiverged)
				}
			}
		}
	}
	return nil
}

// restore takes over what a checkpoint holds beside the model.
func (r *run) restore(f *weights.File, p progress) error {
	if err := p.check(r); err != nil {
		return err
	}
	r.progress = p
	r.optimiser.power1, r.optimiser.power2 = p.Power1, p.Power2
	return r.takeTensors(f)
}

// takeTensors takes over the tensors that f holds beside the model's.
func (r *run) takeTensors(f *weights.File) error {
	p := f.Pick()
	for _, tensor := range r.task.file(r.net).Tensors {
		if _, err := p.Take(tensor.Name, tensor.Shape...); err != nil {
			return err
		}
	}
	for _, b := range r.beside() {
		var data [][]float32
		for _, tensor := range b.net.tensors(b.prefix) {
			d, err := p.Take(tensor.Name, tensor.Shape...)
			if err != nil {
				return err
			}
			data = append(data, d)
		}
		b.net.set(data)
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
	for _, v := range r.optimiser.v.parameters() {
		for _, x := range v {
			if x < 0 {
				return fmt.Errorf("a tensor %s… has the value %v, but squares are not negative: the file is damaged", prefixV, x)
			}
		}
	}
	return nil
}
