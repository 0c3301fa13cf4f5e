package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
)

// Command and API have the same defaults: a seed gives one text.
func TestOneSetOfDefaults(t *testing.T) {
	const prompt = "recipe for"
	models := map[string]*autoreg.TextModel{}
	m, err := autoreg.Open[*autoreg.TextModel](small().model)
	if err != nil {
		t.Fatal(err)
	}
	models[small().model] = m
	if m, err = autoreg.Load[*autoreg.TextModel](bytes.NewReader(cookbooks), nil); err != nil {
		t.Fatal(err)
	}
	models[cookbooksName] = m
	for name, m := range models {
		for _, seed := range []uint64{42, 43, 44} {
			g, err := m.Generate(t.Context(), prompt, &autoreg.GenerateOptions{Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			if out := ok(t, "generate", "-m", name, prompt, "--seed", fmt.Sprint(seed)); out != g.Text+"\n" {
				t.Errorf("%s, seed %d: the command writes %q, the API %q", name, seed, out, g.Text)
			}
		}
	}
}

// With --json each text, and each listing, is an object on a line.
func TestJSON(t *testing.T) {
	m := small().model
	type generation struct {
		Text         string
		Reason       string
		PromptTokens int `json:"prompt_tokens"`
		NewTokens    int `json:"new_tokens"`
		Seed         uint64
	}
	decode := func(line string, v any) {
		t.Helper()
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(v); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	lines := strings.Split(strings.TrimSuffix(ok(t, "generate", "-m", m, "recipe for <b> & co", "-n", "3", "--seed", "7", "--new-tokens", "4", "--json"), "\n"), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "<b> & co") {
		t.Fatalf("lines %q", lines)
	}
	for i, line := range lines {
		var g generation
		decode(line, &g)
		seed := fmt.Sprint(7 + i)
		text := strings.TrimSuffix(command("generate", "-m", m, "recipe for <b> & co", "--seed", seed, "--new-tokens", "4").out, "\n")
		if g.Text != text || g.PromptTokens != 7 || g.NewTokens < 1 || g.NewTokens > 4 || fmt.Sprint(g.Seed) != seed ||
			g.Reason != "length" && g.Reason != "stop" || g.Reason == "length" && g.NewTokens != 4 {
			t.Errorf("%s, want the text %q", line, text)
		}
	}

	type position struct {
		generation
		Temperatures []float64
		Next         []struct {
			ID    int
			Token string
			P     []float64
		}
		Drawn struct {
			ID    int
			Token string
		}
	}
	listing := ok(t, "probs", "-m", m, "recipe for", "-t", "0.5,0", "--top", "3", "--steps", "3", "--seed", "4", "--plain", "--json")
	text := "recipe for"
	lines = strings.Split(strings.TrimSuffix(listing, "\n"), "\n")
	for i, line := range lines {
		var at position
		decode(line, &at)
		if at.Text != text || len(at.Next) != 3 || len(at.Next[0].P) != 2 || at.Next[0].P[1] != 1 || at.Temperatures[0] != 0.5 ||
			at.PromptTokens != 2 || at.NewTokens != i+1 || at.Seed != 4 || (at.Reason != "") != (i == len(lines)-1) {
			t.Errorf("line %d: %s", i, line)
		}
		text += " " + at.Drawn.Token
	}

	// A text that was broken off is one too.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out, errOut bytes.Buffer
	code := run(ctx, []string{"generate", "-m", m, "recipe for", "--json", "--seed", "1"}, strings.NewReader(""), &out, &errOut)
	if code != exitInterrupted || out.String() != "" && !strings.Contains(out.String(), `"reason":"canceled"`) {
		t.Errorf("status %d, output %q", code, out.String())
	}
}

// A prompt that looks like a flag, a list with decimal commas, a number too large: the
// messages say what to write instead.
func TestHints(t *testing.T) {
	m := small().model
	for _, name := range []string{"generate", "probs"} {
		for _, prompt := range []string{"- 1 cup", "-1 cup", "--1 cup", "-n 2 cups", "-- -", "--=x"} {
			fails(t, exitUsage, `put --, as in: autoreg `+name+` -- "- 1 cup"`, name, "-m", m, prompt)
		}
		if out := ok(t, name, "-m", m, "--seed", "1", "--", "- 1 cup"); !strings.HasPrefix(out, "- 1 cup") {
			t.Errorf("after --: %q", out)
		}
		fails(t, exitUsage, "--new-tokns", name, "-m", m, "a", "--new-tokns", "3")
	}
	fails(t, exitUsage, "a decimal has a point: 0.7", "generate", "-m", m, "a", "-t", "0,7")
	fails(t, exitUsage, "want a whole number from 0 to 2147483647", "generate", "-m", m, "a", "--top-k", "2147483648")
	fails(t, exitUsage, "want a whole number from 0 to 2147483647", "generate", "-m", m, "a", "--top-k", "99999999999999999999")
	fails(t, exitUsage, "want a whole number, 0 or more", "generate", "-m", m, "a", "--top-k", "-1")
	fails(t, exitUsage, "want a whole number, 0 or more", "generate", "-m", m, "a", "--top-k", "many")
	ok(t, "generate", "-m", m, "recipe", "--top-k", "2147483647")
	for list, hint := range map[string]string{
		"0,7":   "autoreg: --temperatures 0,7 are two temperatures, 0 and 7: a decimal has a point, 0.7\n",
		"0,75":  "autoreg: --temperatures 0,75 are two temperatures, 0 and 75: a decimal has a point, 0.75\n",
		"0,0.7": "", "1,0": "", "1,0.5,0.2": "", "0": "", "0,0": "", "0.7": "", "0,1,2": "",
	} {
		if r := command("probs", "-m", m, "recipe", "-t", list); r.code != exitOK || r.err != hint {
			t.Errorf("-t %s: %+v, want the note %q", list, r, hint)
		}
	}
}

// Control characters in a model's words do nothing to a terminal, and pass through a
// pipe.
func TestHostileWords(t *testing.T) {
	dir := t.TempDir()
	const bell, red, over = "\x1b]0;owned\x07", "\x1b[31mred", "\u202eevo"
	data := write(t, dir, "corpus.txt", strings.Repeat(bell+" "+red+" "+over+" \u009b2J a\n", 40))
	model := filepath.Join(dir, "model")
	ok(t, trainArgs(data, model, "--epochs", "1", "--sample", "")...)
	const prompt = "a " + bell + " " + over + " \u009b2J"
	for _, args := range [][]string{
		{"generate", "-m", model, prompt, "--seed", "1", "-n", "5", "-t", "5"},
		{"generate", "-m", model, prompt, "--seed", "1", "-n", "5", "-t", "5", "--json"},
		{"probs", "-m", model, "a", "--top", "20"},
		{"probs", "-m", model, "a", "--top", "20", "--json"},
	} {
		if piped := ok(t, args...); !strings.Contains(piped, "\u202e") || !strings.Contains(piped, "\u009b") {
			t.Errorf("%q in a pipe: %q", args, piped)
		}
		var out, errOut bytes.Buffer
		a := &app{in: strings.NewReader(""), out: &out, err: &errOut, outTerminal: true, terminal: true}
		if code := a.run(context.Background(), args); code != exitOK {
			t.Fatalf("autoreg %q: status %d, %s", args, code, errOut.String())
		}
		if shown := out.String() + errOut.String(); strings.ContainsAny(shown, "\x1b\x07\u009b\u202e") || !strings.Contains(out.String(), `\u202e`) {
			t.Errorf("%q on a terminal: %q", args, shown)
		}
	}
	r := command(append([]string{"generate", "-m", model, "a", "--seed", "1"}, "x\x1b[2Jy")...)
	if !strings.Contains(r.err, `x\u001b`) { // notes are for people, wherever they go
		t.Errorf("a note in a pipe: %q", r.err)
	}
}

// A prompt can name every word of the vocabulary, and comes back as given.
func TestRawPrompt(t *testing.T) {
	dir := t.TempDir()
	data := write(t, dir, "corpus.txt", strings.Repeat("add 2\u00a0cups flour to 1\u00a0cup milk .\n", 30))
	model := filepath.Join(dir, "model")
	ok(t, trainArgs(data, model, "--epochs", "1", "--sample", "")...)
	r := command("generate", "-m", model, "--raw-prompt", "add 2\u00a0cups", "--seed", "1")
	if r.code != exitOK || r.err != "" || !strings.HasPrefix(r.out, "add 2\u00a0cups") {
		t.Errorf("%+v", r)
	}
	const prompt = "add 1.5 cups of Zyzzyva's milk, at 10:30"
	if r := command("generate", "-m", model, prompt, "--seed", "1"); r.code != exitOK || !strings.HasPrefix(r.out, prompt) {
		t.Errorf("%+v", r)
	}
}
