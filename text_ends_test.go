package autoreg

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
	"github.com/autoreg/autoreg/tokenizer"
)

// greedy always takes the likeliest token.
var greedy = sampler.Options{Temperature: new(0.0)}

// A text ends before the stop string that it comes to first, wherever its tokens lie, and
// never shows a part of it.
func TestTextStopStrings(t *testing.T) {
	m := openTiny(t)
	const prompt = "recipe for"
	whole := generate(t, m, prompt, &GenerateOptions{Seed: 3, OmitPrompt: true})
	if len(whole) < 40 || len(whole) > 200 {
		t.Fatalf("the text is %q", whole)
	}
	stops := [][]string{{"never there"}, {whole + "x"}, {"recipe"}, {whole}}
	for from := 0; from < len(whole); from += 3 {
		for to := from + 1; to <= len(whole); to += 4 {
			stops = append(stops, []string{whole[from:to]})
		}
		stops = append(stops, []string{whole[from:], whole[from : from+1]}, []string{"zz", whole[from/2 : from+1]})
	}
	for _, list := range stops {
		o := &GenerateOptions{OmitPrompt: true, StopStrings: list, Seed: 3}
		want, stop := firstStop(whole, list)
		shown, n := "", 0
		var end *Ending
		for piece, err := range m.Text(t.Context(), prompt, o) {
			if err != nil || end != nil {
				t.Fatalf("stops %q: %+v, %v after the end %+v", list, piece, err, end)
			}
			if shown += piece.Text; !strings.HasPrefix(want, shown) {
				t.Fatalf("stops %q: %q is shown of %q", list, shown, want)
			}
			end = piece.End
			n++
		}
		reason := sampler.ReasonStop
		if stop != "" {
			reason = sampler.ReasonStopString
		}
		if wantEnd := (Ending{reason, 2, n, 3, stop}); shown != want || end == nil || *end != wantEnd {
			t.Errorf("stops %q: %q, %+v; want %q, %+v", list, shown, end, want, wantEnd)
		}
		g, err := m.Generate(t.Context(), prompt, o)
		if err != nil || g.Text != want || g.Ending != *end {
			t.Errorf("stops %q: Generate = %+v, %v", list, g, err)
		}
	}
	// A stop string counts more than a limit at the same token.
	first := strings.Fields(whole)[0]
	g, err := m.Generate(t.Context(), prompt, &GenerateOptions{Sampling: greedy, StopStrings: []string{first}, NewTokens: 1})
	if want := (Generation{prompt + " ", Ending{sampler.ReasonStopString, 2, 1, 0, first}}); err != nil || g != want {
		t.Errorf("at the limit: %+v, %v; want %+v", g, err, want)
	}
	// Plain, the model's own stop is an empty word behind a space.
	g, err = m.Generate(t.Context(), "until tender", &GenerateOptions{Sampling: greedy, Plain: true, StopStrings: []string{". "}})
	if want := (Generation{"until tender ", Ending{sampler.ReasonStopString, 2, 2, 0, ". "}}); err != nil || g != want {
		t.Errorf("plain: %+v, %v; want %+v", g, err, want)
	}
}

// What is held back is there when the text breaks off, in a piece before the error.
func TestHeldBackText(t *testing.T) {
	m := endless(t)
	whole := generate(t, m, "word", &GenerateOptions{NewTokens: 6})
	o := &GenerateOptions{StopStrings: []string{strings.TrimPrefix(whole, "word") + "!"}, NewTokens: 6}
	if got := generate(t, m, "word", o); got != whole {
		t.Errorf("at the limit %q, want %q", got, whole)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	text, pieces := "", 0
	var last error
	var end *Ending
	for piece, err := range m.Text(ctx, "word", o) {
		if pieces++; pieces == 4 {
			cancel()
		}
		text, last, end = text+piece.Text, err, piece.End
		if pieces < 5 && text != "word" || err != nil && piece.Text != "" {
			t.Errorf("piece %d: %+v, %v", pieces, piece, err)
		}
	}
	if !errors.Is(last, context.Canceled) || pieces != 6 || len(strings.Fields(text)) != 4 || !strings.HasPrefix(whole, text) ||
		end == nil || *end != (Ending{sampler.ReasonCanceled, 1, 3, 0, ""}) {
		t.Errorf("%d pieces %q, %+v, %v", pieces, text, end, last)
	}
}

// A stop token ends the text and is not in it.
func TestStopTokens(t *testing.T) {
	m := openTiny(t)
	the, ok := m.Tokenizer().ID("the")
	if !ok {
		t.Fatal("no such word")
	}
	for _, plain := range []bool{false, true} {
		o := &GenerateOptions{Sampling: greedy, Plain: plain, Seed: 4}
		whole := generate(t, m, "recipe for", o)
		o.StopTokens = []int{m.Tokenizer().Unknown(), the}
		g, err := m.Generate(t.Context(), "recipe for", o)
		want, _, found := strings.Cut(whole, " the ")
		n := len(m.Tokenizer().Append(nil, want)) - 2 + 1
		if !found || err != nil || g != (Generation{want, Ending{sampler.ReasonStop, 2, n, 4, ""}}) {
			t.Errorf("plain %v: %+v, %v; want %q after %d tokens", plain, g, err, want, n)
		}
	}
	if got := generate(t, m, "the the", &GenerateOptions{Sampling: greedy, StopTokens: []int{the}, NewTokens: 1}); got == "the the" {
		t.Errorf("a stop token in the prompt ends the text: %q", got)
	}
}

// A text that goes on from a stream is that of the whole prompt, penalties included, and
// the stream stays where it is.
func TestFrom(t *testing.T) {
	m := openTiny(t)
	tok := m.Tokenizer()
	for _, sampling := range []sampler.Options{greedy, {}, {Temperature: new(3.0), Penalties: sampler.Penalties{Repetition: 1.7, Frequency: 2, Window: 9}}} {
		const before, after = "recipe for roasted carrots | chop", "the carrots and"
		o := GenerateOptions{Sampling: sampling, OmitPrompt: true, Seed: 6, NewTokens: 12}
		want := generate(t, m, before+" "+after, &o)
		s := m.NewStream()
		for _, id := range tok.Append(nil, before) {
			s.Advance(id)
		}
		restored, err := m.Restore(s.Snapshot())
		if err != nil {
			t.Fatal(err)
		}
		for _, from := range []*Stream{s, restored, s.Fork()} {
			o.From = from
			for range 2 {
				g, err := m.Generate(t.Context(), after, &o)
				if err != nil || g.Text != want || g.PromptTokens != 3 {
					t.Errorf("%+v: %+v, %v; want %q", sampling, g, err, want)
				}
			}
		}
		if !slices.Equal(s.Snapshot(), restored.Snapshot()) {
			t.Error("the stream has moved")
		}
		// Without a prompt, the spacing goes by what the stream has read.
		for _, id := range tok.Append(nil, after) {
			s.Advance(id)
		}
		o.From = s
		g, err := m.Generate(t.Context(), "", &o)
		if err != nil || g.Text != want || g.PromptTokens != 0 {
			t.Errorf("%+v, no prompt: %+v, %v; want %q", sampling, g, err, want)
		}
	}
	// Limits count what is new.
	s := m.NewStream()
	s.Advance(5)
	g, err := m.Generate(t.Context(), "", &GenerateOptions{From: s, MaxTokens: 1})
	if err != nil || g.NewTokens != 1 || g.PromptTokens != 0 {
		t.Errorf("%+v, %v", g, err)
	}
	// Symbols without a word do not matter to the spacing.
	unnamed := small(t)
	s = unnamed.NewStream()
	s.Advance(12)
	generate(t, unnamed, "", &GenerateOptions{From: s})
}

// The tokens of a prompt count for penalties.
func TestPromptPenalties(t *testing.T) {
	m := endless(t)
	first := generate(t, m, "w", &GenerateOptions{Sampling: greedy, NewTokens: 1, OmitPrompt: true, Plain: true})
	o := &GenerateOptions{Sampling: sampler.Options{Temperature: new(0.0), Penalties: sampler.Penalties{Presence: 1e6}}, NewTokens: 1, OmitPrompt: true, Plain: true}
	if got := generate(t, m, "w", o); got != first {
		t.Errorf("%q, without penalty %q", got, first)
	}
	if got := generate(t, m, first+" w", o); got == first {
		t.Errorf("%q is drawn again", got)
	}
	s, chain := m.NewStream(), sampler.New(0, o.Sampling.Transforms()...)
	id, _ := m.Tokenizer().ID(strings.TrimSpace(first))
	unknown := m.Tokenizer().Unknown()
	for step, err := range s.Generate(t.Context(), chain, id, unknown) {
		if err != nil || step.ID == id {
			t.Errorf("Stream.Generate draws %+v, %v", step, err)
		}
		break
	}
}

// A watch is a context that calls a function whenever it is asked whether it is done:
// before each token.
type watch struct {
	context.Context
	asked func()
}

func (w watch) Err() error {
	w.asked()
	return w.Context.Err()
}

// No logits are computed for the tokens of a prompt: it is read by a network whose output
// layer panics, and is replaced before the first draw.
func TestPromptWithoutLogits(t *testing.T) {
	m := small(t)
	head := m.text.Stack.Head
	broken := layers.NewLinear(head.InLen()+1, head.OutLen())
	const prompt, tokens = "a b c d e f g", 7
	for _, from := range []*Stream{nil, m.NewStream()} {
		n := 0
		ctx := watch{t.Context(), func() {
			if n++; n <= tokens {
				m.text.Stack.Head = broken
			} else {
				m.text.Stack.Head = head
			}
		}}
		g, err := m.Generate(ctx, prompt, &GenerateOptions{From: from, NewTokens: 5, Alternatives: 1})
		if err != nil || g.PromptTokens != tokens || n != tokens+g.NewTokens {
			t.Errorf("%+v, %v; asked %d times", g, err, n)
		}
	}
}

// untrained returns a model of random weights over a vocabulary.
func untrained(t testing.TB, vocabulary []string, o *tokenizer.Options) *TextModel {
	t.Helper()
	tok, err := tokenizer.New(vocabulary, o)
	if err != nil {
		t.Fatal(err)
	}
	c := model.Config{Symbols: tok.Len(), Embedding: 5, Layers: []layers.Spec{&layers.LSTMSpec{Units: 7}}, Length: 20}
	return textModel(t, c, tok, func(weights func(string) []float32) {
		for i, name := range []string{"embedding.weight", "lstm.weight_ih_l0", "lstm.weight_hh_l0", "output.weight"} {
			testkit.Values(weights(name), uint64(i+1), 0.5)
		}
	})
}

// Models of bytes write valid UTF-8, whatever they draw and wherever they end; each
// byte is a piece, and a character comes with its last.
func TestBytes(t *testing.T) {
	m := untrained(t, nil, &tokenizer.Options{Unit: tokenizer.Bytes})
	// The bytes of é and € are likely, in any order.
	var bias []sampler.SymbolBias
	for _, b := range []byte("é€") {
		bias = append(bias, sampler.SymbolBias{ID: m.Tokenizer().Append(nil, string([]byte{b}))[0], Bias: 20})
	}
	whole, broken := 0, 0
	for seed := range uint64(60) {
		for _, plain := range []bool{false, true} {
			o := &GenerateOptions{Sampling: sampler.Options{Bias: bias, Temperature: new(1.5)}, Seed: seed, NewTokens: 9, OmitPrompt: true, Plain: plain, StopStrings: []string{"€é"}}
			text := ""
			var ids []int
			for piece, err := range m.Text(t.Context(), "a", o) {
				if err != nil || !utf8.ValidString(piece.Text) {
					t.Fatalf("piece %+v, %v", piece, err)
				}
				text += piece.Text
				if piece.ID >= 0 {
					ids = append(ids, piece.ID)
				}
			}
			d := m.Tokenizer().Detokenizer()
			want, _ := firstStop(string(d.Flush(d.Append(nil, ids...))), o.StopStrings)
			if text != want {
				t.Errorf("seed %d: %q, want %q", seed, text, want)
			}
			whole += strings.Count(text, "€") + strings.Count(text, "é")
			broken += strings.Count(text, "\ufffd")
		}
	}
	if whole < 10 || broken < 10 {
		t.Errorf("%d characters and %d broken ones: the test proves nothing", whole, broken)
	}
	if g, err := m.Generate(t.Context(), "\xff\x00é", nil); err != nil || g.PromptTokens != 4 {
		t.Errorf("%+v, %v", g, err)
	}
}

// A byte that completes a character of the prompt is the same text after the prompt and
// after a stream that has read it.
func TestBytesCompletePrompt(t *testing.T) {
	m := untrained(t, nil, &tokenizer.Options{Unit: tokenizer.Bytes})
	tok := m.Tokenizer()
	for next, want := range map[string]string{"\xa9": "\xa9", "x": "x"} {
		o := GenerateOptions{
			Sampling:  sampler.Options{Temperature: new(0.0), Bias: []sampler.SymbolBias{{ID: tok.Append(nil, next)[0], Bias: 1000}}},
			NewTokens: 1,
		}
		const prompt = "caf\xc3"
		if got := generate(t, m, prompt, &o); got != prompt+want {
			t.Errorf("%q after %q: %q", next, prompt, got)
		}
		o.From = m.NewStream()
		for _, id := range tok.Append(nil, prompt) {
			o.From.Advance(id)
		}
		if got := generate(t, m, "", &o); got != want {
			t.Errorf("%q after a stream: %q, want %q", next, got, want)
		}
	}
}

// A prompt with what the vocabulary lacks is an error where there is no unknown token; a
// model without a stop token writes up to the limit.
func TestNoReservedTokens(t *testing.T) {
	m := untrained(t, []string{"a", "b", "\n"}, &tokenizer.Options{Unit: tokenizer.Characters, NoStop: true, NoUnknown: true})
	for prompt, want := range map[string]string{"ab\nxyz": `the prompt has "x"`, "é": `the prompt has "é"`} {
		g, err := m.Generate(t.Context(), prompt, nil)
		if g != (Generation{}) || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v; want %q", prompt, g, err, want)
		}
	}
	if _, err := m.Generate(t.Context(), "", nil); !errors.Is(err, ErrEmptyPrompt) {
		t.Error(err)
	}
	g, err := m.Generate(t.Context(), "ab", &GenerateOptions{AllowUnknown: true, NewTokens: 50, Plain: true})
	if err != nil || g.Reason != sampler.ReasonLength || g.NewTokens != 50 || len(g.Text) != 52 {
		t.Errorf("%+v, %v", g, err)
	}
}
