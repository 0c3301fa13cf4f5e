package train

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
)

// Resume continues the run that the checkpoint at path holds, with the documents
// that it began with. Nil options, and zero fields, take what the checkpoint has;
// other fields must agree with it, except for Epochs, which may be anything from
// the epoch under way on, and Threads and MaxBytes, which no checkpoint has. The
// run goes on to the bytes that it would have given without interruption.
//
// It returns an error if the file cannot be read or is not a sound checkpoint, if
// an option differs, and if the documents are others.
func Resume(path string, docs []string, o *Options) (*Trainer, error) {
	if o == nil {
		o = &Options{}
	}
	f, err := readFile(path)
	var t *Trainer
	if err == nil {
		t, err = resume(f, docs, *o)
	}
	if err != nil {
		return nil, fmt.Errorf("train: cannot resume from %s: %w", path, inner{err})
	}
	return t, nil
}

// resume is Resume from the content of a file.
func resume(f *weights.File, docs []string, o Options) (*Trainer, error) {
	c, err := parseCheckpoint(f)
	if err != nil {
		return nil, err
	}
	m, err := model.FromFile(f)
	if err != nil {
		return nil, err
	}
	options, err := c.merge(o)
	if err != nil {
		return nil, err
	}
	if want := options.config(m.Config.Symbols); m.Config != want {
		return nil, fmt.Errorf("the model is %+v, its options say %+v: the file is damaged", m.Config, want)
	}
	if err := options.checkHeader(m.Tokenizer); err != nil {
		return nil, err
	}
	if err := options.checkMemory(m.Config.Symbols, len(docs)); err != nil {
		return nil, err
	}
	t, err := assemble(m, docs, options)
	if err != nil {
		return nil, err
	}
	if t.corpus != c.Corpus {
		return nil, errors.New("the documents are not those that the run began with")
	}
	t.progress = c.progress
	if err := t.checkProgress(); err != nil {
		return nil, err
	}
	t.optimiser.power1, t.optimiser.power2 = c.Power1, c.Power2
	if err := t.takeTensors(f); err != nil {
		return nil, err
	}
	return t, nil
}

// readFile reads a weights file. Its own size bounds the memory that it takes.
func readFile(path string) (*weights.File, error) {
	in, err := os.Open(path)
	if err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err // the path has been named
		}
		return nil, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a file")
	}
	return weights.Read(in, info.Size())
}
