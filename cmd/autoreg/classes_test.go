package main

import (
	"encoding/binary"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/autoreg/autoreg"
)

// labelFile returns an IDX file of labels.
func labelFile(labels ...byte) string {
	b := binary.BigEndian.AppendUint32(nil, 0x801)
	return string(append(binary.BigEndian.AppendUint32(b, uint32(len(labels))), labels...))
}

// trainClassArgs is a command line that trains a conditional model of 4×4 pixels.
func trainClassArgs(data, model string, more ...string) []string {
	return append([]string{"train", "image", "--data", data, "--output", model, "--mixture", "--conditional", "--height", "4", "--width", "4",
		"--filters", "4", "--components", "2", "--dropout", "0", "--direct", "--batch", "8", "--lr", "0.004", "--epochs", "8", "--samples", ""}, more...)
}

// brightness returns IDX files of 48 images of 4×4 pixels in 3 classes: dark, grey and
// bright ones, and of their labels.
func brightness() (images, labels string) {
	b := binary.BigEndian.AppendUint32(nil, 0x803)
	for _, n := range []uint32{48, 4, 4} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	var classes []byte
	for i := range 48 {
		class := i * 5 % 3
		for at := range 16 {
			b = append(b, byte(20+100*class+(at*7+i*3)%13))
		}
		classes = append(classes, byte(class))
	}
	return string(b), labelFile(classes...)
}

// classModel returns the files of a model of brightness and of its data, made once.
var classModel = sync.OnceValue(func() (files struct{ model, data, labels string }) {
	files.model = filepath.Join(shared, "classes.safetensors")
	files.data, files.labels = filepath.Join(shared, "brightness.idx"), filepath.Join(shared, "brightness-labels.idx")
	data, labels := brightness()
	for path, content := range map[string]string{files.data: data, files.labels: labels} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			panic(err)
		}
	}
	if r := command(trainClassArgs(files.data, files.model, "--labels", files.labels)...); r.code != exitOK {
		panic(r.err)
	}
	return files
})

// mean returns the mean brightness of a part of an image.
func mean(img image.Image, part image.Rectangle) float64 {
	sum := 0.0
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			r, _, _, _ := img.At(x, y).RGBA()
			sum += float64(r >> 8)
		}
	}
	return sum / float64(part.Dx()*part.Dy())
}

// A model that has learnt classes draws what each is like, a row of the sheet for each.
func TestPaintClasses(t *testing.T) {
	files, dir := classModel(), t.TempDir()
	sheet := func(class string, more ...string) image.Image {
		path := filepath.Join(dir, "sheet.png")
		ok(t, append([]string{"paint", "--model", files.model, "--class", class, "--seed", "7", "-n", "8", "--scale", "1", "-o", path}, more...)...)
		return decode(t, read(t, path))
	}
	each := sheet("each")
	if size := each.Bounds().Size(); size != image.Pt(8*5-1, 3*5-1) {
		t.Fatalf("the sheet has %v pixels, want 8 images in each of 3 rows", size)
	}
	var rows []float64
	for class := range 3 {
		row := 0.0
		for i := range 8 {
			row += mean(each, image.Rect(5*i, 5*class, 5*i+4, 5*class+4)) / 8
		}
		rows = append(rows, row)
	}
	if rows[1] < rows[0]+40 || rows[2] < rows[1]+40 {
		t.Errorf("mean brightness of classes dark, grey and bright: %.0f", rows)
	}
	if !samePixels(sheet("0,1,2"), each) {
		t.Error("--class each is not --class 0,1,2")
	}
	second := sheet("1", "--first", "8", "--columns", "8").(interface {
		image.Image
		SubImage(image.Rectangle) image.Image
	})
	if row := each.(interface {
		SubImage(image.Rectangle) image.Image
	}).SubImage(image.Rect(0, 5, 39, 9)); !samePixels(second, row) {
		t.Error("images 8 to 15 of class 1 are not those of the second row")
	}
}

// Labels come from their file, or from a batch of CIFAR; a model without classes scores a
// batch as it did.
func TestScoreClasses(t *testing.T) {
	files, dir := classModel(), t.TempDir()
	score := func(args ...string) string {
		return ok(t, append([]string{"score", "--json", "--model", files.model, files.data}, args...)...)
	}
	right := score("--labels", files.labels)
	wrong := score("--labels", write(t, dir, "wrong.idx", labelFile(slices.Repeat([]byte{2}, 48)...)))
	if right == wrong || !strings.Contains(right, `"images":48`) {
		t.Errorf("scores with labels %s, with wrong ones %s", right, wrong)
	}
	if both := score(files.data, "--labels", files.labels, "--labels", files.labels); !strings.HasPrefix(both, right+right) {
		t.Errorf("two files: %s, want %s twice", both, right)
	}
	batch, colour := write(t, dir, "batch.bin", cifar(12)), filepath.Join(dir, "colour.safetensors")
	out := ok(t, trainClassArgs(batch, colour, "--epochs", "1", "--lr", "1e-4", "--samples", filepath.Join(dir, "sheets"), "--sample-count", "2")...)
	if !strings.Contains(out, "classes") {
		t.Errorf("training does not say how many classes there are:\n%s", out)
	}
	ok(t, "score", "--model", colour, batch)
	img := decode(t, read(t, filepath.Join(dir, "sheets", "epoch-001.png")))
	if scale := 32; img.Bounds().Size() != image.Pt(2*4*scale+scale/2, 10*4*scale+9*scale/2) {
		t.Errorf("the sheet of samples has %v pixels, want a row of 2 images for each of 10 classes", img.Bounds().Size())
	}
	if info := ok(t, "info", "--model", colour); !strings.Contains(info, ", of 10 classes") {
		t.Errorf("info:\n%s", info)
	}
	ok(t, "score", "--model", smallImage().colour, batch)
}

// A run on classes is resumed with the labels, and gives the same bytes.
func TestResumeClasses(t *testing.T) {
	files, dir := classModel(), t.TempDir()
	model := filepath.Join(dir, "model.safetensors")
	ok(t, trainClassArgs(files.data, model, "--labels", files.labels, "--epochs", "6", "--keep-checkpoint")...)
	resume := []string{"train", "image", "--data", files.data, "--output", model, "--resume", model + ".checkpoint", "--epochs", "8", "--samples", ""}
	fails(t, exitUsage, "--conditional needs a label for each image: give IDX files of labels with --labels", resume...)
	ok(t, append(resume, "--labels", files.labels)...)
	a, b := pixelModel(t, model), pixelModel(t, files.model)
	draw := func(m *autoreg.ImageModel) []autoreg.Image {
		images, err := m.Draw(t.Context(), &autoreg.DrawOptions{Count: 4, Classes: []int{0, 1, 2, 1}})
		if err != nil {
			t.Fatal(err)
		}
		return images
	}
	for i, img := range draw(a) {
		if !slices.Equal(img.Levels, draw(b)[i].Levels) {
			t.Errorf("image %d of the model that was resumed differs", i)
		}
	}
}

func TestClassFlagsRefused(t *testing.T) {
	files, dir := classModel(), t.TempDir()
	out, model := filepath.Join(dir, "x.png"), filepath.Join(dir, "x.safetensors")
	few := write(t, dir, "few.idx", labelFile(1, 2))
	beyond := write(t, dir, "beyond.idx", labelFile(slices.Repeat([]byte{5}, 48)...))
	paint := func(model string, more ...string) []string {
		return append([]string{"paint", "--model", model, "-o", out}, more...)
	}
	score := func(model string, more ...string) []string {
		return append([]string{"score", "--model", model, files.data}, more...)
	}
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "draws images of 3 classes: give --class with numbers from 0 to 2, or --class each", paint(files.model)},
		{exitUsage, "--class 3: " + files.model + " has the classes 0 to 2", paint(files.model, "--class", "1,3")},
		{exitUsage, "want the number of a class, from 0, several between commas, or each", paint(files.model, "--class", "-1")},
		{exitUsage, "want the number of a class", paint(files.model, "--class", "1,,2")},
		{exitUsage, "want the number of a class", paint(files.model, "--class", "")},
		{exitUsage, "more than a sheet can have: lower --count", paint(files.model, "--class", "each", "-n", "2147483647")},
		{exitUsage, "--class is not for clothes, compiled in, which is not conditioned on classes", paint("clothes", "--class", "0")},
		{exitUsage, "--labels names 2 files for 1 file of images", score(files.model, "--labels", few, "--labels", few)},
		{exitUsage, "--labels is not for the model " + smallImage().model, score(smallImage().model, "--labels", files.labels)},
		{exitUsage, "--labels is not for the model", []string{"score", "--model", small().model, small().data, "--labels", files.labels}},
		{exitError, "the images have no labels, and the model is conditioned on 3 classes: name an IDX file of labels with --labels", score(files.model)},
		{exitError, few + ": the header says 2 labels, but " + files.data + " has 48 images", score(files.model, "--labels", few)},
		{exitError, "image 0 has the label 5, and the model has the classes 0 to 2", score(files.model, "--labels", beyond)},
		{exitUsage, "--conditional is for --mixture", append(trainImageArgs(files.data, model), "--conditional")},
		{exitUsage, "--labels is for a model that is conditioned on them: give --mixture and --conditional", append(trainImageArgs(files.data, model), "--labels", files.labels)},
		{exitUsage, "--conditional needs a label for each image: give IDX files of labels with --labels", trainClassArgs(files.data, model)},
		{exitError, few + ": the header says 2 labels", trainClassArgs(files.data, model, "--labels", few)},
		{exitUsage, "--sample-count 2000: with 3 classes want at most 1365, of each", trainClassArgs(files.data, model, "--labels", files.labels, "--sample-count", "2000")},
	} {
		fails(t, c.code, c.want, c.args...)
	}
}
