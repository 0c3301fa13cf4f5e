package apierror

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
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
	errEnd := Wrap("inner", errors.New("the end"))
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
		{errEnd, "inner: the end", "", errEnd},
		{Wrap("outer", errEnd), "outer: the end", "", errEnd},
		{Wrap("outer", In("a file", errEnd)), "outer: a file: the end", "", errEnd},
		{Wrap("outer", In("a file", Wrap("inner", base))), `outer: a file: tensor "train: a": unexpected EOF`, "", io.ErrUnexpectedEOF},
		{option, "3 images: raise Limit, or Width", "3 images: raise --limit, or Width", option},
		{Wrap("outer", In("Limit", Wrap("inner", option))), "outer: Limit: 3 images: raise Limit, or Width", "outer: Limit: 3 images: raise --limit, or Width", option},
		{Mark(option, fs.ErrInvalid), "3 images: raise Limit, or Width", "3 images: raise --limit, or Width", fs.ErrInvalid},
		{Mark(base, fs.ErrInvalid), `tensor "train: a": unexpected EOF`, "", io.ErrUnexpectedEOF},
		{Join(nil, option, nil, errEnd), "3 images: raise Limit, or Width; the end", "3 images: raise --limit, or Width; the end", errEnd},
		{Errorf("100%% of %w, and %w", Wrap("inner", io.EOF), option), "100% of EOF, and 3 images: raise Limit, or Width", "100% of EOF, and 3 images: raise --limit, or Width", io.EOF},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		if !errors.Is(c.err, c.is) {
			t.Errorf("%q is not %v", c.err, c.is)
		}
		// As a part of another message it has no package's name.
		want, named := c.want, cmp.Or(c.named, c.want)
		for _, pkg := range []string{"inner: ", "outer: "} {
			want, named = strings.TrimPrefix(want, pkg), strings.TrimPrefix(named, pkg)
		}
		if got, renamed := Text(c.err, nil), Text(c.err, flags); got != want || renamed != named {
			t.Errorf("Text is %q, and %q with flags; want %q and %q", got, renamed, want, named)
		}
	}
	if err := cmp.Or(Wrap("outer", nil), Join(), Join(nil, nil)); err != nil {
		t.Errorf("nil has become %v", err)
	}
}
