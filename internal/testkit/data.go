package testkit

import (
	"os"
	"path/filepath"
	"testing"
)

// DataFile returns the path of a file of the data directory that AUTOREG_DATA names,
// and skips the test where it is not set.
func DataFile(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("AUTOREG_DATA")
	if dir == "" {
		t.Skip("AUTOREG_DATA is not set: want the directory that holds epicurious/recipes.json.gz and its like")
	}
	return filepath.Join(dir, filepath.FromSlash(name))
}
