package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/train/images"
)

// An imageRun is Images and its Options: a test sets the fields of both.
type imageRun struct {
	Images
	Options
}

// new begins the run with a set of images. It may be called again.
func (r imageRun) new(set *images.Set) (*Trainer, error) {
	r.Images.Set = set
	return New(&r.Images, &r.Options)
}

// resume continues the run that a checkpoint holds.
func (r imageRun) resume(path string, set *images.Set) (*Trainer, error) {
	r.Images.Set = set
	return Resume(path, &r.Images, &r.Options)
}

// imagesOf returns the task of a run.
func imagesOf(tr *Trainer) *Images { return tr.task.(*Images) }

// smallImages returns n pictures of 4×5 pixels: noise over a slope.
func smallImages(n, channels int) *images.Set {
	s := &images.Set{Height: 4, Width: 5, Channels: channels, Levels: 3 + channels}
	noise := make([]float32, 4*5*channels)
	for i := range n {
		testkit.Values(noise, uint64(i+1), 0.7)
		for k, v := range noise {
			slope := float32(k/channels%5) / 5
			s.Data = append(s.Data, uint8(min(max((slope+v)*float32(s.Levels), 0), float32(s.Levels-1))))
		}
	}
	return s
}

// smallImageOptions is a run of 3 epochs of 5 steps over 18 of 24 images, the last
// of 2 images, and one step of validation.
func smallImageOptions() imageRun {
	return imageRun{
		Images{Filters: 10, Blocks: 2, Kernel: 5},
		Options{BatchSize: 4, LearningRate: 0.01, Validation: 0.25, Seed: 3, Epochs: 3, Threads: 1},
	}
}

// An imageVariant is a small run with the first digits of its last checkpoint's
// checksum, which is the same on every instruction set, architecture, number of threads and version of Go.
type imageVariant struct {
	channels int
	o        imageRun
	hash     string
}

func imageVariants() map[string]imageVariant {
	grey, clipped, patience := smallImageOptions(), smallImageOptions(), smallImageOptions()
	clipped.ClipNorm, clipped.Options.Validation = 0.05, 0
	patience.Patience = 2
	averaged := smallImageOptions()
	averaged.Average = 0.5
	return map[string]imageVariant{
		"grey":    {1, grey, "2b78a320af9eb896"},
		"clipped": {1, clipped, "51c742590f4d25c4"},
		"colour":  {3, patience, "171779e10d84527c"},
		"average": {1, averaged, "5e5af312721910f4"},
	}
}

func newImageTrainer(t testing.TB, set *images.Set, o imageRun) *Trainer {
	t.Helper()
	tr, err := o.new(set)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestImageSameBytesEverywhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for name, v := range imageVariants() {
			for _, threads := range []int{1, 2, 3} {
				v.o.Threads = threads
				tr := newImageTrainer(t, smallImages(24, v.channels), v.o)
				if err := tr.Run(context.Background(), &RunOptions{Checkpoint: path}); err != nil {
					t.Fatal(err)
				}
				if got := checksumOf(t, path); got != v.hash {
					t.Errorf("%s, %d threads: hash %s, want %s", name, threads, got, v.hash)
				}
			}
		}
	})
}

// A run that is interrupted wherever it can be, and resumed with another number of
// threads, ends in the bytes of one that was not.
func TestImageResume(t *testing.T) {
	for name, v := range imageVariants() {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			whole, path := filepath.Join(dir, "whole"), filepath.Join(dir, "checkpoint")
			set := smallImages(24, v.channels)
			without := func(list *[]EpochStats) func(EpochStats) {
				return func(s EpochStats) {
					s.Seconds, s.TokensPerSecond = 0, 0
					*list = append(*list, s)
				}
			}
			tr := newImageTrainer(t, set, v.o)
			var epochs []EpochStats
			if err := tr.Run(context.Background(), &RunOptions{Checkpoint: whole, OnEpoch: without(&epochs)}); err != nil {
				t.Fatal(err)
			}
			want, wantModel := readAll(t, whole), fileBytes(t, tr.Model())
			places := tr.steps() // to stop at in an epoch
			if tr.work.validates {
				places++
			}
			every := 1
			if testing.Short() {
				every = 5 // other places in each epoch
			}
			for n := 0; n < places*len(epochs); n += every {
				tr := newImageTrainer(t, set, v.o)
				err := tr.Run(&countdown{context.Background(), n}, &RunOptions{Checkpoint: path})
				if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), path) {
					t.Fatalf("stop %d: error %v, want one that names the checkpoint and wraps context.Canceled", n, err)
				}
				tr, err = Resume(path, &Images{Set: set}, &Options{Threads: 1 + n%3})
				if err != nil {
					t.Fatalf("stop %d: %v", n, err)
				}
				if tr.progress.Epoch != n/places || tr.progress.Batch != n%places {
					t.Fatalf("stop %d: progress %+v", n, tr.progress)
				}
				var later []EpochStats
				if err := tr.Run(context.Background(), &RunOptions{Checkpoint: path, OnEpoch: without(&later)}); err != nil {
					t.Fatalf("stop %d: %v", n, err)
				}
				if !bytes.Equal(readAll(t, path), want) || !bytes.Equal(fileBytes(t, tr.Model()), wantModel) {
					t.Errorf("stop %d: checkpoint or model differ from those of an uninterrupted run", n)
				}
				if got, want := fmt.Sprint(later), fmt.Sprint(epochs[n/places:]); got != want {
					t.Errorf("stop %d: epochs %s, want %s", n, got, want)
				}
			}
		})
	}
}

// A recorder remembers what the steps were made of.
type recorder struct {
	Task
	steps   [][]int
	numbers []int
}

func (r *recorder) gradients(items []int, step int) Evaluation {
	r.steps, r.numbers = append(r.steps, slices.Clone(items)), append(r.numbers, step)
	return r.Task.gradients(items, step)
}

// Each epoch takes each image once, in an order of its own, in full batches but for
// the last.
func TestImageOrder(t *testing.T) {
	tr := newImageTrainer(t, smallImages(24, 1), smallImageOptions())
	r := &recorder{Task: tr.task}
	tr.task = r
	if err := tr.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if len(r.steps) != 15 {
		t.Fatalf("%d steps, want 3 epochs of 5", len(r.steps))
	}
	for i, n := range r.numbers {
		if n != i {
			t.Errorf("step %d is number %d of the run", i, n)
		}
	}
	for epoch := range 3 {
		var seen []int
		for i, items := range r.steps[5*epoch : 5*epoch+5] {
			if want := min(4, 18-4*i); len(items) != want {
				t.Errorf("epoch %d, step %d: %d images, want %d", epoch, i, len(items), want)
			}
			seen = append(seen, items...)
		}
		if want := Order(18, 3, epoch); !slices.Equal(seen, want) {
			t.Errorf("epoch %d: order %v, want %v", epoch, seen, want)
		}
	}
}

func TestImageStats(t *testing.T) {
	tr := newImageTrainer(t, smallImages(24, 3), smallImageOptions())
	if n := tr.StepsLeft(); n != 15 {
		t.Errorf("%d steps left, want 15", n)
	}
	sum, last := 0.0, int64(0)
	var epochs []EpochStats
	if err := tr.Run(context.Background(), &RunOptions{
		OnStep: func(s Stats) {
			if s.Step == 1 {
				sum = 0
			}
			sum += s.BatchLoss * float64(s.Positions-last)
			last = s.Positions
			if s.Steps != 5 || s.Epochs != 3 || !(s.GradientNorm > 0) || (s.Remaining == 0) != (s.Epoch == 3 && s.Step == 5) {
				t.Errorf("%+v", s)
			}
		},
		OnEpoch: func(e EpochStats) {
			const values = 18 * 4 * 5 * 3
			if want := sum / values; last != int64(e.Epoch)*values || math.Abs(e.Loss-want) > 1e-12 {
				t.Errorf("epoch %d: loss %v after %d positions, want %v: batches weigh as many as they have", e.Epoch, e.Loss, last, want)
			}
			if e.Bits != e.Loss/math.Ln2 || e.ValBits != e.ValLoss/math.Ln2 || e.Perplexity != Perplexity(e.Loss) || !(e.ValLoss > 0 && e.TokensPerSecond > 0) {
				t.Errorf("%+v", e)
			}
			v, err := imagesOf(tr).Evaluate(context.Background(), imagesOf(tr).Validation(), nil)
			if err != nil || v.Loss() != e.ValLoss || v.Bits() != e.ValBits || v.Positions != 6*4*5*3 {
				t.Errorf("Evaluate has %+v (%v), the epoch %+v", v, err, e)
			}
			e.Seconds, e.TokensPerSecond = 0, 0
			epochs = append(epochs, e)
		},
	}); err != nil {
		t.Fatal(err)
	}
	if got := tr.History(); !slices.Equal(got, epochs) {
		t.Errorf("history %+v, want %+v", got, epochs)
	}
	if first := epochs[0].Loss; math.Abs(first-math.Log(6)) > 0.3 {
		t.Errorf("the first epoch's loss is %v, want about ln 6", first)
	}
	if !(epochs[2].Loss < epochs[0].Loss) {
		t.Errorf("the loss does not fall: %+v", epochs)
	}
}

// The run's model, written and read, predicts as the run does; a snapshot does not
// follow the run.
func TestImageSaveModel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model")
	tr := newImageTrainer(t, smallImages(24, 3), smallImageOptions())
	start := tr.Snapshot()
	before := fileBytes(t, start)
	if err := tr.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(fileBytes(t, start), before) {
		t.Error("a snapshot has changed")
	}
	if err := tr.SaveModel(path); err != nil {
		t.Fatal(err)
	}
	f, err := weights.Read(bytes.NewReader(readAll(t, path)), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.PixelFromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	e, err := evaluatePixels(context.Background(), m, imagesOf(tr).Validation(), nil)
	if want := tr.History()[2].ValLoss; err != nil || e.Loss() != want {
		t.Errorf("the file's model has validation loss %v (%v), want %v", e.Loss(), err, want)
	}
}

func TestImageEvaluate(t *testing.T) {
	ctx := context.Background()
	tr := imagesOf(newImageTrainer(t, smallImages(24, 1), smallImageOptions()))
	set := smallImages(150, 1) // several sums
	want, err := tr.Evaluate(ctx, set, &EvaluateOptions{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	p := newPixelPass(tr.model.Net, 4, 5, 1, 1, true) // the pass that trains
	for i := range set.Len() {
		sum += p.run([]layers.PixelSample{sampleOf(set, i)}, nil, nil)
	}
	if want.Positions != 150*20 || math.Abs(want.Sum-sum) > 1e-9*sum {
		t.Errorf("%+v, want %v over %d", want, sum, 150*20)
	}
	for _, o := range []EvaluateOptions{{}, {Threads: 2}, {Threads: 7, BatchSize: 3}, {BatchSize: 1}} {
		if e, err := tr.Evaluate(ctx, set, &o); err != nil || e != want {
			t.Errorf("%+v: %+v (%v), want %+v", o, e, err, want)
		}
	}
	wide, deep, bad := *set, *set, *set
	wide.Height, wide.Width = 5, 4
	deep.Levels = 5
	bad.Data = slices.Clone(set.Data)
	bad.Data[41] = 4
	for want, s := range map[string]*images.Set{"5×4 pixels, grey, 4 levels": &wide, "5 levels": &deep, "image 2 has the level 4": &bad} {
		if _, err := tr.Evaluate(ctx, s, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if _, err := tr.Evaluate(ctx, set, &EvaluateOptions{Threads: -1}); err == nil {
		t.Error("-1 threads: no error")
	}
	if _, err := tr.Evaluate(&countdown{ctx, 1}, set, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// Two pictures learned by heart. They begin alike, so that one value of each, the
// first in which they differ, is a toss of a coin; all else can be known.
func TestImageOverfit(t *testing.T) {
	for _, channels := range []int{1, 3} {
		set := smallImages(2, channels)
		size := len(set.Image(0))
		set.Data[size] = set.Data[0]
		tr := newImageTrainer(t, set, imageRun{Images{Filters: 48, Blocks: 2, Kernel: 7}, Options{LearningRate: 0.01, Epochs: 250}})
		if err := tr.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		loss, want := tr.History()[249].Loss, math.Ln2/float64(size)
		if !(loss >= want && loss < want+0.002) {
			t.Errorf("%d channels: the loss is %v, want little more than %v", channels, loss, want)
		}
	}
}

func TestImageEarlyStopping(t *testing.T) {
	o := smallImageOptions()
	// Noise cannot be foretold, so the validation loss soon rises.
	o.Epochs, o.Patience, o.LearningRate = 60, 3, 0.03
	tr := newImageTrainer(t, smallImages(24, 1), o)
	snapshots := map[int][]byte{}
	var stats []EpochStats
	if err := tr.Run(context.Background(), &RunOptions{OnEpoch: func(s EpochStats) {
		stats = append(stats, s)
		snapshots[s.Epoch] = weightBytes(t, tr.Snapshot())
	}}); err != nil {
		t.Fatal(err)
	}
	best := 0
	for i, s := range stats {
		if s.ValLoss < stats[best].ValLoss {
			best = i
		}
		if s.Best != (best == i) || s.Stopped != (i-best == 3) {
			t.Errorf("%+v: the best so far is epoch %d", s, best+1)
		}
	}
	if n := len(stats); n == 60 || n != best+1+3 || !tr.Done() || tr.StepsLeft() != 0 {
		t.Errorf("%d epochs, the best is %d: want 3 more than that", n, best+1)
	}
	if !bytes.Equal(weightBytes(t, tr.Model()), snapshots[best+1]) || bytes.Equal(weightBytes(t, tr.Model()), weightBytes(t, tr.Snapshot())) {
		t.Error("the model is not that of the best epoch")
	}
}

func TestImageDivergence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	o := smallImageOptions()
	o.Epochs = 1
	set := smallImages(24, 1)
	if err := newImageTrainer(t, set, o).Run(context.Background(), &RunOptions{Checkpoint: path}); err != nil {
		t.Fatal(err)
	}
	before := readAll(t, path)
	tr, err := Resume(path, &Images{Set: set}, &Options{Epochs: 5})
	if err != nil {
		t.Fatal(err)
	}
	convs := imagesOf(tr).model.Net.Convs()
	output := convs[len(convs)-1]
	weight, bias := output.Weights()
	bias[0] = float32(math.Inf(1))
	output.SetWeights(weight, bias)
	err = tr.Run(context.Background(), &RunOptions{Checkpoint: path})
	if err == nil || !strings.Contains(err.Error(), "epoch 2, step 1 of 5") || !strings.Contains(err.Error(), "LearningRate") {
		t.Errorf("error %v, want one that says where and what to do", err)
	}
	if !bytes.Equal(readAll(t, path), before) || tr.progress.Batch != 0 || tr.progress.Steps != 5 {
		t.Error("the checkpoint has changed, or a step was counted that was not made")
	}
}

func TestImageStepDoesNotAllocate(t *testing.T) {
	tr := newImageTrainer(t, smallImages(24, 3), smallImageOptions())
	order := Order(18, 1, 0)
	testkit.NoAllocs(t, func() {
		for i := range 10 {
			if _, err := tr.step(order[i : i+1+i%4]); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Padding of panels stays zero, so that it is of no effect on the length of the
// gradient.
func TestImageGradientNorm(t *testing.T) {
	for _, channels := range []int{1, 3} {
		tr := newImageTrainer(t, smallImages(24, channels), smallImageOptions())
		for range 3 {
			s, err := tr.step([]int{0, 1, 2})
			if err != nil {
				t.Fatal(err)
			}
			sum := 0.0
			for _, tensor := range trainedTensors(tr.work.grad) {
				for _, g := range tensor.Data {
					sum += float64(g) * float64(g)
				}
			}
			if want := math.Sqrt(sum); !(want > 0) || math.Abs(s.GradientNorm-want) > 1e-6*want { // squares and short sums are float32
				t.Errorf("norm %v, want %v", s.GradientNorm, want)
			}
		}
	}
}

func TestSplitImages(t *testing.T) {
	set := smallImages(10, 1)
	if training, validation, err := SplitImages(set, 0); training != set || validation != nil || err != nil {
		t.Errorf("share 0: %v, %v, %v", training, validation, err)
	}
	training, validation, err := SplitImages(set, 0.3)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}
	a, b, err := SplitDocs(names, 0.3)
	if err != nil || training.Len() != len(a) || validation.Len() != len(b) {
		t.Fatalf("%d and %d images, %v and %v documents, %v", training.Len(), validation.Len(), a, b, err)
	}
	for _, part := range []struct {
		set  *images.Set
		docs []string
	}{{training, a}, {validation, b}} {
		if s := part.set; s.Height != 4 || s.Width != 5 || s.Channels != 1 || s.Levels != 4 {
			t.Errorf("%d×%d×%d, %d levels", s.Height, s.Width, s.Channels, s.Levels)
		}
		for i, d := range part.docs {
			if !bytes.Equal(part.set.Image(i), set.Image(int(d[0]-'0'))) {
				t.Errorf("image %d is not image %s", i, d)
			}
		}
	}
	if _, _, err := SplitImages(set, 0.01); err == nil || !strings.Contains(err.Error(), "splits 10 images into 10") {
		t.Errorf("a share of nothing: %v", err)
	}
}
