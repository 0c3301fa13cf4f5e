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
		Temperature: new(0.0),
		Plain:       true,
		MaxTokens:   50, // the prompt's words included
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
	o := &autoreg.GenerateOptions{Temperature: new(0.0), Transforms: []sampler.Transform{drawn}}
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

// What the model expects next, at two temperatures.
func ExampleTextModel_Probs() {
	m := load()
	o := &autoreg.GenerateOptions{Seed: 2, NewTokens: 2, Temperature: new(1.0)}
	for at, err := range m.Probs(context.Background(), "recipe for", o, 2, 1, 0.5) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(at.Text)
		for _, next := range at.Next {
			fmt.Printf("  %-8s %5.2f%% %5.2f%%\n", next.Word, 100*next.P[0], 100*next.P[1])
		}
	}
	// Output:
	// recipe for
	//   roasted  82.07% 95.46%
	//   baked    17.89%  4.54%
	// recipe for baked
	//   onions   99.79% 100.00%
	//             0.01%  0.00%
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
		for piece, err := range m.Text(context.Background(), "recipe for", &autoreg.GenerateOptions{Seed: seed, Temperature: new(1.5), LogProbs: true}) {
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
func ExampleStream_CopyFrom() {
	m := load()
	a, b := m.NewStream(), m.NewStream()
	for _, id := range m.Tokenizer().Append(nil, "recipe for roasted") {
		a.Advance(id)
	}
	b.CopyFrom(a)
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
