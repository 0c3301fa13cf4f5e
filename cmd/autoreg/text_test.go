package main

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/train"
)

func TestGenerate(t *testing.T) {
	m := small().model
	generate := func(args ...string) string { return ok(t, append([]string{"generate", "-m", m}, args...)...) }

	text := generate("Recipe", "for", "apples", "--seed", "7")
	if !strings.HasPrefix(text, "Recipe for apples ") || !strings.HasSuffix(text, "\n") || strings.Count(text, "\n") != 1 {
		t.Errorf("text %q", text)
	}
	if again := generate("Recipe for apples", "--seed", "7", "--pretty"); again != text {
		t.Errorf("the same seed gives %q and %q", text, again)
	}
	for _, stdin := range []string{"Recipe for apples", "Recipe for apples\n", "Recipe for apples\r\n", "\uFEFFRecipe for apples\n"} {
		if r := commandIn(stdin, "generate", "-m", m, "-", "--seed", "7"); r.out != text || r.err != "" {
			t.Errorf("from standard input, %q: %+v, want %q", stdin, r, text)
		}
	}
	if r := commandIn("Recipe for apples\n\n", "generate", "-m", m, "-", "--seed", "7"); !strings.HasPrefix(r.out, "Recipe for apples\n") {
		t.Errorf("from standard input, with an empty line: %+v", r)
	}
	if plain := generate("recipe for apples", "--seed", "7", "--plain"); plain == text || strings.ReplaceAll(strings.ToLower(plain), " ", "") != strings.ReplaceAll(strings.ToLower(text), " ", "") {
		t.Errorf("plain %q, pretty %q", plain, text)
	}

	if a, b := generate("recipe for", "--seed", "7"), generate("recipe for", "--seed", "7", "-t", "0.7"); a != b {
		t.Errorf("by default %q, at temperature 0.7 %q", a, b)
	}
	if a, b := generate("recipe for", "--seed", "7", "--plain"), generate("recipe for", "--seed", "7", "--pretty=false"); a != b {
		t.Errorf("--plain gives %q, --pretty=false %q", a, b)
	}

	three := generate("recipe for", "-n", "3", "--seed", "7", "--top-k", "4")
	var each []string
	for seed := 7; seed < 10; seed++ {
		each = append(each, generate("recipe for", "--seed", fmt.Sprint(seed), "--top-k", "4"))
	}
	if want := strings.Join(each, "\n"); three != want {
		t.Errorf("--count 3 gives %q, one by one %q", three, want)
	}

	// Words are tokens here: "recipe for cake" has three.
	for _, c := range []struct {
		args  []string
		words int
	}{
		{[]string{"--max-tokens", "5"}, 5},
		{[]string{"--max-tokens", "4"}, 4},
		{[]string{"--new-tokens", "1"}, 4},
		{[]string{"--new-tokens", "3", "--max-tokens", "5"}, 5},
		{[]string{"--new-tokens", "1", "--max-tokens", "5"}, 4},
	} {
		text := generate(append(c.args, "recipe for cake", "--plain", "-t", "0")...)
		if n := len(strings.Fields(text)); n != c.words {
			t.Errorf("%v: %q has %d words, want %d", c.args, text, n, c.words)
		}
	}
	r := command("generate", "-m", m, "recipe for cake", "--max-tokens", "2", "--plain")
	if r.code != exitOK || r.out != "recipe for cake\n" || !strings.Contains(r.err, "leaves no room") {
		t.Errorf("a prompt longer than the limit: %+v", r)
	}
}

func TestUnknownWords(t *testing.T) {
	m := small().model
	r := command("generate", "-m", m, "recipe for Zebra, zebra and gnu", "--seed", "1")
	if r.code != exitOK || r.err != "autoreg: words that the model does not know, read as [UNK]: zebra and gnu\n" {
		t.Errorf("%+v", r)
	}
	r = command("generate", "-m", m, "zebra gnu", "--seed", "1", "--plain")
	if r.code != exitOK || !strings.Contains(r.err, "none that it knows") || !strings.HasPrefix(r.out, "zebra gnu ") {
		t.Errorf("only unknown words: %+v", r)
	}
	// Raw, the capital and the full stop make unknown words.
	r = command("probs", "-m", m, "Recipe for cake.", "--raw-prompt")
	if r.code != exitOK || !strings.HasSuffix(r.err, ": Recipe cake.\n") {
		t.Errorf("raw: %+v", r)
	}
	if r = command("probs", "-m", m, "Recipe for cake."); r.code != exitOK || r.err != "" {
		t.Errorf("not raw: %+v", r)
	}
	r = commandIn(strings.Repeat("a ", maxPrompt), "generate", "-m", m, "-")
	if r.code != exitError || !strings.Contains(r.err, "longer than") {
		t.Errorf("a huge prompt: status %d, %q", r.code, r.err)
	}
	if r = commandIn("\xff\xfe", "generate", "-m", m, "-", "--plain", "--new-tokens", "1"); r.code != exitOK {
		t.Errorf("invalid UTF-8: %+v", r)
	}
}

func TestProbs(t *testing.T) {
	m := small().model
	const prompt = "recipe for apples soup | chop the"
	out := ok(t, "probs", "-m", m, prompt, "-t", "0.5,1,0", "--top", "3", "--steps", "3", "--seed", "4", "--plain")
	positions := strings.Split(out, rule+"\n")
	if len(positions) != 4 || positions[3] != "" {
		t.Fatalf("%d positions in\n%s", len(positions)-1, out)
	}
	text := strings.TrimSuffix(ok(t, "generate", "-m", m, prompt, "-t", "0.5", "--plain", "--new-tokens", "3", "--seed", "4"), "\n")
	for i, position := range positions[:3] {
		lines := strings.Split(strings.TrimSuffix(position, "\n"), "\n")
		if words := strings.Fields(lines[0]); len(words) != 7+i || !strings.HasPrefix(text, lines[0]) {
			t.Errorf("position %d: %q, want the first %d words of %q", i, lines[0], 7+i, text)
		}
		if len(lines) != 5 || strings.Join(strings.Fields(lines[1]), " ") != "T = 0.5 T = 1 T = 0" {
			t.Fatalf("position %d:\n%s", i, position)
		}
		last := []float64{100, 100, 100}
		for k, line := range lines[2:] {
			var word string
			var p [3]float64
			if _, err := fmt.Sscanf(line, "%s %f%% %f%% %f%%", &word, &p[0], &p[1], &p[2]); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			for c := range p {
				if p[c] > last[c] || p[c] < 0 {
					t.Errorf("%q comes after probabilities %v", line, last)
				}
			}
			if want := [...]float64{100, 0, 0}[k]; p[2] != want {
				t.Errorf("%q: want %v%% at temperature 0", line, want)
			}
			last = p[:]
		}
	}
	// The end of a text has a name.
	if out := ok(t, "probs", "-m", m, "hot .", "--top", "1000"); !strings.Contains(out, "\n(stop) ") || strings.Contains(out, "[UNK]") {
		t.Errorf("all words:\n%s", out)
	}
	if out := ok(t, "probs", "-m", m, "hot .", "--top", "1000", "--unknown"); !strings.Contains(out, "\n[UNK] ") {
		t.Errorf("all words and [UNK]:\n%s", out)
	}
}

func TestScore(t *testing.T) {
	m, data := small().model, small().data
	one := strings.Split(strings.TrimSpace(ok(t, "score", "-m", m, data)), "\n")
	if len(one) != 2 || strings.Join(strings.Fields(one[0]), " ") != "file documents words unknown nats/word perplexity" {
		t.Fatalf("output %q", one)
	}
	two := strings.Split(strings.TrimSpace(ok(t, "score", "-m", m, data, data)), "\n")
	if len(two) != 4 {
		t.Fatalf("output %q", two)
	}
	a, total := strings.Fields(two[1]), strings.Fields(two[3])
	if total[0] != "total" || a[1] != "30" || total[1] != "60" || a[len(a)-1] != total[len(total)-1] {
		t.Errorf("output %q", two)
	}
	cut := strings.Fields(strings.Split(ok(t, "score", "-m", m, data, "--max-tokens", "2"), "\n")[1])
	if cut[1] != "30" || cut[2] != "30" {
		t.Errorf("with --max-tokens 2: %q", cut)
	}

	dir := t.TempDir()
	fails(t, exitError, "no such file", "score", "-m", m, filepath.Join(dir, "none"))
	fails(t, exitError, "no text in it", "score", "-m", m, write(t, dir, "empty", ""))
	fails(t, exitError, "line 2, byte ", "score", "-m", m, write(t, dir, "bad.json", "[{\"title\":\"a\"},\n{\"title\"}]"))
	// What comes before a bad file is printed all the same.
	if r := command("score", "-m", m, data, dir); r.code != exitError || strings.Count(r.out, "\n") != 2 {
		t.Errorf("%+v", r)
	}
}

func TestInfo(t *testing.T) {
	m := small().model
	out := ok(t, "info", "-m", m)
	for _, want := range []string{"embedding (Embedding)", "(None, None, 12)", "total", "sha256", "words, padding and [UNK] included; lower case", "sequences of 24 words", "runs on", "format_version = 1"} {
		if !strings.Contains(out, want) {
			t.Errorf("info lacks %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "tokenizer =") {
		t.Error("info prints the whole vocabulary")
	}
	model, err := autoreg.Open[*autoreg.TextModel](m)
	if err != nil {
		t.Fatal(err)
	}
	var info modelInfo
	if err := json.Unmarshal([]byte(ok(t, "info", "-m", m, "--json", "--vocabulary")), &info); err != nil {
		t.Fatal(err)
	}
	if info.Bytes != int64(len(read(t, m))) || info.Params != model.Params() || len(info.Layers) != 3 || len(info.Vocabulary) != model.Tokenizer().Len() || info.Vocabulary[1] != "[UNK]" {
		t.Errorf("info --json: %+v", info)
	}
	words := strings.Split(ok(t, "info", "-m", m, "--vocabulary"), "\n")
	if len(words) != model.Tokenizer().Len()+1 || words[0] != "0\t" || words[1] != "1\t[UNK]" {
		t.Errorf("vocabulary: %q…", words[:3])
	}
	if out := ok(t, "info", "-m", small().checkpoint); !strings.Contains(out, "checkpoint = {") {
		t.Errorf("info of a checkpoint:\n%s", out)
	}
}

// TestReferenceSizes prints the reference model's table.
func TestReferenceSizes(t *testing.T) {
	want := `layer (type)           output shape         parameters
embedding (Embedding)  (None, None, 100)     1,000,000
lstm (LSTM)            (None, None, 128)       117,248
output (Linear)        (None, None, 10000)   1,290,000
total                                        2,407,248
`
	if got := ok(t, "info", "--symbols", "10000", "--embedding", "100", "--units", "128"); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	var layers []layerJSON
	if err := json.Unmarshal([]byte(ok(t, "info", "--symbols", "9", "--embedding", "5", "--units", "7", "--json")), &layers); err != nil || layers[1].Params != 4*7*(5+7+1) {
		t.Errorf("%+v, %v", layers, err)
	}
}

// TestSizes prints for given sizes the table of a model that has them.
func TestSizes(t *testing.T) {
	m, err := autoreg.Open[*autoreg.TextModel](small().model)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		model string
		sizes []string
	}{
		{small().model, []string{"--symbols", fmt.Sprint(m.Symbols()), "--embedding", "8", "--units", "12"}},
		{smallImage().model, []string{"--filters", "8", "--blocks", "1", "--kernel", "3", "--levels", "4", "--height", "6", "--width", "5"}},
		{smallImage().colour, []string{"--filters", "8", "--blocks", "1", "--kernel", "3", "--levels", "8", "--channels", "3", "--height", "6", "--width", "5"}},
	} {
		want, _, _ := strings.Cut(ok(t, "info", c.model), "\n\n")
		if got, _, _ := strings.Cut(ok(t, append([]string{"info"}, c.sizes...)...), "\n\n"); strings.TrimSpace(got) != want {
			t.Errorf("info %q:\n%s\nwant\n%s", c.sizes, got, want)
		}
	}
}

// TestEmbedded runs what the first lines of the documentation promise.
func TestEmbedded(t *testing.T) {
	if out := ok(t, "generate", "recipe for roasted", "--seed", "1"); !strings.HasPrefix(out, "recipe for roasted ") {
		t.Errorf("output %q", out)
	}
	if r := command("probs", "recipe for roasted vegetables | chop 1 /"); r.code != exitOK || strings.Count(r.out, "%") != 10 {
		t.Errorf("%+v", r)
	}
	if size := len(cookbooks); size > 8<<20 {
		t.Errorf("the model compiled in has %d bytes", size)
	}
}

func TestPerplexityText(t *testing.T) {
	for _, c := range []struct {
		p    float64
		want string
	}{{1, "1.00"}, {12.345, "12.35"}, {999999, "999999.00"}, {999999.99, "999999.99"}, {1e6, "over 1e6"}, {train.Perplexity(1e9), "over 1e6"}, {math.Inf(1), "over 1e6"}} {
		if got := perplexityText(c.p); got != c.want {
			t.Errorf("perplexityText(%v) = %s, want %s", c.p, got, c.want)
		}
	}
}

func TestThousands(t *testing.T) {
	for _, c := range []struct {
		n    int
		want string
	}{{0, "0"}, {999, "999"}, {1000, "1,000"}, {-1000, "-1,000"}, {-999, "-999"}, {2407248, "2,407,248"}, {123456, "123,456"}} {
		if got := thousands(c.n); got != c.want {
			t.Errorf("thousands(%d) = %s, want %s", c.n, got, c.want)
		}
	}
}
