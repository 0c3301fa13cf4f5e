package convert_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/convert"
)

// unzipped returns the names and the bytes of the members of a zip file, by turns.
func unzipped(t testing.TB, b []byte) (members []string) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range z.File {
		r, err := m.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		members = append(members, m.Name, string(data))
	}
	return members
}

func readBytes(t testing.TB, path string) []byte {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Zip files of Keras whose members are not what they say.
func TestHostileZips(t *testing.T) {
	good := readBytes(t, "testdata/new.keras")
	members := unzipped(t, good)
	find := func(name string) (i int) {
		for i = 0; members[i] != name; i += 2 {
		}
		return i
	}
	config, weights := find("config.json"), find("model.weights.h5")
	with := func(i int, s string) []byte {
		list := append([]string{}, members...)
		list[i] = s
		return zipped(t, list...)
	}
	// field changes a field of the directory's entry of a member, and if there is one, of
	// its own header too.
	field := func(name string, at int, value []byte, own int) []byte {
		b := zipped(t, members...)
		from := bytes.Index(b, []byte("PK\x01\x02"))
		entry := from + bytes.Index(b[from:], []byte(name)) - 46
		copy(b[entry+at:], value)
		if own > 0 {
			copy(b[binary.LittleEndian.Uint32(b[entry+42:])+uint32(own):], value)
		}
		return b
	}
	u32 := func(v int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(v)) }
	packed := func(name, data string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for i := 0; i < len(members); i += 2 {
			h, text := &zip.FileHeader{Name: members[i], Method: zip.Store}, members[i+1]
			if members[i] == name {
				h.Method, text = zip.Deflate, data
			}
			w, err := z.CreateHeader(h)
			if err != nil {
				t.Fatal(err)
			}
			w.Write([]byte(text))
		}
		z.Close()
		return b.Bytes()
	}
	bomb := strings.Repeat(" ", 1<<20) + members[config+1]
	lying := packed("config.json", bomb)
	at := bytes.LastIndex(lying, []byte("config.json"))
	copy(lying[at-46+24:], u32(len(members[config+1]))) // its size in the directory
	var deflated bytes.Buffer
	w, _ := flate.NewWriter(&deflated, 9)
	w.Write(good)
	w.Close()
	damaged := zipped(t, members...)
	damaged[bytes.Index(damaged, []byte("\x89HDF"))+5000]++
	for name, c := range map[string]struct {
		b    []byte
		want string // of the error, or "" for a model
	}{
		"as it is":                       {zipped(t, members...), ""},
		"a packed configuration":         {packed("config.json", members[config+1]), ""},
		"packed weights":                 {packed("model.weights.h5", members[weights+1]), "model.weights.h5 is compressed"},
		"a configuration twice":          {zipped(t, append([]string{"config.json", "{}"}, members...)...), "config.json is twice"},
		"weights twice":                  {zipped(t, append([]string{"model.weights.h5", ""}, members...)...), "model.weights.h5 is twice"},
		"no weights":                     {with(weights, "model.h5"), "there is no model.weights.h5"},
		"weights above the root":         {with(weights, "../model.weights.h5"), "there is no model.weights.h5"},
		"weights at the root":            {with(weights, "/model.weights.h5"), "there is no model.weights.h5"},
		"weights behind a zero":          {with(weights, "model.weights.h5\x00"), "there is no model.weights.h5"},
		"weights behind a backslash":     {with(weights, `.\model.weights.h5`), "there is no model.weights.h5"},
		"weights that are a zip file":    {with(weights+1, string(good)), "this is not an HDF5 file"},
		"weights that are packed bytes":  {with(weights+1, deflated.String()), "this is not an HDF5 file"},
		"weights without bytes":          {with(weights+1, ""), "this is not an HDF5 file"},
		"a configuration that is a zip":  {with(config+1, string(good)), "not a JSON object"},
		"a configuration that grows":     {packed("config.json", bomb), "more than the file warrants"},
		"one that says it does not":      {lying, "config.json is damaged"},
		"a checksum of a configuration":  {field("config.json", 16, u32(7), 0), "config.json is damaged"},
		"a checksum of weights":          {damaged, "model.weights.h5 is damaged: its bytes have the checksum"},
		"weights longer than the file":   {field("model.weights.h5", 20, append(u32(1<<30), u32(1<<30)...), 0), "model.weights.h5 is damaged"},
		"weights of 2³²-2 bytes":         {field("model.weights.h5", 20, append(u32(-2), u32(-2)...), 0), "model.weights.h5 is damaged"},
		"weights beyond the file":        {field("model.weights.h5", 42, u32(1<<30), 0), "model.weights.h5"},
		"weights that are another's":     {field("model.weights.h5", 42, u32(0), 0), "model.weights.h5 is damaged"},
		"encrypted weights":              {field("model.weights.h5", 8, []byte{1}, 6), "model.weights.h5 is encrypted"},
		"weights packed by another tool": {field("model.weights.h5", 10, []byte{99}, 8), "model.weights.h5 is compressed"},
		"a directory cut short":          {good[:len(good)-30], "not a zip file that can be read"},
	} {
		in, err := convert.Import(bytes.NewReader(c.b), int64(len(c.b)), nil)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (in != nil || err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %.200v, want %q", name, err, c.want)
		}
		if l, err := convert.List(bytes.NewReader(c.b), int64(len(c.b))); (l == nil) == (err == nil) {
			t.Errorf("%s: List: %v, %v", name, l, err)
		}
		checkMemory(t, c.b, nil)
	}
}
