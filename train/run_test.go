package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
)

func TestEarlyStopping(t *testing.T) {
	o := small()
	// Random words cannot be foretold, so the validation loss soon rises.
	o.Epochs, o.Patience, o.LearningRate = 60, 3, 0.05
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
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
	if n := len(stats); n == 60 || n != best+1+3 || !tr.Done() {
		t.Errorf("%d epochs, the best is %d: want 3 more than that", n, best+1)
	}
	if !bytes.Equal(weightBytes(t, tr.Model()), snapshots[best+1]) {
		t.Error("the model is not that of the best epoch")
	}
	if bytes.Equal(weightBytes(t, tr.Model()), weightBytes(t, tr.Snapshot())) {
		t.Error("the snapshot is not the last epoch's")
	}
}

func TestStats(t *testing.T) {
	o := small()
	o.Options.Validation = 0
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	if n := tr.StepsLeft(); n != 18 {
		t.Errorf("%d steps left, want 3 epochs of 6", n)
	}
	sum, n := 0.0, 0
	var steps []Stats
	if err := tr.Run(context.Background(), &RunOptions{
		OnStep: func(s Stats) {
			steps = append(steps, s)
			if left := tr.StepsLeft(); left != int64(18-len(steps)) {
				t.Errorf("%d steps left after %d", left, len(steps))
			}
		},
		OnEpoch: func(e EpochStats) {
			s := steps[len(steps)-1]
			if e.Epoch != s.Epoch || e.Steps != len(steps) || e.Loss != s.Loss || e.Perplexity != Perplexity(e.Loss) || e.ValLoss != 0 || e.Best {
				t.Errorf("epoch %+v after step %+v", e, s)
			}
			if !(e.Seconds > 0 && e.TokensPerSecond > 0) {
				t.Errorf("epoch %+v took no time", e)
			}
		},
	}); err != nil {
		t.Fatal(err)
	}
	if len(steps) != 18 {
		t.Fatalf("%d steps, want 3 epochs of 6", len(steps))
	}
	for i, s := range steps {
		if s.Epoch != i/6+1 || s.Epochs != 3 || s.Step != i%6+1 || s.Steps != 6 || s.Positions != int64(i+1)*4*12 {
			t.Errorf("step %d: %+v", i, s)
		}
		if i%6 == 0 {
			sum, n = 0, 0
		}
		sum, n = sum+s.BatchLoss, n+1
		if math.Abs(s.Loss-sum/float64(n)) > 1e-12 || !(s.GradientNorm > 0) {
			t.Errorf("step %d: %+v, want the mean loss %v", i, s, sum/float64(n))
		}
		if (s.Remaining == 0) != (i == 17) || s.Elapsed <= 0 || !(s.TokensPerSecond() > 0) {
			t.Errorf("step %d: %+v: time", i, s)
		}
	}
}

// The length of the gradient is that of the gradient proper: the padding of the
// panels, which is summed too, adds nothing.
func TestGradientNorm(t *testing.T) {
	for _, o := range smallVariants() {
		o.ClipNorm = 0
		if len(o.Layers) == 1 {
			o.Layers = oneLSTM(11) // no multiple of a panel
		}
		tr := newTestTrainer(t, smallDocs(), o)
		for range 3 {
			s, err := tr.step([]int{0})
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

// The epoch's loss weighs batches by their positions: 20 documents are batches
// of 8, 8 and 4.
func TestEpochLossIsWeighted(t *testing.T) {
	o := small()
	o.BatchSize, o.Options.Validation, o.Epochs = 8, 0, 1
	tr, err := o.new(testDocs(20, 16, 60))
	if err != nil {
		t.Fatal(err)
	}
	sum, last := 0.0, int64(0)
	if err := tr.Run(context.Background(), &RunOptions{OnStep: func(s Stats) {
		sum += s.BatchLoss * float64(s.Positions-last)
		last = s.Positions
	}}); err != nil {
		t.Fatal(err)
	}
	if got, want := tr.History()[0].Loss, sum/(20*12); last != 20*12 || math.Abs(got-want) > 1e-12 {
		t.Errorf("loss %v over %d positions, want %v", got, last, want)
	}
}

// Clipping scales the gradient: with Adam's first step that changes nothing but
// the weight of ε, so the moments are looked at.
func TestClipNorm(t *testing.T) {
	o := small()
	free, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	s, err := free.step([]int{0})
	if err != nil {
		t.Fatal(err)
	}
	o.ClipNorm = s.GradientNorm / 3
	clipped, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	if s2, err := clipped.step([]int{0}); err != nil || s2.GradientNorm != s.GradientNorm {
		t.Fatalf("norm %v (%v), want %v", s2.GradientNorm, err, s.GradientNorm)
	}
	want, got := free.optimizer.state[0], clipped.optimizer.state[0]
	for k := range want {
		for i, w := range want[k] {
			if g := got[k][i]; math.Abs(float64(g-w/3)) > 1e-6*math.Abs(float64(w)) {
				t.Fatalf("m[%d][%d] = %v, want %v", k, i, g, w/3)
			}
		}
	}
}

func TestDivergence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	o := small()
	o.Epochs = 1
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(context.Background(), &RunOptions{Checkpoint: path}); err != nil {
		t.Fatal(err)
	}
	before := readAll(t, path)
	tr, err = Resume(path, smallText(), &Options{Epochs: 5})
	if err != nil {
		t.Fatal(err)
	}
	bias := textOf(tr).model.Stack.Head.Bias
	for i := range bias {
		bias[i] = float32(math.Inf(1))
	}
	err = tr.Run(context.Background(), &RunOptions{Checkpoint: path})
	if err == nil || !strings.Contains(err.Error(), "epoch 2, step 1 of 5") || !strings.Contains(err.Error(), "LearningRate") {
		t.Errorf("error %v, want one that says where and what to do", err)
	}
	if !bytes.Equal(readAll(t, path), before) {
		t.Error("the checkpoint has changed")
	}
	if tr.progress.Batch != 0 || tr.progress.Steps != 5 {
		t.Errorf("progress %+v: a step was counted that was not made", tr.progress)
	}

	// A gradient that overflows although the loss does not.
	tr = newTestTrainer(t, smallDocs(), small())
	task := textOf(tr)
	task.pass.load(task.Training(), 0, 4, true)
	task.pass.learn(0)
	task.pass.grad.Head.Bias[0] = 1e30
	weights := fileBytes(t, tr.Snapshot())
	if _, err := tr.optimizer.apply(0.02, 0); !errors.Is(err, errGradient) {
		t.Errorf("apply: %v, want errGradient", err)
	}
	if !bytes.Equal(fileBytes(t, tr.Snapshot()), weights) || !slices.Equal(tr.optimizer.powers, []float64{1, 1}) {
		t.Error("a step was made")
	}
}

// What Run leaves is a model file that the rest of the library reads.
func TestSaveModel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model")
	o := small()
	o.Epochs = 1
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if err := tr.SaveModel(path); err != nil {
		t.Fatal(err)
	}
	f, err := weights.Read(bytes.NewReader(readAll(t, path)), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.FromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	e, err := evaluateStack(context.Background(), m.Stack, textOf(tr).Validation(), &EvaluateOptions{CountPadding: true})
	if err != nil {
		t.Fatal(err)
	}
	if want := tr.History()[0].ValLoss; e.Loss() != want {
		t.Errorf("the file's model has validation loss %v, want %v", e.Loss(), want)
	}
	if err := tr.SaveModel(filepath.Join(path, "no", "such")); err == nil || !strings.Contains(err.Error(), "not saved") {
		t.Errorf("saving nowhere: %v", err)
	}
}

func TestStepDoesNotAllocate(t *testing.T) {
	for name, o := range smallVariants() {
		tr := newTestTrainer(t, smallDocs(), o)
		order := Order(tr.steps(), 1, 0)
		t.Run(name, func(t *testing.T) {
			testkit.NoAllocs(t, func() {
				for i := range 20 {
					if _, err := tr.step(order[i%len(order) : i%len(order)+1]); err != nil {
						t.Fatal(err)
					}
				}
			})
		})
	}
}

// A document without a word, set aside, is padding alone.
func TestValidationWithoutWords(t *testing.T) {
	docs := smallDocs()
	o := small()
	o.CountPadding, o.Options.Validation, o.Epochs = true, 1.0/24, 1
	docs[23] = ""
	tr, err := o.new(docs)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "checkpoint")
	if err := tr.Run(context.Background(), &RunOptions{Checkpoint: path}); err != nil {
		t.Fatal(err)
	}
	if e := tr.History()[0]; e.ValLoss <= 0 || e.ValWordLoss != 0 || e.WordLoss <= 0 {
		t.Errorf("%+v: want a loss over padding, and none over words", e)
	}
	if _, err := Resume(path, &Text{Documents: docs}, nil); err != nil {
		t.Error(err)
	}
}
