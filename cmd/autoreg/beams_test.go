package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
)

// TestGenerateBeams holds what generate --beams writes against Beam.
func TestGenerateBeams(t *testing.T) {
	m, err := autoreg.Open[*autoreg.TextModel](small().model)
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.Beam(t.Context(), "carrots soup", &autoreg.BeamOptions{Width: 3, LengthPenalty: 0.6, NewTokens: 9, Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"generate", "-m", small().model, "carrots soup", "--beams", "3", "--length-penalty", "0.6", "--new-tokens", "9", "--plain"}
	var texts []string
	for _, b := range want {
		texts = append(texts, b.Text+"\n")
	}
	if r := command(args...); r.code != exitOK || r.out != strings.Join(texts, "\n") || r.err != "" {
		t.Errorf("%+v, want %q", r, texts)
	}
	lines := strings.Split(strings.TrimSuffix(ok(t, append(args, "--json")...), "\n"), "\n")
	for i, line := range lines {
		want, err := json.Marshal(map[string]any{
			"text": want[i].Text, "reason": want[i].Reason, "prompt_tokens": 2, "new_tokens": len(want[i].IDs), "logprob": want[i].LogProb, "score": want[i].Score,
		})
		var got, expected any
		if err != nil || json.Unmarshal([]byte(line), &got) != nil || json.Unmarshal(want, &expected) != nil || !reflect.DeepEqual(got, expected) {
			t.Errorf("%s; want %s, %v", line, want, err)
		}
	}
	if len(lines) != len(want) {
		t.Errorf("%d objects, want %d", len(lines), len(want))
	}
	// One beam is the greedy text.
	greedy := ok(t, "generate", "-m", small().model, "carrots soup", "--temperature", "0")
	if got := ok(t, "generate", "-m", small().model, "carrots soup", "--beams", "1"); got != greedy {
		t.Errorf("one beam writes %q, temperature 0 %q", got, greedy)
	}
}

func TestGenerateBeamsMistakes(t *testing.T) {
	generate := []string{"generate", "-m", small().model, "carrots"}
	for _, c := range [][]string{
		{"--length-penalty goes with --beams: give both", "--length-penalty", "1"},
		{"--seed is not for --beams, which draws no tokens: leave it out", "--beams", "2", "--seed", "1"},
		{"--temperature is not for --beams", "--beams", "2", "-t", "1"},
		{"--count is not for --beams", "-n", "3", "--beams", "2"},
		{"want a whole number from 1 to 1024", "--beams", "0"},
		{"want a whole number from 1 to 1024", "--beams", "1025"},
		{"want a number from 0 to 10", "--beams", "2", "--length-penalty", "-1"},
		{"want a number from 0 to 10", "--beams", "2", "--length-penalty", "NaN"},
	} {
		fails(t, exitUsage, c[0], append(generate, c[1:]...)...)
	}
	fails(t, exitUsage, "the prompt holds no word", "generate", "-m", small().model, " ", "--beams", "2")
}
