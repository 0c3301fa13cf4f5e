package convert_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/autoreg/autoreg/convert"
	"github.com/autoreg/autoreg/internal/onnx"
	"github.com/autoreg/autoreg/internal/testkit"
)

// checkMemory holds Import and List of b to 4 times its size and 1 MiB: of all that they
// allocate, or where that is more, of what is alive at any time.
func checkMemory(t *testing.T, b []byte, o *convert.ImportOptions) {
	t.Helper()
	most := 4*uint64(len(b)) + 1<<20
	for what, f := range map[string]func() error{
		"Import": func() error { _, err := convert.Import(bytes.NewReader(b), int64(len(b)), o); return err },
		"List":   func() error { _, err := convert.List(bytes.NewReader(b), int64(len(b))); return err },
	} {
		var err error
		start := time.Now()
		used, kind := testkit.Allocated(func() { err = f() }), "all"
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%s took %v", what, took)
		}
		for try := 0; used > most && try < 3; try++ { // what is allocated while the collector runs counts as alive
			used, kind = min(used, testkit.Peak(func() { err = f() })), "alive"
		}
		if used > most {
			t.Errorf("%s: %d bytes for a file of %d, want at most %d: %.200v", what, used, len(b), most, err)
		}
		t.Logf("%s: %d bytes (%s) for a file of %d, %.2f of what it warrants: %.200v", what, used, kind, len(b), float64(used)/float64(most), err)
	}
}

// Real files take less, all allocations counted.
func TestMemoryOfModels(t *testing.T) {
	patterns := []string{"testdata/*.keras", "testdata/*.h5", "../internal/onnx/testdata/*.onnx", "../internal/torchfile/testdata/*.pt"}
	if data := os.Getenv("AUTOREG_DATA"); data != "" {
		patterns = append(patterns, data+"/models/*/*")
	}
	for _, pattern := range patterns {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatal(pattern, err)
		}
		for _, path := range paths {
			t.Run(filepath.Base(path), func(t *testing.T) {
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				checkMemory(t, b, &convert.ImportOptions{Vocabulary: strings.Split("abcdef", "")})
			})
		}
	}
}

// Files that describe more than they have.
func TestMemoryOfHostileFiles(t *testing.T) {
	n := 40000 // elements
	if testing.Short() {
		n = 8000
	}
	each := func(n int, format string) string {
		var s strings.Builder
		for i := range n {
			if i > 0 {
				s.WriteByte(',')
			}
			if strings.Contains(format, "%") {
				fmt.Fprintf(&s, format, i)
			} else {
				s.WriteString(format)
			}
		}
		return s.String()
	}
	long := strings.Repeat("\\u0000", n)
	keras := func(layers string) []byte {
		return zipped(t, "metadata.json", `{"keras_version": "3.3.3"}`, "config.json", `{"class_name": "Functional", "config": {"layers": [`+layers+`]}}`, "model.weights.h5", string(linked(1, 0)))
	}
	h := n / 400 // units
	for name, file := range map[string]func() []byte{
		"members":              func() []byte { return []byte(`{` + each(n, `"%d":0`) + `}`) },
		"tensors of no number": func() []byte { return []byte(`{` + each(n, `"a.%d":[]`) + `}`) },
		"numbers of one digit": func() []byte {
			return []byte(`{"architecture": "LSTM", "config": {"input_size": 1, "hidden_size": 8, "num_layers": 1}, "weights": [` + each(5*n, `0`) + `]}`)
		},
		"numbers of three digits": func() []byte {
			return []byte(`{"architecture": "LSTM", "config": {"input_size": 1, "hidden_size": 8, "num_layers": 1}, "weights": [` + each(5*n, `0.5`) + `]}`)
		},
		"lists":                func() []byte { return []byte(`{"in_shape": [1], "layers": [` + each(n, `[]`) + `]}`) },
		"layers of JSON":       func() []byte { return []byte(`{"in_shape": [1], "layers": [` + each(n, `{}`) + `]}`) },
		"lists in one another": func() []byte { return []byte(`{"a.b": ` + strings.Repeat(`[`, n) + strings.Repeat(`]`, n) + `}`) },
		"a long name in JSON":  func() []byte { return []byte(`{"` + long + `": 0}`) },
		"a long architecture":  func() []byte { return []byte(`{"architecture": "` + long + `"}`) },
		"a long type":          func() []byte { return []byte(`{"in_shape": [1], "layers": [{"type": "` + long + `", "shape": [1]}]}`) },
		"a long shape":         func() []byte { return []byte(`{"in_shape": [` + each(n, `1`) + `], "layers": []}`) },
		"members of configurations": func() []byte {
			return keras(each(n/100, `{"class_name": "Dropout", "config": {"name": "d", `+each(100, `"%d": null`)+`}}`))
		},
		"layers of Keras":       func() []byte { return keras(each(n/100, `{"class_name": "Dropout", "config": {}}`)) },
		"a long name in Keras":  func() []byte { return keras(`{"class_name": "Dense", "config": {"name": "` + long + `"}}`) },
		"a long class in Keras": func() []byte { return keras(`{"class_name": "` + long + `", "config": {"name": "x"}}`) },
		"a long class inside": func() []byte {
			return keras(`{"class_name": "TimeDistributed", "config": {"name": "x", "layer": {"class_name": "` + long + `", "config": {}}}}`)
		},
		"nodes in Keras": func() []byte {
			return keras(`{"class_name": "Dense", "config": {"name": "x"}, "inbound_nodes": [` + each(n, `[]`) + `]}`)
		},
		"a long shape in Keras": func() []byte {
			return keras(`{"class_name": "Dense", "config": {"name": "x", "batch_shape": [` + each(n, `1`) + `]}}`)
		},
		"a vocabulary of empty texts": func() []byte {
			return keras(`{"class_name": "StringLookup", "config": {"name": "x", "vocabulary": [` + each(n, `""`) + `]}}`)
		},
		"entries of a zip":   func() []byte { return entries(t, n/10, "x") },
		"entries of PyTorch": func() []byte { return entries(t, n/10, "archive/data.pkl") },
		"links to one array": func() []byte { return linked(n/20, 0) },
		"soft links":         func() []byte { return linked(n/20, 1) },
		"groups":             func() []byte { return linked(n/20, 2) },
		"PyTorch tensors":    func() []byte { return pickled(t, n/20, "t%d.weight") },
		"PyTorch long names": func() []byte { return pickled(t, n/2000, "%d"+strings.Repeat("x", 1000)+".weight") },
		"safetensors": func() []byte {
			return tensors(`{`+each(n/20, `"%d.weight":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`)+`}`, 0)
		},
		"safetensors, a long name": func() []byte {
			return tensors(`{"`+strings.Repeat("x", n)+`.weight":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`, 0)
		},
		"a tensor of bytes": func() []byte {
			return tensors(fmt.Sprintf(`{"a.weight":{"dtype":"I8","shape":[%d,20],"data_offsets":[0,%d]}}`, n, 20*n), 20*n)
		},
		"one output": func() []byte {
			return tensors(fmt.Sprintf(`{"a.weight":{"dtype":"BF16","shape":[1,65536],"data_offsets":[0,131072]},"a.bias":{"dtype":"BF16","shape":[1],"data_offsets":[131072,131074]}}`), 131074)
		},
		"halves": func() []byte {
			return tensors(fmt.Sprintf(`{"a.weight_hh_l0":{"dtype":"F16","shape":[%d,%d],"data_offsets":[0,%d]},"a.weight_ih_l0":{"dtype":"F16","shape":[%d,%d],"data_offsets":[%d,%d]}}`, 4*h, h, 8*h*h, 4*h, h, 8*h*h, 16*h*h), 16*h*h)
		},
		"one-hot": func() []byte {
			return tensors(fmt.Sprintf(`{"a.weight_hh_l0":{"dtype":"F32","shape":[4,1],"data_offsets":[0,16]},"a.weight_ih_l0":{"dtype":"F32","shape":[4,4096],"data_offsets":[16,65552]},"b.weight":{"dtype":"F32","shape":[4096,1],"data_offsets":[65552,81936]}}`), 81936)
		},
		"ONNX nodes":      func() []byte { return graph(t, n/20, "Relu", 1) },
		"ONNX tensors":    func() []byte { return graph(t, n/20, "", 1) },
		"ONNX long names": func() []byte { return graph(t, 20, "Relu", n/20) },
	} {
		options := &convert.ImportOptions{}
		if name == "one-hot" {
			options.Vocabulary = strings.Split("abcdef", "")
		}
		t.Run(name, func(t *testing.T) { checkMemory(t, file(), options) })
	}
}

// zipped returns a zip file of names and texts, which are stored.
func zipped(t testing.TB, members ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: members[i], Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(members[i+1]))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// entries returns a zip file whose directory has n entries for one member.
func entries(t *testing.T, n int, name string) []byte {
	b := zipped(t, "config.json", "{}")
	at := bytes.Index(b, []byte("PK\x01\x02"))
	entry := bytes.Replace(b[at:len(b)-22], []byte("config.json"), []byte(name), 1)
	binary.LittleEndian.PutUint16(entry[28:], uint16(len(name)))
	all := append(append(b[:at:at], bytes.Repeat(entry, n)...), b[at:len(b)-22]...)
	end := bytes.Clone(b[len(b)-22:])
	binary.LittleEndian.PutUint16(end[8:], uint16(n+1))
	binary.LittleEndian.PutUint16(end[10:], uint16(n+1))
	binary.LittleEndian.PutUint32(end[12:], uint32(len(all)-at))
	return append(all, end...)
}

// linked returns an HDF5 file with n links: to one array (kind 0), soft ones (1), or to
// groups of their own (2).
func linked(n, kind int) []byte {
	le, none := binary.LittleEndian, ^uint64(0)
	message := func(kind uint16, body ...any) []byte {
		b, _ := binary.Append(nil, le, kind)
		var all []byte
		for _, x := range body {
			all, _ = binary.Append(all, le, x)
		}
		all = append(all, make([]byte, -len(all)&7)...)
		b, _ = binary.Append(b, le, uint16(len(all)))
		return append(append(b, 0, 0, 0, 0), all...)
	}
	header := func(messages []byte, n int) []byte {
		b, _ := binary.Append([]byte{1, 0}, le, uint16(n))
		b, _ = binary.Append(b, le, uint32(1))
		b, _ = binary.Append(b, le, uint64(len(messages)))
		return append(b, messages...)
	}
	array := header(bytes.Join([][]byte{
		message(1, []byte("\x01\x00\x00\x00\x00\x00\x00\x00")),
		message(3, []byte("\x11\x20\x1f\x00\x04\x00\x00\x00\x00\x00\x20\x00\x17\x08\x00\x17\x7f\x00\x00\x00")),
		message(8, []byte("\x03\x00\x04\x00\x00\x00\x80\x3f")),
	}, nil), 3)
	if kind == 2 {
		array = header(message(2, uint8(0), uint8(0), none, none), 1)
	}
	var links, objects []byte
	const start = 96
	size := start + len(header(nil, 0)) + n*24
	for i := range n {
		name := []byte(fmt.Sprintf("%05x", i))
		if kind == 1 {
			links = append(links, message(6, []byte{1, 8, 1, 5}, name, uint16(5), []byte("xxxxx"))...)
			continue
		}
		links = append(links, message(6, []byte{1, 0, 5}, name, uint64(size+len(objects)))...)
		if kind == 2 {
			objects = append(objects, array...)
		}
	}
	if kind == 0 {
		objects = array
	}
	b := append([]byte("\x89HDF\r\n\x1a\n\x00\x00\x00\x00\x00\x08\x08\x00\x04\x00\x10\x00\x00\x00\x00\x00"), make([]byte, start-24)...)
	all := append(append(b, header(links, n)...), objects...)
	le.PutUint64(all[32:], none)
	le.PutUint64(all[40:], uint64(len(all)))
	le.PutUint64(all[48:], none)
	le.PutUint64(all[64:], start)
	return all
}

// pickled returns a PyTorch file with n tensors of one number that they share.
func pickled(t *testing.T, n int, name string) []byte {
	text := func(s string) string {
		return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
	}
	var p strings.Builder
	p.WriteString("\x80\x02ctorch._utils\n_rebuild_tensor_v2\nq\x01(" + text("storage") + "ctorch\nFloatStorage\n" + text("0") + text("cpu") + "K\x01tQq\x02" + "00")
	p.WriteString("}(")
	for i := range n {
		p.WriteString(text(fmt.Sprintf(name, i)) + "h\x01(h\x02K\x00K\x01K\x01\x86K\x01K\x01\x86\x89NtR")
	}
	p.WriteString("u.")
	return zipped(t, "archive/data.pkl", p.String(), "archive/data/0", "\x00\x00\x80\x3f")
}

// tensors returns a safetensors file with a header and n bytes of zeros.
func tensors(header string, n int) []byte {
	header += strings.Repeat(" ", -len(header)&7)
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), make([]byte, n)...)
}

// graph returns an ONNX file with a product and n nodes of an operator behind it, or n
// tensors, with names of some length.
func graph(t *testing.T, n int, op string, length int) []byte {
	g := &onnx.Graph{
		Inputs:       []onnx.Value{{Name: "x", DType: onnx.Float, Ranked: true, Shape: []onnx.Dim{{Name: "T"}, {Size: 1, Known: true}}}},
		Initializers: []onnx.Tensor{onnx.NewFloats("w", []int{1, 1}, []float32{1})},
		Nodes:        []onnx.Node{{Op: "MatMul", Name: "m", Inputs: []string{"x", "w"}, Outputs: []string{"0"}}},
	}
	last := "0"
	for i := range n {
		name := fmt.Sprint(i+1) + strings.Repeat("x", length-1)
		if op == "" {
			g.Initializers = append(g.Initializers, onnx.NewFloats(name, []int{0}, nil))
			continue
		}
		g.Nodes = append(g.Nodes, onnx.Node{Op: op, Name: name, Inputs: []string{last}, Outputs: []string{name}})
		last = name
	}
	g.Outputs = []onnx.Value{{Name: last, DType: onnx.Float}}
	b, err := (&onnx.Model{IRVersion: 7, Opsets: []onnx.Opset{{Version: 13}}, Graph: g}).Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
