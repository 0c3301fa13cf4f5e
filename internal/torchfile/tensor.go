package torchfile

import (
	"cmp"
	"hash/crc32"
	"io"
	"math"
	"math/bits"
	"slices"

	"github.com/autoreg/autoreg/internal/dtype"
)

// Limits on a tensor, as those of package weights.
const (
	maxRank = 8
	maxDim  = math.MaxInt32
)

// A source is the file that tensors are read from, by way of a buffer.
type source struct {
	r    io.ReaderAt
	size int64
	buf  []byte
}

// chunk is how many bytes are read at a time, a multiple of every number's size.
const chunk = 64 << 10

// buffer returns the buffer.
func (s *source) buffer() []byte {
	if s.buf == nil {
		s.buf = make([]byte, min(chunk, (s.size+7)/8*8))
	}
	return s.buf
}

// A storage is a run of numbers in the file.
type storage struct {
	src     *source
	key     string
	typ     dtype.Type
	untyped bool   // its tensors say what they are of; typ is then U8
	numel   int64  // numbers of typ; their bytes are all in the file
	at      int64  // byte of the file, -1 until it is known
	big     bool   // big-endian
	crc     uint32 // of all bytes; 0 where torch.save was told to leave it out
	checked bool
}

// A view is a part of a storage, numbers [offset, offset+numel).
type view struct {
	of            *storage
	offset, numel int64
}

// A Tensor is an array in the file. It is for one goroutine at a time, as its File is.
type Tensor struct {
	Name  string     // keys joined by "."; empty for one among other values
	DType dtype.Type // as it is stored
	Shape []int      // outermost first; none for a scalar

	of     *storage
	offset int64
	stride []int64 // of each dimension, in numbers
	numel  int
}

// tensor returns the tensor of a storage, offset, size and stride, the first of args; typ is
// the dtype where the storage has none.
func (m *machine) tensor(args []any, typ *global) any {
	v, ok := args[0].(*view)
	if !ok {
		if o, ok := args[0].(*object); ok { // of a class that is not known
			return m.foreignTensor(o.class, o)
		}
		m.fail("a tensor of what is no storage")
		return nil
	}
	t := &Tensor{of: v.of, DType: v.of.typ}
	numbers := v.numel
	if typ != nil {
		if t.DType, ok = dtypes[typ.name]; !ok || typ.module != "torch" {
			return m.foreignTensor(typ.String(), args...)
		}
		if !v.of.untyped || v.offset != 0 {
			m.fail("a tensor with a dtype, of a storage that has one")
			return nil
		}
		numbers /= int64(t.DType.Size())
	} else if v.of.untyped {
		m.fail("a tensor without a dtype, of a storage without one")
		return nil
	}
	offset, ok := args[1].(int64)
	size, ok1 := args[2].(*sequence)
	stride, ok2 := args[3].(*sequence)
	if !ok || !ok1 || !ok2 || len(size.items) != len(stride.items) {
		m.fail("a tensor with other arguments than it has")
		return nil
	}
	if len(size.items) > maxRank {
		m.fail("a tensor of %d dimensions, more than %d", len(size.items), maxRank)
		return nil
	}
	if !m.take(160 + 16*int64(len(size.items))) {
		return nil
	}
	t.Shape, t.stride = make([]int, len(size.items)), make([]int64, len(size.items))
	for i := range t.Shape {
		d, ok1 := size.items[i].(int64)
		s, ok2 := stride.items[i].(int64)
		if !ok1 || !ok2 || d < 0 || d > maxDim || s < 0 {
			m.fail("a tensor whose size or stride is out of range")
			return nil
		}
		t.Shape[i], t.stride[i] = int(d), s
	}
	if offset < 0 || offset > numbers {
		m.fail("a tensor at number %d of storage %s, which has %d", offset, quote(v.of.key), numbers)
		return nil
	}
	t.offset = v.offset + offset
	m.place(t, numbers-offset)
	return t
}

// place checks that t, whose storage has room numbers from its offset on, is in it, that it
// does not overlap itself, and that a file of this size warrants it.
func (m *machine) place(t *Tensor, room int64) {
	n, zero := uint64(1), false
	for _, d := range t.Shape {
		if d == 0 {
			zero = true
			continue
		}
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 || lo > math.MaxInt64/8 {
			m.fail("a tensor of shape %v: its size overflows", t.Shape)
			return
		}
		n = lo
	}
	if zero {
		return
	}
	// One that is expanded, by strides of 0, has more numbers than its storage.
	if n > math.MaxInt/4 || m.mem.file < math.MaxInt64/8 && int64(n) > m.mem.file+memoryBase/8 {
		m.fail("a tensor of shape %v: more numbers than a file of %d bytes warrants", t.Shape, m.mem.file)
		return
	}
	t.numel = int(n)
	extent := uint64(1) // numbers from the first to the last of the inner dimensions
	for _, d := range t.dims() {
		if d.from == 0 {
			continue
		}
		if uint64(d.from) < extent {
			m.fail("a tensor of shape %v and strides %d overlaps itself: clone it before it is saved", t.Shape, t.stride)
			return
		}
		hi, lo := bits.Mul64(uint64(d.n-1), uint64(d.from))
		if extent += lo; hi != 0 || extent < lo {
			extent = math.MaxUint64
		}
		if extent > uint64(room) {
			break
		}
	}
	if extent > uint64(room) {
		m.fail("a tensor of shape %v, strides %d and offset %d ends beyond its storage, %s", t.Shape, t.stride, t.offset, quote(t.of.key))
	}
}

// A dim is a dimension of n numbers, from apart in the storage and to apart in the result.
type dim struct {
	n        int
	from, to int64
}

// dims returns the dimensions of t longer than 1, smallest steps in the storage first, joined
// where two are one.
func (t *Tensor) dims() []dim {
	var list [maxRank]dim
	dims, to := list[:0], int64(1)
	for i := len(t.Shape) - 1; i >= 0; i-- {
		if t.Shape[i] > 1 {
			dims = append(dims, dim{t.Shape[i], t.stride[i], to})
		}
		to *= int64(t.Shape[i])
	}
	slices.SortStableFunc(dims, func(a, b dim) int { return cmp.Compare(a.from, b.from) })
	joined := dims[:0]
	for _, d := range dims {
		if k := len(joined) - 1; k >= 0 {
			in := &joined[k]
			if hi, lo := bits.Mul64(uint64(in.from), uint64(in.n)); hi == 0 && lo == uint64(d.from) && in.to*int64(in.n) == d.to {
				in.n *= d.n
				continue
			}
		}
		joined = append(joined, d)
	}
	return slices.Clone(joined)
}

// Float32s reads t, row-major, each number rounded to the nearest float32, ties to even; one
// beyond float32's range becomes an infinity. The slice is the caller's. Errors say that the
// file is damaged (they wrap ErrFormat) or cannot be read.
func (t *Tensor) Float32s() ([]float32, error) {
	if err := t.of.check(); err != nil {
		return nil, err
	}
	dst := make([]float32, t.numel)
	if t.numel == 0 {
		return dst, nil
	}
	dims := t.dims()
	if len(dims) == 0 {
		dims = []dim{{1, 1, 1}}
	}
	last := t.offset
	for _, d := range dims {
		last += int64(d.n-1) * d.from
	}
	w := window{of: t.of, typ: t.DType, end: last + 1}
	in, outer := dims[0], dims[1:]
	var at [maxRank]int
	for from, to := t.offset, int64(0); ; {
		if err := w.read(dst[to:], from, in); err != nil {
			return nil, err
		}
		k := 0
		for ; k < len(outer); k++ { // the next index of the outer dimensions
			d := outer[k]
			if at[k]++; at[k] < d.n {
				from, to = from+d.from, to+d.to
				break
			}
			at[k], from, to = 0, from-int64(d.n-1)*d.from, to-int64(d.n-1)*d.to
		}
		if k == len(outer) {
			return dst, nil
		}
	}
}

// A window is a part of a storage in memory. It moves forwards, because a tensor does not
// overlap itself and its smallest steps are the innermost.
type window struct {
	of  *storage
	typ dtype.Type
	b   []byte
	at  int64 // number of the storage at which b begins
	end int64 // beyond the last number that is needed
}

// read reads d.n numbers of the storage from number from on, and puts them into dst.
func (w *window) read(dst []float32, from int64, d dim) error {
	size := int64(w.typ.Size())
	for i := int64(0); i < int64(d.n); {
		number := from + i*d.from
		if number < w.at || number >= w.at+int64(len(w.b))/size {
			if err := w.load(number); err != nil {
				return err
			}
		}
		b := w.b[(number-w.at)*size:]
		if d.from == 1 && d.to == 1 {
			n := min(int64(d.n)-i, int64(len(b))/size)
			dtype.Decode(dst[i:i+n], b[:n*size], w.typ)
			i += n
			continue
		}
		dtype.Decode(dst[i*d.to:i*d.to+1], b[:size], w.typ)
		i++
	}
	return nil
}

// load moves the window to a number.
func (w *window) load(number int64) error {
	size := w.typ.Size()
	w.at = number
	w.b = w.of.src.buffer()
	w.b = w.b[:min(int64(len(w.b)), (w.end-number)*int64(size))]
	if err := readAt(w.of.src.r, w.b, w.of.at+number*int64(size), "storage "+quote(w.of.key)); err != nil {
		w.b = nil
		return err
	}
	if w.of.big {
		for i := 0; i < len(w.b); i += size {
			slices.Reverse(w.b[i : i+size])
		}
	}
	return nil
}

// check compares the bytes of s with their checksum, once.
func (s *storage) check() error {
	if s.checked || s.crc == 0 {
		return nil
	}
	sum, b := uint32(0), s.src.buffer()
	for at, end := s.at, s.at+s.numel*int64(s.typ.Size()); at < end; at += int64(len(b)) {
		b = b[:min(int64(len(b)), end-at)]
		if err := readAt(s.src.r, b, at, "storage "+quote(s.key)); err != nil {
			return err
		}
		sum = crc32.Update(sum, crc32.IEEETable, b)
	}
	if sum != s.crc {
		return formatErr("storage %s: its bytes have checksum %08x, the archive says %08x: the file is damaged (fetch or copy it again)", quote(s.key), sum, s.crc)
	}
	s.checked = true
	return nil
}
