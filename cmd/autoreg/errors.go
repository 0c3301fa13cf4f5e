package main

import (
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
)

// optionFlags are the flags for options of the packages, which messages name.
var optionFlags = map[string]string{
	"corpus.Format":         "--format",
	"corpus.Field":          "--field",
	"corpus.MaxDocBytes":    "--max-document",
	"corpus.MaxBytes":       "--max-corpus",
	"corpus.MaxMemory":      "--max-memory",
	"corpus.Text":           "--text",
	"corpus.Label":          "--label",
	"corpus.Contains":       "--contains",
	"corpus.Other":          "--other",
	"images.Format":         "--format",
	"images.Height":         "--height",
	"images.Width":          "--width",
	"images.Channels":       "--channels",
	"images.Levels":         "--levels",
	"images.Labels":         "--labels",
	"images.Limit":          "--limit",
	"images.Pad":            "--pad",
	"images.Fractions":      "--fractions",
	"images.Antialias":      "--antialias",
	"images.MaxBytes":       "--max-memory",
	"images.MaxImageBytes":  "--max-picture",
	"autoreg.MaxTokens":     "--max-tokens",
	"autoreg.NewTokens":     "--new-tokens",
	"autoreg.StopStrings":   "--stop",
	"autoreg.StopTokens":    "--stop-token",
	"autoreg.Alternatives":  "--alternatives",
	"autoreg.Count":         "--count",
	"autoreg.First":         "--first",
	"autoreg.Threads":       "--threads",
	"autoreg.Mask":          "--mask",
	"autoreg.Unrounded":     "--unrounded",
	"autoreg.Known":         "--complete",
	"autoreg.Temperature":   "--temperature",
	"autoreg.TopK":          "--top-k",
	"autoreg.Classes":       "--class",
	"autoreg.Length":        "--max-tokens",
	"autoreg.Prefix":        "--prefix",
	"autoreg.Width":         "--beams",
	"autoreg.LengthPenalty": "--length-penalty",

	"tokenizer.VocabularySize":     "--vocabulary",
	"tokenizer.MaxBytes":           "--max-memory",
	"tokenizer.Unit":               "--unit",
	"tokenizer.MinCount":           "--min-count",
	"tokenizer.Case":               "--case",
	"tokenizer.Punctuation":        "--punctuation",
	"tokenizer.UnicodePunctuation": "--unicode-punctuation",
	"tokenizer.LineEnds":           "--line-ends",
	"tokenizer.Stem":               "--stem",
	"tokenizer.NoStop":             "--stop=false",
	"tokenizer.NoUnknown":          `--unknown ""`,
	"tokenizer.UnknownWord":        "--unknown",

	"train.BatchSize":           "--batch",
	"train.Optimizer":           "--optimizer",
	"train.LearningRate":        "--lr",
	"train.Schedule":            "--schedule",
	"train.ClipNorm":            "--clip",
	"train.Average":             "--average",
	"train.Validation":          "--validation",
	"train.Patience":            "--patience",
	"train.Best":                "--best",
	"train.Seed":                "--seed",
	"train.Epochs":              "--epochs",
	"train.Threads":             "--threads",
	"train.MaxBytes":            "--max-memory",
	"train.Embedding":           "--embedding",
	"train.Layers":              "--layers",
	"train.Tied":                "--tied",
	"train.Dropout":             "--dropout",
	"train.Length":              "--length",
	"train.Filters":             "--filters",
	"train.Blocks":              "--blocks",
	"train.Kernel":              "--kernel",
	"train.Components":          "--components",
	"train.Resolutions":         "--resolutions",
	"train.Rows":                "--field",
	"train.Cols":                "--field",
	"train.Activation":          "--activation",
	"train.Direct":              "--direct",
	"train.Conditional":         "--conditional",
	"train.CountPadding":        "--ignore-padding=false",
	"train.CutLong":             "--windows=false",
	"train.Labels":              "--label",
	"train.Stream":              "--stream",
	"train.InitialRange":        "--init-uniform",
	"train.ValidationDocuments": "--validation-data",
}

// flagName returns the flag for a field of a package's options, or "".
func flagName(pkg, field string) string { return optionFlags[pkg+"."+field] }

// message returns err on one line, with the names of flags in place of options, and
// without the name of the package, which does not help a user.
func message(err error) string { return textOf(err, flagName) }

func textOf(err error, name apierror.Namer) string {
	lines := strings.FieldsFunc(apierror.Text(err, name), func(r rune) bool { return r == '\n' || r == '\r' })
	return strings.Join(lines, "; ")
}

// A fileError says which file an error is about.
type fileError struct {
	name string
	err  error
}

func (e *fileError) Error() string                   { return e.Text(nil) }
func (e *fileError) Unwrap() error                   { return e.err }
func (e *fileError) Text(name apierror.Namer) string { return e.name + ": " + textOf(e.err, name) }
