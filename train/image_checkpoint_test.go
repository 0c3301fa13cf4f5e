package train

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/train/images"
)

// imageMidway returns a small run with Patience, in its second epoch, and its images.
func imageMidway(t testing.TB, channels int) (*Trainer, *images.Set) {
	t.Helper()
	o := smallImageOptions()
	o.Patience = 2
	set := smallImages(24, channels)
	tr := newImageTrainer(t, set, o)
	if err := tr.Run(&countdown{context.Background(), 8}, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if tr.progress.Epoch != 1 || tr.progress.Batch == 0 {
		t.Fatalf("progress %+v, want the middle of epoch 2", tr.progress)
	}
	return tr, set
}

func TestImageCheckpointRoundTrip(t *testing.T) {
	for _, channels := range []int{1, 3} {
		tr, set := imageMidway(t, channels)
		path := save(t, tr)
		again, err := Resume(path, &Images{Set: set}, nil)
		if err != nil {
			t.Fatal(err)
		}
		again.options.Threads, again.options.MaxBytes = 7, 7 // what no checkpoint may hold
		if !bytes.Equal(readAll(t, save(t, again)), readAll(t, path)) {
			t.Error("a checkpoint changes when it is read and written")
		}
		// The rest of the library takes it for a model.
		f, err := readFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m, err := model.PixelFromFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(fileBytes(t, m.File()), weightBytes(t, tr.Snapshot())) {
			t.Error("the model in the checkpoint is another")
		}
	}
}

func TestResumeImagesRefusesOtherOptions(t *testing.T) {
	tr, set := imageMidway(t, 1)
	path := save(t, tr)
	for name, o := range map[string]imageRun{
		"Filters":      {Images: Images{Filters: 12}},
		"Blocks":       {Images: Images{Blocks: 3}},
		"Kernel":       {Images: Images{Kernel: 7}},
		"Mixture":      {Images: Images{Mixture: &Mixture{}}},
		"BatchSize":    {Options: Options{BatchSize: 5}},
		"Optimizer":    {Options: Options{Optimizer: SGD{}}},
		"LearningRate": {Options: Options{LearningRate: 0.03}},
		"Schedule":     {Options: Options{Schedule: Schedule{Kind: StepDecay, Decay: 0.5}}},
		"ClipNorm":     {Options: Options{ClipNorm: 1}},
		"Average":      {Options: Options{Average: 0.9}},
		"Validation":   {Options: Options{Validation: 0.5}},
		"Patience":     {Options: Options{Patience: 9}},
		"Seed":         {Options: Options{Seed: 12}},
		"Epochs":       {Options: Options{Epochs: 1}}, // epoch 2 has begun
		"Threads":      {Options: Options{Threads: -1}},
		"MaxBytes":     {Options: Options{MaxBytes: 1}},
	} {
		_, err := o.resume(path, set)
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), path) {
			t.Errorf("%+v: error %v, want one that names the file and %s", o, err, name)
			continue
		}
		var field *OptionError
		if !errors.As(err, &field) || field.Field != name && name != "MaxBytes" {
			t.Errorf("error %v is not about the field %s", err, name)
		}
		wantOnePrefix(t, err)
	}
	same := smallImageOptions()
	same.Patience = 2
	for _, o := range []imageRun{same, {Options: tr.Options()}, {Options: Options{Epochs: 2}}, {Options: Options{Epochs: 50}}, {Options: Options{Threads: 2}}} {
		if _, err := o.resume(path, set); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestResumeImagesRefusesOtherImages(t *testing.T) {
	tr, set := imageMidway(t, 1)
	path := save(t, tr)
	changed, turned, deeper, flat := *set, *set, *set, *set
	changed.Data = slices.Clone(set.Data)
	changed.Data[77] ^= 1
	turned.Height, turned.Width = set.Width, set.Height
	deeper.Levels++
	flat.Height = 0
	for _, c := range []struct {
		set  *images.Set
		want string
	}{
		{&changed, "images are not those"},
		{smallImages(23, 1), "images are not those"},
		{smallImages(25, 1), "images are not those"},
		{smallImages(24, 3), "colour"},
		{&turned, "4×5 pixels"},
		{&deeper, "5 levels"},
		{&flat, "want sizes above 0"},
		{smallImages(0, 1), "no images"},
	} {
		_, err := Resume(path, &Images{Set: c.set}, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
			continue
		}
		wantOnePrefix(t, err)
	}
}

// A run on texts is not continued with images, nor the other way round, and a
// finished model not at all.
func TestResumeTellsKindsApart(t *testing.T) {
	images, set := imageMidway(t, 1)
	for _, path := range []string{save(t, midway(t)), filepath.Join(t.TempDir(), "text")} {
		if filepath.Base(path) == "text" {
			if err := midway(t).SaveModel(path); err != nil {
				t.Fatal(err)
			}
		}
		_, err := Resume(path, &Images{Set: set}, nil)
		if err == nil || !strings.Contains(err.Error(), `kind "text"`) || !strings.Contains(err.Error(), path) {
			t.Errorf("images on a text model: %v", err)
		}
	}
	if _, err := Resume(save(t, images), smallText(), nil); err == nil || !strings.Contains(err.Error(), `kind "pixelcnn"`) {
		t.Errorf("texts on an image model: %v", err)
	}
	path := filepath.Join(t.TempDir(), "model")
	if err := images.SaveModel(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Resume(path, &Images{Set: set}, nil); err == nil || !strings.Contains(err.Error(), "no checkpoint") {
		t.Errorf("a finished model: %v", err)
	}
	if _, err := Resume(path+"s", &Images{Set: set}, nil); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("no file: %v", err)
	}
}

func TestResumeImagesRefusesHostileFiles(t *testing.T) {
	tr, set := imageMidway(t, 3)
	path := save(t, tr)
	read := func() *weights.File {
		f, err := readFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	try := func(what, want string, f *weights.File) {
		t.Helper()
		bad := filepath.Join(t.TempDir(), "bad")
		if err := atomicfile.Write(bad, f); err != nil {
			t.Fatal(err)
		}
		if _, err := Resume(bad, &Images{Set: set}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", what, err, want)
		} else {
			wantOnePrefix(t, err)
		}
	}
	for _, c := range []struct{ from, to, want string }{
		{`"version":1`, `"version":2`, "version 2"},
		{`"epoch":1`, `"epoch":0`, "damaged"},
		{`"epoch":1`, `"epoch":1,"epoch":1`, "form"},
		{`"epoch":1`, `"epoch":1,"extra":1`, "form"},
		{`"epoch":1,`, ``, "form"},
		{`"batch":`, `"batch":-`, "damaged"},
		{`"batch":`, `"batch":9`, "damaged"},
		{`"steps":`, `"steps":1`, "damaged"},
		{`"positions":`, `"positions":1000`, "damaged"},
		{`"best_epoch":1`, `"best_epoch":0`, "damaged"},
		{`"batch_size":4`, `"batch_size":5`, "damaged"},
		{`"batch_size":4`, `"batch_size":0`, "BatchSize"},
		{`"filters":10`, `"filters":11`, `its options say {"kind":"pixelcnn",`},
		{`"filters":10`, `"filters":1000000000`, "Filters"},
		{`"blocks":2`, `"blocks":0`, "Blocks"},
		{`"kernel":5`, `"kernel":4`, "Kernel"},
		{`"validation":0.25`, `"validation":0.5`, "damaged"},
		{`"images":"`, `"images":"0`, "images"},
	} {
		f := read()
		text := f.Metadata[model.KeyCheckpoint]
		f.Metadata[model.KeyCheckpoint] = strings.Replace(text, c.from, c.to, 1)
		if f.Metadata[model.KeyCheckpoint] == text {
			t.Errorf("%s is not in %s", c.from, text)
		}
		try(c.from+" → "+c.to, c.want, f)
	}
	// A text run's progress beside an image model.
	f := read()
	f.Metadata[model.KeyCheckpoint] = checkpointOf(t, midway(t)).Metadata[model.KeyCheckpoint]
	try("a text run's progress", "form", f)

	f = read()
	for i, tensor := range f.Tensors {
		try := func(what string, f *weights.File) {
			t.Helper()
			if _, err := resume(f, &Images{Set: set}, Options{Threads: 1}); err == nil || !strings.Contains(err.Error(), tensor.Name) {
				t.Errorf("%s %s: error %v, want one that names it", tensor.Name, what, err)
			}
		}
		try("is missing", &weights.File{Metadata: f.Metadata, Tensors: slices.Delete(slices.Clone(f.Tensors), i, i+1)})
		for _, v := range []float64{math.NaN(), math.Inf(-1)} {
			at := len(tensor.Data) / 2
			was := tensor.Data[at]
			tensor.Data[at] = float32(v)
			try("has a value that is not finite", f)
			tensor.Data[at] = was
		}
	}
	f = read()
	f.Lookup("optimizer.v.hidden.0.bias").Data[1] = -1
	try("a negative square", "negative", f)
	f = read()
	f.Tensors = append(f.Tensors, weights.Tensor{Name: "optimizer.extra", Shape: []int{1}, Data: []float32{1}})
	try("a tensor too many", "optimizer.extra", f)
}

// Whatever the metadata say, it is an error or the run that they describe.
func FuzzResumeImages(f *testing.F) {
	tr, set := imageMidway(f, 1)
	file := checkpointOf(f, tr)
	config, text := file.Metadata[model.KeyConfig], file.Metadata[model.KeyCheckpoint]
	f.Add(config, text)
	f.Add(config, strings.Replace(text, `"epoch":1`, `"epoch":2`, 1))
	f.Add(strings.Replace(config, `"filters":10`, `"filters":11`, 1), strings.Replace(text, `"filters":10`, `"filters":11`, 1))
	f.Fuzz(func(t *testing.T, config, text string) {
		hostile := &weights.File{Metadata: maps.Clone(file.Metadata), Tensors: slices.Clone(file.Tensors)}
		hostile.Metadata[model.KeyConfig], hostile.Metadata[model.KeyCheckpoint] = config, text
		tr, err := resume(hostile, &Images{Set: set}, Options{Threads: 1, MaxBytes: 64 << 20})
		if err != nil {
			return
		}
		if got := checkpointOf(t, tr).Metadata[model.KeyCheckpoint]; !sameJSON(got, text) {
			t.Errorf("resumed from %s as %s", text, got)
		}
		if tr.Done() {
			return
		}
		if err := tr.Run(&countdown{context.Background(), 1}, nil); !errors.Is(err, context.Canceled) && !errors.Is(err, ErrDiverged) {
			t.Errorf("%s: %v", text, err)
		}
	})
}
