package autoreg

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// stacked returns a model with a layer of each kind.
func stacked(t testing.TB) *TextModel {
	return random(t, 11, model.Config{Symbols: 13, Embedding: 5, Length: 20, Layers: []layers.Spec{
		&layers.LSTMSpec{Units: 7}, &layers.GRUSpec{Units: 6}, &layers.RNNSpec{Units: 9},
	}})
}

// logitsOf returns the logits of the next symbol.
func logitsOf(s *Stream) []float32 {
	x := make([]float32, s.Symbols())
	s.Logits(x)
	return x
}

// A restored stream and a fork go on as the stream does, whatever it has read, and a
// snapshot is the same on every instruction set.
func TestSnapshot(t *testing.T) {
	for name, m := range map[string]*TextModel{"lstm": small(t), "stacked": stacked(t)} {
		for _, n := range []int{0, 1, 7, recentTokens, recentTokens + 5, 3 * recentTokens} {
			var first []byte
			testkit.EachISA(t, func(t *testing.T, isa string) {
				s := m.NewStream()
				s.AllowUnknown(n%2 == 1)
				for i := range n {
					s.Advance((i*i + 3) % 13)
				}
				b := s.Snapshot()
				if first == nil {
					first = b
				}
				if !bytes.Equal(b, first) || !bytes.Equal(s.Snapshot(), first) {
					t.Errorf("%s, %s, %d symbols: another snapshot", name, isa, n)
				}
				restored, err := m.Restore(b)
				if err != nil {
					t.Fatal(err)
				}
				fork := s.Fork()
				for i := range 20 {
					want := logitsOf(s)
					for what, other := range map[string]*Stream{"restored": restored, "fork": fork} {
						if d := testkit.Diff(logitsOf(other), want); d != "" {
							t.Fatalf("%s, %s: logits of the %s stream after %d and %d symbols%s", name, isa, what, n, i, d)
						}
						other.Advance(i % 13)
					}
					s.Advance(i % 13)
				}
				if !bytes.Equal(s.Snapshot(), restored.Snapshot()) || !bytes.Equal(s.Snapshot(), fork.Snapshot()) {
					t.Errorf("%s, %s, %d symbols: the streams have other snapshots in the end", name, isa, n)
				}
			})
		}
	}
}

// What a stream remembers are its last symbols, in order.
func TestRemembered(t *testing.T) {
	m := small(t)
	s := m.NewStream()
	var all []int
	for i := range 3*recentTokens + 7 {
		want := all[max(0, len(all)-recentTokens):]
		if got := slices.Collect(s.remembered); !slices.Equal(got, want) {
			t.Fatalf("after %d symbols: %v, want %v", i, got, want)
		}
		all = append(all, i*i%13)
		s.Advance(i * i % 13)
	}
	s.Reset()
	if got := slices.Collect(s.remembered); got != nil {
		t.Errorf("after Reset: %v", got)
	}
}

// sealed returns a copy of a snapshot that edit has changed, with a checksum that fits.
func sealed(snapshot []byte, edit func(body []byte) []byte) []byte {
	body := edit(slices.Clone(snapshot[:len(snapshot)-sha256.Size]))
	sum := sha256.Sum256(body)
	return append(body, sum[:]...)
}

func TestRestoreRefuses(t *testing.T) {
	m := small(t)
	s := m.NewStream()
	s.Advance(3)
	s.Advance(12)
	b := s.Snapshot()
	const (
		flagAt   = len(snapshotMagic) + sha256.Size
		tokensAt = flagAt + 1 + 8
		stateAt  = tokensAt + 2*4
	)
	set := func(at int, v uint32) []byte {
		return sealed(b, func(body []byte) []byte {
			binary.LittleEndian.PutUint32(body[at:], v)
			return body
		})
	}
	// As many symbols as it remembers, and a count that the next one takes to 0.
	full := sealed(b, func(body []byte) []byte {
		binary.LittleEndian.PutUint64(body[flagAt+1:], math.MaxUint64)
		return slices.Insert(body, tokensAt, make([]byte, 4*(recentTokens-2))...)
	})
	version := slices.Clone(b)
	version[len(snapshotMagic)-1] = '2'
	otherWords := random(t, 12, m.text.Config)
	otherLength := random(t, 11, model.Config{Symbols: 13, Embedding: 5, Layers: m.text.Config.Layers, Length: 21})
	otherWeight := edited(t, small(t), func(weights func(string) []float32) { weights("output.bias")[12]++ })
	for _, c := range []struct {
		name     string
		m        *TextModel
		snapshot []byte
		want     string
	}{
		{"nothing", m, nil, "does not begin with"},
		{"something else", m, encode(t, m), "does not begin with"},
		{"another version", m, version, `of version "2" and this program reads "1"`},
		{"a model with another word", otherWords, b, "of the model with checksum "},
		{"a model with another configuration", otherLength, b, "of the model with checksum "},
		{"a model with another weight", otherWeight, b, "of the model with checksum "},
		{"other layers", stacked(t), b, "of the model with checksum "},
		{"something behind", m, append(slices.Clone(b), 0), "checksum does not match"},
		{"no state", m, sealed(b, func(body []byte) []byte { return body[:stateAt] }), "bytes of symbols and state"},
		{"a value more", m, sealed(b, func(body []byte) []byte { return append(body, 0, 0, 0, 0) }), "bytes of symbols and state"},
		{"a flag", m, sealed(b, func(body []byte) []byte { body[flagAt] = 2; return body }), "is 2: want 0 or 1"},
		{"a count", m, set(flagAt+1, 3), "bytes of symbols and state"},
		{"a huge count", m, set(flagAt+5, math.MaxInt32), "bytes of symbols and state"},
		{"a count that wraps", m, full, "the snapshot counts 18446744073709551615 symbols"},
		{"a symbol", m, set(tokensAt+4, 13), "the symbol 13: want 0 to 12"},
		{"a negative symbol", m, set(tokensAt, math.MaxUint32), "the symbol 4294967295"},
		{"NaN", m, set(stateAt, 0x7fc00001), "value 0 of the snapshot's state is NaN"},
		{"infinity", m, set(stateAt+8, 0x7f800000), "value 2 of the snapshot's state is +Inf"},
		{"the other infinity", m, set(len(b)-sha256.Size-4, 0xff800000), "is -Inf: want a finite number"},
	} {
		got, err := c.m.Restore(c.snapshot)
		if got != nil || !errors.Is(err, ErrSnapshot) || !strings.HasPrefix(err.Error(), "autoreg: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Restore = %v, %v; want an error with %q", c.name, got, err, c.want)
		}
	}
	for n := range b {
		if _, err := m.Restore(b[:n]); !errors.Is(err, ErrSnapshot) {
			t.Errorf("cut to %d of %d bytes: %v", n, len(b), err)
		}
		altered := slices.Clone(b)
		altered[n] ^= 1 << (n % 8)
		if _, err := m.Restore(altered); !errors.Is(err, ErrSnapshot) {
			t.Errorf("byte %d altered: %v", n, err)
		}
	}
	// The same model, read again, takes it.
	again, err := Load[*TextModel](bytes.NewReader(encode(t, m)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Restore(b); err != nil {
		t.Error(err)
	}
}

// No bytes make Restore panic, and those that it takes are those that the stream has.
func FuzzRestore(f *testing.F) {
	m := small(f)
	s := m.NewStream()
	for i := range 3 {
		s.Advance(i)
		f.Add(s.Snapshot())
	}
	f.Add([]byte(snapshotMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := m.Restore(b); err != nil && !errors.Is(err, ErrSnapshot) {
			t.Fatal(err)
		}
		// With a checksum and a hash that fit, so that what lies between is read.
		hash := m.hash()
		if len(b) > len(snapshotMagic)+2*sha256.Size {
			copy(b[len(snapshotMagic):], hash[:])
			b = sealed(b, func(body []byte) []byte { return body })
		}
		s, err := m.Restore(b)
		if err != nil {
			if !errors.Is(err, ErrSnapshot) {
				t.Fatal(err)
			}
			return
		}
		if !bytes.Equal(s.Snapshot(), b) {
			t.Errorf("%x is restored as %x", b, s.Snapshot())
		}
		s.Advance(1)
		logitsOf(s)
	})
}

// A fork of a stream that exists allocates nothing; BenchmarkFork has the times.
func BenchmarkFork(b *testing.B) {
	m := random(b, 10000, model.Config{Symbols: 10000, Embedding: 100, Layers: []layers.Spec{&layers.LSTMSpec{Units: 128}}, Length: 200})
	s := m.NewStream()
	s.Advance(5)
	snapshot := s.Snapshot()
	b.Run("op=Fork", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Fork()
		}
	})
	b.Run("op=CopyFrom", func(b *testing.B) {
		fork := m.NewStream()
		b.ReportAllocs()
		for b.Loop() {
			fork.CopyFrom(s)
		}
	})
	b.Run("op=Snapshot", func(b *testing.B) {
		b.ReportMetric(float64(len(snapshot)), "bytes")
		for b.Loop() {
			s.Snapshot()
		}
	})
	b.Run("op=Restore", func(b *testing.B) {
		for b.Loop() {
			if _, err := m.Restore(snapshot); err != nil {
				b.Fatal(err)
			}
		}
	})
}
