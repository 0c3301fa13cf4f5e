package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg/train/corpus"
)

// corpusLimits are the limits on a corpus that flags raise, in MiB.
type corpusLimits struct{ document, corpus int }

// define defines the flags for how a corpus is read.
func (l *corpusLimits) define(fs *pflag.FlagSet) {
	intFlag(fs, &l.document, "max-document", "", 0, 1, 1<<10, fmt.Sprintf("refuse a document of more than `N` MiB (default %d, with --format text %d)", corpus.DefaultMaxDocBytes>>20, 1<<10))
	intFlag(fs, &l.corpus, "max-corpus", "", corpus.DefaultMaxBytes>>20, 1, math.MaxInt32, "refuse a corpus of more than `N` MiB, unpacked, all files together")
}

// fieldFlag defines the flag for the member that holds a text.
func fieldFlag(fs *pflag.FlagSet, p *string) {
	fs.StringVar(p, "field", "", "`MEMBER` of JSON objects that holds a text; \"post.body\" is a member of a member")
}

// apply sets the limits in o.
func (l *corpusLimits) apply(o *corpus.Options) {
	o.MaxDocBytes, o.MaxBytes = l.document<<20, int64(l.corpus)<<20
}

// mostFiles is how many files of a corpus are listed.
const mostFiles = 20

// corpusRows says what was read, in rows of a name, first name itself, and a text.
func (a *app) corpusRows(name string, c *corpus.Corpus) [][]string {
	var rows [][]string
	row := func(format string, args ...any) {
		rows = append(rows, []string{name, fmt.Sprintf(format, args...)})
		name = ""
	}
	for i, f := range c.Files {
		if i == mostFiles && len(c.Files) > mostFiles+1 {
			row("and %s files more", thousands(len(c.Files)-i))
			break
		}
		text := fmt.Sprintf("%s: %s, read as %s", a.inputName(f.Path), counted(f.Docs, "document"), f.Format)
		if f.Encoding != "UTF-8" {
			text += ", converted from " + f.Encoding
		}
		row("%s", text)
	}
	if len(c.Files) > 1 {
		row("%s in %s files", counted(len(c.Docs), "document"), thousands(len(c.Files)))
	}
	var notes []string
	note := func(n int, one, many string) {
		if n > 0 {
			notes = append(notes, counted(n, one, many))
		}
	}
	recipes := c.Skipped - c.NoText - c.OtherType - c.NoLabel
	if n := recipes; n > 0 || c.Format == corpus.FormatRecipes {
		notes = append(notes, thousands(n)+" skipped for want of a title or directions")
	}
	for _, skipped := range []struct {
		n   int
		why string
	}{{c.NoText, "for want of a text"}, {c.OtherType, "whose text is not a string"}, {c.NoLabel, "for want of a label"}} {
		if skipped.n > 0 {
			notes = append(notes, thousands(skipped.n)+" skipped "+skipped.why)
		}
	}
	if c.Format == corpus.FormatRecipes {
		note(c.NullSteps, "direction left out because it is null", "directions left out because they are null")
	} else {
		note(c.NullSteps, "part of a text left out because it is null", "parts of texts left out because they are null")
	}
	note(c.Replaced, "invalid UTF-8 sequence replaced", "invalid UTF-8 sequences replaced")
	note(c.LineEnds, "line end CR LF made LF", "line ends CR LF made LF")
	note(c.Marks, "byte order mark dropped", "byte order marks dropped")
	note(c.LeftOut, "other entry of folders left out", "other entries of folders left out")
	if len(notes) > 0 {
		row("%s", strings.Join(notes, ", "))
	}
	for _, f := range c.Files {
		if f.Legacy {
			row("%s looks like Latin-1, Windows-1252 or another encoding that is not UTF-8: convert it, with iconv for example", a.inputName(f.Path))
			break
		}
	}
	return append(rows, []string{"sha256", fmt.Sprintf("%x", c.SHA256)})
}

// inputName is what is printed for the path of an input.
func (a *app) inputName(path string) string {
	if path == stdinName {
		return "standard input"
	}
	return a.safe(path)
}
