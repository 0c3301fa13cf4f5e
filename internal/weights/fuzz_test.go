package weights

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// Read on any bytes: an error of a known kind or a consistent File that can be
// written and read again, agreement with encoding/json about the header, and
// memory below the documented ceiling.
func FuzzRead(f *testing.F) {
	f.Add(encoded(f, sample()))
	f.Add(withoutSum(f, sample()))
	f.Add(encoded(f, &File{}))
	f.Add(dtypesFile())
	for _, header := range []string{
		`{"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}`,
		`{"a":{"dtype":"F32","shape":[],"data_offsets":[4,8]},"b":{"data_offsets":[0,4],"shape":[1],"dtype":"F32"}}`,
		`{"a":{"dtype":"F16","shape":[2,2],"data_offsets":[0,8]}}`,
		`{"a":{"dtype":"F32","shape":[0,2147483647],"data_offsets":[8,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`,
		`{"a":{"dtype":"F32","shape":[268435456],"data_offsets":[0,1073741824]}}`,
		"{ \"__metadata__\" : { \"\\ud83c\\udf72\" : \"\\u0000\" } }\n",
	} {
		f.Add(raw(header, 8))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		checkRead(t, b)
		checkRead(t, testkit.DisableChecksum(b)) // whose changes reach what lies behind
	})
}

// checkForeign holds ReadForeign to memory, and to what Read makes of a file of F32 alone.
func checkForeign(t *testing.T, b []byte, want *File) {
	var m meter
	m.read()
	got, types, err := readForeign(b)
	if used := m.read(); used > ceiling(b) {
		t.Errorf("ReadForeign: %d bytes allocated for a file of %d, want at most %d", used, len(b), ceiling(b))
	}
	if err != nil {
		if want != nil || !errors.Is(err, ErrFormat) && !errors.Is(err, ErrTooLarge) {
			t.Errorf("ReadForeign: %v", err)
		}
		return
	}
	if want != nil {
		if err := same(got, want); err != nil {
			t.Errorf("ReadForeign: %v", err)
		}
	}
	for i, x := range got.Tensors {
		if n, ok := elements(x.Shape); !ok || int(n) != len(x.Data) || len(x.Data)*types[i].Size() > len(b) {
			t.Errorf("ReadForeign: tensor %q of shape %v and %v has %d numbers", x.Name, x.Shape, types[i], len(x.Data))
		}
	}
}

func checkRead(t *testing.T, b []byte) {
	const limit = 1 << 30
	var m meter
	m.read()
	got, err := Read(opaque{bytes.NewReader(b)}, limit)
	if used := m.read(); used > ceiling(b) {
		t.Errorf("%d bytes allocated for a file of %d, want at most %d", used, len(b), ceiling(b))
	}
	known, knownErr := Read(bytes.NewReader(b), limit)
	if (err == nil) != (knownErr == nil) || err != nil && err.Error() != knownErr.Error() {
		t.Fatalf("error %v if the length is not known, %v if it is", err, knownErr)
	}
	checkForeign(t, b, got)
	if err != nil {
		if got != nil || !errors.Is(err, ErrFormat) && !errors.Is(err, ErrTooLarge) {
			t.Errorf("Read = %v, %v; want no File and a known error", got, err)
		}
		return
	}
	if err := consistent(got, len(b)); err != nil {
		t.Error(err)
	}
	if err := same(got, known); err != nil {
		t.Error(err)
	}
	agree(t, got, b)

	// The canonical form has at most the same header, padding and checksum aside.
	const sum = len(`"__metadata__":{"checksum":"sha256:"},`) + 64
	again := encoded(t, got)
	if len(again) > len(b)+7+sum {
		t.Errorf("%d bytes became %d", len(b), len(again))
	}
	back, err := Read(bytes.NewReader(again), limit)
	if err != nil {
		t.Fatalf("written again, then read: %v", err)
	}
	if err := same(got, back); err != nil {
		t.Errorf("written again, then read: %v", err)
	}
	if !bytes.Equal(encoded(t, back), again) {
		t.Error("written twice, the bytes differ")
	}
}

// agree checks f against the header as encoding/json understands it, and every
// element against the bytes that the header points to.
func agree(t *testing.T, f *File, b []byte) {
	n := 8 + binary.LittleEndian.Uint64(b)
	header, data := b[8:n], b[n:]
	var members map[string]json.RawMessage
	if err := json.Unmarshal(header, &members); err != nil {
		t.Fatalf("Read accepts what encoding/json refuses: %v", err)
	}
	if text, ok := members[metadataKey]; ok {
		var meta map[string]string
		if err := json.Unmarshal(text, &meta); err != nil {
			t.Fatalf("metadata: %v", err)
		}
		if err := same(&File{Metadata: meta}, &File{Metadata: f.Metadata}); err != nil {
			t.Error(err)
		}
		delete(members, metadataKey)
	} else if len(f.Metadata) != 0 {
		t.Errorf("metadata %q out of nowhere", f.Metadata)
	}
	if len(members) != len(f.Tensors) {
		t.Errorf("%d tensors, encoding/json finds %d", len(f.Tensors), len(members))
	}
	for name, text := range members {
		var e struct {
			Dtype   string
			Shape   []int
			Offsets [2]int `json:"data_offsets"`
		}
		if err := json.Unmarshal(text, &e); err != nil {
			t.Fatalf("tensor %q: %v", name, err)
		}
		x := f.Lookup(name)
		if x == nil || e.Dtype != "F32" || !slices.Equal(e.Shape, x.Shape) || e.Offsets[1]-e.Offsets[0] != 4*len(x.Data) {
			t.Fatalf("tensor %q: read as %v, encoding/json finds %v", name, x, e)
		}
		for i, v := range x.Data {
			if want := binary.LittleEndian.Uint32(data[e.Offsets[0]+4*i:]); math.Float32bits(v) != want {
				t.Fatalf("tensor %q[%d] = %#08x, want %#08x", name, i, math.Float32bits(v), want)
			}
		}
	}
}
