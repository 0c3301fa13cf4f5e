package train

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/atomicfile"
)

// newSmall begins a small run with a seed of its own.
func newSmall(t *testing.T, seed uint64) *Trainer {
	t.Helper()
	o := small()
	o.Seed = seed
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// Of two runs with one checkpoint the second is refused before its first step.
func TestTwoRunsAtOnce(t *testing.T) {
	switch runtime.GOOS {
	case "solaris", "js", "wasip1", "plan9", "aix":
		t.Skip("no locks here: see TestCheckpointReplaced")
	}
	path := filepath.Join(t.TempDir(), "checkpoint")
	one, tried := newSmall(t, 1), 0
	if err := one.Run(context.Background(), &RunOptions{Checkpoint: path, OnStep: func(s Stats) {
		if s.Step != 2 {
			return
		}
		tried++
		two := newSmall(t, 2)
		err := two.Run(context.Background(), &RunOptions{Checkpoint: path})
		if !errors.Is(err, atomicfile.ErrInUse) || !strings.Contains(err.Error(), path) || two.progress.Steps != 0 {
			t.Errorf("another run: %v, after %d steps", err, two.progress.Steps)
		}
		wantOnePrefix(t, err)
	}}); err != nil || tried != 3 {
		t.Fatalf("%v, %d tries", err, tried)
	}
	if err := newSmall(t, 2).Run(context.Background(), &RunOptions{Checkpoint: path}); err != nil {
		t.Errorf("after the first run: %v", err)
	}
	if list, err := os.ReadDir(filepath.Dir(path)); err != nil || len(list) != 1 {
		t.Errorf("files %v, %v; want the checkpoint alone", list, err)
	}
}

// A checkpoint that another program has replaced is left alone, where there are locks and
// where there are none, and the run is saved elsewhere.
func TestCheckpointReplaced(t *testing.T) {
	whole := newSmall(t, 1)
	if err := whole.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	other := newSmall(t, 2)
	for _, interrupt := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "checkpoint")
		tr := newSmall(t, 1)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		err := tr.Run(ctx, &RunOptions{Checkpoint: path, OnStep: func(s Stats) {
			if s.Epoch == 2 && s.Step == 3 {
				if err := other.SaveCheckpoint(path); err != nil {
					t.Fatal(err)
				}
				if interrupt {
					cancel()
				}
			}
		}})
		var replaced *ReplacedError
		if !errors.As(err, &replaced) || replaced.Checkpoint != path || replaced.Saved != path+".1" ||
			!strings.Contains(err.Error(), path+" ") || !strings.Contains(err.Error(), "saved in "+path+".1") || errors.Is(err, context.Canceled) != interrupt {
			t.Fatalf("error %v", err)
		}
		wantOnePrefix(t, err)
		if !bytes.Equal(readAll(t, path), fileBytes(t, checkpointOf(t, other))) {
			t.Error("the other run's checkpoint has changed")
		}
		if again := tr.Run(context.Background(), &RunOptions{Checkpoint: path}); !errors.As(again, &replaced) || replaced.Saved != "" {
			t.Errorf("once more: %v", again)
		}
		again, err := Resume(path+".1", smallText(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Run(context.Background(), &RunOptions{Checkpoint: path + ".1"}); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(readAll(t, path+".1"), fileBytes(t, checkpointOf(t, whole))) {
			t.Error("the run that was saved elsewhere has become another")
		}
	}
}

// A run may do with its own checkpoint what it likes, and notices what happens to it
// between Resume and Run.
func TestCheckpointOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	tr := newSmall(t, 1)
	if err := tr.Run(context.Background(), &RunOptions{Checkpoint: path, OnStep: func(s Stats) {
		switch s.Step {
		case 2:
			if err := tr.SaveCheckpoint(path); err != nil {
				t.Error(err)
			}
		case 4:
			if s.Epoch == 2 {
				if err := os.Remove(path); err != nil {
					t.Error(err)
				}
			}
		}
	}}); err != nil {
		t.Fatal(err)
	}

	tr, err := Resume(path, smallText(), &Options{Epochs: 5})
	if err != nil {
		t.Fatal(err)
	}
	if err := newSmall(t, 2).SaveCheckpoint(path); err != nil {
		t.Fatal(err)
	}
	var replaced *ReplacedError
	err = tr.Run(context.Background(), &RunOptions{Checkpoint: path})
	if !errors.As(err, &replaced) || tr.progress.Epoch != 3 {
		t.Errorf("error %v after epoch %d", err, tr.progress.Epoch)
	}
	wantOnePrefix(t, err)
	// Under another name it goes on, and the file that it replaces there is its own
	// business.
	if err := tr.Run(context.Background(), &RunOptions{Checkpoint: save(t, newSmall(t, 3))}); err != nil || tr.progress.Epoch != 5 {
		t.Errorf("error %v after epoch %d", err, tr.progress.Epoch)
	}
}
