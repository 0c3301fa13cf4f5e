package convert

import (
	"fmt"
	"strings"
	"testing"
)

// A TextVectorization says how a text becomes tokens.
func TestKerasVocabulary(t *testing.T) {
	for _, c := range []struct{ config, text, want string }{
		{`"standardize": "lower", "vocabulary": ["salt", "a,b"]`, "Salt a,b", "salt a,b"},
		{`"standardize": "lower", "vocabulary": ["salt", ","]`, "Salt, x", "salt , [UNK]"},
		{`"standardize": null, "vocabulary": ["", "[UNK]", "Salt"]`, "Salt salt", "Salt [UNK]"},
		{`"standardize": "strip_punctuation", "vocabulary": ["Salt"]`, "Sa-lt salt", "Salt [UNK]"},
		{`"vocabulary": ["salt"]`, "SALT!", "salt"},
		{`"oov_token": "?", "standardize": null, "vocabulary": ["", "?", "a"]`, "a b", "a ?"},
		{`"split": "character", "standardize": "lower", "vocabulary": ["a", "b"]`, "AbC", "ab[UNK]"},
	} {
		config, err := kerasConfig([]byte(model3("Sequential", keras3("TextVectorization", "tv", "", ", "+c.config))))
		if err != nil {
			t.Fatal(err)
		}
		n, err := readKeras("3.5.0", config, newKerasArrays(nil), nil)
		if err != nil {
			t.Errorf("%s: %v", c.config, err)
			continue
		}
		tok, _, err := newTokenizer(n.vocabulary, n.options(&ImportOptions{}))
		if err != nil {
			t.Errorf("%s: %v", c.config, err)
			continue
		}
		if got := string(tok.AppendText(nil, tok.Append(nil, c.text)...)); got != c.want {
			t.Errorf("%s: %q is read as %q, want %q", c.config, c.text, got, c.want)
		}
	}
	for _, c := range []struct{ class, config, want string }{
		{"StringLookup", `"vocabulary": ["a", "b"]`, "[[UNK] a b]"},
		{"StringLookup", `"vocabulary": ["a", "b"], "mask_token": "", "num_oov_indices": 1`, "[ [UNK] a b]"},
		{"StringLookup", `"vocabulary": ["-", "?", "a"], "mask_token": "-", "oov_token": "?"`, "[ ? a]"},
		{"StringLookup", `"vocabulary": ["a", "b"], "num_oov_indices": 0, "mask_token": null`, "[a b]"},
		{"StringLookup", `"vocabulary": ["a"], "num_oov_indices": 3`, "several numbers for unknown tokens"},
		{"StringLookup", `"vocabulary": ["a"], "invert": true`, "it has invert"},
		{"TextVectorization", `"output_mode": "tf_idf", "vocabulary": ["a"]`, "only int is read"},
		{"TextVectorization", `"ngrams": 2, "vocabulary": ["a"]`, "ngrams"},
		{"TextVectorization", `"split": null, "vocabulary": ["a"]`, "does not split"},
	} {
		config, err := kerasConfig([]byte(model3("Sequential", keras3(c.class, "tv", "", ", "+c.config))))
		if err != nil {
			t.Fatal(err)
		}
		n, err := readKeras("3.5.0", config, newKerasArrays(nil), nil)
		got := fmt.Sprint(err)
		if err == nil {
			got = fmt.Sprint(n.vocabulary)
		}
		if err == nil && got != c.want || err != nil && !strings.Contains(got, c.want) {
			t.Errorf("%s %s: %s, want %s", c.class, c.config, got, c.want)
		}
	}
}
