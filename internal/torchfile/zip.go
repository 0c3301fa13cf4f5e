package torchfile

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// A member is a file in a zip archive.
type member struct {
	name     string // without the archive's own
	at, size int64  // bytes of the file
	crc      uint32
	packed   bool // by a method of compression
}

// An archive is what torch.save writes: members of one folder, stored as they are.
type archive struct {
	name    string
	members map[string]member
}

const (
	zipEnd       = 22 // bytes of the end of a directory
	zip64Locator = 20
	zip64End     = 56
)

var le = binary.LittleEndian

// zipDirectory returns where the directory of the archive is, and how many members it has.
// Nothing may follow its end, and it ends where that begins.
func zipDirectory(r io.ReaderAt, size int64) (at, end int64, count uint64, err error) {
	const damaged = "the zip archive ends early, or is followed by something: fetch or copy it again"
	if size < zipEnd {
		return 0, 0, 0, formatErr(damaged)
	}
	var b [zip64End]byte
	if err := readAt(r, b[:zipEnd], size-zipEnd, "directory"); err != nil {
		return 0, 0, 0, err
	}
	if string(b[:4]) != "PK\x05\x06" || le.Uint16(b[20:]) != 0 {
		return 0, 0, 0, formatErr(damaged)
	}
	count, length, start := uint64(le.Uint16(b[10:])), uint64(le.Uint32(b[12:])), uint64(le.Uint32(b[16:]))
	here, disks := le.Uint16(b[8:]), le.Uint32(b[4:])
	end = size - zipEnd
	if end >= zip64Locator {
		if err := readAt(r, b[:zip64Locator], end-zip64Locator, "directory"); err != nil {
			return 0, 0, 0, err
		}
		if string(b[:4]) == "PK\x06\x07" {
			end -= zip64Locator + zip64End
			if end < 0 || le.Uint64(b[8:]) != uint64(end) {
				return 0, 0, 0, formatErr(damaged)
			}
			if err := readAt(r, b[:], end, "directory"); err != nil {
				return 0, 0, 0, err
			}
			if string(b[:4]) != "PK\x06\x06" || le.Uint64(b[24:]) != le.Uint64(b[32:]) {
				return 0, 0, 0, formatErr(damaged)
			}
			count, length, start = le.Uint64(b[32:]), le.Uint64(b[40:]), le.Uint64(b[48:])
			here, disks = uint16(min(count, math.MaxUint16)), le.Uint32(b[16:])|le.Uint32(b[20:])
		}
	}
	if disks != 0 || uint64(here) != min(count, math.MaxUint16) {
		return 0, 0, 0, formatErr("the zip archive is one of several parts")
	}
	if length > uint64(end) || start != uint64(end)-length {
		return 0, 0, 0, formatErr("the directory of the zip archive is said to be at byte %d with %d bytes, but %d are in front of its end: %s", start, length, end, damaged)
	}
	return int64(start), end, count, nil
}

// readZip reads the directory of an archive and checks it.
func readZip(r io.ReaderAt, size int64, mem *budget) (*archive, error) {
	start, end, count, err := zipDirectory(r, size)
	if err != nil {
		return nil, err
	}
	in := newInput(r, "directory", start, end, mem)
	var list []member
	var local []int64 // where each one's own header is
	m := &machine{input: in}
	for range count {
		e, at := readEntry(in)
		list, local = add(m, list, e), add(m, local, at)
		if in.err != nil {
			return nil, in.err
		}
	}
	if in.at < end {
		in.fail("more than the %d members that it has", count)
		return nil, in.err
	}
	a := &archive{members: make(map[string]member)}
	for _, e := range list {
		if folder, name, _ := strings.Cut(e.name, "/"); name == "data.pkl" || name == "constants.pkl" {
			a.name = folder
		}
	}
	if a.name == "" {
		return nil, formatErr("the zip archive has no NAME/data.pkl: it is not from torch.save")
	}
	ends := make([][2]int64, 0, len(list))
	if !in.take(int64(len(list)) * (16 + 200)) {
		return nil, in.err
	}
	for i, e := range list {
		short, ok := strings.CutPrefix(e.name, a.name+"/")
		if !ok {
			return nil, formatErr("member %s of the zip archive is outside of %s", quote(e.name), quote(a.name))
		}
		if _, dup := a.members[short]; dup {
			return nil, formatErr("member %s is twice in the zip archive", quote(e.name))
		}
		if err := e.locate(r, local[i], start); err != nil {
			return nil, err
		}
		ends = append(ends, [2]int64{local[i], e.at + e.size})
		e.name = short
		a.members[short] = e
	}
	slices.SortFunc(ends, func(a, b [2]int64) int { return int(max(-1, min(1, a[0]-b[0]))) })
	for i := 1; i < len(ends); i++ {
		if ends[i][0] < ends[i-1][1] {
			return nil, formatErr("two members of the zip archive overlap at byte %d", ends[i][0])
		}
	}
	return a, nil
}

// readEntry reads the directory's entry of one member and returns it with the place of its
// own header.
func readEntry(in *input) (e member, local int64) {
	if sig := in.uint(4); sig != 0x02014b50 {
		in.fail("no entry of a zip archive")
	}
	in.skip(4) // versions
	flags, method := in.uint(2), in.uint(2)
	in.skip(4) // time
	e.crc = uint32(in.uint(4))
	packed, size := in.uint(4), in.uint(4)
	nameLen, extraLen, commentLen := in.uint(2), in.uint(2), in.uint(2)
	in.skip(8) // disk, attributes
	at := in.uint(4)
	e.name = in.string(nameLen)
	for extraLen >= 4 && in.err == nil {
		id, n := in.uint(2), in.uint(2)
		if extraLen -= 4; n > extraLen {
			in.fail("an extra field of %d bytes, but %d are left", n, extraLen)
		}
		extraLen -= n
		if id != 1 {
			in.skip(n)
			continue
		}
		for _, v := range []*uint64{&size, &packed, &at} { // zip64: those that 32 bits do not hold
			if *v == math.MaxUint32 && n >= 8 {
				*v, n = in.uint(8), n-8
			}
		}
		in.skip(n)
	}
	in.skip(extraLen)
	in.skip(commentLen)
	e.packed = method != 0
	switch {
	case in.err != nil:
	case !goodName(e.name):
		in.fail("member %s: a name that is no path within the archive", quote(e.name))
	case flags&1 != 0:
		in.fail("member %s is encrypted", quote(e.name))
	case size > math.MaxInt64/2 || packed > math.MaxInt64/2 || at > math.MaxInt64/2:
		in.fail("member %s: its size or place is beyond all files", quote(e.name))
	case !e.packed && size != packed:
		in.fail("member %s is stored, but of %d and %d bytes", quote(e.name), size, packed)
	}
	e.size = int64(packed)
	return e, int64(at)
}

// goodName reports whether name is a relative path without "." and "..".
func goodName(name string) bool {
	if !utf8.ValidString(name) || strings.ContainsAny(name, "\\\x00") {
		return false
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(name, "/"), "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return true
}

// locate reads the header in front of e's bytes, which must be that of the directory and end,
// as the bytes do, before the directory.
func (e *member) locate(r io.ReaderAt, local, directory int64) error {
	var b [30]byte
	if local > directory-int64(len(b)) {
		return formatErr("member %s begins beyond the archive's members, at byte %d", quote(e.name), local)
	}
	if err := readAt(r, b[:], local, "member "+quote(e.name)); err != nil {
		return err
	}
	nameLen, extraLen := int64(le.Uint16(b[26:])), int64(le.Uint16(b[28:]))
	e.at = local + int64(len(b)) + nameLen + extraLen
	if string(b[:4]) != "PK\x03\x04" || nameLen != int64(len(e.name)) || e.packed != (le.Uint16(b[8:]) != 0) {
		return formatErr("member %s: its header at byte %d is not the one of the directory", quote(e.name), local)
	}
	if e.at > directory || e.size > directory-e.at {
		return formatErr("member %s: %d bytes from byte %d on, but the directory begins at %d", quote(e.name), e.size, e.at, directory)
	}
	at := local + int64(len(b))
	for rest := e.name; rest != ""; { // by way of b
		n := min(len(rest), len(b))
		if err := readAt(r, b[:n], at, "member "+quote(e.name)); err != nil {
			return err
		}
		if string(b[:n]) != rest[:n] {
			return formatErr("member %s has another name in its header", quote(e.name))
		}
		rest, at = rest[n:], at+int64(n)
	}
	return nil
}

// open returns a member to read, whose bytes are those of its checksum.
func (a *archive) open(r io.ReaderAt, name string, mem *budget) (*input, error) {
	e, ok := a.members[name]
	if !ok {
		return nil, formatErr("the zip archive has no %s", quote(a.name+"/"+name))
	}
	if e.crc != 0 {
		sum := crc32.NewIEEE()
		if _, err := io.CopyBuffer(struct{ io.Writer }{sum}, io.NewSectionReader(r, e.at, e.size), make([]byte, 8<<10)); err != nil {
			return nil, err
		}
		if sum.Sum32() != e.crc {
			return nil, formatErr("%s: its bytes have checksum %08x, the archive says %08x: the file is damaged (fetch or copy it again)", name, sum.Sum32(), e.crc)
		}
	}
	return newInput(r, name, e.at, e.at+e.size, mem), nil
}
