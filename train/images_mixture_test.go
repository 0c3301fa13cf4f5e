package train

import (
	"runtime"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/layers"
)

// What a run with a mixture holds is what memory says, but for what the end of an epoch
// takes: weight-normalised layers hold directions and weights.
func TestMixtureMemory(t *testing.T) {
	held := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	for _, direct := range []bool{false, true} {
		set := mixtureSet(4, 1)
		before := held()
		tr, err := New(&Images{Set: set, Filters: 96, Mixture: &Mixture{Resolutions: 1, Components: 2, Direct: direct}},
			&Options{BatchSize: 2, Threads: 1, Average: 0.9})
		if err != nil {
			t.Fatal(err)
		}
		used := held() - before
		task := imagesOf(tr)
		size := task.model.Config.Sizes()
		packed, copies := size.Packed+size.Derived, int64(4) // weights, two moments, the average
		foretold := task.memory(task.model.Config, &tr.options) - 4*max(copies*size.Params, 2*size.Params+packed)
		if used > foretold+foretold/20 || used < foretold-foretold/5 {
			t.Errorf("direct %v: %d bytes are in use, %d were foretold", direct, used, foretold)
		}
		runtime.KeepAlive(tr)
	}
}

// Sets that a mixture cannot learn from are refused before the run.
func TestMixtureSetErrors(t *testing.T) {
	levels, fraction := mixtureSet(4, 1), mixtureSet(4, 1)
	levels.Levels = 4
	for i := range levels.Data {
		levels.Data[i] %= 4
	}
	fraction.Fractions = make([]uint8, len(fraction.Data))
	fraction.Data[21], fraction.Fractions[21] = layers.MixtureLevels-1, 3
	for want, task := range map[string]*Images{
		"the images have 4 levels: a mixture has 256":     {Set: levels, Mixture: &Mixture{Resolutions: 1}},
		"image 1 has the value 255 + 3/256: want at most": {Set: fraction, Mixture: &Mixture{Resolutions: 1}},
	} {
		if _, err := New(task, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
