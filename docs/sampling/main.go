// Sampling draws docs/sampling.png: what sampling options do to the distribution of the
// next word, by the cookbook model that comes with the command. From the top of the
// repository:
//
//	go run ./docs/sampling -o docs/sampling.png
//
// It also prints the table of docs/sampling.md.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/sampler"
)

// prompts are one after which many words are about as likely as each other, and one after
// which one word is likelier than all others together.
var prompts = []string{"recipe for roasted", "recipe for ice"}

// settings are the columns of the image and of the table.
var settings = []struct {
	name    string
	options sampler.Options
}{
	{"temperature 0.5", sampler.Options{Temperature: new(0.5)}},
	{"temperature 1.5", sampler.Options{Temperature: new(1.5)}},
	{"top-p 0.8", sampler.Options{TopP: 0.8}},
	{"min-p 0.1", sampler.Options{MinP: 0.1}},
}

func main() {
	log.SetFlags(0)
	out := flag.String("o", "sampling.png", "PNG file to write")
	model := flag.String("model", "cmd/autoreg/cookbooks.safetensors", "model file")
	flag.Parse()
	m, err := autoreg.Open[*autoreg.TextModel](*model)
	if err != nil {
		log.Fatal(err)
	}
	all := distributions(m)
	if err := writeTable(os.Stdout, all); err != nil {
		log.Fatal(err)
	}
	f, err := os.Create(*out)
	if err != nil {
		log.Fatal(err)
	}
	if err := writeImage(f, all); err != nil {
		log.Fatal(err)
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
}

// A distribution is that of the next word after a prompt.
type distribution struct {
	prompt string
	words  []string
	model  []float32   // probabilities by the model
	after  [][]float32 // and with each of the settings
	ranked []int       // words, the likeliest first
}

// shown is how many of the likeliest words the image has.
const shown = 12

func distributions(m *autoreg.TextModel) []distribution {
	var all []distribution
	for _, prompt := range prompts {
		d := distribution{prompt: prompt}
		tok := m.Tokenizer()
		s := m.NewStream()
		for _, id := range tok.Append(nil, prompt) {
			s.Advance(id)
		}
		logits := make([]float32, m.Symbols())
		s.Logits(logits)
		with := func(o sampler.Options) []float32 {
			p := make([]float32, len(logits))
			sampler.New(0, o.Transforms()...).Probabilities(p, logits)
			return p
		}
		d.model = with(sampler.Options{})
		for _, setting := range settings {
			d.after = append(d.after, with(setting.options))
		}
		for id := range logits {
			d.words = append(d.words, tok.Word(id))
			d.ranked = append(d.ranked, id)
		}
		slices.SortStableFunc(d.ranked, func(a, b int) int { return cmp.Compare(d.model[b], d.model[a]) })
		all = append(all, d)
	}
	return all
}

// kept returns how many words can be drawn.
func kept(p []float32) int {
	n := 0
	for _, p := range p {
		if p > 0 {
			n++
		}
	}
	return n
}

// writeTable writes how many words each setting keeps, and the probability of the likeliest
// word and of the twelve that the image has.
func writeTable(w io.Writer, all []distribution) error {
	var b strings.Builder
	b.WriteString("| after | | by the model |")
	for _, s := range settings {
		fmt.Fprintf(&b, " %s |", s.name)
	}
	b.WriteString("\n|" + strings.Repeat(" --- |", 3+len(settings)) + "\n")
	for _, d := range all {
		columns := slices.Concat([][]float32{d.model}, d.after)
		fmt.Fprintf(&b, "| *%s* | words that can be drawn |", d.prompt)
		for _, p := range columns {
			fmt.Fprintf(&b, " %d |", kept(p))
		}
		fmt.Fprintf(&b, "\n| | *%s* |", d.words[d.ranked[0]])
		for _, p := range columns {
			fmt.Fprintf(&b, " %.1f %% |", 100*p[d.ranked[0]])
		}
		fmt.Fprintf(&b, "\n| | the likeliest %d |", shown)
		for _, p := range columns {
			sum := float32(0)
			for _, id := range d.ranked[:shown] {
				sum += p[id]
			}
			fmt.Fprintf(&b, " %.1f %% |", 100*sum)
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
