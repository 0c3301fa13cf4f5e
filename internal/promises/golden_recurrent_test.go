package promises

import (
	"bytes"
	"context"
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
	{layers: "gru:19", want: "01f8d72ff3879b4106ee93003ee3eb07e938b5aeff233511e5f185f69538884e"},
	{layers: "gru:70:reset=before", want: "dfc7c65a0ccf57e8387cc66c6aeff6692323064985840eb362559c93fd62ecff"},
	{layers: "rnn:17", want: "0cf158aaa52a81366d12c42d85fbfd446e67f7ee8a13764b82d31bc427bafdcd"},
	{layers: "rnn:66:activation=relu", want: "2d55d2c780b533c840325198e37aceb1b86ce2f915e3fcfb0bf306350beb4a2c"},
	{layers: "lstm:13:recurrent_activation=hard_sigmoid_keras2", want: "dfc0cd7ce1c15fd89e54afedc216d1a172ab181e3b575574fb60f9a25da70263"},
	{layers: "gru:20:recurrent_activation=hard_sigmoid_keras3", want: "696d384d5bdbfcfa968f8d08ba048aaedbd9b0ea4571d9ed751134069e2cc0e0"},
	{layers: "lstm:16,lstm:33", want: "b00c8d94c3fc8cee1185fd19d7231aee41cf6c1b5be78915900cc4bd73a8688d"},
	{layers: "lstm:16,gru:12,rnn:11", tied: true, drop: 0.2, want: "8294af886e023e693487f62da0f33ed1080f81ee8a51a8a0586595792c65f0c6"},
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
	tr, err := train.New(task, &train.Options{
		BatchSize: 7, Epochs: 3, LearningRate: 0.01, ClipNorm: 1, Validation: 0.2, Seed: 5, Threads: threads,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := tr.Model().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestGoldenRecurrent trains a model of each kind of layer: on texts that differ in
// length, with one thread and with several.
func TestGoldenRecurrent(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for i, c := range goldenRecurrent {
			for _, threads := range []int{1, 3} {
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
