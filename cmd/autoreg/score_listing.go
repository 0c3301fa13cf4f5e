package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/autoreg/autoreg"
)

// list prints lines or documents one by one, instead of a score of each file.
func (j *scoreJob) list(m *autoreg.TextModel, paths []string) error {
	j.options.Tokens = j.tokens
	if j.lines {
		return j.scoreLines(m, paths)
	}
	for _, path := range paths {
		if err := j.scoreDocuments(m, path, len(paths) > 1); err != nil {
			return err
		}
	}
	return nil
}

// scoreDocuments prints the documents of a file with their tokens, in their order.
func (j *scoreJob) scoreDocuments(m *autoreg.TextModel, path string, several bool) error {
	c, err := j.readTexts(m, path)
	if err != nil {
		return err
	}
	l := j.newListing(m, several, 0)
	n := 0
	for d, err := range m.ScoreEach(j.ctx, slices.Values(c.Docs), &j.options) {
		if err != nil {
			return &fileError{path, err}
		}
		n++
		if err := l.add(&listed{path, n, n, d}); err != nil {
			return err
		}
	}
	return nil
}

// writeLines prints lines, which are sorted.
func (j *scoreJob) writeLines(m *autoreg.TextModel, lines []listed, several bool) error {
	last := 0
	for _, l := range lines {
		last = max(last, l.number)
	}
	out := bufio.NewWriterSize(j.out, 64<<10)
	l := j.newListing(m, several, max(len(strconv.Itoa(last)), len("line")))
	l.out = out
	if err := l.head(); err != nil {
		return err
	}
	for i := range lines {
		if err := l.add(&lines[i]); err != nil {
			return err
		}
	}
	return out.Flush()
}

// A lineListing prints lines or documents with their scores: as a JSON object on a line, or
// as rows of a table.
type lineListing struct {
	*scoreJob
	model   *autoreg.TextModel
	several bool   // files: each row names its own
	loss    string // the name of the column of losses
	width   int    // of the numbers of lines
	out     io.Writer
}

func (j *scoreJob) newListing(m *autoreg.TextModel, several bool, width int) *lineListing {
	return &lineListing{j, m, several, "nats/" + unitName(m.Tokenizer()), width, j.out}
}

// head prints the names of the columns.
func (l *lineListing) head() error {
	if l.asJSON {
		return nil
	}
	file := ""
	if l.several {
		file = "file  "
	}
	_, err := fmt.Fprintf(l.out, "%s  %s%*s  text\n", l.loss, file, l.width, "line")
	return err
}

// What score --json prints of a line, or of a document.
type listedJSON struct {
	File     string        `json:"file"`
	Line     int           `json:"line,omitempty"`
	Document int           `json:"document,omitempty"`
	Words    int           `json:"words"`
	Unknown  int           `json:"unknown"`
	Loss     number        `json:"loss"` // nats per word
	Text     string        `json:"text"`
	Tokens   []scoredToken `json:"tokens,omitempty"`
}

// A scoredToken is a token of a text; the first of a document without a prefix is not
// predicted.
type scoredToken struct {
	ID      int      `json:"id"`
	Token   string   `json:"token"`
	LogProb *float32 `json:"logprob"` // null if it is not finite, too
}

// add prints a line or a document.
func (l *lineListing) add(d *listed) error {
	if l.asJSON {
		return l.addJSON(d)
	}
	file := ""
	if l.several {
		file = lineText(d.file) + "  "
	}
	if l.lines {
		if _, err := fmt.Fprintf(l.out, "%*.4f  %s%*d  %s\n", len(l.loss), d.Mean(), file, l.width, d.number, lineText(d.Text)); err != nil {
			return err
		}
	} else if _, err := fmt.Fprintf(l.out, "%sdocument %d: %s, %.4f %s\n", file, d.number, counted(d.Symbols, unitName(l.model.Tokenizer())), d.Mean(), l.loss); err != nil {
		return err
	}
	if !l.tokens {
		return nil
	}
	if first, ok := l.first(d); ok {
		if _, err := fmt.Fprintf(l.out, "%*s  %s\n", len(l.loss), "-", strconv.Quote(l.model.Tokenizer().Word(first))); err != nil {
			return err
		}
	}
	for _, t := range d.Tokens {
		word := strconv.Quote(t.Word)
		if t.ID == l.model.Tokenizer().Stop() {
			word = "end"
		}
		if _, err := fmt.Fprintf(l.out, "%*.4f  %s\n", len(l.loss), t.LogProb, word); err != nil {
			return err
		}
	}
	return nil
}

func (l *lineListing) addJSON(d *listed) error {
	o := listedJSON{File: d.file, Words: d.Symbols, Unknown: d.Unknown, Loss: number(d.Mean()), Text: d.Text}
	if l.lines {
		o.Line = d.number
	} else {
		o.Document = d.number
	}
	if l.tokens {
		if first, ok := l.first(d); ok {
			o.Tokens = append(o.Tokens, scoredToken{ID: first, Token: printable(l.model.Tokenizer().Word(first))})
		}
		for _, t := range d.Tokens {
			o.Tokens = append(o.Tokens, scoredToken{ID: t.ID, Token: printable(t.Word)})
			if p := t.LogProb; p >= -math.MaxFloat32 && p <= math.MaxFloat32 {
				o.Tokens[len(o.Tokens)-1].LogProb = &p
			}
		}
	}
	return l.writeJSONLineTo(l.out, o)
}

// first returns the first token of a document, if it is not predicted.
func (l *lineListing) first(d *listed) (id int, ok bool) {
	if l.options.Prefix != "" {
		return 0, false
	}
	ids := l.model.Tokenizer().Append(nil, d.Text)
	if len(ids) == 0 {
		return 0, false
	}
	return ids[0], true
}
