package torchfile

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// A part is a member of a container: pickles, as their instructions, and what is between.
type part struct {
	name   string
	pieces [][]string // of one string if it is no pickle
}

// A mutable is a file taken apart so that its fields can be changed and it is put together
// again with lengths and checksums that fit, if they are not among what is changed.
type mutable struct {
	name  string
	parts []part
	build func(rng *rand.Rand, changes int, parts []part) []byte
}

// pieces splits b into at most most pickles and what is between them.
func pieces(t testing.TB, b []byte, most int) (list [][]string) {
	for len(b) > 0 {
		if b[0] == 0x80 && most > 0 {
			p := tokens(t, b)
			list = append(list, p)
			b, most = b[len(strings.Join(p, "")):], most-1
			continue
		}
		n := bytes.Index(b, []byte("\x80\x02"))
		if n <= 0 || most == 0 {
			n = len(b)
		}
		list = append(list, []string{string(b[:n])})
		b = b[n:]
	}
	return list
}

// mutables takes files of testdata apart.
func mutables(t testing.TB) (list []mutable) {
	whole := func(in *input) []byte { return in.bytes(uint64(in.end - in.at)) }
	for _, name := range []string{"every.zip4.pt", "lightning.ckpt", "nested.pt", "module.pt", "every.legacy.pt", "lightning.legacy.ckpt", "old.tar.pt"} {
		b := testFile(t, name)
		r, size := bytes.NewReader(b), int64(len(b))
		m := mutable{name: name}
		switch {
		case string(b[:2]) == "PK":
			a, err := readZip(r, size, newBudget(size))
			if err != nil {
				t.Fatal(err)
			}
			for short := range a.members {
				in, err := a.open(r, short, newBudget(size))
				if err != nil {
					t.Fatal(err)
				}
				most := 0
				if short == "data.pkl" {
					most = 1
				}
				m.parts = append(m.parts, part{a.name + "/" + short, pieces(t, whole(in), most)})
			}
			m.build = buildZip
		case b[0] == 0x80:
			m.parts = []part{{"", pieces(t, b, 5)}}
			m.build = func(_ *rand.Rand, _ int, parts []part) []byte { return joined(parts[0]) }
		default:
			members, err := tarMembers(r, size, newBudget(size))
			if err != nil {
				t.Fatal(err)
			}
			for short, in := range members {
				m.parts = append(m.parts, part{short, pieces(t, whole(in), math.MaxInt)})
			}
			m.build = buildTar
		}
		slices.SortFunc(m.parts, func(a, b part) int { return cmp.Compare(a.name, b.name) })
		list = append(list, m)
	}
	return list
}

func joined(p part) (b []byte) {
	for _, piece := range p.pieces {
		for _, s := range piece {
			b = append(b, s...)
		}
	}
	return b
}

// interesting numbers: limits, and those beside what is in the files.
func interesting(rng *rand.Rand) int64 {
	list := []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 60, 64, 127, 128, 255, 256, 1 << 15, 1<<16 - 1, 1 << 16, 1 << 20, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1 << 40, 1 << 60, 1 << 61, 1 << 62, math.MaxInt64}
	v := list[rng.IntN(len(list))]
	switch rng.IntN(8) {
	case 0:
		v = -v
	case 1:
		v--
	case 2:
		v++
	}
	return v
}

// buildZip puts an archive together and changes fields of its headers.
func buildZip(rng *rand.Rand, changes int, parts []part) []byte {
	z := &zipSpec{zip64: rng.IntN(2) == 0}
	for _, p := range parts {
		m := z.add(p.name, string(joined(p)))
		if rng.IntN(2) == 0 {
			m.crc = 0
		}
	}
	for range changes {
		m, other, v := z.members[rng.IntN(len(z.members))], z.members[rng.IntN(len(z.members))], interesting(rng)
		switch rng.IntN(12) {
		case 0:
			m.name = other.name
		case 1:
			m.name, m.local = other.name, other.local
		case 2:
			m.size, m.packed = uint64(v), uint64(v)
		case 3:
			m.size = uint64(v)
		case 4:
			m.packed = other.packed
		case 5:
			m.at = v
		case 6:
			m.method, m.flags = uint16(v), uint16(interesting(rng))
		case 7:
			z.count = uint64(v)
		case 8:
			z.start = uint64(v)
		case 9:
			m.name = []string{"", "/", "m/", "../x", "m/data.pkl", "x/constants.pkl", "every/data/0", "a\\b", "\xff"}[rng.IntN(9)]
			m.local = m.name
		case 10:
			z.members = slices.DeleteFunc(z.members, func(e *zipMember) bool { return e == m && len(z.members) > 1 })
		case 11:
			m.size, m.packed = m.size+uint64(v), m.packed+uint64(v)
		}
	}
	return z.bytes()
}

// buildTar puts a tar archive together and changes fields of its headers.
func buildTar(rng *rand.Rand, changes int, parts []part) (b []byte) {
	for _, p := range parts {
		data := joined(p)
		head := make([]byte, tarBlock)
		copy(head, p.name)
		copy(head[124:], fmt.Sprintf("%011o", len(data)))
		head[156] = '0'
		copy(head[257:], "ustar")
		for range changes {
			switch rng.IntN(8) {
			case 0:
				copy(head[124:136], fmt.Sprintf("%012o", interesting(rng)))
			case 1:
				head[156] = "0x5gL\x00"[rng.IntN(6)]
			case 2:
				clear(head[:100])
				copy(head, parts[rng.IntN(len(parts))].name)
			case 3:
				head[rng.IntN(tarBlock)] = byte(rng.Uint32())
			}
		}
		b = append(append(b, head...), data...)
		b = append(b, make([]byte, (tarBlock-len(data)%tarBlock)%tarBlock)...)
	}
	return append(b, make([]byte, 2*tarBlock)...)
}

// instruction returns an instruction that takes the place of another.
func instruction(rng *rand.Rand, old string) string {
	v := interesting(rng)
	switch old[0] {
	case 'J', 'K', 'M', 0x8a: // an integer
		return "\x8a\x08" + string(le.AppendUint64(nil, uint64(v)))
	case 'X', 0x8c: // a string
		s := []string{"", "0", "1", "storage", "module", "cpu", "../0", "torch", "FloatStorage", "state_dict", "model", strings.Repeat("x", 300)}[rng.IntN(12)]
		if rng.IntN(4) == 0 { // of a length that is not there
			return "\x8d" + string(le.AppendUint64(nil, uint64(v))) + s
		}
		return "\x8d" + string(le.AppendUint64(nil, uint64(len(s)))) + s
	case 'c', 0x93: // a class
		return []string{
			floatStorage, class("torch", "BoolStorage"), class("torch", "DoubleStorage"), class("torch", "ComplexFloatStorage"), class("torch.storage", "UntypedStorage"),
			class("torch._utils", "_rebuild_tensor_v2"), class("torch._utils", "_rebuild_tensor_v3"), class("torch._utils", "_rebuild_tensor"), class("torch._utils", "_rebuild_parameter"),
			class("collections", "OrderedDict"), class("torch", "Size"), class("torch", "device"), class("torch", "float64"), class("__builtin__", "set"), class("os", "system"), class("a", "B"),
		}[rng.IntN(16)]
	case 'q', 'r', 'h', 'j', 0x94: // a memo
		return string("rj"[rng.IntN(2)]) + string(le.AppendUint32(nil, uint32(v)))
	}
	const simple = "(0012N\x88\x89]ae)\x85\x86\x87tl\x91}dsu\x8f\x90\x94\x93R\x81\x92bQQ.I\x95\x97"
	return simple[rng.IntN(len(simple)-2):][:1]
}

// mutate changes a piece.
func mutate(rng *rand.Rand, piece []string, others []string) []string {
	if len(piece) == 1 { // numbers
		b := []byte(piece[0])
		switch k := rng.IntN(len(b) + 1); rng.IntN(5) {
		case 0:
			b = b[:k]
		case 1:
			b = slices.Insert(b, k, make([]byte, rng.IntN(40))...)
		case 2:
			copy(b[k:], le.AppendUint64(nil, uint64(interesting(rng))))
		case 3:
			copy(b[k/8*8:], le.AppendUint64(nil, uint64(interesting(rng))))
		case 4:
			copy(b[k:], []byte{byte(rng.Uint32())})
		}
		return []string{string(b)}
	}
	i, j := rng.IntN(len(piece)), rng.IntN(len(piece))
	switch rng.IntN(10) {
	case 0, 1, 2, 3:
		piece[i] = instruction(rng, piece[i])
	case 4:
		piece[i] = others[rng.IntN(len(others))]
	case 5:
		piece = slices.Delete(piece, i, i+1)
	case 6:
		piece = slices.Insert(piece, i, piece[j])
	case 7:
		piece[i], piece[j] = piece[j], piece[i]
	case 8: // a run of instructions again
		if n := min(rng.IntN(40), len(piece)-j); n > 0 {
			piece = slices.Insert(piece, i, piece[j:j+n]...)
		}
	case 9:
		b := []byte(piece[i])
		b[rng.IntN(len(b))] = byte(rng.Uint32())
		piece[i] = string(b)
	}
	return piece
}

// TestMutants changes several fields of a file at once: numbers, strings, classes and order
// of a pickle's instructions, counts, headers of the container. Whatever comes of it is an
// error, or a file whose tensors can be read, in the memory that its size warrants.
//
// AUTOREG_MUTANTS is their number, AUTOREG_SEED their seed.
func TestMutants(t *testing.T) {
	n, seed := testkit.Mutants(t, 1400)
	files := mutables(t)
	for k, m := range files {
		t.Run(m.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, uint64(k)))
			good := 0
			for i := range (n + len(files) - 1) / len(files) {
				b := m.mutant(rng)
				if _, err := check(t, b); err == nil {
					good++
				}
				if t.Failed() {
					file := fmt.Sprintf("%s/mutant", t.ArtifactDir())
					t.Fatalf("mutant %d: in %s: %v", i, file, os.WriteFile(file, b, 0o600))
				}
			}
			t.Logf("%d of the mutants were read", good)
			if good == 0 && m.name != "module.pt" {
				t.Error("no mutant was read: too much is changed")
			}
		})
	}
	runtime.GC()
}

// mutant returns a file with some fields changed.
func (m *mutable) mutant(rng *rand.Rand) []byte {
	parts := slices.Clone(m.parts)
	var others []string
	for i, p := range parts {
		parts[i].pieces = slices.Clone(p.pieces)
		for k, piece := range p.pieces {
			parts[i].pieces[k] = slices.Clone(piece)
			if len(piece) > 1 {
				others = piece
			}
		}
	}
	headers := 0
	for range 1 + rng.IntN(4) {
		if rng.IntN(6) == 0 {
			headers++
			continue
		}
		i := rng.IntN(len(parts))
		if rng.IntN(2) == 0 { // one with a pickle
			i = max(0, slices.IndexFunc(parts, func(p part) bool { return len(p.pieces) > 0 && len(p.pieces[0]) > 1 }))
		}
		if p := parts[i].pieces; len(p) > 0 {
			k := rng.IntN(len(p))
			if len(p[k]) > 0 {
				p[k] = mutate(rng, p[k], others)
			}
		}
	}
	return m.build(rng, headers, parts)
}

// FuzzOpen holds any bytes to the promises.
func FuzzOpen(f *testing.F) {
	for _, m := range mutables(f) {
		f.Add(testFile(f, m.name))
	}
	for _, name := range []string{"training.pt", "module.legacy.pt", "script.jit", "system.pt", "complex.pt", "quantised.pt", "every.legacy5.pt"} {
		f.Add(testFile(f, name))
	}
	f.Fuzz(func(t *testing.T, b []byte) { check(t, b) })
}
