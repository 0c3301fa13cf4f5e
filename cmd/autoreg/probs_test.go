package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// A probsLine is an object of probs --json.
type probsLine struct {
	Text         string
	Temperatures json.RawMessage
	Next         []nextJSON
	Drawn        *wordJSON
	NewTokens    int `json:"new_tokens"`
	Seed         uint64
	Reason, Stop string
}

func probsLines(t testing.TB, out string) (all []probsLine) {
	t.Helper()
	for line := range strings.Lines(out) {
		var l probsLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, l)
	}
	return all
}

// The text of a listing is all that its probabilities are for, also what could begin a
// stop string, and the last listing names the string that ended the text.
func TestProbsStop(t *testing.T) {
	probs := func(more ...string) []probsLine {
		return probsLines(t, ok(t, append([]string{"probs", "-m", small().model, "recipe for apples", "--greedy", "--steps", "5", "--json"}, more...)...))
	}
	want := probs()
	if len(want) < 4 {
		t.Fatalf("the text ends after %d words", len(want))
	}
	stop := strings.TrimPrefix(want[3].Text, "recipe for apples")
	got := probs("--stop", stop)
	if len(got) != 3 || got[2].Reason != "stop string" || got[2].Stop != stop {
		t.Fatalf("--stop %q: %+v", stop, got)
	}
	for i := range got {
		if got[i].Text != want[i].Text {
			t.Errorf("listing %d: the text is %q, want %q", i, got[i].Text, want[i].Text)
		}
	}
}

// --greedy is short for --temperatures 0, and they are not given together.
func TestProbsGreedy(t *testing.T) {
	probs := []string{"probs", "-m", small().model, "recipe for apples", "--steps", "3"}
	if a, b := ok(t, append(probs, "--greedy", "--seed", "1")...), ok(t, append(probs, "-t", "0", "--seed", "2")...); a != b {
		t.Errorf("--greedy prints %q, --temperatures 0 %q", a, b)
	}
	fails(t, exitUsage, "--greedy and --temperatures exclude each other", append(probs, "--greedy", "-t", "0.5")...)
}

// JSON has temperatures as they were given, and the seed that was drawn.
func TestProbsJSONOptions(t *testing.T) {
	probs := []string{"probs", "-m", small().model, "recipe for apples", "--json", "-t", "0.7,1e-3,3"}
	seen := map[uint64]bool{}
	for range 4 {
		r := command(probs...)
		l := probsLines(t, r.out)
		if r.err != "" || len(l) != 1 || string(l[0].Temperatures) != "[0.7,0.001,3]" {
			t.Fatalf("%+v", r)
		}
		seen[l[0].Seed] = true
		if again := ok(t, append(probs, "--seed", fmt.Sprint(l[0].Seed))...); again != r.out {
			t.Errorf("%s, with its seed %s", r.out, again)
		}
	}
	if len(seen) < 2 {
		t.Errorf("the seeds are %v", seen)
	}
}

// A listing that breaks off has an object that says why.
func TestProbsJSONBroken(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := &trigger{at: "\n", do: cancel}
	var errOut bytes.Buffer
	code := run(ctx, []string{"probs", "-m", small().model, "recipe for", "--json", "--steps", "1000", "--greedy"}, strings.NewReader(""), out, &errOut)
	l := probsLines(t, out.String())
	if last := l[len(l)-1]; code != exitInterrupted || len(l) != 2 || last.Reason != "canceled" || last.Drawn != nil || last.Next != nil || last.NewTokens != 1 || last.Text == l[0].Text || !strings.HasPrefix(last.Text, l[0].Text) {
		t.Errorf("status %d, %s", code, out.String())
	}

	args := []string{"probs", "-m", small().model, "recipe for", "--json"}
	for _, word := range strings.Split(strings.TrimSuffix(ok(t, "info", "-m", small().model, "--vocabulary"), "\n"), "\n") {
		_, word, _ = strings.Cut(word, "\t")
		args = append(args, "--ban", word)
	}
	r := command(args...)
	if l := probsLines(t, r.out); r.code != exitError || len(l) != 1 || l[0].Reason != "nothing" || l[0].Drawn != nil || l[0].NewTokens != 0 || l[0].Text != "recipe for" {
		t.Errorf("%+v", r)
	}
}
