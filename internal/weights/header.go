package weights

import (
	"cmp"
	"math"
	"slices"

	"github.com/autoreg/autoreg/internal/dtype"
)

// An entry is one tensor as the header describes it: Data is still to come.
type entry struct {
	name       string
	shape      []int
	dtype      dtype.Type
	n          int64 // elements
	begin, end int64 // bytes within the data; end-begin is that of n elements
}

// parseHeader checks the whole header and returns the metadata, never nil, and
// the tensors in the order of their data, which they cover without gap from 0. If
// foreign, their dtypes may be others than F32.
// Its memory is proportional to len(b).
func parseHeader(b []byte, foreign bool) (map[string]string, []entry, error) {
	p := parser{b: b, foreign: foreign}
	if err := p.checkText(); err != nil {
		return nil, nil, err
	}
	var (
		meta    map[string]string
		entries []entry
		seen    = make(map[string]struct{})
	)
	err := p.object(func(key string) error {
		if _, dup := seen[key]; dup {
			return p.fail("key %s appears twice", quote(key))
		}
		seen[key] = struct{}{}
		if key == metadataKey {
			var err error
			meta, err = p.metadata()
			return err
		}
		e, err := p.entry(key)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if p.space(); p.i < len(b) {
		return nil, nil, p.fail("unexpected text after the header's object")
	}
	if meta == nil {
		meta = make(map[string]string)
	}
	return meta, entries, layOut(entries)
}

// layOut sorts entries by their place in the data and checks that each begins
// where the one before it ends.
func layOut(entries []entry) error {
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	at := int64(0)
	for _, e := range entries {
		switch {
		case e.begin > at:
			return formatErr("tensor %s: begins at data byte %d and leaves a hole from %d", quote(e.name), e.begin, at)
		case e.begin < at:
			return formatErr("tensor %s: begins at data byte %d and overlaps what ends at %d", quote(e.name), e.begin, at)
		}
		at = e.end
	}
	return nil
}

// metadata parses the value of "__metadata__".
func (p *parser) metadata() (map[string]string, error) {
	meta, keys := make(map[string]string), 0
	err := p.object(func(key string) error {
		if _, dup := meta[key]; dup {
			return p.fail("metadata key %s appears twice", quote(key))
		}
		// A map costs many times the few bytes of the shortest members.
		if key != KeyChecksum {
			keys++
		}
		if keys > MaxMetadata {
			return p.fail("metadata has more than %d keys", MaxMetadata)
		}
		value, err := p.str("a string as metadata " + quote(key))
		meta[key] = value
		return err
	})
	return meta, err
}

// entry parses and checks what the header says about one tensor.
func (p *parser) entry(name string) (entry, error) {
	var (
		e       = entry{name: name}
		typ     string
		known   bool
		offsets []int64
		haveD   bool
		haveS   bool
		haveO   bool
	)
	p.tensor = name
	defer func() { p.tensor = "" }()
	err := p.object(func(key string) (err error) {
		var have *bool
		switch key {
		case "dtype":
			have = &haveD
			typ, err = p.str("a string as dtype")
		case "shape":
			have = &haveS
			var dims []int64
			dims, err = p.integers(MaxRank, MaxDim, "shape")
			e.shape = make([]int, len(dims))
			for i, d := range dims {
				e.shape[i] = int(d) // at most MaxDim
			}
		case "data_offsets":
			have = &haveO
			offsets, err = p.integers(2, math.MaxInt64, "data_offsets")
		default:
			return p.fail("unknown key %s", quote(key))
		}
		if err == nil && *have {
			return p.fail("key %q appears twice", key)
		}
		*have = true
		return err
	})
	if err != nil {
		return e, err
	}
	e.dtype, known = dtype.Parse(typ)
	switch {
	case !haveD:
		return e, p.fail("no dtype")
	case !haveS:
		return e, p.fail("no shape")
	case !haveO:
		return e, p.fail("no data_offsets")
	case !known || e.dtype != dtype.F32 && !p.foreign:
		return e, p.fail("dtype %s is not supported, only F32: convert the tensors with the program that wrote them", quote(typ))
	case len(offsets) != 2:
		return e, p.fail("data_offsets %d, want begin and end", offsets)
	}
	e.begin, e.end = offsets[0], offsets[1]
	if e.begin > e.end {
		return e, p.fail("data_offsets %d: end before begin", offsets)
	}
	var ok bool
	e.n, ok = elements(e.shape)
	size := int64(e.dtype.Size())
	if !ok || e.n > math.MaxInt64/size {
		return e, p.fail("shape %d: the size overflows 64 bits", e.shape)
	}
	if size*e.n != e.end-e.begin {
		return e, p.fail("data_offsets %d hold %d bytes, but %v of shape %d takes %d", offsets, e.end-e.begin, e.dtype, e.shape, size*e.n)
	}
	return e, nil
}
