package autoreg

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
	"github.com/autoreg/autoreg/tokenizer"
)

// someDocuments returns documents of many lengths, some without a token, some with words
// that the model does not know, some that are not UTF-8.
func someDocuments(m *TextModel, n int) []string {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	tok := m.Tokenizer()
	docs := make([]string, n)
	for i := range docs {
		length := rng.IntN(12)
		switch rng.IntN(10) {
		case 0:
			length = 0
		case 1:
			length = 60
		}
		words := make([]string, length)
		for k := range words {
			if words[k] = tok.Word(1 + rng.IntN(tok.Len()-1)); rng.IntN(12) == 0 {
				words[k] = "qu\xffinoa\xc3"
			}
		}
		docs[i] = strings.Join(words, " ")
	}
	return docs
}

// oneByOne is ScoreEach without anything clever.
func oneByOne(m *TextModel, docs []string, o *ScoreOptions) (list []DocumentScore) {
	x, scratch := make([]float32, m.Symbols()), make([]float32, m.Symbols())
	prefix := m.Tokenizer().Append(nil, o.Prefix)
	for _, doc := range docs {
		score := DocumentScore{Text: doc}
		ids := m.Tokenizer().Append(nil, doc)
		if len(ids) > 0 {
			ids = append(ids, m.Tokenizer().Stop())
			score.Items = 1
		}
		if o.Length > 0 {
			ids = ids[:min(o.Length, len(ids))]
		}
		s := m.text.Stack.NewState()
		for _, id := range prefix {
			s.Advance(id)
		}
		if o.Tokens {
			score.Tokens = []TokenScore{}
		}
		for i, id := range ids {
			if i > 0 || len(prefix) > 0 {
				s.Logits(x)
				l := x[id] - kernels.LogSumExp(x, scratch)
				score.Symbols++
				score.Loss -= float64(l)
				if id == m.Tokenizer().Unknown() {
					score.Unknown++
				}
				if o.Tokens {
					score.Tokens = append(score.Tokens, TokenScore{id, m.Tokenizer().Word(id), l})
				}
			}
			s.Advance(id)
		}
		list = append(list, score)
	}
	return list
}

// TestScoreEach: documents that are read together have the scores of documents read one
// by one, to the bit, whatever their number and the threads', and come in their order.
func TestScoreEach(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		m := small(t)
		docs := someDocuments(m, 80)
		word := m.Tokenizer().Word
		for _, o := range []ScoreOptions{
			{}, {Tokens: true}, {Length: 5}, {Length: 2, Tokens: true},
			{Prefix: word(4), Tokens: true}, {Prefix: word(4) + " " + word(3) + " " + word(9), Length: 1},
		} {
			want := oneByOne(m, docs, &o)
			for _, threads := range []int{0, 1, 2, 3} {
				for _, c := range []struct{ rows, waiting, tokens int }{{0, 0, 0}, {1, 9, 9}, {2, 3, 1000}, {7, 1000, 1}, {7, 1000, 100}, {80, 1000, 1000}} {
					o.Threads = threads
					s, err := m.newScorer(t.Context(), &o)
					if err != nil {
						t.Fatal(err)
					}
					if c.rows > 0 {
						s.rows, s.waiting, s.waitingTokens = c.rows, c.waiting, c.tokens
					}
					var got []DocumentScore
					taken := 0
					for d, err := range s.run(func(yield func(string) bool) {
						for _, doc := range docs {
							if taken++; !yield(doc) {
								return
							}
						}
					}) {
						if err != nil {
							t.Fatal(err)
						}
						if ahead := taken - len(got); c.rows > 0 && ahead > c.waiting {
							t.Fatalf("%+v: %d documents taken before this one is yielded", c, ahead)
						}
						got = append(got, d.score(s))
					}
					if !reflect.DeepEqual(got, want) {
						t.Fatalf("%+v, %+v: %+v, want %+v", o, c, got, want)
					}
				}
			}
		}
	})
}

// The sum of the documents' predictions, in order, is what Score returns.
func TestScoreEachIsScore(t *testing.T) {
	m := openTiny(t)
	for _, o := range []ScoreOptions{{Tokens: true}, {Tokens: true, Prefix: "recipe", Length: 4}} {
		var sum Score
		for d, err := range m.ScoreEach(t.Context(), slices.Values(tinyTexts), &o) {
			if err != nil {
				t.Fatal(err)
			}
			sum.Items++
			sum.Unknown += d.Unknown
			sum.Symbols += len(d.Tokens)
			for _, token := range d.Tokens {
				sum.Loss -= float64(token.LogProb)
			}
		}
		if got, err := m.Score(t.Context(), slices.Values(tinyTexts), &o); err != nil || got != sum {
			t.Errorf("%+v: %+v, %v; the documents have %+v", o, got, err, sum)
		}
	}
}

func TestScoreEachEnds(t *testing.T) {
	m := small(t)
	docs := someDocuments(m, 200)
	for range m.ScoreEach(t.Context(), slices.Values([]string(nil)), nil) {
		t.Error("no documents have a score")
	}
	n := 0
	for range m.ScoreEach(t.Context(), slices.Values(docs), nil) {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("%d scores before the loop was left", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	want := oneByOne(m, docs, &ScoreOptions{})
	n = 0
	for d, err := range m.ScoreEach(ctx, slices.Values(docs), &ScoreOptions{Threads: 2}) {
		if n++; n == 5 {
			cancel()
		}
		if err != nil {
			if !errors.Is(err, context.Canceled) || !reflect.DeepEqual(d, DocumentScore{}) || n > len(docs) {
				t.Errorf("score %d: %+v, %v", n, d, err)
			}
			n = -1
			break
		}
		if !reflect.DeepEqual(d, want[n-1]) {
			t.Errorf("score %d: %+v, want %+v", n, d, want[n-1])
		}
	}
	if n != -1 {
		t.Errorf("%d scores without an error", n)
	}
	for _, o := range []ScoreOptions{{Length: 1}, {Threads: -1}, {Width: 2}, {Prefix: " "}} {
		n, failed := 0, error(nil)
		for _, failed = range m.ScoreEach(t.Context(), slices.Values(docs), &o) {
			n++
		}
		if option := (*OptionError)(nil); n != 1 || !errors.As(failed, &option) {
			t.Errorf("%+v: %d scores, %v", o, n, failed)
		}
	}
}

// spelled returns a model of random weights over letters or bytes, without a stop token.
func spelled(t testing.TB, unit tokenizer.Unit) *TextModel {
	t.Helper()
	vocabulary := []string{"a", "b", "c", "é", " "}
	if unit == tokenizer.Bytes {
		vocabulary = nil
	}
	tok, err := tokenizer.New(vocabulary, &tokenizer.Options{Unit: unit, NoStop: true, NoUnknown: true})
	if err != nil {
		t.Fatal(err)
	}
	c := model.Config{Symbols: tok.Len(), Embedding: 5, Layers: []layers.Spec{&layers.LSTMSpec{Units: 7}}, Length: 20}
	return textModel(t, c, tok, func(weights func(string) []float32) {
		for i, name := range []string{"embedding.weight", "lstm.weight_ih_l0", "lstm.weight_hh_l0", "output.weight"} {
			testkit.Values(weights(name), uint64(i), 1)
		}
	})
}

// TestScoreWithoutStop: a document of n tokens has n-1 predictions where there is no stop
// token, and none that are left out where there is no unknown token.
func TestScoreWithoutStop(t *testing.T) {
	letters := spelled(t, tokenizer.Characters)
	docs := []string{"", "abba", "é", "a b", "xa", "ba"}
	symbols := []int{0, 3, 0, 2}
	n := 0
	for d, err := range letters.ScoreEach(t.Context(), slices.Values(docs), nil) {
		if n == len(symbols) {
			if want := `autoreg: document 5 holds the character "x", which the model does not know, and it has no token for unknown ones`; err == nil || err.Error() != want {
				t.Errorf("%+v, %v; want %s", d, err, want)
			}
		} else if err != nil || d.Text != docs[n] || d.Symbols != symbols[n] || d.Items != min(len(docs[n]), 1) {
			t.Errorf("%q: %+v, %v; want %d predictions", docs[n], d, err, symbols[n])
		}
		n++
	}
	if n != len(symbols)+1 {
		t.Errorf("%d scores", n)
	}
	if _, err := letters.Score(t.Context(), slices.Values([]string{"é", "a", ""}), nil); !errors.Is(err, ErrNothingToScore) {
		t.Errorf("documents of one token: %v", err)
	}
	var option *OptionError
	_, err := letters.Score(t.Context(), slices.Values(docs), &ScoreOptions{Prefix: "cx"})
	if !errors.As(err, &option) || err.Error() != `autoreg: Prefix holds the character "x", which the model does not know, and it has no token for unknown ones` {
		t.Errorf("a prefix: %v", err)
	}
	got, err := letters.Score(t.Context(), slices.Values([]string{"é"}), &ScoreOptions{Prefix: "ab"})
	if err != nil || got.Symbols != 1 {
		t.Errorf("after a prefix: %+v, %v", got, err)
	}

	got, err = spelled(t, tokenizer.Bytes).Score(t.Context(), slices.Values([]string{"a\xff\x00é", "b"}), nil)
	if err != nil || got != (Score{Items: 2, Symbols: 4, Loss: got.Loss}) {
		t.Errorf("bytes: %+v, %v", got, err)
	}

	beams, err := letters.Beam(t.Context(), "ab", &BeamOptions{Width: 3, NewTokens: 5})
	if err != nil || len(beams) != 3 {
		t.Fatalf("%+v, %v", beams, err)
	}
	for _, b := range beams {
		if len(b.IDs) != 5 || b.Reason != sampler.ReasonLength || !strings.HasPrefix(b.Text, "ab") {
			t.Errorf("%+v", b)
		}
	}
}

// Options for texts are refused by models of other kinds.
func TestScoreTextOptions(t *testing.T) {
	for want, o := range map[string]ScoreOptions{
		`Prefix is "carrots": it is for texts, leave it empty`: {Prefix: "carrots"},
		`Tokens is true: it is for texts, leave it out`:        {Tokens: true},
		`Length is 3: it is for texts, leave it at 0`:          {Length: 3},
	} {
		images := slices.Values([][]uint8{make([]uint8, 30)})
		if _, err := smallPixels(1).Score(t.Context(), images, &o); err == nil || err.Error() != "autoreg: "+want {
			t.Errorf("images: %v, want %q", err, want)
		}
	}
}

// A step allocates nothing, with one thread.
func TestScoreNoAllocs(t *testing.T) {
	m := small(t)
	s, err := m.newScorer(t.Context(), &ScoreOptions{Threads: 1, Prefix: m.Tokenizer().Word(3)})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.add(strings.Repeat(m.Tokenizer().Word(5)+" ", 12000*scoreSteps/4))
	}
	testkit.NoAllocs(t, func() {
		for range 250 {
			s.step()
		}
	})
	if len(s.shards[0].active) != 3 {
		t.Fatal("the documents have ended")
	}
}

func ExampleTextModel_ScoreEach() {
	m, err := Open[*TextModel]("testdata/tiny.safetensors")
	if err != nil {
		fmt.Println(err)
		return
	}
	lines := []string{"chop the carrots", "carrots the chop"}
	for line, err := range m.ScoreEach(context.Background(), slices.Values(lines), &ScoreOptions{Tokens: true}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%.2f nats per token: %s\n", line.Mean(), line.Text)
		for _, token := range line.Tokens {
			fmt.Printf("%7.2f %q\n", token.LogProb, token.Word)
		}
	}
	// Output:
	// 3.75 nats per token: chop the carrots
	//   -0.00 "the"
	//   -0.66 "carrots"
	//  -10.59 ""
	// 10.10 nats per token: carrots the chop
	//  -10.59 "the"
	//  -10.56 "chop"
	//   -9.14 ""
}

// BenchmarkScore scores documents of 5 to 44 words by models of 10,000, so many together.
func BenchmarkScore(b *testing.B) {
	for _, units := range []int{128, 512} {
		m := random(b, 10000, model.Config{Symbols: 10000, Embedding: 100, Layers: []layers.Spec{&layers.LSTMSpec{Units: units}}, Length: 20})
		docs := make([]string, 64)
		for i := range docs {
			for k := range 5 + i*7%40 {
				docs[i] += m.Tokenizer().Word(2+(i*31+k*17)%9998) + " "
			}
		}
		for _, threads := range []int{1, 2} {
			for _, rows := range []int{1, 32} {
				b.Run(fmt.Sprintf("h=%d/b=%d/threads=%d", units, rows, threads), func(b *testing.B) {
					tokens := 0
					for b.Loop() {
						s, err := m.newScorer(b.Context(), &ScoreOptions{Threads: threads})
						if err != nil {
							b.Fatal(err)
						}
						s.rows = rows
						for d, err := range s.run(slices.Values(docs)) {
							if err != nil {
								b.Fatal(err)
							}
							tokens += len(d.logProbs)
						}
					}
					b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
				})
			}
		}
	}
}
