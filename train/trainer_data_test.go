package train

import (
	"context"
	"math"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/tokenizer"
	"github.com/autoreg/autoreg/train/corpus"
)

// An epoch over a slice of real recipes teaches something, and the validation
// documents show that it is not only by heart.
func TestRealTraining(t *testing.T) {
	texts, err := corpus.Read([]string{testkit.DataFile(t, "cookbooks/recipes.json.gz")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, ignore := range []bool{false, true} {
		tr, err := textRun{
			Text{Vocabulary: tokenizer.Options{VocabularySize: 1000}, Embedding: 32, Layers: oneLSTM(48), Length: 80, CountPadding: !ignore, CutLong: !ignore},
			Options{BatchSize: 8, LearningRate: 0.005, Epochs: 2, Validation: 0.1},
		}.new(texts.Docs[:256])
		if err != nil {
			t.Fatal(err)
		}
		first := 0.0
		if err := tr.Run(context.Background(), &RunOptions{OnStep: func(s Stats) {
			if first == 0 {
				first = s.Loss
			}
		}}); err != nil {
			t.Fatal(err)
		}
		h := tr.History()
		t.Logf("ignore=%v: first batch %.3f, then %+v", ignore, first, h)
		if math.Abs(first-math.Log(1000)) > 0.05 {
			t.Errorf("ignore=%v: the first loss is %v, want about ln 1000", ignore, first)
		}
		if a, b := h[0], h[1]; !(a.Loss < first-0.5 && b.Loss < a.Loss && b.ValLoss < a.ValLoss && a.ValLoss < first-1) {
			t.Errorf("ignore=%v: first batch %.3f, then %+v: want it to fall", ignore, first, h)
		}
	}
}
