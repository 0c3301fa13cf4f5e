package promises

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/train"
)

// The same promise for classifiers.
const (
	goldenClassModel  = "0eac3968d9621acecba4989d8e2209a902f5794c0dfbb0c74252a40f0eeb5315"
	goldenClassLosses = "97b1dfb7165be5b2edcc1ba89e672d772ab9392218e6b8f9c708e4edbfb25ba0"
	goldenClassProbs  = "8d7886bf73b41bf90cde3418b106a3a4acf8ea4a876d73072f15ea8cc036eb2e"
)

// classTask returns recipes of a small grammar, whose class is what comes first.
func classTask() *train.Classes {
	t := &train.Classes{
		Embedding: 9, Length: 12, Dropout: train.Dropout{Embedding: 0.1, Output: 0.2},
		Layers: []layers.Spec{
			&layers.BidirectionalSpec{Layer: &layers.GRUSpec{Units: 11}},
			&layers.BidirectionalSpec{Layer: &layers.LSTMSpec{Units: 7}, Merge: "multiply"},
		},
	}
	verbs := []string{"roast", "peel", "simmer", "chop", "fold"}
	for i := range 50 {
		first := (i + i/5) % 5
		second := (first + 1 + i*7%4) % 5
		text := fmt.Sprintf("Gently %s, then %s %d", verbs[first], verbs[second], i%3)
		for range i % 7 {
			text += " and stir"
		}
		t.Documents = append(t.Documents, text)
		t.Labels = append(t.Labels, fmt.Sprintf("%t", first < second))
	}
	return t
}

// trainedClasses returns the model file of a short run, and the losses and the accuracy
// of each epoch.
func trainedClasses(t *testing.T, threads int) (_ []byte, history []float64) {
	t.Helper()
	file, epochs := trainedFile(t, classTask(), &train.Options{
		BatchSize: 7, Epochs: 6, LearningRate: 0.02, ClipNorm: 1, Validation: 0.2, Seed: 5, Threads: threads,
	})
	for _, e := range epochs {
		history = append(history, e.Loss, e.ValLoss, e.ValAccuracy)
	}
	return file, history
}

// TestGoldenClasses trains a classifier, and classifies with what it trained. What Score
// says of the documents set aside is what training said.
func TestGoldenClasses(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		file, history := trainedClasses(t, 1)
		for threads := 2; threads <= 3 && !testing.Short(); threads++ { // natively only, see threadCounts
			f, h := trainedClasses(t, threads)
			if !bytes.Equal(f, file) || !slices.Equal(h, history) {
				t.Errorf("%s: %d threads train another model, or with other losses, than one", isa, threads)
			}
		}
		var bits []byte
		for _, x := range history {
			bits = binary.LittleEndian.AppendUint64(bits, math.Float64bits(x))
		}
		if got := hash(bits); got != goldenClassLosses {
			t.Errorf("%s: hash of the losses is %s, want %s; they are %v", isa, got, goldenClassLosses, history)
		}
		if got := checksumOf(t, file); got != goldenClassModel {
			t.Errorf("%s: checksum of the trained model is %s, want %s", isa, got, goldenClassModel)
		}

		m, err := autoreg.Load[*autoreg.Classifier](bytes.NewReader(file), nil)
		if err != nil {
			t.Fatal(err)
		}
		task := classTask()
		var probs []float32
		for _, doc := range append(task.Documents, "", "gently") {
			p, err := m.Classify(doc)
			if err != nil {
				t.Fatal(err)
			}
			probs = append(probs, p...)
		}
		if got := hashFloats(probs); got != goldenClassProbs {
			t.Errorf("%s: hash of the probabilities is %s, want %s; they begin %v", isa, got, goldenClassProbs, probs[:6])
		}
		_, docs, err := train.SplitDocs(task.Documents, 0.2)
		if err != nil {
			t.Fatal(err)
		}
		_, labels, err := train.SplitDocs(task.Labels, 0.2)
		if err != nil {
			t.Fatal(err)
		}
		for threads := range 3 {
			s, err := m.Score(context.Background(), func(yield func(string, string) bool) {
				for i := range docs {
					if !yield(docs[i], labels[i]) {
						return
					}
				}
			}, &autoreg.ScoreOptions{Threads: threads})
			last := history[len(history)-3:]
			if err != nil || s.Mean() != last[1] || s.Accuracy() != last[2] {
				t.Errorf("%s: the score is %+v, %v; training said the loss is %v and the accuracy %v", isa, s, err, last[1], last[2])
			}
		}
	})
}
