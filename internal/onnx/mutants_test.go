package onnx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// seeds returns the files of testdata, and some made by hand.
func seeds(t testing.TB) (list [][]byte) {
	paths, err := filepath.Glob("testdata/*.onnx")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, b)
	}
	for _, m := range []*Model{started(), merged("ReduceSum"), merged("ReduceMean")} {
		list = append(list, written(t, m))
	}
	return list
}

// checkHostile reads b, which may be anything, and looks for a network in it: within the
// memory that the package promises, with known errors, and what has been read can be
// written and read again. It reports how far it came.
func checkHostile(t testing.TB, b []byte) (read, network bool) {
	var m *Model
	var n *Network
	var err, netErr error
	used := testkit.Allocated(func() {
		if m, err = Read(bytes.NewReader(b), int64(len(b))); err == nil {
			n, netErr = m.Network()
		}
	})
	if most := uint64(4*len(b) + 1<<20); used > most {
		t.Fatalf("%d bytes allocated for a file of %d, want at most %d: %v, %v", used, len(b), most, err, netErr)
	}
	if err != nil {
		if !errors.Is(err, ErrFormat) {
			t.Fatalf("an error that is no ErrFormat: %v", err)
		}
		return false, false
	}
	if a, err := m.Append(nil); err == nil {
		again, err := Read(bytes.NewReader(a), int64(len(a)))
		if err != nil {
			// Names that were written once may take more memory than their file warrants.
			if len(a) < len(b) {
				return true, netErr == nil
			}
			t.Fatalf("written again, then read: %v", err)
		}
		if c, err := again.Append(nil); err != nil || !bytes.Equal(a, c) {
			t.Fatalf("written twice, the bytes differ: %v", err)
		}
	} else if !errors.Is(err, ErrFormat) {
		t.Fatalf("Append: %v", err)
	}
	if netErr != nil {
		if !errors.Is(netErr, ErrFormat) && !errors.Is(netErr, ErrUnsupported) {
			t.Fatalf("Network: an error of no known kind: %v", netErr)
		}
		return true, false
	}
	for _, s := range n.Steps {
		for _, w := range s.Weights {
			size := 1
			for _, d := range w.Shape {
				size *= d
			}
			if size != len(w.Data) || size == 0 {
				t.Fatalf("%s %s: %s of shape %d has %d elements", s.Op, s.Name, w.Name, w.Shape, len(w.Data))
			}
		}
	}
	return true, true
}

func FuzzRead(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { checkHostile(t, b) })
}

func FuzzReadTensor(f *testing.F) {
	for _, kind := range []DType{Float, Float16, Int64, Bool} {
		x := Tensor{Name: "x", DType: kind, Shape: []int{2, 1}, Data: make([]byte, 2*kind.size())}
		b, err := x.AppendTo(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var x *Tensor
		var err error
		used := testkit.Allocated(func() { x, err = ReadTensor(bytes.NewReader(b), int64(len(b))) })
		if used > uint64(4*len(b)+1<<20) {
			t.Errorf("%d bytes allocated for a file of %d", used, len(b))
		}
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("an error that is no ErrFormat: %v", err)
			}
			return
		}
		_, _ = x.Float32s()
		_, _ = x.Int64s()
	})
}

// TestMutants changes several fields of a file at once: numbers, names, operators,
// lengths, places. AUTOREG_MUTANTS is the number of mutants of each file, AUTOREG_SEED
// their seed.
func TestMutants(t *testing.T) {
	n, seed := testkit.Mutants(t, 100)
	rng := rand.New(rand.NewPCG(seed, 11))
	read, networks, total := 0, 0, 0
	for _, b := range seeds(t) {
		for range n {
			tree := parseTree(b, "model")
			var all []*treeField
			tree.list(&all)
			for range 1 + rng.IntN(6) {
				mutateField(rng, all)
			}
			r, w := checkHostile(t, tree.append(nil))
			total++
			if r {
				read++
			}
			if w {
				networks++
			}
		}
	}
	t.Logf("%d mutants: %d were read, %d were networks", total, read, networks)
	if read == 0 || read == total || networks == 0 {
		t.Error("want some of each kind")
	}
}

// treeTypes says of the fields of each message which are messages.
var treeTypes = map[string]map[int]string{
	"model":       {7: "graph", 8: "entry", 14: "entry"},
	"graph":       {1: "node", 5: "tensor", 11: "value", 12: "value", 13: "value"},
	"node":        {5: "attribute"},
	"attribute":   {5: "tensor", 6: "graph", 10: "tensor"},
	"tensor":      {13: "entry"},
	"value":       {2: "type"},
	"type":        {1: "tensor type"},
	"tensor type": {2: "shape"},
	"shape":       {1: "entry"},
}

// A tree is a message with its fields.
type tree struct{ fields []*treeField }

type treeField struct {
	num, wire int
	u         uint64
	b         []byte
	sub       *tree
	kind      string // of sub, or of the message that holds the field
	length    int    // added to the length that is written
	copies    int
}

func parseTree(b []byte, kind string) *tree {
	out := new(tree)
	for m := (message{b, 0}); len(m.b) > 0; {
		f, err := m.next()
		if err != nil {
			panic(err) // of our own files
		}
		x := &treeField{num: f.num, wire: f.wire, u: f.u, b: f.m.b, kind: kind, copies: 1}
		if sub := treeTypes[kind][f.num]; sub != "" {
			x.sub, x.kind = parseTree(f.m.b, sub), sub
		}
		out.fields = append(out.fields, x)
	}
	return out
}

func (m *tree) list(all *[]*treeField) {
	for _, f := range m.fields {
		*all = append(*all, f)
		if f.sub != nil {
			f.sub.list(all)
		}
	}
}

func (m *tree) clone() *tree {
	out := new(tree)
	for _, f := range m.fields {
		x := *f
		if f.sub != nil {
			x.sub = f.sub.clone()
		}
		out.fields = append(out.fields, &x)
	}
	return out
}

func (m *tree) append(b []byte) []byte {
	for _, f := range m.fields {
		for range f.copies {
			b = binary.AppendUvarint(b, uint64(f.num)<<3|uint64(f.wire))
			switch f.wire {
			case varint:
				b = binary.AppendUvarint(b, f.u)
			case fixed32:
				b = binary.LittleEndian.AppendUint32(b, uint32(f.u))
			case fixed64:
				b = binary.LittleEndian.AppendUint64(b, f.u)
			case delimited:
				body := f.b
				if f.sub != nil {
					body = f.sub.append(nil)
				}
				b = binary.AppendUvarint(b, uint64(max(0, len(body)+f.length)))
				b = append(b, body...)
			}
		}
	}
	return b
}

// mutateField changes one field, often to what another one is.
func mutateField(rng *rand.Rand, all []*treeField) {
	f, g := all[rng.IntN(len(all))], all[rng.IntN(len(all))]
	for range 20 { // another field of the same kind
		if g.kind == f.kind && (g.sub == nil) == (f.sub == nil) && g.wire == f.wire {
			break
		}
		g = all[rng.IntN(len(all))]
	}
	numbers := []uint64{0, 1, 2, 3, 16, 1<<31 - 1, 1 << 31, 1 << 32, 1 << 33, 1<<62 + 1, math.MaxInt64, 1 << 63, math.MaxUint64, math.MaxUint64 - 1, f.u + 1, f.u - 1, 2 * f.u, uint64(rng.IntN(32))}
	names := []string{"", "LSTM", "GRU", "RNN", "Gemm", "MatMul", "Add", "Conv", "Gather", "Slice", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Concat", "Shape", "Constant", "ConstantOfShape", "Expand", "Identity", "Softmax", "Loop", "Mul", "Div", "Relu", "direction", "layout", "axis", "axes", "perm", "reverse", "bidirectional", "x", "y"}
	switch k := rng.IntN(14); {
	case k == 0:
		f.copies = 0
	case k == 1:
		f.copies = []int{2, 3, 50}[rng.IntN(3)]
	case k == 2:
		f.num = 1 + rng.IntN(24)
	case k == 3:
		f.wire = rng.IntN(6)
	case k == 4:
		f.length = []int{-1, 1, -1000, 1 << 20, math.MaxInt32 - 1}[rng.IntN(5)]
	case f.wire != delimited && k < 12:
		f.u = numbers[rng.IntN(len(numbers))]
	case f.sub == nil && k < 8:
		f.b = []byte(names[rng.IntN(len(names))])
	case f.sub == nil && k < 10 && len(f.b) > 0:
		f.b = bytes.Clone(f.b)
		f.b[rng.IntN(len(f.b))] = byte(rng.IntN(256))
	case f.sub == nil && k == 10:
		f.b = append(bytes.Clone(f.b), make([]byte, rng.IntN(9))...)
	case f.sub == nil && k == 11:
		f.b = f.b[:rng.IntN(len(f.b)+1)]
	default:
		f.u, f.b = g.u, g.b
		if f.sub != nil && g.sub != nil {
			f.sub = g.sub.clone() // g may hold f
		}
	}
}
