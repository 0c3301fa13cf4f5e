// Pixels is the smallest program that draws an image with a model compiled into it:
//
//	go run ./examples/pixels
package main

import (
	"context"
	"embed"
	"image/png"
	"log"
	"os"

	"github.com/autoreg/autoreg"
)

// Put a model of your own here: "autoreg train image" makes one. This one knows
// triangles and fits in a kilobyte.
//
//go:embed triangles.safetensors
var files embed.FS

func main() {
	m, err := autoreg.LoadFS[*autoreg.ImageModel](files, "triangles.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	images, err := m.Draw(context.Background(), &autoreg.DrawOptions{Seed: 10, Temperature: new(0.7)})
	if err != nil {
		log.Fatal(err)
	}
	f, err := os.Create("image.png")
	if err != nil {
		log.Fatal(err)
	}
	img := images[0]
	if err := png.Encode(f, m.Render(img.Levels, img.Height, img.Width)); err != nil {
		log.Fatal(err)
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
}
