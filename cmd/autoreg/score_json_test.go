package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// TestScoreJSON holds the lines of score --json against the table.
func TestScoreJSON(t *testing.T) {
	f, images := small(), smallImage()
	for _, c := range []struct {
		model, data string
		fields      []string // in the order of the table's columns
	}{
		{f.model, f.data, []string{"documents", "words", "unknown", "loss", "perplexity"}},
		{images.model, images.data, []string{"images", "values", "loss", "bits"}},
	} {
		for _, files := range [][]string{{c.data}, {c.data, c.data}} {
			args := append([]string{"score", "--model", c.model}, files...)
			table := strings.Split(strings.TrimSpace(ok(t, args...)), "\n")[1:]
			lines := strings.Split(strings.TrimSpace(ok(t, append(args, "--json")...)), "\n")
			if len(lines) != len(table) {
				t.Fatalf("%d lines for %d rows: %q", len(lines), len(table), lines)
			}
			for i, line := range lines {
				var o map[string]any
				if err := json.Unmarshal([]byte(line), &o); err != nil {
					t.Fatalf("%q: %v", line, err)
				}
				if total := i == len(files); total != (o["total"] == true) || total != (o["file"] == nil) || !total && o["file"] != c.data {
					t.Errorf("line %d of %d: %s", i+1, len(lines), line)
				}
				for _, name := range c.fields {
					v, is := o[name].(float64)
					text := thousands(int(v))
					switch name {
					case "loss", "bits":
						text = fmt.Sprintf("%.4f", v)
					case "perplexity":
						text = perplexityText(v)
					}
					if !is || !strings.Contains(table[i], " "+text) {
						t.Errorf("%s is %v in %s, the table has %s", name, o[name], line, table[i])
					}
				}
			}
		}
	}
	// What has been scored before an error is printed.
	r := command("score", "--model", f.model, "--json", f.data, filepath.Join(t.TempDir(), "none"))
	if r.code != exitError || strings.Count(r.out, "\n") != 1 || !strings.HasPrefix(r.out, `{"file":`) {
		t.Errorf("%+v", r)
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if b, err := json.Marshal(number(v)); err != nil || string(b) != "null" {
			t.Errorf("%v is %s, %v", v, b, err)
		}
	}
}

// TestControlCharacters has names of files, and what models hold, shown and not obeyed.
func TestControlCharacters(t *testing.T) {
	const name = "a\x1b[31m\u202eb\tc\nd"
	shown := `a\u001b[31m\u202eb\tc\nd`
	path := write(t, t.TempDir(), name, recipes())
	if out := ok(t, "score", "-m", small().model, path); !strings.Contains(out, shown) || strings.Count(out, "\n") != 2 {
		t.Errorf("score prints %q", out)
	}
	var o scored
	if err := json.Unmarshal([]byte(ok(t, "score", "-m", small().model, "--json", path)), &o); err != nil || o.File != path {
		t.Errorf("JSON has %q, %v; want %q", o.File, err, path)
	}
	path = write(t, t.TempDir(), name[:len(name)-2], recipes()) // a line end becomes "; " in messages
	shown = shown[:len(shown)-3]
	fails(t, exitError, shown, "score", path+".gz")
	fails(t, exitError, shown, "info", path)
	fails(t, exitError, shown, "paint", "-m", path, "-o", filepath.Join(t.TempDir(), "p.png"))
	fails(t, exitUsage, `'\x1b' in -\u001bx`, "generate", "-\x1bx")

	hostile := bytes.Replace(read(t, small().model), []byte(`"format":"autoreg"`), []byte(`"author":"\u001b]0;x\u0007\n\u009b","format":"autoreg"`), 1)
	hostile[0] += byte(len(hostile) - len(read(t, small().model))) // the header's length
	out := ok(t, "info", write(t, t.TempDir(), "model", string(hostile)))
	if !strings.Contains(out, `author = \u001b]0;x\u0007\n\u009b`) || strings.ContainsAny(out, "\x1b\x07") {
		t.Errorf("info prints %q", out)
	}
}
