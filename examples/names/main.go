// Names makes up names of towns that are not in its list:
//
//	go run ./examples/names -n 5 -seed 1
//
// names.txt has about 1,600 towns of Great Britain and Northern Ireland, one a line; each
// line is a document to the model, which reads and writes characters. "go generate
// ./examples/names" trains it, in seconds, and gives the same file on every machine. With
// another list, of products or of people, the program makes up names of that kind.
package main

import (
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"log"
	"math/rand/v2"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/sampler"
)

//go:generate go run ../../cmd/autoreg train text --data names.txt -o names.safetensors --overwrite --unit character --layers gru:64 --embedding 16 --length 24 --batch 16 --lr 0.005 --dropout 0.1 --validation 0.1 --epochs 20 --best --sample Ash

//go:embed names.txt names.safetensors
var files embed.FS

func main() {
	log.SetFlags(0)
	if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		log.Fatal(err)
	}
}

// run writes names to out, and to notes the seed, with which they can be made up again.
func run(ctx context.Context, args []string, out, notes io.Writer) error {
	fs := flag.NewFlagSet("names", flag.ContinueOnError)
	n := fs.Int("n", 10, "how many names")
	seed := fs.Uint64("seed", rand.Uint64(), "of the random numbers: the same seed gives the same names (default a random one)")
	temperature := fs.Float64("temperature", 0.8, "lower means more usual names, higher odder ones")
	if err := fs.Parse(args); err != nil {
		return err
	}
	switch {
	case fs.NArg() > 0:
		return fmt.Errorf("%q is no flag: there are no other arguments", fs.Arg(0))
	case *n < 1:
		return fmt.Errorf("-n is %d: want 1 or more", *n)
	}
	m, err := autoreg.LoadFS[*autoreg.TextModel](files, "names.safetensors")
	if err != nil {
		return err
	}
	towns, err := files.ReadFile("names.txt")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(notes, "seed %d\n", *seed); err != nil {
		return err
	}
	for name, err := range names(ctx, m, lines(string(towns)), *seed, *temperature) {
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, name); err != nil {
			return err
		}
		if *n--; *n == 0 {
			break
		}
	}
	return nil
}

// lines returns the lines of a text that are not blank.
func lines(text string) (list []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

// maxTries is how often in a row a name may be one that there is already: at a low
// temperature the model has few names.
const maxTries = 1000

// names returns names that are not in the list, each once. The model continues a prompt,
// so the first letter of each is drawn here: that of a town of the list.
func names(ctx context.Context, m *autoreg.TextModel, list []string, seed uint64, temperature float64) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		known := make(map[string]bool)
		for _, name := range list {
			known[name] = true
		}
		rng := rand.New(rand.NewPCG(seed, 0))
		for tries := 0; tries < maxTries; tries++ {
			town := list[rng.IntN(len(list))]
			_, n := utf8.DecodeRuneInString(town)
			g, err := m.Generate(ctx, town[:n], &autoreg.GenerateOptions{
				Seed:     rng.Uint64(),
				Sampling: sampler.Options{Temperature: &temperature},
				// The longest town of the list has 15 letters.
				NewTokens: 20,
			})
			if err != nil {
				yield("", err)
				return
			}
			if g.Reason != sampler.ReasonStop || utf8.RuneCountInString(g.Text) < 4 || known[g.Text] {
				continue
			}
			known[g.Text] = true
			if !yield(g.Text, nil) {
				return
			}
			tries = 0
		}
		yield("", errors.New("the model has no more names: raise -temperature"))
	}
}
