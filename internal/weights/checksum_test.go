package weights

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// described returns a sample with all the metadata that the checksum covers, and a
// key that it does not.
func described() *File {
	f := sample()
	for _, key := range coveredKeys {
		f.Metadata[key] = "value of " + key
	}
	f.Metadata["author"] = "A. N. Other"
	return f
}

// A flipped bit anywhere in the data, or in what the checksum covers of the header,
// is an error that says what may be the cause.
func TestChecksumNoticesFlips(t *testing.T) {
	b := encoded(t, described())
	end := 8 + int(binary.LittleEndian.Uint64(b))
	mismatch := 0
	for i := 8; i < len(b); i++ {
		for bit := range 8 {
			b[i] ^= 1 << bit
			got, err := Read(bytes.NewReader(b), noLimit)
			switch {
			case err == nil:
				// What has changed is free, or the key itself: in another there is no promise.
				if i >= end {
					t.Fatalf("data byte %d, bit %d: not noticed", i-end, bit)
				}
				_, kept := got.Metadata[KeyChecksum]
				for _, key := range coveredKeys {
					if want := "value of " + key; kept && got.Metadata[key] != want {
						t.Errorf("header byte %d, bit %d: metadata %q is %q, not noticed", i, bit, key, got.Metadata[key])
					}
				}
				if kept && !slices.EqualFunc(got.Tensors, mustRead(t, encoded(t, described())).Tensors, sameTensor) {
					t.Errorf("header byte %d, bit %d: another tensor, not noticed", i, bit)
				}
			case i >= end:
				wantErr(t, err, ErrFormat, "checksum does not match", "damaged (fetch or copy it again)", `remove that key`)
				mismatch++
			default:
				wantErr(t, err, ErrFormat)
			}
			b[i] ^= 1 << bit
		}
	}
	if want := 8 * (len(b) - end); mismatch != want {
		t.Errorf("%d flips of the data noticed, want %d", mismatch, want)
	}
}

func sameTensor(a, b Tensor) bool {
	return same(&File{Tensors: []Tensor{a}}, &File{Tensors: []Tensor{b}}) == nil
}

func mustRead(t *testing.T, b []byte) *File {
	t.Helper()
	f, err := Read(bytes.NewReader(b), noLimit)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A program that knows nothing of the checksum but keeps the metadata may write the
// tensors in another order, the header in another form, and more metadata.
func TestChecksumSurvivesOtherPrograms(t *testing.T) {
	f := mustRead(t, encoded(t, described()))
	f.Metadata["licence"] = "CC0"
	f.Metadata["author"] = "another"
	slices.Reverse(f.Tensors)
	header, at := map[string]any{metadataKey: f.Metadata}, 0
	var data []byte
	for _, x := range f.Tensors {
		header[x.Name] = map[string]any{"shape": append([]int{}, x.Shape...), "dtype": "F32", "data_offsets": []int{at, at + 4*len(x.Data)}}
		data = append(data, encode(make([]byte, 4*len(x.Data)), x.Data)...)
		at = len(data)
	}
	text, err := json.MarshalIndent(header, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	b := append(raw(string(text), 0), data...)
	got := mustRead(t, b)
	if err := same(f, got); err != nil {
		t.Error(err)
	}
	if got.Metadata[KeyChecksum] != f.Metadata[KeyChecksum] {
		t.Error("the checksum is another")
	}
	if !bytes.Equal(encoded(t, got), encoded(t, f)) {
		t.Error("written again, the bytes differ")
	}
	// Without the key any change passes, as it did before there was one.
	b[len(b)-1] ^= 1
	if _, err := Read(bytes.NewReader(b), noLimit); err == nil {
		t.Error("a flipped bit was not noticed")
	}
	b = bytes.Replace(b, []byte(`"checksum"`), []byte(`"somewhat"`), 1)
	if _, err := Read(bytes.NewReader(b), noLimit); err != nil {
		t.Errorf("without the key: %v", err)
	}
}

// The checksum that is written is that of the content, whatever the metadata said.
func TestChecksumIsReplaced(t *testing.T) {
	f := described()
	want := encoded(t, f)
	for _, stale := range []string{"", "sha256:", mustRead(t, want).Metadata[KeyChecksum], "crc32:0", strings.Repeat("x", 1000), "\xff"} {
		f.Metadata[KeyChecksum] = stale
		if !bytes.Equal(encoded(t, f), want) {
			t.Errorf("checksum %.40q in the metadata: the bytes differ", stale)
		}
		if n, err := f.Size(); err != nil || n != int64(len(want)) {
			t.Errorf("checksum %.40q in the metadata: Size = %d, %v; want %d", stale, n, err, len(want))
		}
		if f.Metadata[KeyChecksum] != stale {
			t.Error("WriteTo changed the metadata")
		}
	}
}

// A checksum that cannot be compared is an error too.
func TestChecksumForm(t *testing.T) {
	sum := mustRead(t, encoded(t, described())).Metadata[KeyChecksum]
	for _, bad := range []string{"", "sha256", "sha256:", sum[:len(sum)-1], sum + "0", strings.ToUpper(sum), "SHA256" + sum[6:], sum[7:], "sha257" + sum[6:], "blake3:0123", " " + sum, sum[:len(sum)-1] + "g"} {
		b := bytes.Replace(withoutSum(t, described()), []byte(`"author":"A. N. Other"`), fmt.Appendf(nil, `"checksum":%q`, bad), 1)
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)+uint64(len(`"checksum":`)+2+len(bad)-len(`"author":"A. N. Other"`)))
		_, err := Read(bytes.NewReader(b), noLimit)
		wantErr(t, err, ErrFormat, `metadata "checksum" is "`, "later version")
	}
}

// The checksum does not count among the keys of the metadata, so that whatever is
// read can be written.
func TestChecksumBesideMostMetadata(t *testing.T) {
	f := &File{Metadata: map[string]string{}}
	for i := range MaxMetadata {
		f.Metadata[fmt.Sprint(i)] = ""
	}
	for _, b := range [][]byte{encoded(t, f), withoutSum(t, f)} {
		if err := same(mustRead(t, b), f); err != nil {
			t.Error(err)
		}
	}
	f.Metadata["one"] = "more"
	_, err := Read(bytes.NewReader(withoutSum(t, f)), noLimit)
	wantErr(t, err, ErrFormat, "more than 1024 keys")
	_, err = f.WriteTo(&bytes.Buffer{})
	wantErr(t, err, ErrFormat, "1025", "1024")
}

// Sum is the checksum that a file is written with.
func TestSum(t *testing.T) {
	f := &File{Metadata: map[string]string{"config": "c", "author": "a"}, Tensors: []Tensor{{Name: "b", Shape: []int{2}, Data: []float32{1, 2}}, {Name: "a", Shape: []int{1}, Data: []float32{3}}}}
	var b bytes.Buffer
	if _, err := f.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	read, err := Read(&b, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []*File{f, read} {
		sum, err := f.Sum()
		if got := checksumPrefix + hex.EncodeToString(sum[:]); err != nil || got != read.Metadata[KeyChecksum] {
			t.Errorf("Sum is %s, %v; the file has %s", got, err, read.Metadata[KeyChecksum])
		}
	}
	f.Tensors[1].Name = "b"
	if _, err := f.Sum(); !errors.Is(err, ErrFormat) {
		t.Errorf("two tensors of one name: %v", err)
	}
}
