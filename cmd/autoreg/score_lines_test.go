package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/testkit"
)

// logLines is a log of lines that small has learnt, and a few others.
func logLines() []string {
	var lines []string
	for i := range 40 {
		lines = append(lines, fmt.Sprintf("chop the %s, %d/4 inch thick.", []string{"carrots", "beets", "onions"}[i%3], 1+i%3))
	}
	lines[7] = "thick the inch \x1b[31mchop\u202e,\tcarrots"
	lines[20] = ""
	lines[30] = "  "
	lines[33] = "12:00 kernel: out of memory\x07"
	return lines
}

// TestScoreLines holds what score --lines prints against ScoreEach.
func TestScoreLines(t *testing.T) {
	lines := logLines()
	path := write(t, t.TempDir(), "log", strings.Join(lines, "\r\n"))
	m, err := autoreg.Open[*autoreg.TextModel](small().model)
	if err != nil {
		t.Fatal(err)
	}
	var want []listed
	n := 0
	for d, err := range m.ScoreEach(t.Context(), slices.Values(lines), &autoreg.ScoreOptions{Tokens: true}) {
		if n++; err != nil {
			t.Fatal(err)
		}
		if d.Items > 0 {
			want = append(want, listed{path, n, n, d})
		}
	}
	slices.SortStableFunc(want, func(a, b listed) int {
		switch x, y := a.Mean(), b.Mean(); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	score := func(more ...string) []string {
		t.Helper()
		return strings.Split(strings.TrimSuffix(ok(t, append([]string{"score", "-m", small().model, "--lines", path}, more...)...), "\n"), "\n")
	}
	rows := score()
	if rows[0] != "nats/word  line  text" || len(rows) != 1+len(want) || len(want) != len(lines)-2 {
		t.Fatalf("%d rows, the first is %q, for %d lines", len(rows), rows[0], len(want))
	}
	for i, l := range want {
		if row := fmt.Sprintf("%9.4f  %4d  %s", l.Mean(), l.number, lineText(l.Text)); rows[i+1] != row {
			t.Errorf("row %d is %q, want %q", i, rows[i+1], row)
		}
	}
	if all := strings.Join(rows, ""); !strings.Contains(all, `thick the inch \u001b[31mchop\u202e,\tcarrots`) || strings.ContainsAny(all, "\x1b\t\x07") {
		t.Errorf("control characters are printed: %q", all)
	}
	for _, top := range []int{1, 2, 10, 37, 38, 39, 1000} {
		if got := score("--top", fmt.Sprint(top)); !slices.Equal(got, rows[:1+min(top, len(want))]) {
			t.Errorf("--top %d prints %q", top, got)
		}
	}
	if got := score("--threads", "2", "--max-tokens", "3", "--prefix", "carrots soup"); len(got) != len(rows) || slices.Equal(got, rows) {
		t.Errorf("with a prefix %q", got)
	}

	if one, two := score("--max-tokens", "1", "--prefix", "carrots soup"), score("--max-tokens", "2"); len(one) != len(rows) || len(two) != len(rows) {
		t.Errorf("--max-tokens 1 with a prefix prints %q, 2 without %q", one, two)
	}

	// As JSON, with tokens.
	for i, line := range score("--json", "--tokens", "--top", "5") {
		var o listedJSON
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatal(err)
		}
		w := want[i]
		if o.File != path || o.Line != w.number || o.Text != w.Text || float64(o.Loss) != w.Mean() || o.Words != w.Symbols || o.Unknown != w.Unknown || len(o.Tokens) != 1+w.Symbols || o.Tokens[0].LogProb != nil {
			t.Errorf("%s, want %+v", line, w)
		}
		for k, token := range w.Tokens {
			if got := o.Tokens[k+1]; *got.LogProb != token.LogProb || got.ID != token.ID || got.Token != token.Word {
				t.Errorf("token %d of %s, want %+v", k, line, token)
			}
		}
	}
	// Two files: rows name them; a line that is in both stands in their order.
	again := score("--top", "2", path)
	for i, l := range []listed{want[0], want[0]} {
		if row := fmt.Sprintf("%9.4f  %s  %4d  %s", l.Mean(), path, l.number, lineText(l.Text)); again[i+1] != row {
			t.Errorf("of two files row %d is %q, want %q", i, again[i+1], row)
		}
	}
}

// TestScoreTokens prints each token of documents.
func TestScoreTokens(t *testing.T) {
	r := commandIn("chop the \x1bzz carrots\n\nserve\n", "score", "-m", small().model, "--tokens", "-")
	rows := strings.Split(r.out, "\n")
	want := []string{"document 1: 4 words, ", "        -  \"chop\"", "\"the\"", "\"[UNK]\"", "\"carrots\"", "  end", "document 2: 1 word, ", "        -  \"serve\"", "  end", ""}
	if len(rows) != len(want) {
		t.Fatalf("%+v", r)
	}
	for i, w := range want {
		if !strings.Contains(rows[i], w) {
			t.Errorf("row %d is %q, want %q", i, rows[i], w)
		}
	}
	r = commandIn("serve it\n", "score", "-m", small().model, "--tokens", "-", "--json", "--prefix", "Chop the beets.")
	var o listedJSON
	if err := json.Unmarshal([]byte(r.out), &o); err != nil || o.Document != 1 || o.Line != 0 || len(o.Tokens) != 3 || o.Tokens[0].Token != "serve" || o.Tokens[0].LogProb == nil {
		t.Errorf("%+v: %+v, %v", r, o, err)
	}
	// The table has the same sums.
	table := commandIn("serve it\n", "score", "-m", small().model, "-", "--prefix", "Chop the beets.")
	if !strings.Contains(table.out, fmt.Sprintf(" %.4f ", float64(o.Loss))) {
		t.Errorf("%s: the loss is %v", table.out, o.Loss)
	}
}

func TestScoreLinesMistakes(t *testing.T) {
	f, images := small(), smallImage()
	dir := t.TempDir()
	path := write(t, dir, "log", "chop the carrots\n")
	fails(t, exitUsage, "--top goes with --lines", "score", path, "--top", "3")
	fails(t, exitUsage, "flag: want a whole number, 1 or more", "score", path, "--lines", "--top", "0")
	fails(t, exitUsage, "--lines and --format paragraphs exclude each other", "score", path, "--lines", "--format", "paragraphs")
	for _, flag := range []string{"--lines", "--tokens", "--prefix=a"} {
		fails(t, exitUsage, "is not for the model "+images.model, "score", "-m", images.model, images.data, flag)
	}
	fails(t, exitError, `--prefix is "  ", which holds no word`, "score", "-m", f.model, "--lines", path, "--prefix", "  ")
	fails(t, exitError, "nothing to score: the lines hold no word", "score", "-m", f.model, "--lines", write(t, dir, "blank", "\n \n"))
	fails(t, exitError, "no such file", "score", "-m", f.model, "--lines", filepath.Join(dir, "none"))
	if r := command("score", "-m", f.model, "--lines", filepath.Join(dir, "none")); r.out != "" {
		t.Errorf("a table of nothing: %q", r.out)
	}
	fails(t, exitError, "this is a folder: name its files", "score", "-m", f.model, "--lines", dir)
	fails(t, exitError, "holds images", "score", "-m", f.model, "--lines", images.data)
	fails(t, exitError, "line 2 is longer than the limit of 1 MiB: raise --max-document", "score", "-m", f.model, "--lines", "--max-document", "1", "--top", "1", write(t, dir, "long", "\n"+strings.Repeat("a", 1<<20+1)))
	fails(t, exitError, "take more than 1 MiB of memory: keep fewer with --top, or raise --max-memory", "score", "-m", f.model, "--lines", "--max-memory", "1", write(t, dir, "many", strings.Repeat("serve it hot\n", 10000)))

	// What was read before an error is printed.
	packed := testkit.Gzip(t, strings.Repeat("serve the carrots\n", 5000))
	r := command("score", "-m", f.model, "--lines", "--top", "2", path, write(t, dir, "cut.gz", packed[:len(packed)-9]))
	if r.code != exitError || strings.Count(r.out, "\n") != 3 || strings.Count(r.err, "\n") != 1 {
		t.Errorf("%+v", r)
	}
}

// A line is ranked by its loss, NaN first.
func TestListedBefore(t *testing.T) {
	line := func(loss float64, at int) *listed {
		return &listed{at: at, DocumentScore: autoreg.DocumentScore{Score: autoreg.Score{Symbols: 1, Loss: loss}}}
	}
	order := []*listed{line(math.NaN(), 3), line(math.NaN(), 4), line(math.Inf(1), 9), line(2, 1), line(2, 2), line(1, 0)}
	for i, a := range order {
		for k, b := range order {
			if got := a.before(b); got != (i < k) {
				t.Errorf("%v before %v: %t", a, b, got)
			}
		}
	}
}

// TestScoreLinesProgress: a bar at a terminal, of work that takes more than a second.
func TestScoreLinesProgress(t *testing.T) {
	var errOut bytes.Buffer
	a := &app{in: strings.NewReader(""), out: io.Discard, err: &errOut, terminal: true}
	path := write(t, t.TempDir(), "log", strings.Join(logLines(), "\n"))
	if code := a.run(context.Background(), []string{"score", "-m", small().model, "--lines", path}); code != exitOK || strings.Contains(errOut.String(), "%") {
		t.Errorf("status %d, a bar for a moment's work: %q", code, errOut.String())
	}
	p := a.newProgress(100, "log")
	p.hold(20 * time.Millisecond)
	p.add(10)
	if strings.Contains(errOut.String(), "%") {
		t.Errorf("a bar at once: %q", errOut.String())
	}
	time.Sleep(30 * time.Millisecond)
	p.add(10)
	if !strings.Contains(errOut.String(), "20%") || !strings.Contains(errOut.String(), "log") {
		t.Errorf("no bar: %q", errOut.String())
	}
}

// A command whose input stands still ends when it is interrupted, and prints nothing.
func TestScoreLinesInterrupted(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Skip(err)
	}
	defer w.Close()
	if _, err := w.WriteString("chop the carrots\n"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	var out, errOut bytes.Buffer
	if code := run(ctx, []string{"score", "-m", small().model, "--lines", "-"}, r, &out, &errOut); code != exitInterrupted || out.Len() > 0 {
		t.Errorf("status %d, %q, %q", code, out.String(), errOut.String())
	}
}

// What following yields ends with ctx, though its sequence stands still.
func TestFollowing(t *testing.T) {
	failed := errors.New("failed")
	seq := func(yield func(int, error) bool) {
		for i := range 1000 {
			if !yield(i, nil) {
				return
			}
		}
		yield(0, failed)
	}
	n := 0
	for i, err := range following(t.Context(), seq) {
		if n == 1000 && err != failed || n < 1000 && (i != n || err != nil) {
			t.Fatalf("item %d is %d, %v", n, i, err)
		}
		n++
	}
	if n != 1001 {
		t.Errorf("%d items", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	for range following(ctx, func(yield func(int, error) bool) { yield(1, nil); <-t.Context().Done() }) {
		cancel()
	}
	cancel()
}
