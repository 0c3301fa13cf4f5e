package hdf5

import "math"

// Limits on a shape, the same on every architecture.
const (
	maxRank = 8
	maxDim  = math.MaxInt32
)

// shape returns dims as a shape.
func shape(dims []uint64) ([]int, error) {
	if len(dims) > maxRank {
		return nil, unsupported("a shape of more than %d dimensions", maxRank)
	}
	s := make([]int, len(dims))
	for i, d := range dims {
		if d > maxDim {
			return nil, unsupported("a dimension of %d, at most %d", d, maxDim)
		}
		s[i] = int(d)
	}
	return s, nil
}

// dataspace reads a dataspace message: the shape, none for a scalar. A null dataspace
// has no elements.
func dataspace(c *cursor) (s []int, null bool, err error) {
	version, rank, flags := c.uint(1), c.uint(1), c.uint(1)
	switch version {
	case 1:
		c.take(5)
	case 2:
		null = c.uint(1) == 2
	default:
		return nil, false, unsupported("dataspace: version %d, want 1 or 2", version)
	}
	dims := make([]uint64, min(rank, maxRank+1))
	for i := range dims {
		dims[i] = c.length()
	}
	if flags&1 != 0 {
		c.take(rank * uint64(c.f.lengthSize)) // maximal dimensions
	}
	if err := c.end("dataspace"); err != nil {
		return nil, false, err
	}
	s, err = shape(dims)
	return s, null, err
}

// An array is the type and the shape of the values of a data set or an attribute.
type array struct {
	f     *File
	typ   datatype
	space []int  // of elements
	null  bool   // there are no elements
	what  string // for messages
}

// Type returns the name of the type of the values, float32 for example, whatever their
// byte order is; of values that this package does not read, what they are.
func (a *array) Type() string { return a.typ.name }

// Shape returns the shape, none for a scalar. If elements are arrays, their dimensions
// are the last ones. The slice belongs to the caller.
func (a *array) Shape() []int { return append(append([]int{}, a.space...), a.typ.dims...) }

// elements returns the number of values, if they are at most most.
func (a *array) elements(most uint64) (uint64, error) {
	n := uint64(1)
	if a.null {
		return 0, nil
	}
	for _, d := range a.Shape() {
		if d == 0 {
			return 0, nil
		}
	}
	for _, d := range a.Shape() {
		if n > most/uint64(d) {
			return 0, formatErr("%s: shape %v has more values than a file of %d bytes can warrant", a.what, a.Shape(), a.f.size)
		}
		n *= uint64(d)
	}
	return n, nil
}

// array reads what dataspace and datatype messages say. A shared datatype is a committed
// one, which is not read.
func (f *File) array(what string, space *cursor, spaceShared bool, typ *cursor, typShared bool) (a array, err error) {
	a = array{f: f, what: what}
	if spaceShared {
		return a, unsupported("%s: a shared dataspace", what)
	}
	if a.space, a.null, err = dataspace(space); err != nil {
		return a, err
	}
	if typShared {
		a.typ.name = "committed datatype"
		return a, nil
	}
	a.typ, err = f.datatype(typ, 0)
	return a, err
}
