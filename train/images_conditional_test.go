package train

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/train/images"
)

// classImages returns n images of 4×4 pixels in three classes: dark, grey or bright with
// some noise.
func classImages(n int) *images.Set {
	s := &images.Set{Height: 4, Width: 4, Channels: 1, Levels: 256, Classes: 3}
	noise := make([]float32, 16)
	for i := range n {
		testkit.Values(noise, uint64(i+1), 20)
		s.Labels = append(s.Labels, uint8(i*i%3+i%2))
		for _, v := range noise {
			s.Data = append(s.Data, uint8(float32(100*int(s.Labels[i])+25)+v))
		}
	}
	return s
}

func conditionalRun() imageRun {
	return imageRun{
		Images{Filters: 4, Blocks: 1, Mixture: &Mixture{Components: 3, Resolutions: 2, Dropout: 0.2, Conditional: true}},
		Options{BatchSize: 5, LearningRate: 0.002, Validation: 0.25, Seed: 3, Epochs: 3, Threads: 1},
	}
}

// A model that is conditioned on classes has the same bytes everywhere, its first lengths
// and biases included.
func TestConditionalSameBytes(t *testing.T) {
	first := ""
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, threads := range []int{1, 3} {
			o := conditionalRun()
			o.Threads = threads
			tr := newImageTrainer(t, classImages(24), o)
			for i := range 3 {
				if _, err := tr.step(Order(18, 1, 0)[5*i:][:5]); err != nil {
					t.Fatal(err)
				}
			}
			got := checksumOf(t, save(t, tr))
			if first == "" {
				first = got
			}
			if got != first {
				t.Errorf("%d threads: hash %s, before it was %s", threads, got, first)
			}
		}
	})
}

// A run that is resumed goes on with the labels of its images.
func TestConditionalResume(t *testing.T) {
	run := func(tr *Trainer) string {
		path := filepath.Join(t.TempDir(), "checkpoint")
		if err := tr.Run(context.Background(), &RunOptions{Checkpoint: path}); err != nil {
			t.Fatal(err)
		}
		return path
	}
	o := conditionalRun()
	o.Mixture.Direct, o.LearningRate, o.Epochs = true, 0.004, 6
	want := checksumOf(t, run(newImageTrainer(t, classImages(60), o)))
	o.Epochs = 4
	tr, err := Resume(run(newImageTrainer(t, classImages(60), o)), &Images{Set: classImages(60)}, &Options{Epochs: 6})
	if err != nil {
		t.Fatal(err)
	}
	if !imagesOf(tr).Mixture.Conditional {
		t.Error("the run that is resumed is not conditional")
	}
	if got := checksumOf(t, run(tr)); got != want {
		t.Errorf("resumed: hash %s, want %s", got, want)
	}
}

// Training with labels predicts better than without, and a wrong label predicts worse.
func TestConditionalLearns(t *testing.T) {
	set := classImages(60)
	loss := func(conditional bool, evaluated *images.Set) float64 {
		o := conditionalRun()
		o.Mixture.Conditional, o.Mixture.Direct, o.Mixture.Dropout = conditional, true, 0
		o.Epochs, o.LearningRate = 12, 0.004
		tr := newImageTrainer(t, set, o)
		if err := tr.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		e, err := imagesOf(tr).Evaluate(context.Background(), evaluated, nil)
		if err != nil {
			t.Fatal(err)
		}
		return e.Sum / float64(e.Positions)
	}
	others := *set
	others.Labels = slices.Clone(set.Labels)
	for i := range others.Labels {
		others.Labels[i] = (others.Labels[i] + 1) % 3
	}
	with, without, wrong := loss(true, set), loss(false, set), loss(true, &others)
	if with >= without || wrong < with+0.3 {
		t.Errorf("loss %v with labels, %v without, %v with wrong ones", with, without, wrong)
	}
}

func TestConditionalStepDoesNotAllocate(t *testing.T) {
	tr := newImageTrainer(t, classImages(24), conditionalRun())
	order := Order(18, 1, 0)
	tr.step(order[:4]) // the first gives layers their lengths
	testkit.NoAllocs(t, func() {
		for i := range 10 {
			if _, err := tr.step(order[i : i+1+i%4]); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Labels stay with their images when some of these are set aside.
func TestSplitLabels(t *testing.T) {
	set := classImages(10)
	for i := range set.Labels {
		set.Labels[i], set.Data[i*16] = uint8(i), uint8(i)
	}
	training, validation, err := SplitImages(set, 0.3)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []*images.Set{training, validation} {
		if len(part.Labels) != part.Len() || part.Classes != set.Classes {
			t.Errorf("%d labels of %d classes, %d images", len(part.Labels), part.Classes, part.Len())
		}
		for i, label := range part.Labels {
			if part.Image(i)[0] != label {
				t.Errorf("image %d has the label %d", part.Image(i)[0], label)
			}
		}
	}
}

// Labels count in the hash of the data only where the model is conditioned on them.
func TestConditionalHash(t *testing.T) {
	with, without := classImages(5), classImages(5)
	without.Labels, without.Classes = nil, 0
	if imagesHash(with, false) != imagesHash(without, false) {
		t.Error("labels that are not used change the hash")
	}
	hashes := []string{imagesHash(with, true), imagesHash(with, false)}
	with.Classes = 4
	hashes = append(hashes, imagesHash(with, true))
	with.Labels[2] ^= 1
	hashes = append(hashes, imagesHash(with, true))
	if slices.Sort(hashes); len(slices.Compact(hashes)) != 4 {
		t.Errorf("not all hashes differ: %q", hashes)
	}
}

func TestConditionalSetsRefused(t *testing.T) {
	ctx := context.Background()
	set := classImages(24)
	tr := newImageTrainer(t, set, conditionalRun())
	path := save(t, tr)
	o := conditionalRun()
	o.Mixture.Conditional = false
	unconditional := save(t, newImageTrainer(t, set, o))
	unlabelled, few, beyond, more, other := *set, *set, *set, *set, *set
	unlabelled.Labels, unlabelled.Classes = nil, 0
	few.Labels = set.Labels[:23]
	beyond.Classes = 2
	more.Classes = 5
	other.Labels = slices.Clone(set.Labels)
	other.Labels[7] = (other.Labels[7] + 1) % 3
	for name, c := range map[string]struct {
		err  func() error
		want string
	}{
		"begun without labels":       {func() error { _, err := conditionalRun().new(&unlabelled); return err }, "Conditional needs a label for each image, and these images have none"},
		"begun with a label missing": {func() error { _, err := conditionalRun().new(&few); return err }, "23 labels of 24 images"},
		"begun with a label beyond":  {func() error { _, err := conditionalRun().new(&beyond); return err }, "has the label 2, but there are only 2 classes"},
		"resumed without labels":     {func() error { _, err := Resume(path, &Images{Set: &unlabelled}, nil); return err }, "Conditional needs a label for each image, and these images have none"},
		"resumed with more classes":  {func() error { _, err := Resume(path, &Images{Set: &more}, nil); return err }, "the run began with images of 3 classes, these are of 5"},
		"resumed with other labels":  {func() error { _, err := Resume(path, &Images{Set: &other}, nil); return err }, "the images are not those that the run began with"},
		"made conditional": {func() error {
			_, err := Resume(unconditional, &Images{Set: set, Mixture: conditionalRun().Mixture}, nil)
			return err
		}, "Conditional"},
		"evaluated without labels": {func() error { _, err := imagesOf(tr).Evaluate(ctx, &unlabelled, nil); return err }, "Evaluate: the model is conditioned on classes, and the images have no labels"},
		"evaluated on a label beyond": {func() error {
			s := *set
			s.Classes = 9
			s.Labels = bytes.Repeat([]byte{8}, 24)
			_, err := imagesOf(tr).Evaluate(ctx, &s, nil)
			return err
		}, "image 0 has the label 8, but there are only 3 classes"},
	} {
		err := c.err()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
			continue
		}
		wantOnePrefix(t, err)
	}
	if _, err := Resume(unconditional, &Images{Set: &unlabelled}, nil); err != nil {
		t.Errorf("labels that a run did not use: %v", err)
	}
}

// A checkpoint whose options and model do not agree about classes is refused.
func TestConditionalCheckpointDamaged(t *testing.T) {
	set := classImages(24)
	path := save(t, newImageTrainer(t, set, conditionalRun()))
	for _, c := range []struct{ key, from, to, want string }{
		{model.KeyCheckpoint, `,"conditional":true`, ``, "damaged"},
		{model.KeyCheckpoint, `"conditional":true`, `"conditional":1`, "metadata \"checkpoint\""},
		{model.KeyConfig, `"condition":3`, `"condition":0`, "condition"},
		{model.KeyConfig, `"condition":3`, `"condition":4`, "condition"},
	} {
		f, err := readFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text := f.Metadata[c.key]
		if f.Metadata[c.key] = strings.Replace(text, c.from, c.to, 1); f.Metadata[c.key] == text {
			t.Fatalf("%s is not in %s", c.from, text)
		}
		bad := filepath.Join(t.TempDir(), "bad")
		if err := atomicfile.Write(bad, f); err != nil {
			t.Fatal(err)
		}
		if _, err := Resume(bad, &Images{Set: set}, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s → %s: error %v, want one with %q", c.from, c.to, err, c.want)
		} else {
			wantOnePrefix(t, err)
		}
	}
}
