package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/kernels"
)

// small is a run of 3 epochs of 5 steps, the last of them of fewer documents.
func small() Options {
	return Options{
		Embedding: 6, Units: 10, Length: 12, BatchSize: 4, Epochs: 3, LearningRate: 0.02,
		Validation: 0.25, Seed: 11, Threads: 1,
	}
}

func smallDocs() []string { return testDocs(24, 16, 60) }

// fileBytes returns what a file consists of.
func fileBytes(t testing.TB, f io.WriterTo) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := f.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readAll(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What training computes for a batch is what a stream computes, bit for bit.
func TestForwardEqualsStream(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		tr := newTestTrainer(t, smallDocs(), small())
		p, d := tr.pass, tr.training
		p.load(d, 0, 4, false)
		p.forward()
		state := tr.model.Stack.NewState()
		scores := make([]float32, tr.model.Stack.Symbols())
		scratch := make([]float32, len(scores))
		for b := range 4 {
			state.Reset()
			row := d.Row(b)
			for s := range d.Length {
				state.Advance(int(row[s]))
				state.Logits(scores)
				want := kernels.LogSumExp(scores, scratch) - scores[row[s+1]]
				if got := p.loss[s*4+b]; !testkit.SameBits(got, want) {
					t.Fatalf("document %d, position %d: loss %v, a stream has %v", b, s, got, want)
				}
			}
		}
	})
}

func TestEvaluate(t *testing.T) {
	ctx := context.Background()
	for _, ignore := range []bool{false, true} {
		tr := newTestTrainer(t, testDocs(11, 16, 60), Options{Embedding: 6, Units: 10, Length: 12})
		sum, n := 0.0, int64(0)
		ref := newReference(tr.model.Stack)
		for i := range tr.training.Len() {
			words := int64(countedSteps(tr.training.Row(i)))
			if !ignore {
				words = 12
			}
			sum += ref.loss(rowsOf(tr.training, i, i+1), ignore) * float64(words)
			n += words
		}
		var first Evaluation
		for _, o := range []EvaluateOptions{{}, {BatchSize: 1}, {BatchSize: 4, Threads: 3}, {BatchSize: 100, Threads: 2}} {
			o.IgnorePadding = ignore
			e, err := Evaluate(ctx, tr.model, tr.training, &o)
			if err != nil {
				t.Fatal(err)
			}
			if first.Positions == 0 {
				first = e
				if e.Positions != n || math.Abs(e.Sum-sum) > 1e-6*sum {
					t.Errorf("ignore=%v: %+v, want %v over %d positions", ignore, e, sum, n)
				}
			}
			if e != first {
				t.Errorf("%+v gives %+v, want %+v", o, e, first)
			}
		}
	}
	tr := newTestTrainer(t, testDocs(11, 16, 60), Options{Embedding: 6, Units: 10, Length: 12})
	for _, o := range []EvaluateOptions{{BatchSize: -1}, {BatchSize: maxBatch + 1}, {Threads: -1}} {
		if _, err := Evaluate(ctx, tr.model, tr.training, &o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
	tr.training.ids[5] = int32(tr.model.Stack.Symbols())
	if _, err := Evaluate(ctx, tr.model, tr.training, nil); err == nil || !strings.Contains(err.Error(), "document 0") {
		t.Errorf("an id that the model lacks: error %v", err)
	}
}

// One batch, learned by heart.
func TestOverfit(t *testing.T) {
	for _, ignore := range []bool{false, true} {
		tr, err := New(testDocs(4, 14, 30), &Options{
			Embedding: 12, Units: 24, Length: 12, LearningRate: 0.02, Epochs: 400, IgnorePadding: ignore,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		h := tr.History()
		if first := h[0].Loss; math.Abs(first-math.Log(float64(tr.Tokenizer().Len()))) > 0.1 {
			t.Errorf("ignore=%v: the first loss is %v, want about ln %d", ignore, first, tr.Tokenizer().Len())
		}
		// Documents differ in their first word at best, which cannot be foretold
		// from nothing; but position 0 reads it, so all else can be.
		if last := h[len(h)-1].Loss; !(last < 0.01) {
			t.Errorf("ignore=%v: after %d steps the loss is %v, want almost 0", ignore, len(h), last)
		}
	}
}

// The hash of the last checkpoint of the small run. It is the same on every
// instruction set, architecture, number of threads and version of Go.
var smallHashes = map[string]string{
	"plain":          "c82ff1aafdf80534",
	"clipped":        "3842bb68010e47d4",
	"ignore padding": "c116195c2b41b5ca",
	"patience":       "5fd985c104e9afc7",
}

func smallVariants() map[string]Options {
	clipped, ignore, patience := small(), small(), small()
	clipped.ClipNorm = 0.05
	ignore.IgnorePadding = true
	patience.Patience = 2
	return map[string]Options{"plain": small(), "clipped": clipped, "ignore padding": ignore, "patience": patience}
}

func TestSameBytesEverywhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for name, o := range smallVariants() {
			for _, threads := range []int{1, 2, 3, 4} {
				o.Threads = threads
				tr, err := New(smallDocs(), &o)
				if err != nil {
					t.Fatal(err)
				}
				if err := tr.Run(context.Background(), &RunOptions{Checkpoint: path}); err != nil {
					t.Fatal(err)
				}
				sum := sha256.Sum256(readAll(t, path))
				if got := hex.EncodeToString(sum[:8]); got != smallHashes[name] {
					t.Errorf("%s, %d threads: hash %s, want %s", name, threads, got, smallHashes[name])
				}
			}
		}
	})
}

// A countdown is a context that ends when it has been asked n times.
type countdown struct {
	context.Context
	n int
}

func (c *countdown) Err() error {
	if c.n--; c.n < 0 {
		return context.Canceled
	}
	return nil
}

// A run that is interrupted wherever it can be, and resumed with another number
// of threads, ends in the bytes of one that was not.
func TestResume(t *testing.T) {
	for name, o := range smallVariants() {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			whole, path := filepath.Join(dir, "whole"), filepath.Join(dir, "checkpoint")
			tr, err := New(smallDocs(), &o)
			if err != nil {
				t.Fatal(err)
			}
			var epochs []EpochStats
			if err := tr.Run(context.Background(), &RunOptions{Checkpoint: whole, OnEpoch: func(s EpochStats) {
				s.Seconds, s.TokensPerSecond = 0, 0
				epochs = append(epochs, s)
			}}); err != nil {
				t.Fatal(err)
			}
			want, wantModel := readAll(t, whole), fileBytes(t, tr.Model())
			// 5 steps an epoch and 2 batches of validation: 7 places to stop at.
			for n := range 7 * len(epochs) {
				tr, err := New(smallDocs(), &o)
				if err != nil {
					t.Fatal(err)
				}
				err = tr.Run(&countdown{context.Background(), n}, &RunOptions{Checkpoint: path})
				if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), path) {
					t.Fatalf("stop %d: error %v, want one that names the checkpoint and wraps context.Canceled", n, err)
				}
				tr, err = Resume(path, smallDocs(), &Options{Threads: 1 + n%3})
				if err != nil {
					t.Fatalf("stop %d: %v", n, err)
				}
				var later []EpochStats
				if err := tr.Run(context.Background(), &RunOptions{Checkpoint: path, OnEpoch: func(s EpochStats) {
					s.Seconds, s.TokensPerSecond = 0, 0
					later = append(later, s)
				}}); err != nil {
					t.Fatalf("stop %d: %v", n, err)
				}
				if !bytes.Equal(readAll(t, path), want) {
					t.Errorf("stop %d: the checkpoint differs from that of an uninterrupted run", n)
				}
				if !bytes.Equal(fileBytes(t, tr.Model()), wantModel) {
					t.Errorf("stop %d: the model differs from that of an uninterrupted run", n)
				}
				if got, want := fmt.Sprint(later), fmt.Sprint(epochs[n/7:]); got != want {
					t.Errorf("stop %d: epochs %s, want %s", n, got, want)
				}
			}
		})
	}
}

// A run may be continued in the same process, with no file at all.
func TestRunAgain(t *testing.T) {
	o := small()
	a, err := New(smallDocs(), &o)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	b, err := New(smallDocs(), &o)
	if err != nil {
		t.Fatal(err)
	}
	stops := 0
	for !b.Done() {
		err := b.Run(&countdown{context.Background(), 2}, nil)
		if err != nil && (!errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "no checkpoint")) {
			t.Fatal(err)
		}
		stops++
	}
	if stops < 5 {
		t.Errorf("only %d calls of Run: the test interrupts nothing", stops)
	}
	if !bytes.Equal(fileBytes(t, a.Model()), fileBytes(t, b.Model())) {
		t.Error("interruptions change the result")
	}
	if err := b.Run(context.Background(), nil); err != nil {
		t.Errorf("Run of a finished run: %v", err)
	}
}

// Epochs may be raised: the result is that of a run that was meant to be so long.
func TestResumeWithMoreEpochs(t *testing.T) {
	dir := t.TempDir()
	short, long := filepath.Join(dir, "short"), filepath.Join(dir, "long")
	o := small()
	for _, r := range []struct {
		path   string
		epochs int
	}{{short, 1}, {long, 3}} {
		o.Epochs = r.epochs
		tr, err := New(smallDocs(), &o)
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.Run(context.Background(), &RunOptions{Checkpoint: r.path}); err != nil {
			t.Fatal(err)
		}
	}
	tr, err := Resume(short, smallDocs(), &Options{Epochs: 3})
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(context.Background(), &RunOptions{Checkpoint: short}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(readAll(t, short), readAll(t, long)) {
		t.Error("1 + 2 epochs differ from 3")
	}
}

func TestEarlyStopping(t *testing.T) {
	o := small()
	// Random words cannot be foretold, so the validation loss soon rises.
	o.Epochs, o.Patience, o.LearningRate = 60, 3, 0.05
	tr, err := New(smallDocs(), &o)
	if err != nil {
		t.Fatal(err)
	}
	snapshots := map[int][]byte{}
	var stats []EpochStats
	if err := tr.Run(context.Background(), &RunOptions{OnEpoch: func(s EpochStats) {
		stats = append(stats, s)
		snapshots[s.Epoch] = fileBytes(t, tr.Snapshot())
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
	if !bytes.Equal(fileBytes(t, tr.Model()), snapshots[best+1]) {
		t.Error("the model is not that of the best epoch")
	}
	if bytes.Equal(fileBytes(t, tr.Model()), fileBytes(t, tr.Snapshot())) {
		t.Error("the snapshot is not the last epoch's")
	}
}

func TestStats(t *testing.T) {
	o := small()
	o.Validation = 0
	tr, err := New(smallDocs(), &o)
	if err != nil {
		t.Fatal(err)
	}
	sum, n := 0.0, 0
	var steps []Stats
	if err := tr.Run(context.Background(), &RunOptions{
		OnStep: func(s Stats) { steps = append(steps, s) },
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

// The epoch's loss weighs batches by their positions: 20 documents are batches
// of 8, 8 and 4.
func TestEpochLossIsWeighted(t *testing.T) {
	o := small()
	o.BatchSize, o.Validation, o.Epochs = 8, 0, 1
	tr, err := New(testDocs(20, 16, 60), &o)
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
	free, err := New(smallDocs(), &o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := free.step(0, 4)
	if err != nil {
		t.Fatal(err)
	}
	o.ClipNorm = s.GradientNorm / 3
	clipped, err := New(smallDocs(), &o)
	if err != nil {
		t.Fatal(err)
	}
	if s2, err := clipped.step(0, 4); err != nil || s2.GradientNorm != s.GradientNorm {
		t.Fatalf("norm %v (%v), want %v", s2.GradientNorm, err, s.GradientNorm)
	}
	want, got := parameters(free.optimiser.m), parameters(clipped.optimiser.m)
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
	tr, err := New(smallDocs(), &o)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(context.Background(), &RunOptions{Checkpoint: path}); err != nil {
		t.Fatal(err)
	}
	before := readAll(t, path)
	tr, err = Resume(path, smallDocs(), &Options{Epochs: 5})
	if err != nil {
		t.Fatal(err)
	}
	for i := range tr.model.Stack.Head.Bias {
		tr.model.Stack.Head.Bias[i] = float32(math.Inf(1))
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
	tr.pass.load(tr.training, 0, 4, false)
	tr.pass.forward()
	tr.pass.back.run()
	tr.pass.back.grad.Head.Bias[0] = 1e30
	weights := fileBytes(t, tr.Snapshot())
	if _, err := tr.optimiser.apply(); !errors.Is(err, errGradient) {
		t.Errorf("apply: %v, want errGradient", err)
	}
	if !bytes.Equal(fileBytes(t, tr.Snapshot()), weights) || tr.optimiser.power1 != 1 {
		t.Error("a step was made")
	}
}

// What Run leaves is a model file that the rest of the library reads.
func TestSaveModel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model")
	o := small()
	o.Epochs = 1
	tr, err := New(smallDocs(), &o)
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
	e, err := Evaluate(context.Background(), m, tr.Validation(), nil)
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
	o := small()
	tr := newTestTrainer(t, smallDocs(), o)
	testkit.NoAllocs(t, func() {
		for i := range 50 {
			lo, hi := tr.training.Batch(i%5, 4)
			if _, err := tr.step(lo, hi); err != nil {
				t.Fatal(err)
			}
		}
	})
}
