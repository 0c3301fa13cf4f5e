package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/internal/testkit"
)

// classTexts returns labelled recipes as JSON: desserts bake, others boil.
func classTexts(n int) string {
	var list []string
	for i := range n {
		text, categories := fmt.Sprintf(`"Boil the rice %d minutes ."`, i%4), `"Dinner"`
		if i%3 == 0 {
			text, categories = `"Bake the cake ","and cool it ."`, `"Cake","Dessert "`
		}
		list = append(list, fmt.Sprintf(`{"directions":[%s],"categories":[%s]}`, text, categories))
	}
	return "[" + strings.Join(list, ",\n") + `,{"directions":["No label ."]}]`
}

var classRead = []string{"--text", "directions", "--label", "categories", "--contains", "Dessert"}

func classArgs(data, model string, more ...string) []string {
	args := append([]string{"train", "classify", "--data", data, "-o", model}, classRead...)
	args = append(args, "--embedding", "6", "--layers", "bidirectional(gru:5)", "--batch", "8", "--epochs", "4", "--lr", "0.02",
		"--validation", "0.2", "--seed", "3", "--threads", "2")
	return append(args, more...)
}

// A classifier from its texts to what it says of others.
func TestClassify(t *testing.T) {
	dir := t.TempDir()
	data, model := write(t, dir, "recipes.json", classTexts(90)), filepath.Join(dir, "dessert.safetensors")
	log, plot := filepath.Join(dir, "log.jsonl"), filepath.Join(dir, "plot.png")
	out := ok(t, classArgs(data, model, "--log", log, "--plot", plot)...)
	for _, want := range []string{
		"90 documents, read as json", "1 skipped for want of a label",
		"72 documents,", "18 documents,", "Dessert 24 (33.33%), other 48 (66.67%)", "Dessert 6 (33.33%), other 12 (66.67%)",
		"9 an epoch, of up to 8 documents",
		"bidirectional (Bidirectional(GRU))  (None, 10)", "output (Linear)                     (None, 2)", "documents/s",
		"epoch 4/4: loss ", "accuracy 100.00%", "saved " + model,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("train classify does not print %q:\n%s", want, out)
		}
	}
	var line struct {
		Accuracy float64 `json:"val_accuracy"`
	}
	lines := bytes.Split(bytes.TrimSpace(read(t, log)), []byte("\n"))
	if err := json.Unmarshal(lines[len(lines)-1], &line); err != nil || len(lines) != 4 || line.Accuracy != 1 {
		t.Errorf("the log ends with %s, %v", lines[len(lines)-1], err)
	}
	if !bytes.HasPrefix(read(t, plot), []byte("\x89PNG")) {
		t.Error("the plot is no PNG")
	}

	score := func(more ...string) string {
		return ok(t, append(append([]string{"score", "--model", model, data}, classRead...), more...)...)
	}
	for _, c := range []struct{ out, file, class string }{
		{score(), data + "         90", "Dessert         30     30     1.0000  1.0000  1.0000             30            0"},
		{score("--validation", "0.2"), data + "         18", "other           12     12     1.0000  1.0000  1.0000              0           12"},
	} {
		if !strings.Contains(c.out, c.file) || !strings.Contains(c.out, "100.00%    1.0000") || !strings.Contains(c.out, c.class) {
			t.Errorf("score prints\n%s\nwant %q and %q", c.out, c.file, c.class)
		}
	}
	var all classScoreJSON
	if err := json.Unmarshal([]byte(score("--json", "--threads", "3")), &all); err != nil || all.Documents != 90 || all.Classes[1].F1 != 1 || fmt.Sprint(all.Confusion) != "[[30 0] [0 60]]" {
		t.Errorf("score --json: %+v, %v", all, err)
	}

	texts := write(t, dir, "texts.txt", "Bake the cake and cool it .\n\nBoil the rice 2 minutes .\n")
	out = ok(t, "classify", "--model", model, texts)
	if first, second, _ := strings.Cut(out, "\n"); !strings.HasPrefix(first, "Dessert\t0.9") || !strings.HasPrefix(second, "other\t0.9") {
		t.Errorf("classify prints %q", out)
	}
	if one := ok(t, "classify", "--model", model, "--prompt", "Bake the cake and cool it ."); one != out[:strings.Index(out, "\n")+1] {
		t.Errorf("--prompt gives %q, the line of a file %q", one, out)
	}
	if r := commandIn("Bake the cake and cool it .\n", "classify", "--model", model, "-", "--json"); r.code != exitOK {
		t.Errorf("classify -: %+v", r)
	} else {
		var of classified
		if err := json.Unmarshal([]byte(r.out), &of); err != nil || of.Class != "Dessert" || len(of.Probabilities) != 2 || of.Probabilities["Dessert"] != of.Probability || of.Text != "Bake the cake and cool it ." {
			t.Errorf("classify --json prints %s, %v", r.out, err)
		}
	}
	out = ok(t, "info", model)
	for _, want := range []string{"(None, None, 6)", "bidirectional (Bidirectional(GRU))  (None, 10)", "2: Dessert, other", "accuracy 100.00%", "recipes.json: 90 documents, read as json"} {
		if !strings.Contains(out, want) {
			t.Errorf("info does not print %q:\n%s", want, out)
		}
	}
	var info classifierInfo
	if err := json.Unmarshal([]byte(ok(t, "info", model, "--json")), &info); err != nil || len(info.Classes) != 2 || info.Layers[1].Out != 10 {
		t.Errorf("info --json: %+v, %v", info, err)
	}
	if !strings.Contains(ok(t, "info", model, "--vocabulary"), "\tbake\n") {
		t.Error("info --vocabulary does not name a word")
	}
}

// The layer of the issue, as info prints it: 121,200 parameters, 200 outputs.
func TestClassifierTable(t *testing.T) {
	dir := t.TempDir()
	data, model := write(t, dir, "recipes.json", classTexts(30)), filepath.Join(dir, "dessert.safetensors")
	ok(t, classArgs(data, model, "--embedding", "100", "--layers", "bidirectional(gru:100)", "--epochs", "1")...)
	if out := ok(t, "info", model); !strings.Contains(out, "bidirectional (Bidirectional(GRU))  (None, 200)           121,200\n") {
		t.Errorf("info prints\n%s", out)
	}
}

// A run that is stopped and resumed ends with the same bytes.
func TestClassifyResume(t *testing.T) {
	dir := t.TempDir()
	data := write(t, dir, "recipes.json", classTexts(60))
	whole, parts := filepath.Join(dir, "whole.safetensors"), filepath.Join(dir, "parts.safetensors")
	ok(t, classArgs(data, whole, "--average", "0.9")...)
	ok(t, classArgs(data, parts, "--average", "0.9", "--epochs", "2", "--keep-checkpoint")...)
	checkpoint := parts + ".checkpoint"
	resume := append([]string{"train", "classify", "--data", data, "-o", parts, "--resume", checkpoint, "--epochs", "4"}, classRead...)
	fails(t, exitError, "--length is 7 now and was 200", append(resume, "--length", "7")...)
	fails(t, exitError, "not those that the run began with", "train", "classify", "--data", data, "-o", parts, "--resume", checkpoint, "--epochs", "4",
		"--text", "directions", "--label", "categories", "--contains", "Dessert", "--data", write(t, dir, "more.txt", "other\tBoil ."))
	fails(t, exitError, "go on with it by autoreg train classify", "train", "text", "--data", data, "-o", parts, "--resume", checkpoint, "--format", "lines")
	out := ok(t, resume...)
	if !strings.Contains(out, "after 2 of 4 epochs") {
		t.Errorf("--resume prints\n%s", out)
	}
	if !bytes.Equal(read(t, parts), read(t, whole)) {
		t.Error("a resumed run gives another model")
	}
}

func TestClassifyRefuses(t *testing.T) {
	dir := t.TempDir()
	data, model := write(t, dir, "recipes.json", classTexts(30)), filepath.Join(dir, "dessert.safetensors")
	ok(t, classArgs(data, model, "--epochs", "1")...)
	other := filepath.Join(dir, "other.safetensors")
	train := func(want string, code int, content string, more ...string) {
		t.Helper()
		args := append([]string{"train", "classify", "-o", other, "--data", write(t, dir, "data", content)}, more...)
		fails(t, code, want, args...)
	}
	train(`"label" is a list: say with --contains which of its values to look for`, exitError, `[{"text":"a","label":["x"]}]`)
	train(`--label: there is no example of another class than "x": want 2 classes or more`, exitError, "x\ta\nx\tb\n")
	train(`class "y" has no example among the 1 documents to learn from: --validation (0.5) sets all its 1 aside`, exitError, "x\ta\ny\tb\n", "--validation", "0.5")
	train("line 1: there is no tab", exitError, "a b c\n")
	train(`--contains: class "salty" has no example among the 2 documents`, exitError, "x\ta\ny\tb\n", "--contains", "salty")
	train("--contains and --other are both", exitError, "x\ta\n", "--contains", "other")
	train("is no kind of layer", exitUsage, "x\ta\ny\tb\n", "--layers", "tcn:3")
	train("units is 70000: want 1 to 65536", exitUsage, "x\ta\ny\tb\n", "--layers", "gru:70000")
	fails(t, exitError, "layer 0 (bidirectional)", "train", "text", "--data", write(t, dir, "lines", "a b c\nd e f\n"), "-o", other, "--layers", "bidirectional(gru:5)")
	fails(t, exitError, "use it in a classifier, by autoreg train classify", "train", "text", "--data", write(t, dir, "lines", "a b c\nd e f\n"), "-o", other, "--layers", "bidirectional(gru:5)")

	fails(t, exitUsage, "give --model FILE, a classifier", "classify", "--prompt", "a")
	fails(t, exitUsage, "give --prompt TEXT, or name a file", "classify", "--model", model)
	fails(t, exitUsage, "exclude each other", "classify", "--model", model, "--prompt", "a", data)
	fails(t, exitError, "write with it by autoreg generate", "classify", "--model", cookbooksName, "--prompt", "a")
	fails(t, exitError, "tell texts apart with it by autoreg classify", "generate", "--model", model, "a")
	fails(t, exitUsage, "--max-tokens is not for the model", "score", "--model", model, data, "--max-tokens", "5")
	fails(t, exitUsage, "--contains is not for the model", "score", data, "--contains", "x")
	fails(t, exitUsage, "--format lines is not for the model", "score", "--model", model, data, "--format", "lines")
	fails(t, exitError, `is of class "Dinner", which the model does not have`, "score", "--model", model, write(t, dir, "x.tsv", "Dinner\tBoil .\n"))
	fails(t, exitUsage, "autoreg train classify", "train")
}

// The recipes of real life, a few steps: what they hold, and that a loss falls.
func TestClassifyData(t *testing.T) {
	data := testkit.DataFile(t, "epicurious/recipes.json.gz")
	model := filepath.Join(t.TempDir(), "dessert.safetensors")
	out := ok(t, append([]string{"train", "classify", "--data", data, "-o", model, "--validation", "0.1", "--epochs", "1", "--embedding", "8",
		"--layers", "gru:8", "--length", "20", "--vocabulary", "1000", "--batch", "64", "--lr", "0.01"}, classRead...)...)
	for _, want := range []string{"17,531 documents, read as json", "34 skipped for want of a label", "Dessert 297 (16.94%), other 1,456 (83.06%)"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	m, err := autoreg.Open[*autoreg.Classifier](model)
	if err != nil {
		t.Fatal(err)
	}
	for text, dessert := range map[string]bool{
		"Beat egg whites and sugar until stiff peaks form. Fold in chocolate and vanilla, then chill the mousse.": true,
		"Season chicken with salt and pepper. Sear in oil with garlic and onion and simmer in broth.":             false,
	} {
		if p, err := m.Classify(text); err != nil || (p[0] > p[1]) != dessert {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}
}

// A model of finite weights that give no probabilities is an error, with --json or without.
func TestClassifyNaN(t *testing.T) {
	dir := t.TempDir()
	data, model := write(t, dir, "recipes.json", classTexts(30)), filepath.Join(dir, "dessert.safetensors")
	ok(t, classArgs(data, model, "--epochs", "1")...)
	f, err := readModelFile(model)
	if err != nil {
		t.Fatal(err)
	}
	for _, tensor := range f.Tensors {
		for i := range tensor.Data {
			switch {
			case strings.HasPrefix(tensor.Name, "output."):
				tensor.Data[i] = math.MaxFloat32
			case strings.HasPrefix(tensor.Name, "bidirectional.bias_ih"):
				tensor.Data[i] = []float32{0, -20, 20}[i/5] // of r, z and n: states of about 1
			}
		}
	}
	if err := atomicfile.Write(model, f); err != nil {
		t.Fatal(err)
	}
	fails(t, exitError, "is NaN: the weights of the model are too large", "classify", "--model", model, "--prompt", "Beat eggs .")
	fails(t, exitError, "is NaN: the weights of the model are too large", "classify", "--model", model, "--prompt", "Beat eggs .", "--json")
}
