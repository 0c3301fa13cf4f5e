package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/train"
)

// TestTrainAndResume trains in one go, and in two with another number of threads:
// model, checkpoint and the log's losses must come out the same.
func TestTrainAndResume(t *testing.T) {
	dir := t.TempDir()
	data := write(t, dir, "recipes.json", recipes())
	path := func(name string) string { return filepath.Join(dir, name) }
	common := []string{"--validation", "0.2", "--seed", "5", "--clip", "1"}

	whole := ok(t, trainArgs(data, path("whole"), append(common, "--epochs", "4", "--threads", "1", "--log", path("whole.log"))...)...)
	for _, want := range []string{
		"30 documents, read as recipes", "2 skipped", "24 documents", "6 documents", "layer (type)",
		"epoch 1/4: loss ", "; validation loss ", "the best so far", " tokens/s", "epoch 4/4", "\n  Recipe for", "saved ",
	} {
		if !strings.Contains(whole, want) {
			t.Errorf("the output lacks %q:\n%s", want, whole)
		}
	}

	ok(t, trainArgs(data, path("parts"), append(common, "--epochs", "2", "--threads", "2", "--log", path("parts.log"), "--plot", path("parts.png"))...)...)
	two := read(t, path("parts.checkpoint"))
	resumed := ok(t, "train", "text", "-d", data, "-o", path("parts"), "--resume", path("parts.checkpoint"), "--epochs", "4",
		"--threads", "3", "--log", path("parts.log"), "--plot", path("parts.png"), "--sample-tokens", "20", "--keep-checkpoint")
	if !strings.Contains(resumed, "after 2 of 4 epochs") || strings.Contains(resumed, "epoch 2/4") {
		t.Errorf("the resumed run prints:\n%s", resumed)
	}
	for _, suffix := range []string{"", ".checkpoint"} {
		if !bytes.Equal(read(t, path("whole"+suffix)), read(t, path("parts"+suffix))) {
			t.Errorf("whole%s and parts%[1]s differ", suffix)
		}
	}
	if a, b := losses(t, path("whole.log")), losses(t, path("parts.log")); a != b || strings.Count(a, "\n") != 4 {
		t.Errorf("the logs differ:\n%s\n%s", a, b)
	}
	checkPNG(t, path("parts.png"))

	// A log that is there already is of use: resuming once more from epoch 2
	// replaces what it says of epochs 3 and 4.
	write(t, dir, "two", string(two))
	ok(t, trainArgs(data, path("again"), "--resume", path("two"), "--epochs", "4", "--log", path("parts.log"))...)
	if a, b := losses(t, path("whole.log")), losses(t, path("parts.log")); a != b {
		t.Errorf("the log after resuming twice differs:\n%s\n%s", a, b)
	}
	if !bytes.Equal(read(t, path("whole")), read(t, path("again"))) {
		t.Error("whole and again differ")
	}
}

// losses returns what a log says that does not depend on time.
func losses(t *testing.T, path string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(string(read(t, path))) {
		var r epochRecord
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%s: %v in %q", path, err, line)
		}
		if r.Seconds <= 0 || r.TokensPerSecond <= 0 {
			t.Errorf("%s: %q has no times", path, line)
		}
		r.Seconds, r.TokensPerSecond, r.Epochs = 0, 0, 0
		out, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(out, '\n'))
	}
	return b.String()
}

func checkPNG(t *testing.T, path string) {
	t.Helper()
	if _, err := png.Decode(bytes.NewReader(read(t, path))); err != nil {
		t.Errorf("%s: %v", path, err)
	}
}

// TestInterrupt ends a run as Ctrl-C does and then takes its advice.
func TestInterrupt(t *testing.T) {
	dir := t.TempDir()
	data, model := write(t, dir, "the recipes.json", recipes()), filepath.Join(dir, "model")
	want := filepath.Join(dir, "want")
	ok(t, trainArgs(data, want, "--epochs", "3")...)

	ctx, cancel := context.WithCancel(context.Background())
	out, errOut := &trigger{at: "epoch 1/3", do: cancel}, new(bytes.Buffer)
	code := run(ctx, trainArgs(data, model, "--epochs", "3"), strings.NewReader(""), out, errOut)
	message, advice, _ := strings.Cut(errOut.String(), "; go on with: autoreg ")
	if code != exitInterrupted || !strings.HasPrefix(message, "autoreg: interrupted in epoch 2 after 0 of 5 steps") || strings.Count(errOut.String(), "\n") != 1 {
		t.Fatalf("status %d, message %q", code, errOut)
	}
	if _, err := os.Stat(model); err == nil {
		t.Error("an interrupted run has written its model")
	}
	// The advice is for a shell: undo the one pair of quotes.
	before, quoted, _ := strings.Cut(advice, "'")
	quoted, after, found := strings.Cut(quoted, "'")
	if !found || quoted != data {
		t.Fatalf("advice %q does not quote %q", advice, data)
	}
	ok(t, append(append(strings.Fields(before), quoted), strings.Fields(after)...)...)
	if !bytes.Equal(read(t, model), read(t, want)) {
		t.Error("the resumed model differs from the uninterrupted one")
	}

	// Before the first step there is nothing to lose, but the same status.
	errOut.Reset()
	if code := run(ctx, trainArgs(data, filepath.Join(dir, "none")), nil, out, errOut); code != exitInterrupted {
		t.Errorf("status %d, message %q", code, errOut)
	}
}

// TestInterruptAtEnd comes too late: the run is complete, and saved.
func TestInterruptAtEnd(t *testing.T) {
	dir := t.TempDir()
	model, log := filepath.Join(dir, "model"), filepath.Join(dir, "log")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out, errOut := &trigger{at: "epoch 2/2", do: cancel}, new(bytes.Buffer)
	code := run(ctx, trainArgs(small().data, model, "--log", log), nil, out, errOut)
	if code != exitOK || errOut.Len() != 0 || !strings.Contains(out.String(), "\nsaved "+model+"\n") {
		t.Errorf("status %d, message %q, output:\n%s", code, errOut, out)
	}
	lines := strings.Split(strings.TrimSpace(string(read(t, log))), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"sample":`) || strings.Contains(lines[1], `"sample":`) {
		t.Errorf("log %q, want an epoch with and one without a text", lines)
	}
	if _, err := os.Stat(model); err != nil {
		t.Error(err)
	}
}

// TestSamplePrompt has texts begin with words that the corpus has.
func TestSamplePrompt(t *testing.T) {
	dir := t.TempDir()
	data := write(t, dir, "corpus.txt", "...\nIt was a dark and stormy night\n"+strings.Repeat("a night was it\n", 5))
	r := command(trainArgs(data, filepath.Join(dir, "a"), "--punctuation", "strip")...)
	if r.code != exitOK || r.err != "" || strings.Count(r.out, "\n  It was") != 2 {
		t.Errorf("by default: %+v", r)
	}
	r = command(trainArgs(data, filepath.Join(dir, "b"), "--sample", "recipe for a night recipe")...)
	if r.code != exitOK || r.err != "autoreg: words of the sample's prompt that the vocabulary lacks, read as [UNK]: recipe for\n" {
		t.Errorf("with unknown words: %+v", r)
	}
	r = command(trainArgs(data, filepath.Join(dir, "c"), "--sample", "")...)
	if r.code != exitOK || r.err != "" || !strings.Contains(r.out, "s\nsaved ") {
		t.Errorf("without: %+v", r)
	}
}

// TestPatience stops a run that gets worse, with the best weights.
func TestPatience(t *testing.T) {
	dir := t.TempDir()
	// What is set aside, every second document, has nothing to do with the rest.
	data := write(t, dir, "corpus.txt", strings.Repeat("one two three\nthree two one\n", 8))
	model := filepath.Join(dir, "model")
	out := ok(t, trainArgs(data, model, "--epochs", "40", "--validation", "0.5", "--patience", "2", "--sample", "", "--length", "3", "--ignore-padding")...)
	if !strings.Contains(out, "2 epochs without a lower validation loss: stopped\nsaved "+model+": the weights of epoch ") {
		t.Errorf("output:\n%s", out)
	}
}

// TestTrainSmallest has a vocabulary of one word.
func TestTrainSmallest(t *testing.T) {
	dir := t.TempDir()
	data, model := write(t, dir, "corpus.txt", "a a a\na\n"), filepath.Join(dir, "model")
	ok(t, trainArgs(data, model, "--sample", "a")...)
	if out := ok(t, "generate", "-m", model, "a", "-t", "0", "--plain"); !strings.HasPrefix(out, "a") {
		t.Errorf("output %q", out)
	}
	ok(t, "probs", "-m", model, "a")
	ok(t, "score", "-m", model, data)
	ok(t, "info", "-m", model)
}

func TestTrainBadInput(t *testing.T) {
	dir := t.TempDir()
	files := small()
	model := filepath.Join(dir, "model")
	bad := func(code int, want, content string, more ...string) {
		t.Helper()
		fails(t, code, want, trainArgs(write(t, dir, "data", content), model, more...)...)
	}
	bad(1, "no text in it", "")
	bad(1, "no text in it", " \n\t\n")
	bad(1, "the list", "[]")
	bad(1, "no record of 2 has both", `[{"title":"a"},{"directions":["b"]}]`)
	bad(1, "line 3, byte ", "[{\"title\":\"a\",\n\"directions\":[\"b\"]},\n{\"title\" \"c\"}]")
	bad(1, "cut off", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b")
	bad(1, "read it as plain text with --format lines", "[1, 2]")
	bad(1, "a table of 2 columns", "name,age\nBob,3\n")
	bad(1, "no word", "...\n", "--punctuation", "strip")
	bad(1, "documents", "a b c\n", "--validation", "0.5")
	bad(1, "--max-memory", "a b c\n", "--max-memory", "1", "--units", "1000", "--vocabulary", "1000")
	bad(2, "--lr", "a\n", "--lr", "0")
	bad(2, "--lr", "a\n", "--lr", "NaN")
	bad(2, "--clip", "a\n", "--clip=-1")
	bad(2, "--average", "a\n", "--average", "1")
	bad(2, "--average", "a\n", "--average", "NaN")
	bad(2, "--average", "a\n", "--average=-0.5")
	bad(2, "--validation", "a\n", "--validation", "1")
	bad(2, "--patience", "a\n", "--patience", "3")
	bad(2, "--epochs", "a\n", "--epochs", "0")
	bad(2, "--batch", "a\n", "--batch", "x")
	bad(2, "--vocabulary", "a\n", "--vocabulary", "0")
	bad(1, "--vocabulary is 2: want at least 3", "a\n", "--vocabulary", "2")
	bad(2, "--format", "a\n", "--format", "pdf")
	bad(2, "--temperature", "a\n", "--temperature", "-1")
	bad(2, "--seed", "a\n", "--seed", "-1")
	bad(2, "--sample", "a b\n", "--sample", " ")
	bad(1, "is a directory", "a\n", "--log", dir)
	bad(1, "no such file", "a\n", "--plot", filepath.Join(dir, "none", "plot.png"))
	bad(2, "same file", "a\n", "--log", model)
	bad(2, "same file", "a\n", "--checkpoint", filepath.Join(dir, ".", "data"))
	if _, err := os.Stat(model); err == nil {
		t.Error("a run that failed has written its model")
	}

	fails(t, 2, "output", "train", "text", "--data", files.data)
	fails(t, 2, "data", "train", "text", "-o", model)
	fails(t, 2, "train text", "train")
	fails(t, 2, "image", "train", "image")
	fails(t, 2, `no argument, such as "more"`, trainArgs(files.data, model, "more")...)
	fails(t, 1, "no such file", trainArgs(filepath.Join(dir, "none"), model)...)
	fails(t, 1, "in this folder", trainArgs(t.TempDir(), model)...)
	fails(t, 1, "is a directory", trainArgs(files.data, dir)...)
	fails(t, 1, "holds a run already", trainArgs(files.data, files.model)...)

	resume := func(want, data string, more ...string) {
		t.Helper()
		fails(t, 1, want, append([]string{"train", "text", "-d", data, "-o", model}, more...)...)
	}
	resume("no such file", files.data, "--resume", filepath.Join(dir, "none"))
	resume("no checkpoint", files.data, "--resume", files.model)
	resume("documents", write(t, dir, "other", "a\n"), "--resume", files.checkpoint)
	resume("--batch is 9 now and was 7", files.data, "--resume", files.checkpoint, "--batch", "9")
	resume("--case is keep now and was fold", files.data, "--resume", files.checkpoint, "--case", "keep")
	resume("--clip is 1 now and was 0", files.data, "--resume", files.checkpoint, "--clip", "1")
	resume("--average is 0.5 now and was 0", files.data, "--resume", files.checkpoint, "--average", "0.5")
	resume("--epochs is 3", files.data, "--resume", files.checkpoint, "--epochs", "3")
	fails(t, 2, "overwrite", "train", "text", "-d", files.data, "-o", model, "--resume", files.checkpoint, "--overwrite")
	checkpoint := read(t, files.checkpoint)
	for _, n := range []int{0, 1, 8, 9, 1000, len(checkpoint) / 2, len(checkpoint) - 1} {
		resume("cannot resume", files.data, "--resume", write(t, dir, "cut", string(checkpoint[:n])))
	}

	// What is there already stays unless it is to be replaced.
	ok(t, trainArgs(files.data, files.model, "--overwrite", "--epochs", "4")...)
	if !bytes.Equal(read(t, files.checkpoint), checkpoint) {
		t.Error("the same run has another checkpoint")
	}
	// A run that is complete has nothing to do, and says so by saving its model.
	ok(t, "train", "text", "-d", files.data, "-o", model, "--resume", files.checkpoint)
	if !bytes.Equal(read(t, files.model), read(t, model)) {
		t.Error("resuming a complete run gives another model")
	}
}

// TestPaddingIsNamed: where padding counts, each line says so, and gives the loss over
// words beside it, which for the validation documents is what score says. By default
// plain text has none.
func TestPaddingIsNamed(t *testing.T) {
	dir := t.TempDir()
	var docs []string
	for i := range 24 {
		docs = append(docs, strings.Join(strings.Fields("the cat saw a dog that ran to the old mill by the sea")[i%5:6+i%7], " "))
	}
	_, judge, err := train.SplitDocs(docs, 0.25)
	if err != nil {
		t.Fatal(err)
	}
	data := write(t, dir, "corpus.txt", strings.Join(docs, "\n"))
	held := write(t, dir, "held.txt", strings.Join(judge, "\n"))
	for _, c := range []struct {
		flags   []string
		counted bool
	}{{nil, false}, {[]string{"--ignore-padding=false"}, true}, {[]string{"--ignore-padding=false", "--windows=false"}, true}} {
		model, log := filepath.Join(dir, "model"), filepath.Join(dir, "log")
		out := ok(t, trainArgs(data, model, append(c.flags, "--overwrite", "--epochs", "1", "--validation", "0.25", "--log", log)...)...)
		var e train.EpochStats
		if err := json.Unmarshal(read(t, log), &e); err != nil {
			t.Fatal(err)
		}
		loss, perplexity := e.ValLoss, e.ValPerplexity
		if c.counted {
			loss, perplexity = e.ValWordLoss, e.ValWordPerplexity
		}
		if counted := e.WordLoss > e.Loss && e.ValWordLoss > e.ValLoss && e.WordPerplexity > e.Perplexity; counted != c.counted {
			t.Errorf("%q: %+v", c.flags, e)
		}
		_, line, _ := strings.Cut(out, "epoch 1/1: ")
		line, _, _ = strings.Cut(line, "\n")
		word := fmt.Sprintf("%.4f, perplexity %.2f", loss, perplexity)
		if !strings.Contains(line, word) || strings.Count(line, "counting padding") != strings.Count(line, "over words") || strings.Contains(line, "over words "+word) != c.counted {
			t.Errorf("%q: %q, want %q", c.flags, line, word)
		}
		if strings.Contains(out, "padding counts") != c.counted {
			t.Errorf("%q: the output is\n%s", c.flags, out)
		}
		fields := strings.Fields(strings.Split(ok(t, "score", "-m", model, held), "\n")[1])
		if got := strings.Join(fields[len(fields)-2:], ", perplexity "); got != word {
			t.Errorf("%q: score says %q, training %q", c.flags, got, word)
		}
		m, err := autoreg.Open[*autoreg.TextModel](model)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := m.Score(context.Background(), slices.Values(judge), nil); err != nil || s.Mean() != loss {
			t.Errorf("%q: Score gives %v (%v), training %v", c.flags, s.Mean(), err, loss)
		}
	}
}

// TestLongDocuments are cut into windows, or cut off, and what is printed says which.
func TestLongDocuments(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("one two three four five ", 10)
	data := write(t, dir, "corpus.txt", long+"\nsix seven\n"+long+"\n")
	args := func(more ...string) []string {
		return trainArgs(data, filepath.Join(dir, "model"), append(more, "--overwrite", "--sample", "")...)
	}
	for _, c := range []struct{ flags, want string }{
		{"", "3 documents, 102 words, 0.00% of them unknown; 2 of them, of more than 24 words, cut into 6 windows\n"},
		{"--windows=false", "3 documents, 52 words, 0.00% of them unknown; 50 words cut off from 2 of them, after 25 words (--windows keeps them)\n"},
		{"--length 50", "3 documents, 102 words, 0.00% of them unknown\n"},
	} {
		if out := ok(t, args(strings.Fields(c.flags)...)...); !strings.Contains(out, c.want) {
			t.Errorf("%q: the output lacks %q:\n%s", c.flags, c.want, out)
		}
	}
	// Recipes keep the reference's ways unless they are told otherwise.
	out := ok(t, trainArgs(small().data, filepath.Join(dir, "recipes"), "--length", "9")...)
	if !strings.Contains(out, "words cut off from") || strings.Contains(out, "windows;") {
		t.Errorf("recipes:\n%s", out)
	}
	out = ok(t, trainArgs(small().data, filepath.Join(dir, "recipes2"), "--length", "9", "--windows", "--ignore-padding")...)
	if strings.Contains(out, "cut off") || strings.Contains(out, "padding counts") || strings.Contains(out, "counting padding") || !strings.Contains(out, "windows") {
		t.Errorf("recipes in windows:\n%s", out)
	}
}

// TestOneStep says what to do about epochs of one step.
func TestOneStep(t *testing.T) {
	dir := t.TempDir()
	data := write(t, dir, "corpus.txt", "a b c\nd e f\ng h i\n")
	for flags, want := range map[string]string{
		"":                       "1 an epoch, of all 3 sequences: a --batch of less",
		"--batch 2":              "2 an epoch, of up to 2 sequences\n",
		"--format paragraphs":    "1 an epoch, for there is one sequence only",
		"--batch 1 --length 200": "3 an epoch",
	} {
		out := ok(t, trainArgs(data, filepath.Join(dir, "model"), append(strings.Fields(flags), "--overwrite")...)...)
		if !strings.Contains(out, want) {
			t.Errorf("%q: the output lacks %q:\n%s", flags, want, out)
		}
	}
}

// TestDivergence has learning rates out of all reason end with an error and no model,
// and the checkpoint of the last epoch before.
func TestDivergence(t *testing.T) {
	dir := t.TempDir()
	var corpus strings.Builder
	for i := range 700 { // no two words say which is next
		fmt.Fprintf(&corpus, "w%d", i*i*i%89)
		corpus.WriteByte(" \n"[min(i%9/8, 1)])
	}
	data, model := write(t, dir, "corpus.txt", corpus.String()), filepath.Join(dir, "model")
	fails(t, exitError, "training has diverged: lower --lr or set --clip; no model is written\n", trainArgs(data, model, "--lr", "1e6", "--epochs", "1")...)
	r := command(trainArgs(data, model, "--lr", "1000", "--epochs", "30", "--overwrite")...)
	_, advice, found := strings.Cut(r.err, "no model is written; the checkpoint is that of epoch ")
	epoch, advice, _ := strings.Cut(advice, ", for whose model go on with: autoreg ")
	if r.code != exitError || !found || !strings.HasSuffix(advice, " --resume "+model+".checkpoint --epochs "+epoch+"\n") {
		t.Errorf("status %d: %s", r.code, r.err)
	}
	if strings.Contains(r.out, "saved") {
		t.Errorf("the output is\n%s", r.out)
	}
	// The advice makes no model of weights that are no good either.
	if r := command(strings.Fields(advice)...); r.code != exitError || !strings.HasSuffix(r.err, "; no model is written\n") {
		t.Errorf("the advice %q: status %d: %s", advice, r.code, r.err)
	}
	if _, err := os.Stat(model); err == nil {
		t.Error("there is a model")
	}
}
