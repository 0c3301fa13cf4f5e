package torchfile

import (
	"io"
	"strconv"
	"strings"
)

// readArchive reads the zip form and returns the value of its pickle.
func readArchive(r io.ReaderAt, size int64, mem *budget, src *source) (any, error) {
	a, err := readZip(r, size, mem)
	if err != nil {
		return nil, err
	}
	if _, script := a.members["constants.pkl"]; script {
		return nil, formatErr("it is a TorchScript archive, whose code is in the file: in Python, torch.save(torch.jit.load(FILE).state_dict(), \"weights.pt\") and import that, or export the model to ONNX")
	}
	for _, e := range a.members {
		if e.packed {
			return nil, formatErr("member %s of the zip archive is compressed, which torch.save does not do: unpack and pack it again without compression (zip -0)", quote(e.name))
		}
	}
	big, err := a.bigEndian(r, mem)
	if err != nil {
		return nil, err
	}
	in, err := a.open(r, "data.pkl", mem)
	if err != nil {
		return nil, err
	}
	m, byKey := &machine{input: in}, make(map[string]any)
	m.stored = func(v any) any {
		id := items(v)
		s, known := m.storage(id, 5, src)
		if s == nil {
			return nil
		}
		switch before := byKey[s.key].(type) {
		case *view:
			m.sameStorage(s, known, before.of)
			return before
		case *object:
			if known {
				m.fail("storage %s is of class %s before", quote(s.key), before.class)
			}
			return before
		}
		e, ok := a.members["data/"+s.key]
		if !ok {
			m.fail("storage %s is not in the archive", quote(s.key))
			return nil
		}
		if !known { // its tensors become objects, which have the name of its class
			byKey[s.key] = m.foreignTensor(id[1].(*global).String())
			return byKey[s.key]
		}
		if e.size/int64(s.typ.Size()) != s.numel || e.size%int64(s.typ.Size()) != 0 {
			m.fail("storage %s has %d bytes in the archive, but %d numbers of %v in the pickle", quote(s.key), e.size, s.numel, s.typ)
			return nil
		}
		s.at, s.crc, s.big = e.at, e.crc, big
		all := &view{s, 0, s.numel}
		byKey[s.key] = all
		return all
	}
	root, err := m.run()
	if err != nil {
		return nil, err
	}
	if in.at < in.end {
		in.fail("more than one pickle")
		return nil, in.err
	}
	for name := range a.members {
		if key, ok := strings.CutPrefix(name, "data/"); ok && byKey[key] == nil && key != "" {
			return nil, formatErr("storage %s is in the archive, but not in the pickle", quote(key))
		}
	}
	return root, nil
}

// bigEndian reports what the archive says of the order of bytes in its storages.
func (a *archive) bigEndian(r io.ReaderAt, mem *budget) (bool, error) {
	if _, ok := a.members["byteorder"]; !ok {
		return false, nil // as files before PyTorch 2.1 are, those from big-endian machines aside
	}
	in, err := a.open(r, "byteorder", mem)
	if err != nil {
		return false, err
	}
	order := in.string(uint64(min(in.end-in.at, 16)))
	if in.err == nil && order != "little" && order != "big" {
		in.fail("found %s, want little or big", quote(order))
	}
	return order == "big", in.err
}

// items returns the items of a list or tuple, or nil.
func items(v any) []any {
	if s, ok := v.(*sequence); ok {
		return s.items
	}
	return nil
}

// storage returns the storage of a persistent id of n parts, or nil if that is none, and
// whether its class is known; its type is then missing:
//
//	("storage", class, key, location, number of numbers, ...)
func (m *machine) storage(id []any, n int, src *source) (s *storage, known bool) {
	if m.err != nil {
		return nil, false
	}
	if len(id) != n || id[0] != "storage" {
		m.fail("a persistent id that is no storage's")
		return nil, false
	}
	class, ok := id[1].(*global)
	if !ok {
		m.fail("a storage without a class")
		return nil, false
	}
	typ, known := storageType(class)
	s = &storage{src: src, typ: typ, untyped: class.name == untypedStorage, at: -1}
	switch key := id[2].(type) { // the location, such as "cuda:0", means nothing here
	case string:
		s.key = key
	case int64:
		s.key = strconv.FormatInt(key, 10)
	}
	if s.key == "" || s.key[0] == '.' || strings.ContainsAny(s.key, "/\\\x00") {
		m.fail("a storage whose key %s is no name", quote(s.key))
		return nil, false
	}
	numel, ok := id[4].(int64)
	least := int64(1) // bytes of a number, where they are not known
	if known {
		least = int64(typ.Size())
	}
	if !ok || numel < 0 || numel > m.mem.file/least {
		m.fail("storage %s: more numbers than the file has, or less than none", quote(s.key))
		return nil, false
	}
	s.numel = numel
	if !m.take(320) { // with its view and its place in a map
		return nil, false
	}
	return s, known
}

// sameStorage checks that a storage that is named again is as it was before.
func (m *machine) sameStorage(again *storage, known bool, before *storage) {
	if !known || again.typ != before.typ || again.untyped != before.untyped || again.numel != before.numel {
		m.fail("storage %s is of %d numbers of %v, but of another class or size before", quote(again.key), again.numel, again.typ)
	}
}

// magic is the first value of the form before zip.
const magic = "0x1950a86a20f9469cfc6c"

// readPickles reads the form before zip and returns the value of its object's pickle.
func readPickles(r io.ReaderAt, size int64, mem *budget, src *source) (any, error) {
	m := &machine{input: newInput(r, "pickle", 0, size, mem)}
	none := func(any) any {
		m.fail("a persistent id outside of the object")
		return nil
	}
	m.stored = none
	for i, name := range []string{"magic number", "protocol", "system"} {
		v, err := m.run()
		if err != nil && i > 0 {
			return nil, err
		}
		switch {
		case i == 0 && v != magic:
			return nil, formatErr("it is a Python pickle, but not from torch.save: save the model's state_dict() with torch.save")
		case i == 1 && v != int64(1001):
			return nil, formatErr("%s: found %v, want 1001", name, v)
		}
	}
	byKey := make(map[string]*storage)
	m.stored = func(v any) any {
		id := items(v)
		if len(id) == 4 && id[0] == "module" { // a class and its source text
			return id[1]
		}
		s, known := m.storage(id, 6, src)
		if s == nil {
			return nil
		}
		if !known { // nor is then how many bytes it has
			m.fail("a storage of class %s, which is not read", quote(id[1].(*global).String()))
			return nil
		}
		if before := byKey[s.key]; before != nil {
			m.sameStorage(s, known, before)
			s = before
		}
		byKey[s.key] = s
		return m.view(s, id[5])
	}
	root, err := m.run()
	if err != nil {
		return nil, err
	}
	m.stored = none
	list, err := m.run()
	if err != nil {
		return nil, err
	}
	keys, ok := list.(*sequence)
	if !ok {
		m.fail("the keys of the storages are no list")
		return nil, m.err
	}
	m.name = "storages"
	for _, v := range keys.items {
		key, _ := v.(string)
		s := byKey[key]
		if s == nil || s.at >= 0 {
			m.fail("storage %s, which is not in the pickle or was there already", quote(key))
			return nil, m.err
		}
		if m.readStorage(s); m.err != nil {
			return nil, m.err
		}
	}
	if m.at < m.end {
		m.fail("the file goes on after its last storage")
		return nil, m.err
	}
	for key, s := range byKey {
		if s.at < 0 {
			return nil, formatErr("storage %s is in the pickle, but not in the file", quote(key))
		}
	}
	return root, nil
}

// view returns the part of s that meta is about: all of it, or (key, offset, size).
func (m *machine) view(s *storage, meta any) any {
	if meta == nil {
		return &view{s, 0, s.numel}
	}
	if v, ok := meta.(*sequence); ok && len(v.items) == 3 {
		offset, ok1 := v.items[1].(int64)
		size, ok2 := v.items[2].(int64)
		if ok1 && ok2 && offset >= 0 && size >= 0 && offset <= s.numel && size <= s.numel-offset {
			return &view{s, offset, size}
		}
	}
	m.fail("a view that is not within storage %s", quote(s.key))
	return nil
}

// readStorage sets where s is, here: behind its count of numbers. Its bytes are
// little-endian on every machine.
func (m *machine) readStorage(s *storage) {
	if n := m.uint(8); m.err == nil && n != uint64(s.numel) {
		m.fail("storage %s has %d numbers, but %d in the pickle", quote(s.key), n, s.numel)
	}
	s.at = m.at
	m.skip(uint64(s.numel) * uint64(s.typ.Size())) // at most the file's size, each
}
