package autoreg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
)

// few is a model of so few symbols that all texts can be tried.
func few(t testing.TB) *TextModel {
	return random(t, 6, model.Config{Symbols: 6, Embedding: 5, Layers: []layers.Spec{&layers.LSTMSpec{Units: 7}}, Length: 20})
}

// afterwards returns ln p of each symbol after ids, as Step.LogProb has it.
func afterwards(m *TextModel, unknown bool, ids []int) (logits, logProbs []float32) {
	s, x := m.NewStream(), make([]float32, m.Symbols())
	s.AllowUnknown(unknown)
	for _, id := range ids {
		s.Advance(id)
	}
	s.Logits(x)
	lse := kernels.LogSumExp(x, make([]float32, len(x)))
	p := make([]float32, len(x))
	for i, v := range x {
		p[i] = v - lse
	}
	return x, p
}

// byScore sorts texts as Beam returns them and cuts the list.
func byScore(list []Beam, alpha float64, width int) []Beam {
	for i, b := range list {
		list[i].Score = b.LogProb / lengthPenalty(len(b.IDs), alpha)
	}
	slices.SortStableFunc(list, func(a, b Beam) int { return cmp.Compare(b.Score, a.Score) })
	return list[:min(len(list), width)]
}

// exhaustive returns all texts of up to room new symbols.
func exhaustive(m *TextModel, unknown bool, prompt []int, room int) (list []Beam) {
	var extend func(b Beam)
	extend = func(b Beam) {
		if n := len(b.IDs); n > 0 && b.IDs[n-1] == m.Tokenizer().Stop() {
			b.Reason = sampler.ReasonStop
			list = append(list, b)
			return
		}
		if len(b.IDs) == room {
			b.Reason = sampler.ReasonLength
			list = append(list, b)
			return
		}
		_, p := afterwards(m, unknown, append(slices.Clone(prompt), b.IDs...))
		for id, v := range p {
			if v >= -math.MaxFloat32 {
				extend(Beam{IDs: append(slices.Clone(b.IDs), id), LogProb: b.LogProb + float64(v)})
			}
		}
	}
	extend(Beam{})
	return list
}

// TestBeamExhaustive: a search that is wide enough finds every text, so that its order is
// that of all of them.
func TestBeamExhaustive(t *testing.T) {
	m := few(t)
	prompt := m.Tokenizer().Word(4)
	for _, unknown := range []bool{false, true} {
		for _, alpha := range []float64{0, 0.6, 1, 3} {
			all := exhaustive(m, unknown, m.Tokenizer().Append(nil, prompt), 4)
			want := byScore(all, alpha, len(all))
			got, err := m.Beam(t.Context(), prompt, &BeamOptions{Width: 1024, NewTokens: 4, LengthPenalty: alpha, AllowUnknown: unknown})
			if err != nil || len(got) != len(want) {
				t.Fatalf("%d texts, %v; want %d", len(got), err, len(want))
			}
			for i, b := range got {
				if !slices.Equal(b.IDs, want[i].IDs) || b.LogProb != want[i].LogProb || b.Score != want[i].Score || b.Reason != want[i].Reason {
					t.Fatalf("α %v, text %d is %+v, want %+v", alpha, i, b, want[i])
				}
			}
		}
	}
}

// plainBeam is Beam as its comment says it, without anything clever.
func plainBeam(m *TextModel, prompt []int, width, room int, alpha float64) []Beam {
	kept, found := []Beam{{}}, []Beam(nil)
	for length := 1; len(found) < width && len(kept) > 0; length++ {
		type rank struct {
			parent int
			logit  float32
			b      Beam
		}
		var ranks []rank
		for parent, b := range kept {
			x, p := afterwards(m, false, append(slices.Clone(prompt), b.IDs...))
			for id, v := range p {
				if v >= -math.MaxFloat32 {
					ranks = append(ranks, rank{parent, x[id], Beam{IDs: append(slices.Clone(b.IDs), id), LogProb: b.LogProb + float64(v), Reason: sampler.ReasonLength}})
				}
			}
		}
		slices.SortFunc(ranks, func(a, b rank) int {
			return cmp.Or(cmp.Compare(b.b.LogProb, a.b.LogProb), cmp.Compare(a.parent, b.parent), cmp.Compare(b.logit, a.logit), slices.Compare(a.b.IDs, b.b.IDs))
		})
		kept = nil
		for i, r := range ranks {
			switch ends := r.b.IDs[length-1] == m.Tokenizer().Stop(); {
			case ends && i < width:
				r.b.Reason = sampler.ReasonStop
				found = append(found, r.b)
			case !ends && len(kept) < width:
				kept = append(kept, r.b)
			}
		}
		if length == room && len(found) < width {
			found = append(found, kept...)
			break
		}
	}
	return byScore(found, alpha, width)
}

func TestBeamReference(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for name, m := range map[string]*TextModel{"small": small(t), "few": few(t), "tied": evenly(t)} {
			for _, width := range []int{1, 2, 5, 13} {
				for i, alpha := range []float64{0, 0.7, 2} {
					prompt := m.Tokenizer().Word(2 + i)
					want := plainBeam(m, m.Tokenizer().Append(nil, prompt), width, 12, alpha)
					for _, threads := range []int{1, 2, 3, 0} {
						got, err := m.Beam(t.Context(), prompt, &BeamOptions{Width: width, NewTokens: 12, LengthPenalty: alpha, Threads: threads, Plain: true})
						if err != nil {
							t.Fatal(err)
						}
						for i := range got {
							got[i].Text = ""
						}
						if !reflect.DeepEqual(got, want) {
							t.Fatalf("%s, width %d, α %v, %d threads: %+v, want %+v", name, width, alpha, threads, got, want)
						}
					}
				}
			}
		}
	})
}

// evenly is a model all of whose symbols are equally likely, and so are all texts of a
// length: only ties decide.
func evenly(t testing.TB) *TextModel {
	return edited(t, few(t), func(weights func(string) []float32) {
		clear(weights("output.weight"))
		clear(weights("output.bias"))
	})
}

// TestBeamGreedy: with width 1 the text is that of Generate at temperature 0.
func TestBeamGreedy(t *testing.T) {
	for _, m := range []*TextModel{small(t), few(t), evenly(t), openTiny(t)} {
		for id := 2; id < m.Tokenizer().Len(); id++ {
			for _, alpha := range []float64{0, 1} {
				prompt := m.Tokenizer().Word(id)
				o := GenerateOptions{Sampling: sampler.Options{Temperature: new(0.0)}, LogProbs: true, MaxTokens: 20, Plain: id%2 == 0, OmitPrompt: id%3 == 0, AllowUnknown: id%4 == 0}
				want, err := m.Generate(t.Context(), prompt, &o)
				if err != nil {
					t.Fatal(err)
				}
				got, err := m.Beam(t.Context(), prompt, &BeamOptions{Width: 1, LengthPenalty: alpha, MaxTokens: 20, Plain: o.Plain, OmitPrompt: o.OmitPrompt, AllowUnknown: o.AllowUnknown})
				if err != nil || len(got) != 1 {
					t.Fatalf("%+v, %v", got, err)
				}
				sum := 0.0
				for piece, err := range m.Text(t.Context(), prompt, &o) {
					if err != nil {
						t.Fatal(err)
					}
					sum += float64(piece.LogProb)
				}
				if b := got[0]; b.Text != want.Text || b.Reason != want.Reason || len(b.IDs) != want.NewTokens || b.LogProb != sum {
					t.Errorf("%+v, want %+v with ln p %v", b, want, sum)
				}
			}
		}
	}
}

func TestBeamOptions(t *testing.T) {
	m := small(t)
	word := m.Tokenizer().Word(3)
	for want, o := range map[string]BeamOptions{
		"Width is -1: want 1 to 1024, or 0 for 4":       {Width: -1},
		"Width is 1025: want 1 to":                      {Width: 1025},
		"LengthPenalty is -0.5: want 0 to 10":           {LengthPenalty: -0.5},
		"LengthPenalty is NaN: want 0 to 10":            {LengthPenalty: math.NaN()},
		"LengthPenalty is +Inf: want 0 to 10":           {LengthPenalty: math.Inf(1)},
		"Threads is -1: want 1 or more":                 {Threads: -1},
		"NewTokens is -1: want 1 or more, or 0 for no":  {NewTokens: -1},
		"MaxTokens is -22: want 1 or more, or 0 for no": {MaxTokens: -22},
	} {
		var option *OptionError
		list, err := m.Beam(t.Context(), word, &o)
		if !errors.As(err, &option) || list != nil || !strings.HasPrefix(err.Error(), "autoreg: "+want) || option.Field != strings.Fields(want)[0] {
			t.Errorf("%+v: %v, %v; want %q", o, list, err, want)
		}
	}
	if _, err := m.Beam(t.Context(), " ", nil); !errors.Is(err, ErrEmptyPrompt) {
		t.Errorf("an empty prompt: %v", err)
	}
	list, err := m.Beam(t.Context(), word, nil)
	if err != nil || len(list) == 0 || len(list) > defaultBeamWidth {
		t.Errorf("nil options: %d texts, %v", len(list), err)
	}
	list, err = m.Beam(t.Context(), word+" "+word, &BeamOptions{MaxTokens: 2})
	if err != nil || len(list) != 1 || list[0].Text != word+" "+word || len(list[0].IDs) != 0 || list[0].Reason != sampler.ReasonLength {
		t.Errorf("no room: %+v, %v", list, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if list, err := m.Beam(ctx, word, nil); list != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v, %v", list, err)
	}
	failed := false
	for _, sign := range []float32{1, -1} { // one of them makes all logits infinite
		broken := edited(t, m, func(weights func(string) []float32) {
			for _, name := range []string{"output.bias", "output.weight"} {
				for i := range weights(name) {
					weights(name)[i] = math.MaxFloat32
					if name == "output.weight" {
						weights(name)[i] *= sign
					}
				}
			}
		})
		if list, err := broken.Beam(t.Context(), word, nil); err != nil {
			failed = list == nil && errors.Is(err, sampler.ErrNoSymbol)
		}
	}
	if !failed {
		t.Error("a search among logits that are infinite finds a text")
	}
}

// A step of a search allocates nothing, but for the list of its symbols.
func TestBeamNoAllocs(t *testing.T) {
	m := edited(t, few(t), func(weights func(string) []float32) { weights("output.bias")[0] = -1000 })
	stream := m.NewStream()
	stream.Advance(3)
	s := newBeamSearch(stream, 5, kernels.NewWorkers(1))
	s.nodes = make([]beamNode, 0, 1<<20)
	steps := 0
	testkit.NoAllocs(t, func() {
		steps += 1000
		if err := s.run(t.Context(), 1000); err != nil {
			t.Fatal(err)
		}
		s.found = s.found[:0]
	})
}

func ExampleTextModel_Beam() {
	m, err := Open[*TextModel]("testdata/tiny.safetensors")
	if err != nil {
		fmt.Println(err)
		return
	}
	beams, err := m.Beam(context.Background(), "recipe for", &BeamOptions{Width: 3, LengthPenalty: 0.6})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, b := range beams {
		fmt.Printf("%.2f %s\n", b.LogProb, b.Text)
	}
	// Output:
	// -2.66 recipe for roasted carrots and roast them until tender.
	// -2.66 recipe for roasted carrots and roast them until brown.
	// -2.66 recipe for roasted carrots and bake them until tender.
}
