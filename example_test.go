package autoreg_test

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log"
	"math"
	"slices"
	"strings"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/sampler"
)

// A model can travel inside the program.
//
//go:embed testdata/tiny.safetensors
var files embed.FS

func load() *autoreg.TextModel {
	m, err := autoreg.LoadFS[*autoreg.TextModel](files, "testdata/tiny.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	return m
}

// From a prompt to text.
func Example() {
	m, err := autoreg.Open[*autoreg.TextModel]("testdata/tiny.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	g, err := m.Generate(context.Background(), "Recipe for roasted", &autoreg.GenerateOptions{Seed: 7})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Text)
	fmt.Println(g.Reason, "after", g.NewTokens, "words")
	// Output:
	// Recipe for roasted carrots | Slice the beets and roast them until tender.
	// stop after 12 words
}

// Temperature 0 takes the likeliest word each time. With Plain, words are
// joined by single spaces, and the stop symbol that ends the text is an empty word.
func ExampleTextModel_Generate() {
	m := load()
	g, err := m.Generate(context.Background(), "peel the onions and", &autoreg.GenerateOptions{
		Sampling:  sampler.Options{Temperature: new(0.0)},
		Plain:     true,
		MaxTokens: 50, // the prompt's words included
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q\n", g.Text)
	// Output:
	// "peel the onions and roast them until tender . "
}

// Text yields the words as they are drawn, to be shown at once, and with the last
// one the ending.
func ExampleTextModel_Text() {
	m := load()
	o := &autoreg.GenerateOptions{Seed: 3, NewTokens: 6}
	const prompt = "recipe for spiced carrots"
	if unknown := m.UnknownWords(prompt, o); len(unknown) > 0 {
		fmt.Println("not in the vocabulary:", strings.Join(unknown, ", "))
	}
	for piece, err := range m.Text(context.Background(), prompt, o) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%q\n", piece.Text)
		if piece.End != nil {
			fmt.Printf("%v: %d words read, %d written\n", piece.End.Reason, piece.End.PromptTokens, piece.End.NewTokens)
		}
	}
	// Output:
	// not in the vocabulary: spiced
	// "recipe for spiced carrots"
	// " and"
	// " roast"
	// " them"
	// " until"
	// " brown"
	// "."
	// length: 4 words read, 6 written
}

// noRepeat is a transform of one's own: no word is drawn twice.
type noRepeat map[int]bool

func (n noRepeat) Apply(c *sampler.Candidates) {
	c.C = slices.DeleteFunc(c.C, func(d sampler.Candidate) bool { return n[int(d.ID)] })
}

// A transform narrows or reweights what can be drawn, here by what has been drawn.
func ExampleGenerateOptions_transforms() {
	m := load()
	drawn := noRepeat{}
	o := &autoreg.GenerateOptions{Sampling: sampler.Options{Temperature: new(0.0)}, Transforms: []sampler.Transform{drawn}}
	for piece, err := range m.Text(context.Background(), "recipe for roasted", o) {
		if err != nil {
			log.Fatal(err)
		}
		drawn[piece.ID] = true
		fmt.Print(piece.Text)
	}
	fmt.Println()
	// Output:
	// recipe for roasted carrots | Slice the onions and roast them until tender.
}

// What the model expected at each token, and how likely what it drew was.
func ExampleGenerateOptions_alternatives() {
	m := load()
	o := &autoreg.GenerateOptions{Seed: 2, NewTokens: 2, Sampling: sampler.Options{Temperature: new(1.0)}, Alternatives: 2}
	for piece, err := range m.Text(context.Background(), "recipe for", o) {
		if err != nil {
			log.Fatal(err)
		}
		if piece.ID < 0 {
			continue // the prompt
		}
		fmt.Printf("%q: %.2f%%\n", piece.Text, 100*math.Exp(float64(piece.LogProb)))
		for _, other := range piece.Alternatives {
			fmt.Printf("  %-8s %5.2f%%\n", other.Word, 100*math.Exp(float64(other.LogProb)))
		}
	}
	// Output:
	// " baked": 17.89%
	//   roasted  82.07%
	//   baked    17.89%
	// " onions": 99.79%
	//   onions   99.79%
	//             0.01%
}

// A text that ends where its first sentence does, with words that are not to be used.
func ExampleGenerateOptions_stopStrings() {
	m := load()
	tender, _ := m.Tokenizer().ID("tender")
	g, err := m.Generate(context.Background(), "recipe for roasted carrots |", &autoreg.GenerateOptions{
		Seed:        1,
		Sampling:    sampler.Options{TopP: 0.9, Ban: []int{tender}},
		StopStrings: []string{" until", "."},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Text)
	fmt.Printf("%v %q, seed %d\n", g.Reason, g.StopString, g.Seed)
	// Output:
	// recipe for roasted carrots | Chop the beets and bake them
	// stop string " until", seed 1
}

// A long prompt is read once, and kept for later: many texts go on from it.
func ExampleStream_Snapshot() {
	m := load()
	s := m.NewStream()
	for _, id := range m.Tokenizer().Append(nil, "recipe for roasted carrots | chop the") {
		s.Advance(id)
	}
	kept := s.Snapshot() // into a file, for example

	s, err := m.Restore(kept)
	if err != nil {
		log.Fatal(err) // an ErrSnapshot: the model has changed since, for example
	}
	for _, prompt := range []string{"", "onions and"} {
		g, err := m.Generate(context.Background(), prompt, &autoreg.GenerateOptions{From: s, Seed: 1})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%q\n", g.Text)
	}
	// Output:
	// " beets and bake them until tender."
	// "onions and bake them until brown."
}

// How well the model predicts a text.
func ExampleTextModel_Score() {
	m := load()
	score, err := m.Score(context.Background(), slices.Values([]string{
		"recipe for roasted onions | peel the onions and bake them until tender.",
		"the the the the",
	}), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d documents, %d tokens, perplexity %.2f\n", score.Items, score.Symbols, score.Perplexity())
	// Output:
	// 2 documents, 18 tokens, perplexity 25.57
}

// A program that does not know what a file holds opens it as a Model and finds out.
func ExampleOpen() {
	for _, path := range []string{"testdata/tiny.safetensors", "testdata/triangles.safetensors"} {
		model, err := autoreg.Open[autoreg.Model](path)
		if err != nil {
			log.Fatal(err)
		}
		switch m := model.(type) {
		case *autoreg.TextModel:
			fmt.Println("a text model of", m.Tokenizer().Len(), "words")
		case *autoreg.ImageModel:
			fmt.Println("an image model of", m.Levels(), "levels")
		default:
			fmt.Println("a model of kind", m.Kind())
		}
	}
	_, err := autoreg.Open[*autoreg.TextModel]("testdata/triangles.safetensors")
	fmt.Println(errors.Is(err, autoreg.ErrKind))
	// Output:
	// a text model of 22 words
	// an image model of 2 levels
	// true
}

// Of several texts, the one that the model finds likeliest, by the mean log-probability
// of its tokens.
func ExampleGenerateOptions_logProbs() {
	m := load()
	best, text := math.Inf(-1), ""
	for seed := range uint64(5) {
		var b strings.Builder
		sum, n := 0.0, 0
		for piece, err := range m.Text(context.Background(), "recipe for", &autoreg.GenerateOptions{Seed: seed, Sampling: sampler.Options{Temperature: new(1.5)}, LogProbs: true}) {
			if err != nil {
				log.Fatal(err)
			}
			b.WriteString(piece.Text)
			if piece.ID >= 0 {
				sum += float64(piece.LogProb)
				n++
			}
		}
		if mean := sum / float64(n); mean > best {
			best, text = mean, b.String()
		}
	}
	fmt.Printf("%s\n%.2f nats a token\n", text, best)
	// Output:
	// recipe for baked onions and bake them until brown.
	// -0.42 nats a token
}

// One stream per sequence, stepped by hand.
func ExampleStream_Generate() {
	m := load()
	tok := m.Tokenizer()
	s := m.NewStream()
	chain := sampler.New(42, sampler.TopK(5), sampler.Temperature(0.8))
	var ids []int
	for step, err := range s.Generate(context.Background(), chain, tok.Append(nil, "chop the")...) {
		if err != nil {
			log.Fatal(err)
		}
		if ids = append(ids, step.ID); len(ids) == 5 {
			break // the stream stands here, and can go on
		}
	}
	fmt.Printf("%s\n", tok.AppendText(nil, ids...))
	// Output:
	// carrots and roast them until
}

// A fork continues a text in two ways, reading the prompt once.
func ExampleStream_Fork() {
	m := load()
	a := m.NewStream()
	for _, id := range m.Tokenizer().Append(nil, "recipe for roasted") {
		a.Advance(id)
	}
	b := a.Fork()
	for i, s := range []*autoreg.Stream{a, b} {
		for step, err := range s.Generate(context.Background(), sampler.New(uint64(i), sampler.TopK(2))) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(m.Tokenizer().Word(step.ID))
			break
		}
	}
	// Output:
	// carrots
	// beets
}

// The table that `autoreg info` prints.
func ExampleTextModel_Layers() {
	m := load()
	for _, l := range m.Layers() {
		fmt.Printf("%-10s %-10s %3d → %3d %6d\n", l.Name, l.Type, l.In, l.Out, l.Params)
	}
	fmt.Println(m.Params())
	// Output:
	// embedding  Embedding   22 →  22    484
	// lstm       LSTM        22 →  22   3960
	// output     Linear      22 →  22    506
	// 4950
}
