package main

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/tokenizer"
	"github.com/autoreg/autoreg/train"
	"github.com/autoreg/autoreg/train/corpus"
)

// chooseSample settles the prompt of the texts after each epoch, and says which of
// its words the model will not know.
func (j *textJob) chooseSample(texts *corpus.Corpus, tok *tokenizer.Tokenizer) error {
	switch {
	case j.flags.Changed("sample"):
		if j.samplePrompt != "" && len(tok.Append(nil, j.samplePrompt)) == 0 {
			return usagef("--sample %q holds no word", j.samplePrompt)
		}
	case texts.Format == corpus.FormatRecipes:
		j.samplePrompt = "Recipe for"
	default:
		j.samplePrompt = firstWords(texts.Docs, tok)
	}
	var unknown []string
	for word := range tok.Words(j.samplePrompt) {
		if _, ok := tok.ID(word); !ok && !slices.Contains(unknown, word) {
			unknown = append(unknown, word)
		}
	}
	if len(unknown) > 0 {
		j.note("words of the sample's prompt that the vocabulary lacks, read as [UNK]: %s", strings.Join(unknown, " "))
	}
	return nil
}

// firstWords returns the beginning, as it stands, of the first document that has a
// word: what is between blanks, up to its second word.
func firstWords(docs []string, tok *tokenizer.Tokenizer) string {
	const most = 80 // bytes; where no blanks are, words alone make the prompt
	for _, doc := range docs {
		var words []string
		for word := range tok.Words(doc) {
			if words = append(words, word); len(words) == 2 {
				break
			}
		}
		if len(words) == 0 {
			continue
		}
		end := 0
		for field := range strings.FieldsSeq(doc) {
			end += strings.Index(doc[end:], field) + len(field)
			start := strings.TrimSpace(doc[:end])
			if n := len(tok.Append(nil, start)); n >= len(words) {
				if end <= most {
					return start
				}
				break
			}
		}
		return strings.Join(words, " ")
	}
	return ""
}

// sample lets the model as it is write a text. Its seed is that of the run plus the
// epoch, so that a run prints the same texts whenever it is repeated. A text that is
// interrupted is none.
func (j *textJob) sample(ctx context.Context, epoch int) (string, error) {
	if j.samplePrompt == "" {
		return "", nil
	}
	m, err := loadSnapshot(j.trainer.Snapshot(), autoreg.Load[*autoreg.TextModel])
	if err != nil {
		return "", err
	}
	g, err := m.Generate(ctx, j.samplePrompt, &autoreg.GenerateOptions{
		Temperature: &j.temperature,
		MaxTokens:   j.sampleTokens,
		Seed:        j.trainer.Options().Seed + uint64(epoch),
	})
	if ctx.Err() != nil {
		return "", nil // the epoch itself is complete
	}
	return g.Text, err
}

// loadSnapshot makes a model of what a run has.
func loadSnapshot[M any](f *train.ModelFile, load func(io.Reader, *autoreg.LoadOptions) (*M, error)) (*M, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	r := f.Reader()
	defer r.Close()
	return load(r, &autoreg.LoadOptions{MaxBytes: size})
}
