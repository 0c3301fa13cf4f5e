// Package tokenizer turns text into ids and ids back into text. A token, a text's unit,
// is a word, a character or a byte: see [Options].
//
// Without options it is a word, and a text goes through five steps, those of the word
// pipeline that small recurrent text models are usually taught with (Keras'
// TextVectorization behind a punctuation filter), so that a vocabulary learned here
// equals the one learned there:
//
//  1. Each run of invalid UTF-8 bytes becomes one U+FFFD. Byte order marks, U+FEFF,
//     are dropped.
//  2. Each of the 31 characters !"#$%&'()*+,-./:;<=>?@[]^_`{|}~ becomes a word of
//     its own: "don't" is read as "don ' t" and "1/4" as "1 / 4". That is ASCII
//     punctuation without the backslash, which the original pipeline leaves alone
//     because of how its regular expression is quoted. Punctuation beyond ASCII
//     (curly quotes, dashes, the degree sign) stays inside its word, unless
//     Options.UnicodePunctuation asks for words of it.
//  3. The letters A to Z become a to z, byte by byte. Other letters keep their case.
//  4. The text is cut at runs of ASCII blanks: space, tab, LF, VT, FF and CR. A
//     no-break space is part of a word.
//  5. Each word becomes its id in the vocabulary, or that of the unknown token where it
//     has none.
//
// Options can leave out step 3, make step 2 drop punctuation or leave it in its word, make
// the end of a line a word, and replace words by their stems before step 5.
//
// Characters are Unicode code points, after step 1; e and a combining accent are two.
// Bytes are those of the text as it is. Of both, everything counts, blanks and the ends of
// lines too, and the case is kept unless Options.Case says otherwise.
//
// # Vocabulary
//
// Id 0 is the stop token, which is padding and "stop here", spelled as the empty string;
// the next one is the unknown token, which stands for every unit outside the vocabulary,
// spelled "[UNK]". Either may be left out. Learned units follow, the most frequent first
// and, among equally frequent ones, the larger in byte order first ("zest" before
// "apple"). Bytes are not learned: after the stop token, if there is one, come all 256 in
// their order, and none is ever unknown.
//
// # Concurrency
//
// A [Tokenizer] never changes once made and is safe for concurrent use. A
// [Detokenizer] is the state of one output under way and belongs to one goroutine
// at a time.
package tokenizer
