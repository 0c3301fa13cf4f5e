package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/autoreg/autoreg/tokenizer"
)

// What messages say of a model's tokens.

// unitName returns what a token of a text is called: a word, a character, a byte.
func unitName(tok *tokenizer.Tokenizer) string { return string(tok.Options().Unit) }

// describeVocabulary says how many tokens there are, and which of them stand for none of
// a text.
func describeVocabulary(tok *tokenizer.Tokenizer) string {
	var reserved []string
	if tok.Stop() >= 0 {
		reserved = append(reserved, "padding")
	}
	if id := tok.Unknown(); id >= 0 {
		reserved = append(reserved, tok.Word(id))
	}
	text := counted(tok.Len(), unitName(tok))
	if reserved != nil {
		text += ", " + strings.Join(reserved, " and ") + " included"
	}
	return lineText(text)
}

// describePipeline says what becomes of a text before it is tokens.
func describePipeline(o tokenizer.Options) string {
	list := []string{"lower case"}
	if o.Case == tokenizer.KeepCase {
		list[0] = "case kept"
	}
	if o.Unit != tokenizer.Words {
		return list[0]
	}
	marks := map[tokenizer.Punctuation]string{
		tokenizer.SplitPunctuation: "punctuation as words",
		tokenizer.StripPunctuation: "punctuation dropped",
		tokenizer.KeepPunctuation:  "punctuation kept in words",
	}[o.Punctuation]
	if o.UnicodePunctuation {
		marks += ", beyond ASCII too"
	}
	list = append(list, marks)
	if o.LineEnds {
		list = append(list, "ends of lines as words")
	}
	if o.Stem != "" {
		list = append(list, "stems in "+strings.ToUpper(o.Stem[:1])+o.Stem[1:])
	}
	return strings.Join(list, ", ")
}

// countedTokens writes how many tokens of a text there are, and how many of them are
// unknown, if any can be.
func countedTokens(n, unknown int64, tok *tokenizer.Tokenizer) string {
	text := counted(int(n), unitName(tok))
	if tok.Unknown() >= 0 {
		text += fmt.Sprintf(", %.2f%% of them unknown", 100*float64(unknown)/float64(max(n, 1)))
	}
	return text
}

// printable returns a token of a vocabulary, or, where it is a byte that is no UTF-8 by
// itself, an escape for that: \xc3.
func printable(word string) string {
	if utf8.ValidString(word) {
		return word
	}
	return strings.Trim(strconv.Quote(word), `"`)
}

// shown returns how a table shows a token: blanks in quotation marks.
func shown(word string) string {
	if word != "" && strings.TrimSpace(word) == "" {
		return strconv.Quote(word)
	}
	return printable(word)
}
