package autoreg

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
)

// A program that does not know what a file holds finds out.
func TestLoadAnyKind(t *testing.T) {
	for _, want := range []Model{small(t), smallPixels(3), smallVectors()} {
		var b bytes.Buffer
		if _, err := want.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		file := b.Bytes()
		got, err := Load[Model](bytes.NewReader(file), nil)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) || got.Kind() != want.Kind() {
			t.Errorf("a model of kind %q is loaded as a %T of kind %q", want.Kind(), got, got.Kind())
		}
		if !slices.Equal(got.Layers(), want.Layers()) || got.Params() != want.Params() || !maps.Equal(got.Metadata(), want.Metadata()) {
			t.Errorf("%s: %v, %d parameters, metadata %v", got.Kind(), got.Layers(), got.Params(), got.Metadata())
		}
		var again bytes.Buffer
		if n, err := got.WriteTo(&again); err != nil || n != int64(len(file)) || !bytes.Equal(again.Bytes(), file) {
			t.Errorf("%s: WriteTo = %d, %v, or other bytes than were read", got.Kind(), n, err)
		}
		if n, err := got.WriteTo(fullDisk{}); n != 3 || !errors.Is(err, io.ErrShortWrite) || !strings.HasPrefix(err.Error(), "autoreg: ") {
			t.Errorf("%s: WriteTo = %d, %v; want 3 and io.ErrShortWrite", got.Kind(), n, err)
		}
	}
}

// Each kind is in the list once, with a type and a name of its own.
func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range kinds {
		for _, name := range []string{k.name, fmt.Sprintf("%T", k.zero)} {
			if name == "" || seen[name] {
				t.Errorf("kind %q of type %T: %q is there twice", k.name, k.zero, name)
			}
			seen[name] = true
		}
	}
}

// Sized models are those of images: an interface of a program's own.
type sized interface {
	Model
	Size() (height, width int)
}

// Speaking models do not exist.
type speaking interface {
	Model
	Speak()
}

// A wrapped model is a type of a program's own that no file holds.
type wrapped struct{ *TextModel }

// The wrong kind is an error that says what the file is and what was wanted.
func TestLoadKindErrors(t *testing.T) {
	text, images := encode(t, small(t)), encodePixels(t, smallPixels(1))
	edit := func(key, value string) []byte {
		f := small(t).text.File()
		f.Metadata[key] = value
		return encodeFile(t, f)
	}
	future := edit(model.KeyConfig, `{"kind":"choir","voices":4}`)
	for _, c := range []struct {
		name string
		load func() (Model, error)
		is   []error
		want string
	}{
		{"images for text", as[*TextModel](images), []error{ErrKind, ErrFormat}, `metadata "config": the model is of kind "pixelcnn" (of images), want "text" (of text)`},
		{"text for images", as[*ImageModel](text), []error{ErrKind, ErrFormat}, `the model is of kind "text" (of text), want "pixelcnn" (of images)`},
		{"text for what has a size", as[sized](text), []error{ErrKind, ErrFormat}, `the model is of kind "text" (of text), want "pixelcnn" (of images)`},
		{"another kind", as[Model](future), []error{ErrKind, ErrFormat}, `the model is of kind "choir", want "text" (of text) or "pixelcnn" (of images)`},
		{"another kind for text", as[*TextModel](future), []error{ErrKind, ErrFormat}, `the model is of kind "choir", want "text" (of text)`},
		{"no such interface", as[speaking](text), nil, `no kind of model is of type autoreg.speaking`},
		{"a type of one's own", as[wrapped](text), nil, `no kind of model is of type autoreg.wrapped`},
		{"no kind", as[Model](edit(model.KeyConfig, `{"symbols":4}`)), []error{ErrFormat}, `metadata "config": no member "kind`},
		{"no kind for images", as[*ImageModel](edit(model.KeyConfig, `{}`)), []error{ErrFormat}, `metadata "config": no member "kind, channels`},
		{"two kinds", as[Model](edit(model.KeyConfig, `{"kind":"text","kind":"pixelcnn"}`)), []error{ErrKind, ErrFormat}, `metadata "config": `},
		{"a kind in other letters", as[Model](edit(model.KeyConfig, `{"KIND":"text"}`)), []error{ErrFormat}, `unknown member "KIND"`},
		{"no JSON", as[Model](edit(model.KeyConfig, `kind`)), []error{ErrFormat}, `metadata "config": not valid JSON`},
		{"another format", as[*ImageModel](edit(model.KeyFormat, "onnx")), []error{ErrFormat}, `metadata "format" is "onnx"`},
		{"another version of another kind", as[*ImageModel](edit(model.KeyVersion, "2")), []error{ErrFormat}, `metadata "format_version" is "2"`},
	} {
		m, err := c.load()
		if err == nil || m != nil || !strings.HasPrefix(err.Error(), "autoreg: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want %q", c.name, m, err, c.want)
			continue
		}
		for _, sentinel := range []error{ErrKind, ErrFormat} {
			if errors.Is(err, sentinel) != slices.Contains(c.is, sentinel) {
				t.Errorf("%s: %v wraps %v: %v", c.name, err, sentinel, errors.Is(err, sentinel))
			}
		}
	}
	if m, err := Load[sized](bytes.NewReader(images), nil); err != nil {
		t.Error(err)
	} else if h, w := m.Size(); h != 6 || w != 5 {
		t.Errorf("Size = %d, %d", h, w)
	}
}

// as loads a file as an M; a nil M is a nil Model.
func as[M Model](file []byte) func() (Model, error) {
	return func() (Model, error) {
		m, err := Load[M](bytes.NewReader(file), nil)
		if err != nil && (any)(m) == (any)(*new(M)) {
			return nil, err
		}
		return m, err
	}
}

// What is of another kind is refused before anything is built of it.
func TestLoadKindFirst(t *testing.T) {
	f := smallPixels(1).pixel.File()
	f.Tensors = []weights.Tensor{{Name: "nothing", Shape: []int{1}, Data: []float32{1}}}
	if _, err := as[*TextModel](encodeFile(t, f))(); !errors.Is(err, ErrKind) {
		t.Errorf("error %v, want ErrKind", err)
	}
}
