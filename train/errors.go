package train

import "github.com/autoreg/autoreg/internal/apierror"

// An OptionError is an error about a field of Options, of a task or of its Vocabulary: its
// value is out of range, differs from that of the run that is resumed, or leads to a run
// that cannot be made.
type OptionError struct {
	Field string
	text  error
}

func (e *OptionError) Error() string { return e.text.Error() }
func (e *OptionError) Unwrap() error { return e.text }

// Text returns the message with other names for fields, such as those of a command's
// flags: with what name returns for "train" and a field, unless that is "".
func (e *OptionError) Text(name func(pkg, field string) string) string {
	return apierror.Text(e.text, name)
}

// optionErr returns an OptionError for a format as apierror.Errorf takes it. The first
// field among args is the one that it is about.
func optionErr(format string, args ...any) error {
	e := &OptionError{text: apierror.Errorf(format, args...)}
	for _, a := range args {
		if f, ok := a.(apierror.Field); ok && e.Field == "" {
			e.Field = f.Name
		}
	}
	return e
}

// option is a field of Options or of a task as an argument of apierror.Errorf.
func option(field string) apierror.Field { return apierror.Field{Package: "train", Name: field} }

// wrap returns err as this package returns it.
func wrap(err error) error { return apierror.Wrap("train", err) }
