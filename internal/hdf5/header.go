package hdf5

// Kinds of messages of an object header.
const (
	msgDataspace     = 0x01
	msgLinkInfo      = 0x02
	msgDatatype      = 0x03
	msgFill          = 0x05
	msgLink          = 0x06
	msgExternal      = 0x07
	msgLayout        = 0x08
	msgFilters       = 0x0b
	msgAttribute     = 0x0c
	msgContinuation  = 0x10
	msgSymbolTable   = 0x11
	msgAttributeInfo = 0x15
	msgLast          = 0x18
)

const (
	flagShared   = 1 << 1 // the message says where it lies instead of what it says
	flagRequired = 1 << 7 // a program that does not know the message must not open the object
)

// A message is a message of an object header.
type message struct {
	kind   uint16
	shared bool
	body   []byte
}

// An object is an object header: the messages that this package reads, and what has been
// read by way of them.
type object struct {
	addr       uint64
	messages   []message
	links      *links      // of a group, once read
	attributes *Attributes // once read
	err        error       // why the header cannot be read
}

// find returns the first message of a kind, or nil.
func (o *object) find(kind uint16) *message {
	for i := range o.messages {
		if o.messages[i].kind == kind {
			return &o.messages[i]
		}
	}
	return nil
}

// kind says what o is.
func (o *object) kind() string {
	switch {
	case o.find(msgSymbolTable) != nil || o.find(msgLinkInfo) != nil || o.find(msgLink) != nil:
		return "group"
	case o.find(msgLayout) != nil:
		return "data set"
	case o.find(msgDatatype) != nil:
		return "committed datatype"
	}
	return "structure of unknown kind"
}

// object reads the object header at addr, once.
func (f *File) object(addr uint64) (*object, error) {
	o := f.objects[addr]
	if o == nil {
		if err := f.charge(200, 1); err != nil {
			return nil, err
		}
		o = &object{addr: addr}
		h := header{f: f, o: o, seen: visited{}}
		o.err = h.read()
		f.objects[addr] = o
	}
	return o, o.err
}

// A header is an object header that is being read.
type header struct {
	f      *File
	o      *object
	v2     bool
	flags  byte
	blocks []*cursor // yet to be scanned
	seen   visited   // continuations
}

// read reads the header with its continuations.
func (h *header) read() error {
	const what = "object header"
	f, addr := h.f, h.o.addr
	c, err := f.block(addr, 12, what)
	if err != nil {
		return err
	}
	switch {
	case string(c.b[:4]) == "OHDR" && c.b[4] == 2:
		h.v2, h.flags = true, c.b[5]
		prefix, field := uint64(6), uint64(1)<<(h.flags&3)
		if h.flags&0x20 != 0 {
			prefix += 16
		}
		if h.flags&0x10 != 0 {
			prefix += 4
		}
		c, err := f.block(addr+prefix, field, what)
		if err != nil {
			return err
		}
		n := c.uint(int(field))
		if err := f.check(addr, n, what); err != nil {
			return err
		}
		if c, err = f.signed(addr, prefix+field+n+4, "OHDR", true, what); err != nil {
			return err
		}
		c.take(prefix + field - 4)
		h.blocks = append(h.blocks, c)
	case c.b[0] == 1:
		c.take(8)
		c, err := f.block(addr+16, c.uint(4), what)
		if err != nil {
			return err
		}
		h.blocks = append(h.blocks, c)
	default:
		return formatErr("object header at byte %d: neither version 1 nor 2", addr)
	}
	for len(h.blocks) > 0 { // a continuation adds one
		c := h.blocks[0]
		h.blocks = h.blocks[1:]
		if err := h.scan(c); err != nil {
			return err
		}
	}
	return nil
}

// scan reads the messages of one block.
func (h *header) scan(c *cursor) error {
	head := 8
	if h.v2 {
		head = 4
		if h.flags&4 != 0 { // creation order is tracked
			head = 6
		}
	}
	for len(c.b) >= head { // in version 2 there may be a gap at the end
		var kind, size, flags uint64
		if h.v2 {
			kind, size, flags = c.uint(1), c.uint(2), c.uint(1)
			c.take(uint64(head - 4))
		} else {
			kind, size, flags = c.uint(2), c.uint(2), c.uint(1)
			c.take(3)
		}
		body := c.take(size)
		if c.short {
			return formatErr("object header at byte %d: a message of kind %d is beyond the end of its block", h.o.addr, kind)
		}
		switch kind {
		case msgContinuation:
			if err := h.continuation(&cursor{b: body, f: h.f}); err != nil {
				return err
			}
		case msgDataspace, msgLinkInfo, msgDatatype, msgFill, msgLink, msgExternal, msgLayout,
			msgFilters, msgAttribute, msgSymbolTable, msgAttributeInfo:
			if err := h.f.charge(96, 1); err != nil { // append may double
				return err
			}
			h.o.messages = append(h.o.messages, message{uint16(kind), flags&flagShared != 0, body})
		default:
			if kind > msgLast && flags&flagRequired != 0 {
				return unsupported("object header at byte %d: a message of kind %d, which must not be ignored", h.o.addr, kind)
			}
		}
	}
	return nil
}

// continuation reads the block that a message says the header goes on in.
func (h *header) continuation(c *cursor) error {
	const what = "continuation of an object header"
	addr, n := c.offset(), c.length()
	if err := c.end(what); err != nil {
		return err
	}
	if err := h.seen.visit(h.f, addr, what); err != nil {
		return err
	}
	var err error
	if h.v2 {
		c, err = h.f.signed(addr, n, "OCHK", true, what)
	} else {
		c, err = h.f.block(addr, n, what)
	}
	if err == nil {
		h.blocks = append(h.blocks, c)
	}
	return err
}
