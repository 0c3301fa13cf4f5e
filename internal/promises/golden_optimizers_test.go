package promises

import (
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/train"
)

// goldenOptimizers are checksums of models after short runs with every optimizer and
// schedule.
var goldenOptimizers = []struct {
	optimizer, schedule string
	rate                float64
	want                string
}{
	{"sgd", "step:0.5:from=2", 1, "4201715e451ce507f2131f26f5f3d8d74442f735619f80b03ef057dc72d8c444"},
	{"momentum:0.9", "cosine:floor=0.05:warmup=3", 0.2, "3d0e216c1fe10ad242f12ed019fbf8402f07ca63a7639e9bde988b6db6917c46"},
	{"nesterov:0.8", "constant:warmup=5", 0.2, "f6729eb41ce71eb89eb66486ae8a69055a733cfe4c9403fbdc19c2078d83d713"},
	{"adamw:0.1", "plateau:0.3:floor=0.01", 0.2, "e7be3feb8063c1e5a8610212035c09a6dde0e7bcce21332d935b9cbc0098affc"},
}

// TestGoldenOptimizers trains with every optimizer and schedule, with one thread and with
// several.
func TestGoldenOptimizers(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range goldenOptimizers {
			for _, threads := range threadCounts() {
				optimizer, err := train.ParseOptimizer(c.optimizer)
				if err != nil {
					t.Fatal(err)
				}
				schedule, err := train.ParseSchedule(c.schedule)
				if err != nil {
					t.Fatal(err)
				}
				file, _ := trainedFile(t, &train.Text{
					Documents: goldenCorpus(), Embedding: 11, Layers: []layers.Spec{&layers.LSTMSpec{Units: 19}, &layers.GRUSpec{Units: 17}}, Length: 17,
				}, &train.Options{
					BatchSize: 7, Epochs: 4, LearningRate: c.rate, Optimizer: optimizer, Schedule: schedule, ClipNorm: 1,
					Validation: 0.2, Best: true, Seed: 5, Threads: threads,
				})
				if got := checksumOf(t, file); got != c.want {
					t.Errorf("%s: %s, %s with %d threads: checksum %s, want %s", isa, c.optimizer, c.schedule, threads, got, c.want)
				}
			}
		}
	})
}
