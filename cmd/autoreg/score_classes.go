package main

import (
	"fmt"
	"io"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/tokenizer"
	"github.com/autoreg/autoreg/train"
	"github.com/autoreg/autoreg/train/corpus"
)

func classScorer(j *scoreJob, model autoreg.Model) scorer {
	m := model.(*autoreg.Classifier)
	s := newScorer(
		func(path string) (autoreg.ClassScore, error) { return j.scoreLabelled(m, path) },
		(*autoreg.ClassScore).Add,
		func(s autoreg.ClassScore) []string {
			return []string{
				thousands(s.Items), fmt.Sprintf("%.4f", s.Mean()),
				fmt.Sprintf("%.2f%%", 100*s.Accuracy()), fmt.Sprintf("%.4f", s.MacroF1()),
			}
		},
		func(of scored, s autoreg.ClassScore) any { return newClassScoreJSON(of, s) },
	)
	s.align, s.head = "lrrrr", []string{"file", "documents", "nats/document", "accuracy", "macro F1"}
	s.details = func(w io.Writer, all any) error { return writeClassTables(w, all.(autoreg.ClassScore)) }
	return s
}

// What score --json prints of labelled texts.
type classScoreJSON struct {
	scored
	Documents int         `json:"documents"`
	Loss      number      `json:"loss"` // nats per document
	Accuracy  number      `json:"accuracy"`
	MacroF1   number      `json:"macro_f1"`
	Classes   []classJSON `json:"classes"`
	Confusion [][]int     `json:"confusion,omitempty"` // [class][class given]
}

type classJSON struct {
	Class     string  `json:"class"`
	Documents int     `json:"documents"`
	Given     int     `json:"given"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

func newClassScoreJSON(of scored, s autoreg.ClassScore) any {
	o := classScoreJSON{of, s.Items, number(s.Mean()), number(s.Accuracy()), number(s.MacroF1()), nil, s.Confusion}
	for i, name := range s.Classes {
		o.Classes = append(o.Classes, classJSON{name, s.Of[i], s.Given[i], s.Precision(i), s.Recall(i), s.F1(i)})
	}
	return o
}

// writeClassTables prints the metrics of each class and the confusion matrix.
func writeClassTables(w io.Writer, s autoreg.ClassScore) error {
	rows, align := [][]string{{"class", "documents", "given", "precision", "recall", "F1"}}, "lrrrrr"
	table := s.Confusion != nil && len(s.Classes) <= mostClasses
	if table {
		for _, name := range s.Classes {
			rows[0] = append(rows[0], lineText("given "+name))
			align += "r"
		}
	}
	for i, name := range s.Classes {
		row := []string{
			lineText(name), thousands(s.Of[i]), thousands(s.Given[i]),
			fmt.Sprintf("%.4f", s.Precision(i)), fmt.Sprintf("%.4f", s.Recall(i)), fmt.Sprintf("%.4f", s.F1(i)),
		}
		if table {
			for _, n := range s.Confusion[i] {
				row = append(row, thousands(n))
			}
		}
		rows = append(rows, row)
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return writeColumns(w, rows, align)
}

// scoreLabelled scores the labelled texts of a file, and shows the progress.
func (j *scoreJob) scoreLabelled(m *autoreg.Classifier, path string) (autoreg.ClassScore, error) {
	read := j.labels.LabelledOptions
	read.Format, read.MaxMemory, read.Open = j.format, int64(j.memory)<<20, j.open
	read.Raw = m.Tokenizer().Options().Unit == tokenizer.Bytes
	j.limits.apply(&read.Options)
	c, err := await(j.ctx, func() (*corpus.LabelledCorpus, error) { return corpus.ReadLabelled([]string{path}, &read) })
	if err != nil {
		return autoreg.ClassScore{}, err
	}
	docs, labels := c.Docs, c.Labels
	if j.validation > 0 {
		if _, docs, err = train.SplitDocs(docs, j.validation); err == nil {
			_, labels, err = train.SplitDocs(labels, j.validation)
		}
		if err != nil {
			return autoreg.ClassScore{}, &fileError{path, err}
		}
	}
	bar := j.newProgress(int64(len(docs)), path)
	defer bar.finish()
	s, err := m.Score(j.ctx, func(yield func(text, label string) bool) {
		for i, doc := range docs {
			if !yield(doc, labels[i]) {
				return
			}
			bar.add(1)
		}
	}, &autoreg.ScoreOptions{Threads: j.options.Threads})
	if err != nil {
		return s, &fileError{path, err}
	}
	return s, nil
}
