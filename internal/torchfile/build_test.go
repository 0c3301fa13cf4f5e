package torchfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"
)

// Pieces of pickles.

func u32(n int) string { return string(le.AppendUint32(nil, uint32(n))) }

func str(s string) string { return "X" + u32(len(s)) + s }

func num(n int) string { return "J" + u32(n) }

func class(module, name string) string { return "c" + module + "\n" + name + "\n" }

func tuple(items ...string) string { return "(" + strings.Join(items, "") + "t" }

func call(f string, args ...string) string { return f + tuple(args...) + "R" }

func stored(class_, key string, numel int, more ...string) string {
	return tuple(append([]string{str("storage"), class_, str(key), str("cuda:0"), num(numel)}, more...)...) + "Q"
}

func tensorOf(storage string, offset int, size, stride []int) string {
	list := func(v []int) string {
		var b strings.Builder
		for _, n := range v {
			b.WriteString(num(n))
		}
		return tuple(b.String())
	}
	return call(class("torch._utils", "_rebuild_tensor_v2"), storage, num(offset), list(size), list(stride), "\x89", call(class("collections", "OrderedDict")))
}

func pickled(value string) string { return "\x80\x02" + value + "." }

// dictOf is a dict of strings to values, which alternate.
func dictOf(items ...string) string {
	for i := 0; i < len(items); i += 2 {
		items[i] = str(items[i])
	}
	return "}(" + strings.Join(items, "") + "u"
}

var floatStorage = class("torch", "FloatStorage")

// floats are the bytes of n numbers.
func floats(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(string(le.AppendUint32(nil, 0x3f800000+uint32(i))))
	}
	return b.String()
}

// A zipMember is a member with what its headers say of it.
type zipMember struct {
	name, local string // local is the name in its own header
	data        string
	method      uint16
	flags       uint16
	crc         uint32
	packed      uint64 // sizes in the directory
	size        uint64
	at          int64 // added to where its header is
}

// A zipSpec is an archive.
type zipSpec struct {
	members []*zipMember
	count   uint64 // added to the number of members
	start   uint64 // added to the place of the directory
	zip64   bool
	end     string // behind it
}

func (z *zipSpec) add(name, data string) *zipMember {
	m := &zipMember{name: name, local: name, data: data, crc: crc32.ChecksumIEEE([]byte(data)), packed: uint64(len(data)), size: uint64(len(data))}
	z.members = append(z.members, m)
	return m
}

// archiveOf returns an archive of a pickle and storages 0, 1, ….
func archiveOf(pickle string, storages ...string) *zipSpec {
	z := new(zipSpec)
	z.add("m/data.pkl", pickle)
	for i, s := range storages {
		z.add(fmt.Sprintf("m/data/%d", i), s)
	}
	z.add("m/version", "3\n")
	return z
}

// bytes returns the archive's file.
func (z *zipSpec) bytes() []byte {
	var b, dir []byte
	for _, m := range z.members {
		at := uint64(int64(len(b)) + m.at)
		b = append(b, "PK\x03\x04\x00\x00"...)
		b = le.AppendUint16(b, m.flags|8)
		b = le.AppendUint16(b, m.method)
		b = append(b, make([]byte, 16)...)
		b = le.AppendUint16(b, uint16(len(m.local)))
		b = le.AppendUint16(b, 3)
		b = append(append(append(b, m.local...), "pad"...), m.data...)

		dir = append(dir, "PK\x01\x02\x00\x00\x00\x00"...)
		dir = le.AppendUint16(dir, m.flags|8)
		dir = le.AppendUint16(dir, m.method)
		dir = append(dir, 0, 0, 0, 0)
		dir = le.AppendUint32(dir, m.crc)
		extra := []byte{}
		if z.zip64 {
			dir = append(dir, "\xff\xff\xff\xff\xff\xff\xff\xff"...)
			extra = append(extra, 1, 0, 24, 0)
			extra = le.AppendUint64(le.AppendUint64(le.AppendUint64(extra, m.size), m.packed), at)
			at = 1<<32 - 1
		} else {
			dir = le.AppendUint32(le.AppendUint32(dir, uint32(m.packed)), uint32(m.size))
		}
		dir = le.AppendUint16(dir, uint16(len(m.name)))
		dir = le.AppendUint16(dir, uint16(len(extra)))
		dir = append(dir, make([]byte, 10)...)
		dir = le.AppendUint32(dir, uint32(at))
		dir = append(append(dir, m.name...), extra...)
	}
	start, count := uint64(len(b))+z.start, uint64(len(z.members))+z.count
	b = append(b, dir...)
	if z.zip64 {
		at := uint64(len(b))
		b = append(b, "PK\x06\x06\x2c\x00\x00\x00\x00\x00\x00\x00\x1e\x03\x2d\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
		b = le.AppendUint64(le.AppendUint64(b, count), count)
		b = le.AppendUint64(le.AppendUint64(b, uint64(len(dir))), start)
		b = append(b, "PK\x06\x07\x00\x00\x00\x00"...)
		b = append(le.AppendUint64(b, at), 1, 0, 0, 0)
	}
	b = append(b, "PK\x05\x06\x00\x00\x00\x00"...)
	b = le.AppendUint16(le.AppendUint16(b, uint16(count)), uint16(count))
	b = le.AppendUint32(le.AppendUint32(b, uint32(len(dir))), uint32(start))
	return append(append(b, 0, 0), z.end...)
}

// olderOf returns a file of the form before zip: an object, keys and storages, each with its
// count of numbers.
func olderOf(object, keys string, storages ...string) []byte {
	const long = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"
	return []byte(pickled(long) + pickled("M\xe9\x03") + pickled("}") + object + keys + strings.Join(storages, ""))
}

func counted(n int, data string) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(n))) + data
}

// tokens splits the pickle at the start of b into its instructions.
func tokens(t testing.TB, b []byte) (list []string) {
	fixed := map[byte]int{'J': 4, 'K': 1, 'M': 2, 'G': 8, 'q': 1, 'r': 4, 'h': 1, 'j': 4, 0x80: 1, 0x95: 8}
	counts := map[byte]int{'U': 1, 0x8c: 1, 'C': 1, 0x8a: 1, 'T': 4, 'X': 4, 'B': 4, 0x8b: 4, 0x8d: 8, 0x8e: 8, 0x96: 8}
	lines := map[byte]int{'c': 2, 'I': 1}
	for len(b) > 0 {
		n := 1 + fixed[b[0]]
		if k := counts[b[0]]; k > 0 {
			var full [8]byte
			copy(full[:], b[1:1+k])
			n = 1 + k + int(le.Uint64(full[:]))
		}
		for range lines[b[0]] {
			n += 1 + bytes.IndexByte(b[n:], '\n')
		}
		list = append(list, string(b[:n]))
		if b[0] == '.' {
			break
		}
		b = b[n:]
	}
	return list
}
