package testkit

import (
	"bytes"
	"compress/gzip"
	"io"
	"testing"
)

// Gzip returns data as gzip.
func Gzip(t testing.TB, data string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
