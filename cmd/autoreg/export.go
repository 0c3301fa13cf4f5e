package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/internal/totorch"
	"github.com/autoreg/autoreg/internal/weights"
)

// An exportJob is a command line of export.
type exportJob struct {
	*app
	model, to string
	overwrite bool
}

// exports are the forms that a model can be exported to.
var exports = []string{"torch"}

func (a *app) exportCommand() *cobra.Command {
	j := &exportJob{app: a}
	cmd := &cobra.Command{
		Use:   "export --to torch DIR",
		Short: "Take a model to PyTorch",
		Long: `Take a model to PyTorch: DIR gets model.safetensors, which is the model's own file, and
model.py, a program of less than 150 lines that needs nothing but PyTorch. It computes the
same logits or outputs, writes texts, draws images, tells classes apart or runs over
sequences of numbers, and trains on: alone, on GPUs where there are any, or in many processes
on many machines, which torchrun starts. What it saves is a model file again, which all
commands open, and with which autoreg train --from begins, unless the model is one over
sequences of numbers.

  python3 DIR/model.py --help
  torchrun --nproc-per-node 4 DIR/model.py --data FILE --output trained.safetensors

DIR is made if it is not there. If it holds anything, --overwrite replaces these two files in
it. A model whose words are stems cannot be exported.`,
		Example: `  autoreg export --to torch cookbooks-torch
  autoreg export --model images.safetensors --to torch images-torch --overwrite`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("name a single directory to write to, DIR: %d are given", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if j.to == "" {
				return usagef("give --to torch, which says what the model is exported to")
			}
			return j.execute(cmd.Context(), args[0])
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	modelFlag(fs, &j.model, cookbooksName)
	choiceFlag(fs, &j.to, "to", "", exports, "what the model is exported to")
	fs.BoolVar(&j.overwrite, "overwrite", false, "replace what an export has written before")
	return cmd
}

// execute writes the files of a model.
func (j *exportJob) execute(ctx context.Context, dir string) error {
	m, err := openModel[autoreg.Model](ctx, j.app, j.model)
	if err != nil {
		return err
	}
	var file bytes.Buffer
	if _, err := m.WriteTo(&file); err != nil {
		return err
	}
	content, err := weights.Read(bytes.NewReader(file.Bytes()), autoreg.DefaultMaxBytes)
	if err != nil {
		return err
	}
	program, err := totorch.Program(content.Metadata)
	if err != nil {
		return &fileError{describeModel(j.model), err}
	}
	if err := j.prepare(dir); err != nil {
		return &fileError{dir, err}
	}
	// The program comes last: where it is, the model is.
	for _, f := range []struct {
		name string
		data io.WriterTo
	}{{"model.safetensors", &file}, {"model.py", bytes.NewReader(program)}} {
		path := filepath.Join(dir, f.name)
		if err := atomicfile.Write(path, f.data); err != nil {
			return err
		}
		if j.terminal {
			j.note("saved %s", path)
		}
	}
	return nil
}

// prepare makes the directory, or refuses one that holds something.
func (j *exportJob) prepare(dir string) error {
	list, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return os.MkdirAll(dir, 0o777)
	case err != nil:
		if info, e := os.Stat(dir); e == nil && !info.IsDir() {
			return errors.New("this is not a directory: name one to be made")
		}
		return err
	case len(list) > 0 && !j.overwrite:
		return fmt.Errorf("the directory holds %s already: name another one, or give --overwrite to replace model.py and model.safetensors in it", list[0].Name())
	}
	return nil
}
