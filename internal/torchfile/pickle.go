package torchfile

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"unsafe"
)

// What a pickle builds, besides nil, bool, int64, float64, string and []byte. Lists and dicts
// may contain themselves.
type (
	// A sequence is a list, a tuple or a set.
	sequence struct{ items []any }

	// A dict is a dict or an OrderedDict, a key set twice included.
	dict struct{ pairs []pair }
	pair struct{ key, value any }

	// A global is the name of a class or a function.
	global struct{ module, name string }

	// An object is what a call of a global outside the allow-list would have returned.
	object struct {
		class  string
		fields dict  // its attributes and items, as far as the file names them
		parts  []any // what else it was made of
		tensor bool  // it is a storage or a tensor of numbers that are not read
	}
)

func (g *global) String() string { return g.module + "." + g.name }

// get returns the last value of key, and whether there is one.
func (d *dict) get(key string) (any, bool) {
	for i := len(d.pairs) - 1; i >= 0; i-- {
		if k, ok := d.pairs[i].key.(string); ok && k == key {
			return d.pairs[i].value, true
		}
	}
	return nil, false
}

// maxMemoGap is how far memo indices may be ahead of those before; Python 2 begins at 1.
const maxMemoGap = 16

// A machine is the stack machine of pickles, protocols 2 to 5. It is the input that it reads.
type machine struct {
	*input
	stack  []any
	marks  []int // lengths of the stack
	memo   []any
	stored func(id any) any // what a persistent id stands for; it may fail
}

// unset is a memo index without a value.
type unset struct{}

// add appends v to s and takes the memory that it needs of the budget.
func add[T any](m *machine, s []T, v T) []T {
	if len(s) == cap(s) {
		n := max(4, 2*len(s))
		if !m.take(int64(n) * int64(unsafe.Sizeof(v))) {
			return s
		}
		s = slices.Grow(s, n-len(s))
	}
	return append(s, v)
}

// push puts v on the stack. 16 bytes are for a number's own memory.
func (m *machine) push(v any) {
	if m.take(16) {
		m.stack = add(m, m.stack, v)
	}
}

// floor returns the length of the stack at the last mark.
func (m *machine) floor() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

// pop takes the top of the stack, above the last mark.
func (m *machine) pop() any {
	if len(m.stack) <= m.floor() {
		m.fail("nothing on the stack")
		return nil
	}
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v
}

// top returns the top of the stack.
func (m *machine) top() any {
	v := m.pop()
	if m.err == nil {
		m.stack = m.stack[:len(m.stack)+1]
	}
	return v
}

// popMark takes what is above the last mark, and the mark. The slice is good until the next
// push.
func (m *machine) popMark() []any {
	if len(m.marks) == 0 {
		m.fail("no mark on the stack")
		return nil
	}
	at := m.floor()
	m.marks = m.marks[:len(m.marks)-1]
	items := m.stack[at:]
	m.stack = m.stack[:at]
	return items
}

// popN takes the n topmost values, lowest first. The slice is good until the next push.
func (m *machine) popN(n int) []any {
	if len(m.stack)-n < m.floor() {
		m.fail("nothing on the stack")
		return nil
	}
	items := m.stack[len(m.stack)-n:]
	m.stack = m.stack[:len(m.stack)-n]
	return items
}

// sequence returns a sequence of a copy of items.
func (m *machine) sequence(items []any) any {
	if !m.take(int64(len(items))*16 + 32) {
		return nil
	}
	return &sequence{slices.Clone(items)}
}

// object returns an object of a class with the given parts.
func (m *machine) object(class string, parts ...any) any {
	if !m.take(96 + 16*int64(len(parts)) + int64(len(class))) {
		return nil
	}
	return &object{class: class, parts: slices.Clone(parts)}
}

// foreignTensor returns an object for a storage or a tensor of numbers that are not read.
func (m *machine) foreignTensor(class string, parts ...any) any {
	v := m.object(class, parts...)
	if o, ok := v.(*object); ok {
		o.tensor = true
	}
	return v
}

// put sets memo index i to the top of the stack.
func (m *machine) put(i uint64) {
	v := m.top()
	if i < uint64(len(m.memo)) {
		m.memo[i] = v
		return
	}
	if i > uint64(len(m.memo)+maxMemoGap) {
		m.fail("memo index %d after %d", i, len(m.memo))
	}
	for m.err == nil && uint64(len(m.memo)) <= i {
		m.memo = add[any](m, m.memo, unset{})
	}
	if m.err == nil {
		m.memo[i] = v
	}
}

// get pushes what memo index i was set to.
func (m *machine) get(i uint64) {
	if i >= uint64(len(m.memo)) || m.memo[i] == (unset{}) {
		m.fail("memo index %d is not set", i)
		return
	}
	m.push(m.memo[i])
}

// long pushes an integer of n bytes, two's complement.
func (m *machine) long(n uint64) {
	const most = 1 << 10
	if n > most {
		m.fail("an integer of %d bytes, more than %d", n, most)
	}
	b := m.bytes(n)
	if m.err != nil {
		return
	}
	if len(b) > 8 { // such as torch.save's magic number: as a text, for it is no size or key
		text := make([]byte, 0, 2+2*len(b))
		text = append(text, "0x"...)
		for i := len(b) - 1; i >= 0; i-- {
			text = append(text, "0123456789abcdef"[b[i]>>4], "0123456789abcdef"[b[i]&15])
		}
		if m.take(4*int64(len(b)) + 4) {
			m.push(string(text))
		}
		return
	}
	var full [8]byte
	copy(full[:], b)
	if len(b) > 0 && b[len(b)-1]&0x80 != 0 {
		for i := len(b); i < 8; i++ {
			full[i] = 0xff
		}
	}
	m.push(int64(binary.LittleEndian.Uint64(full[:])))
}

// run reads one pickle, up to and with its STOP, and returns its value.
func (m *machine) run() (any, error) {
	m.stack, m.marks, m.memo = m.stack[:0], m.marks[:0], m.memo[:0]
	if op := m.byte(); op != 0x80 { // PROTO
		m.fail("it is no pickle of protocol 2 or later")
	}
	if v := m.byte(); v < 2 || v > 5 {
		m.fail("a pickle of protocol %d, want 2 to 5", v)
	}
	for m.err == nil {
		op := m.byte()
		if m.err != nil {
			break
		}
		if op == '.' { // STOP
			v := m.pop()
			if len(m.stack) > 0 || len(m.marks) > 0 {
				m.fail("values are left on the stack")
			}
			return v, m.err
		}
		m.step(op)
	}
	return nil, m.err
}

// step performs one instruction.
func (m *machine) step(op byte) {
	switch op {
	case 0x95: // FRAME
		if n := m.uint(8); m.err == nil && n > uint64(m.end-m.at) {
			m.fail("a frame of %d bytes, but %d are left", n, m.end-m.at)
		}
	case '(': // MARK
		m.marks = add(m, m.marks, len(m.stack))
	case '0': // POP
		if len(m.stack) == m.floor() {
			m.popMark()
		} else {
			m.pop()
		}
	case '1': // POP_MARK
		m.popMark()
	case '2': // DUP
		m.push(m.top())

	case 'N': // NONE
		m.push(nil)
	case 0x88: // NEWTRUE
		m.push(true)
	case 0x89: // NEWFALSE
		m.push(false)
	case 'J': // BININT
		m.push(int64(int32(m.uint(4))))
	case 'K': // BININT1
		m.push(int64(m.uint(1)))
	case 'M': // BININT2
		m.push(int64(m.uint(2)))
	case 'I': // INT, which Python 2 writes beyond 32 bits
		v, err := strconv.ParseInt(m.line(), 10, 64)
		if err != nil {
			m.fail("an integer that is none")
		}
		m.push(v)
	case 0x8a: // LONG1
		m.long(m.uint(1))
	case 0x8b: // LONG4
		m.long(m.uint(4))
	case 'G': // BINFLOAT, big-endian
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], m.uint(8))
		m.push(math.Float64frombits(binary.BigEndian.Uint64(b[:])))
	case 'U', 0x8c: // SHORT_BINSTRING, SHORT_BINUNICODE
		m.push(m.string(m.uint(1)))
	case 'T', 'X': // BINSTRING, BINUNICODE
		m.push(m.string(m.uint(4)))
	case 0x8d: // BINUNICODE8
		m.push(m.string(m.uint(8)))
	case 'C': // SHORT_BINBYTES
		m.push(m.bytes(m.uint(1)))
	case 'B': // BINBYTES
		m.push(m.bytes(m.uint(4)))
	case 0x8e, 0x96: // BINBYTES8, BYTEARRAY8
		m.push(m.bytes(m.uint(8)))

	case ']', 0x8f: // EMPTY_LIST, EMPTY_SET
		m.push(m.sequence(nil))
	case 'a': // APPEND
		v := m.popN(1)
		m.extend(v)
	case 'e', 0x90: // APPENDS, ADDITEMS
		m.extend(m.popMark())
	case ')': // EMPTY_TUPLE
		m.push(m.sequence(nil))
	case 0x85, 0x86, 0x87: // TUPLE1, TUPLE2, TUPLE3
		m.push(m.sequence(m.popN(int(op - 0x84))))
	case 't', 'l', 0x91: // TUPLE, LIST, FROZENSET
		m.push(m.sequence(m.popMark()))
	case '}': // EMPTY_DICT
		if m.take(24) {
			m.push(new(dict))
		}
	case 'd': // DICT
		items := m.popMark()
		d := new(dict)
		if m.take(24) {
			m.setItems(d, items)
		}
		m.push(d)
	case 's': // SETITEM
		items := m.popN(2)
		m.setItems(m.top(), items)
	case 'u': // SETITEMS
		items := m.popMark()
		m.setItems(m.top(), items)

	case 'q': // BINPUT
		m.put(m.uint(1))
	case 'r': // LONG_BINPUT
		m.put(m.uint(4))
	case 0x94: // MEMOIZE
		m.put(uint64(len(m.memo)))
	case 'h': // BINGET
		m.get(m.uint(1))
	case 'j': // LONG_BINGET
		m.get(m.uint(4))

	case 'c': // GLOBAL
		module := m.line()
		m.global(module, m.line())
	case 0x93: // STACK_GLOBAL
		items := m.popN(2)
		if m.err != nil {
			return
		}
		module, ok1 := items[0].(string)
		name, ok2 := items[1].(string)
		if !ok1 || !ok2 {
			m.fail("a global whose name is no string")
		}
		m.global(module, name)
	case 'R': // REDUCE
		args := m.popN(2)
		if m.err == nil {
			m.push(m.reduce(args[0], args[1]))
		}
	case 0x81: // NEWOBJ
		args := m.popN(2)
		if m.err == nil {
			m.push(m.newObject(args[0], args[1]))
		}
	case 0x92: // NEWOBJ_EX
		args := m.popN(3)
		if m.err == nil {
			m.push(m.newObject(args[0], args[1], args[2]))
		}
	case 'b': // BUILD
		state := m.pop()
		m.build(m.top(), state)
	case 'Q': // BINPERSID
		if id := m.pop(); m.err == nil {
			m.push(m.stored(id))
		}
	default:
		m.at--
		m.fail("opcode %#02x, which no state dict needs", op)
	}
}

// extend appends items to the list, set or object on top of the stack.
func (m *machine) extend(items []any) {
	var to *[]any
	switch v := m.top().(type) {
	case *sequence:
		to = &v.items
	case *object:
		to = &v.parts
	default:
		m.fail("items appended to what is no list")
		return
	}
	for _, v := range items {
		*to = add(m, *to, v)
	}
}

// setItems sets keys and values, which alternate in items, of a dict or object.
func (m *machine) setItems(in any, items []any) {
	if len(items)%2 != 0 {
		m.fail("a key without a value")
		return
	}
	var to *[]pair
	switch v := in.(type) {
	case *dict:
		to = &v.pairs
	case *object:
		to = &v.fields.pairs
	default:
		m.fail("items set in what is no dict")
		return
	}
	for i := 0; i < len(items); i += 2 {
		*to = add(m, *to, pair{items[i], items[i+1]})
	}
}
