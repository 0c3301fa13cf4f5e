// Package apierror builds the errors of this module from parts, so that no code has to
// parse the text of an error.
//
// Inside, errors have no prefix. Each public package returns them through [Wrap], which
// puts its name in front, once: of an error that has come from another public package,
// which is known by type, the text has no name any more. [Errorf] words an error around
// others, and keeps names of options apart from the text around them: [Text] gives the
// message with other names for them, those of flags for example.
package apierror

import (
	"fmt"
	"slices"
	"strings"
)

// A Namer returns what a message calls a field of the options of a public package, or ""
// to call it by its own name.
type Namer = func(pkg, field string) string

// A boundary is an error as a public package returns it.
type boundary struct {
	pkg string
	err error
}

func (e *boundary) Error() string { return e.pkg + ": " + Text(e.err, nil) }
func (e *boundary) Unwrap() error { return e.err }

// Wrap returns err as the public package pkg returns it, with its name in front. The
// name of another one that has returned err is not in the text. Wrap returns nil for
// nil.
func Wrap(pkg string, err error) error {
	if err == nil {
		return nil
	}
	return &boundary{pkg, err}
}

// Text returns the text of err without the name of the public package that has returned
// it, as it stands within another message, and with the names that name returns for
// fields: nil leaves them as they are. An error whose text depends on them has a method
// Text.
func Text(err error, name Namer) string {
	for {
		e, ok := err.(*boundary)
		if !ok {
			break
		}
		err = e.err
	}
	if e, ok := err.(interface{ Text(Namer) string }); ok {
		return e.Text(name)
	}
	return err.Error()
}

// A Field is a field of the options of a public package, as an argument of Errorf.
type Field struct{ Package, Name string }

// called returns the name of f in a message.
func (f Field) called(name Namer) string {
	if name != nil {
		if s := name(f.Package, f.Name); s != "" {
			return s
		}
	}
	return f.Name
}

// A message is a format and its arguments.
type message struct {
	format string
	args   []any
}

// Errorf is fmt.Errorf for arguments among which there may be fields, for %s, and
// errors, for %w, all of which it wraps. The names of public packages that have returned
// these are not in the text.
func Errorf(format string, args ...any) error { return &message{format, slices.Clone(args)} }

// In returns an error that says where err happened.
func In(where string, err error) error { return Errorf("%s: %w", where, err) }

func (m *message) Error() string { return m.Text(nil) }

func (m *message) Text(name Namer) string {
	args := slices.Clone(m.args)
	for i, a := range args {
		switch a := a.(type) {
		case Field:
			args[i] = a.called(name)
		case error:
			args[i] = Text(a, name)
		}
	}
	return fmt.Sprintf(strings.ReplaceAll(m.format, "%w", "%s"), args...)
}

func (m *message) Unwrap() (list []error) {
	for _, a := range m.args {
		if err, ok := a.(error); ok {
			list = append(list, err)
		}
	}
	return list
}

// A marked error is other errors besides.
type marked struct {
	err   error
	marks []error
}

// Mark returns an error with the text of err that errors.Is finds to be each of marks,
// whose text it does not repeat.
func Mark(err error, marks ...error) error { return &marked{err, marks} }

func (e *marked) Error() string          { return e.err.Error() }
func (e *marked) Unwrap() []error        { return append([]error{e.err}, e.marks...) }
func (e *marked) Text(name Namer) string { return Text(e.err, name) }

// joined are errors that have happened together.
type joined []error

// Join is errors.Join with the texts on one line.
func Join(errs ...error) error {
	list := slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil })
	if len(list) == 0 {
		return nil
	}
	return joined(list)
}

func (e joined) Error() string   { return e.Text(nil) }
func (e joined) Unwrap() []error { return e }

func (e joined) Text(name Namer) string {
	texts := make([]string, len(e))
	for i, err := range e {
		texts[i] = Text(err, name)
	}
	return strings.Join(texts, "; ")
}
