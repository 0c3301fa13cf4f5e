package train

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// memory must not promise less than what a trainer holds.
func TestMemoryHeld(t *testing.T) {
	for _, o := range []textRun{
		{Options: Options{Threads: 1}},
		{Options: Options{Threads: 7}},
		{Text{Layers: oneLSTM(300), Embedding: 40}, Options{Threads: 2}},
		{Text{CountPadding: true, CutLong: true}, Options{Patience: 1, Validation: 0.5, Threads: 2}},
		{Options: Options{Optimizer: SGD{}, Threads: 1}},
		{Text{Layers: stackOf(oneLSTM(128)[0], oneLSTM(128)[0])}, Options{Threads: 1}},
		{Text{Layers: oneLSTM(200)}, Options{Average: 0.9, Patience: 1, Validation: 0.3, Threads: 2}},
		{Text{Layers: stackOf(oneLSTM(50)[0], oneLSTM(300)[0], oneLSTM(70)[0]), Dropout: Dropout{Embedding: 0.1, Layers: 0.1, Output: 0.1}}, Options{Threads: 3, Patience: 1, Validation: 0.3}},
		{Text{Layers: stackOf(&layers.GRUSpec{Units: 200}, &layers.RNNSpec{Units: 100}), CountPadding: true, CutLong: true}, Options{Threads: 2}},
		{Text{Layers: repeat(&layers.GRUSpec{Units: 64, Reset: "before"}, 7), Length: 30}, Options{BatchSize: 64, Threads: 2}},
		{Text{Layers: stackOf(&layers.LSTMSpec{Units: 65}, &layers.RNNSpec{Units: 100}), Tied: true}, Options{Threads: 2}},
	} {
		const symbols, docs = 2000, 64
		tr := randomTrainer(t, symbols, docs, o)
		task, o := textOf(tr), tr.options
		count := func(nets ...[][]float32) (n int) {
			for _, net := range nets {
				for _, s := range net {
					n += len(s)
				}
			}
			return n
		}
		net := task.model.Stack
		weights := count(layers.ValuesOf(net))
		copies := 1 + len(tr.optimizer.state)
		if tr.best != nil {
			copies++
		}
		if tr.average != nil {
			copies++
		}
		taken := memoryOf(task.pass, tr.optimizer, tr.average, tr.best) + task.data.bytes()
		if least := int64(4 * ((copies + 1) * weights)); taken < least {
			t.Fatalf("%+v: %d bytes are taken, weights and their like are %d", o, taken, least)
		}
		// The copies that the end of an epoch makes, see memory.
		taken += 4 * int64(max(copies*(weights-len(net.Embedding.Weight)), 3*weights))
		if got := task.memory(symbols, &o); got < taken || got > taken+taken/5 {
			t.Errorf("%+v: %d bytes are taken, memory says %d", o, taken, got)
		}
		o.MaxBytes = taken - 1
		if err := task.checkMemory(symbols, &o); err == nil {
			t.Errorf("%+v: %d bytes are taken, %d were said to be enough", o, taken, o.MaxBytes)
		}
	}
}

// memoryRun is set in the process that TestMemoryOfRun starts, to the name of the run and
// a directory.
const memoryRun = "AUTOREG_TEST_MEMORY_RUN"

// memoryRuns are the runs that TestMemoryOfRun measures.
func memoryRuns() map[string]textRun {
	o := Options{BatchSize: 4, Epochs: 3, Threads: 2}
	averaged := o
	averaged.Average = 0.99
	return map[string]textRun{
		"one layer":  {Text{Embedding: 512, Layers: oneLSTM(512), Length: 12}, o},
		"an average": {Text{Embedding: 512, Layers: oneLSTM(512), Length: 12}, averaged},
		"a stack": {Text{Embedding: 256, Length: 12, Dropout: Dropout{Embedding: 0.1, Layers: 0.1, Output: 0.1},
			Layers: stackOf(&layers.LSTMSpec{Units: 512}, &layers.GRUSpec{Units: 640}, &layers.LSTMSpec{Units: 256})}, o},
	}
}

// TestMemoryOfRun compares the estimate with what the Go heap of a process comes to
// that does nothing but train, save checkpoints and read its snapshots.
func TestMemoryOfRun(t *testing.T) {
	if name, dir, ok := strings.Cut(os.Getenv(memoryRun), ":"); ok {
		measureRun(t, memoryRuns()[name], dir)
		return
	}
	if testing.Short() || testkit.RaceEnabled || runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("takes a process of its own, and seconds")
	}
	for name := range memoryRuns() {
		cmd := exec.Command(os.Args[0], "-test.run=^TestMemoryOfRun$", "-test.v")
		cmd.Env = append(os.Environ(), memoryRun+"="+name+":"+t.TempDir(), "GOGC=100", "GOMEMLIMIT=off")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		var estimate, heap int64
		_, line, _ := strings.Cut(string(out), "MEMORY ")
		if _, err := fmt.Sscan(line, &estimate, &heap); err != nil {
			t.Fatalf("%s: %v in %q", name, err, out)
		}
		ratio := float64(heap) / float64(estimate)
		t.Logf("%s: estimate %d MiB, heap %d MiB, ratio %.2f", name, estimate>>20, heap>>20, ratio)
		if ratio > 1.3 || ratio < 1/1.3 {
			t.Errorf("%s: the run was said to take %d MiB and took %d MiB", name, estimate>>20, heap>>20)
		}
	}
}

func measureRun(t *testing.T, o textRun, dir string) {
	const symbols, docs = 3000, 8
	tr := randomTrainer(t, symbols, docs, o)
	if err := tr.Run(context.Background(), &RunOptions{
		Checkpoint: filepath.Join(dir, "checkpoint"),
		OnEpoch: func(EpochStats) {
			f := tr.Snapshot()
			n, err := f.Size()
			if err != nil {
				t.Fatal(err)
			}
			f2, err := weights.Read(f.Reader(), n)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := model.FromFile(f2); err != nil {
				t.Fatal(err)
			}
		},
	}); err != nil {
		t.Fatal(err)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Println("MEMORY", textOf(tr).memory(symbols, &tr.options), m.HeapSys)
}

// A vocabulary that no model file can hold is refused before the run.
func TestHeaderLimit(t *testing.T) {
	var docs []string
	word := strings.Repeat("x", 1<<20)
	for i := range 17 {
		docs = append(docs, fmt.Sprint(word, i))
	}
	small := textRun{Text{Embedding: 2, Layers: oneLSTM(2), Length: 2}, Options{BatchSize: 2, Epochs: 1, Threads: 1}}
	_, err := small.new(docs)
	if err == nil || !strings.Contains(err.Error(), "lower VocabularySize (10000) or Epochs (1)") {
		t.Errorf("a vocabulary of 17 MiB: error %v", err)
	} else {
		wantOnePrefix(t, err)
	}
	docs = docs[:15]
	tr, err := small.new(docs)
	if err != nil {
		t.Fatal(err)
	}
	path := save(t, tr)
	if _, err := Resume(path, &Text{Documents: docs}, &Options{Epochs: maxEpochs}); err == nil || !strings.Contains(err.Error(), "Epochs (1048576)") {
		t.Errorf("resumed for too many epochs: error %v", err)
	}
}

// The room that headerBytes says is enough for the longest history, of the reference
// model and of the deepest stacks, for texts and for classes.
func TestHeaderRoom(t *testing.T) {
	tok, err := tokenizer.Learn(slices.Values([]string{"a"}), nil)
	if err != nil {
		t.Fatal(err)
	}
	gru := &layers.GRUSpec{Units: 3, Reset: "after", RecurrentActivation: "hard_sigmoid_keras3"}
	both := &layers.BidirectionalSpec{Layer: gru, Merge: "multiply"}
	for _, list := range [][]layers.Spec{oneLSTM(1), repeat(gru, 2), repeat(gru, layers.MaxLayers), repeat(oneLSTM(1)[0], layers.MaxLayers)} {
		task := &Text{Embedding: 12345 / len(list), Layers: list, Length: 1 << 20, hash: strings.Repeat("0", 64), Dropout: longDropout}
		task.model = model.New(task.config(tok.Len()), tok)
		checkHeaderRoom(t, task, task.model.Stack, tok, len(list))
	}
	for _, list := range [][]layers.Spec{oneLSTM(1), repeat(both, 2), repeat(both, layers.MaxLayers)} {
		task := &Classes{Embedding: 12345 / len(list), Layers: list, Length: 1 << 20, hash: strings.Repeat("0", 64), Dropout: longDropout, Names: []string{"0", "1"}}
		task.model = model.NewClassifier(task.config(tok.Len(), task.Names), tok)
		checkHeaderRoom(t, task, task.model.Stack, tok, 2*len(list)) // as checkHeader counts them
	}
}

// longDropout takes as much room as any.
var longDropout = Dropout{1.2345678901234567e-300, 1.2345678901234567e-300, 1.2345678901234567e-300, true}

func checkHeaderRoom(t *testing.T, task Task, net *layers.Stack, tok *tokenizer.Tokenizer, n int) {
	t.Helper()
	const epochs = 100
	tr := &Trainer{task: task, options: Options{
		BatchSize: 1 << 16, Seed: 1<<64 - 1, LearningRate: 1.2345678901234567e-300, Patience: 1 << 20, Epochs: epochs,
		ClipNorm: 1.2345678901234567e+30, Average: 1.2345678901234567e-10, Validation: 1.2345678901234567e-10,
		Schedule: Schedule{Kind: PlateauDecay, Decay: 1.2345678901234567e-300, Patience: 1 << 20, Floor: 1.2345678901234567e-300, Warmup: maxWarmup},
	}}
	tr.options.complete()
	task.complete(&tr.options)
	zero := func() layers.Network { return net.Like() }
	tr.work = work{net: net}
	tr.optimizer = newUpdater(Adam{}, net, net.Like(), zero, layers.NewThreads(1))
	tr.average, tr.best = &average{net: zero()}, zero()
	for range epochs {
		tr.progress.History = append(tr.progress.History, epochRecord{
			Steps: math.MaxInt, Loss: 1.2345678901234567e-300, ValLoss: 1.2345678901234567e-300,
			WordLoss: 1.2345678901234567e-300, ValWordLoss: 1.2345678901234567e-300, ValAccuracy: 1.2345678901234567e-300,
		})
	}
	f := checkpointOf(t, tr)
	size, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	for _, tensor := range f.Tensors {
		size -= 4 * int64(len(tensor.Data))
	}
	room, err := headerBytes(tok, n, &tr.options, nil)
	if err != nil {
		t.Fatal(err)
	}
	if size > room {
		t.Errorf("%T of %d layers: a header of %d bytes after %d epochs, room for %d", task, n, size, epochs, room)
	}
}
