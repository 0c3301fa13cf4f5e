package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/tokenizer"
)

// naiveCopied is Copied by comparing every run with every other.
func naiveCopied(training []int32, ids []int) (share float64, ok bool) {
	found, n := 0, len(ids)-copiedGram+1
	if n <= 0 {
		return 0, false
	}
	for i := range n {
		for k := range max(len(training)-copiedGram+1, 0) {
			if equalIDs(ids[i:i+copiedGram], training[k:k+copiedGram]) {
				found++
				break
			}
		}
	}
	return float64(found) / float64(n), true
}

func TestCopied(t *testing.T) {
	var docs []string
	for i := range 30 {
		docs = append(docs, fmt.Sprintf("boil the %d oats and sip the tea while %d cups of it are warm , then serve %d .", i, i*i%7, i%4))
	}
	tok, err := tokenizer.Learn(slices.Values(docs), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []*DatasetOptions{{}, {Length: 5}, {Tracks: 3, Length: 7}} {
		d, err := NewDataset(docs, tok, o)
		if err != nil {
			t.Fatal(err)
		}
		own := tok.Append(nil, docs[7])
		if share, ok := d.Copied(own); share != 1 || !ok {
			t.Errorf("%+v: a document has share %v, %v, want 1", o, share, ok)
		}
		r := rand.New(rand.NewPCG(1, 2))
		random := make([]int, 200)
		for i := range random {
			random[i] = r.IntN(tok.Len())
		}
		if share, ok := d.Copied(random); share != 0 || !ok {
			t.Errorf("%+v: random ids have share %v, %v, want 0", o, share, ok)
		}
		half := append(slices.Clone(own[:12]), random[:12]...) // 5 of 17 runs
		if share, _ := d.Copied(half); share != 5./17 {
			t.Errorf("%+v: half a document has share %v, want 5 of 17", o, share)
		}
		for n := range copiedGram {
			if share, ok := d.Copied(own[:n]); share != 0 || ok {
				t.Errorf("%+v: %d ids have share %v, %v, want none", o, n, share, ok)
			}
		}
		if share, ok := d.Copied(own[:copiedGram]); share != 1 || !ok {
			t.Errorf("%+v: %d ids have share %v, %v, want 1", o, copiedGram, share, ok)
		}
		if share, _ := d.Copied([]int{-1, math.MaxInt, 0, 0, 0, 0, 0, 0}); share != 0 {
			t.Errorf("%+v: ids that the model does not have: share %v", o, share)
		}
	}
}

// Few ids make runs that repeat and overlap.
func TestCopiedNaive(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		symbols := 1 + r.IntN(3)
		d := &Dataset{ids: make([]int32, r.IntN(300))}
		for i := range d.ids {
			d.ids[i] = int32(r.IntN(symbols))
		}
		ids := make([]int, r.IntN(60))
		for i := range ids {
			ids[i] = r.IntN(symbols)
		}
		share, ok := d.Copied(ids)
		if want, wantOK := naiveCopied(d.ids, ids); share != want || ok != wantOK {
			t.Fatalf("Copied(%v) in %v = %v, %v, want %v, %v", ids, d.ids, share, ok, want, wantOK)
		}
	}
}

func BenchmarkCopied(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	d := &Dataset{ids: make([]int32, 1<<20)}
	for i := range d.ids {
		d.ids[i] = int32(r.IntN(10000))
	}
	ids := make([]int, 1000)
	for i := range ids {
		ids[i] = r.IntN(10000)
	}
	b.SetBytes(int64(len(d.ids)))
	for b.Loop() {
		d.Copied(ids)
	}
}

// Runs across the ends of documents are none of a document; those across windows are.
func TestCopiedWithinDocuments(t *testing.T) {
	docs := []string{"a b c d", "", "e f g h", "a b c d e f g h i"}
	tok, err := tokenizer.Learn(slices.Values(docs), nil)
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]float64{3: 0, 4: 1} {
		for _, length := range []int{3, 100} {
			d, err := NewDataset(docs[:n], tok, &DatasetOptions{Length: length})
			if err != nil {
				t.Fatal(err)
			}
			if share, _ := d.Copied(tok.Append(nil, "a b c d e f g h")); share != want {
				t.Errorf("%d documents in sequences of %d: share %v, want %v", n, length, share, want)
			}
		}
	}
}
