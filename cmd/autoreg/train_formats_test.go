package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTrainJSON trains on a member of JSON objects, from a file, packed, and from standard
// input: the model is that of the same texts in lines. Score and classify read them alike.
func TestTrainJSON(t *testing.T) {
	dir := t.TempDir()
	var lines, objects strings.Builder
	for _, text := range []string{"boil the oats and serve .", "fry the rice .", "serve it warm ."} {
		for range 4 {
			fmt.Fprintln(&lines, text)
			fmt.Fprintf(&objects, "{\"n\":1,\"post\":{\"body\":%q}}\n", text)
		}
	}
	objects.WriteString("{\"n\":1}\n{\"post\":{\"body\":7}}\n")
	plain, jsonl := write(t, dir, "plain.txt", lines.String()), write(t, dir, "posts.jsonl", objects.String())
	packed := write(t, dir, "posts.jsonl.gz", gzipped(objects.String()))
	list := write(t, dir, "list.json", "["+strings.ReplaceAll(strings.TrimSpace(objects.String()), "\n", ",\n")+"]")
	want := filepath.Join(dir, "want")
	ok(t, trainArgs(plain, want)...)
	scored := func(out string) string { return strings.Join(strings.Fields(strings.Split(out, "\n")[1])[1:], " ") }
	wantScore := scored(ok(t, "score", "-m", want, plain))
	for i, c := range []struct{ data, stdin, format string }{
		{jsonl, "", "auto"}, {jsonl, "", "json"}, {packed, "", "auto"}, {list, "", "auto"}, {list, "", "json"},
		{"-", objects.String(), "auto"}, {"-", gzipped(objects.String()), "json"},
	} {
		model := filepath.Join(dir, fmt.Sprint("model", i))
		r := commandIn(c.stdin, trainArgs(c.data, model, "--field", "post.body", "--format", c.format)...)
		if r.code != exitOK || !strings.Contains(r.out, "12 documents, read as json\n") || !strings.Contains(r.out, "1 skipped for want of a text, 1 skipped whose text is not a string") {
			t.Errorf("%s as %s: %+v", c.data, c.format, r)
			continue
		}
		if m, w := ok(t, "generate", "-m", model, "boil", "--seed", "3"), ok(t, "generate", "-m", want, "boil", "--seed", "3"); m != w {
			t.Errorf("%s as %s: the model writes %q, that of lines %q", c.data, c.format, m, w)
		}
		r = commandIn(c.stdin, "score", "-m", want, c.data, "--field", "post.body", "--format", c.format)
		if r.code != exitOK || scored(r.out) != wantScore {
			t.Errorf("score %s as %s: %+v, want %s", c.data, c.format, r, wantScore)
		}
	}

	classes := filepath.Join(dir, "classes")
	ok(t, "train", "classify", "--data", write(t, dir, "labelled.jsonl", "{\"post\":{\"body\":\"boil\"},\"tag\":\"a\"}\n{\"post\":{\"body\":\"fry\"},\"tag\":\"b\"}\n"),
		"--text", "post.body", "--label", "tag", "-o", classes, "--embedding", "4", "--layers", "gru:4", "--epochs", "1")
	if got, want := ok(t, "classify", "-m", classes, jsonl, "--field", "post.body"), ok(t, "classify", "-m", classes, plain); got != want {
		t.Errorf("classify: %q, of lines %q", got, want)
	}

	model := filepath.Join(dir, "none")
	fails(t, exitError, `posts.jsonl: this is JSON lines of objects with the members "n", "post": name the member that holds the text with --field; or read it as plain text with --format lines`, trainArgs(jsonl, model)...)
	fails(t, exitError, `no record of 14 has a text in "body"; the members of the first are "n", "post": name the one that holds the text with --field`, trainArgs(jsonl, model, "--field", "body")...)
	fails(t, exitError, `--field is "body", but no file holds JSON`, trainArgs(plain, model, "--field", "body")...)
	fails(t, exitError, `--field is "body": it is for --format json, not lines`, trainArgs(plain, model, "--field", "body", "--format", "lines")...)
	fails(t, exitError, `malformed JSON in record 1, line 2, byte 12`, trainArgs(write(t, dir, "bad.jsonl", "{\"a\":\"b c\"}\n}{\n"), model, "--field", "a", "--format", "json")...)
	fails(t, exitUsage, "--field is not for the model", "score", "-m", classes, jsonl, "--field", "post.body")
}

// TestTrainTextFormat trains on a file that is one document.
func TestTrainTextFormat(t *testing.T) {
	dir := t.TempDir()
	data := write(t, dir, "novel.txt", strings.Repeat("Boil the oats .\r\n\r\n  Serve them warm .\r\n", 20))
	model := filepath.Join(dir, "model")
	out := ok(t, trainArgs(data, model, "--format", "text")...)
	if !strings.Contains(out, "1 document, read as text") || !strings.Contains(out, "60 line ends CR LF made LF") {
		t.Errorf("%s", out)
	}
	if out := ok(t, "score", "-m", model, data, "--format", "text"); len(strings.Fields(out)) < 8 || strings.Fields(strings.Split(out, "\n")[1])[1] != "1" {
		t.Errorf("score: %s", out)
	}
	fails(t, exitError, "the text is larger than the limit of 1 MiB: raise --max-document", trainArgs(write(t, dir, "large", strings.Repeat("a b\n", 1<<18+1)), model, "--format", "text", "--max-document", "1", "--overwrite")...)
}

// The advice on how to go on with an interrupted run says how its texts are read.
func TestAdviceReads(t *testing.T) {
	dir := t.TempDir()
	model := filepath.Join(dir, "model")
	posts := write(t, dir, "posts.jsonl", strings.Repeat("{\"body\":\"boil the oats\"}\n", 20))
	for _, args := range [][]string{
		classArgs(write(t, dir, "recipes.json", classTexts(60)), model),
		trainArgs(posts, model, "--field", "body", "--format", "json"),
	} {
		ctx, cancel := context.WithCancel(context.Background())
		out, errOut := &trigger{at: "epoch 1/", do: cancel}, new(bytes.Buffer)
		code := run(ctx, args, strings.NewReader(""), out, errOut)
		_, advice, found := strings.Cut(errOut.String(), "; go on with: autoreg ")
		if code != exitInterrupted || !found {
			t.Errorf("%q: status %d, %s", args, code, errOut)
			continue
		}
		ok(t, strings.Fields(advice)...)
		if err := os.Remove(model); err != nil {
			t.Error(err)
		}
		os.Remove(model + ".checkpoint")
	}
}

// TestValidationData measures the model on files of their own, which are read as those of
// --data are and which a resumed run needs again.
func TestValidationData(t *testing.T) {
	dir := t.TempDir()
	data := write(t, dir, "train.jsonl", strings.Repeat("{\"x\":\"boil the oats and serve .\"}\n", 9))
	held := write(t, dir, "held.jsonl.gz", gzipped("{\"x\":\"boil the oats .\"}\n{\"x\":null}\n{\"x\":\"serve the rice .\"}\n"))
	model, log := filepath.Join(dir, "model"), filepath.Join(dir, "log.jsonl")
	args := trainArgs(data, model, "--field", "x", "--validation-data", held, "--log", log)
	out := ok(t, append(args, "--patience", "2")...)
	for _, want := range []string{
		"corpus           " + data + ": 9 documents, read as json", "validation data  " + held + ": 2 documents, read as json", "1 skipped for want of a text",
		"training         9 documents, 54 words", "validation       2 documents, 8 words, 12.50% of them unknown", "validation loss ",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if !bytes.Contains(read(t, log), []byte(`"val_loss":`)) {
		t.Errorf("log: %s", read(t, log))
	}
	resume := []string{"train", "text", "--data", data, "--field", "x", "-o", model, "--resume", model + ".checkpoint", "--epochs", "3"}
	fails(t, exitError, "--validation-data is empty: the run began with documents for validation, give them again", resume...)
	ok(t, append(resume, "--validation-data", held)...)
	for _, more := range [][]string{{"--validation-data", data}, {"--data", "-", "--validation-data", "-"}} {
		fails(t, exitUsage, "--data and --validation-data are the same file", trainArgs(data, filepath.Join(dir, "none"), append(more, "--field", "x")...)...)
	}
	fails(t, exitError, "leave one of them out", trainArgs(data, filepath.Join(dir, "none"), "--field", "x", "--validation", "0.1", "--validation-data", held)...)
	fails(t, exitUsage, "give --validation, 0.1 for example, or --validation-data FILE", trainArgs(data, filepath.Join(dir, "none"), "--patience", "1")...)
	fails(t, exitError, `held.txt: there is no text in it`, trainArgs(data, filepath.Join(dir, "none"), "--field", "x", "--validation-data", write(t, dir, "held.txt", "\n"))...)
}

// A model of bytes learns the bytes of the file, in a run that is resumed too.
func TestTrainRawBytes(t *testing.T) {
	dir := t.TempDir()
	data := write(t, dir, "latin1.txt", strings.Repeat("Cr\xe8me\r\n", 30))
	model := filepath.Join(dir, "model")
	out := ok(t, trainArgs(data, model, "--format", "text", "--unit", "byte", "--epochs", "1")...)
	if strings.Contains(out, "replaced") || strings.Contains(out, "made LF") || !strings.Contains(out, "210 ") {
		t.Errorf("%s", out)
	}
	ok(t, "train", "text", "--data", data, "--format", "text", "-o", model, "--resume", model+".checkpoint", "--epochs", "2")
	if out := ok(t, "score", "-m", model, data, "--format", "text"); !strings.Contains(out, " 210 ") && !strings.Contains(out, " 209 ") {
		t.Errorf("score: %s", out)
	}
	// A byte is given as the vocabulary is shown.
	if !strings.Contains(ok(t, "info", "-m", model, "--vocabulary"), "\t\\xe8\n") {
		t.Error("the vocabulary does not show \\xe8")
	}
	generate := []string{"generate", "-m", model, "Cr", "--new-tokens", "2", "--seed", "1"}
	if r := command(append(generate, "--bias", `\xC3=1000`, "--json", "--alternatives", "1")...); strings.Count(r.out, `"token":"\\xc3"`) < 2 {
		t.Errorf("%+v", r)
	}
	ok(t, append(generate, "--ban", `\xe8`, "--stop-token", "n")...)
	fails(t, exitUsage, `the model reads this as 4 bytes: give one`, append(generate, "--ban", `\xzz`)...)
	fails(t, exitUsage, `the model reads this as 4 bytes: give one`, append(generate, "--ban", `0xe8`)...)
	fails(t, exitUsage, `the prompt holds no byte`, "generate", "-m", model, "")
	fails(t, exitError, "this is text in UTF-16LE: to read it byte by byte convert it to UTF-8", trainArgs(write(t, dir, "wide", "\xff\xfea\x00\n\x00"), filepath.Join(dir, "none"), "--unit", "byte")...)
}

// A model that has learned one sentence by heart writes copies of it, and says so.
func TestCopiedSample(t *testing.T) {
	dir := t.TempDir()
	model, log := filepath.Join(dir, "model"), filepath.Join(dir, "log.jsonl")
	text := strings.Repeat("boil the oats and sip the tea , then fry an egg while they are warm .\n", 40)
	out := ok(t, trainArgs(write(t, dir, "data", text), model, "--epochs", "20", "--log", log, "--sample", "boil", "--temperature", "0.5")...)
	if !strings.Contains(out, "  copied: 0.0% of its runs of 8 tokens stand in the training data\n") ||
		!strings.Contains(out, "  copied: 100.0% of its runs of 8 tokens stand in the training data\n") {
		t.Errorf("%s", out)
	}
	if lines := string(read(t, log)); !strings.Contains(lines, `"copied":0}`) || !strings.Contains(lines, `"copied":1}`) {
		t.Errorf("log: %s", lines)
	}
	if out := ok(t, trainArgs(write(t, dir, "data", text), model, "--sample-tokens", "7", "--overwrite")...); strings.Contains(out, "copied") {
		t.Errorf("a sample of 7 tokens: %s", out)
	}
}
