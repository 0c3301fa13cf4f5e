package hdf5

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/autoreg/autoreg/internal/testkit"
)

var (
	mutantCount = flag.Int("hdf5.mutants", 0, "number of mutants of each small file of testdata, of larger ones a twentieth; 0 for 60")
	mutantSeed  = flag.Uint64("hdf5.seed", 1, "seed of the mutants")
)

// use opens b and reads all there is, once, as a program that trusts the file would. An
// error must wrap one of the package's.
func use(b []byte) (values int, err error) {
	known := func(e error) {
		if e != nil && !errors.Is(e, ErrFormat) && !errors.Is(e, ErrUnsupported) && !errors.Is(e, fs.ErrNotExist) {
			err = fmt.Errorf("an error of no known kind: %w", e)
		}
	}
	f, e := Open(bytes.NewReader(b), int64(len(b)))
	if known(e); e != nil {
		return 0, err
	}
	attributes := func(a *Attributes, e error) {
		if known(e); e != nil {
			return
		}
		for _, k := range a.list {
			_, e := a.Strings(k.name)
			if known(e); errors.Is(e, ErrUnsupported) {
				_, e = a.Float64s(k.name)
				known(e)
			}
			if e == nil {
				values++
			}
		}
	}
	known(f.Walk(func(_ string, d *Dataset, e error) error {
		if known(e); e != nil {
			return nil
		}
		attributes(d.Attributes())
		if _, e = d.Float32s(); errors.Is(e, ErrUnsupported) {
			known(e)
			_, e = d.Strings()
		}
		if known(e); e == nil {
			values++
		}
		return nil
	}))
	for _, o := range f.objects {
		if o.links != nil {
			attributes(f.attributes(o))
		}
	}
	return values, err
}

// checkUse uses b, and checks its memory and its time too.
func checkUse(t testing.TB, b []byte) (values int, err error) {
	start := time.Now()
	used := testkit.Allocated(func() { values, err = use(b) })
	if most := 4*uint64(len(b)) + 1<<20; err == nil && used > most && !testkit.RaceEnabled { // the detector allocates too
		err = fmt.Errorf("%d bytes allocated for a file of %d, want at most %d", used, len(b), most)
	}
	if took := time.Since(start); err == nil && took > time.Minute {
		err = fmt.Errorf("it took %v", took)
	}
	return values, err
}

// A recorder notes which parts of a file are read.
type recorder struct {
	r     io.ReaderAt
	parts [][2]int // from, to
}

func (r *recorder) ReadAt(b []byte, at int64) (int, error) {
	r.parts = append(r.parts, [2]int{int(at), int(at) + len(b)})
	return r.r.ReadAt(b, at)
}

// A seed is a file whose structures are known.
type seed struct {
	b      []byte
	fields [][2]int // structures, from and to
	sums   [][2]int // those that end with a checksum
	direct [][2]int // direct blocks of fractal heaps, which have it before the data
}

func newSeed(t testing.TB, b []byte) *seed {
	r := &recorder{r: bytes.NewReader(b)}
	f, err := Open(r, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	describe(f.Root(), nil, map[*object]bool{})
	s := &seed{b: b}
	for _, p := range r.parts {
		part := b[p[0]:p[1]]
		if slices.Contains(s.fields, p) {
			continue
		}
		s.fields = append(s.fields, p)
		switch n := len(part) - 4; {
		case n > 4 && string(part[:4]) == "FHDB":
			s.direct = append(s.direct, p)
		case n > 0 && lookup3(part[:n]) == binary.LittleEndian.Uint32(part[n:]):
			s.sums = append(s.sums, p)
		case bytes.HasPrefix(part, []byte("\x89HDF")) && part[8] >= 2:
			s.sums = append(s.sums, [2]int{p[0], p[0] + 48})
		}
	}
	return s
}

// mutant returns the file with several fields of structures changed at once, each to a
// value that breaks things or that another field makes plausible, and with the checksums
// that fit.
func (s *seed) mutant(rng *rand.Rand) []byte {
	b := slices.Clone(s.b)
	for range 1 + rng.IntN(5) {
		p := s.fields[rng.IntN(len(s.fields))]
		if p[1] == p[0] {
			continue
		}
		at, size := p[0]+rng.IntN(p[1]-p[0]), 1<<rng.IntN(4)
		if rng.IntN(2) == 0 {
			at -= at % size // most fields are aligned
		}
		if at+size > len(b) {
			continue
		}
		var field [8]byte
		copy(field[:], b[at:at+size])
		old := binary.LittleEndian.Uint64(field[:])
		q := s.fields[rng.IntN(len(s.fields))]
		v := [...]uint64{
			0, 1, old + 1, old - 1, old * 2, old ^ 1<<rng.IntN(64), ^uint64(0), ^uint64(0) >> 1, 1 << 31, 1<<32 - 1,
			uint64(p[0]), uint64(q[0]), uint64(q[0]), uint64(q[1] - q[0]), uint64(len(b)), uint64(len(b) - at), rng.Uint64(),
			rng.Uint64() >> rng.IntN(64), uint64(b[q[0]]), old << 32,
		}[rng.IntN(20)]
		binary.LittleEndian.PutUint64(field[:], v)
		copy(b[at:at+size], field[:size])
	}
	if rng.IntN(20) == 0 {
		b = b[:rng.IntN(len(b))]
	}
	if rng.IntN(10) > 0 {
		s.sign(b)
	}
	return b
}

// sign makes the checksums fit.
func (s *seed) sign(b []byte) {
	for _, p := range s.direct {
		if p[1] <= len(b) {
			part := b[p[0]:p[1]]
			at := 5 + 8 + 4 // offsets in the heaps of h5py have 4 bytes (attributes 5)
			for _, n := range []int{at, at + 1} {
				old := binary.LittleEndian.Uint32(s.b[p[0]+n:])
				whole := slices.Clone(s.b[p[0]:p[1]])
				clear(whole[n : n+4])
				if lookup3(whole) == old {
					clear(part[n : n+4])
					binary.LittleEndian.PutUint32(part[n:], lookup3(part))
				}
			}
		}
	}
	for _, p := range s.sums {
		if p[1] <= len(b) {
			binary.LittleEndian.PutUint32(b[p[1]-4:], lookup3(b[p[0]:p[1]-4]))
		}
	}
}

// No mutant of a file makes the reader panic, take more memory than is promised, or work
// for long.
func TestMutants(t *testing.T) {
	for i, name := range testNames(t) {
		t.Run(name, func(t *testing.T) {
			s := newSeed(t, testFile(t, name))
			rng := rand.New(rand.NewPCG(*mutantSeed, uint64(i)))
			start, n, good := time.Now(), *mutantCount, 0
			if n == 0 {
				n = 60
			}
			if len(s.b) > 50000 {
				n /= 20
			}
			for k := range n {
				b := s.mutant(rng)
				values, err := checkUse(t, b)
				if err != nil {
					t.Fatalf("mutant %d of seed %d: %v", k, *mutantSeed, err)
				}
				if values > 0 {
					good++
				}
			}
			t.Logf("%d mutants in %v, %d with values that can be read", n, time.Since(start), good)
			if good == 0 && n >= 60 && name != "virtual_latest" && name != "grown_latest" { // whose data are refused
				t.Errorf("none of %d mutants can be read: the mutations are too coarse", n)
			}
		})
	}
}

// Any bytes give an error or values, within the promised memory.
func FuzzOpen(f *testing.F) {
	for _, name := range testNames(f) {
		if b := testFile(f, name); len(b) < 60000 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := checkUse(t, b); err != nil {
			t.Error(err)
		}
	})
}
