package apierror

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"testing"
)

// flags names the option Limit of package inner as a command line does.
func flags(pkg, field string) string {
	if pkg == "inner" && field == "Limit" {
		return "--limit"
	}
	return ""
}

// Each text has one name of a package, that of the outermost boundary, and names of
// options as they are asked for; each error is still what it was.
func TestText(t *testing.T) {
	base := fmt.Errorf("tensor %q: %w", "train: a", io.ErrUnexpectedEOF)
	option := Errorf("%d images: raise %s, or %s", 3, Field{"inner", "Limit"}, Field{"inner", "Width"})
	for _, c := range []struct {
		err         error
		want, named string
		is          error
	}{
		{base, `tensor "train: a": unexpected EOF`, "", io.ErrUnexpectedEOF},
		{Wrap("inner", base), `inner: tensor "train: a": unexpected EOF`, "", io.ErrUnexpectedEOF},
		{Wrap("outer", Wrap("inner", base)), `outer: tensor "train: a": unexpected EOF`, "", io.ErrUnexpectedEOF},
		{Inner(Wrap("inner", base)), `tensor "train: a": unexpected EOF`, "", io.ErrUnexpectedEOF},
		{Inner(base), `tensor "train: a": unexpected EOF`, "", base},
		{Wrap("outer", In("a file", Wrap("inner", base))), `outer: a file: tensor "train: a": unexpected EOF`, "", io.ErrUnexpectedEOF},
		{option, "3 images: raise Limit, or Width", "3 images: raise --limit, or Width", option},
		{Wrap("outer", In("Limit", Wrap("inner", option))), "outer: Limit: 3 images: raise Limit, or Width", "outer: Limit: 3 images: raise --limit, or Width", option},
		{Mark(option, fs.ErrInvalid), "3 images: raise Limit, or Width", "3 images: raise --limit, or Width", fs.ErrInvalid},
		{Mark(base, fs.ErrInvalid), `tensor "train: a": unexpected EOF`, "", io.ErrUnexpectedEOF},
		{Errorf("100%% of %w, and %w", Wrap("inner", io.EOF), option), "100% of EOF, and 3 images: raise Limit, or Width", "100% of EOF, and 3 images: raise --limit, or Width", io.EOF},
	} {
		if c.named == "" {
			c.named = c.want
		}
		if got, named := c.err.Error(), Text(c.err, flags); got != c.want || named != c.named || Text(c.err, nil) != c.want {
			t.Errorf("%q and %q, want %q and %q", got, named, c.want, c.named)
		}
		if !errors.Is(c.err, c.is) {
			t.Errorf("%q is not %v", c.err, c.is)
		}
	}
	if err := Wrap("outer", nil); err != nil {
		t.Errorf("nil has become %v", err)
	}
}
