package main

import (
	"bytes"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/train"
)

func epochs(losses ...float64) (list []train.EpochStats) {
	for i, l := range losses {
		list = append(list, train.EpochStats{Epoch: i + 1, Epochs: len(losses), Loss: l, Perplexity: train.Perplexity(l)})
	}
	return list
}

func TestLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	open := func(history []train.EpochStats) *logWriter {
		t.Helper()
		l, err := openLog(path, history)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	lines := func() (list []string) { return strings.Split(strings.TrimSpace(string(read(t, path))), "\n") }
	add := func(l *logWriter, es ...train.EpochStats) {
		t.Helper()
		for _, e := range es {
			if err := l.append(epochRecord{EpochStats: e, Sample: "a <b>\nc"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.close(); err != nil {
			t.Fatal(err)
		}
	}

	history := epochs(3, 2, 1)
	add(open(nil), history...)
	first := lines()
	if len(first) != 3 || !strings.Contains(first[0], `"epoch":1,`) || !strings.Contains(first[0], `"sample":"a <b>\nc"`) {
		t.Fatalf("log %q", first)
	}
	// Resumed after epoch 2, epoch 3 is written anew.
	add(open(history[:2]), epochs(3, 2, 0.5)[2])
	if got := lines(); len(got) != 3 || got[0] != first[0] || got[1] != first[1] || !strings.Contains(got[2], `"loss":0.5,`) {
		t.Errorf("after resuming: %q", got)
	}
	// A line that a crash cut short is replaced from the history, without sample.
	if err := os.WriteFile(path, []byte(first[0]+"\n"+first[1][:20]), 0o600); err != nil {
		t.Fatal(err)
	}
	add(open(history))
	if got := lines(); len(got) != 3 || got[0] != first[0] || !strings.Contains(got[1], `"loss":2,`) || strings.Contains(got[1], "sample") {
		t.Errorf("after a crash: %q", got)
	}
	// So is a log that is not there.
	os.Remove(path)
	add(open(history))
	if got := lines(); len(got) != 3 {
		t.Errorf("without a log: %q", got)
	}
	// A new run begins a new one.
	add(open(nil))
	if got := read(t, path); len(got) != 0 {
		t.Errorf("a new log holds %q", got)
	}

	for _, c := range []struct{ content, want string }{
		{first[0] + "\nrubbish\n" + first[1] + "\n", "line 2"},
		{"rubbish\n\n", "line 1"},
		{first[1] + "\n" + first[0] + "\n", "line 2: epoch 1 comes after epoch 2"},
		{first[0] + "\n" + first[0] + "\n", "line 2: epoch 1 comes after epoch 1"},
		{`{"epoch":0}` + "\n", "line 1: epoch 0"},
		{`{"epoch":1,"loss":7}` + "\n", "another run"},
		{strings.Repeat("x", 1<<20), "line 1: it does not begin with"},
	} {
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openLog(path, history); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("log %.50q: error %v, want one with %q", c.content, err, c.want)
		}
		if got := read(t, path); string(got) != c.content {
			t.Errorf("log %.50q was refused and is %.50q now", c.content, got)
		}
	}
	var none *logWriter
	add(none, history...)

	// Lines are as long as the samples in them.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	l := open(nil)
	for _, e := range history[:2] {
		if err := l.append(epochRecord{EpochStats: e, Sample: strings.Repeat("word ", 1<<19)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	long := lines()
	add(open(history[:2]), history[2])
	if got := lines(); len(got) != 3 || got[0] != long[0] || got[1] != long[1] || len(got[1]) < 5<<19 {
		t.Errorf("the log has %d lines of %d bytes in all", len(got), len(strings.Join(got, "")))
	}
}

// TestPlot draws runs of many lengths and looks for the curves.
func TestPlot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plot.png")
	for i, c := range []struct {
		losses     []float64
		validation bool
	}{
		{nil, false},
		{[]float64{9.21}, false},
		{[]float64{9.21}, true},
		{[]float64{4.45, 3.23, 2.62, 2.34}, true},
		{[]float64{5, 5, 5}, false},
		{[]float64{0, 0}, false},
		{[]float64{1e30, 1e29}, true},
		{[]float64{1e17, 1e17}, true},
		{[]float64{1e-30, 2e-30}, false},
		{make([]float64, 300), true},
	} {
		if testing.Short() && i > 3 {
			break // a picture takes seconds under the race detector
		}
		list := epochs(c.losses...)
		for i := range list {
			if c.validation {
				list[i].ValLoss = list[i].Loss*0.9 + 0.1
				list[i].ValPerplexity = 2
			}
		}
		if err := savePlot(path, list); err != nil {
			t.Errorf("%v: %v", c, err)
			continue
		}
		picture, err := png.Decode(bytes.NewReader(read(t, path)))
		if err != nil {
			t.Errorf("%v: %v", c, err)
			continue
		}
		found := map[color.Color]bool{}
		for y := range picture.Bounds().Dy() {
			for x := range picture.Bounds().Dx() {
				found[color.RGBAModel.Convert(picture.At(x, y))] = true
			}
		}
		if found[trainingColor] != (len(list) > 0) || found[validationColor] != (len(list) > 0 && c.validation) {
			t.Errorf("%v: training curve %v, validation curve %v", c, found[trainingColor], found[validationColor])
		}
	}
	if err := savePlot(filepath.Join(path, "x"), nil); err == nil {
		t.Error("a plot inside a file")
	}
}

// TestCurves draws the losses over words where padding counts, and says what a loss is of.
func TestCurves(t *testing.T) {
	list := epochs(3, 2)
	for i := range list {
		list[i].ValLoss, list[i].ValPerplexity = 2.5, 12
	}
	check := func(unit string, loss, val float64) {
		t.Helper()
		training, validation, got := curves(list)
		if got != unit || len(training) != 2 || training[1].Y != loss || validation[1].Y != val {
			t.Errorf("%v, %v, per %s, want %v, %v, per %s", training, validation, got, loss, val, unit)
		}
	}
	check("position", 2, 2.5)
	list[1].WordLoss, list[1].WordPerplexity, list[1].ValWordLoss, list[1].ValWordPerplexity = 4, 55, 5, 148
	check("position", 2, 2.5) // the first epoch is of an older version
	list[0].WordLoss, list[0].WordPerplexity = 4.5, 90
	check("word", 4, 5)
	for i := range list {
		list[i].WordPerplexity, list[i].Bits = 0, 3
	}
	check("value", 2, 2.5)
}

func TestTicks(t *testing.T) {
	labels := func(lo, hi float64) string {
		var list []string
		for _, tick := range lossTicks(lo, hi) {
			list = append(list, tick.Label)
		}
		return strings.Join(list, " ")
	}
	for _, c := range []struct {
		lo, hi float64
		want   string
	}{
		{1.4, 4.5, "2 3 4"},
		{0, 1, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{3.64, 3.84, "3.65 3.70 3.75 3.80"},
		{0, 60, "0 10 20 30 40 50 60"},
	} {
		if got := labels(c.lo, c.hi); got != c.want {
			t.Errorf("ticks from %v to %v: %s, want %s", c.lo, c.hi, got, c.want)
		}
	}
	for _, n := range []float64{1, 3, 12, 25, 100, 1000, 1 << 20} {
		ticks := epochTicks(0.5, n+0.5)
		if len(ticks) == 0 || len(ticks) > 12 || ticks[0].Value < 1 || ticks[len(ticks)-1].Value > n {
			t.Errorf("%v epochs: ticks %v", n, ticks)
		}
		for _, tick := range ticks {
			if tick.Value != math.Trunc(tick.Value) {
				t.Errorf("%v epochs: a tick at %v", n, tick.Value)
			}
		}
	}
}
