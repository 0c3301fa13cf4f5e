package model

import (
	"fmt"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/weights"
)

// Kinds are the kinds of models, as a file's configuration names them.
const (
	KindText       = kindText
	KindImages     = kindPixels
	KindClassifier = kindClassifier
	KindVectors    = kindVectors
)

// KindOf returns the kind that the configuration of a file with this metadata names,
// known or not, or "" if it names none. Nothing else of the file is checked.
func KindOf(meta map[string]string) string { return peekKind([]byte(meta[KeyConfig])) }

// OtherKind returns the error for a file whose configuration names a kind other than
// the ones wanted. It is the error that a reader of one kind gives, and wraps ErrKind
// and weights.ErrFormat; so do those for a file that no model of this version can be in.
func OtherKind(f *weights.File, want ...string) error {
	if err := checkFormat(f.Metadata); err != nil {
		return err
	}
	names := make([]string, len(want))
	for i, kind := range want {
		names[i] = fmt.Sprintf("%q%s", kind, purpose(kind))
	}
	found := KindOf(f.Metadata)
	err := apierror.Mark(fmt.Errorf("the model is of kind %.40q%s, want %s", found, purpose(found), strings.Join(names, " or ")), ErrKind)
	return bad("metadata %q: %w", KeyConfig, err)
}
