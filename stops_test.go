package autoreg

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// firstStop is stopStrings by its definition: the text before the stop string whose last
// byte comes first, the longest of those that end there, and what is left of a text
// without one.
func firstStop(text string, stops []string) (before, stop string) {
	for end := range len(text) {
		for _, s := range stops {
			if strings.HasSuffix(text[:end+1], s) && len(s) > len(stop) {
				stop = s
			}
		}
		if stop != "" {
			return text[:end+1-len(stop)], stop
		}
	}
	return text, ""
}

// matchParts writes a text part by part.
func matchParts(t *testing.T, parts, stops []string) (text, stop string) {
	t.Helper()
	m := newStopStrings(stops)
	var out []byte
	whole := ""
	for _, part := range parts {
		whole += part
		if out, stop = m.write(out, []byte(part)); stop != "" {
			return string(out), stop
		}
		// What is held back could begin a stop string, and nothing else is.
		held := whole[len(out):]
		begins := held == ""
		for _, s := range stops {
			begins = begins || strings.HasPrefix(s, held)
			for n := len(held) + 1; n < len(s); n++ {
				if strings.HasSuffix(whole, s[:n]) {
					t.Fatalf("%q: %q has been shown, though %q could begin %q", parts, out, s[:n], s)
				}
			}
		}
		if !begins || !strings.HasPrefix(whole, string(out)) {
			t.Fatalf("%q with stops %q: %q is shown and %q held back", parts, stops, out, held)
		}
	}
	return string(m.rest(out)), ""
}

func TestStopStrings(t *testing.T) {
	for _, c := range []struct {
		parts, stops []string
		text, stop   string
	}{
		{[]string{"one ", "two"}, []string{"x"}, "one two", ""},
		{[]string{"one ", "two"}, []string{"two"}, "one ", "two"},
		{[]string{"one ", "two"}, []string{"e t"}, "on", "e t"},
		{[]string{"a", "a", "a", "b"}, []string{"aab"}, "a", "aab"},
		{[]string{"ab", "ab", "ac", "x"}, []string{"ababac"}, "", "ababac"},
		{[]string{"abc"}, []string{"abc", "bc", "c"}, "", "abc"},
		{[]string{"abcd"}, []string{"abcd", "b"}, "a", "b"},
		{[]string{"ab", "cx"}, []string{"abcd"}, "abcx", ""},
		{[]string{"end", "."}, []string{".\n"}, "end.", ""},
		{[]string{"é", "ü"}, []string{"ü"}, "é", "ü"},
		{[]string{"", "a", ""}, []string{"a"}, "", "a"},
	} {
		if text, stop := matchParts(t, c.parts, c.stops); text != c.text || stop != c.stop {
			t.Errorf("%q with stops %q: %q, %q; want %q, %q", c.parts, c.stops, text, stop, c.text, c.stop)
		}
	}
	if newStopStrings(nil) != nil {
		t.Error("a matcher without stop strings")
	}
}

// Any texts, cut anywhere, end where the definition says.
func TestStopStringsRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	word := func(most int) string {
		b := make([]byte, rng.IntN(most))
		for i := range b {
			b[i] = "ab"[rng.IntN(2)]
		}
		return string(b)
	}
	found := 0
	for range 20000 {
		var parts, stops []string
		for range rng.IntN(8) {
			parts = append(parts, word(5))
		}
		for range 1 + rng.IntN(3) {
			stops = append(stops, word(6)+"a"+word(3))
		}
		text, stop := matchParts(t, parts, stops)
		if wantText, wantStop := firstStop(strings.Join(parts, ""), stops); text != wantText || stop != wantStop {
			t.Fatalf("%q with stops %q: %q, %q; want %q, %q", parts, stops, text, stop, wantText, wantStop)
		}
		if stop != "" {
			found++
		}
	}
	if found < 2000 || found > 18000 {
		t.Errorf("%d of 20000 texts have a stop string", found)
	}
}
