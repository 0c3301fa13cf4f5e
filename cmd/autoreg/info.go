package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/kernels"
)

// A fileInfo is the JSON of info for any model's file.
type fileInfo struct {
	File     string            `json:"file"`
	Bytes    int64             `json:"bytes"`
	SHA256   string            `json:"sha256"`
	Metadata map[string]string `json:"metadata"` // but for the tokenizer
}

// A machineInfo is the JSON of info for the machine.
type machineInfo struct {
	ISA      string `json:"isa"`
	Platform string `json:"platform"`
}

func thisMachine() machineInfo {
	return machineInfo{kernels.ISA(), runtime.GOOS + "/" + runtime.GOARCH}
}

// A layerJSON is an autoreg.LayerInfo with names for JSON.
type layerJSON struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	In     int    `json:"in"`
	Out    int    `json:"out"`
	Params int    `json:"params"`

	Effective  int `json:"effective"`
	Resolution int `json:"resolution,omitempty"` // outputs are for every 2^resolution-th row and column
}

func layersJSON(layers []autoreg.LayerInfo) (list []layerJSON) {
	for _, l := range layers {
		list = append(list, layerJSON(l))
	}
	return list
}

// An infoJob is a command line of info.
type infoJob struct {
	*app
	flags              *pflag.FlagSet
	model              string
	asJSON, vocabulary bool
	sizes              []sizes // of each kind
}

func (a *app) infoCommand() *cobra.Command {
	j := &infoJob{app: a}
	cmd := &cobra.Command{
		Use:   "info [MODEL]",
		Short: "Describe a model",
		Long: `Describe a model: its layers and their parameters, its vocabulary or the size of its
images, its file and the metadata in it, and the instruction set that computes it here
(the environment variable AUTOREG_ISA chooses another). MODEL is what --model takes. Of a
file of another tool, which autoreg import may make a model of, it lists the tensors.

Of an image model it also prints how many parameters are in use (the file stores those
too that the masks multiply by 0), and the receptive field: which pixels have an
influence on the next one.

With --symbols, --embedding and --units, or --layers, it prints the layers that a text
model of these sizes would have, without a file; with any of --filters, --blocks, --kernel,
--levels, --channels, --width and --height, or with --mixture and its flags, those of an
image model, where sizes that are not given are the reference model's.`,
		Example: `  autoreg info
  autoreg info recipes.safetensors --json
  autoreg info clothes
  autoreg info --vocabulary | head
  autoreg info --symbols 10000 --embedding 100 --units 128
  autoreg info --symbols 10000 --embedding 100 --layers lstm:128,lstm:128
  autoreg info --filters 128 --blocks 5 --kernel 7 --levels 4
  autoreg info --mixture --channels 3 --filters 64`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("info describes a single model, but %q and %q are two", args[0], args[1])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			j.flags = cmd.Flags()
			if len(args) > 0 {
				if j.flags.Changed("model") {
					return usagef("info describes a single model, so leave out --model %s or %s", shellQuote(j.model), shellQuote(args[0]))
				}
				if err := j.flags.Set("model", args[0]); err != nil {
					return err
				}
			}
			return j.execute(cmd.Context())
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	modelFlag(fs, &j.model, cookbooksName)
	fs.BoolVar(&j.asJSON, "json", false, "print JSON")
	fs.BoolVar(&j.vocabulary, "vocabulary", false, "print the tokens with their ids instead, or with --json too")
	for _, k := range kinds {
		j.sizes = append(j.sizes, k.sizes(fs))
	}
	return cmd
}

func (j *infoJob) execute(ctx context.Context) error {
	of, first := -1, "" // the kind whose sizes are given, and the first of the flags
	for i, sizes := range j.sizes {
		for _, flag := range j.given(sizes.flags) {
			if err := cmp.Or(exclusive(j.flags, "model", flag), exclusive(j.flags, "vocabulary", flag)); err != nil {
				return err
			}
			if of >= 0 && of != i {
				return usagef("--%s is %s's and --%s %s's: give sizes of one of them", first, kinds[of].model, flag, kinds[i].model)
			}
			if of < 0 {
				of, first = i, flag
			}
		}
	}
	if of >= 0 {
		return j.sizes[of].describe(j)
	}
	m, err := await(ctx, func() (*described, error) { return j.readModel() })
	if err != nil {
		return j.foreign(err)
	}
	return kindOf(m.model).describe(j, m)
}

// A described is a model and its file.
type described struct {
	model autoreg.Model
	info  fileInfo
}

// readModel reads the model to describe.
func (j *infoJob) readModel() (*described, error) {
	f, err := j.openModelFile(j.model)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m := &described{}
	if m.model, err = loadFrom[autoreg.Model](f); err != nil {
		if head := f.head(whatLen); errors.Is(err, autoreg.ErrFormat) && (isText(head) || isImages(head)) {
			err = apierror.Errorf("%w; info describes models, and autoreg score tells how well a model predicts a text or images", err)
		}
		return nil, err
	}
	m.info, err = readFile(f)
	return m, err
}

// given returns those of the flags that are on the command line.
func (j *infoJob) given(flags []string) (list []string) {
	for _, name := range flags {
		if j.flags.Changed(name) {
			list = append(list, name)
		}
	}
	return list
}

// readFile reads the part of info that is about the file of a model.
func readFile(f *modelFile) (fileInfo, error) {
	in, err := f.start()
	if err != nil {
		return fileInfo{}, &fileError{describeModel(f.name), err}
	}
	hash, size := sha256.New(), new(counter)
	file, err := weights.Read(io.TeeReader(in, io.MultiWriter(hash, size)), autoreg.DefaultMaxBytes)
	if err != nil {
		return fileInfo{}, &fileError{describeModel(f.name), err}
	}
	delete(file.Metadata, model.KeyTokenizer)
	return fileInfo{describeModel(f.name), int64(*size), hex.EncodeToString(hash.Sum(nil)), file.Metadata}, nil
}

// rows are the first lines of info.
func (i *fileInfo) rows() [][]string {
	return [][]string{{"file", fmt.Sprintf("%s: %s", lineText(i.File), bytesText(i.Bytes))}, {"sha256", i.SHA256}}
}

// A counter counts what is written to it.
type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

// writeJSON prints v as JSON, over several lines.
func (a *app) writeJSON(v any) error {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(a.out, a.safe(b.String()))
	return err
}
