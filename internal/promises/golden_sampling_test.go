package promises

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/sampler"
)

// The same promise for texts with every transform, each alone and all at once, for their
// log-probabilities and alternatives, and for snapshots.
const (
	goldenTransforms = "81b2d3db60a863c18b219d94b92de43ea624384638866698d856fd625f4e83c1"
	goldenSnapshot   = "fe039ff68651fb5d91773a081c196acfdd0b0a2bc10b84a6ecaf00bf5c7ec9f4"
)

// TestGoldenTransforms draws texts, at once and on from a restored stream.
func TestGoldenTransforms(t *testing.T) {
	m := trainedText(t)
	hot := new(1.4)
	settings := []sampler.Options{
		{Temperature: hot, TopP: 0.8},
		{Temperature: hot, MinP: 0.05},
		{Temperature: hot, TypicalP: 0.7},
		{Temperature: hot, Penalties: sampler.Penalties{Repetition: 1.3, Presence: 0.4, Frequency: 0.2, Window: 20}},
		{Temperature: hot, Bias: []sampler.SymbolBias{{ID: 3, Bias: 1.5}, {ID: 5, Bias: -2}}, Ban: []int{4, 7}},
		{
			Temperature: hot, TopK: 30, TypicalP: 0.95, TopP: 0.9, MinP: 0.01,
			Penalties: sampler.Penalties{Repetition: 1.1, Presence: 0.2, Frequency: 0.1},
			Bias:      []sampler.SymbolBias{{ID: 2, Bias: 0.5}}, Ban: []int{6},
		},
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		s := m.NewStream()
		for _, id := range m.Tokenizer().Append(nil, "recipe for") {
			s.Advance(id)
		}
		kept := s.Snapshot()
		if got := hash(kept); got != goldenSnapshot {
			t.Errorf("%s: hash of the snapshot is %s, want %s", isa, got, goldenSnapshot)
		}
		from, err := m.Restore(kept)
		if err != nil {
			t.Fatal(err)
		}
		var all []byte
		for _, o := range settings {
			for seed := range uint64(8) {
				for _, o := range []autoreg.GenerateOptions{
					{Sampling: o, OmitPrompt: true},
					{Sampling: o, From: from},
					{Sampling: o, From: from, StopStrings: []string{" and", "."}},
				} {
					o.Seed, o.NewTokens, o.Alternatives = seed, 30, 3
					prompt := ""
					if o.From == nil {
						prompt = "recipe for"
					}
					text := ""
					for piece, err := range m.Text(context.Background(), prompt, &o) {
						if err != nil {
							t.Fatal(err)
						}
						text += piece.Text
						if piece.ID >= 0 {
							all = binary.LittleEndian.AppendUint32(all, math.Float32bits(piece.LogProb))
						}
						for _, other := range piece.Alternatives {
							all = binary.LittleEndian.AppendUint32(all, uint32(other.ID))
							all = binary.LittleEndian.AppendUint32(all, math.Float32bits(other.LogProb))
						}
						if piece.End != nil {
							text += fmt.Sprint("\n", *piece.End, "\n")
						}
					}
					all = append(all, text...)
				}
			}
		}
		if got := hash(all); got != goldenTransforms {
			t.Errorf("%s: hash of the texts is %s, want %s", isa, got, goldenTransforms)
		}
	})
}
