// Textgen is the smallest program that writes text with a model compiled into it:
//
//	go run ./examples/textgen
package main

import (
	"context"
	"embed"
	"fmt"
	"log"

	"github.com/autoreg/autoreg"
)

// Put a model of your own here: "autoreg train text" makes one. This one knows four
// short recipes and fits in a few kilobytes.
//
//go:embed tiny.safetensors
var files embed.FS

func main() {
	m, err := autoreg.LoadFS[*autoreg.TextModel](files, "tiny.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	o := &autoreg.GenerateOptions{Seed: 1}
	for piece, err := range m.Text(context.Background(), "recipe for roasted", o) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(piece.Text)
	}
	fmt.Println()
}
