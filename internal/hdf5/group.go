package hdf5

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

const maxName = 4096 // bytes of the name of a link

// A Group is a set of links to objects, each with a name.
type Group struct {
	f    *File
	o    *object
	path string
}

// A link is a name and what it stands for.
type link struct {
	name  string
	kind  string // "hard", or that of a link that is not read
	addr  uint64 // of the object header, of a hard link
	order uint64 // of creation, if the group tracks it
}

// links are the links of a group.
type links struct {
	stored []string // names, in order of creation if the group tracks it, else by name
	byName []link
}

// group returns the group whose object header is at addr.
func (f *File) group(addr uint64, path string) (*Group, error) {
	o, err := f.object(addr)
	if err == nil && o.links == nil {
		if kind := o.kind(); kind != "group" {
			return nil, unsupported("%s is a %s, want a group", pathText(path), kind)
		}
		o.links, err = f.readLinks(o)
	}
	if err != nil {
		return nil, wrap("group", path, err)
	}
	return &Group{f, o, path}, nil
}

// readLinks returns the links of a group.
func (f *File) readLinks(o *object) (*links, error) {
	l := &links{}
	tracked := false
	add := func(k link) error {
		if k.name == "" || len(k.name) > maxName {
			return formatErr("the name of a link has %d bytes, want 1 to %d", len(k.name), maxName)
		}
		if strings.Contains(k.name, "/") {
			return formatErr("a link is called %s", quote(k.name))
		}
		// The link, which append may copy twice; the name; both again in stored.
		if err := f.charge(uint64(176+len(k.name)), 1); err != nil {
			return err
		}
		l.byName = append(l.byName, k)
		return nil
	}
	for _, m := range o.messages {
		c := &cursor{b: m.body, f: f}
		var err error
		switch {
		case m.kind != msgSymbolTable && m.kind != msgLinkInfo && m.kind != msgLink:
		case m.shared:
			err = unsupported("a shared message of kind %d", m.kind)
		case m.kind == msgSymbolTable:
			err = f.symbolTable(c, add)
		case m.kind == msgLinkInfo:
			tracked, err = f.linkInfo(c, add)
		case m.kind == msgLink:
			err = linkMessage(c, add)
		}
		if err != nil {
			return nil, err
		}
	}
	if tracked {
		slices.SortStableFunc(l.byName, func(a, b link) int { return cmp.Compare(a.order, b.order) })
	} else {
		slices.SortFunc(l.byName, func(a, b link) int { return cmp.Compare(a.name, b.name) })
	}
	l.stored = make([]string, len(l.byName))
	for i, k := range l.byName {
		l.stored[i] = k.name
	}
	slices.SortFunc(l.byName, func(a, b link) int { return cmp.Compare(a.name, b.name) })
	for i := 1; i < len(l.byName); i++ {
		if l.byName[i].name == l.byName[i-1].name {
			return nil, formatErr("two links are called %s", quote(l.byName[i].name))
		}
	}
	return l, nil
}

// linkInfo adds the links that are not messages of the object header, and reports
// whether the group tracks their order of creation.
func (f *File) linkInfo(c *cursor, add func(link) error) (tracked bool, err error) {
	version, flags := c.uint(1), c.uint(1)
	if version != 0 {
		return false, unsupported("link info: version %d, want 0", version)
	}
	if tracked = flags&1 != 0; tracked {
		c.take(8)
	}
	heap, index := c.offset(), c.offset()
	if err := c.end("link info"); err != nil || heap == undefined {
		return tracked, err
	}
	h, err := f.fractalHeap(heap)
	if err != nil {
		return false, err
	}
	return tracked, f.tree2(index, 5, func(rec *cursor) error {
		rec.take(4) // hash of the name
		b, err := h.object(rec.b)
		if err != nil {
			return err
		}
		return linkMessage(&cursor{b: b, f: f}, add)
	})
}

// linkMessage adds the link of a link message.
func linkMessage(c *cursor, add func(link) error) error {
	version, flags := c.uint(1), c.uint(1)
	if version != 1 && !c.short {
		return unsupported("link message: version %d, want 1", version)
	}
	k := link{kind: "hard"}
	if flags&8 != 0 {
		switch t := c.uint(1); t {
		case 0:
		case 1:
			k.kind = "soft"
		case 64:
			k.kind = "external"
		default:
			k.kind = "user-defined"
		}
	}
	if flags&4 != 0 {
		k.order = c.uint(8)
	}
	if flags&16 != 0 {
		c.take(1) // character set
	}
	k.name = string(c.take(min(c.uint(1<<(flags&3)), maxName+1)))
	if k.kind == "hard" {
		k.addr = c.offset()
	}
	if err := c.end("link message"); err != nil {
		return err
	}
	return add(k)
}

// Names returns the names of the links of g, in order of creation if the group tracks it
// and by name otherwise. The slice belongs to the caller.
func (g *Group) Names() []string { return slices.Clone(g.o.links.stored) }

// Path returns the names from the root to g with slashes between, "" for the root.
func (g *Group) Path() string { return g.path }

// link returns the link of that name.
func (g *Group) link(name string) (link, error) {
	list := g.o.links.byName
	i, ok := slices.BinarySearchFunc(list, name, func(k link, s string) int { return cmp.Compare(k.name, s) })
	if !ok {
		return link{}, fmt.Errorf("%w: there is no %s in group %s", fs.ErrNotExist, quote(name), pathText(g.path))
	}
	return list[i], nil
}

// lookup returns the object that path leads to from g, and its path from the root.
func (g *Group) lookup(path string) (addr uint64, full string, err error) {
	first, rest, deeper := strings.Cut(path, "/")
	full = join(g.path, first)
	k, err := g.link(first)
	if err != nil {
		return 0, "", err
	}
	if k.kind != "hard" {
		return 0, "", unsupported("%s is a link of kind %s, which is not followed: replace it by a copy of the object", pathText(full), k.kind)
	}
	if !deeper {
		return k.addr, full, nil
	}
	next, err := g.f.group(k.addr, full)
	if err != nil {
		return 0, "", err
	}
	return next.lookup(rest)
}

// Kind returns what the link called name leads to: "group", "data set", or something that
// this package does not read, "committed datatype" or "soft link" for example.
func (g *Group) Kind(name string) (string, error) {
	k, err := g.link(name)
	if err != nil {
		return "", err
	}
	if k.kind != "hard" {
		return k.kind + " link", nil
	}
	o, err := g.f.object(k.addr)
	if err != nil {
		return "", wrap("object", join(g.path, name), err)
	}
	return o.kind(), nil
}

// Group returns the group that path, names with slashes between, leads to from g.
func (g *Group) Group(path string) (*Group, error) {
	addr, full, err := g.lookup(path)
	if err != nil {
		return nil, err
	}
	return g.f.group(addr, full)
}

// Dataset returns the data set that path leads to from g. Its data are not read.
func (g *Group) Dataset(path string) (*Dataset, error) {
	addr, full, err := g.lookup(path)
	if err != nil {
		return nil, err
	}
	return g.f.dataset(addr, full)
}

// Attributes returns the attributes of g.
func (g *Group) Attributes() (*Attributes, error) {
	a, err := g.f.attributes(g.o)
	return a, wrap("group", g.path, err)
}

func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

// pathText is path as it stands in messages.
func pathText(path string) string {
	if path == "" {
		return "/"
	}
	return quote(path)
}
