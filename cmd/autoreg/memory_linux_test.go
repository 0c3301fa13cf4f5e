package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// limitedRun is set, to the arguments, in the process that TestMemoryOfProcess starts.
const limitedRun = "AUTOREG_TEST_LIMITED_RUN"

// TestMemoryOfProcess trains on files that are small and want much memory, and holds
// the whole process to what --max-memory says: the limit, and 64 MiB for the program.
func TestMemoryOfProcess(t *testing.T) {
	if args := os.Getenv(limitedRun); args != "" {
		r := command(strings.Split(args, "\n")...)
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		_, peak, _ := strings.Cut(string(status), "VmHWM:")
		kib := 0
		if _, err := fmt.Sscan(peak, &kib); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("\nPEAK %d %d %s\n", kib, r.code, r.err)
		return
	}
	if testing.Short() || testkit.RaceEnabled {
		t.Skip("takes processes of their own, and seconds")
	}
	const limit, program = 64, 64 // MiB
	dir := t.TempDir()
	for _, c := range []struct {
		name, head, text string
		times            int
		want             string // of the message
	}{
		{"letters", "", "a\n", 4e6, "documents read so far take 64 MiB of the 64 MiB of memory allowed: read less, or raise --max-memory"},
		{"blank paragraphs", "", "a\n\n", 4e6, "raise --max-memory"},
		{"empty recipes", "[", `{"title":"","directions":[]},`, 22e5, "raise --max-memory"},
		{"distinct words", "", "", 16e4, "different words, and to count more takes more than the "},
		{"one line", "", "a", 10e6, "is larger than 8 MiB, an eighth of what is left of the 64 MiB of memory allowed: raise --max-memory"},
		{"marks of punctuation", "", "!!!!!!!\n", 13e5, "the documents and their encoded words take more memory than is allowed, 64 MiB: raise --max-memory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(dir, strings.ReplaceAll(c.name, " ", "")+".gz")
			writePacked(t, path, func(w io.Writer) {
				io.WriteString(w, c.head)
				for i := range c.times {
					if c.text != "" {
						io.WriteString(w, c.text)
						continue
					}
					for k := range 8 {
						fmt.Fprintf(w, "%07x ", i*8+k)
					}
					io.WriteString(w, "\n")
				}
			})
			args := trainArgs(path, filepath.Join(dir, "model"), "--max-memory", fmt.Sprint(limit))
			if c.name == "blank paragraphs" {
				args = append(args, "--format", "paragraphs")
			}
			cmd := exec.Command(os.Args[0], "-test.run=^TestMemoryOfProcess$")
			cmd.Env = append(os.Environ(), limitedRun+"="+strings.Join(args, "\n"), "GOGC=100", "GOMEMLIMIT=off")
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			_, line, _ := strings.Cut(string(out), "\nPEAK ")
			var kib, code int
			if _, err := fmt.Sscan(line, &kib, &code); err != nil {
				t.Fatalf("%v in %q", err, out)
			}
			t.Logf("peak %d MiB: %s", kib>>10, line)
			if kib > (limit+program)<<10 {
				t.Errorf("the process has taken %d MiB, with --max-memory %d", kib>>10, limit)
			}
			if code != exitError || !strings.Contains(line, c.want) {
				t.Errorf("status %d, message %q, want %q", code, line, c.want)
			}
		})
	}
}

// writePacked writes a gzip file of what content writes.
func writePacked(t *testing.T, path string, content func(io.Writer)) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	content(z)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
