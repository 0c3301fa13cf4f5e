package main

import (
	"bytes"
	"image/png"
	"os"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
)

// The page has the table of the model that comes with the command. The image is drawn from
// the same numbers; its pixels may differ between machines.
func TestTableAndImage(t *testing.T) {
	m, err := autoreg.Open[*autoreg.TextModel]("../../cmd/autoreg/cookbooks.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../sampling.md")
	if err != nil {
		t.Fatal(err)
	}
	all := distributions(m)
	var table strings.Builder
	if err := writeTable(&table, all); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), table.String()) {
		t.Errorf("sampling.md lacks the table:\n%s", table.String())
	}
	var image bytes.Buffer
	if err := writeImage(&image, all); err != nil {
		t.Fatal(err)
	}
	config, err := png.DecodeConfig(&image)
	if err != nil || config.Width < 1000 {
		t.Errorf("%+v, %v", config, err)
	}
}
