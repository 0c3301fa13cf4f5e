package main

import (
	"fmt"
	"io/fs"
	"slices"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/tokenizer"
	"github.com/autoreg/autoreg/train/corpus"
)

func textScorer(j *scoreJob, model autoreg.Model) scorer {
	m := model.(*autoreg.TextModel)
	unit := unitName(m.Tokenizer())
	s := newScorer(
		func(path string) (autoreg.Score, error) { return j.scoreTexts(m, path) },
		(*autoreg.Score).Add,
		func(s autoreg.Score) []string {
			unknown := "-" // there is no token for that
			if m.Tokenizer().Unknown() >= 0 {
				unknown = fmt.Sprintf("%s (%.2f%%)", thousands(s.Unknown), 100*float64(s.Unknown)/float64(s.Symbols))
			}
			return []string{
				thousands(s.Items), thousands(s.Symbols), unknown,
				fmt.Sprintf("%.4f", s.Mean()), perplexityText(s.Perplexity()),
			}
		},
		func(of scored, s autoreg.Score) any {
			return textScoreJSON{of, s.Items, s.Symbols, s.Unknown, number(s.Mean()), number(s.Perplexity())}
		},
	)
	s.align, s.head = "lrrrrr", []string{"file", "documents", unit + "s", "unknown", "nats/" + unit, "perplexity"}
	return s
}

// What score --json prints of texts.
type textScoreJSON struct {
	scored
	Documents  int    `json:"documents"`
	Words      int    `json:"words"`
	Unknown    int    `json:"unknown"`
	Loss       number `json:"loss"` // nats per word
	Perplexity number `json:"perplexity"`
}

// scoreTexts scores the documents of a file, and shows the progress.
func (j *scoreJob) scoreTexts(m *autoreg.TextModel, path string) (autoreg.Score, error) {
	c, err := j.readTexts(m, path)
	if err != nil {
		return autoreg.Score{}, err
	}
	bar := j.newProgress(int64(len(c.Docs)), path)
	defer bar.finish()
	s, err := m.Score(j.ctx, counting(bar, slices.Values(c.Docs)), &j.options)
	if err != nil {
		return s, &fileError{path, err}
	}
	return s, nil
}

// readTexts reads the documents of a file.
func (j *scoreJob) readTexts(m *autoreg.TextModel, path string) (*corpus.Corpus, error) {
	read := j.textOptions(m)
	return await(j.ctx, func() (*corpus.Corpus, error) {
		f, err := j.openTexts(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		read.Open = j.opened(path, f)
		return corpus.Read([]string{path}, &read)
	})
}

// textOptions returns how texts are read for a model.
func (j *scoreJob) textOptions(m *autoreg.TextModel) corpus.Options {
	read := corpus.Options{Format: j.format, Field: j.field, MaxMemory: int64(j.memory) << 20}
	read.Raw = m.Tokenizer().Options().Unit == tokenizer.Bytes
	j.limits.apply(&read)
	return read
}

// openTexts opens a file of texts. It refuses images, which a text model would read as
// noise.
func (j *scoreJob) openTexts(path string) (fs.File, error) {
	f, err := j.open(path)
	if err == nil && looksLikeImages(f, path) {
		f.Close()
		return nil, fmt.Errorf("%s holds images, and the model %s is one of text: name an image model, as in --model %s", path, j.model, clothesName)
	}
	return f, err
}
