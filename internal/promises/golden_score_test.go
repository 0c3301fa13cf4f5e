package promises

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/testkit"
)

// The same promise for scores of texts, and for what a beam search finds.
const (
	goldenScores = "2bf59e09add5f4982d84ade90222760732235ea182f4ac5fe5318b48a711caa7"
	goldenBeams  = "86f615a541cf36cc1b7ddca63d1a538d28df28c3ecdc14d4ccffc170068dd58b"
)

// TestGoldenScores scores texts, token by token, with any number of threads.
func TestGoldenScores(t *testing.T) {
	m := trainedText(t)
	docs := append(goldenCorpus(), "", "serve", "salt the quinoa and the onions; roast them, 3 times over")
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for threads := range 4 {
			var bits []byte
			add := func(s autoreg.Score) {
				bits = binary.LittleEndian.AppendUint64(bits, math.Float64bits(s.Loss))
				bits = binary.LittleEndian.AppendUint64(bits, math.Float64bits(s.Perplexity()))
			}
			for _, o := range []autoreg.ScoreOptions{{Tokens: true}, {Prefix: "recipe for", Length: 7}} {
				o.Threads = threads
				for d, err := range m.ScoreEach(context.Background(), slices.Values(docs), &o) {
					if err != nil {
						t.Fatal(err)
					}
					for _, token := range d.Tokens {
						bits = binary.LittleEndian.AppendUint32(bits, math.Float32bits(token.LogProb))
					}
					if d.Items > 0 {
						add(d.Score)
					}
				}
				sum, err := m.Score(context.Background(), slices.Values(docs), &o)
				if err != nil {
					t.Fatal(err)
				}
				add(sum)
			}
			if got := hash(bits); got != goldenScores {
				t.Errorf("%s, %d threads: hash of the scores is %s, want %s", isa, threads, got, goldenScores)
			}
		}
	})
}

// TestGoldenBeams searches with any number of threads.
func TestGoldenBeams(t *testing.T) {
	m := trainedText(t)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for threads := range 4 {
			var all []byte
			for _, o := range []autoreg.BeamOptions{{Width: 1}, {}, {Width: 9, LengthPenalty: 0.6}, {Width: 20, LengthPenalty: 2, AllowUnknown: true}} {
				o.Threads, o.MaxTokens = threads, 30
				for _, prompt := range []string{"recipe for", "serve", "roast the"} {
					beams, err := m.Beam(context.Background(), prompt, &o)
					if err != nil {
						t.Fatal(err)
					}
					for _, b := range beams {
						all = append(append(all, b.Text...), '\n')
						all = binary.LittleEndian.AppendUint64(all, math.Float64bits(b.LogProb))
						all = binary.LittleEndian.AppendUint64(all, math.Float64bits(b.Score))
					}
				}
			}
			if got := hash(all); got != goldenBeams {
				t.Errorf("%s, %d threads: hash of the beams is %s, want %s; they begin %.200q", isa, threads, got, goldenBeams, all)
			}
		}
	})
}

// trainedText returns the model of a short training run, which is the same on every
// instruction set.
func trainedText(t *testing.T) *autoreg.TextModel {
	t.Helper()
	file, _ := trained(t, 1)
	m, err := autoreg.Load[*autoreg.TextModel](bytes.NewReader(file), nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
