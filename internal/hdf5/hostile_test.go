package hdf5

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// An image is a file that is being put together by hand.
type image struct{ b []byte }

// at puts fields at an address: integers by their size, and strings.
func (m *image) at(addr int, fields ...any) {
	var w bytes.Buffer
	for _, x := range fields {
		if s, ok := x.(string); ok {
			w.WriteString(s)
		} else if err := binary.Write(&w, binary.LittleEndian, x); err != nil {
			panic(err)
		}
	}
	if need := addr + w.Len(); need > len(m.b) {
		m.b = append(m.b, make([]byte, need-len(m.b))...)
	}
	copy(m.b[addr:], w.Bytes())
}

// signed is at with a checksum behind.
func (m *image) signed(addr int, fields ...any) {
	part := &image{}
	part.at(0, fields...)
	m.at(addr, string(part.b), lookup3(part.b))
}

const none = ^uint64(0)

// newImage returns a file of size bytes whose root group has the given messages.
func newImage(size int, messages ...string) *image {
	m := &image{make([]byte, size)}
	m.at(0, "\x89HDF\r\n\x1a\n", uint32(0), uint8(0), uint8(8), uint8(8), uint8(0), uint16(4), uint16(16), uint32(0),
		uint64(0), none, uint64(size), none, uint64(0), uint64(96), uint32(0), uint32(0), "0123456789abcdef")
	m.header(96, messages...)
	return m
}

// header puts an object header of version 1.
func (m *image) header(addr int, messages ...string) {
	all := strings.Join(messages, "")
	m.at(addr, uint8(1), uint8(0), uint16(len(messages)), uint32(1), uint32(len(all)), uint32(0), all)
}

// msg returns a message.
func msg(kind uint16, fields ...any) string {
	body := &image{}
	body.at(0, fields...)
	body.b = append(body.b, make([]byte, -len(body.b)&7)...)
	m := &image{}
	m.at(0, kind, uint16(len(body.b)), uint32(0), string(body.b))
	return string(m.b)
}

func linkTo(name string, addr uint64) string {
	return msg(msgLink, uint8(1), uint8(0), uint8(len(name)), name, addr)
}

func space(dims ...uint64) string {
	return msg(msgDataspace, uint8(1), uint8(len(dims)), uint8(0), "12345", dims)
}

const float32Type = "\x11\x20\x1f\x00\x04\x00\x00\x00\x00\x00\x20\x00\x17\x08\x00\x17\x7f\x00\x00\x00"

// chunked returns a layout message of version 3.
func chunked(tree uint64, dims ...uint32) string {
	return msg(msgLayout, uint8(3), uint8(2), uint8(len(dims)), tree, dims)
}

var gzipFilter = msg(msgFilters, uint8(2), uint8(1), uint16(1), uint16(0), uint16(0))

// Files that point into themselves, claim more than they have, or unpack to more.
func TestHostile(t *testing.T) {
	var bomb, megabyte bytes.Buffer
	for to, n := range map[*bytes.Buffer]int{&bomb: 8 << 20, &megabyte: 1 << 20} {
		z := zlib.NewWriter(to)
		z.Write(make([]byte, n))
		z.Close()
	}

	for _, c := range []struct {
		name  string
		image func() *image
		want  string // an error of the open or of the walk has it
	}{
		{"a group in itself", func() *image { return newImage(4096, linkTo("a", 96)) }, `"a" is the group / again`},
		{"two groups in each other", func() *image {
			m := newImage(4096, linkTo("a", 1024))
			m.header(1024, linkTo("b", 2048))
			m.header(2048, linkTo("c", 1024))
			return m
		}, `"a/b/c" is the group "a" again`},
		{"a chain of groups", func() *image {
			m := newImage(1<<16, linkTo("a", 512))
			for at := 512; at < 1<<15; at += 64 {
				m.header(at, linkTo("a", uint64(at+64)))
			}
			return m
		}, "more than 64 groups in one another"},
		{"two links of one name", func() *image { return newImage(4096, linkTo("a", 512), linkTo("a", 600)) }, `two links are called "a"`},
		{"a name with a slash", func() *image { return newImage(4096, linkTo("a/b", 512)) }, `a link is called "a/b"`},
		{"a header that goes on in itself", func() *image {
			m := newImage(4096, msg(msgContinuation, uint64(1024), uint64(24)))
			m.at(1024, msg(msgContinuation, uint64(1024), uint64(24)))
			return m
		}, "part of itself"},
		{"a header longer than the file", func() *image {
			m := newImage(4096)
			m.at(96+8, uint32(1<<32-1))
			return m
		}, "beyond the end of the file"},
		{"continuations that overlap", func() *image { // each of 60,000 bytes
			var list []string
			for i := range 1000 {
				list = append(list, msg(msgContinuation, uint64(32768+8*i), uint64(90000)))
			}
			return newImage(1<<17, list...)
		}, "more bytes of memory"},
		{"a B-tree node in itself", func() *image {
			m := symbols(4096)
			m.at(1024, "TREE", uint8(0), uint8(1), uint16(1), none, none, uint64(0), uint64(1024), uint64(0))
			return m
		}, "part of itself, or a part twice"},
		{"B-tree nodes shared at each of 200 levels", func() *image {
			m := symbols(1 << 16)
			for i := range 200 {
				next := uint64(2048 + 128*(i+1))
				m.at(2048+128*i, "TREE", uint8(0), uint8(200-i), uint16(2), none, none, uint64(0), next, uint64(0), next, uint64(0))
			}
			m.at(2048+128*200, "TREE", uint8(0), uint8(0), uint16(0), none, none)
			m.header(96, msg(msgSymbolTable, uint64(2048), uint64(1536)))
			return m
		}, "part of itself, or a part twice"},
		{"a symbol table node twice", func() *image {
			m := symbols(4096)
			m.at(1024, "TREE", uint8(0), uint8(0), uint16(2), none, none, uint64(0), uint64(2048), uint64(0), uint64(2048), uint64(0))
			m.at(2048, "SNOD", uint8(1), uint8(0), uint16(0))
			return m
		}, "a part twice"},
		{"a symbol table node of 65535 entries", func() *image {
			m := symbols(4096)
			m.at(1024, "TREE", uint8(0), uint8(0), uint16(1), none, none, uint64(0), uint64(2048), uint64(0))
			m.at(2048, "SNOD", uint8(1), uint8(0), uint16(65535))
			return m
		}, "beyond the end of the file"},
		{"a name beyond the local heap", func() *image {
			m := symbols(4096)
			m.at(1024, "TREE", uint8(0), uint8(0), uint16(1), none, none, uint64(0), uint64(2048), uint64(0))
			m.at(2048, "SNOD", uint8(1), uint8(0), uint16(1), uint64(1<<40), uint64(96), "0123456789abcdef01234567")
			return m
		}, "beyond the end of the local heap"},
		{"a local heap that is longer than the file", func() *image {
			m := symbols(4096)
			m.at(1536+8, none-1)
			return m
		}, "beyond the end of the file"},
		{"a shape that wraps", func() *image {
			return withData(4096, space(1<<31-1, 1<<31-1, 4, 1<<31-1), msg(msgLayout, uint8(3), uint8(1), uint64(0), uint64(16)))
		}, "more values than a file of 4096 bytes can warrant"},
		{"a dimension of 2⁶⁴-1", func() *image { return withData(4096, space(none), msg(msgLayout, uint8(3), uint8(1), uint64(0), none)) }, "a dimension of 18446744073709551615"},
		{"a shape without data", func() *image {
			return withData(4096, space(1<<20), msg(msgLayout, uint8(3), uint8(1), none, uint64(0)))
		}, "more values than a file"},
		{"data beyond the end", func() *image {
			return withData(4096, space(1000), msg(msgLayout, uint8(3), uint8(1), uint64(1024), uint64(4000)))
		}, "beyond the end of the file"},
		{"data at the last address", func() *image {
			return withData(4096, space(1000), msg(msgLayout, uint8(3), uint8(1), none-1, uint64(4000)))
		}, "beyond the end of the file"},
		{"a chunk size that overflows", func() *image {
			return withData(4096, space(4, 4, 4), chunked(1024, 1<<31, 1<<31, 1<<31, 4))
		}, "more than 2 GB"},
		{"a chunk of no size", func() *image { return withData(4096, space(4), chunked(1024, 0, 4)) }, "or 0"},
		{"chunks far larger than the shape", func() *image {
			return withData(4096, space(1000, 1), chunked(1024, 1, 1<<20, 4))
		}, "reach too far beyond it"},
		{"a chunk that is another's B-tree", func() *image {
			m := withData(8192, space(4), chunked(2048, 4, 4))
			m.at(2048, "TREE", uint8(1), uint8(1), uint16(1), none, none, uint32(16), uint32(0), uint64(0), uint64(0), uint64(2048))
			return m
		}, "part of itself"},
		{"chunks that overlap", func() *image {
			m := withData(1<<14, space(512, 64), chunked(2048, 64, 64, 4))
			m.at(2048, "TREE", uint8(1), uint8(0), uint16(8), none, none)
			for i := range 8 {
				m.at(2048+24+40*i, uint32(16384-4096), uint32(0), uint64(64*i), uint64(0), uint64(0), uint64(4096))
			}
			return m
		}, "it has 12288 bytes, want 16384"},
		{"a chunk twice", func() *image {
			m := withData(8192, space(8), chunked(2048, 4, 4))
			m.at(2048, "TREE", uint8(1), uint8(0), uint16(2), none, none)
			for i := range 2 {
				m.at(2048+24+32*i, uint32(16), uint32(0), uint64(0), uint64(0), uint64(4096))
			}
			return m
		}, "in the index twice"},
		{"a chunk between others", func() *image {
			m := withData(8192, space(8), chunked(2048, 4, 4))
			m.at(2048, "TREE", uint8(1), uint8(0), uint16(1), none, none, uint32(16), uint32(0), uint64(3), uint64(0), uint64(4096))
			return m
		}, "want a multiple of 4 below 8"},
		{"a chunk that unpacks to more than it has", func() *image { return gzipped(bomb.String(), 1000, 1000) }, "more than 4000 bytes"},
		{"a data set that unpacks to 8 MB", func() *image { return gzipped(bomb.String(), 2<<20, 2<<20) }, "more values than a file"},
		{"a chunk that unpacks to 8 MB for few values", func() *image { return gzipped(bomb.String(), 10, 2<<20) }, "more work than"},
		{"one large chunk for many small arrays", func() *image { // each of which would unpack it again
			var links []string
			for i := range 100 {
				links = append(links, linkTo(strconv.Itoa(i), 1<<16))
			}
			m := newImage(1<<18, links...)
			m.header(1<<16, msg(msgDatatype, float32Type), space(1), gzipFilter, chunked(1<<17, 1<<18, 4))
			m.at(1<<17, "TREE", uint8(1), uint8(0), uint16(1), none, none, uint32(megabyte.Len()), uint32(0), uint64(0), uint64(0), uint64(3<<16), uint64(0))
			m.at(3<<16, megabyte.String())
			return m
		}, "more work than the 262144 bytes"},
		{"33 filters", func() *image {
			shuffle := strings.Repeat("\x02\x00\x00\x00\x01\x00\x04\x00\x00\x00", 33) // with one value each
			return withData(8192, space(4), msg(msgFilters, uint8(2), uint8(33), shuffle), chunked(2048, 4, 4))
		}, "33 filters, at most 32"},
		{"a chunk that unpacks to less", func() *image { return gzipped("\x78\x9c\x03\x00\x00\x00\x00\x01", 4, 4) }, "gzip: less than 16 bytes"},
		{"the same text for many values", func() *image { // 400 strings of 4000 bytes
			m := newImage(16384, linkTo("d", 512))
			m.header(512, space(400), msg(msgDatatype, "\x19\x01\x00\x00\x10\x00\x00\x00\x10\x00\x00\x00\x01\x00\x00\x00"),
				msg(msgLayout, uint8(3), uint8(1), uint64(1024), uint64(6400)))
			for i := range 400 {
				m.at(1024+16*i, uint32(4000), uint64(8192), uint32(1))
			}
			m.at(8192, "GCOL", uint32(1), uint64(8192), uint16(1), uint16(1), uint32(0), uint64(4000), strings.Repeat("x", 4000))
			return m
		}, "more bytes of memory"},
		{"a string in a heap that is the string", func() *image {
			m := newImage(4096, linkTo("d", 512))
			m.header(512, space(), msg(msgDatatype, "\x19\x01\x00\x00\x10\x00\x00\x00\x10\x00\x00\x00\x01\x00\x00\x00"),
				msg(msgLayout, uint8(3), uint8(1), uint64(1024), uint64(16)))
			m.at(1024, "GCOL", uint32(0x401), uint64(0x10000))
			return m
		}, "beyond the end of the file"},
		{"a fractal heap whose root is its own block", func() *image {
			m := newImage(1<<14, msg(msgLinkInfo, uint8(0), uint8(0), uint64(1024), uint64(2048)))
			m.signed(1024, "FRHP", uint8(0), uint16(7), uint16(0), uint8(0), uint32(4096), uint64(0), none, uint64(0), none,
				make([]uint64, 8), uint16(4), uint64(512), uint64(1024), uint16(32), uint16(0), uint64(4096), uint16(4))
			m.signed(2048, "BTHD", uint8(0), uint8(5), uint32(512), uint16(11), uint16(0), uint16(0x2864), uint64(3000), uint16(1), uint64(1))
			m.signed(3000, "BTLF", uint8(0), uint8(5), uint32(0), uint8(0), uint32(8192), uint16(30))
			m.signed(4096, "FHIB", uint8(0), uint64(1024), uint32(0), slices.Repeat([]uint64{4096}, 16))
			return m
		}, "used twice"},
		{"a version 2 B-tree in itself", func() *image {
			m := newImage(1<<14, msg(msgLinkInfo, uint8(0), uint8(0), uint64(1024), uint64(2048)))
			m.signed(1024, "FRHP", uint8(0), uint16(7), uint16(0), uint8(0), uint32(4096), uint64(0), none, uint64(0), none,
				make([]uint64, 8), uint16(4), uint64(512), uint64(1024), uint16(32), uint16(0), uint64(4096), uint16(0))
			m.signed(2048, "BTHD", uint8(0), uint8(5), uint32(512), uint16(11), uint16(2), uint16(0x2864), uint64(3000), uint16(0xff), uint64(1))
			m.at(2048+24, uint16(1))
			m.signed(2048, string(m.b[2048:2048+34]))
			m.signed(3000, "BTIN", uint8(0), uint8(5), "0123456789a", uint64(3000), uint8(1), uint16(1), uint64(3000), uint8(1), uint16(1))
			return m
		}, "part of itself"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := c.image()
			if _, err := checkUse(t, m.b); err != nil {
				t.Error(err)
			}
			if got := problems(m.b); !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// What is small and many counts as memory too.
func TestMany(t *testing.T) {
	var links, attributes []string
	for i := range 5000 {
		name := strconv.Itoa(i)
		links = append(links, linkTo(name, 1<<19))
		attributes = append(attributes, msg(msgAttribute, uint8(3), uint8(0), uint16(len(name)+1), uint16(20), uint16(4), uint8(0),
			name, uint8(0), float32Type, uint8(2), uint8(0), uint8(0), uint8(0), float32(i)))
	}
	texts := newImage(1<<18, linkTo("d", 512))
	texts.header(512, space(5000), msg(msgDatatype, "\x19\x01\x00\x00\x10\x00\x00\x00\x10\x00\x00\x00\x01\x00\x00\x00"),
		msg(msgLayout, uint8(3), uint8(1), uint64(1024), uint64(80000)))
	texts.at(1<<17, "GCOL", uint32(1), uint64(1<<17))
	for i := range 5000 {
		texts.at(1024+16*i, uint32(1), uint64(1<<17), uint32(i+1))
		texts.at(1<<17+16+24*i, uint16(i+1), uint16(1), uint32(0), uint64(1), "x")
	}
	many := newImage(1<<20, links...)
	many.header(1<<19, msg(msgDatatype, float32Type), space(), msg(msgLayout, uint8(3), uint8(0), uint16(4), float32(1)))
	// The last message is the root's link to itself.
	for name, c := range map[string]struct {
		m    *image
		most int // values that can be read
	}{
		"links to one data set":     {many, 5000},
		"attributes":                {newImage(1<<20, append(attributes[:5000:5000], linkTo("d", 96))...), 5000},
		"attributes, in less space": {newImage(1<<19, append(attributes[:5000:5000], linkTo("d", 96))...), 0}, // they would take too much memory
		"strings":                   {texts, 1},
	} {
		n, err := checkUse(t, c.m.b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n != c.most {
			t.Errorf("%s: %d can be read, want %d: %s", name, n, c.most, problems(c.m.b))
		}
	}
}

// symbols returns a file whose root group is a symbol table with the B-tree at 1024 and
// an empty local heap at 1536.
func symbols(size int) *image {
	m := newImage(size, msg(msgSymbolTable, uint64(1024), uint64(1536)))
	m.at(1536, "HEAP", uint32(0), uint64(64), uint64(1), uint64(1600))
	return m
}

// withData returns a file with a data set of float32.
func withData(size int, messages ...string) *image {
	m := newImage(size, linkTo("d", 512))
	m.header(512, append([]string{msg(msgDatatype, float32Type)}, messages...)...)
	return m
}

// gzipped returns a file with n float32 in chunks of size, the first of which is data.
func gzipped(data string, n uint64, size uint32) *image {
	m := withData(4096+len(data), space(n), gzipFilter, chunked(2048, size, 4))
	m.at(2048, "TREE", uint8(1), uint8(0), uint16(1), none, none, uint32(len(data)), uint32(0), uint64(0), uint64(0), uint64(4096))
	m.at(4096, data)
	return m
}

// problems returns the errors of all that is in b.
func problems(b []byte) string {
	var errs []error
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if errs = append(errs, err); err == nil {
		errs = append(errs, f.Walk(func(_ string, d *Dataset, err error) error {
			if err == nil && d.Type() == "string" {
				_, err = d.Strings()
			} else if err == nil {
				_, err = d.Float32s()
			}
			errs = append(errs, err)
			return nil
		}))
	}
	if err := errors.Join(errs...); err != nil {
		return err.Error()
	}
	return ""
}
