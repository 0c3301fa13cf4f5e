package main

import (
	"cmp"
	"encoding/json"
	"io"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/sampler"
)

// A generationJSON is a text's JSON object of generate --json.
type generationJSON struct {
	Text         string         `json:"text"`
	Reason       sampler.Reason `json:"reason"`
	Stop         string         `json:"stop,omitempty"` // the stop string
	PromptTokens int            `json:"prompt_tokens"`
	NewTokens    int            `json:"new_tokens"`
	Seed         uint64         `json:"seed"`
	Tokens       []tokenJSON    `json:"tokens,omitempty"`
}

// A tokenJSON is a new word and what could have been drawn in its place.
type tokenJSON struct {
	scoredJSON
	Alternatives []scoredJSON `json:"alternatives"`
}

type scoredJSON struct {
	wordJSON
	LogProb *float32 `json:"logprob"` // null where it is not finite
}

func scoredOf(m *autoreg.TextModel, id int, logProb float32) scoredJSON {
	s := scoredJSON{wordJSON: wordOf(m, id)}
	if math.Abs(float64(logProb)) <= math.MaxFloat32 {
		s.LogProb = &logProb
	}
	return s
}

// generateJSON writes one text as a JSON object, one that was broken off too.
func (a *app) generateJSON(cmd *cobra.Command, m *autoreg.TextModel, prompt string, o autoreg.GenerateOptions) error {
	var (
		line   generationJSON
		text   strings.Builder
		failed error
	)
	for piece, err := range m.Text(cmd.Context(), prompt, &o) {
		text.WriteString(piece.Text)
		if end := piece.End; end != nil {
			line.Reason, line.Stop, line.PromptTokens, line.NewTokens, line.Seed = end.Reason, end.StopString, end.PromptTokens, end.NewTokens, end.Seed
		}
		if piece.ID >= 0 && o.Alternatives > 0 {
			token := tokenJSON{scoredJSON: scoredOf(m, piece.ID, piece.LogProb)}
			for _, other := range piece.Alternatives {
				token.Alternatives = append(token.Alternatives, scoredOf(m, other.ID, other.LogProb))
			}
			line.Tokens = append(line.Tokens, token)
		}
		failed = err
	}
	if failed != nil && line.Reason == 0 {
		return failed
	}
	line.Text = text.String()
	return cmp.Or(failed, a.writeJSONLine(line))
}

// writeJSONLine writes v on a line.
func (a *app) writeJSONLine(v any) error { return a.writeJSONLineTo(a.out, v) }

func (a *app) writeJSONLineTo(w io.Writer, v any) error {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(w, a.safe(b.String()))
	return err
}
