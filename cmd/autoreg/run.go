package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/atomicfile"
)

// defaultRunMemory is how many MiB a sequence may take that is known whole.
const defaultRunMemory = 1024

// A runJob is a command line of run.
type runJob struct {
	*app
	ctx    context.Context
	model  *autoreg.VectorModel
	name   string // of the input
	in     io.Reader
	memory int   // MiB
	err    error // of WriteTo
}

func (a *app) runCommand() *cobra.Command {
	var (
		model, output string
		memory        int
	)
	cmd := &cobra.Command{
		Use:   "run --model MODEL [FILE]",
		Short: "Run a model over a sequence of numbers",
		Long: `Run a model over a sequence of vectors of numbers, a time series for example: for each
line of FILE, or of standard input, which holds the inputs of one step separated by commas,
it prints a line with the outputs of that step. A first line without any number is a header
and is left out. Outputs are printed with as few digits as read back exactly as float32.

A line of outputs is printed as soon as its line of inputs has been read and memory stays
the same for any number of lines, unless the model reads in both directions: then all lines
are read first.

An empty line, a line with more or fewer numbers than the model has inputs, and what is no
number, not finite or too large for a float32 end it with an error that names the line and
the column. The outputs for the lines before have been printed by then; --output writes no
file.`,
		Example: `  autoreg run --model filter.safetensors < in.csv > out.csv
  autoreg run --model filter.safetensors in.csv -o out.csv`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("run reads a single sequence, but %q and %q are two files", args[0], args[1])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			path := stdinName
			if len(args) > 0 {
				path = args[0]
			}
			if model == "" {
				return usagef("give --model FILE, a model over sequences of vectors")
			}
			if output == stdinName {
				output = ""
			}
			if err := checkFiles([]fileFlag{{"model", model}}, []fileFlag{{"output", output}}); err != nil {
				return err
			}
			if output != "" && sameFile(path, output) {
				return usagef("--output %s is the file to read: name another one", shellQuote(output))
			}
			j := &runJob{app: a, ctx: cmd.Context(), name: a.inputName(path), memory: memory}
			var err error
			if j.model, err = openModel[*autoreg.VectorModel](j.ctx, a, model); err != nil {
				return err
			}
			f, err := await(j.ctx, func() (io.ReadCloser, error) { return a.open(path) })
			if err != nil {
				return err
			}
			defer f.Close()
			j.in = f
			return j.execute(output)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&model, "model", "m", "", "model `FILE` over sequences of vectors, or - for standard input (required)")
	fs.StringVarP(&output, "output", "o", "", "`FILE` to write, whole or not at all (default standard output)")
	intFlag(fs, &memory, "max-memory", "", defaultRunMemory, 1, math.MaxInt32, "refuse a sequence that takes more than `N` MiB of memory, by a model that reads in both directions")
	return cmd
}

// execute prints the outputs, or writes them to a file.
func (j *runJob) execute(output string) error {
	if output == "" {
		_, err := j.WriteTo(j.out)
		return err
	}
	if err := atomicfile.Write(output, j); err != nil && j.err == nil {
		return &fileError{"--output", err}
	}
	return j.err // which is no error of saving
}

// WriteTo writes the outputs to w.
func (j *runJob) WriteTo(w io.Writer) (int64, error) {
	n := new(counter)
	out := bufio.NewWriterSize(io.MultiWriter(w, n), 64<<10)
	// What is there is written before the input is waited for.
	in := newRowReader(&eagerReader{ctx: j.ctx, r: j.in, wait: out.Flush}, j.model.Inputs())
	in.header = func() { j.note("line 1 is a header: left out") }
	run := j.whole
	if j.model.Sequential() {
		run = j.steps
	}
	// The lines before a mistake are right.
	j.err = run(in, out)
	if err := out.Flush(); err != nil {
		j.err = nil // of the reader, which flushes too, or no longer of interest
		return int64(*n), err
	}
	return int64(*n), j.err
}

// steps goes through the input line by line.
func (j *runJob) steps(in *rowReader, out *bufio.Writer) error {
	s, err := j.model.NewStream()
	if err != nil {
		return err
	}
	y := make([]float32, j.model.Outputs())
	for {
		x, err := in.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return j.inInput(err)
		}
		s.Step(y, x)
		if err := writeRow(out, y, in.line); err != nil {
			return j.inInput(err)
		}
	}
}

// whole reads all lines first.
func (j *runJob) whole(in *rowReader, out *bufio.Writer) error {
	var xs []float32
	var lines []int
	width := int64(j.model.Inputs() + j.model.Outputs())
	for {
		x, err := in.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return j.inInput(err)
		}
		// Appending keeps the values of twice as many lines for a moment.
		T := len(lines) + 1
		if j.model.RunBytes(T)+int64(T)*(8+8*width) > int64(j.memory)<<20 {
			return j.inInput(fmt.Errorf("line %d: the lines up to here take more than %d MiB: raise --max-memory", in.line, j.memory))
		}
		xs, lines = append(xs, x...), append(lines, in.line)
	}
	n := j.model.Outputs()
	ys := make([]float32, len(lines)*n)
	j.model.Run(ys, xs)
	for i, line := range lines {
		if err := writeRow(out, ys[i*n:][:n], line); err != nil {
			return j.inInput(err)
		}
	}
	return nil
}

// inInput says of which input an error is.
func (j *runJob) inInput(err error) error { return &fileError{j.name, err} }
