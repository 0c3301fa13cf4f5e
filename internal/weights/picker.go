package weights

import (
	"slices"
	"strings"
)

// A Picker hands out the tensors of a File one by one and knows which are left,
// so that a model builder notices both what is missing and what it did not
// expect. It is for one goroutine at a time; a File may have several.
type Picker struct {
	f     *File
	index map[string]int
	taken []bool
}

// Pick returns a Picker from which nothing has been taken. f must not be
// modified while the Picker is in use.
func (f *File) Pick() *Picker {
	p := &Picker{f, make(map[string]int, len(f.Tensors)), make([]bool, len(f.Tensors))}
	for i, t := range f.Tensors {
		p.index[t.Name] = i
	}
	return p
}

// Take returns the data of the tensor called name, row-major, and counts it as
// taken. The slice is the File's own, not a copy. A missing tensor, a shape
// other than the given one, and a second Take of the same name are errors that
// wrap ErrFormat and say what was found.
func (p *Picker) Take(name string, shape ...int) ([]float32, error) {
	i, ok := p.index[name]
	if !ok {
		return nil, formatErr("tensor %s is missing; want shape %v", quote(name), shape)
	}
	t := &p.f.Tensors[i]
	if !slices.Equal(t.Shape, shape) {
		return nil, formatErr("tensor %s has shape %v, want %v", quote(name), t.Shape, shape)
	}
	if p.taken[i] {
		return nil, formatErr("tensor %s is wanted twice", quote(name))
	}
	p.taken[i] = true
	return t.Data, nil
}

// Rest returns the names of the tensors that have not been taken, in file order.
func (p *Picker) Rest() []string {
	var names []string
	for i, t := range p.f.Tensors {
		if !p.taken[i] {
			names = append(names, t.Name)
		}
	}
	return names
}

// Finish returns nil if every tensor has been taken, else an error that wraps
// ErrFormat and names what is left.
func (p *Picker) Finish() error {
	const most = 4 // names in the message
	rest := p.Rest()
	if len(rest) == 0 {
		return nil
	}
	var b strings.Builder
	for i, name := range rest[:min(len(rest), most)] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quote(name))
	}
	if len(rest) > most {
		b.WriteString(", …")
	}
	return formatErr("the model does not use %d of the tensors: %s", len(rest), b.String())
}
