package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A learning rate that is out of all reason leaves finite weights. That the model is
// worthless is an error all the same, for runs of one step and of many.
func TestDivergenceWhileFinite(t *testing.T) {
	for _, rate := range []float64{100, 1e6} {
		for _, o := range []textRun{
			{Options: Options{BatchSize: 4, Epochs: 1}},
			{Options: Options{BatchSize: 24, Epochs: 1}}, // one step, whose loss was measured before it
			{Options: Options{BatchSize: 1, Epochs: 9}},  // more than 100 steps
			{Text{CountPadding: true, CutLong: true}, Options{BatchSize: 4, Epochs: 1}},
			{Options: Options{BatchSize: 4, Epochs: 2, ClipNorm: 0.1}},
			{Options: Options{BatchSize: 4, Epochs: 3, Validation: 0.25, Patience: 2}},
		} {
			o.Embedding, o.Layers, o.Length, o.LearningRate = 6, oneLSTM(10), 12, rate
			tr, err := o.new(smallDocs())
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "checkpoint")
			err = tr.Run(context.Background(), &RunOptions{Checkpoint: path})
			if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "a uniform guess has 4.") || !strings.Contains(err.Error(), "lower LearningRate") {
				t.Errorf("%+v: error %v", o, err)
				continue
			}
			wantOnePrefix(t, err)
			if again := tr.Run(context.Background(), nil); again == nil || again.Error() != err.Error() {
				t.Errorf("%+v: Run once more gives %v, want %v", o, again, err)
			}
			if tr.Done() {
				t.Errorf("%+v: the run is done", o)
			}
			if len(tr.History()) == 0 {
				if _, err := os.Stat(path); err == nil {
					t.Errorf("%+v: there is a checkpoint", o)
				}
			}
		}
	}
	o := smallImageOptions()
	o.LearningRate, o.Epochs = 10, 1
	if err := newImageTrainer(t, smallImages(24, 1), o).Run(context.Background(), nil); !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "a uniform guess has 1.3863") {
		t.Errorf("images: error %v", err)
	}
}

// The epochs before are not lost, and the error is the same wherever the run has been
// resumed.
func TestDivergenceKeepsTheCheckpoint(t *testing.T) {
	o := small()
	o.BatchSize, o.Epochs = 1, 9 // 18 steps each
	path := filepath.Join(t.TempDir(), "checkpoint")
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	var good []byte
	err = tr.Run(context.Background(), &RunOptions{Checkpoint: path, OnEpoch: func(e EpochStats) {
		if e.Epoch == 7 { // no option can be changed midway, but this is the test
			good = readAll(t, path)
			tr.options.LearningRate = 1e5
		}
	}})
	if !errors.Is(err, ErrDiverged) || !strings.HasPrefix(err.Error(), "train: epoch 8: ") {
		t.Fatalf("error %v", err)
	}
	if !bytes.Equal(readAll(t, path), good) || len(tr.History()) != 7 {
		t.Errorf("%d epochs; or the checkpoint is not that of the seventh", len(tr.History()))
	}
	done, err := Resume(path, smallText(), &Options{Epochs: 7})
	if err != nil {
		t.Fatal(err)
	}
	if err := done.Run(context.Background(), nil); err != nil || !done.Done() {
		t.Errorf("the run up to the last good epoch: %v", err)
	}
}

func TestDivergenceAfterResume(t *testing.T) {
	o := small()
	o.Epochs, o.LearningRate = 1, 1e4
	path := filepath.Join(t.TempDir(), "checkpoint")
	want := ""
	for n := range 8 { // 5 steps, 2 batches of validation
		tr, err := o.new(smallDocs())
		if err != nil {
			t.Fatal(err)
		}
		err = tr.Run(&countdown{context.Background(), n}, &RunOptions{Checkpoint: path})
		if n == 7 {
			want = "" // not interrupted any more
		} else if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		} else if tr, err = Resume(path, smallText(), nil); err != nil {
			t.Fatal(err)
		} else {
			err = tr.Run(context.Background(), nil)
		}
		if !errors.Is(err, ErrDiverged) || want != "" && err.Error() != want {
			t.Errorf("stop %d: error %v, want %s", n, err, want)
		}
		want = fmt.Sprint(err)
	}

	// A checkpoint from before a run was long enough to be checked, and its weights as a
	// result.
	o.Epochs = 3
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(&countdown{context.Background(), 8}, &RunOptions{Checkpoint: path}); !errors.Is(err, context.Canceled) || len(tr.History()) != 1 {
		t.Fatal(err)
	}
	if tr, err = Resume(path, smallText(), &Options{Epochs: 2}); err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(context.Background(), nil); !errors.Is(err, ErrDiverged) {
		t.Errorf("two epochs: error %v", err)
	}
	tr.progress.Batch, tr.progress.LossSum, tr.progress.Positions, tr.progress.WordLossSum, tr.progress.Words = 0, 0, 0, 0, 0
	tr.options.Epochs = 1
	if err := tr.Run(context.Background(), nil); !errors.Is(err, ErrDiverged) || !tr.Done() {
		t.Errorf("a run that is done: error %v", err)
	}
}

// Runs that go well in the end, or that have learned too much by heart.
func TestNoDivergence(t *testing.T) {
	short := []string{"add the salt", "stir the soup", "serve it hot"}
	for name, c := range map[string]struct {
		docs []string
		o    textRun
	}{
		"usual":                {smallDocs(), textRun{Options: Options{LearningRate: 0.02, Epochs: 3}}},
		"a high rate":          {smallDocs(), textRun{Options: Options{LearningRate: 0.3, Epochs: 30}}},
		"one step an epoch":    {short, textRun{Text{Layers: oneLSTM(64)}, Options{LearningRate: 0.3, Epochs: 30}}},
		"a wild beginning":     {short, textRun{Text{Layers: oneLSTM(64)}, Options{LearningRate: 1, Epochs: 40}}},
		"one word":             {[]string{"a", "a"}, textRun{Options: Options{LearningRate: 0.1, Epochs: 20}}},
		"the reference's ways": {smallDocs(), textRun{Text{CountPadding: true, CutLong: true}, Options{LearningRate: 0.1, Epochs: 4}}},
		"random validation":    {testDocs(24, 16, 5000), textRun{Text{Layers: oneLSTM(32)}, Options{LearningRate: 0.05, Epochs: 60, Validation: 0.25}}},
		"patience":             {testDocs(24, 16, 5000), textRun{Options: Options{LearningRate: 0.3, Epochs: 60, Validation: 0.25, Patience: 3}}},
	} {
		c.o.Embedding, c.o.Length, c.o.BatchSize, c.o.Seed = 6, 12, 8, 3
		if c.o.Layers == nil {
			c.o.Layers = oneLSTM(10)
		}
		tr, err := c.o.new(c.docs)
		if err != nil {
			t.Fatal(err)
		}
		limit := tr.limit()
		worst := 0.0
		if err := tr.Run(context.Background(), &RunOptions{OnEpoch: func(e EpochStats) { worst = max(worst, e.Loss, e.ValLoss) }}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		t.Logf("%s: the highest loss of an epoch is %.2f, the limit %.2f", name, worst, limit)
		if (name == "a wild beginning" || name == "random validation") && worst <= limit {
			t.Errorf("%s: the highest loss is %.2f: the test tests nothing", name, worst)
		}
	}
}
