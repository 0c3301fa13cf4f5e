package promises

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
	"github.com/autoreg/autoreg/tokenizer"
	"github.com/autoreg/autoreg/train"
)

// goldenUnits are hashes of models of other tokens than words, after a short training, and
// of what they write.
var goldenUnits = []struct {
	name   string
	v      tokenizer.Options
	stream bool
	prompt string
	model  string
	texts  string
}{
	{"bytes", tokenizer.Options{Unit: tokenizer.Bytes}, false, "Recipe for é",
		"6df1b9dae721da8683a57f07c38e51419bf2ac630e499d4efef2ea5f4e24adda",
		"e548f61f7d8ceb5b610b6dd71a54fc6549d59312777ff69b64f208ee9360ebbd"},
	{"characters", tokenizer.Options{Unit: tokenizer.Characters, NoStop: true, NoUnknown: true}, true, "Recipe for é",
		"d0ff48c56f546afd140161c070824c900259dd99388bfe43bc2cea6d47b9f120",
		"1fefe1d11553ce5e0598ce7f1f25677b2910860a5e73a9bbbd0dc9febed335dc"},
	{"characters in documents", tokenizer.Options{Unit: tokenizer.Characters, NoStop: true, MinCount: 9}, false, "Recipe for é",
		"709ea78fcd99d3b8f1e01751be7a40cc4d5c24c9a21e3f0db7b8bae9845b54ec",
		"26ede132e711494617608e02f9341c61f64260c01e9deceee236450a7a75aca9"},
	{"words of Penn Treebank", tokenizer.Options{Case: tokenizer.KeepCase, Punctuation: tokenizer.KeepPunctuation, LineEnds: true, NoStop: true, UnknownWord: "salt."}, true, "Recipe for roasted",
		"28a8a8375325c510a343e090ce9517e9fbd47b043d43fc6d03034ae0410818d7",
		"75753ae2bb28d780375613ee1d60b31597d4bfb301618304de4485417967db41"},
	{"stems", tokenizer.Options{Stem: "english"}, false, "Recipes for roasted",
		"e3c779297c8dfc97c967897864888d07a952c4b982e545d03e8adad365ce431f",
		"8c78a3868b7acf9f5be26be0e96288ee1a79709006bf3cb6cb050f393beaf4d4"},
}

// unitsCorpus is some of goldenCorpus, with characters of several bytes and the ends of lines.
func unitsCorpus() []string {
	docs := goldenCorpus()[:10]
	for i, doc := range docs {
		docs[i] = doc + []string{" é", "\n— ü", " 🙂 “ok”\n", ""}[i%4]
	}
	return docs
}

// TestGoldenUnits trains on bytes, characters and words as others have them, and samples
// from what it trained. What the model says of its documents is what the training says.
func TestGoldenUnits(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range goldenUnits {
			var file []byte
			for _, threads := range threadCounts() {
				task := &train.Text{
					Documents: unitsCorpus(), Vocabulary: c.v, Stream: c.stream,
					Embedding: 7, Layers: []layers.Spec{&layers.LSTMSpec{Units: 18}}, Length: 200,
				}
				if c.stream {
					task.Length = 17
				}
				again, _ := trainedFile(t, task, &train.Options{BatchSize: 5, Epochs: 2, LearningRate: 0.05, Seed: 5, Threads: threads})
				if file != nil && !bytes.Equal(file, again) {
					t.Errorf("%s, %s: %d threads train another model than one", isa, c.name, threads)
				}
				file = again
				if !c.stream {
					sameScore(t, c.name, task, file)
				}
			}
			if got := checksumOf(t, file); got != c.model {
				t.Errorf("%s, %s: checksum of the trained model is %s, want %s", isa, c.name, got, c.model)
			}
			m, err := autoreg.Load[*autoreg.TextModel](bytes.NewReader(file), nil)
			if err != nil {
				t.Fatal(err)
			}
			var all strings.Builder
			for seed := range uint64(3) {
				for _, temperature := range []float64{0, 0.6, 1.2} {
					g, err := m.Generate(context.Background(), c.prompt, &autoreg.GenerateOptions{
						Sampling: sampler.Options{Temperature: &temperature}, Seed: seed, MaxTokens: 60,
					})
					if err != nil {
						t.Fatal(err)
					}
					all.WriteString(g.Text + "\x00")
				}
			}
			if got := hash([]byte(all.String())); got != c.texts {
				t.Errorf("%s, %s: hash of the generated texts is %s, want %s; they begin %.300q", isa, c.name, got, c.texts, all.String())
			}
		}
	})
}

// sameScore compares the losses of the documents by the training and by the model.
func sameScore(t *testing.T, name string, task *train.Text, file []byte) {
	t.Helper()
	e, err := task.Evaluate(context.Background(), task.Training(), nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := autoreg.Load[*autoreg.TextModel](bytes.NewReader(file), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Score(context.Background(), slices.Values(task.Documents), nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Loss != e.Sum || int64(s.Symbols) != e.Positions {
		t.Errorf("%s: the model scores %v in %d predictions, the training %v in %d", name, s.Loss, s.Symbols, e.Sum, e.Positions)
	}
}
