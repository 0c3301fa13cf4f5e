package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// An epoch whose steps are made and whose validation was interrupted is a state like
// any other.
func TestResumeBeforeValidation(t *testing.T) {
	o := smallVariants()["patience"]
	whole, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	if err := whole.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{5, 13} { // an epoch asks 5 times before a step, and twice in its validation
		tr, err := o.new(smallDocs())
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "checkpoint")
		if err := tr.Run(&countdown{context.Background(), n}, &RunOptions{Checkpoint: path}); !errors.Is(err, context.Canceled) || tr.progress.Batch != tr.steps() {
			t.Fatalf("error %v, progress %+v: want an epoch without its validation", err, tr.progress)
		}
		if tr, err = Resume(path, smallText(), nil); err != nil {
			t.Fatal(err)
		}
		if err := tr.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(fileBytes(t, checkpointOf(t, tr)), fileBytes(t, checkpointOf(t, whole))) {
			t.Errorf("interrupted after %d checks: another run", n)
		}
	}
}

// What is not finite is not saved: Resume would refuse it, and what was there is good.
func TestCheckpointIsFinite(t *testing.T) {
	tr := midway(t)
	path := save(t, tr)
	before := readAll(t, path)
	for name, spoil := range map[string]*float32{
		"weights": &textOf(tr).model.Stack.Head.Bias[0],
		"moments": &tr.optimizer.state[0][0][0],
	} {
		was := *spoil
		*spoil = float32(math.Inf(1))
		err := tr.Run(&countdown{context.Background(), 0}, &RunOptions{Checkpoint: path})
		if !errors.Is(err, ErrDiverged) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v", name, err)
		}
		*spoil = was
	}
	was := tr.progress.LossSum
	tr.progress.LossSum = math.NaN()
	if err := tr.SaveCheckpoint(path); err == nil || !strings.Contains(err.Error(), "not finite") {
		t.Errorf("error %v", err)
	}
	tr.progress.LossSum = was
	if !bytes.Equal(readAll(t, path), before) {
		t.Error("the checkpoint has changed")
	}
	if err := tr.SaveCheckpoint(path); err != nil || !bytes.Equal(readAll(t, path), before) {
		t.Errorf("the run itself has changed (%v)", err)
	}
}

// The powers of a run of any length are known at once.
func TestPowerOf(t *testing.T) {
	for _, beta := range []float32{beta1, beta2} {
		power := 1.0
		for n := range 2_000_000 {
			if n%99_991 == 0 || n < 100 {
				if got := powerOf(float64(beta), n); got != power {
					t.Fatalf("%v to the power of %d: %v, want %v", beta, n, got, power)
				}
			}
			power = float64(power * float64(beta))
		}
		if got := powerOf(float64(beta), math.MaxInt); got != power {
			t.Errorf("%v: %v in the end, want %v", beta, got, power)
		}
	}
}
