package tokenizer

import (
	"bytes"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzAppend checks, for any text under every choice of options: nextWord against
// the substitutions it stands for; that a vocabulary learned from the text knows
// every word of it, survives JSON, and gives the same ids for the joined words; and
// that pretty printing adds and loses nothing but blanks and case, in one call or in
// many.
func FuzzAppend(f *testing.F) {
	for _, s := range []string{
		"", "Recipe for Ham  | Don't chop 1/4 cup.", "a\xff\xfeb \\ É\u00a0x\x1cy", "-- [UNK] _ (a) \"b\" c's 5- to 6-inch",
		"\x00\u0130ﬁ ß", "\uFEFF“Don’t,” he said — i'm «a» »b« 1.5 10:30 http://a.b/c_d e.g. $1,000", "你好，。「」ǆ", strings.Repeat("long", 40),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, o := range allOptions {
			list := scan(text, o)
			if want := reference(text, o); !slices.Equal(list, want) {
				t.Fatalf("nextWord(%q, %+v) = %q, want %q", text, o, list, want)
			}
			if len(list) == 0 {
				continue
			}
			o.VocabularySize = 1 << 20
			tok, err := Learn(slices.Values([]string{text}), &o)
			if err != nil {
				t.Fatal(err)
			}
			ids := tok.Append(nil, text)
			joined := string(tok.AppendText(nil, ids...))
			if joined != strings.Join(list, " ") || tok.Unknown() >= 0 && slices.Contains(ids, tok.Unknown()) {
				t.Fatalf("%q: ids spell %q, want %q", text, joined, list)
			}
			if again := tok.Append(nil, joined); !slices.Equal(again, ids) {
				t.Fatalf("%q: ids %v of the joined words, want %v", joined, again, ids)
			}

			pretty := tok.AppendPretty(nil, ids...)
			var out []byte
			for d, i := tok.Detokenizer(), 0; i < len(ids); i++ {
				out = d.Append(out, ids[i])
			}
			if !bytes.Equal(out, pretty) {
				t.Fatalf("one id a call prints %q, all at once %q", out, pretty)
			}
			if squeeze(string(pretty), o) != squeeze(joined, o) {
				t.Fatalf("AppendPretty = %q of %q", pretty, joined)
			}

			for id := o.reserved(); id < tok.Len(); id++ {
				if got := tok.AppendRaw(nil, "a "+tok.Word(id)); len(got) == 0 || len(got) > 2 || got[len(got)-1] != id {
					t.Fatalf("the word %q, named, has ids %v, want %d", tok.Word(id), got, id)
				}
			}

			data, err := tok.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			var back Tokenizer
			if err := back.UnmarshalJSON(data); err != nil {
				t.Fatalf("%s: %v", data, err)
			}
			if !slices.Equal(back.words, tok.words) {
				t.Fatalf("%q came back from JSON as %q", tok.words, back.words)
			}
		}
	})
}

// FuzzUnits checks, for any text under options that FuzzAppend does not have, that a
// vocabulary learned from the text knows every unit of it, that characters and bytes come
// back as they went in, and that nothing written is ever invalid UTF-8.
func FuzzUnits(f *testing.F) {
	for _, s := range []string{"", "a\xff\xfe\xe2\x82b", "Don't <unk> é\r\n🙂", "\uFEFFcooking' ''' ’’", "\xf0\x9f\x99"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, o := range []Options{
			{Unit: Characters}, {Unit: Characters, NoStop: true, NoUnknown: true}, {Unit: Characters, Case: FoldCase},
			{Unit: Bytes}, {Unit: Bytes, NoStop: true}, pennTreebank, {UnknownWord: "<unk>", Punctuation: StripPunctuation},
			{Stem: "english"}, {Stem: "hungarian", Punctuation: KeepPunctuation},
		} {
			o.VocabularySize = 1 << 20
			tok, err := Learn(slices.Values([]string{text}), &o)
			if err != nil {
				continue // there is nothing to learn
			}
			for unit := range tok.Missing(text) {
				t.Fatalf("%+v: the vocabulary lacks %q", o, unit)
			}
			d := tok.Detokenizer()
			var out []byte
			for _, id := range tok.Append(nil, text) {
				n := len(out)
				if out = d.Append(out, id); !utf8.Valid(out[n:]) {
					t.Fatalf("%+v: %q is not valid UTF-8", o, out[n:])
				}
			}
			out = d.Flush(out)
			want := text
			switch {
			case o.Unit == Bytes:
				want = string([]rune(text))
			case o.Unit == Characters && o.Case != FoldCase:
				want = validText(text)
			default:
				continue
			}
			if string(out) != want {
				t.Fatalf("%+v: %q is written as %q, want %q", o, text, out, want)
			}
		}
	})
}

// squeeze takes spaces out, and differences of case where pretty printing makes some
// (ToUpper twice over, since some letters have no way back).
func squeeze(s string, o Options) string {
	s = strings.ReplaceAll(s, " ", "")
	if o.Case != KeepCase {
		s = strings.ToUpper(s)
	}
	return s
}

// FuzzUnmarshal checks that hostile JSON never panics, costs memory in proportion to
// its size, and, where it is accepted, gives a sound tokenizer.
func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(`{"version":1,"keep_case":false,"strip_punctuation":false,"vocabulary":["","[UNK]",".","\u00e9\ud83c\udf70"]}`))
	f.Add([]byte(`{"version":1,"keep_case":true,"vocabulary":["","[UNK]","a","a"],"strip_punctuation":true}`))
	f.Add([]byte(`{"version":2,"keep_case":false,"strip_punctuation":true,"unicode_punctuation":true,"vocabulary":["","[UNK]","a"]}`))
	f.Add([]byte(`{"version":3,"keep_case":true,"strip_punctuation":false,"line_ends":true,"no_stop":true,"unknown_word":"<unk>","keep_punctuation":true,"vocabulary":["<unk>","\n"]}`))
	f.Add([]byte(`{"version":3,"keep_case":false,"strip_punctuation":false,"unit":"character","no_unknown":true,"vocabulary":[""," ","\u00e9"]}`))
	f.Add([]byte(`{"version":3,"keep_case":true,"strip_punctuation":false,"unit":"byte","vocabulary":[]}`))
	f.Add([]byte(`{"version":3,"keep_case":false,"strip_punctuation":false,"stem":"french","vocabulary":["","[UNK]","a"]}`))
	f.Add([]byte(`{"vocabulary":[[[[[[`))
	f.Add([]byte(`{"vocabulary":["` + strings.Repeat(`","`, 100000)))
	f.Add([]byte(`{"version":1,"keep_case":true,"strip_punctuation":true,"vocabulary":["` + strings.Repeat(`","`, 100000) + `"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var tok Tokenizer
		err := tok.UnmarshalJSON(data)
		runtime.ReadMemStats(&after)
		if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(1<<16+100*len(data)); got > limit {
			t.Fatalf("%d bytes allocated for %d of JSON, limit %d", got, len(data), limit)
		}
		if err != nil {
			if tok.Len() != 0 {
				t.Fatal("an error left a vocabulary behind")
			}
			return
		}
		out, err := tok.MarshalJSON()
		if err != nil || !utf8.Valid(out) {
			t.Fatalf("MarshalJSON = %q, %v", out, err)
		}
		var back Tokenizer
		if err := back.UnmarshalJSON(out); err != nil || !slices.Equal(back.words, tok.words) || back.options != tok.options {
			t.Fatalf("%s does not come back: %v", out, err)
		}
		for id, w := range tok.words {
			if got, ok := tok.ID(w); got != id || !ok {
				t.Fatalf("ID(%q) = %d, %v, want %d", w, got, ok, id)
			}
		}
	})
}
