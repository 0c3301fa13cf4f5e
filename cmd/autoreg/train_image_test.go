package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/pixels"
)

// TestTrainImageAndResume trains in one go, and in two with another number of threads:
// model, checkpoint, samples and the log's losses must come out the same.
func TestTrainImageAndResume(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	data := write(t, dir, "images.gz", gzipped(idx(smallCount, 7, 8)))
	common := []string{"--validation", "0.2", "--seed", "5", "--clip", "1", "--average", "0.9", "--levels", "5"}

	whole := ok(t, trainImageArgs(data, path("whole"), append(common, "--epochs", "4", "--threads", "1", "--log", path("whole.log"))...)...)
	for _, want := range []string{
		"30 images of 8×7 pixels, grey, read as idx", "5×6 pixels, grey, 5 levels", "training    24 images", "validation  6 images",
		"layer (type)", "(None, 6, 5, 8)", "epoch 1/4: loss ", " bits; validation loss ", " bits, the best so far; ", " images/s, ", "epoch 4/4",
		"\n  " + filepath.Join(path("whole.samples"), "epoch-004.png") + "\n", "saved ",
	} {
		if !strings.Contains(whole, want) {
			t.Errorf("the output lacks %q:\n%s", want, whole)
		}
	}

	ok(t, trainImageArgs(data, path("parts"), append(common, "--epochs", "2", "--threads", "2", "--log", path("parts.log"), "--plot", path("parts.png"))...)...)
	resumed := ok(t, "train", "image", "-d", data, "-o", path("parts"), "--resume", path("parts.checkpoint"), "--epochs", "4",
		"--threads", "3", "--log", path("parts.log"), "--plot", path("parts.png"), "--sample-count", "4", "--keep-checkpoint")
	if !strings.Contains(resumed, "after 2 of 4 epochs") || strings.Contains(resumed, "epoch 2/4") {
		t.Errorf("the resumed run prints:\n%s", resumed)
	}
	for _, suffix := range []string{"", ".checkpoint", ".samples/epoch-001.png", ".samples/epoch-002.png", ".samples/epoch-003.png", ".samples/epoch-004.png"} {
		if !bytes.Equal(read(t, path("whole"+suffix)), read(t, path("parts"+suffix))) {
			t.Errorf("whole%s and parts%[1]s differ", suffix)
		}
	}
	logs := func(name string) string {
		return strings.ReplaceAll(losses(t, path(name+".log")), path(name), "")
	}
	if a, b := logs("whole"), logs("parts"); a != b || strings.Count(a, "\n") != 4 || !strings.Contains(a, `"val_bits":`) {
		t.Errorf("the logs differ:\n%s\n%s", a, b)
	}
	checkPNG(t, path("parts.png"))

	// The last sheet is what paint draws with the model, the seed being that of the run
	// and the epoch.
	m := pixelModel(t, path("whole"))
	drawn, err := m.Draw(context.Background(), &autoreg.DrawOptions{Seed: 5 + 4, Count: 4})
	if err != nil {
		t.Fatal(err)
	}
	if want := pixels.Grid(render(m, drawn), 2, 21, 10); !samePixels(decode(t, read(t, path("whole.samples/epoch-004.png"))), want) {
		t.Error("the last sheet is not what the model draws")
	}
}

// TestTrainImageKinds reads all kinds of files.
func TestTrainImageKinds(t *testing.T) {
	dir := t.TempDir()
	pictures := filepath.Join(dir, "pictures")
	if err := os.Mkdir(pictures, 0o777); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		write(t, pictures, fmt.Sprintf("%d.png", i), picture(9+i, 12, nil))
	}
	write(t, pictures, "notes.txt", "none")
	model := filepath.Join(dir, "model")
	out := ok(t, trainImageArgs(smallImage().colourData, model, "--data", pictures, "--channels", "1", "--levels", "2", "--samples", filepath.Join(dir, "a", "b"))...)
	for _, want := range []string{"12 images of 32×32 pixels, colour, read as cifar10", "3 images of 3 different sizes, the first of 12×9 pixels, colour, read as png-jpeg; 1 other entry skipped", "training   15 images", "steps      3 an epoch, of up to 7 images", "grey, 2 levels"} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
	checkPNG(t, filepath.Join(dir, "a", "b", "epoch-002.png"))
	if _, err := os.Stat(model + ".samples"); err == nil {
		t.Error("samples in two folders")
	}
	// As large as they are, and only some.
	out = ok(t, trainImageArgs(smallImage().data, model+"2", "--height", "0", "--width", "0", "--limit", "9", "--samples", "", "--batch", "100")...)
	if !strings.Contains(out, "5×6 pixels, grey, 4 levels; the first 9 of 30") || strings.Contains(out, ".png") {
		t.Errorf("output:\n%s", out)
	}
	// One pixel in all.
	dot := write(t, dir, "dot.png", picture(1, 1, nil))
	ok(t, trainImageArgs(dot, model+"3", "--height", "1", "--width", "1", "--levels", "256")...)
	ok(t, "paint", "-m", model+"3", "-o", filepath.Join(dir, "dots.png"), "--gif", filepath.Join(dir, "dots.gif"), "--seed", "1")
	ok(t, "score", "-m", model+"3", dot)
	ok(t, "info", "-m", model+"3")
}

// TestTrainImageInterrupt ends a run as Ctrl-C does and then takes its advice.
func TestTrainImageInterrupt(t *testing.T) {
	dir := t.TempDir()
	model, want := filepath.Join(dir, "model"), filepath.Join(dir, "want")
	more := write(t, dir, "more.idx", idx(12, 9, 9))
	args := func(model string) []string {
		return trainImageArgs(smallImage().data, model, "--data", more, "--epochs", "3", "--limit", "40", "--antialias", "--max-picture", "64")
	}
	ok(t, args(want)...)
	ctx, cancel := context.WithCancel(context.Background())
	out, errOut := &trigger{at: "epoch 1/3", do: cancel}, new(bytes.Buffer)
	code := run(ctx, args(model), strings.NewReader(""), out, errOut)
	message, advice, _ := strings.Cut(errOut.String(), "; go on with: autoreg ")
	if code != exitInterrupted || !strings.HasPrefix(message, "autoreg: interrupted in epoch 2 after 0 of 6 steps") || strings.Count(errOut.String(), "\n") != 1 {
		t.Fatalf("status %d, message %q", code, errOut)
	}
	if _, err := os.Stat(model); err == nil {
		t.Error("an interrupted run has written its model")
	}
	ok(t, strings.Fields(advice)...)
	if !bytes.Equal(read(t, model), read(t, want)) {
		t.Error("the resumed model differs from the uninterrupted one")
	}
}

// TestTrainImageTerminal runs at a terminal.
func TestTrainImageTerminal(t *testing.T) {
	var out, errOut bytes.Buffer
	a := &app{in: strings.NewReader(""), out: &out, err: &errOut, terminal: true}
	if code := a.run(context.Background(), trainImageArgs(smallImage().data, filepath.Join(t.TempDir(), "model"), "--filters", "64")); code != exitOK {
		t.Fatalf("status %d, message %q", code, errOut.String())
	}
	for _, want := range []string{"epoch 1/2  loss ", "images/s", "%", "/10"} {
		if !strings.Contains(errOut.String(), want) {
			t.Errorf("the bar lacks %q: %q", want, errOut.String())
		}
	}
}

func TestTrainImageBadInput(t *testing.T) {
	dir := t.TempDir()
	f := smallImage()
	model := filepath.Join(dir, "model")
	bad := func(code int, want, data string, more ...string) {
		t.Helper()
		fails(t, code, want, trainImageArgs(data, model, more...)...)
	}
	bad(2, "from 2 to 256", f.data, "--levels", "1")
	bad(2, "from 2 to 256", f.data, "--levels", "300")
	bad(2, "--channels 2", f.data, "--channels", "2")
	bad(2, "--kernel 4: want an odd number", f.data, "--kernel", "4")
	bad(2, "--filters", f.data, "--filters", "1")
	bad(2, "--blocks", f.data, "--blocks", "0")
	bad(2, "go together", f.data, "--height", "0")
	bad(2, "--patience needs images to measure", f.data, "--patience", "2")
	bad(2, "--format", f.data, "--format", "recipes")
	bad(2, "--lr", f.data, "--lr", "0")
	bad(1, "filters is 3: want 6", f.colourData, "--filters", "3")
	bad(1, "validation", write(t, dir, "one.idx", idx(1, 3, 3)), "--validation", "0.5")
	bad(1, "lower --filters (512), --blocks (1), --threads (", f.data, "--max-memory", "1", "--filters", "512")
	bad(1, "--lr is 1e+07: want more than 0", f.data, "--lr", "1e7")
	bad(1, "no such file", filepath.Join(dir, "none"))
	bad(1, "there is no .png, .jpg or .jpeg file in this folder", t.TempDir())
	bad(1, "this is text: want an IDX file", small().data)
	bad(1, "cut", write(t, dir, "cut.idx", idx(9, 9, 9)[:300]))
	bad(1, "--samples: "+f.data+" is a file", f.colourData, "--samples", f.data)
	bad(2, "same file", f.data, "--plot", model)
	bad(2, "same file", f.data, "--data", f.data)
	bad(1, "is a directory", f.data, "--log", dir)
	pictures := filepath.Join(dir, "pictures")
	if err := os.Mkdir(pictures, 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, pictures, "a.png", picture(9, 9, nil))
	bad(2, "--samples and --data are the same folder", pictures, "--samples", filepath.Join(pictures, "."))
	bad(2, "would be one of the images", pictures, "--plot", filepath.Join(pictures, "plot.png"))
	if list, _ := filepath.Glob(model + "*"); len(list) != 0 {
		t.Errorf("runs that failed leave %v", list)
	}

	fails(t, 2, "give --data FILE, the images", "train", "image", "-o", model)
	fails(t, 2, "give --output FILE", "train", "image", "--data", f.data)
	fails(t, 2, `no argument, such as "more"`, trainImageArgs(f.data, model, "more")...)
	fails(t, 1, "holds a run already", trainImageArgs(f.data, f.model)...)

	resume := func(want string, more ...string) {
		t.Helper()
		fails(t, 1, want, append([]string{"train", "image", "-d", f.data, "-o", model}, more...)...)
	}
	resume("no such file", "--resume", filepath.Join(dir, "none"))
	resume("no checkpoint", "--resume", f.model)
	resume("go on with it by autoreg train text", "--resume", small().checkpoint)
	fails(t, 1, "go on with it by autoreg train image", "train", "text", "-d", small().data, "-o", model, "--resume", f.checkpoint)
	resume("--levels is 8 now and was 4", "--resume", f.checkpoint, "--levels", "8")
	resume("--height is 7 now and was 6", "--resume", f.checkpoint, "--height", "7", "--width", "7")
	resume("--batch is 9 now and was 7", "--resume", f.checkpoint, "--batch", "9")
	resume("--filters is 9 now and was 8", "--resume", f.checkpoint, "--filters", "9")
	resume("not those that the run began with", "--resume", f.checkpoint, "--limit", "29")
	resume("--epochs is 3", "--resume", f.checkpoint, "--epochs", "3")
	checkpoint := read(t, f.checkpoint)
	for _, n := range []int{0, 1, 8, 9, 1000, len(checkpoint) / 2, len(checkpoint) - 1} {
		resume("cannot resume", "--resume", write(t, dir, "cut", string(checkpoint[:n])))
	}
	// A run that is complete has nothing to do, and says so by saving its model.
	ok(t, "train", "image", "-d", f.data, "-o", model, "--resume", f.checkpoint)
	if !bytes.Equal(read(t, f.model), read(t, model)) {
		t.Error("resuming a complete run gives another model")
	}
}

// TestFashionMNIST runs what the documentation of train image promises, on the real
// data.
func TestFashionMNIST(t *testing.T) {
	const data = "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"
	if _, err := os.Stat(data); err != nil {
		t.Skip("no package dataset-fashion-mnist here: ", err)
	}
	model := filepath.Join(t.TempDir(), "clothes.safetensors")
	out := ok(t, "train", "image", "--data", data, "-o", model, "--limit", "16", "--batch", "8", "--epochs", "1", "--sample-count", "1")
	for _, want := range []string{"60,000 images of 28×28 pixels, grey", "16×16 pixels, grey, 4 levels; the first 16 of 60,000", "307,460  222,340"} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
}
