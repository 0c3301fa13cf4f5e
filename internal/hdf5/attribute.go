package hdf5

import (
	"fmt"
	"io/fs"
	"strconv"
)

// Attributes are the attributes of a group or a data set.
type Attributes struct {
	list   []*attribute // in stored order
	byName map[string]*attribute
}

// An attribute is a named array.
type attribute struct {
	array
	name string
	data []byte
	read bool // its values are accounted for
}

// attributes reads the attributes of an object, once. Their strings of variable length
// are read when they are asked for.
func (f *File) attributes(o *object) (*Attributes, error) {
	if o.attributes != nil {
		return o.attributes, nil
	}
	a := &Attributes{}
	add := func(c *cursor, shared bool) error {
		if shared {
			return unsupported("a shared attribute")
		}
		if err := f.charge(520, 1); err != nil { // with its shape, its place in a map, and the name in messages
			return err
		}
		x, err := f.attribute(c)
		a.list = append(a.list, x)
		return err
	}
	for _, m := range o.messages {
		var err error
		switch c := (&cursor{b: m.body, f: f}); m.kind {
		case msgAttribute:
			err = add(c, m.shared)
		case msgAttributeInfo:
			err = f.attributeInfo(c, add)
		}
		if err != nil {
			return nil, err
		}
	}
	a.byName = make(map[string]*attribute, len(a.list))
	for _, x := range a.list {
		if a.byName[x.name] != nil {
			return nil, formatErr("two attributes are called %s", quote(x.name))
		}
		a.byName[x.name] = x
	}
	o.attributes = a
	return a, nil
}

// attributeInfo adds the attributes that are not messages of the object header.
func (f *File) attributeInfo(c *cursor, add func(c *cursor, shared bool) error) error {
	version, flags := c.uint(1), c.uint(1)
	if version != 0 {
		return unsupported("attribute info: version %d, want 0", version)
	}
	if flags&1 != 0 {
		c.take(2)
	}
	heap, index := c.offset(), c.offset()
	if err := c.end("attribute info"); err != nil || heap == undefined {
		return err
	}
	h, err := f.fractalHeap(heap)
	if err != nil {
		return err
	}
	return f.tree2(index, 8, func(rec *cursor) error {
		b, err := h.object(rec.take(h.idSize))
		if err != nil {
			return err
		}
		return add(&cursor{b: b, f: f}, rec.uint(1)&flagShared != 0)
	})
}

// attribute reads an attribute message.
func (f *File) attribute(c *cursor) (x *attribute, err error) {
	x = &attribute{}
	version, flags := c.uint(1), c.uint(1)
	sizes := [3]uint64{c.uint(2), c.uint(2), c.uint(2)} // name, datatype, dataspace
	padded := sizes
	switch version {
	case 1:
		flags = 0 // reserved
		for i, n := range sizes {
			padded[i] = (n + 7) &^ 7
		}
	case 2:
	case 3:
		c.take(1) // character set
	default:
		return x, unsupported("attribute: version %d, want 1 to 3", version)
	}
	x.name = (&cursor{b: c.take(padded[0])}).text(sizes[0])
	typ, space := &cursor{b: c.take(padded[1]), f: f}, &cursor{b: c.take(padded[2]), f: f}
	x.data = c.b
	if err := c.end("attribute"); err != nil {
		return x, err
	}
	if err := f.charge(uint64(3*len(x.name)), 1); err != nil {
		return x, err
	}
	x.array, err = f.array("attribute "+quote(x.name), space, flags&2 != 0, typ, flags&1 != 0)
	return x, err
}

// Names returns the names in stored order.
func (a *Attributes) Names() []string {
	names := make([]string, len(a.list))
	for i, x := range a.list {
		names[i] = x.name
	}
	return names
}

// Has reports whether there is an attribute of that name.
func (a *Attributes) Has(name string) bool { return a.byName[name] != nil }

// values returns the values of an attribute.
func values[T any](a *Attributes, name string, size uint64, converter func(x *attribute) (func([]T, []byte) error, error)) ([]T, error) {
	x := a.byName[name]
	if x == nil {
		return nil, fmt.Errorf("%w: there is no attribute %s", fs.ErrNotExist, quote(name))
	}
	n, err := x.elements(uint64(len(x.data)))
	if err != nil {
		return nil, err
	}
	if n == 0 { // whatever the type is: h5py writes an empty list of names as numbers
		return []T{}, nil
	}
	convert, err := converter(x)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", x.what, err)
	}
	if n > uint64(len(x.data)/x.typ.size) {
		return nil, formatErr("%s: %d bytes for %d values", x.what, len(x.data), n)
	}
	if x.read {
		defer func(left uint64) { x.f.left = left }(x.f.left)
	}
	if err := x.f.charge(n, size); err != nil {
		return nil, fmt.Errorf("%s: %w", x.what, err)
	}
	v := make([]T, n)
	if err := convert(v, x.data); err != nil {
		return nil, fmt.Errorf("%s: %w", x.what, err)
	}
	x.read = true
	return v, nil
}

// Strings returns the strings of an attribute, in row-major order; they belong to the
// caller. An attribute without elements gives none, whatever its type.
func (a *Attributes) Strings(name string) ([]string, error) {
	return values(a, name, 16, func(x *attribute) (func([]string, []byte) error, error) { return x.typ.strings(x.f) })
}

// String returns the string of an attribute that has one.
func (a *Attributes) String(name string) (string, error) {
	s, err := a.Strings(name)
	if err != nil {
		return "", err
	}
	if len(s) != 1 {
		return "", formatErr("attribute %s: %d strings, want 1", quote(name), len(s))
	}
	return s[0], nil
}

// Float64s returns the numbers of an attribute in row-major order, integers of 64 bits
// rounded to the nearest. The slice belongs to the caller.
func (a *Attributes) Float64s(name string) ([]float64, error) {
	return values(a, name, 8, func(x *attribute) (func([]float64, []byte) error, error) { return numbers[float64](&x.typ) })
}

// SplitStrings returns the strings of an attribute as Keras writes lists of names: in
// one attribute, or, where they exceed what an object header holds, in name0, name1 and
// so on (save_attributes_to_hdf5_group of Keras).
func (a *Attributes) SplitStrings(name string) ([]string, error) {
	if a.Has(name) || !a.Has(name+"0") {
		return a.Strings(name)
	}
	var all []string
	for i := 0; a.Has(name + strconv.Itoa(i)); i++ {
		part, err := a.Strings(name + strconv.Itoa(i))
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
	}
	return all, nil
}
