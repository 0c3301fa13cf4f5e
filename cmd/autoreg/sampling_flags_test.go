package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/sampler"
)

// Each flag is the option of the API that it stands for.
func TestSamplingFlags(t *testing.T) {
	m, err := autoreg.Open[*autoreg.TextModel](small().model)
	if err != nil {
		t.Fatal(err)
	}
	id := func(word string) int {
		id, ok := m.Tokenizer().ID(word)
		if !ok {
			t.Fatalf("the model does not know %q", word)
		}
		return id
	}
	hot := new(1.5)
	for _, c := range []struct {
		args []string
		o    autoreg.GenerateOptions
	}{
		{[]string{"--top-p", "0.6"}, autoreg.GenerateOptions{Sampling: sampler.Options{TopP: 0.6}}},
		{[]string{"--min-p", "0.2"}, autoreg.GenerateOptions{Sampling: sampler.Options{MinP: 0.2}}},
		{[]string{"--typical-p", "0.5"}, autoreg.GenerateOptions{Sampling: sampler.Options{TypicalP: 0.5}}},
		{[]string{"--repetition-penalty", "1.4", "--penalty-window", "5"}, autoreg.GenerateOptions{Sampling: sampler.Options{Penalties: sampler.Penalties{Repetition: 1.4, Window: 5}}}},
		{[]string{"--presence-penalty", "2", "--frequency-penalty", "-0.5"}, autoreg.GenerateOptions{Sampling: sampler.Options{Penalties: sampler.Penalties{Presence: 2, Frequency: -0.5}}}},
		{[]string{"--bias", "bake=3", "--bias", "Chop=-1.5", "--bias", "=-2"}, autoreg.GenerateOptions{Sampling: sampler.Options{Bias: []sampler.SymbolBias{{ID: id("bake"), Bias: 3}, {ID: id("chop"), Bias: -1.5}, {ID: 0, Bias: -2}}}}},
		{[]string{"--ban", "the", "--ban", "Serve"}, autoreg.GenerateOptions{Sampling: sampler.Options{Ban: []int{id("the"), id("serve")}}}},
		{[]string{"--stop", "the", "--stop", ". "}, autoreg.GenerateOptions{StopStrings: []string{"the", ". "}}},
		{[]string{"--stop-token", "the"}, autoreg.GenerateOptions{StopTokens: []int{id("the")}}},
		{[]string{"--top-p", "1", "--typical-p", "1", "--min-p", "0", "--repetition-penalty", "1"}, autoreg.GenerateOptions{}},
	} {
		for seed := range uint64(3) {
			o := c.o
			o.Seed, o.Sampling.Temperature = seed, hot
			g, err := m.Generate(t.Context(), "recipe for apples", &o)
			if err != nil {
				t.Fatal(err)
			}
			args := append([]string{"generate", "-m", small().model, "recipe for apples", "-t", "1.5", "--seed", fmt.Sprint(seed)}, c.args...)
			if out := ok(t, args...); out != g.Text+"\n" {
				t.Errorf("%q writes %q, the API %q", c.args, out, g.Text)
			}
			line := ok(t, append(args, "--json")...)
			var text struct{ Text, Reason, Stop string }
			if err := json.Unmarshal([]byte(line), &text); err != nil || text.Text != g.Text || text.Reason != g.Reason.String() || text.Stop != g.StopString {
				t.Errorf("%q: %s, %v; want %+v", c.args, line, err, g)
			}
		}
	}
	if a, b := ok(t, "generate", "-m", small().model, "recipe for", "--greedy"), ok(t, "generate", "-m", small().model, "recipe for", "-t", "0"); a != b {
		t.Errorf("--greedy writes %q, -t 0 %q", a, b)
	}
}

func TestSamplingFlagErrors(t *testing.T) {
	m := small().model
	for _, name := range []string{"generate", "probs"} {
		for _, c := range []struct {
			want string
			args []string
		}{
			{"want a number above 0, up to 1", []string{"--top-p", "0"}},
			{"want a number above 0, up to 1", []string{"--top-p", "1.01"}},
			{"want a number above 0, up to 1", []string{"--top-p", "NaN"}},
			{"a decimal has a point: 0.9", []string{"--top-p", "0,9"}},
			{"want a number above 0, up to 1", []string{"--typical-p", "-1"}},
			{"want a number from 0 to 1", []string{"--min-p", "2"}},
			{"want a number from 1.4e-45", []string{"--repetition-penalty", "0"}},
			{"want a number from 1.4e-45", []string{"--repetition-penalty", "1e-300"}},
			{"want a number from 1.4e-45", []string{"--repetition-penalty", "NaN"}},
			{"want a number from -3.4e+38", []string{"--presence-penalty", "NaN"}},
			{"want a number from -3.4e+38", []string{"--frequency-penalty", "Inf"}},
			{"want a whole number from 1 to", []string{"--penalty-window", "0"}},
			{"want WORD=X", []string{"--bias", "salt"}},
			{"want a number from -3.4e+38", []string{"--bias", "salt=much"}},
			{"want a number from -3.4e+38", []string{"--bias", "salt=Inf"}},
			{"want a number from -3.4e+38", []string{"--bias", "salt=1e99"}},
			{`--bias "zebra": the model has no such word`, []string{"--bias", "zebra=1"}},
			{`--ban "bake it": the model reads this as 2 words`, []string{"--ban", "bake it"}},
			{`--ban " ": the model has no such word`, []string{"--ban", " "}},
			{`--stop-token "zebra"`, []string{"--stop-token", "zebra"}},
			{"--stop is empty", []string{"--stop", ""}},
			{`--stop "\xff" is not UTF-8`, []string{"--stop", "a", "--stop", "\xff"}},
		} {
			fails(t, exitUsage, c.want, append([]string{name, "-m", m, "recipe for"}, c.args...)...)
		}
	}
	fails(t, exitUsage, "--greedy and --temperature exclude each other", "generate", "-m", m, "recipe", "--greedy", "-t", "1")
	fails(t, exitUsage, "--alternatives needs --json", "generate", "-m", m, "recipe", "--alternatives", "2")
}

// The seed that was drawn is reported, and gives the same text.
func TestDrawnSeed(t *testing.T) {
	m := small().model
	r := command("generate", "-m", m, "recipe for", "-n", "2")
	seed := regexp.MustCompile(`^autoreg: seed ([0-9]+)\n$`).FindStringSubmatch(r.err)
	if r.code != exitOK || seed == nil {
		t.Fatalf("%+v", r)
	}
	if again := command("generate", "-m", m, "recipe for", "-n", "2", "--seed", seed[1]); again.out != r.out || again.err != "" {
		t.Errorf("%+v, with the same seed %+v", r, again)
	}
	r = command("generate", "-m", m, "recipe for", "--json")
	var line struct {
		Text string
		Seed *uint64
	}
	if err := json.Unmarshal([]byte(r.out), &line); err != nil || r.err != "" || line.Seed == nil {
		t.Fatalf("%+v, %v", r, err)
	}
	if again := ok(t, "generate", "-m", m, "recipe for", "--seed", fmt.Sprint(*line.Seed)); again != line.Text+"\n" {
		t.Errorf("%q, with the same seed %q", line.Text, again)
	}
}

// With --alternatives a text's object has its words and what could stand in their place.
func TestAlternativesJSON(t *testing.T) {
	type scored struct {
		ID      int
		Token   string
		LogProb float64
	}
	var line struct {
		NewTokens int `json:"new_tokens"`
		Tokens    []struct {
			scored
			Alternatives []scored
		}
	}
	out := ok(t, "generate", "-m", small().model, "recipe for", "--seed", "3", "--json", "--alternatives", "3", "-t", "2", "--new-tokens", "8")
	if err := json.Unmarshal([]byte(out), &line); err != nil || len(line.Tokens) != line.NewTokens || line.NewTokens == 0 {
		t.Fatalf("%s: %v", out, err)
	}
	for _, token := range line.Tokens {
		falls := slices.IsSortedFunc(token.Alternatives, func(a, b scored) int { return int(b.LogProb*1e6) - int(a.LogProb*1e6) })
		if len(token.Alternatives) != 3 || !falls || token.LogProb >= 0 || token.LogProb > token.Alternatives[0].LogProb {
			t.Errorf("%+v", token)
		}
	}
}

// The probabilities that are listed are those that words are drawn with.
func TestProbsSampling(t *testing.T) {
	m := small().model
	type listing struct {
		Next []struct {
			Token string
			P     []float64
		}
		Drawn struct{ Token string }
	}
	list := func(args ...string) (all []listing) {
		out := ok(t, append([]string{"probs", "-m", m, "recipe for apples", "--json", "--seed", "2", "-t", "1,2", "--top", "1000"}, args...)...)
		for line := range strings.Lines(out) {
			var l listing
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Fatal(err)
			}
			all = append(all, l)
		}
		return all
	}
	p := func(l listing, word string) float64 {
		for _, next := range l.Next {
			if next.Token == word {
				return next.P[0]
			}
		}
		return -1
	}
	plain := list()[0]
	best := plain.Next[0].Token
	if got := list("--ban", best)[0]; p(got, best) != -1 {
		t.Errorf("%q is banned and has p = %v", best, p(got, best))
	}
	if got := list("--bias", best+"=-50")[0]; p(got, best) > 1e-6 || got.Next[0].Token == best {
		t.Errorf("%q is biased and has p = %v", best, p(got, best))
	}
	got := list("--top-k", "2", "--steps", "3", "--bias", "=-50")
	for _, l := range got {
		sum := l.Next[0].P[0] + l.Next[1].P[0]
		if len(got) != 3 || sum < 0.999 || l.Next[2].P[0] != 0 || l.Drawn.Token != l.Next[0].Token && l.Drawn.Token != l.Next[1].Token {
			t.Errorf("%d listings, one %+v", len(got), l)
		}
	}
	// A word that has been drawn, or is in the prompt, has the penalty.
	steps := list("--steps", "2", "--presence-penalty", "60", "--bias", "=-50")
	if p(steps[0], "apples") > 1e-9 || p(steps[1], steps[0].Drawn.Token) > 1e-9 {
		t.Errorf("penalties: %+v", steps)
	}
	if out := ok(t, "probs", "-m", m, "recipe for apples", "--stop", best, "--steps", "5", "--greedy", "--json"); !strings.Contains(out, `"reason":"stop string"`) || strings.Count(out, "\n") != 1 {
		t.Errorf("--stop %q: %s", best, out)
	}
}
