package tokenizer

import (
	"slices"
	"strings"
	"testing"
)

// learnOne makes a tokenizer that knows every word of the texts.
func learnOne(t testing.TB, o *Options, texts ...string) *Tokenizer {
	t.Helper()
	tok, err := Learn(slices.Values(texts), o)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestPretty(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"recipe", "recipe for ham | chop 1 / 4 cup .", "Recipe for ham | Chop 1/4 cup."},
		{"sentences", "stir well . serve ! now ? yes .", "Stir well. Serve! Now? Yes."},
		{"steps", "1 . mix . 2 . bake .", "1. Mix. 2. Bake."},
		{"a digit begins a sentence", "stop . 2 cups", "Stop. 2 cups"},
		{"commas", "salt , pepper ; oil : all", "Salt, pepper; oil: all"},
		{"hyphen", "a fine - mesh sieve", "A fine-mesh sieve"},
		{"range", "5 - to 6 - inch , 9 - by 13 - inch , 2 - 3", "5- to 6-inch, 9- by 13-inch, 2-3"},
		{"mixed number", "1 1 / 2 cups", "1 1/2 cups"},
		{"not", "don ' t , we ' ll , they ' ve", "Don't, we'll, they've"},
		{"genitive", "cook ' s wine", "Cook's wine"},
		{"plural genitive", "confectioners ' sugar", "Confectioners' sugar"},
		{"elision", "poire d ' anjou at five o ' clock", "Poire d'anjou at five o'clock"},
		{"opening apostrophe", "( ' tis", "('Tis"},
		{"brackets", "heat oil ( or fat ) [ see note ]", "Heat oil (or fat) [see note]"},
		{"bracketed sentence", "done . ( serve hot . ) enjoy", "Done. (Serve hot.) Enjoy"},
		{"quotes", `a " real " one , " or " not`, `A "real" one, "or" not`},
		{"quoted sentence", `stir . " taste " it`, `Stir. "Taste" it`},
		{"inches", `cut 1 / 2 " thick`, `Cut 1/2" thick`},
		{"quoted number", `the " 2 " one`, `The "2" one`},
		{"ellipsis", "wait . . . then", "Wait... then"},
		{"money and share", "$ 5 and 10 %", "$5 and 10%"},
		{"footnote", "* available here", "*Available here"},
		{"ampersand", "salt & pepper", "Salt & pepper"},
		{"other letters", "élan ß éclair . über", "Élan ß éclair. Über"},
		{"degree", "350°f . bake", "350°f. Bake"},
		{"a fraction in one", "½ cup . ½ cup . 2 eggs", "½ cup. ½ cup. 2 eggs"},
		{"a symbol", "• like salt", "• Like salt"},
		{"Georgian", "პური კარგია . წყალი ცივია .", "პური კარგია. წყალი ცივია."},
		{"title case", "ǆep . ǉubav . ßa . ﬁn", "ǅep. ǈubav. ßa. ﬁn"},
		{"Cherokee", "ꭰa . ꮿb", "Ꭰa. Ꮿb"},
		{"unknown", "[ unk ]", "[Unk]"},
		{"decimals", "add 1 . 5 cups at 3 . 14 , then 1 , 000 g at 10 : 30 a . m . see", "Add 1.5 cups at 3.14, then 1,000 g at 10:30 a.m. see"},
		{"money", "$ 1 , 000 . 50 or $ 12 , 345 , 678", "$1,000.50 or $12,345,678"},
		{"no thousands", "in 1990 , 200 people , 3 , 4 and 5 , 60 , 7000", "In 1990, 200 people, 3, 4 and 5, 60, 7000"},
		{"dotted", "on 192 . 168 . 0 . 1 in version 1 . 2 . 3 . then", "On 192.168.0.1 in version 1.2.3. Then"},
		{"with a unit", "cook 1 . 5oz . 2nd", "Cook 1.5oz. 2nd"},
		{"a number ends a sentence", "serve 4 . cook . 2 cups", "Serve 4. Cook. 2 cups"},
		{"a proportion", "mix 1 : 1 , john 3 : 16 . makes : 2", "Mix 1:1, john 3:16. Makes: 2"},
		{"an address", "see http : / / example . org / a _ b . then", "See http://example.org/a_b. Then"},
		{"addresses", "https : / / www . x - y . co . uk / ~ me / a . html ? no", "https://www.x-y.co.uk/~me/a.html? No"},
		{"an address and a sentence", "at www . example . com . then , at ftp : / / a . b / c ) or", "At www.example.com. Then, at ftp://a.b/c) or"},
		{"a query", "http : / / a . org : 80 / s / a = 1 & b = 2 # top , now", "http://a.org:80/s/a=1&b=2#top, now"},
		{"a bare domain", "at melissas . com . stir . network it", "At melissas.com. Stir. Network it"},
		{"mail", "ask me @ example . com , then", "Ask me@example.com, then"},
		{"no address", "http : a / b . c", "http: a/b.c"},
		{"abbreviations", "say e . g . the u . s . team , at 5 p . m . or r . s . v . p", "Say e.g. the u.s. team, at 5 p.m. or r.s.v.p"},
		{"initials that are none", "vitamin c . a good one . plan b . i think", "Vitamin c. A good one. Plan b. I think"},
		{"short for spoons", "1 tsp . salt , 2 oz . fat . stir", "1 tsp. salt, 2 oz. fat. Stir"},
		{"the pronoun", "so i think i ' m , i ' ll , i ' d , i ' ve , in i - beams ; and i .", "So I think I'm, I'll, I'd, I've, in I-beams; and I."},
		{"the pronoun in words", "so i’m , i’ll , i’d , i’ve and i’s iv i'm", "So I’m, I’ll, I’d, I’ve and i’s iv I'm"},
		{"asked", `" why ? " she said . " why ? " " no ! " he`, `"Why?" she said. "Why?" "No!" he`},
		{"said", `he said : " why " , so " so "`, `He said: "Why", so "so"`},
		{"years are no inches", `in 1984 " he said " . 13 x 9 " pan`, `In 1984 "he said". 13 x 9" pan`},
		{"empty", "", ""},
	} {
		tok := learnOne(t, nil, c.text, "x")
		ids := tok.Append(nil, c.text)
		if got := string(tok.AppendPretty(nil, ids...)); got != c.want {
			t.Errorf("AppendPretty, %s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Marks beyond ASCII come back as typed, whether they stay in words or are words.
func TestPrettyTypographic(t *testing.T) {
	for _, text := range []string{
		"“Hello,” he said. “Why?”",
		"“Hello,” he said. “I don’t know.” “Why?” she asked (‘yes’). «Bonjour!» dit-il. ¿Cómo estás? ¡Hola! In 1984 \"he said\".",
		"„Hallo!“ sagte er. »Nein!« rief sie. „Ja“, sagte sie. »Gut«, dachte er.",
		"A «b» c ‹d› e, ‚f‘ g. „Po polsku!” rzekł.",
		"‘Yes,’ he said. ‘No.’ So it was, the cooks’ hats and a cook’s hat.",
		"He said: “Why not ‘yes’?” he said.",
		"Wait… then… “…and so on.”",
		"It’s five o’clock; l’eau, we’ll, they’ve.",
		"¿Qué? ¡No! “¡Sí!” ‘¿No?’",
		"5″ by 6′, 7‰ of it†.",
		"最初。「はい」と言った、そして『本』。你好！《書》（一）",
		"مرحبا، كيف حالك؟",
	} {
		for _, o := range []*Options{nil, {UnicodePunctuation: true}} {
			tok := learnOne(t, o, text)
			if got := string(tok.AppendPretty(nil, tok.Append(nil, text)...)); got != text {
				t.Errorf("%+v: %q comes back as %q", tok.Options(), text, got)
			}
		}
	}
	for _, c := range []struct{ name, text, within, apart string }{
		{"dashes within words", "so—it was 1939–45 and a–b", "So—it was 1939–45 and a–b", "So—it was 1939–45 and a – b"},
		{"dashes between blanks", "so — it – was", "So — it – was", "So—it – was"},
		{"Swedish", "”Hej!” sade han. ”Nej”", "”Hej!” sade han. ”Nej”", "”Hej!” sade han. ”Nej”"},
		{"elision", "so. ’tis", "So. ’Tis", "So. ’Tis"},
	} {
		for _, o := range []*Options{nil, {UnicodePunctuation: true}} {
			want := c.within
			if o != nil {
				want = c.apart
			}
			tok := learnOne(t, o, c.text)
			if got := string(tok.AppendPretty(nil, tok.Append(nil, c.text)...)); got != want {
				t.Errorf("%s, %+v: %q, want %q", c.name, tok.Options(), got, want)
			}
		}
	}
}

// Where i is that of i.e., it is no pronoun.
func TestPrettyNoPronoun(t *testing.T) {
	for text, want := range map[string]string{
		"that is , e . g . the u . s . team , i . e . mr . jones .": "That is, e.g. the u.s. team, i.e. mr. Jones.",
		"when i think ( i . e . never ) i":                          "When I think (I.e. never) I",
	} {
		tok := learnOne(t, nil, text)
		if got := string(tok.AppendPretty(nil, tok.Append(nil, text)...)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// After a prompt, words are spaced as if the detokenizer had written it.
func TestDetokenizerAfter(t *testing.T) {
	tok := words(t, nil, "cups", "000", "30", "5", ".", ",", ":", "\"", "s", "'", "then", "mesh", ")", "”", "t", "com", "i")
	for _, c := range []struct{ prompt, next, want string }{
		{"Zyzzyva", "' s cups", "'s cups"},
		{"Zyzzyva's flibber", "cups .", " cups."},
		{"Zyzzyva’s", "cups", " cups"},
		{"add 1", ". 5 cups", ".5 cups"},
		{"add 1.", "5 cups", "5 cups"},
		{"add 1. ", "5 cups", "5 cups"},
		{"add 1. ", "then . 5", "Then. 5"},
		{"add 1,", "000 cups", "000 cups"},
		{"at 10:", "30 then", "30 then"},
		{"DON'", "t", "t"},
		{"a fine-", "mesh", "mesh"},
		{"a fine- ", "mesh", "mesh"},
		{"He said “Zyzzyva", "” then", "” then"},
		{`He said "Zyzzyva`, `" then`, `" then`},
		{`He said "Zyzzyva" `, `" then "`, `"then"`},
		{"Why?", "then", " Then"},
		{"Why?\n", "then", "Then"},
		{"Why?\u00a0", "then", "Then"},
		{"“Why?”", "then", " then"},
		{"see http://zyzzyva.", "com then", "com then"},
		{"see http://zyzzyva. ", "com then", "Com then"},
		{"and", "i ' s", " I's"},
		{"(and", ") then", ") then"},
		{"$", "5", "5"},
		{"", "then", "Then"},
		{" ", "then", "Then"},
	} {
		d := tok.DetokenizerAfter(c.prompt)
		if got := string(d.Append(nil, tok.AppendRaw(nil, c.next)...)); got != c.want {
			t.Errorf("after %q, %q is written %q, want %q", c.prompt, c.next, got, c.want)
		}
	}
}

func TestPrettyKeepsCase(t *testing.T) {
	text := "ham . and Eggs , i | iOS"
	tok := learnOne(t, &Options{Case: KeepCase}, text)
	if got, want := string(tok.AppendPretty(nil, tok.Append(nil, text)...)), "ham. and Eggs, i | iOS"; got != want {
		t.Errorf("AppendPretty = %q, want %q", got, want)
	}
}

func TestPrettyStops(t *testing.T) {
	tok := words(t, nil, "a", "b", `"`, "(")
	for _, c := range []struct {
		ids  []int
		want string
	}{
		{[]int{0, 0}, ""},
		{[]int{0, 2}, "A"},
		{[]int{2, 3, 0, 0}, "A b"},
		{[]int{2, 0, 3, 0, 0, 2}, "A\nB\nA"},
		{[]int{2, 4, 0, 4, 3}, "A \"\n\"B"}, // an open quotation ends with its text
		{[]int{2, 5, 0, 3}, "A (\nB"},
		{[]int{1, 1}, "[UNK] [UNK]"},
	} {
		if got := string(tok.AppendPretty(nil, c.ids...)); got != c.want {
			t.Errorf("AppendPretty(%v) = %q, want %q", c.ids, got, c.want)
		}
	}
	if got := string(tok.AppendPretty([]byte("so: "), 2, 3)); got != "so: A b" {
		t.Errorf("AppendPretty behind a prefix: %q, want %q", got, "so: A b")
	}
}

// TestDetokenizerIsIncremental prints one id a call, and forks half way.
func TestDetokenizerIsIncremental(t *testing.T) {
	text := `recipe for 1 / 4 " cake " | don ' t stir . ( ' tis 5 - to 6 - inch . . . ) d ' or`
	tok := learnOne(t, nil, text)
	ids := tok.Append(nil, text)
	ids = append(append(ids, 0, 0), ids...)
	want := string(tok.AppendPretty(nil, ids...))
	for cut := range ids {
		d := tok.Detokenizer()
		var out []byte
		for _, id := range ids[:cut] {
			out = d.Append(out, id)
		}
		fork := d
		if got := string(d.Append(slices.Clone(out), ids[cut:]...)); got != want {
			t.Fatalf("cut at %d: %q, want %q", cut, got, want)
		}
		if got := string(fork.Append(out, ids[cut:]...)); got != want {
			t.Fatalf("fork at %d: %q, want %q", cut, got, want)
		}
	}
	if strings.Count(want, "\n") != 1 {
		t.Errorf("%q: want the two texts on a line each", want)
	}
}
