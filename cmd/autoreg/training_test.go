package main

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
)

// TestTrainingNotes holds TRAINING.md against the script that trains the models
// compiled in, and against the models.
func TestTrainingNotes(t *testing.T) {
	notes, script := string(read(t, "TRAINING.md")), string(read(t, "reproduce.sh"))
	for _, m := range []struct {
		name, kind, data string
		file             []byte
	}{
		{cookbooksName, "text", "recipes.json.gz", cookbooks},
		{clothesName, "image", "train-images-idx3-ubyte.gz", clothes},
	} {
		_, args, found := strings.Cut(script, "\n"+m.name+"_args=(")
		args, _, found2 := strings.Cut(args, ")\n")
		_, data, found3 := strings.Cut(script, "\n"+m.name+"_sha256=")
		if !found || !found2 || !found3 || len(data) < 64 {
			t.Fatalf("reproduce.sh has no %s_args or no %[1]s_sha256", m.name)
		}
		for _, want := range []string{
			"`go run ./cmd/autoreg train " + m.kind + " --data " + m.data + " --output " + m.name + ".safetensors " + args + "`",
			"`" + data[:64] + "`",
			fmt.Sprintf("`%x`", sha256.Sum256(m.file)),
		} {
			if !strings.Contains(notes, want) {
				t.Errorf("TRAINING.md lacks %s", want)
			}
		}
	}
}
