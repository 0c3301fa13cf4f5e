package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/train"
)

// names returns what a directory holds, hidden files included.
func names(t testing.TB, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// TestKeepsFinishedFiles replaces no file unasked, whatever it is.
func TestKeepsFinishedFiles(t *testing.T) {
	dir := t.TempDir()
	only := write(t, dir, "b.txt", "my only copy\n")
	empty := write(t, dir, "empty", "")
	old := write(t, dir, "old", string(read(t, small().model)))
	for _, path := range []string{only, empty, old} {
		was := read(t, path)
		for _, args := range [][]string{
			trainArgs(small().data, path), trainArgs(small().data, filepath.Join(dir, "new"), "--plot", path),
			trainImageArgs(smallImage().data, path, "--samples", ""), trainImageArgs(smallImage().data, filepath.Join(dir, "new"), "--samples", "", "--plot", path),
		} {
			fails(t, exitError, "there is a file "+path+" already: name another one, or give --overwrite to replace it", args...)
		}
		if !bytes.Equal(read(t, path), was) {
			t.Errorf("%s has changed", path)
		}
	}
	if list := names(t, dir); len(list) != 3 {
		t.Errorf("files %q: want none new", list)
	}
	ok(t, trainArgs(small().data, only, "--epochs", "4", "--plot", empty, "--overwrite")...)
	if !bytes.Equal(read(t, only), read(t, small().model)) {
		t.Error("with --overwrite: another model")
	}
	checkPNG(t, empty)
}

// TestOwnModel replaces on a resume the model that the run has made itself, and no other
// file.
func TestOwnModel(t *testing.T) {
	dir := t.TempDir()
	model := filepath.Join(dir, "model")
	ok(t, trainArgs(small().data, model)...)
	resume := func(model string, more ...string) []string {
		return append([]string{"train", "text", "-d", small().data, "-o", model, "--resume", filepath.Join(dir, "model.checkpoint"), "--sample", "", "--keep-checkpoint"}, more...)
	}
	two := read(t, model+".checkpoint")
	ok(t, resume(model, "--epochs", "3")...)
	ok(t, resume(model, "--epochs", "4")...)
	if !bytes.Equal(read(t, model), read(t, small().model)) {
		t.Error("not the model of 4 epochs")
	}
	// From an older checkpoint it is the same run, too.
	write(t, dir, "model.checkpoint", string(two))
	ok(t, resume(model, "--epochs", "3")...)

	other := filepath.Join(dir, "other")
	ok(t, trainArgs(small().data, other, "--seed", "9")...)
	f, err := readModelFile(other)
	if err != nil {
		t.Fatal(err)
	}
	delete(f.Metadata, train.RecordKey)
	nameless := filepath.Join(dir, "nameless")
	if err := atomicfile.Write(nameless, f); err != nil {
		t.Fatal(err)
	}
	plot := write(t, dir, "plot.png", "no picture")
	for _, path := range []string{other, nameless, write(t, dir, "b.txt", "my only copy\n"), smallImage().model} {
		was := read(t, path)
		fails(t, exitError, "there is a file "+path+" already, which is no model of this run: name another one", resume(path, "--epochs", "5")...)
		if !bytes.Equal(read(t, path), was) {
			t.Errorf("%s has changed", path)
		}
	}
	fails(t, exitError, "--plot: there is a file "+plot+" already, which is not an image", resume(model, "--epochs", "5", "--plot", plot)...)
}

// readModelFile reads a model file.
func readModelFile(path string) (*weights.File, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return weights.Read(in, 1<<30)
}

// TestCheckpointRemoved keeps a checkpoint beyond the run's success only if asked to.
func TestCheckpointRemoved(t *testing.T) {
	for kind, args := range map[string][]string{
		"text":  {"train", "text", "-d", small().data, "--embedding", "2", "--units", "3", "--length", "5", "--epochs", "1", "--sample", ""},
		"image": {"train", "image", "-d", smallImage().data, "--height", "4", "--width", "4", "--filters", "2", "--blocks", "1", "--kernel", "3", "--epochs", "1", "--samples", ""},
	} {
		dir := t.TempDir()
		model := filepath.Join(dir, "model")
		out := ok(t, append(args, "-o", model)...)
		if list := names(t, dir); len(list) != 1 || !strings.HasSuffix(out, "\nsaved "+model+"\nremoved the checkpoint, which only more epochs would need: --keep-checkpoint keeps it\n") {
			t.Errorf("%s: files %q, output:\n%s", kind, list, out)
		}
		out = ok(t, append(args, "-o", model, "--overwrite", "--keep-checkpoint")...)
		if list := names(t, dir); len(list) != 2 || !strings.HasSuffix(out, "\nsaved "+model+"\nkept the checkpoint "+model+".checkpoint: --resume it with more --epochs to go on\n") {
			t.Errorf("%s: files %q, output:\n%s", kind, list, out)
		}
		// What is resumed under another name stays, for this run has not written it.
		ok(t, "train", kind, "-d", args[3], "-o", model, "--resume", model+".checkpoint", "--epochs", "2", "--checkpoint", model+".next")
		if list := names(t, dir); len(list) != 2 && kind == "text" {
			t.Errorf("%s: files %q, want the model and the old checkpoint", kind, list)
		}
		if _, err := os.Stat(model + ".checkpoint"); err != nil {
			t.Error(err)
		}
		ok(t, "train", kind, "-d", args[3], "-o", model, "--resume", model+".checkpoint", "--epochs", "2")
		if _, err := os.Stat(model + ".checkpoint"); err == nil {
			t.Errorf("%s: the checkpoint of a complete run is there still", kind)
		}
	}
}

// TestModelAppears finds at the end of a run that the model's name is taken.
func TestModelAppears(t *testing.T) {
	dir := t.TempDir()
	model := filepath.Join(dir, "model")
	out := &trigger{at: "epoch 1/2", do: func() { write(t, dir, "model", "my only copy\n") }}
	var errOut bytes.Buffer
	code := run(context.Background(), trainArgs(small().data, model), nil, out, &errOut)
	if code != exitError || !strings.Contains(errOut.String(), "it is left alone, the model is saved as "+model+".1\n") {
		t.Errorf("status %d, message %q", code, errOut.String())
	}
	if string(read(t, model)) != "my only copy\n" {
		t.Error("the file is lost")
	}
	if _, err := autoreg.Open[*autoreg.TextModel](model + ".1"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(model + ".checkpoint"); err != nil {
		t.Error(err)
	}
}

// TestCheckpointConflict lets another run write to the checkpoint midway: both are there
// afterwards, and the advice on how to go on with either.
func TestCheckpointConflict(t *testing.T) {
	dir := t.TempDir()
	model := filepath.Join(dir, "model")
	checkpoint := model + ".checkpoint"
	other := read(t, small().checkpoint)
	out := &trigger{at: "epoch 2/4", do: func() { write(t, dir, "model.checkpoint", string(other)) }}
	var errOut bytes.Buffer
	code := run(context.Background(), trainArgs(small().data, model, "--epochs", "4", "--seed", "2"), nil, out, &errOut)
	message, advice, found := strings.Cut(errOut.String(), "; the other run goes on with --resume "+checkpoint+"; for this one go on with: autoreg ")
	if code != exitError || !found || !strings.HasSuffix(message, "this run is saved in "+checkpoint+".1") || strings.Count(errOut.String(), "\n") != 1 {
		t.Fatalf("status %d, message %q", code, errOut.String())
	}
	if !bytes.Equal(read(t, checkpoint), other) {
		t.Error("the other run's checkpoint has changed")
	}
	ok(t, strings.Fields(advice)...)
	want := filepath.Join(dir, "want")
	ok(t, trainArgs(small().data, want, "--epochs", "4", "--seed", "2")...)
	if !bytes.Equal(read(t, model), read(t, want)) {
		t.Error("the run that was saved elsewhere has become another")
	}
}

// TestPaintKeepsOtherFiles replaces pictures by pictures of the kind, and nothing else.
func TestPaintKeepsOtherFiles(t *testing.T) {
	dir := t.TempDir()
	picture, animation := filepath.Join(dir, "a.png"), filepath.Join(dir, "a.gif")
	args := []string{"paint", "-m", smallImage().model, "-n", "1", "--seed", "1"}
	for range 2 {
		ok(t, append(args, "-o", picture, "--gif", animation)...)
	}
	text := write(t, dir, "b.txt", "my only copy\n")
	for flag, path := range map[string]string{"--output": text, "--gif": text} {
		fails(t, exitError, flag+": there is a file "+path+" already, which is not an image of the kind to be written", append(args, "-o", filepath.Join(dir, "new.png"), flag, path)...)
	}
	if string(read(t, text)) != "my only copy\n" {
		t.Error("the file is lost")
	}
	// The same for the sheets of a run.
	samples := filepath.Join(dir, "samples")
	if err := os.Mkdir(samples, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, samples, "epoch-002.png", "my only copy\n")
	fails(t, exitError, "epoch-002.png already, which is not an image", trainImageArgs(smallImage().data, filepath.Join(dir, "m"), "--samples", samples)...)
}

// TestLargeCheckpoint takes the shape of images from the header of a checkpoint that is
// larger than a model may be.
func TestLargeCheckpoint(t *testing.T) {
	f, err := readModelFile(smallImage().checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := (&weights.File{Metadata: f.Metadata}).WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	size := int64(autoreg.DefaultMaxBytes) * 4
	header := fmt.Sprintf(`{"x":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]},`, size/4, size)
	header += strings.TrimRight(b.String()[9:], " ")
	path := filepath.Join(t.TempDir(), "large")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	_, err = file.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...))
	if err := errors.Join(err, file.Truncate(int64(8+len(header))+size)); err != nil { // a hole
		t.Skip("no large files here: ", err)
	}
	j := &imageJob{trainJob: trainJob{app: &app{}}}
	j.flags = j.command(new(cobra.Command), j.define).Flags()
	j.resume = path
	if err := j.takeShape(context.Background()); err != nil {
		t.Fatal(err)
	}
	if j.images.Height != smallHeight || j.images.Width != smallWidth || j.images.Levels != 4 {
		t.Errorf("images %+v", j.images)
	}
}

func TestSourceName(t *testing.T) {
	dir := t.TempDir()
	a := write(t, dir, "a b.txt", "")
	for want, paths := range map[string][]string{
		"a b.txt": {a}, "a b.txt, -": {a, "-"}, filepath.Base(dir): {dir}, "-": {os.DevNull},
	} {
		if got := sourceName(paths); got != want {
			t.Errorf("sourceName(%q) = %q, want %q", paths, got, want)
		}
	}
}

// TestInfoTraining prints where a model comes from, and whatever else is there instead.
func TestInfoTraining(t *testing.T) {
	out := ok(t, "info", "-m", small().model)
	for _, want := range []string{
		"data        recipes.json: 30 documents, read as recipes\n", "            sha256 ", "options     vocabulary 10000, embedding 8, units 12, ",
		"learning rate 0.02", "training    4 epochs, 20 steps in all\n", "losses      epoch 1: ", "            epoch 4: ",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("info lacks %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "training = ") {
		t.Errorf("the record is printed twice:\n%s", out)
	}
	f, err := readModelFile(small().model)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i, c := range []struct{ record, want string }{
		{"", "metadata    training =\n"},
		{"\x1b]0;owned\a{", `training = \u001b]0;owned\u0007{`},
		{`{"source":{"name":"a\nb\u001b[2J"},"documents":-1,"options":[1],"epochs":-7,"history":[{"loss":1e308,"val_loss":-1}]}`, `data        a\nb\u001b[2J: `},
		{`{"options":{"a":{"b":1},"c":true,"d":"x","e":0,"f":1e999},"best_epoch":9,"history":[{},{},{}]}`, "options     a (b 1), c, d x, f 1e999\n"},
		{`{"options":{"a":{"b":{"c":1},"d":0},"schedule":{"decay":0.5,"from":2}}}`, "options     schedule (decay 0.5, from 2)\n"},
		{`{"options":` + strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000) + "}", "data        unnamed: "},
		{`{"options":{`, `training = {"options":{`},
		{`[` + strings.Repeat("[", 100000), "training = [[["},
	} {
		f.Metadata[train.RecordKey] = c.record
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := atomicfile.Write(path, f); err != nil {
			t.Fatal(err)
		}
		if out := ok(t, "info", "-m", path); !strings.Contains(out, c.want) || strings.ContainsAny(out, "\x1b\a") {
			t.Errorf("record %.60q: info lacks %q:\n%.3000s", c.record, c.want, out)
		}
		ok(t, "info", "-m", path, "--json")
	}
}
