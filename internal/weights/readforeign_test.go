package weights

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/dtype"
)

func readForeign(b []byte) (*File, []dtype.Type, error) {
	return ReadForeign(bytes.NewReader(b), int64(len(b)))
}

// dtypesFile returns a file with a tensor of each dtype.
func dtypesFile() []byte {
	le := binary.LittleEndian
	var data []byte
	var members []string
	add := func(name string, n int, b []byte) {
		members = append(members, fmt.Sprintf(`"t%s":{"dtype":"%[1]s","shape":[%d],"data_offsets":[%d,%d]}`, name, n, len(data), len(data)+len(b)))
		data = append(data, b...)
	}
	add("BOOL", 3, []byte{0, 1, 2})
	add("U8", 1, []byte{200})
	add("I8", 1, []byte{200})
	add("F16", 2, []byte{0x00, 0x3e, 0xff, 0x7b})
	add("BF16", 1, []byte{0xc0, 0xbf})
	add("F32", 1, le.AppendUint32(nil, math.Float32bits(0.1)))
	add("F64", 2, le.AppendUint64(le.AppendUint64(nil, math.Float64bits(1+0x1p-24)), math.Float64bits(1+0x1.8p-23)))
	add("I64", 1, le.AppendUint64(nil, 1<<24+1))
	add("U16", 1, []byte{0xff, 0xff})
	add("I16", 1, []byte{0xff, 0xff})
	add("U32", 1, []byte{0xff, 0xff, 0xff, 0xff})
	add("I32", 1, []byte{0xff, 0xff, 0xff, 0xff})
	add("U64", 0, nil)
	return append(raw(`{"__metadata__":{"format":"pt","checksum":"another's"},`+strings.Join(members, ",")+"}", 0), data...)
}

// Other programs' dtypes are converted, each number rounded once.
func TestReadForeign(t *testing.T) {
	b := dtypesFile()
	f, types, err := readForeign(b)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for i, x := range f.Tensors {
		if x.Name != "t"+types[i].String() && len(x.Data) > 0 { // those without bytes may be anywhere
			t.Errorf("tensor %q is of %v", x.Name, types[i])
		}
		got += fmt.Sprintln(types[i], x.Shape, x.Data)
	}
	if want := "BOOL [3] [0 1 1]\nU8 [1] [200]\nI8 [1] [-56]\nF16 [2] [1.5 65504]\nBF16 [1] [-1.5]\nF32 [1] [0.1]\nF64 [2] [1 1.0000002]\nI64 [1] [1.6777216e+07]\n" +
		"U16 [1] [65535]\nI16 [1] [-1]\nU32 [1] [4.2949673e+09]\nI32 [1] [-1]\nU64 [0] []\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if _, err := Read(bytes.NewReader(b), noLimit); err == nil || !strings.Contains(err.Error(), "only F32") {
		t.Errorf("Read: %v", err)
	}
	for n := range len(b) {
		if _, _, err := readForeign(b[:n]); err == nil {
			t.Fatalf("its first %d bytes are read", n)
		}
	}
	_, _, err = readForeign(b[:len(b)-1])
	wantErr(t, err, ErrFormat, "the file ends early")
	for header, want := range map[string]string{
		`{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}`:                                                "F8_E4M3",
		`{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,8]}}`:                                                    "F64 of shape [2] takes 16",
		`{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,8]}}`:                                                    "F16 of shape [2] takes 4",
		`{"a":{"dtype":"F64","shape":[2147483647,1073741825],"data_offsets":[0,8]}}`:                                "the size overflows 64 bits",
		`{"a":{"dtype":"BOOL","shape":[2147483647,1073741823],"data_offsets":[0,2305843004918726656]}}`:             "hold 2305843004918726656 bytes",
		`{"a":{"dtype":"BOOL","shape":[2147483647],"data_offsets":[0,2147483647]}}`:                                 "the file ends early",
		`{"__metadata__":{"format":"autoreg","checksum":"x"},"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}`: `metadata "checksum"`,
	} {
		_, _, err := readForeign(raw(header, 8))
		wantErr(t, err, ErrFormat, want)
	}
}
