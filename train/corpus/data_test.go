package corpus

import (
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

func BenchmarkRead(b *testing.B) {
	path := []string{testkit.DataFile(b, "epicurious/recipes.json.gz")}
	for b.Loop() {
		if _, err := Read(path, nil); err != nil {
			b.Fatal(err)
		}
	}
}
