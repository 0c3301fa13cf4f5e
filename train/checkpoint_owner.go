package train

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/internal/weights"
)

// Two runs must not write to one checkpoint, or the work of one of them is lost. Run
// locks its checkpoint, and replaces a file only if it is the one that the run wrote
// last or was resumed from.

// A ReplacedError is the error of Run for a checkpoint that holds something else than
// this run wrote, or was resumed from: another run writes to the same file, or it was
// replaced by hand. Nothing is lost. A run that is under way is saved in another file.
type ReplacedError struct {
	Checkpoint string // the file that was not replaced
	Saved      string // the checkpoint of this run; "" if it has made no step
}

func (e *ReplacedError) Error() string {
	msg := fmt.Sprintf("the checkpoint %s holds something else than this run left there: another run writes to it", e.Checkpoint)
	if e.Saved == "" {
		return msg + ", name another file"
	}
	return fmt.Sprintf("%s; this run is saved in %s", msg, e.Saved)
}

// note records what a checkpoint of this run holds.
func (t *Trainer) note(path string, v atomicfile.Version) {
	if t.saved == nil {
		t.saved = make(map[string]atomicfile.Version)
	}
	t.saved[fileKey(path)] = v
}

// claim locks a checkpoint for Run. It returns an error if another run writes to it, or
// has done so since this run did.
func (t *Trainer) claim(path string) (unlock func(), err error) {
	unlock, err = atomicfile.Lock(path)
	if err != nil {
		return nil, err
	}
	now, err := atomicfile.VersionOf(path)
	if err != nil {
		return unlock, nil // saving fails too, and returns the error
	}
	if was, known := t.saved[fileKey(path)]; known && now.Exists() && now != was {
		unlock()
		return nil, &ReplacedError{Checkpoint: path}
	}
	t.note(path, now)
	return unlock, nil
}

// saveOwn saves the checkpoint of Run.
func (t *Trainer) saveOwn(path string) error {
	if was, known := t.saved[fileKey(path)]; known {
		return t.save(path, &was)
	}
	return t.save(path, nil)
}

// saveElsewhere writes a checkpoint beside path, which another run has replaced.
func (t *Trainer) saveElsewhere(path string, f *weights.File) error {
	e := &ReplacedError{Checkpoint: path, Saved: atomicfile.FreeName(path)}
	if err := atomicfile.Write(e.Saved, f); err != nil {
		return apierror.Errorf("the checkpoint %s holds something else than this run left there, and this run cannot be saved elsewhere: %w", path, err)
	}
	return e
}

// RemoveCheckpoint removes a checkpoint that this run has written or was resumed from,
// and reports whether it has. A file that has been replaced since stays.
func (t *Trainer) RemoveCheckpoint(path string) (removed bool, err error) {
	was, known := t.saved[fileKey(path)]
	if !known || !was.Exists() {
		return false, nil
	}
	now, err := atomicfile.VersionOf(path)
	if err == nil && now == was {
		err = os.Remove(path)
		removed = err == nil
	}
	if err != nil {
		return false, wrap(err) // names the path
	}
	return removed, nil
}

// fileKey returns one spelling of path.
func fileKey(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return path
}
