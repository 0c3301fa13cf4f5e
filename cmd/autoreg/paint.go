package main

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"math"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/train/images"
)

// defaultImages make a sheet of 4 rows of 4.
const defaultImages = 16

// A paintJob is a command line of paint.
type paintJob struct {
	*app
	flags *pflag.FlagSet

	model       string
	output, gif string
	columns     int
	scale       int
	preview     bool

	complete, keep, mask string
	read                 images.Options // how those are read

	options     autoreg.DrawOptions
	temperature float64
	class       classesValue

	pixels *autoreg.ImageModel
}

func (a *app) paintCommand() *cobra.Command {
	j := &paintJob{app: a}
	cmd := &cobra.Command{
		Use:   "paint -o FILE.png",
		Short: "Draw images, or complete one",
		Long: `Draw images with an image model, pixel by pixel from the top left corner, and
save them on one sheet as PNG. In a terminal the images are shown while they
grow. --gif saves how they were drawn, as an animation.

With --complete a part of a given image is kept and the model draws the rest.
The image, PNG or JPEG, is first turned upright if it has an Exif orientation,
resized to the size of those drawn and reduced to the model's levels, as in training:
without antialiasing unless --antialias is given, or with --pad centred in black.
--keep says which part: top, bottom,
left or right for that half, or with a number for so many rows or columns, such as
top:5. --mask names an image that says so instead: where it is white and opaque, the
pixel is kept. Each pixel is drawn from those above it and to the left; what is kept
below it has no influence. The log-likelihood of what is kept is printed: ln p in nats,
and in bits per value (a pixel, or in colour each of its three).

A model that is conditioned on classes draws images of --class: the number of one, of
several between commas, or each for all that it has. Then --count is the number of
images of each class, and the sheet has a row for each.

A mixture of logistics rounds the values that it draws to levels before later pixels
depend on them; with --unrounded afterwards, as the reference does.

The same model, seed and options give the same images everywhere, with any number
of threads. Image number N of a seed is the same whatever others are drawn with
it: --first 5 --count 1 draws the sixth alone. Without --seed a random one is taken,
which standard error shows.`,
		Example: `  autoreg paint -o clothes.png
  autoreg paint -n 100 --columns 20 --temperature 0.8 --seed 7 -o clothes.png
  autoreg paint -n 4 --gif drawing.gif
  autoreg paint --complete shirt.png --keep top:6 -n 8 -o shirts.png
  autoreg paint --model digits.safetensors --class each -n 10 -o digits.png
  autoreg paint --model digits.safetensors -o - | display`,
		Args: noArguments("name the image to write with -o FILE.png"),
		RunE: func(cmd *cobra.Command, args []string) error {
			j.flags = cmd.Flags()
			if err := j.check(); err != nil {
				return err
			}
			return j.execute(cmd.Context())
		},
	}
	j.define(cmd.Flags())
	return cmd
}

func (j *paintJob) define(fs *pflag.FlagSet) {
	fs.SortFlags = false
	o := &j.options
	fs.StringVarP(&j.output, "output", "o", "", "PNG `FILE` to write; - is standard output")
	fs.StringVar(&j.gif, "gif", "", "GIF `FILE` to write: an animation of the drawing, scaled down if it would have over a megapixel")
	modelFlag(fs, &j.model, clothesName)

	intFlag(fs, &o.Count, "count", "n", defaultImages, 1, math.MaxInt32, "draw `N` images, of each class with --class")
	classesFlag(fs, &j.class, "class", "draw images of these classes, or of "+allClasses+"; for models that are conditioned on classes, which need it")
	intFlag(fs, &o.First, "first", "", 0, 0, math.MaxInt32, "number of the first image")
	seedFlag(fs, &o.Seed, "seed `N` of the random numbers (default a random one)")
	temperatureFlag(fs, &j.temperature, "temperature", "t", 1, "temperature: 1 takes the model's probabilities as they are, less prefers likely levels, more evens them out, 0 always takes the likeliest")
	intFlag(fs, &o.TopK, "top-k", "k", 0, 0, math.MaxInt32, "draw among the `N` likeliest levels only; 0 means all")
	intFlag(fs, &o.Height, "height", "", 0, 1, model.MaxSide, "height of an image in pixels, together with --width (default the model's, if that is at most 262,144 pixels in all)")
	intFlag(fs, &o.Width, "width", "", 0, 1, model.MaxSide, "width of an image in pixels, together with --height (default the model's, if that is at most 262,144 pixels in all)")

	fs.StringVar(&j.complete, "complete", "", "PNG or JPEG `FILE` of which a part is kept")
	fs.StringVar(&j.keep, "keep", "top", "`PART` that is kept: top, bottom, left, right, or so many rows or columns as in top:5")
	fs.StringVar(&j.mask, "mask", "", "PNG or JPEG `FILE`, as large as the image to complete or as those drawn: what is white and opaque is kept")

	imageFileFlags(fs, &j.read)

	intFlag(fs, &j.columns, "columns", "", 0, 1, math.MaxInt32, "images side by side (default makes the sheet about square)")
	intFlag(fs, &j.scale, "scale", "", 0, 1, math.MaxInt16, "draw each pixel as `N`×N (default makes images about 128 wide)")
	fs.BoolVar(&j.preview, "preview", true, "show the images in the terminal, if there is one")
	fs.BoolVar(&o.Unrounded, "unrounded", false, "with a mixture of logistics, have later pixels depend on values before they are rounded to levels, as the reference does")
	intFlag(fs, &o.Threads, "threads", "", 0, 0, 1<<12, "threads; 0 means one per CPU; the images do not depend on it")
}

// check refuses flags that contradict each other, and outputs that cannot be saved.
func (j *paintJob) check() error {
	switch {
	case j.output == "" && j.gif == "" && j.flags.Changed("output"):
		return usagef("--output is empty: name a PNG file to write")
	case j.output == "" && j.gif == "" && !j.preview:
		return usagef("give -o FILE.png, or leave --preview=false out: there is nothing to do")
	case j.output == "" && j.gif == "" && j.screen == nil:
		return usagef("give -o FILE.png: there is no terminal to show images in")
	case j.output == "-" && j.outTerminal:
		return usagef("-o - would write the bytes of a PNG to the terminal: send standard output to a file or a program")
	case j.flags.Changed("height") != j.flags.Changed("width"):
		return usagef("--height and --width go together: give both")
	case j.complete == "" && j.flags.Changed("keep"):
		return usagef("--keep says what to keep of an image: name it with --complete FILE")
	case j.complete == "" && (j.flags.Changed("antialias") || j.flags.Changed("pad") || j.flags.Changed("max-picture")):
		return usagef("--antialias, --pad and --max-picture say how the image to complete is read: name it with --complete FILE")
	case j.complete == "" && j.mask != "":
		return usagef("--mask says what to keep of an image: name it with --complete FILE")
	}
	if err := exclusive(j.flags, "keep", "mask"); err != nil {
		return err
	}
	output := j.output
	if output == "-" {
		output = ""
	}
	inputs := []fileFlag{{"complete", j.complete}, {"mask", j.mask}}
	if compiledIn(j.model) == nil {
		inputs = append(inputs, fileFlag{"model", j.model})
	}
	if err := checkFiles(inputs, []fileFlag{{"output", output}, {"gif", j.gif}}); err != nil {
		return err // before a pipe is opened
	}
	return cmp.Or(
		wantsExtension("output", output, "a PNG", ".png"),
		wantsExtension("gif", j.gif, "a GIF", ".gif"),
		wantKind("--output", output, pngStart),
		wantKind("--gif", j.gif, gifStart))
}

// execute draws, from the model file to the image files.
func (j *paintJob) execute(ctx context.Context) (err error) {
	if j.pixels, err = openModel[*autoreg.ImageModel](ctx, j.app, j.model); err != nil {
		return err
	}
	o := &j.options
	o.Temperature = &j.temperature
	if o.Height == 0 {
		if o.Height, o.Width, err = j.pixels.DefaultSize(); err != nil {
			h, w := j.pixels.Size()
			return apierror.Errorf("%w: give --width and --height (%d and %d for the size in the file)", &fileError{describeModel(j.model), err}, w, h)
		}
	}
	if err := cmp.Or(j.takeClasses(), j.layOut()); err != nil {
		return err
	}
	if j.complete != "" {
		if err := j.readKnown(ctx); err != nil {
			return err
		}
	}
	if !j.flags.Changed("seed") {
		o.Seed = j.drawSeed(true)
	}
	drawn, err := j.paint(ctx)
	if err != nil {
		return err
	}
	if err := j.save(ctx, drawn); err != nil {
		return err
	}
	return j.writeKnown(drawn)
}

// paint draws the images, and shows them where there is a terminal.
func (j *paintJob) paint(ctx context.Context) ([]autoreg.Image, error) {
	o := j.options
	if j.preview && j.screen != nil {
		p := newPreview(j.screen, j.pixels, o, j.columns)
		o.OnRow = p.row
		drawn, err := j.pixels.Draw(ctx, &o)
		p.finish()
		if hidden := o.Count - p.shown; err == nil && hidden > 0 {
			j.note("%s more images do not fit into the terminal", thousands(hidden))
		}
		return drawn, err
	}
	bar := j.newProgress(int64(o.Count)*int64(o.Height), "rows drawn")
	defer bar.finish()
	o.OnRow = func(int, int, []uint8) { bar.add(1) }
	return j.pixels.Draw(ctx, &o)
}

// save writes the sheet and the animation.
func (j *paintJob) save(ctx context.Context, drawn []autoreg.Image) error {
	if j.output != "" {
		sheet, err := encoded(ctx, func() io.WriterTo { return pngFile{j.sheet(drawn)} })
		if err != nil {
			return err
		}
		if j.output == "-" {
			_, err = sheet.WriteTo(j.out)
		} else {
			err = writeImage(j.output, sheet)
		}
		if err != nil {
			return err
		}
	}
	if j.gif != "" {
		animation, err := encoded(ctx, func() io.WriterTo { return gifFile{j.animation(drawn)} })
		if err != nil {
			return err
		}
		return writeImage(j.gif, animation)
	}
	return nil
}

// encoded returns the bytes of an image file.
func encoded(ctx context.Context, file func() io.WriterTo) (*bytes.Buffer, error) {
	return await(ctx, func() (*bytes.Buffer, error) {
		var b bytes.Buffer
		_, err := file().WriteTo(&b)
		return &b, err
	})
}
