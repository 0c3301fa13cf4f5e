package input

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 bytes", 1023: "1023 bytes", 1024: "1 KiB", 1025: "1025 bytes", 70000: "70000 bytes", 1 << 20: "1 MiB", 3 << 19: "1.5 MiB",
		16 << 20: "16 MiB", 16<<20 + 1: "16 MiB", 2000 << 20: "2000 MiB", 2000<<20 - 1: "2000 MiB", 1 << 30: "1 GiB", 12 << 30: "12 GiB", 12<<30 + 1: "12 GiB",
	} {
		if got := Size(n); got != want {
			t.Errorf("Size(%d) = %q, want %q", n, got, want)
		}
	}
}

// A gzip file of two members with padding between and behind is one text; one that ends
// anywhere else, or is damaged anywhere, is an error that says so.
func TestGunzip(t *testing.T) {
	read := func(data string) (string, error) {
		r, err := Gunzip(bufio.NewReader(strings.NewReader(data)))
		if err != nil {
			return "", err
		}
		b, err := io.ReadAll(r)
		return string(b), err
	}
	one, two := testkit.Gzip(t, "some words, "), testkit.Gzip(t, "and more of them")
	const zeros = "\x00\x00\x00"
	if got, err := read(one + zeros + two + zeros); got != "some words, and more of them" || err != nil {
		t.Errorf("two members: %q, %v", got, err)
	}
	for n := range len(two) {
		if n == 0 {
			continue // the end of a whole file
		}
		_, err := read(one + two[:n])
		want := "the gzip data is cut off"
		if n == 1 {
			want = "something follows the gzip data, after 12 unpacked bytes"
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("cut to %d bytes: %v, want an error with %q", n, err, want)
		}
	}
	damaged := []byte(two)
	damaged[len(damaged)-6] ^= 1 // of the checksum
	if _, err := read(one + string(damaged)); err == nil || !strings.Contains(err.Error(), "the gzip data is damaged, found out 28 unpacked bytes in") {
		t.Errorf("damaged: %v", err)
	}
}

// What is within the limit comes through, and the first byte beyond is the given error.
func TestLimited(t *testing.T) {
	over := errors.New("too much")
	for _, c := range []struct {
		data string
		left int64
		want error
	}{{"", 0, nil}, {"abc", 4, nil}, {"abc", 3, nil}, {"abc", 2, over}, {"a", 0, over}} {
		left := c.left
		b, err := io.ReadAll(&Limited{R: strings.NewReader(c.data), Left: &left, Over: over})
		if err != c.want || string(b) != c.data[:min(int64(len(c.data)), c.left)] {
			t.Errorf("%q, %d left: %q, %v, want %v", c.data, c.left, b, err, c.want)
		}
	}
}
