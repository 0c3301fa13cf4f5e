package hdf5

import "math"

// A Dataset is an array in a file. Its data are read when they are asked for.
type Dataset struct {
	array
	o    *object
	path string
}

// dataset returns the data set whose object header is at addr.
func (f *File) dataset(addr uint64, path string) (*Dataset, error) {
	o, err := f.object(addr)
	if err != nil {
		return nil, wrap("data set", path, err)
	}
	if kind := o.kind(); kind != "data set" {
		return nil, unsupported("%s is a %s, want a data set", pathText(path), kind)
	}
	d := &Dataset{o: o, path: path}
	space, typ := o.find(msgDataspace), o.find(msgDatatype)
	if space == nil || typ == nil {
		return nil, wrap("data set", path, formatErr("it has no dataspace or no datatype"))
	}
	d.array, err = f.array("data set "+pathText(path), &cursor{b: space.body, f: f}, space.shared, &cursor{b: typ.body, f: f}, typ.shared)
	if err != nil {
		return nil, wrap("data set", path, err)
	}
	// Keras writes bfloat16 as two bytes that h5py has no type for, and names it in an
	// attribute (H5Entry in keras/src/saving/saving_lib.py).
	if d.typ.opaque && d.typ.size == 2 {
		a, err := d.Attributes()
		if err != nil {
			return nil, err
		}
		if s, err := a.String("dtype"); err == nil && s == "bfloat16" {
			d.typ.kind, d.typ.name = kindBfloat16, s
		}
	}
	return d, nil
}

// Path returns the names from the root to d with slashes between.
func (d *Dataset) Path() string { return d.path }

// Attributes returns the attributes of d.
func (d *Dataset) Attributes() (*Attributes, error) {
	a, err := d.f.attributes(d.o)
	return a, wrap("data set", d.path, err)
}

// Float32s reads numbers in row-major order, each rounded to the nearest float32, ties to
// even. The slice belongs to the caller.
func (d *Dataset) Float32s() ([]float32, error) {
	convert, err := numbers[float32](&d.typ)
	return read(d, 4, convert, err)
}

// Float64s reads numbers in row-major order, integers of 64 bits rounded to the nearest
// float64, ties to even. The slice belongs to the caller.
func (d *Dataset) Float64s() ([]float64, error) {
	convert, err := numbers[float64](&d.typ)
	return read(d, 8, convert, err)
}

// Strings reads strings in row-major order, without what fills them up. The slice
// belongs to the caller.
func (d *Dataset) Strings() ([]string, error) {
	convert, err := d.typ.strings(d.f)
	return read(d, 16, convert, err)
}

// read reads the data of d, of size bytes a value in memory.
func read[T any](d *Dataset, size uint64, convert func([]T, []byte) error, err error) ([]T, error) {
	f := d.f
	if f.read[d.path] { // their memory is accounted for
		defer func(left, work uint64) { f.left, f.work = left, work }(f.left, f.work)
	}
	var values []T
	if err == nil {
		err = f.charge(uint64(len(d.path)+64), 1)
	}
	if err == nil {
		values, err = readStored(d, size, convert)
	}
	if err != nil {
		return nil, f.blame(wrap("data set", d.path, err))
	}
	f.read[d.path] = true
	return values, nil
}

// readStored reads the data as the layout message says that they are stored.
func readStored[T any](d *Dataset, size uint64, convert func([]T, []byte) error) ([]T, error) {
	f := d.f
	if d.o.find(msgExternal) != nil {
		return nil, unsupported("its data are in other files")
	}
	s, err := f.storage(d)
	if err != nil {
		return nil, err
	}
	n, err := d.elements(f.left / size)
	if err != nil {
		return nil, err
	}
	bytes := n * uint64(d.typ.size) // of at most MaxInt64/8 values, of at most MaxInt32 bytes each
	if n > 0 && bytes/n != uint64(d.typ.size) || bytes > math.MaxInt64 {
		return nil, formatErr("%d values of %d bytes", n, d.typ.size)
	}
	switch {
	case s.data != nil && uint64(len(s.data)) < bytes:
		return nil, formatErr("%d bytes of compact data, want %d", len(s.data), bytes)
	case s.class == 1 && s.addr != undefined && bytes > 0:
		if s.size < bytes {
			return nil, formatErr("%d bytes of contiguous data, want %d", s.size, bytes)
		}
		if err := f.check(s.addr, bytes, "contiguous data"); err != nil {
			return nil, err
		}
	case s.class == 2:
		if err := s.grid.check(d); err != nil {
			return nil, err
		}
	}
	if err := f.charge(n, size); err != nil {
		return nil, err
	}
	values := make([]T, n)
	put := func(at uint64, b []byte) error {
		k := uint64(len(b) / d.typ.size)
		return convert(values[at:at+k], b)
	}
	switch {
	case n == 0:
	case s.data != nil:
		err = put(0, s.data[:bytes])
	case s.addr == undefined || s.class == 2:
		if err := fillValue(d, values, convert); err != nil {
			return nil, err
		}
		if s.addr != undefined {
			err = f.chunks(d, s, put)
		}
	default:
		err = f.contiguous(d, s.addr, bytes, put)
	}
	return values, err
}

// contiguous reads n bytes at addr in pieces.
func (f *File) contiguous(d *Dataset, addr, n uint64, put func(at uint64, b []byte) error) error {
	element := uint64(d.typ.size)
	if err := f.effort(n); err != nil {
		return err
	}
	b, err := f.buffer(0, min(n, max(64<<10/element, 1)*element))
	if err != nil {
		return err
	}
	for done := uint64(0); done < n; done += uint64(len(b)) {
		b = b[:min(uint64(len(b)), n-done)]
		if err := f.fill(b, addr+done, "contiguous data"); err != nil {
			return err
		}
		if err := put(done/element, b); err != nil {
			return err
		}
	}
	return nil
}

// buffer returns n bytes of buffer i, which grows at least to twice its size.
func (f *File) buffer(i int, n uint64) ([]byte, error) {
	if have := uint64(len(f.buffers[i])); n > have {
		want := max(n, min(2*have, f.left))
		if err := f.charge(want, 1); err != nil {
			return nil, err
		}
		f.buffers[i] = make([]byte, want)
	}
	return f.buffers[i][:n], nil
}

// fillValue sets all values to what stands for data that were never written: zeros
// unless a fill value message says otherwise.
func fillValue[T any](d *Dataset, values []T, convert func([]T, []byte) error) error {
	element := uint64(d.typ.size * d.typ.parts())
	if err := d.f.charge(element, 1); err != nil {
		return err
	}
	b := make([]byte, element)
	if m := d.o.find(msgFill); m != nil && !m.shared {
		c := &cursor{b: m.body, f: d.f}
		version, flags := c.uint(1), c.uint(1)
		defined := flags&0x20 != 0
		if version < 3 {
			c.take(1)
			defined = c.uint(1) != 0
		}
		if defined {
			if n := c.uint(4); n != 0 {
				value := c.take(n)
				if n != uint64(len(b)) || c.short {
					return formatErr("fill value: %d bytes, want %d", n, len(b))
				}
				b = value
			}
		}
	}
	parts := d.typ.parts()
	if err := convert(values[:parts], b); err != nil {
		return err
	}
	for i := parts; i < len(values); i++ {
		values[i] = values[i-parts]
	}
	return nil
}
