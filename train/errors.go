package train

import "strings"

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
