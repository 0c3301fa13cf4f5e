package tokenizer

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestMarshalJSON(t *testing.T) {
	tok := words(t, &Options{Case: KeepCase}, "é<&>", `"`, `\`, "\x00\x1f\x7f", "\u2028")
	want := `{"version":1,"keep_case":true,"strip_punctuation":false,"vocabulary":["","[UNK]","é<&>","\"","\\","\u0000\u001f` + "\x7f\",\"\u2028\"]}"
	got, err := tok.MarshalJSON()
	if err != nil || string(got) != want {
		t.Fatalf("MarshalJSON = %s, %v, want %s", got, err, want)
	}
	if !json.Valid(got) {
		t.Error("encoding/json calls it invalid")
	}
	var zero Tokenizer
	if _, err := zero.MarshalJSON(); err == nil {
		t.Error("MarshalJSON of the zero value: no error")
	}
}

func TestJSONRoundTrip(t *testing.T) {
	for _, o := range allOptions {
		tok := learned(t, o, "don ' é<&> \" \\ \x01 \u2028 \U0001F370")
		direct, err := tok.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		escaped, err := json.Marshal(tok) // escapes more, means the same
		if err != nil {
			t.Fatal(err)
		}
		for _, data := range [][]byte{direct, escaped} {
			var back Tokenizer
			if err := json.Unmarshal(data, &back); err != nil {
				t.Fatalf("%s: %v", data, err)
			}
			again, err := back.MarshalJSON()
			if err != nil || string(again) != string(direct) {
				t.Errorf("after a round trip %s, want %s (%v)", again, direct, err)
			}
			if back.Options() != o.WithDefaults().pipeline() {
				t.Errorf("options %+v, want %+v", back.Options(), o.WithDefaults())
			}
			if a, b := tok.Append(nil, `Don't "É`), back.Append(nil, `Don't "É`); !slices.Equal(a, b) {
				t.Errorf("ids %v, want %v", b, a)
			}
		}
	}
}

// A vocabulary that needs no newer reader is written for the older ones.
func TestMarshalJSONVersions(t *testing.T) {
	for want, o := range map[string]*Options{
		`{"version":1,"keep_case":false,"strip_punctuation":false,"vocabulary":["","[UNK]","a"]}`:                            nil,
		`{"version":2,"keep_case":false,"strip_punctuation":false,"unicode_punctuation":true,"vocabulary":["","[UNK]","a"]}`: {UnicodePunctuation: true},
	} {
		if got, err := words(t, o, "a").MarshalJSON(); err != nil || string(got) != want {
			t.Errorf("MarshalJSON = %s, %v; want %s", got, err, want)
		}
	}
	for want, o := range map[string]Options{
		`{"version":3,"keep_case":true,"strip_punctuation":false,"unit":"character","vocabulary":["","[UNK]","a"]}`:                                                          {Unit: Characters},
		`{"version":3,"keep_case":false,"strip_punctuation":false,"unit":"character","no_stop":true,"no_unknown":true,"vocabulary":["a"]}`:                                   {Unit: Characters, Case: FoldCase, NoStop: true, NoUnknown: true},
		`{"version":3,"keep_case":true,"strip_punctuation":false,"unit":"byte","vocabulary":[]}`:                                                                             {Unit: Bytes},
		`{"version":3,"keep_case":true,"strip_punctuation":false,"line_ends":true,"no_stop":true,"unknown_word":"<unk>","keep_punctuation":true,"vocabulary":["<unk>","a"]}`: pennTreebank,
		`{"version":3,"keep_case":false,"strip_punctuation":true,"unicode_punctuation":true,"stem":"english","vocabulary":["","[UNK]","a"]}`:                                 {UnicodePunctuation: true, Punctuation: StripPunctuation, Stem: "english"},
	} {
		o.VocabularySize, o.MinCount, o.MaxBytes = 300, 1, 1<<20 // which are not in it
		tok := learned(t, o, "a")
		got, err := tok.MarshalJSON()
		if err != nil || string(got) != want {
			t.Errorf("MarshalJSON = %s, %v; want %s", got, err, want)
		}
		var back Tokenizer
		if err := back.UnmarshalJSON(got); err != nil || back.Options() != tok.Options() || !slices.Equal(back.words, tok.words) || back.Stop() != tok.Stop() || back.Unknown() != tok.Unknown() {
			t.Errorf("%s comes back as %+v (%v)", got, back.Options(), err)
		}
		text := "A <unk> a\n\xff cooking’"
		if a, b := tok.Append(nil, text), back.Append(nil, text); !slices.Equal(a, b) {
			t.Errorf("%s: ids %v, and after a round trip %v", got, a, b)
		}
	}
}

func TestUnmarshalJSONAnyOrder(t *testing.T) {
	var tok Tokenizer
	err := tok.UnmarshalJSON([]byte(" { \"vocabulary\" : [ \"\" , \"[UNK]\" , \"a\" ] ,\n\"strip_punctuation\":true,\"keep_case\":false, \"version\":1 } \n"))
	if err != nil || tok.Len() != 3 || tok.Options().Punctuation != StripPunctuation {
		t.Errorf("error %v, %d entries, options %+v", err, tok.Len(), tok.Options())
	}
}

func TestUnmarshalJSONRefuses(t *testing.T) {
	const tail = `"keep_case":false,"strip_punctuation":false,"vocabulary":["","[UNK]","a"]`
	for _, c := range []struct{ data, want string }{
		{``, "unexpected EOF"},
		{`[]`, `want "{"`},
		{`null`, `want "{"`},
		{`{}`, `"version" is missing`},
		{`{"version":1,` + tail, "unexpected EOF"},
		{`{"version":1,` + tail + `}}`, "follows"},
		{`{"version":1,` + tail + `} x`, "follows"},
		{`{"version":1,` + tail + `,}`, "invalid character"},
		{`{"version":4,` + tail + `}`, "version 4 and this program reads versions 1 to 3"},
		{`{"version":1.5,` + tail + `}`, "version 1.5"},
		{`{"version":2,` + tail + `}`, `"unicode_punctuation" is missing`},
		{`{"version":1,"unicode_punctuation":true,` + tail + `}`, `"unicode_punctuation" is not for version 1`},
		{`{"version":2,"unicode_punctuation":1,` + tail + `}`, "want a bool"},
		{`{"version":2,"unicode_punctuation":true,"unicode_punctuation":true,` + tail + `}`, "comes twice"},
		{`{"version":3,` + tail + `}`, "this is version 3 and has no member that version 2 lacks"},
		{`{"version":3,"unicode_punctuation":true,` + tail + `}`, "has no member that version 2 lacks"},
		{`{"version":2,"unicode_punctuation":true,"unit":"character",` + tail + `}`, `"unit" is not for version 2`},
		{`{"version":1,"keep_punctuation":true,` + tail + `}`, `"keep_punctuation" is not for version 1`},
		{`{"version":3,"unit":"Character",` + tail + `}`, `Unit is "Character"`},
		{`{"version":3,"unit":"",` + tail + `}`, "it is empty"},
		{`{"version":3,"unit":7,` + tail + `}`, "want a string"},
		{`{"version":3,"unit":"word",` + tail + `}`, `member "unit": it is "word": want none`},
		{`{"version":2,"unicode_punctuation":false,` + tail + `}`, `member "unicode_punctuation": it is false: want none`},
		{`{"version":3,"line_ends":false,` + tail + `}`, `member "line_ends": it is false: want none`},
		{`{"version":3,"keep_punctuation":false,` + tail + `}`, `member "keep_punctuation": it is false: want none`},
		{`{"version":3,"unit":"byte","no_unknown":true,"keep_case":true,"strip_punctuation":false,"vocabulary":[]}`, `"no_unknown" is not for bytes`},
		{`{"version":3,"unit":"byte",` + tail + `}`, "want none"},
		{`{"version":3,"unit":"byte","unit":"byte",` + tail + `}`, "comes twice"},
		{`{"version":3,"line_ends":"true",` + tail + `}`, "want a bool"},
		{`{"version":3,"unit":"character","line_ends":true,` + tail + `}`, "LineEnds is for words"},
		{`{"version":3,"stem":"english","keep_case":true,"strip_punctuation":false,"vocabulary":["","[UNK]","a"]}`, "Stem folds case"},
		{`{"version":3,"stem":"latin",` + tail + `}`, `Stem is "latin"`},
		{`{"version":3,"no_stop":true,` + tail + `}`, `entry 0 of the vocabulary is "": want "[UNK]"`},
		{`{"version":3,"unknown_word":"a",` + tail + `}`, `entry 1 of the vocabulary is "[UNK]": want "a"`},
		{`{"version":3,"unknown_word":"a b",` + tail + `}`, "without blanks"},
		{`{"version":3,"no_unknown":true,"unknown_word":"a",` + tail + `}`, "there is no unknown token"},
		{`{"version":3,"keep_punctuation":true,"keep_case":false,"strip_punctuation":true,"vocabulary":["","[UNK]","a"]}`, "are both true"},
		{`{"version":"1",` + tail + `}`, "want a float64"},
		{`{"version":null,` + tail + `}`, "want a float64"},
		{`{"version":1,"version":1,` + tail + `}`, `"version" comes twice`},
		{`{"version":1,"extra":1,` + tail + `}`, `unknown member "extra"`},
		{`{"Version":1,` + tail + `}`, `unknown member "Version"`},
		{`{"version":1,"keep_case":0,"strip_punctuation":false,"vocabulary":["","[UNK]","a"]}`, "want a bool"},
		{`{"version":1,"keep_case":null,"strip_punctuation":false,"vocabulary":["","[UNK]","a"]}`, "want a bool"},
		{`{"version":1,"keep_case":false,"vocabulary":["","[UNK]","a"]}`, `"strip_punctuation" is missing`},
		{`{"version":1,"keep_case":false,"strip_punctuation":false,"vocabulary":null}`, `want "["`},
		{`{"version":1,"keep_case":false,"strip_punctuation":false,"vocabulary":{}}`, `want "["`},
		{`{"version":1,"keep_case":false,"strip_punctuation":false,"vocabulary":["","[UNK]",7]}`, "entry 2: found"},
		{`{"version":1,"keep_case":false,"strip_punctuation":false,"vocabulary":[null,"[UNK]","a"]}`, "entry 0: found"},
		{`{"version":1,"keep_case":false,"strip_punctuation":false,"vocabulary":["","[UNK]",["a"]]}`, "entry 2: found"},
		{`{"version":1,"keep_case":false,"strip_punctuation":false,"vocabulary":["","[UNK]","a","a"]}`, "repeats"},
		{`{"version":1,"keep_case":false,"strip_punctuation":false,"vocabulary":["","[UNK]","a b"]}`, "blank"},
		{`{"version":1,"keep_case":false,"strip_punctuation":false,"vocabulary":["","[UNK]","` + "\xff" + `"]}`, "UTF-8"},
		{`{"version":1,"keep_case":false,"strip_punctuation":false,"vocabulary":["","[UNK]"]}`, "has 2 entries"},
		{`{"version":1,"keep_case":false,"strip_punctuation":false,"vocabulary":` + strings.Repeat("[", 100000), "found"},
	} {
		var tok Tokenizer
		err := tok.UnmarshalJSON([]byte(c.data))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "tokenizer: ") {
			t.Errorf("UnmarshalJSON(%.150s): error %v, want one with %q", c.data, err, c.want)
		}
		if tok.Len() != 0 {
			t.Errorf("UnmarshalJSON(%.150s) failed and left %d entries", c.data, tok.Len())
		}
	}
	tok := words(t, nil, "a")
	if err := tok.UnmarshalJSON([]byte(`{"version":1,` + tail + `}`)); err == nil {
		t.Error("UnmarshalJSON changed a tokenizer that was in use")
	}
}
