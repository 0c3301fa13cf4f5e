package main

import (
	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg/train/corpus"
)

// labelledFormats are the names of the formats of labelled texts, as flags take them.
var labelledFormats = []string{corpus.FormatAuto, corpus.FormatJSON, corpus.FormatTabs}

// labelFlagNames are those that define defines.
var labelFlagNames = []string{"text", "label", "contains", "other"}

// labelFlags are the flags for how labelled texts are read.
type labelFlags struct{ corpus.LabelledOptions }

func (l *labelFlags) define(fs *pflag.FlagSet) {
	fs.StringVar(&l.Text, "text", "text", "`MEMBER` of a JSON object that holds its text, a string or a list of strings")
	fs.StringVar(&l.Label, "label", "label", "`MEMBER` of a JSON object that holds its label, a string, a number or with --contains a list")
	fs.StringVar(&l.Contains, "contains", "", "make two classes: texts whose label is `VALUE`, or a list that contains it, and --other")
	fs.StringVar(&l.Other, "other", "other", "`NAME` of the class of all other texts, with --contains")
}
