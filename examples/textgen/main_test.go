package main

import (
	"bytes"
	"os"
	"testing"
)

// The same model and seed give the same text on every machine.
func Example_main() {
	main()
	// Output:
	// recipe for roasted beets and bake them until tender.
}

func TestModelIsTheRepositorysOwn(t *testing.T) {
	got, err := files.ReadFile("tiny.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../testdata/tiny.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("tiny.safetensors differs from testdata/tiny.safetensors: copy that one here")
	}
}
