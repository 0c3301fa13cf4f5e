package main

import (
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg"
)

// kinds are the kinds of models that the command serves: the one list of them, apart from
// the commands that are for one kind alone.
var kinds = []*kind{&textKind, &imageKind, &classKind, &vectorKind}

// A kind holds everything in which the command differs between kinds of models.
type kind struct {
	is      func(autoreg.Model) bool // whether a model, nil pointers included, is one
	of      string                   // what it is of: "images"
	model   string                   // what it is: "an image model"
	use     string                   // what to do with it: "draw with it by autoreg paint"
	train   string                   // the command under train that makes one; "" where none does
	example string                   // the name of the one that is compiled in; "" where none is
	data    []byte                   // the file of that

	sizes    func(fs *pflag.FlagSet) sizes             // defines the flags of info for the sizes of a model
	describe func(j *infoJob, m *described) error      // info of a model
	scorer   func(j *scoreJob, m autoreg.Model) scorer // score; nil where there is none

	formats    []string // of files to score; the first is the default
	scoreFlags []string // of score that have a meaning for this kind, and not for each
}

// Sizes are flags of info for the sizes of a model, and what prints a model so large.
type sizes struct {
	flags    []string
	describe func(j *infoJob) error
}

// A scorer scores files with one model.
type scorer struct {
	align string   // of the columns
	head  []string // the first is the file's name
	score func(path string) (any, error)
	total func() any           // the score of all files so far
	cells func(s any) []string // after the file's name
	json  func(of scored, s any) any

	details func(w io.Writer, total any) error // what is printed behind the table; nil for nothing
}

// newScorer returns a scorer whose scores are of type S, which add adds up.
func newScorer[S any](score func(path string) (S, error), add func(total *S, s S), cells func(s S) []string, json func(of scored, s S) any) scorer {
	total := new(S)
	return scorer{
		score: func(path string) (any, error) {
			s, err := score(path)
			if err == nil {
				add(total, s)
			}
			return s, err
		},
		total: func() any { return *total },
		cells: func(s any) []string { return cells(s.(S)) },
		json:  func(of scored, s any) any { return json(of, s.(S)) },
	}
}

// isA reports whether m is an M.
func isA[M autoreg.Model](m autoreg.Model) bool {
	_, ok := m.(M)
	return ok
}

// kindOf returns the kind of a model, or nil of no model.
func kindOf(m autoreg.Model) *kind {
	i := slices.IndexFunc(kinds, func(k *kind) bool { return k.is(m) })
	if i < 0 {
		return nil
	}
	return kinds[i]
}

// formatNames returns the formats of files to score of all kinds, each once.
func formatNames() (names []string) {
	for _, k := range kinds {
		for _, name := range k.formats {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// examples lists the models that are compiled in: their names and what they are of.
func examples() string {
	var list []string
	for _, k := range kinds {
		if k.example != "" {
			list = append(list, k.example+" ("+k.of+")")
		}
	}
	return strings.Join(list, ", ")
}
