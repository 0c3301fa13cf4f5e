package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/train/images"
)

// An averagedRun is a small run of a task, which averages its weights.
type averagedRun struct {
	name    string
	task    func() Task // with all fields
	data    func() Task // with its data only
	options Options
	// evaluate measures the model of the run on its validation data.
	evaluate func(t Task) (Evaluation, error)
	// measure does the same with a model file.
	measure func(t Task, f *weights.File) (Evaluation, error)
}

// averagedRuns have a decay that the first steps do not reach.
func averagedRuns() []averagedRun {
	ctx := context.Background()
	text, stream := smallVariants()["average"], smallVariants()["stream"]
	evaluateText := func(t Task) (Evaluation, error) {
		return t.(*Text).Evaluate(ctx, t.(*Text).Validation(), &EvaluateOptions{CountPadding: t.(*Text).CountPadding})
	}
	measureText := func(t Task, f *weights.File) (Evaluation, error) {
		m, err := model.FromFile(f)
		if err != nil {
			return Evaluation{}, err
		}
		return evaluateStack(ctx, m.Stack, t.(*Text).Validation(), &EvaluateOptions{CountPadding: t.(*Text).CountPadding})
	}
	grey, wide := smallImages(12, 1), mixtureImages(9)
	pixels := smallImageOptions()
	evaluateImages := func(t Task) (Evaluation, error) {
		return t.(*Images).Evaluate(ctx, t.(*Images).validation, nil)
	}
	measureImages := func(t Task, f *weights.File) (Evaluation, error) {
		m, err := model.PixelFromFile(f)
		if err != nil {
			return Evaluation{}, err
		}
		return evaluatePixels(ctx, m, t.(*Images).validation, nil)
	}
	_, classOptions := smallClasses()
	runs := []averagedRun{
		{"text", func() Task { task := text.Text; task.Documents = smallDocs(); return &task }, func() Task { return smallText() }, text.Options, evaluateText, measureText},
		{"a stream", func() Task { task := stream.Text; task.Documents = smallDocs(); return &task }, func() Task { return smallText() }, stream.Options, evaluateText, measureText},
		{"images", func() Task { task := pixels.Images; task.Set = grey; return &task }, func() Task { return &Images{Set: grey} }, pixels.Options, evaluateImages, measureImages},
		{"a mixture", func() Task {
			return &Images{Set: wide, Filters: 4, Blocks: 1, Mixture: &Mixture{Components: 2, Resolutions: 2, Dropout: 0.2}}
		}, func() Task { return &Images{Set: wide} }, Options{BatchSize: 2, LearningRate: 0.005, Validation: 0.25, Seed: 3, Epochs: 3, Threads: 1}, evaluateImages, measureImages},
		{"classes", func() Task { task, _ := smallClasses(); return task }, func() Task {
			task, _ := smallClasses()
			return &Classes{Documents: task.Documents, Labels: task.Labels}
		}, classOptions, func(t Task) (Evaluation, error) {
			return t.(*Classes).Evaluate(ctx, t.(*Classes).Validation(), nil)
		}, func(t Task, f *weights.File) (Evaluation, error) {
			m, err := model.ClassifierFromFile(f)
			if err != nil {
				return Evaluation{}, err
			}
			d := t.(*Classes).Validation()
			return newClassPass(m.Stack, d.size(8), 1, false).evaluate(ctx, d, 8)
		}},
	}
	for i := range runs {
		runs[i].options.Average = 0.5
		runs[i].options.Patience, runs[i].options.Best = 0, true
	}
	return runs
}

// mixtureImages are n images of 256 levels.
func mixtureImages(n int) *images.Set {
	s := &images.Set{Height: 4, Width: 6, Channels: 1, Levels: 256}
	noise := make([]float32, 4*6)
	for i := range n {
		testkit.Values(noise, uint64(i+1), 60)
		for k, v := range noise {
			s.Data = append(s.Data, uint8(100+10*(k%6)+int(v)/2))
		}
	}
	return s
}

func (r averagedRun) new(t testing.TB, o Options) *Trainer {
	t.Helper()
	tr, err := New(r.task(), &o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// copyOfValues returns all weights of a network in one list.
func copyOfValues(net layers.Network) (list []float32) {
	for _, values := range layers.ValuesOf(net) {
		list = append(list, values...)
	}
	return list
}

// The averages are those of the weights after each step, from the first one on, to the
// bit in float32 and near those in float64. The weights are those of a run without.
func TestAverage(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, r := range averagedRuns() {
			plain := r.options
			plain.Average = 0
			tr, without := r.new(t, r.options), r.new(t, plain)
			if testkit.Diff(copyOfValues(tr.average.net), copyOfValues(tr.work.net)) != "" {
				t.Errorf("%s: the average before the first step is not the model", r.name)
			}
			var want []float32
			var exact []float64
			if err := tr.Run(context.Background(), &RunOptions{OnStep: func(s Stats) {
				step, w := tr.progress.Steps, copyOfValues(tr.work.net)
				if step == 1 {
					want, exact = slices.Clone(w), floats64(w)
				} else {
					d := min(0.5, float64(1+step)/float64(10+step))
					share := float32(1 - d)
					for i, x := range w {
						want[i] += float32(share * (x - want[i]))
						exact[i] = d*exact[i] + (1-d)*float64(x)
					}
				}
				got := copyOfValues(tr.average.net)
				if d := testkit.Diff(got, want); d != "" {
					t.Fatalf("%s, step %d: %s", r.name, step, d)
				}
				for i, x := range got {
					// Three roundings a step, whose errors halve with each: of values below 4.
					if math.Abs(float64(x)-exact[i]) > 6*4*0x1p-24 {
						t.Fatalf("%s, step %d: average %d is %v, want %v", r.name, step, i, x, exact[i])
					}
				}
			}}); err != nil {
				t.Fatal(err)
			}
			if err := without.Run(context.Background(), nil); err != nil {
				t.Fatal(err)
			}
			if d := testkit.Diff(copyOfValues(tr.work.net), copyOfValues(without.work.net)); d != "" {
				t.Errorf("%s: averages change the weights: %s", r.name, d)
			}
			if slices.Equal(copyOfValues(tr.average.net), copyOfValues(tr.work.net)) {
				t.Errorf("%s: the averages are the weights", r.name)
			}
		}
	})
}

// The share of the weights after a step.
func TestAverageShare(t *testing.T) {
	for _, c := range []struct {
		decay float64
		step  int
		want  float64
	}{
		{0.9995, 1, 1}, {0.9995, 2, 1 - 3.0/12}, {0.9995, 8, 0.5}, {0.9995, 17979, 1 - 17980.0/17989},
		{0.9995, 17990, 1 - 0.9995}, {0.9995, math.MaxInt32, 1 - 0.9995}, {0.1, 1, 1}, {0.1, 2, 0.9}, {5e-324, 2, 1},
	} {
		if got := averageShare(c.decay, c.step); got != float32(c.want) {
			t.Errorf("decay %v, step %d: %v, want %v", c.decay, c.step, got, c.want)
		}
	}
}

// Validation, the best epoch, the snapshot of an epoch and Evaluate have the averages.
func TestAverageMeasured(t *testing.T) {
	for _, r := range averagedRuns() {
		tr := r.new(t, r.options)
		var best []byte
		if err := tr.Run(context.Background(), &RunOptions{OnEpoch: func(s EpochStats) {
			snapshot := tr.Snapshot()
			if s.Best {
				best = weightBytes(t, snapshot)
			}
			e, err := r.evaluate(tr.task)
			if err != nil || e.Loss() != s.ValLoss {
				t.Errorf("%s, epoch %d: Evaluate %v (%v), validation %v", r.name, s.Epoch, e.Loss(), err, s.ValLoss)
			}
			if e, err := r.measure(tr.task, snapshot.f); err != nil || e.Loss() != s.ValLoss {
				t.Errorf("%s, epoch %d: the snapshot's loss is %v (%v), validation %v", r.name, s.Epoch, e.Loss(), err, s.ValLoss)
			}
			if e, err := r.measure(tr.task, tr.copyOf(tr.work.net, 0).f); err != nil || e.Loss() == s.ValLoss {
				t.Errorf("%s, epoch %d: the loss of the weights is that of the averages, %v (%v)", r.name, s.Epoch, e.Loss(), err)
			}
		}}); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(weightBytes(t, tr.Model()), best) {
			t.Errorf("%s: the result is not the average at the end of the best epoch", r.name)
		}
		if !bytes.Contains(tr.Record().Options, []byte(`"average":0.5`)) {
			t.Errorf("%s: the record has the options %s", r.name, tr.Record().Options)
		}
	}
}

// A run that is interrupted anywhere, within validation too, and resumed with another
// number of threads ends in the same bytes.
func TestAverageResume(t *testing.T) {
	for _, r := range averagedRuns() {
		dir := t.TempDir()
		whole, path := filepath.Join(dir, "whole"), filepath.Join(dir, "checkpoint")
		for threads := 1; threads <= 4; threads++ {
			o := r.options
			o.Threads = threads
			file := whole
			if threads > 1 {
				file = path
			}
			tr := r.new(t, o)
			if err := tr.Run(context.Background(), &RunOptions{Checkpoint: file}); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(readAll(t, file), readAll(t, whole)) {
				t.Errorf("%s: another checkpoint with %d threads", r.name, threads)
			}
		}
		every := 1
		if testing.Short() {
			every = 4
		}
		for n := 0; ; n += every {
			tr := r.new(t, r.options)
			err := tr.Run(&countdown{context.Background(), n}, &RunOptions{Checkpoint: path})
			if err == nil {
				break // it has come to its end
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if tr, err = Resume(path, r.data(), &Options{Threads: 1 + n%4}); err != nil {
				t.Fatalf("%s, stop %d: %v", r.name, n, err)
			}
			if tr.options.Average != 0.5 {
				t.Fatalf("%s, stop %d: the average is %v", r.name, n, tr.options.Average)
			}
			if err := tr.Run(context.Background(), &RunOptions{Checkpoint: path}); err != nil {
				t.Fatalf("%s, stop %d: %v", r.name, n, err)
			}
			if !bytes.Equal(readAll(t, path), readAll(t, whole)) {
				t.Errorf("%s, stop %d: the checkpoint differs from that of an uninterrupted run", r.name, n)
			}
		}
	}
}

// A checkpoint without averages, or with averages that no option asks for, is refused.
func TestAverageCheckpoints(t *testing.T) {
	for _, r := range averagedRuns() {
		with, o := r.new(t, r.options), r.options
		o.Average = 0
		without := r.new(t, o)
		key := model.KeyCheckpoint
		f, g := checkpointOf(t, with), checkpointOf(t, without)
		f.Metadata[key], g.Metadata[key] = g.Metadata[key], f.Metadata[key]
		for i, f := range []*weights.File{f, g} {
			if _, err := resume(f, r.data(), Options{}); err == nil {
				t.Errorf("%s, file %d: no error", r.name, i)
			}
		}
		f = checkpointOf(t, with)
		for i, tensor := range f.Tensors {
			if len(tensor.Name) > len(prefixAverage) && tensor.Name[:len(prefixAverage)] == prefixAverage {
				f.Tensors[i].Data = slices.Clone(tensor.Data)
				f.Tensors[i].Data[0] = float32(math.NaN())
				break
			}
		}
		if _, err := resume(f, r.data(), Options{}); err == nil {
			t.Errorf("%s: an average that is no number: no error", r.name)
		}
		var option *OptionError
		if _, err := Resume(save(t, with), r.data(), &Options{Average: 0.25}); !errors.As(err, &option) || option.Field != "Average" {
			t.Errorf("%s, resumed with another average: error %v", r.name, err)
		}
	}
}

// A step of a run with an average allocates nothing.
func TestAverageDoesNotAllocate(t *testing.T) {
	for _, r := range averagedRuns() {
		tr := r.new(t, r.options)
		order := tr.order(0)
		testkit.NoAllocs(t, func() {
			for k := range 4 {
				at := k % tr.steps() * tr.work.perStep
				if _, err := tr.step(order[at:min(at+tr.work.perStep, len(order))]); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// A run whose averages are worthless has diverged, though its weights are good.
func TestAverageDivergence(t *testing.T) {
	r := averagedRuns()[0]
	r.options.Best = false
	tr := r.new(t, r.options)
	err := tr.Run(context.Background(), &RunOptions{OnEpoch: func(s EpochStats) {
		if s.Epoch == s.Epochs-1 {
			for _, values := range tr.average.values {
				for i := range values {
					values[i] *= 1e4
				}
			}
		}
	}})
	if !errors.Is(err, ErrDiverged) || tr.progress.Epoch != r.options.Epochs-1 {
		t.Errorf("after %d epochs: error %v", tr.progress.Epoch, err)
	}
}

func BenchmarkAverage(b *testing.B) {
	const n = 1 << 20
	a := &average{decay: 0.9995, work: &work{threads: layers.NewThreads(1)}, values: [][]float32{make([]float32, n)}, weights: [][]float32{make([]float32, n)}, spare: [][]float32{make([]float32, updateChunk)}}
	a.update = a.updateRange
	testkit.Values(a.weights[0], 1, 1)
	b.SetBytes(8 * n)
	for b.Loop() {
		a.add(1000)
	}
}
