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
	"github.com/autoreg/autoreg/internal/toonnx"
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
var exports = []string{"torch", "onnx"}

func (a *app) exportCommand() *cobra.Command {
	j := &exportJob{app: a}
	cmd := &cobra.Command{
		Use:   "export --to torch DIR | --to onnx FILE",
		Short: "Take a model to PyTorch or to ONNX",
		Long: `Take a model to PyTorch or to ONNX.

With --to torch DIR gets model.safetensors, which is the model's own file, and model.py, a
program of less than 150 lines that needs nothing but PyTorch. It computes the same logits or
outputs, writes texts, draws images, tells classes apart or runs over sequences of numbers,
and trains on: alone, on GPUs where there are any, or in many processes on many machines,
which torchrun starts. What it saves is a model file again, which all commands open, and with
which autoreg train --from begins, unless the model is one over sequences of numbers.

  python3 DIR/model.py --help
  torchrun --nproc-per-node 4 DIR/model.py --data FILE --output trained.safetensors

DIR is made if it is not there. If it holds anything, --overwrite replaces these two files in
it. A model whose words are stems cannot be exported so.

With --to onnx FILE gets a graph of standard operators (operator set 13) that ONNX Runtime
and others run: tokens [batch, sequence] to logits, or the inputs of a model of vectors to its
outputs, or the levels of an image to the logits of all its pixels. The states of recurrent
layers are inputs and outputs: zeros begin a sequence, and what comes out as NAME_out goes in
as NAME to go on with it. The description of the model and its vocabulary are in the metadata.
autoreg import takes such models of texts and of vectors back.`,
		Example: `  autoreg export --to torch cookbooks-torch
  autoreg export --model images.safetensors --to torch images-torch --overwrite
  autoreg export --model book.safetensors --to onnx book.onnx`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("name a single directory or file to write to: %d are given", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if j.to == "" {
				return usagef("give --to torch or --to onnx, which says what the model is exported to")
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

// execute writes what the model is exported to.
func (j *exportJob) execute(ctx context.Context, path string) error {
	if j.to == "onnx" {
		if _, err := os.Lstat(path); err == nil && !j.overwrite {
			return fmt.Errorf("there is a file %s already: name another one, or give --overwrite to replace it", path)
		}
	}
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
	if j.to == "onnx" {
		return j.onnx(path, content)
	}
	return j.torch(path, &file, content)
}

// onnx writes the graph of a model.
func (j *exportJob) onnx(path string, content *weights.File) error {
	m, err := toonnx.Model(content)
	if err != nil {
		return &fileError{describeModel(j.model), err}
	}
	if err := atomicfile.Write(path, m); err != nil {
		return err
	}
	j.saved(path)
	return nil
}

// saved says on a terminal that a file has been written.
func (j *exportJob) saved(path string) {
	if j.terminal {
		j.note("saved %s", path)
	}
}

// torch writes the two files of a model for PyTorch.
func (j *exportJob) torch(dir string, file io.WriterTo, content *weights.File) error {
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
	}{{"model.safetensors", file}, {"model.py", bytes.NewReader(program)}} {
		path := filepath.Join(dir, f.name)
		if err := atomicfile.Write(path, f.data); err != nil {
			return err
		}
		j.saved(path)
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
