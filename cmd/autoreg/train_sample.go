package main

import (
	"context"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/sampler"
	"github.com/autoreg/autoreg/tokenizer"
	"github.com/autoreg/autoreg/train"
	"github.com/autoreg/autoreg/train/corpus"
)

// A sampled is what a model makes after an epoch; the zero value is nothing.
type sampled struct {
	text   string   // of a text model the text, of others what to say
	copied *float64 // see train.Dataset.Copied; nil where that does not apply
}

// chooseSample settles the prompt of the texts after each epoch, and says which of
// its words the model will not know.
func (j *textJob) chooseSample(texts *corpus.Corpus, tok *tokenizer.Tokenizer) error {
	switch {
	case j.flags.Changed("sample"):
		next, stop := iter.Pull(tok.Words(j.samplePrompt))
		defer stop()
		if _, any := next(); j.samplePrompt != "" && !any {
			return usagef("--sample %q holds no %s", j.samplePrompt, unitName(tok))
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
	if len(unknown) == 0 {
		return nil
	}
	if tok.Unknown() < 0 {
		if j.flags.Changed("sample") {
			return usagef("--sample %q holds the %s %q, which the vocabulary lacks", j.samplePrompt, unitName(tok), unknown[0])
		}
		j.samplePrompt = ""
		return nil
	}
	j.note("%ss of the sample's prompt that the vocabulary lacks, read as %s: %s", unitName(tok), tok.Word(tok.Unknown()), strings.Join(unknown, " "))
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
		if tok.Options().Unit == tokenizer.Words {
			return strings.Join(words, " ")
		}
		return strings.ToValidUTF8(strings.Join(words, ""), "")
	}
	return ""
}

// sample lets the model as it is write a text. Its seed is that of the run plus the
// epoch, so that a run prints the same texts whenever it is repeated. A text that is
// interrupted is none.
func (j *textJob) sample(ctx context.Context, epoch int) (sampled, error) {
	if j.samplePrompt == "" {
		return sampled{}, nil
	}
	m, err := loadSnapshot(j.trainer.Snapshot(), autoreg.Load[*autoreg.TextModel])
	if err != nil {
		return sampled{}, err
	}
	var text strings.Builder
	var drawn []int
	for piece, err := range m.Text(ctx, j.samplePrompt, &autoreg.GenerateOptions{
		Sampling:  sampler.Options{Temperature: &j.temperature},
		MaxTokens: j.sampleTokens,
		Seed:      j.trainer.Options().Seed + uint64(epoch),
	}) {
		if err != nil && ctx.Err() == nil {
			return sampled{}, err
		}
		text.WriteString(piece.Text)
		if piece.ID >= 0 && piece.ID != m.Tokenizer().Stop() {
			drawn = append(drawn, piece.ID)
		}
	}
	if ctx.Err() != nil {
		return sampled{}, nil // the epoch itself is complete
	}
	of := sampled{text: text.String()}
	if share, ok := j.text.Training().Copied(drawn); ok {
		of.copied = &share
	}
	return of, nil
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
