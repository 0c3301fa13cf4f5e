package hdf5

import (
	"bytes"
	"errors"
	"io"
	"math"
)

const (
	undefined = math.MaxUint64 // an address that points nowhere
	slack     = 640 << 10      // memory granted to any file; buffers of fixed size have the rest of 1 MB

	workFactor  = 16   // data may be as many times what a file warrants in memory, if not all are kept
	errorMemory = 1280 // for the error about an object, with what wraps it
)

// A File is an open HDF5 file. It and what is opened of it belong to one goroutine at a
// time.
type File struct {
	r    io.ReaderAt
	size uint64 // of the whole file
	base uint64 // addresses count from here

	offsetSize, lengthSize int // bytes of an address and of a length

	root    *Group
	objects map[uint64]*object     // by address, once read
	heaps   map[uint64]*collection // global heap collections, likewise
	left    uint64                 // bytes that may still be allocated for this file
	work    uint64                 // bytes of data that may still be read, unpacked or moved for it
	spent   error                  // that of the first allocation or work too many
	read    map[string]bool        // paths of the data sets whose data left accounts for
	walked  bool                   // so are the paths of a walk
	buffers [2][]byte              // for chunks and their filters

	inflater io.Reader // a zlib.Resetter, once there is one
	one      [1]byte   // for a read at its end
}

// Open reads the superblock and the root group of the file of size bytes that r holds.
// Later calls read r too. An error about the content wraps [ErrFormat] or
// [ErrUnsupported], one of r is returned wrapped.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f := &File{
		r: r, size: uint64(max(size, 0)), offsetSize: 8, lengthSize: 8,
		objects: map[uint64]*object{}, heaps: map[uint64]*collection{}, read: map[string]bool{},
	}
	f.left = 4*min(f.size, math.MaxInt64/4) + slack
	f.work = workFactor * min(f.left, math.MaxInt64/workFactor)
	root, err := f.superblock()
	if err != nil {
		return nil, err
	}
	if f.root, err = f.group(root, ""); err != nil {
		return nil, err
	}
	return f, nil
}

// Root returns the root group.
func (f *File) Root() *Group { return f.root }

// superblock returns the address of the root group's object header. The superblock lies
// at byte 0, or after a user block at a power of two from 512.
func (f *File) superblock() (root uint64, err error) {
	var c *cursor
	for f.base = 0; ; f.base = max(512, 2*f.base) {
		if f.base >= f.size {
			return 0, formatErr("this is not an HDF5 file: there is no signature of one")
		}
		if c, err = f.block(0, min(96, f.size-f.base), "superblock"); err != nil {
			return 0, err
		}
		if bytes.HasPrefix(c.b, []byte("\x89HDF\r\n\x1a\n")) {
			break
		}
	}
	whole := c.b
	c.take(8)
	version := c.uint(1)
	switch version {
	case 0, 1:
		c.take(4)
	case 2, 3:
	default:
		return 0, unsupported("superblock: version %d, want 0 to 3", version)
	}
	f.offsetSize, f.lengthSize = int(c.uint(1)), int(c.uint(1))
	for _, n := range []int{f.offsetSize, f.lengthSize} {
		if n != 2 && n != 4 && n != 8 {
			return 0, formatErr("superblock: addresses of %d bytes and lengths of %d, want 2, 4 or 8", f.offsetSize, f.lengthSize)
		}
	}
	c.f = f
	var base, end uint64
	if version < 2 {
		c.take(1 + 2 + 2 + 4)
		if version == 1 {
			c.take(4)
		}
		base = c.offset()
		c.offset() // free space
		end = c.offset()
		c.offset() // driver information
		c.offset() // name of the root group
		root = c.offset()
	} else {
		c.take(1)
		base = c.offset()
		c.offset() // extension
		end, root = c.offset(), c.offset()
		if c.take(4); !c.short {
			if err := verify(whole[:len(whole)-len(c.b)], "superblock", 0); err != nil {
				return 0, err
			}
		}
	}
	switch {
	case c.short:
		return 0, formatErr("superblock: the file ends early, at byte %d", f.size)
	case base != f.base:
		return 0, unsupported("superblock at byte %d: base address %d, want the same", f.base, base)
	}
	if end != undefined && end > f.size { // a user block counts
		return 0, formatErr("the file ends early, at byte %d of %d: fetch or copy it again", f.size, end)
	}
	return root, nil
}

// charge counts n elements of size bytes that are about to be allocated.
func (f *File) charge(n, size uint64) error {
	if n > f.left/size || n*size > math.MaxInt {
		if f.spent == nil { // one error for all that follow, which costs no more memory
			f.spent = formatErr("%d more bytes of memory than the %d bytes of the file warrant: it is damaged, or its data are compressed too well (save them without compression)",
				min(n, math.MaxInt64/size)*size, f.size)
		}
		return f.spent
	}
	f.left -= n * size
	return nil
}

// effort counts n bytes of data that are about to be read, or to go through a filter.
// Many small arrays may share large chunks.
func (f *File) effort(n uint64) error {
	if n > f.work {
		return formatErr("its data are more work than the %d bytes of the file warrant: it is damaged, or arrays of few values have large chunks", f.size)
	}
	f.work -= n
	return nil
}

// blame accounts for the error about an object. Beyond what the file warrants it gives
// one error for all objects.
func (f *File) blame(err error) error {
	if e := f.charge(errorMemory, 1); e != nil {
		return e
	}
	return err
}

// check refuses n bytes at addr that are not all in the file.
func (f *File) check(addr, n uint64, what string) error {
	if have := f.size - f.base; addr > have || n > have-addr {
		return formatErr("%s: %d bytes at byte %d are beyond the end of the file, byte %d", what, n, addr, have)
	}
	return nil
}

// fill reads len(b) bytes at addr, which check has seen.
func (f *File) fill(b []byte, addr uint64, what string) error {
	n, err := f.r.ReadAt(b, int64(f.base+addr))
	switch {
	case n == len(b):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return formatErr("%s: the file ends early, at byte %d", what, addr+uint64(n))
	}
	return readErr(what, addr, err)
}

// block reads n bytes at addr.
func (f *File) block(addr, n uint64, what string) (*cursor, error) {
	if err := f.check(addr, n, what); err != nil {
		return nil, err
	}
	if err := f.charge(n, 1); err != nil {
		return nil, err
	}
	b := make([]byte, n)
	if err := f.fill(b, addr, what); err != nil {
		return nil, err
	}
	return &cursor{b: b, f: f}, nil
}

// signed reads n bytes at addr that begin with signature; if they end with a checksum,
// it is compared. The cursor is between the two.
func (f *File) signed(addr, n uint64, signature string, checksum bool, what string) (*cursor, error) {
	c, err := f.block(addr, n, what)
	if err != nil {
		return nil, err
	}
	whole := c.b
	if got := c.take(uint64(len(signature))); string(got) != signature {
		return nil, formatErr("%s at byte %d: signature %q, want %q", what, addr, got, signature)
	}
	if checksum {
		if len(c.b) < 4 {
			return nil, formatErr("%s at byte %d: %d bytes are too few", what, addr, n)
		}
		if err := verify(whole, what, addr); err != nil {
			return nil, err
		}
		c.b = c.b[:len(c.b)-4]
	}
	return c, nil
}

// A visited is the set of addresses at which the nodes of one structure lie.
type visited map[uint64]struct{}

// visit adds addr, and refuses one that is there.
func (v visited) visit(f *File, addr uint64, what string) error {
	if _, again := v[addr]; again {
		return formatErr("%s at byte %d: it is part of itself, or a part twice", what, addr)
	}
	v[addr] = struct{}{}
	return f.charge(40, 1)
}
