package main

import (
	"fmt"
	"strconv"
	"strings"

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

// spelled returns a token as a table shows it: in quotation marks, as Go writes strings,
// where tokens may be blanks or parts of characters.
func spelled(word string, o tokenizer.Options) string {
	if word != "" && (o.Unit != tokenizer.Words || word == "\n") {
		return strconv.Quote(word)
	}
	return word
}
