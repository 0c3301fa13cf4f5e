package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/train"
)

// check refuses, before the run, outputs that could not be saved after it, and files
// that saving would destroy.
func (j *trainJob) check() error {
	if len(j.data) == 0 || j.data[0] == "" {
		return usagef("give --data FILE, the %s", j.kind.learns)
	}
	if err := exclusive(j.flags, "from", "resume"); err != nil {
		return err
	}
	if j.model == "" {
		return usagef("give --output FILE, the model to write")
	}
	if j.checkpoint == "" {
		if j.checkpoint = j.resume; j.checkpoint == "" {
			j.checkpoint = j.model + ".checkpoint"
		}
	}
	if flag := j.needsValidation(); flag != "" && j.options.Validation == 0 && len(j.validationData) == 0 && j.resume == "" {
		or := ""
		if j.flags.Lookup("validation-data") != nil {
			or = ", or --validation-data FILE"
		}
		return usagef("--%s needs %s to measure the model on: give --validation, 0.1 for example%s", flag, j.kind.items, or)
	}
	var inputs []fileFlag
	for _, path := range j.data {
		inputs = append(inputs, fileFlag{"data", path})
	}
	for _, path := range j.validationData {
		inputs = append(inputs, fileFlag{"validation-data", path})
	}
	for _, path := range j.labelFiles {
		inputs = append(inputs, fileFlag{"labels", path})
	}
	inputs = append(inputs, fileFlag{"from", j.from}, fileFlag{"resume", j.resume})
	outputs := []fileFlag{{"output", j.model}, {"checkpoint", j.checkpoint}, {"log", j.log}, {"plot", j.plot}}
	if err := checkFiles(inputs, outputs); err != nil {
		return err
	}
	if err := cmp.Or(
		wantsExtension("output", j.model, "a model file", ".safetensors"),
		wantsExtension("checkpoint", j.checkpoint, "a checkpoint", ".checkpoint", ".safetensors"),
		wantsExtension("log", j.log, "a JSON object a line", ".jsonl", ".ndjson", ".json"),
		wantsExtension("plot", j.plot, "a PNG", ".png"),
	); err != nil {
		return err
	}
	if err := j.lock(); err != nil {
		return err
	}
	var err error
	if j.modelWas, err = atomicfile.VersionOf(j.model); err != nil {
		return &fileError{"--output", err}
	}
	goesOn := j.resume != "" && sameFile(j.checkpoint, j.resume)
	if j.overwrite {
		if goesOn {
			return usagef("--overwrite replaces a run and --resume %s goes on with it: give one of them", shellQuote(j.resume))
		}
		return nil
	}
	if _, err := os.Stat(j.checkpoint); err == nil && !goesOn {
		if j.resume != "" {
			return fmt.Errorf("%s holds another run: leave --checkpoint out to go on in %s, or give --overwrite to replace it", j.checkpoint, j.resume)
		}
		return fmt.Errorf("%s holds a run already: go on with --resume %[1]s, or give --overwrite to begin anew", j.checkpoint)
	}
	if info, err := os.Stat(j.log); err == nil && j.resume == "" && info.Mode().IsRegular() && info.Size() > 0 {
		return fmt.Errorf("--log: %s holds something already: name another file, or give --overwrite if it is the log of a run to begin anew", j.log)
	}
	if j.resume != "" {
		// What an earlier part of the run has made may be replaced; see checkOwnModel.
		return wantKind("--plot", j.plot, pngStart)
	}
	for _, f := range []fileFlag{{"output", j.model}, {"plot", j.plot}} {
		if _, err := os.Lstat(f.path); f.path != "" && err == nil {
			return fmt.Errorf("--%s: there is a file %s already: name another one, or give --overwrite to replace it", f.flag, f.path)
		}
	}
	return nil
}

// checkOwnModel refuses to replace a model that is not of the run that is resumed.
func (j *trainJob) checkOwnModel(t *train.Trainer) error {
	if j.resume == "" || j.overwrite || !j.modelWas.Exists() {
		return nil
	}
	if meta, err := weights.ReadMetadata(j.model); err == nil {
		if r, err := train.ParseRecord(meta[train.RecordKey]); err == nil && r.Same(t.Record()) {
			return nil
		}
	}
	return fmt.Errorf("--output: there is a file %s already, which is no model of this run: name another one", j.model)
}

// lock claims the outputs for this run. The checkpoint's lock is Run's.
func (j *trainJob) lock() error {
	for _, f := range []fileFlag{{"output", j.model}, {"log", j.log}, {"plot", j.plot}} {
		if f.path == "" {
			continue
		}
		unlock, err := atomicfile.Lock(f.path)
		if err != nil {
			return &fileError{"--" + f.flag, err}
		}
		j.unlock = append(j.unlock, unlock)
	}
	return nil
}

// release ends the locks.
func (j *trainJob) release() {
	for _, unlock := range j.unlock {
		unlock()
	}
	j.unlock = nil
}

// First bytes of files that may be replaced without --overwrite, because a run writes
// them again and again.
const (
	pngStart = "\x89PNG\r\n\x1a\n"
	gifStart = "GIF8"
)

// wantKind refuses to replace a file that does not begin with start. A file that is empty
// or missing is accepted.
func wantKind(flag, path, start string) error {
	f, err := os.Open(path)
	if err != nil {
		return nil // checkOutput refuses files that cannot be written
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return nil
	}
	b := make([]byte, len(start))
	if n, _ := io.ReadFull(f, b); string(b[:n]) != start {
		return fmt.Errorf("%s: there is a file %s already, which is not an image of the kind to be written: name another one", flag, path)
	}
	return nil
}

// A fileFlag is a flag that names a file, or "" for none.
type fileFlag struct{ flag, path string }

// checkFiles refuses one file under two flags, and outputs that cannot be written. A
// checkpoint may be what is resumed.
func checkFiles(inputs, outputs []fileFlag) error {
	all := append(inputs[:len(inputs):len(inputs)], outputs...)
	for i, f := range all {
		if f.path == "" {
			continue
		}
		for _, other := range all[:i] {
			continued := other.flag == "resume" && f.flag == "checkpoint"
			if other.path != "" && !continued && sameFile(other.path, f.path) {
				return usagef("--%s and --%s are the same file, %s", other.flag, f.flag, f.path)
			}
		}
		if i < len(inputs) {
			continue
		}
		if err := checkOutput(f.path, f.flag == "log"); err != nil {
			return &fileError{"--" + f.flag, err}
		}
	}
	return nil
}

// sourceName returns the names of files and folders of data without their paths, on which
// no part of a model may depend.
func sourceName(paths []string) string {
	var names []string
	for _, path := range paths {
		name := filepath.Base(path)
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() && !info.IsDir() {
			name = "-" // a pipe, whose name is the machine's
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// sameFile reports whether two paths lead to one file, which need not exist:
// however they are spelled, and through links.
func sameFile(a, b string) bool {
	if i, err := os.Stat(a); err == nil {
		if k, err := os.Stat(b); err == nil {
			return os.SameFile(i, k)
		}
	}
	return canonical(a) == canonical(b)
}

// canonical returns one spelling of path.
func canonical(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(dir, filepath.Base(path))
	}
	return path
}

// checkOutput returns an error if path cannot be replaced, or, where a stream will
// do, written to.
func checkOutput(path string, stream bool) error {
	if info, err := os.Stat(path); err == nil {
		switch {
		case info.IsDir():
			return fmt.Errorf("%s is a directory: name a file", path)
		case !info.Mode().IsRegular() && stream:
			return nil // a device or a pipe: nothing is made beside it
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s is not a regular file", path)
		}
	}
	return atomicfile.Check(path)
}
