package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// A textRun is a Text and its Options: a test sets the fields of both.
type textRun struct {
	Text
	Options
}

// new begins the run with documents. It may be called again.
func (r textRun) new(docs []string) (*Trainer, error) {
	r.Text.Documents = docs
	return New(&r.Text, &r.Options)
}

// resume continues the run that a checkpoint holds.
func (r textRun) resume(path string, docs []string) (*Trainer, error) {
	r.Text.Documents = docs
	return Resume(path, &r.Text, &r.Options)
}

// textOf returns the task of a run.
func textOf(tr *Trainer) *Text { return tr.task.(*Text) }

// small is a run of 3 epochs of 5 steps, the last of them of fewer documents.
func small() textRun {
	return textRun{
		Text{Embedding: 6, Layers: oneLSTM(10), Length: 12, CountPadding: true, CutLong: true},
		Options{BatchSize: 4, Epochs: 3, LearningRate: 0.02, Validation: 0.25, Seed: 11, Threads: 1},
	}
}

func smallDocs() []string { return testDocs(24, 16, 60) }

func smallText() *Text { return &Text{Documents: smallDocs()} }

// fileBytes returns what a file consists of.
func fileBytes(t testing.TB, f io.WriterTo) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := f.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// checksumOf returns the first digits of the checksum in the file at path.
func checksumOf(t testing.TB, path string) string {
	t.Helper()
	f, err := readFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(f.Metadata[weights.KeyChecksum], "sha256:")[:16]
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
		p, d, net := textOf(tr).pass, textOf(tr).Training(), textOf(tr).model.Stack
		p.load(d, 0, 4, true)
		state := net.NewState()
		logits := make([]float32, net.Symbols())
		scratch := make([]float32, len(logits))
		for name, run := range map[string]func(){"learn": func() { p.learn(0) }, "score": p.score} {
			run()
			for b := range 4 {
				state.Reset()
				row := make([]int32, d.Length+1)
				copy(row, d.Row(b))
				for s := range d.Length {
					state.Advance(int(row[s]))
					state.Logits(logits)
					want := kernels.LogSumExp(logits, scratch) - logits[row[s+1]]
					if got := p.head.loss[s*4+b]; !testkit.SameBits(got, want) {
						t.Fatalf("%s: document %d, position %d: loss %v, a stream has %v", name, b, s, got, want)
					}
				}
			}
		}
	})
}

func TestEvaluate(t *testing.T) {
	ctx := context.Background()
	for _, ignore := range []bool{false, true} {
		tr := newTestTrainer(t, testDocs(11, 16, 60), textRun{Text: Text{Embedding: 6, Layers: oneLSTM(10), Length: 12, CutLong: true}})
		sum, n := 0.0, int64(0)
		task := textOf(tr)
		ref := newReference(task.model.Stack)
		for i := range task.Training().Len() {
			words := int64(task.Training().Steps(i))
			if !ignore {
				words = 12
			}
			sum += ref.loss(rowsOf(task.Training(), i, i+1), ignore) * float64(words)
			n += words
		}
		var first Evaluation
		for _, o := range []EvaluateOptions{{}, {BatchSize: 1}, {BatchSize: 4, Threads: 3}, {BatchSize: 100, Threads: 2}} {
			o.CountPadding = !ignore
			e, err := task.Evaluate(ctx, task.Training(), &o)
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
	tr := newTestTrainer(t, testDocs(11, 16, 60), textRun{Text: Text{Embedding: 6, Layers: oneLSTM(10), Length: 12, CutLong: true}})
	task := textOf(tr)
	for _, o := range []EvaluateOptions{{BatchSize: -1}, {BatchSize: maxBatch + 1}, {Threads: -1}} {
		if _, err := task.Evaluate(ctx, task.Training(), &o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
	task.Training().ids[5] = int32(task.model.Stack.Symbols())
	if _, err := task.Evaluate(ctx, task.Training(), nil); err == nil || !strings.Contains(err.Error(), "encode it with") {
		t.Errorf("an id that the model lacks: error %v", err)
	}
}

// One batch, learned by heart.
func TestOverfit(t *testing.T) {
	for _, ignore := range []bool{false, true} {
		tr, err := textRun{
			Text{Embedding: 12, Layers: oneLSTM(24), Length: 12, CountPadding: !ignore, CutLong: true},
			Options{LearningRate: 0.02, Epochs: 400},
		}.new(testDocs(4, 14, 30))
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		h := tr.History()
		if first := h[0].Loss; math.Abs(first-math.Log(float64(textOf(tr).Tokenizer().Len()))) > 0.1 {
			t.Errorf("ignore=%v: the first loss is %v, want about ln %d", ignore, first, textOf(tr).Tokenizer().Len())
		}
		// Documents differ in their first word at best, which cannot be foretold
		// from nothing; but position 0 reads it, so all else can be.
		if last := h[len(h)-1].Loss; !(last < 0.01) {
			t.Errorf("ignore=%v: after %d steps the loss is %v, want almost 0", ignore, len(h), last)
		}
	}
}

// The checksum of the last checkpoint of the small run, in the form of older versions:
// its first 16 digits. It is the same on every instruction set, architecture, number of
// threads and version of Go.
var smallHashes = map[string]string{
	"plain":          "c82ff1aafdf80534",
	"clipped":        "3842bb68010e47d4",
	"ignore padding": "c116195c2b41b5ca",
	"patience":       "5fd985c104e9afc7",
	"windows":        "3a91073812ef79c8",
	"two layers":     "3b822f0c7a58bb2a",
	"three layers":   "97a54f6373fca0af",
	"mixed":          "5d0fc729bc2f58ce",
	"tied":           "b5f153e3fe2bf9df",
	"sgd":            "5de55d6c3338b3f1",
	"stream":         "4aa934126dc266a0",
	"cosine":         "ed9144aa883a9b14",
	"plateau":        "9ff2f5ad6d4583dd",
	"average":        "daeab4a02e21da1a",
}

func smallVariants() map[string]textRun {
	clipped, ignore, patience, windows := small(), small(), small(), small()
	clipped.ClipNorm = 0.05
	ignore.CountPadding = false
	patience.Patience = 2
	windows.CountPadding, windows.CutLong = false, false
	two, three, mixed, tied, sgd := small(), windows, windows, small(), small()
	two.Layers = stackOf(&layers.LSTMSpec{Units: 10}, &layers.LSTMSpec{Units: 7})
	three.Layers = stackOf(&layers.LSTMSpec{Units: 5}, &layers.LSTMSpec{Units: 17}, &layers.LSTMSpec{Units: 5})
	mixed.Layers = stackOf(&layers.GRUSpec{Units: 9, Reset: "before"}, &layers.RNNSpec{Units: 18}, &layers.LSTMSpec{Units: 6, RecurrentActivation: "hard_sigmoid_keras3"}, &layers.GRUSpec{Units: 7})
	mixed.Dropout = Dropout{Embedding: 0.1, Layers: 0.3, Output: 0.2}
	mixed.Schedule = Schedule{Kind: StepDecay, Decay: 0.5, From: 1}
	mixed.Patience, mixed.ClipNorm = 2, 0.3
	tied.Layers, tied.Tied = stackOf(&layers.GRUSpec{Units: 8}, &layers.LSTMSpec{Units: 6}), true
	sgd.Optimizer, sgd.LearningRate, sgd.Schedule = SGD{}, 0.5, Schedule{Kind: StepDecay, Decay: 0.9}
	cosine, plateau := two, mixed
	cosine.Optimizer, cosine.LearningRate, cosine.ClipNorm = Momentum{Nesterov: true}, 0.5, 0.2
	cosine.Schedule, cosine.Best = Schedule{Kind: CosineDecay, Floor: 0.1, Warmup: 8}, true
	plateau.Optimizer, plateau.LearningRate, plateau.Patience, plateau.Best = AdamW{Decay: 0.1}, 0.3, 0, true
	plateau.Schedule, plateau.Epochs = Schedule{Kind: PlateauDecay, Decay: 0.3, Warmup: 3}, 5
	averaged := tied
	averaged.Average, averaged.Best = 0.5, true
	stream := textRun{
		Text{Embedding: 6, Layers: mixed.Layers, Length: 7, Stream: true, InitialRange: 0.3, Dropout: mixed.Dropout},
		Options{BatchSize: 5, Epochs: 3, LearningRate: 0.02, Validation: 0.25, Patience: 2, Seed: 11, Threads: 1},
	}
	return map[string]textRun{
		"stream": stream,
		"plain":  small(), "clipped": clipped, "ignore padding": ignore, "patience": patience, "windows": windows,
		"two layers": two, "three layers": three, "mixed": mixed, "tied": tied, "sgd": sgd,
		"cosine": cosine, "plateau": plateau, "average": averaged,
	}
}

func stackOf(specs ...layers.Spec) []layers.Spec { return specs }

func TestSameBytesEverywhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	several := []int{1, 2, 3, 4}
	if testing.Short() {
		several = []int{1, 3}
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for name, o := range smallVariants() {
			for _, threads := range several {
				o.Threads = threads
				tr, err := o.new(smallDocs())
				if err != nil {
					t.Fatal(err)
				}
				if err := tr.Run(context.Background(), &RunOptions{Checkpoint: path}); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, olderForm(t, readAll(t, path)), 0o600); err != nil {
					t.Fatal(err)
				}
				if got := checksumOf(t, path); got != smallHashes[name] {
					t.Errorf("%s, %d threads: hash %s, want %s", name, threads, got, smallHashes[name])
				}
			}
		}
	})
}

// olderForm returns a checkpoint as it was written before the losses over words were
// in it.
func olderForm(t testing.TB, file []byte) []byte {
	t.Helper()
	f, err := weights.Read(bytes.NewReader(file), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	added := regexp.MustCompile(`,"(word_loss|val_word_loss|word_loss_sum|words)":[^,}]*`)
	f.Metadata[model.KeyCheckpoint] = added.ReplaceAllString(f.Metadata[model.KeyCheckpoint], "")
	return fileBytes(t, f)
}

// A checkpoint of an older version, from before the first step to the last, is read
// and goes on to the same weights. What it lacks of an epoch is not known, which is no
// reason to say anything else.
func TestResumeOlderCheckpoint(t *testing.T) {
	for _, name := range []string{"plain", "ignore padding", "patience"} {
		o := smallVariants()[name]
		whole, err := o.new(smallDocs())
		if err != nil {
			t.Fatal(err)
		}
		if err := whole.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		for n := 0; n < 7*3; n += 3 {
			tr, err := o.new(smallDocs())
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "checkpoint")
			if err := tr.Run(&countdown{context.Background(), n}, &RunOptions{Checkpoint: path}); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			old := olderForm(t, readAll(t, path))
			if strings.Contains(string(old), "word_loss") || strings.Contains(string(old), "windows") {
				t.Fatal("this is no older form")
			}
			if err := os.WriteFile(path, old, 0o644); err != nil {
				t.Fatal(err)
			}
			if tr, err = Resume(path, smallText(), nil); err != nil {
				t.Fatalf("%s, stop %d: %v", name, n, err)
			}
			if !bytes.Equal(readAll(t, save(t, tr)), old) {
				t.Errorf("%s, stop %d: the checkpoint changes when it is read and written", name, n)
			}
			began, epoch := tr.progress.Batch > 0, tr.progress.Epoch
			if err := tr.Run(context.Background(), nil); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(fileBytes(t, tr.Model()), fileBytes(t, whole.Model())) {
				t.Errorf("%s, stop %d: the model differs", name, n)
			}
			for i, e := range tr.History() {
				want := whole.History()[i]
				if i < epoch {
					want.ValWordLoss, want.ValWordPerplexity = 0, 0
				}
				if i < epoch || began && i == epoch {
					want.WordLoss, want.WordPerplexity = 0, 0
				}
				if e != want {
					t.Errorf("%s, stop %d: epoch %+v, want %+v", name, n, e, want)
				}
			}
		}
	}
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
			tr, err := o.new(smallDocs())
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
			// The places to stop at in an epoch: 5 or 6 steps and 2 batches of validation.
			places := tr.steps() + textOf(tr).Validation().Batches(o.BatchSize)
			every := 1
			if testing.Short() {
				every = 4 // other places in each epoch
			}
			for n := 0; n < places*len(epochs); n += every {
				tr, err := o.new(smallDocs())
				if err != nil {
					t.Fatal(err)
				}
				err = tr.Run(&countdown{context.Background(), n}, &RunOptions{Checkpoint: path})
				if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), path) {
					t.Fatalf("stop %d: error %v, want one that names the checkpoint and wraps context.Canceled", n, err)
				}
				tr, err = Resume(path, smallText(), &Options{Threads: 1 + n%3})
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
				if got, want := fmt.Sprint(later), fmt.Sprint(epochs[n/places:]); got != want {
					t.Errorf("stop %d: epochs %s, want %s", n, got, want)
				}
			}
		})
	}
}

// A run may be continued in the same process, with no file at all.
func TestRunAgain(t *testing.T) {
	o := small()
	a, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	b, err := o.new(smallDocs())
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
		tr, err := o.new(smallDocs())
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.Run(context.Background(), &RunOptions{Checkpoint: r.path}); err != nil {
			t.Fatal(err)
		}
	}
	tr, err := Resume(short, smallText(), &Options{Epochs: 3})
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
