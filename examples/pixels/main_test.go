package main

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"testing"

	"github.com/autoreg/autoreg"
)

// The same model and seed give the same image on every machine.
func TestImage(t *testing.T) {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	main()
	f, err := os.Open("image.png")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	m, err := autoreg.Open[*autoreg.ImageModel](dir + "/triangles.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	levels, err := m.Quantise(img, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	white, row := 0, ""
	for _, v := range levels {
		white += int(v)
	}
	for _, v := range levels[40*64:][:64] {
		row += string(".#"[v])
	}
	const want = "64×64 pixels, 627 white; row 40 is ........................#...##...#......#...#.......#.......#..."
	if got := fmt.Sprintf("%d×%d pixels, %d white; row 40 is %s", img.Bounds().Dx(), img.Bounds().Dy(), white, row); got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

func TestModelIsTheRepositorysOwn(t *testing.T) {
	got, err := files.ReadFile("triangles.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../testdata/triangles.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("triangles.safetensors differs from testdata/triangles.safetensors: copy that one here")
	}
}
