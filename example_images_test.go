package autoreg_test

import (
	"context"
	"fmt"
	"log"
	"slices"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/sampler"
)

func openImages() *autoreg.ImageModel {
	m, err := autoreg.Open[*autoreg.ImageModel]("testdata/triangles.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	return m
}

// show prints rows of a grey image.
func show(levels []uint8, width int) {
	for row := range slices.Chunk(levels, width) {
		for _, v := range row {
			fmt.Print(string(".#"[v]))
		}
		fmt.Println()
	}
}

// Two images of a seed. Each depends on its number alone; Render makes an
// image.Image of one.
func ExampleImageModel_Draw() {
	m := openImages()
	list, err := m.Draw(context.Background(), &autoreg.DrawOptions{Seed: 37, Count: 2, Height: 8, Width: 31})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range list {
		fmt.Println("image", p.Number, m.Render(p.Levels, p.Height, p.Width).Bounds())
		show(p.Levels, p.Width)
	}
	// Output:
	// image 0 (0,0)-(31,8)
	// ...............................
	// ....................#..........
	// ...................#.#.........
	// ..................#...#.......#
	// .................#.#.#.#.....#.
	// ................#.......##..#.#
	// ...............#.#.....#####...
	// ..............#...#...##...##..
	// image 1 (0,0)-(31,8)
	// ...............................
	// ........#......................
	// .......#.#.....................
	// ......#...#....................
	// .....#.#.#.#............#......
	// ....#.......#..........#.#.....
	// ...#.#.#...#.#........#...#....
	// ..#.....#.#...#......#.#.#.#...
}

// An image whose first row is given, completed by what is likeliest.
func ExampleImageModel_Draw_complete() {
	m := openImages()
	const height, width = 8, 17
	known, mask := make([]uint8, height*width), make([]bool, height*width)
	for column := range width {
		mask[column] = true
	}
	known[width/2] = 1
	list, err := m.Draw(context.Background(), &autoreg.DrawOptions{
		Temperature: new(0.0),
		Height:      height, Width: width,
		Known: known, Mask: mask,
	})
	if err != nil {
		log.Fatal(err)
	}
	show(list[0].Levels, width)
	fmt.Printf("ln p of the first row: %.2f\n", list[0].KnownLogProb)
	// Output:
	// ........#........
	// .......#.#.......
	// ......#...#......
	// .....#.#.#.#.....
	// ....#.......#....
	// ...#.#.....#.#...
	// ..#...#...#...#..
	// .#.#.#.#.#.#.#.#.
	// ln p of the first row: -5.11
}

// Rows as soon as they are drawn.
func ExampleCanvas_Draw() {
	m := openImages()
	c, err := m.NewCanvas(8, 31)
	if err != nil {
		log.Fatal(err)
	}
	for row, err := range c.Draw(context.Background(), sampler.New(37), 1) {
		if err != nil {
			log.Fatal(err)
		}
		show(c.Levels(nil)[row*31:], 31)
	}
	// Output:
	// ...............................
	// ........#......................
	// .......#.#.....................
	// ......#...#....................
	// .....#.#.#.#............#......
	// ....#.......#..........#.#.....
	// ...#.#.#...#.#........#...#....
	// ..#.....#.#...#......#.#.#.#...
}

// A loop of one's own: known levels are consumed like drawn ones.
func ExampleCanvas() {
	m := openImages()
	c, err := m.NewCanvas(4, 9)
	if err != nil {
		log.Fatal(err)
	}
	for _, v := range []int{0, 0, 0, 0, 1} { // half of the first row
		c.Advance(v)
	}
	chain := sampler.New(1, sampler.Temperature(0.5))
	logits := make([]float32, c.Symbols())
	for !c.Done() {
		c.Logits(logits)
		c.Advance(chain.Sample(logits))
	}
	show(c.Levels(nil), 9)
	// Output:
	// ....#....
	// ...#.#...
	// ..#...#..
	// .#.#.#.#.
}

// How well a model predicts images.
func ExampleImageModel_Score() {
	m := openImages()
	score, err := m.Score(context.Background(), slices.Values([][]uint8{
		{0, 0, 1, 0, 0, 0, 1, 0, 1, 0},
		{1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
	}), &autoreg.ScoreOptions{Height: 2, Width: 5})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d images, %d values, %.3f bits each\n", score.Items, score.Symbols, score.Bits())
	// Output:
	// 2 images, 20 values, 3.256 bits each
}

// The table that `autoreg info` prints.
func ExampleImageModel_Layers() {
	m := openImages()
	for _, l := range m.Layers() {
		fmt.Printf("%-9s %-16s %d → %d %3d parameters, %2d effective\n", l.Name, l.Type, l.In, l.Out, l.Params, l.Effective)
	}
	fmt.Println(m.Params(), m.Effective())
	// Output:
	// input     MaskedConv A 3×3 1 → 2  20 parameters, 10 effective
	// hidden.0  Conv 1×1         2 → 2   6 parameters,  6 effective
	// hidden.1  Conv 1×1         2 → 2   6 parameters,  6 effective
	// output    Conv 1×1         2 → 2   6 parameters,  6 effective
	// 38 28
}
