package train

import (
	"bytes"
	"context"
	"fmt"
	"io"
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
	"github.com/autoreg/autoreg/tokenizer"
)

// memory must not promise less than what a trainer holds.
func TestMemoryHeld(t *testing.T) {
	for _, o := range []Options{
		{Threads: 1}, {Threads: 7}, {Units: 300, Embedding: 40, Threads: 2}, {CountPadding: true, CutLong: true, Patience: 1, Validation: 0.5, Threads: 2},
	} {
		const symbols, docs = 2000, 64
		o = o.withDefaults()
		tr := randomTrainer(t, symbols, docs, o)
		floats := 0
		count := func(nets ...[][]float32) (n int) {
			for _, net := range nets {
				for _, s := range net {
					n += len(s)
				}
			}
			return n
		}
		weights := count(parameters(tr.model.Stack))
		p, b := tr.pass, tr.pass.back
		floats += count(parameters(tr.model.Stack), parameters(b.grad), tr.optimiser.m.parameters(), tr.optimiser.v.parameters(),
			[][]float32{p.x.data, p.z.data, p.h.data, p.c.data, p.loss, p.head.scores.Data, b.headT.Data, b.inT.Data, b.recT.Data, b.dh.data, b.dc.data, b.some.data, p.hIn.data, p.previous.data})
		floats += len(p.ids) + len(p.targets) + len(p.steps) + len(p.start)
		data := textData{training: tr.training, validation: tr.validation}
		floats += int(data.bytes() / 4)
		copies := 3 // weights and moments
		if tr.best != nil {
			floats += count(tr.best.parameters())
			copies++
		}
		// The copies that the end of an epoch makes, see memory.
		floats += max(copies*(weights-len(tr.model.Stack.Embedding.Weight)), 3*weights)
		taken := int64(4 * floats)
		if got := o.memory(symbols, data); got < taken || got > taken+taken/5 {
			t.Errorf("%+v: %d bytes are taken, memory says %d", o, taken, got)
		}
		o.MaxBytes = taken - 1
		if err := o.checkMemory(symbols, data); err == nil {
			t.Errorf("%+v: %d bytes are taken, %d were said to be enough", o, taken, o.MaxBytes)
		}
	}
}

// memoryRun is set in the process that TestMemoryOfRun starts.
const memoryRun = "AUTOREG_TEST_MEMORY_RUN"

// TestMemoryOfRun compares the estimate with what the Go heap of a process comes to
// that does nothing but train, save checkpoints and read its snapshots.
func TestMemoryOfRun(t *testing.T) {
	if dir := os.Getenv(memoryRun); dir != "" {
		measureRun(t, dir)
		return
	}
	if testing.Short() || testkit.RaceEnabled || runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("takes a process of its own, and seconds")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestMemoryOfRun$", "-test.v")
	cmd.Env = append(os.Environ(), memoryRun+"="+t.TempDir(), "GOGC=100", "GOMEMLIMIT=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var estimate, heap int64
	_, line, _ := strings.Cut(string(out), "MEMORY ")
	if _, err := fmt.Sscan(line, &estimate, &heap); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	ratio := float64(heap) / float64(estimate)
	t.Logf("estimate %d MiB, heap %d MiB, ratio %.2f", estimate>>20, heap>>20, ratio)
	if ratio > 1.3 || ratio < 1/1.3 {
		t.Errorf("the run was said to take %d MiB and took %d MiB", estimate>>20, heap>>20)
	}
}

func measureRun(t *testing.T, dir string) {
	const symbols, docs = 3000, 8
	o := Options{Embedding: 512, Units: 512, Length: 12, BatchSize: 4, Epochs: 3, Threads: 2}.withDefaults()
	tr := randomTrainer(t, symbols, docs, o)
	if err := tr.Run(context.Background(), &RunOptions{
		Checkpoint: filepath.Join(dir, "checkpoint"),
		OnEpoch: func(EpochStats) {
			f := tr.Snapshot()
			n, err := f.Size()
			if err != nil {
				t.Fatal(err)
			}
			r, w := io.Pipe()
			go func() {
				_, err := f.WriteTo(w)
				w.CloseWithError(err)
			}()
			f2, err := weights.Read(lengthReader{r, int(n)}, n)
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
	fmt.Println("MEMORY", o.memory(symbols, textData{training: tr.training, validation: tr.validation}), m.HeapSys)
}

// A lengthReader knows how much there is to read.
type lengthReader struct {
	io.Reader
	n int
}

func (r lengthReader) Len() int { return r.n }

// A vocabulary that no model file can hold is refused before the run.
func TestHeaderLimit(t *testing.T) {
	var docs []string
	word := strings.Repeat("x", 1<<20)
	for i := range 17 {
		docs = append(docs, fmt.Sprint(word, i))
	}
	small := Options{Embedding: 2, Units: 2, Length: 2, BatchSize: 2, Epochs: 1, Threads: 1}
	_, err := New(docs, &small)
	if err == nil || !strings.Contains(err.Error(), "lower Vocabulary (10000) or Epochs (1)") {
		t.Errorf("a vocabulary of 17 MiB: error %v", err)
	} else {
		wantOnePrefix(t, err)
	}
	docs = docs[:15]
	tr, err := New(docs, &small)
	if err != nil {
		t.Fatal(err)
	}
	path := save(t, tr)
	if _, err := Resume(path, docs, &Options{Epochs: maxEpochs}); err == nil || !strings.Contains(err.Error(), "Epochs (1048576)") {
		t.Errorf("resumed for too many epochs: error %v", err)
	}
}

// The room that checkHeader leaves is enough for the longest history.
func TestHeaderRoom(t *testing.T) {
	tok, err := tokenizer.Learn(slices.Values([]string{"a"}), nil)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Embedding: 65535, Units: 1, Length: 1 << 20, BatchSize: 1 << 16, Seed: 1<<64 - 1,
		LearningRate: 1.2345678901234567e-300, ClipNorm: 1.2345678901234567e+30, Validation: 1.2345678901234567e-10, Patience: 1 << 20}.withDefaults()
	m := model.New(o.config(tok.Len()), tok)
	tr := &Trainer{options: o, model: m, corpus: strings.Repeat("0", 64)}
	tr.begin(tr, o.schedule(), textNetwork{m.Stack}, textNetwork{newLike(m.Stack)}, nil)
	const epochs = 100
	for range epochs {
		tr.progress.History = append(tr.progress.History, epochRecord{
			Steps: math.MaxInt, Loss: 1.2345678901234567e-300, ValLoss: 1.2345678901234567e-300,
			WordLoss: 1.2345678901234567e-300, ValWordLoss: 1.2345678901234567e-300,
		})
	}
	var b bytes.Buffer
	if _, err := checkpointOf(t, tr).WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	text, err := tok.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	floats := 0
	for _, tensor := range checkpointOf(t, tr).Tensors {
		floats += len(tensor.Data)
	}
	if header := b.Len() - 4*floats; header > len(text)+headerFixed+headerEpoch*epochs {
		t.Errorf("a header of %d bytes after %d epochs", header, epochs)
	}
}
