package train

import (
	"fmt"
	"strings"
)

// An inner error stands behind words of this package: it drops the prefix that
// says which package it is from.
type inner struct{ error }

func (e inner) Error() string {
	msg := e.error.Error()
	for _, prefix := range []string{"train: ", "model: ", "weights: ", "tokenizer: "} {
		msg = strings.TrimPrefix(msg, prefix)
	}
	return msg
}

func (e inner) Unwrap() error { return e.error }

// A Field is the name of a field of Options or of a task.
type Field string

// An OptionError is an error about options. Its message names fields; a program whose
// users know them under other names, such as flags, writes it with Text.
type OptionError struct {
	Format string // of fmt.Sprintf
	Args   []any  // its arguments, those of type Field being names of fields
	Err    error  // what it wraps, or nil
}

// Text returns the message with the names that name gives to fields.
func (e *OptionError) Text(name func(Field) string) string {
	args := make([]any, len(e.Args))
	for i, a := range e.Args {
		args[i] = a
		if f, ok := a.(Field); ok {
			args[i] = name(f)
		}
	}
	return fmt.Sprintf(e.Format, args...)
}

func (e *OptionError) Error() string {
	return "train: " + e.Text(func(f Field) string { return string(f) })
}

func (e *OptionError) Unwrap() error { return e.Err }

// optionErr returns an OptionError.
func optionErr(format string, args ...any) error {
	return &OptionError{Format: format, Args: args}
}
