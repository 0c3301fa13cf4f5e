package main

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
)

// TestTrainingNotes holds TRAINING.md against the script that trains the model
// compiled in, and against the model.
func TestTrainingNotes(t *testing.T) {
	notes, script := string(read(t, "TRAINING.md")), string(read(t, "reproduce.sh"))
	_, args, _ := strings.Cut(script, "\nargs=(")
	args, _, found := strings.Cut(args, ")\n")
	_, corpus, found2 := strings.Cut(script, "\ncorpus_sha256=")
	corpus, _, found3 := strings.Cut(corpus, "\n")
	if !found || !found2 || !found3 {
		t.Fatal("reproduce.sh has no args or no corpus_sha256")
	}
	for _, want := range []string{
		"`go run ./cmd/autoreg train text --data recipes.json.gz --output cookbooks.safetensors " + args + "`",
		"`" + corpus + "`",
		fmt.Sprintf("`%x`", sha256.Sum256(embedded)),
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("TRAINING.md lacks %s", want)
		}
	}
}
