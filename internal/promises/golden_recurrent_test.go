package promises

import (
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/train"
)

// goldenRecurrent are hashes of models of every kind of layer, after a short training.
var goldenRecurrent = []struct {
	layers string
	tied   bool
	drop   float64
	want   string
}{
	{layers: "gru:19", want: "8749fb663a555b5d77eae0367f911eebc46bba769c5f2b24d023cd86f381b477"},
	{layers: "gru:70:reset=before", want: "7e8d4949945d1b24a0c471744954c6299be01d724bc823c4bd2aa1c952fc680f"},
	{layers: "rnn:17", want: "02deac1996e0d9ca4a5cb8039a066a88fd4edee747840ae3d65c345713261b89"},
	{layers: "rnn:66:activation=relu", want: "de2bca0a7e352e9933dc440f8a7a9d6bc6ea22b6e171448348c51413d108eb6f"},
	{layers: "lstm:13:recurrent_activation=hard_sigmoid_keras2", want: "be3352eb2f82cd20473557f59618fbd1d82932c32f826f8c535f9d8f37fae231"},
	{layers: "gru:20:recurrent_activation=hard_sigmoid_keras3", want: "af72261e85d60c0e368bf370e92d474ff675ec2a268d625f0ff9ec05b3dd1b1d"},
	{layers: "lstm:16,lstm:33", want: "23f1ea60c686896bf85d461c50bf98233a2086b5efd006d2351efdc2291aea9a"},
	{layers: "lstm:16,gru:12,rnn:11", tied: true, drop: 0.2, want: "fa98733f810c56718e7118f34c53ed2d2377c1aba6bf3bae79e5caaba7f628e9"},
}

// trainedStack returns the model file of a short training run.
func trainedStack(t *testing.T, text string, tied bool, drop float64, threads int) []byte {
	t.Helper()
	list, err := layers.ParseSpecs(text)
	if err != nil {
		t.Fatal(err)
	}
	task := &train.Text{
		Documents: goldenCorpus(), Embedding: 11, Layers: list, Length: 17, Tied: tied,
		Dropout: train.Dropout{Embedding: drop, Layers: drop, Output: drop},
	}
	file, _ := trainedFile(t, task, &train.Options{
		BatchSize: 7, Epochs: 1, LearningRate: 0.01, ClipNorm: 1, Validation: 0.2, Seed: 5, Threads: threads,
	})
	return file
}

// TestGoldenRecurrent trains a model of each kind of layer: on texts that differ in
// length, with one thread and with several.
func TestGoldenRecurrent(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for i, c := range goldenRecurrent {
			for _, threads := range threadCounts() {
				if got := hash(trainedStack(t, c.layers, c.tied, c.drop, threads)); got != c.want {
					t.Errorf("%s: %d, %s with %d threads: hash %s, want %s", isa, i, c.layers, threads, got, c.want)
				}
			}
		}
	})
}

// TestGoldenBidirectional takes sequences of several lengths through layers in both
// directions, there and back.
func TestGoldenBidirectional(t *testing.T) {
	const in = 7
	steps := []int32{9, 1, 4, 9, 6}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		var all []float32
		for seed, text := range []string{
			"bidirectional(lstm:10)", "bidirectional(gru:18):merge=sum", "bidirectional(gru:9:reset=before):merge=average", "bidirectional(rnn:12):merge=multiply",
		} {
			list, err := layers.ParseSpecs(text)
			if err != nil {
				t.Fatal(err)
			}
			l, grad := list[0].New(in), list[0].New(in)
			for i, p := range l.Parameters("") {
				v := make([]float32, p.Len())
				if !p.StoredOnly {
					testkit.Values(v, uint64(10*seed+i+1), 0.7)
				}
				p.Set(v)
			}
			size := layers.BatchSize{Sequences: len(steps), Steps: 9, Rows: 29}
			layout := layers.NewLayout(size)
			copy(layout.Steps, steps)
			layout.Set(len(steps))
			x, dx := kernels.RowMajor(make([]float32, 29*in), 29, in), kernels.RowMajor(make([]float32, 29*in), 29, in)
			testkit.Values(x.Data, 99, 1)
			s := l.NewSequence(size, grad, layers.NewThreads(2))
			y := s.Forward(layout, x)
			all = append(all, y.Data...)
			s.Begin()
			testkit.Values(s.OutputGradients().Data, 98, 1)
			s.Backward(x, dx)
			all = append(all, dx.Data...)
			for _, p := range grad.Parameters("") {
				all = append(all, p.Get()...)
			}
		}
		if got := hashFloats(all); got != goldenBidirectional {
			t.Errorf("%s: hash of layers in both directions is %s, want %s", isa, got, goldenBidirectional)
		}
	})
}

const goldenBidirectional = "1c87e06cdd35548e441bd9c32e19470f6fc7b16624f40c71b80b59a7b5db0929"
