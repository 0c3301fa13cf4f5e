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
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/train"
	"github.com/autoreg/autoreg/train/images"
)

// A fileInfo is what info tells of any model's file, as JSON.
type fileInfo struct {
	File     string            `json:"file"`
	Bytes    int64             `json:"bytes"`
	SHA256   string            `json:"sha256"`
	Metadata map[string]string `json:"metadata"` // but for the tokenizer
}

// A machineInfo is what info tells of the machine, as JSON.
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

	Effective int `json:"effective"`
}

func layersJSON(layers []autoreg.LayerInfo) (list []layerJSON) {
	for _, l := range layers {
		list = append(list, layerJSON(l))
	}
	return list
}

// An infoJob is what a command line of info asks for.
type infoJob struct {
	*app
	flags              *pflag.FlagSet
	model              string
	asJSON, vocabulary bool

	units  int          // of the LSTM
	text   model.Config // of sizes given
	pixels model.PixelConfig
}

// Flags that give sizes, of a text model and of an image model.
var (
	textSizes  = []string{"symbols", "embedding", "units"}
	imageSizes = []string{"filters", "blocks", "kernel", "levels", "channels", "height", "width"}
)

func (a *app) infoCommand() *cobra.Command {
	j := &infoJob{app: a, text: model.Config{Length: 1}}
	cmd := &cobra.Command{
		Use:   "info [MODEL]",
		Short: "Describe a model",
		Long: `Describe a model: its layers and their parameters, its vocabulary or the size of its
images, its file and the metadata in it, and the instruction set that computes it here
(the environment variable AUTOREG_ISA chooses another). MODEL is what --model takes.

Of an image model it also prints how many parameters are in use (the file stores those
too that the masks multiply by 0), and the receptive field: which pixels have an
influence on the next one.

With --symbols, --embedding and --units it prints the layers that a text model of these
sizes would have, without a file; with any of --filters, --blocks, --kernel, --levels,
--channels, --width and --height those of an image model, where sizes that are not given
are the reference model's.`,
		Example: `  autoreg info
  autoreg info recipes.safetensors --json
  autoreg info clothes
  autoreg info --vocabulary | head
  autoreg info --symbols 10000 --embedding 100 --units 128
  autoreg info --filters 128 --blocks 5 --kernel 7 --levels 4`,
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
	fs.BoolVar(&j.vocabulary, "vocabulary", false, "print the words with their ids instead, or with --json too")
	intFlag(fs, &j.text.Symbols, "symbols", "", 0, 3, model.MaxSymbols, "words of a text model, padding and [UNK] included")
	intFlag(fs, &j.text.Embedding, "embedding", "", 0, 1, model.MaxWidth, "length of the vector of a word")
	intFlag(fs, &j.units, "units", "", 0, 1, model.MaxWidth, "units of the LSTM")
	p := &j.pixels
	intFlag(fs, &p.Filters, "filters", "", train.DefaultFilters, 2, model.MaxFilters, "channels between an image model's residual blocks")
	intFlag(fs, &p.Blocks, "blocks", "", train.DefaultBlocks, 0, model.MaxBlocks, "residual blocks")
	intFlag(fs, &p.Kernel, "kernel", "", train.DefaultKernel, 1, model.MaxKernel, "side of the first layer's kernel, an odd number")
	intFlag(fs, &p.Levels, "levels", "", images.DefaultLevels, 2, model.MaxLevels, "levels of a pixel")
	intFlag(fs, &p.Channels, "channels", "", 1, 1, 3, "1 for grey, 3 for colour")
	intFlag(fs, &p.Height, "height", "", defaultSide, 1, model.MaxSide, "height of an image in pixels")
	intFlag(fs, &p.Width, "width", "", defaultSide, 1, model.MaxSide, "width of an image in pixels")
	return cmd
}

func (j *infoJob) execute(ctx context.Context) error {
	ofText, ofImages := j.given(textSizes), j.given(imageSizes)
	if len(ofText) > 0 && len(ofImages) > 0 {
		return usagef("--%s is a text model's and --%s an image model's: give sizes of one of them", ofText[0], ofImages[0])
	}
	for _, size := range append(ofText, ofImages...) {
		if err := cmp.Or(exclusive(j.flags, "model", size), exclusive(j.flags, "vocabulary", size)); err != nil {
			return err
		}
	}
	switch {
	case len(ofText) > 0 && len(ofText) < len(textSizes):
		return usagef("--symbols, --embedding and --units go together: give all three")
	case len(ofText) > 0:
		return j.textShape()
	case len(ofImages) > 0:
		return j.imageShape()
	}
	m, err := await(ctx, func() (*described, error) { return j.readModel() })
	if err != nil {
		return err
	}
	if m.pixels != nil {
		return j.describeImages(m)
	}
	return j.describeText(m)
}

// A described is a model and its file.
type described struct {
	anyModel
	info fileInfo
	file *weights.File
}

// readModel reads the model to describe.
func (j *infoJob) readModel() (*described, error) {
	f, err := j.openModelFile(j.model)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m := &described{}
	if m.anyModel, err = loadEither(f); err != nil {
		if head := f.head(whatLen); errors.Is(err, autoreg.ErrFormat) && (isText(head) || isImages(head)) {
			err = apierror.Errorf("%w; info describes models, and autoreg score tells how well a model predicts a text or images", err)
		}
		return nil, err
	}
	m.info, m.file, err = readFile(f)
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

// textShape describes a text model of given sizes.
func (j *infoJob) textShape() error {
	j.text.Layers = []layers.Spec{&layers.LSTMSpec{Units: j.units}}
	if err := j.text.Check(); err != nil {
		return usagef("%v", err)
	}
	layers := j.text.Describe()
	if j.asJSON {
		return j.writeJSON(layersJSON(layers))
	}
	return writeLayers(j.out, layers)
}

// imageShape describes an image model of given sizes.
func (j *infoJob) imageShape() error {
	c := j.pixels
	if err := c.Check(); err != nil {
		return usagef("%v", err)
	}
	layers := pixelLayersOf(c.Filters, c.Blocks, c.Kernel, c.Levels, c.Channels)
	shape := shapeOf(layers, c)
	if j.asJSON {
		return j.writeJSON(shape)
	}
	return writeShape(j.out, shape, layers)
}

func (j *infoJob) describeText(m *described) error {
	info := infoOf(m)
	if j.vocabulary {
		tok := m.text.Tokenizer()
		for id := range tok.Len() {
			info.Vocabulary = append(info.Vocabulary, tok.Word(id))
		}
	}
	switch {
	case j.asJSON:
		return j.writeJSON(info)
	case j.vocabulary:
		return j.writeWords(info.Vocabulary)
	}
	return info.write(j.out, m.text.Layers())
}

func (j *infoJob) describeImages(m *described) error {
	if j.vocabulary {
		return usagef("the model %s is one of images, which has no vocabulary: leave --vocabulary out", j.model)
	}
	info, err := imageInfoOf(m)
	if err != nil {
		return err
	}
	if j.asJSON {
		return j.writeJSON(info)
	}
	return info.write(j.out, m.pixels.Layers())
}

// readFile reads what info tells of the file of a model.
func readFile(f *modelFile) (fileInfo, *weights.File, error) {
	in, err := f.start()
	if err != nil {
		return fileInfo{}, nil, &fileError{describeModel(f.name), err}
	}
	hash, size := sha256.New(), new(counter)
	file, err := weights.Read(io.TeeReader(in, io.MultiWriter(hash, size)), autoreg.DefaultMaxBytes)
	if err != nil {
		return fileInfo{}, nil, &fileError{describeModel(f.name), err}
	}
	delete(file.Metadata, model.KeyTokenizer)
	return fileInfo{describeModel(f.name), int64(*size), hex.EncodeToString(hash.Sum(nil)), file.Metadata}, file, nil
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
