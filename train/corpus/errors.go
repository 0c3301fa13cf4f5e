package corpus

import "github.com/autoreg/autoreg/internal/apierror"

// An OptionError is an error about a field of Options: its value is out of range, or
// another value is needed to read a file.
type OptionError struct {
	Field string // of Options
	text  error
}

func (e *OptionError) Error() string { return e.text.Error() }
func (e *OptionError) Unwrap() error { return e.text }

// Text returns the message with other names for fields of options, such as those of a
// command's flags: with what name returns for "corpus" and a field, unless that is "".
func (e *OptionError) Text(name func(pkg, field string) string) string {
	return apierror.Text(e.text, name)
}

// optionErrorf returns an OptionError for a format as apierror.Errorf takes it. The first
// field among args is the one that it is about.
func optionErrorf(format string, args ...any) error {
	e := &OptionError{text: apierror.Errorf(format, args...)}
	for _, a := range args {
		if f, ok := a.(apierror.Field); ok && e.Field == "" {
			e.Field = f.Name
		}
	}
	return e
}

// outOfRange returns the error for a field whose value is not what is wanted.
func outOfRange(field string, value any, want string) error {
	return optionErrorf("%s is %v: want %s", option(field), value, want)
}

// option is a field of Options as an argument of apierror.Errorf.
func option(field string) apierror.Field { return apierror.Field{Package: "corpus", Name: field} }

// wrap returns err as this package returns it.
func wrap(err error) error { return apierror.Wrap("corpus", err) }
