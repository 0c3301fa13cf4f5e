package docs_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"sync"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
	"github.com/autoreg/autoreg/tokenizer"
	"github.com/autoreg/autoreg/train"
	"github.com/autoreg/autoreg/train/images"
)

// The Go code of the pages stands in this file, where it is compiled and run.

func open() *autoreg.TextModel {
	m, err := autoreg.Open[*autoreg.TextModel]("../testdata/tiny.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	return m
}

func Example_generate() {
	m, ctx := open(), context.Background()
	g, err := m.Generate(ctx, "recipe for roasted", &autoreg.GenerateOptions{Seed: 7, NewTokens: 60})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Text)
	fmt.Println(g.Reason, g.PromptTokens, g.NewTokens, g.Seed)
	// Output:
	// recipe for roasted carrots | Slice the beets and roast them until tender.
	// stop 3 12 7
}

func Example_text() {
	m, ctx := open(), context.Background()
	for piece, err := range m.Text(ctx, "recipe for roasted", &autoreg.GenerateOptions{Seed: 1}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(piece.Text)
	}
	// Output:
	// recipe for roasted beets and bake them until tender.
}

func Example_stream() {
	m := open()
	tok := m.Tokenizer()
	s := m.NewStream()
	for _, id := range tok.Append(nil, "chop the") {
		s.Advance(id)
	}
	logits := make([]float32, m.Symbols())
	chain := sampler.New(42, sampler.TopK(5), sampler.Temperature(0.8))
	for range 5 {
		s.Logits(logits)
		id := chain.Sample(logits)
		if id < 0 || id == tok.Stop() {
			break
		}
		fmt.Println(tok.Word(id))
		s.Advance(id)
	}
	// Output:
	// carrots
	// and
	// roast
	// them
	// until
}

func Example_run() {
	m, ctx := open(), context.Background()
	tok := m.Tokenizer()
	s := m.NewStream()
	for _, id := range tok.Append(nil, "chop the") {
		s.Advance(id)
	}
	chain := sampler.New(42, sampler.TopK(5), sampler.Temperature(0.8))
	for step, err := range chain.Run(ctx, s, &sampler.RunOptions{Stop: []int{tok.Stop()}, Steps: 3, LogProbs: true}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s %.2f %q\n", tok.Word(step.ID), step.LogProb, step.Reason)
	}
	// Output:
	// carrots -0.66 ""
	// and -0.69 ""
	// roast -0.69 "length"
}

func Example_state() {
	m, ctx := open(), context.Background()
	s := m.NewStream()
	for _, id := range m.Tokenizer().Append(nil, "recipe for roasted") {
		s.Advance(id)
	}
	kept := s.Snapshot() // bytes, to be stored anywhere

	s, err := m.Restore(kept)
	if err != nil {
		log.Fatal(err)
	}
	for seed := range uint64(2) {
		g, err := m.Generate(ctx, "", &autoreg.GenerateOptions{From: s, Seed: seed, NewTokens: 1})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(g.Text)
	}
	// Output:
	//  carrots
	//  beets
}

func Example_group() {
	m, ctx := open(), context.Background()
	prompts := []string{"recipe for roasted", "peel the onions and"}
	texts := make([]string, len(prompts))

	group, err := m.NewGroup(&autoreg.GroupOptions{Capacity: 100})
	if err != nil {
		log.Fatal(err)
	}
	var wg sync.WaitGroup
	for i, prompt := range prompts {
		wg.Go(func() {
			g, err := m.Generate(ctx, prompt, &autoreg.GenerateOptions{Seed: 1, Group: group})
			if err != nil {
				log.Fatal(err)
			}
			texts[i] = g.Text
		})
	}
	wg.Wait()

	for _, text := range texts {
		fmt.Println(text)
	}
	// Output:
	// recipe for roasted beets and bake them until tender.
	// peel the onions and bake them until brown.
}

func Example_training() {
	ctx := context.Background()
	docs := []string{"peel the onions and roast them", "peel the carrots and bake them", "chop the beets and roast them"}
	folder, err := os.MkdirTemp("", "autoreg")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := folder + "/small.safetensors"

	task := &train.Text{
		Documents:  docs,
		Vocabulary: tokenizer.Options{Unit: tokenizer.Characters},
		Layers:     []layers.Spec{&layers.GRUSpec{Units: 64}},
	}
	t, err := train.New(task, &train.Options{Epochs: 4, ClipNorm: 5, Validation: 0.34, Best: true})
	if err != nil {
		log.Fatal(err)
	}
	if err := t.Run(ctx, &train.RunOptions{Checkpoint: path + ".checkpoint"}); err != nil {
		log.Fatal(err) // train.Resume goes on from the checkpoint
	}
	if err := t.SaveModel(path); err != nil {
		log.Fatal(err)
	}

	m, err := autoreg.Open[*autoreg.TextModel](path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Tokenizer().Len(), "tokens,", len(t.History()), "epochs")
	// Output:
	// 19 tokens, 4 epochs
}

func Example_transforms() {
	m, ctx := open(), context.Background()
	g, err := m.Generate(ctx, "recipe for", &autoreg.GenerateOptions{
		Seed: 3,
		Sampling: sampler.Options{
			Penalties:   sampler.Penalties{Window: 64, Frequency: 0.3},
			MinP:        0.05,
			Temperature: new(0.9),
		},
		StopStrings: []string{"."},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Text)
	// Output:
	// recipe for roasted carrots and bake them until brown
}

// darkAndBright returns small images of two classes.
func darkAndBright() *images.Set {
	set := &images.Set{Height: 4, Width: 4, Channels: 1, Levels: 256, Classes: 2}
	for i := range 32 {
		for at := range 16 {
			set.Data = append(set.Data, uint8(40+130*(i%2)+(at*7+i*3)%13))
		}
		set.Labels = append(set.Labels, uint8(i%2))
	}
	return set
}

func Example_classes() {
	set, ctx := darkAndBright(), context.Background() // images.Read reads files
	var file bytes.Buffer

	task := &train.Images{Set: set, Filters: 8, Mixture: &train.Mixture{Dropout: 0.1, Conditional: true}}
	t, err := train.New(task, &train.Options{BatchSize: 8, Epochs: 30, LearningRate: 0.004, Average: 0.9})
	if err != nil {
		log.Fatal(err)
	}
	if err := t.Run(ctx, nil); err != nil {
		log.Fatal(err)
	}
	if _, err := t.Model().WriteTo(&file); err != nil {
		log.Fatal(err)
	}

	m, err := autoreg.Load[*autoreg.ImageModel](&file, nil)
	if err != nil {
		log.Fatal(err)
	}
	drawn, err := m.Draw(ctx, &autoreg.DrawOptions{Count: 8, Classes: []int{1}})
	if err != nil {
		log.Fatal(err)
	}
	canvas, err := m.NewClassCanvas(1, 0, 0) // of one image, level by level
	if err != nil {
		log.Fatal(err)
	}

	sum := 0
	for _, image := range drawn {
		for _, v := range image.Levels {
			sum += int(v)
		}
	}
	fmt.Println(len(drawn), "images, bright:", sum/8/16 > 128, "canvas done:", canvas.Done())
	// Output:
	// 8 images, bright: true canvas done: false
}
