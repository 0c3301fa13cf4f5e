package torchfile

import (
	"bytes"
	"io"
	"strconv"
	"strings"
)

// tarBlock is the unit of a tar archive.
const tarBlock = 512

// readTar reads the first form, of PyTorch before 0.1.10, and returns the value of its
// pickle:
//
//	storages   a pickled count; each a pickled (key, location, class), a count in 8 bytes and its
//	           numbers; a pickled list of views (key, key of a storage, offset, count)
//	tensors    a pickled count; each a pickled (key, key of a storage, class), the rank in 8 bytes,
//	           sizes, strides and the offset in 8 bytes each
//	pickle     the object; persistent ids are the keys above
func readTar(r io.ReaderAt, size int64, mem *budget, src *source) (any, error) {
	parts, err := tarMembers(r, size, mem)
	if err != nil {
		return nil, err
	}
	byKey := make(map[int64]any)
	m := &machine{input: parts["storages"]}
	none := func(any) any {
		m.fail("a persistent id outside of the object")
		return nil
	}
	m.stored = none
	for n := m.count(); n > 0 && m.err == nil; n-- {
		m.tarStorage(byKey, src)
	}
	for _, v := range items(m.value()) {
		v := items(v)
		if len(v) != 4 || m.err != nil {
			m.fail("a view without its four parts")
			break
		}
		key, ok := v[0].(int64)
		of, ok1 := v[1].(int64)
		root, ok2 := byKey[of].(*view)
		if !ok || !ok1 || !ok2 {
			m.fail("a view of no storage")
			break
		}
		if part := m.view(root.of, &sequence{[]any{nil, v[2], v[3]}}); m.take(128) {
			byKey[key] = part
		}
	}
	if err := m.done(); err != nil {
		return nil, err
	}
	m.input = parts["tensors"]
	for n := m.count(); n > 0 && m.err == nil; n-- {
		m.tarTensor(byKey)
	}
	if err := m.done(); err != nil {
		return nil, err
	}
	m.input = parts["pickle"]
	m.stored = func(id any) any {
		if tuple := items(id); len(tuple) == 3 { // a class, its file and its source
			return tuple[0]
		}
		key, ok := id.(int64)
		if text, is := id.(string); is {
			n, err := strconv.ParseInt(text, 10, 64)
			key, ok = n, err == nil
		}
		v, known := byKey[key]
		if !ok || !known {
			m.fail("a persistent id of no tensor")
		}
		return v
	}
	root := m.value()
	return root, m.done()
}

// tarMembers returns the members of the archive that matter.
func tarMembers(r io.ReaderAt, size int64, mem *budget) (map[string]*input, error) {
	parts := make(map[string]*input)
	var b [tarBlock]byte
	for at := int64(0); at <= size-tarBlock; {
		if err := readAt(r, b[:], at, "tar archive"); err != nil {
			return nil, err
		}
		if b == [tarBlock]byte{} {
			break
		}
		name, _, _ := strings.Cut(string(b[:100]), "\x00")
		n, err := strconv.ParseInt(string(bytes.Trim(b[124:136], " \x00")), 8, 64)
		start := at + tarBlock
		if err != nil || n < 0 || n > size-start {
			return nil, formatErr("tar archive, byte %d: member %s has a size that is none, or more than the file has", at, quote(name))
		}
		switch kind := b[156]; {
		case kind == 'x' || kind == 'g': // more about the member, of which nothing matters here
		case kind != '0' && kind != 0:
			return nil, formatErr("tar archive, byte %d: member %s is no file", at, quote(name))
		case name != "sys_info" && name != "pickle" && name != "tensors" && name != "storages":
			return nil, formatErr("tar archive, byte %d: member %s, which torch.save did not write: unpack the archive first", at, quote(name))
		case parts[name] != nil:
			return nil, formatErr("member %s is twice in the tar archive", quote(name))
		default:
			parts[name] = newInput(r, name, start, start+n, mem)
		}
		at = start + (n+tarBlock-1)/tarBlock*tarBlock
	}
	for _, name := range []string{"pickle", "tensors", "storages"} {
		if parts[name] == nil {
			return nil, formatErr("it is a tar archive without %s, and not from torch.save: unpack it first", name)
		}
	}
	return parts, nil
}

// value reads a pickle.
func (m *machine) value() any {
	v, _ := m.run()
	return v
}

// count reads a pickled count, each of which has some bytes.
func (m *machine) count() int64 {
	n, ok := m.value().(int64)
	if !ok || n < 0 || n > m.end-m.at {
		m.fail("a count that is none, or larger than the file")
		return 0
	}
	return n
}

// done returns the error of the part that was read, which is at its end.
func (m *machine) done() error {
	if m.at < m.end {
		m.fail("something follows its end")
	}
	return m.err
}

// tarStorage reads a storage.
func (m *machine) tarStorage(byKey map[int64]any, src *source) {
	v := items(m.value())
	if len(v) != 3 || m.err != nil {
		m.fail("a storage without its three parts")
		return
	}
	key, ok := v[0].(int64)
	n := m.uint(8)
	if !ok || n > uint64(m.end-m.at) {
		m.fail("a storage whose key is no number, or which is longer than the file")
		return
	}
	s, known := m.storage([]any{"storage", v[2], v[0], v[1], int64(n)}, 5, src)
	if !known {
		m.fail("a storage of a class that is not known")
		return
	}
	s.at = m.at
	m.skip(n * uint64(s.typ.Size()))
	byKey[key] = &view{s, 0, s.numel}
}

// tarTensor reads a tensor.
func (m *machine) tarTensor(byKey map[int64]any) {
	v := items(m.value())
	if len(v) != 3 || m.err != nil {
		m.fail("a tensor without its three parts")
		return
	}
	key, ok := v[0].(int64)
	of, ok1 := v[1].(int64)
	storage, ok2 := byKey[of].(*view)
	rank := m.uint(4)
	m.skip(4)
	if !ok || !ok1 || !ok2 || rank > maxRank {
		m.fail("a tensor of no storage, or of more than %d dimensions", maxRank)
		return
	}
	var shape [2]sequence // and strides
	for i := range shape {
		for range rank {
			shape[i].items = append(shape[i].items, int64(m.uint(8)))
		}
	}
	if t := m.tensor([]any{storage, int64(m.uint(8)), &shape[0], &shape[1]}, nil); m.take(256 + 128) {
		byKey[key] = t
	}
}
