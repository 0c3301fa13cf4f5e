package torchfile

import (
	"bytes"
	"fmt"
	"io"
)

// A File is what torch.save wrote: tensors, which stay in the file until they are read, and
// values. It and its tensors are for one goroutine at a time.
type File struct {
	under   string
	tensors []*Tensor
	rest    []Entry
}

// An Entry is a value with a name or a key.
type Entry struct {
	Name  string
	Value Value
}

// A Value is nil, bool, int64, float64, string (an integer beyond 64 bits and a dtype among
// them: "0x…", "torch.float32"), []byte, List, Dict, *Tensor or *Object.
type Value any

// A List is a list, a tuple or a set.
type List []Value

// A Dict has its keys as texts, in the order of the file.
type Dict []Entry

// An Object is what the file would make with a class or function that is not on the allow-list.
type Object struct {
	Class  string // module and name
	Fields Dict   // its attributes or items, as far as the file has them by name
}

// checkpointKeys are the keys under which training programs keep a state dict beside other
// things: Lightning, many scripts and others. The first that holds tensors, or an object, is
// taken.
var checkpointKeys = []string{"state_dict", "model_state_dict", "model"}

// Open reads what r, of size bytes, says of its tensors and values, and keeps r to read the
// numbers later. Errors about the content wrap [ErrFormat]; others are of r.
func Open(r io.ReaderAt, size int64) (*File, error) {
	mem, src := newBudget(size), &source{r: r, size: size}
	var start [262]byte
	head := start[:max(0, min(size, int64(len(start))))]
	if err := readAt(r, head, 0, "start"); err != nil {
		return nil, err
	}
	read := readPickles
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		read = readArchive
	case bytes.HasSuffix(head, []byte("ustar")):
		read = readTar
	case !bytes.HasPrefix(head, []byte{0x80}):
		return nil, formatErr("it is not a file of torch.save: its first bytes are % x", head[:min(len(head), 8)])
	}
	root, err := read(r, size, mem, src)
	if err != nil {
		return nil, err
	}
	return newFile(root, mem)
}

// Under returns the key of the dict that the tensors are of, such as "state_dict" of a
// checkpoint, or "" if it is all of the file.
func (f *File) Under() string { return f.under }

// Tensors returns the tensors in the order of the file. Keys of nested dicts are joined by
// ".". Names are unique.
func (f *File) Tensors() []*Tensor { return f.tensors }

// Rest returns what else the file holds: first what is beside the dict that the tensors are
// of, by key, then what is among them without being a tensor, by the name that one would have.
func (f *File) Rest() []Entry { return f.rest }

func newFile(root any, mem *budget) (*File, error) {
	s := &sorter{&File{}, mem, make(map[string]struct{})}
	wanted := root
	if d, ok := root.(*dict); ok {
		key, err := s.choose(d)
		if err != nil {
			return nil, err
		}
		if s.under = key; key != "" {
			wanted, _ = d.get(key)
			if err := s.beside(d, key); err != nil {
				return nil, err
			}
		}
	}
	if o, ok := wanted.(*object); ok {
		return nil, formatErr("it holds a whole pickled object of class %s%s, which only its own Python code can rebuild: save model.state_dict() instead, as in torch.save(model.state_dict(), \"weights.pt\")", quote(o.class), s.where(""))
	}
	if _, ok := wanted.(*Tensor); ok {
		return nil, formatErr("it holds one tensor without a name: save a dict, as in torch.save({\"weight\": tensor}, FILE)")
	}
	if err := s.sort("", wanted, 0); err != nil {
		return nil, err
	}
	if len(s.tensors) == 0 {
		return nil, formatErr("it holds no tensors%s", s.where(""))
	}
	for _, t := range s.tensors {
		if err := mem.take(4 * int64(t.numel)); err != nil {
			return nil, formatErr("tensor %s: %w", quote(t.Name), err)
		}
	}
	return s.File, nil
}

// where says of a name where it is.
func (s *sorter) where(name string) string {
	switch {
	case s.under != "" && name != "":
		return fmt.Sprintf(" (%s under %s)", quote(name), quote(s.under))
	case s.under != "" || name != "":
		return fmt.Sprintf(" (%s)", quote(s.under+name))
	}
	return ""
}

// choose returns the first of checkpointKeys that d has with tensors or an object, or "".
func (s *sorter) choose(d *dict) (string, error) {
	for _, key := range checkpointKeys {
		v, _ := d.get(key)
		switch v := v.(type) {
		case *object:
			return key, nil
		case *dict:
			has, err := s.hasTensors(v, 0)
			if has || err != nil {
				return key, err
			}
		}
	}
	return "", nil
}
