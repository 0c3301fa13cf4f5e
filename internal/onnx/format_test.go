package onnx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// tensors.onnx has a tensor of each type as a field of numbers and as raw bytes.
func TestTensors(t *testing.T) {
	m := readModel(t, "testdata/tensors.onnx")
	whole := map[string][]int64{
		"int8": {0, 1, -2, 100, 127}, "uint8": {0, 1, 2, 100, 127}, "int16": {0, 1, -2, 100, 127}, "uint16": {0, 1, 2, 100, 127},
		"int32": {0, 1, -2, 100, 127}, "uint32": {0, 1, 2, 100, 127}, "int64": {0, 1, -2, 100, 127}, "uint64": {0, 1, 2, 100, 127}, "bool": {0, 1, 1, 0, 1},
	}
	seen := 0
	for _, x := range m.Graph.Initializers {
		form, kind, _ := strings.Cut(x.Name, "_")
		if form != "typed" && form != "raw" {
			continue
		}
		seen++
		shape := []int{5}
		if form == "raw" {
			shape = []int{5, 1}
		}
		if x.DType.String() != kind || !slices.Equal(x.Shape, shape) {
			t.Errorf("%s: %s of shape %d", x.Name, x.DType, x.Shape)
		}
		if x.DType.IsFloat() {
			want := []float32{0, 1, -2.5, 0.09375, 300}
			got, err := x.Float32s()
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: %v, %v; want %v", x.Name, got, err, want)
			}
			if _, err := x.Int64s(); err == nil {
				t.Errorf("%s: integers of floats", x.Name)
			}
			continue
		}
		if got, err := x.Int64s(); err != nil || !slices.Equal(got, whole[kind]) {
			t.Errorf("%s: %v, %v; want %v", x.Name, got, err, whole[kind])
		}
		if _, err := x.Float32s(); err == nil {
			t.Errorf("%s: floats of integers", x.Name)
		}
	}
	if seen != 26 {
		t.Errorf("%d tensors, want 26", seen)
	}
}

// The rest of tensors.onnx.
func TestModelFields(t *testing.T) {
	m := readModel(t, "testdata/tensors.onnx")
	got := fmt.Sprintf("%d %q", m.IRVersion, []string{m.Producer, m.ProducerVersion, m.Doc, m.Graph.Name, m.Graph.Doc}) + fmt.Sprint(m.Opsets, m.Metadata, m.Graph.Inputs, m.Graph.Outputs)
	if want := `8 ["make.py" "1" "a model" "all" "a graph"][{ 13} {example 1}] [{key value}] [{in  float [{0 batch false} {3  true} {0  false}] true}] [{out  int64 [] true}]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	n := m.Graph.Nodes[0]
	var list []string
	for _, a := range n.Attributes {
		name := ""
		if a.T != nil {
			name = a.T.Name
		}
		list = append(list, fmt.Sprintf("%s:%d %g %d %q %s %v %v %q %d", a.Name, a.Type, a.F, a.I, a.S, name, a.Floats, a.Ints, a.Strings, a.Subgraphs))
	}
	slices.Sort(list)
	want := []string{
		`else_branch:5 0 0 ""  [] [] [] 1`, `f:1 0.5 0 ""  [] [] [] 0`, `floats:6 0 0 ""  [1.5 2] [] [] 0`, `i:2 0 3 ""  [] [] [] 0`,
		`ints:7 0 0 ""  [] [1 -1] [] 0`, `s:3 0 0 "text"  [] [] [] 0`, `strings:8 0 0 ""  [] [] ["a" ""] 0`,
		`t:4 0 0 "" typed_float [] [] [] 0`, `then_branch:5 0 0 ""  [] [] [] 1`,
	}
	if !slices.Equal(list, want) {
		t.Errorf("attributes %q, want %q", list, want)
	}
	if n := m.Graph.Nodes[1]; n.Domain != "example" || !slices.Equal(n.Inputs, []string{"", "raw_float"}) || !slices.Equal(n.Outputs, []string{"", "z"}) {
		t.Errorf("node %+v", n)
	}
	// Written and read again it is the same, but for the text, which is not kept.
	if _, err := m.Append(nil); err == nil || err.Error() != `tensor "text": values of string are not supported` {
		t.Errorf("Append: %v", err)
	}
	m.Graph.Initializers = slices.DeleteFunc(m.Graph.Initializers, func(x Tensor) bool { return x.Name == "text" })
	again := readBytes(t, written(t, m))
	m.budget, again.budget = budget{}, budget{}
	if !reflect.DeepEqual(m, again) {
		t.Errorf("written and read again:\n%+v\n%+v", m.Graph, again.Graph)
	}
}

// The bytes of a model, field by field.
func TestAppend(t *testing.T) {
	m := &Model{IRVersion: 7, Producer: "p", Opsets: []Opset{{"", 13}}, Metadata: []Entry{{"k", "v"}}, Graph: &Graph{
		Name:         "g",
		Nodes:        []Node{{Op: "Abs", Inputs: []string{"x", ""}, Outputs: []string{"y"}, Attributes: []Attribute{intsAttribute("n", 1, -1), {Name: "f", Type: FloatAttribute, F: 1}}}},
		Initializers: []Tensor{NewFloats("x", []int{1}, []float32{-2})},
		Outputs:      []Value{{Name: "y", DType: Float, Ranked: true, Shape: []Dim{{Size: 300, Known: true}, {Name: "b"}, {}}}},
	}}
	node := wire(1, wire(1, "x"), wire(1), wire(2, "y"), wire(4, "Abs"),
		wire(5, wire(1, "n"), "\x40\x01", "\x40", strings.Repeat("\xff", 9), "\x01", "\xa0\x01\x07"),
		wire(5, wire(1, "f"), "\x15\x00\x00\x80\x3f", "\xa0\x01\x01"))
	tensor := wire(5, "\x08\x01", "\x10\x01", wire(8, "x"), wire(9, "\x00\x00\x00\xc0"))
	output := wire(12, wire(1, "y"), wire(2, wire(1, "\x08\x01", wire(2, wire(1, "\x08\xac\x02"), wire(1, wire(2, "b")), wire(1)))))
	want := "\x08\x07" + wire(2, "p") + wire(7, node, wire(2, "g"), tensor, output) + wire(8, wire(1), "\x10\x0d") + wire(14, wire(1, "k"), wire(2, "v"))
	for range 2 {
		if got := written(t, m); string(got) != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
	var b bytes.Buffer
	if n, err := m.WriteTo(&b); err != nil || n != int64(len(want)) || b.String() != want {
		t.Errorf("WriteTo = %d, %v", n, err)
	}
	if b, err := m.Append([]byte("before")); err != nil || string(b) != "before"+want {
		t.Errorf("Append to what is there: %q, %v", b, err)
	}
	if _, err := new(Model).Append(nil); !errors.Is(err, ErrFormat) {
		t.Errorf("Append without a graph: %v", err)
	}
}

// ONNX' own models come back to the byte.
func TestAppendNodeCases(t *testing.T) {
	if _, err := os.Stat(nodeTests); err != nil {
		t.Skip("the package libonnx-testdata is not installed: ", err)
	}
	same := 0
	for _, kind := range []string{"lstm", "gru", "rnn", "simple_rnn"} {
		paths, err := filepath.Glob(filepath.Join(nodeTests, "test_"+kind+"_*", "model.onnx"))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			b, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(written(t, readBytes(t, b)), b) {
				t.Errorf("%s: written again, the bytes differ", p)
			}
			same++
		}
	}
	if same != 12 {
		t.Errorf("%d models, want 12", same)
	}
}

// wire returns a field with a length.
func wire(num int, body ...string) string {
	text := strings.Join(body, "")
	return string(binary.AppendUvarint(binary.AppendUvarint(nil, uint64(num)<<3|2), uint64(len(text)))) + text
}

func TestReadErrors(t *testing.T) {
	tensor := func(fields ...string) string { return wire(7, wire(5, append(fields, wire(8, "x"))...)) }
	const float, text = "\x10\x01", "\x10\x08"
	for _, c := range []struct{ file, want string }{
		{"", "there is no graph: this is no ONNX file"},
		{"\x08\x07", "there is no graph: this is no ONNX file"},
		{"\x89HDF\r\n\x1a\n", "byte 0: the message ends within a field"},
		{"PK\x03\x04", "byte 2: field number 0: this is no ONNX file, or it is damaged"},
		{"\x00\x00", "byte 0: field number 0: this is no ONNX file, or it is damaged"},
		{"\x0b\x04", "byte 0: wire type 3: this is no ONNX file, or it is damaged"},
		{"\x3a\x05\x0a", "byte 0: a field of 5 bytes where 1 remain"},
		{"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "byte 0: a field of 18446744073709551615 bytes where 0 remain"},
		{"\x3a\xff", "byte 1: a number is cut off or exceeds 64 bits"},
		{"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "byte 1: a number is cut off or exceeds 64 bits"},
		{"\x38\x01", "byte 0: field 7 has wire type 0, want 2"},
		{wire(7) + wire(7), "byte 2: a second graph"},
		{wire(7, wire(15)), "byte 2: a sparse tensor, which is not read: save it as a dense one"},
		{tensor("\x08\x02", float, wire(13, wire(1, "location"), wire(2, "../weights.bin"))), `tensor "x": its values are in another file, "../weights.bin": save the model with the weights inside`},
		{tensor("\x08\x02", float, "\x70\x01"), `tensor "x": its values are in another file, "": save the model with the weights inside`},
		{tensor("\x08\x02", float, wire(9, "1234567")), `tensor "x": 7 bytes of data, but float of shape [2] takes 8`},
		{tensor("\x08\x02", float), `tensor "x": 0 bytes of data, but float of shape [2] takes 8`},
		{tensor("\x08\x02", float, wire(7, "\x01\x02")), `tensor "x": values in field 7, want those of float in field 4`},
		{tensor("\x08\x02", float, wire(4, "1234567")), `byte 8: field 4: a list of 7 bytes ends within a number`},
		{tensor(strings.Repeat("\x08\x01", 17), float), `tensor "x": 17 dimensions, at most 16 are read`},
		{tensor("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", float), `tensor "x": dimension -1 is negative or does not fit into this machine's memory`},
		{tensor(strings.Repeat("\x08\xff\xff\xff\xff\x07", 3), float), `tensor "x": shape [2147483647 2147483647 2147483647] is too large or negative`},
		{tensor(wire(3), float), `byte 4: a tensor in segments, which is not read`},
	} {
		if math.MaxInt == math.MaxInt32 && strings.Contains(c.want, "2147483647") {
			continue // the first dimension is too large already
		}
		m, err := Read(strings.NewReader(c.file), int64(len(c.file)))
		if err == nil {
			t.Errorf("%q: no error, want %s", c.file, c.want)
			continue
		}
		if m != nil || !errors.Is(err, ErrFormat) || err.Error() != c.want {
			t.Errorf("%q:\ngot  %v\nwant %s", c.file, err, c.want)
		}
	}
	if m := readBytes(t, []byte(tensor("\x08\x02", text, wire(6, "a"), wire(6, "b")))); m.Graph.Initializers[0].Data != nil {
		t.Error("data of a tensor of strings")
	}
	for _, size := range []int64{-1, math.MaxInt32 + 1} {
		if _, err := Read(strings.NewReader(""), size); !errors.Is(err, ErrFormat) {
			t.Errorf("size %d: %v", size, err)
		}
	}
	if _, err := Read(strings.NewReader("12"), 3); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a file that ends early: %v", err)
	}
}

// Files of many small messages and lists stay within the memory that they warrant.
func TestMemory(t *testing.T) {
	const n = 100_000
	many := func(s string) string { return strings.Repeat(s, n) }
	for name, file := range map[string]string{
		"opsets":        wire(7) + many(wire(8)),
		"metadata":      wire(7) + many(wire(14)),
		"nodes":         wire(7, many(wire(1))),
		"tensors":       wire(7, many(wire(5))),
		"inputs":        wire(7, many(wire(11))),
		"dimensions":    wire(7, wire(11, wire(2, wire(1, wire(2, many(wire(1))))))),
		"values":        wire(7, many(wire(13, wire(2, wire(1, wire(2, wire(1))))))),
		"names":         wire(7, wire(1, many(wire(1)))),
		"outputs":       wire(7, wire(1, many(wire(2, "ab")))),
		"attributes":    wire(7, wire(1, many(wire(5)))),
		"tensors of it": wire(7, wire(1, many(wire(5, wire(5))))),
		"integers":      wire(7, wire(1, wire(5, wire(8, many("\x01"))))),
		"loose floats":  wire(7, wire(1, wire(5, many("\x3d\x00\x00\x00\x00")))),
		"graphs":        wire(7, wire(1, wire(5, many(wire(6))))),
		"int64 data":    wire(7, wire(5, "\x08\xa0\x8d\x06", "\x10\x07", wire(7, many("\x01")))),
		"other files":   wire(7, wire(5, many(wire(13)))),
		"unknown":       wire(7, many(wire(1000))),
	} {
		t.Run(name, func(t *testing.T) { checkHostile(t, []byte(file)) })
	}
	// A matrix that many layers use.
	for _, layers := range []int{2, 2000} {
		m := small()
		m.Graph.Initializers = append(m.Graph.Initializers, zeros("K", 4, 4))
		big := zeros("K", 128, 128)
		m.Graph.Initializers[3], m.Graph.Initializers[4], m.Graph.Initializers[6] = zeros("V", 3, 128), zeros("b", 128), big
		last := "y"
		for i := range layers {
			out := fmt.Sprint("z", i)
			m.add(node("MatMul", last+" K", out))
			last = out
		}
		_, network := checkHostile(t, written(t, m))
		if want := layers == 2; network != want {
			t.Errorf("%d layers of one matrix: a network is %t, want %t", layers, network, want)
		}
	}
}

// Numbers of 16 bits, all of them.
func TestFloat16(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		exponent, mantissa := int(h>>10)&31, float64(h&1023)
		want := math.Ldexp(1024+mantissa, exponent-25)
		switch exponent {
		case 0:
			want = math.Ldexp(mantissa, -24)
		case 31:
			want = math.Inf(1)
			if mantissa > 0 {
				want = math.NaN()
			}
		}
		if h>>15 == 1 {
			want = math.Copysign(want, -1)
		}
		got := float64(fromFloat16(h))
		if math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Fatalf("%#04x: %g, want %g", h, got, want)
		}
	}
}
