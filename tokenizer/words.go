package tokenizer

import "iter"

// Words returns the words of text in order, as the pipeline makes them and Append
// looks them up.
func (t *Tokenizer) Words(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		rest := validText(text)
		for {
			var word []byte
			if word, rest = nextWord(rest, &t.class, nil); len(word) == 0 || !yield(string(word)) {
				return
			}
		}
	}
}

// RawWords returns the words of text in order, as AppendRaw looks them up.
func (t *Tokenizer) RawWords(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		rest := rawText(text)
		for {
			var word string
			if word, rest = t.nextRaw(rest); word == "" || !yield(word) {
				return
			}
		}
	}
}
