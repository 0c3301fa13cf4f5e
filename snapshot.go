package autoreg

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/weights"
)

// ErrSnapshot is what errors of TextModel.Restore and VectorModel.Restore wrap: the bytes
// are no snapshot, are damaged, or are of another model or version. The sequence has to be
// read again.
var ErrSnapshot = errors.New("not a snapshot of a stream of this model")

// The form of a snapshot, integers and float32 values in little-endian order:
//
//	snapshotMagic or vectorMagic, which have the version
//	hash of the model   [32]byte
//	of a text's stream:
//	  AllowUnknown      uint8, 0 or 1
//	  symbols consumed  uint64
//	  the last of them  uint32 each, the oldest first: as many as a stream remembers
//	state               float32 each, layers.State.Values or layers.VectorState.Values
//	SHA-256 of all that [32]byte
const (
	snapshotMagic = "autoreg stream 1"
	vectorMagic   = "autoreg vectors 1"
	snapshotFixed = 1 + 8 // bytes before the symbols
)

// A modelHash is the checksum that the model's file has: of weights, configuration and
// tokenizer.
type modelHash [sha256.Size]byte

func hashOf(f *weights.File) modelHash {
	sum, err := f.Sum()
	if err != nil {
		panic("autoreg: the model has no file")
	}
	return sum
}

// Snapshot returns the state of s as bytes, from which [TextModel.Restore] makes a stream
// that goes on as s does, to the bit: in another process, on another machine, and
// whatever its instruction set. They hold the hash of the model's weights, configuration
// and tokenizer, and a checksum. The same state gives the same bytes. A snapshot takes
// about as many bytes as a stream. The first of a model takes longer, for the hash.
//
// A snapshot shows what the stream has read: the state depends on all symbols, and the last
// 256 are in it.
func (s *Stream) Snapshot() []byte {
	if s.member != nil {
		s = s.Fork() // its layers have consumed all symbols
	}
	values := s.state.Values()
	b := make([]byte, 0, snapshotFixed+4*int(min(s.count, recentTokens))+4*len(values))
	unknown := byte(0)
	if s.unknown {
		unknown = 1
	}
	b = append(b, unknown)
	b = binary.LittleEndian.AppendUint64(b, s.count)
	for sym := range s.remembered {
		b = binary.LittleEndian.AppendUint32(b, uint32(sym))
	}
	return seal(snapshotMagic, s.model.hash(), appendValues(b, values))
}

// seal returns the snapshot that holds body.
func seal(magic string, hash modelHash, body []byte) []byte {
	b := slices.Concat([]byte(magic), hash[:], body)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// appendValues appends the values of a state.
func appendValues(b []byte, values []float32) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// Restore returns a stream that stands where the one stood whose [Stream.Snapshot] this
// is. It keeps nothing of snapshot, which is not trusted: whatever it holds, the result is
// a stream or an error that wraps [ErrSnapshot]. A snapshot of a model with other weights,
// another configuration or another tokenizer is refused, and so are values that are not
// finite, from which no symbol could be drawn.
func (m *TextModel) Restore(snapshot []byte) (*Stream, error) {
	s, err := m.restore(snapshot)
	if err != nil {
		return nil, wrap(apierror.Mark(err, ErrSnapshot))
	}
	return s, nil
}

func (m *TextModel) restore(b []byte) (*Stream, error) {
	body, err := unseal(b, snapshotMagic, snapshotFixed, m.hash)
	if err != nil {
		return nil, err
	}
	// From here on only bytes that were made on purpose are wrong.
	s := m.NewStream()
	values := s.state.Values()
	unknown, count := body[0], binary.LittleEndian.Uint64(body[1:])
	body = body[1+8:]
	recent := min(count, recentTokens)
	switch {
	case count > math.MaxInt64: // it would come to its end, and begin again at 0
		return nil, apierror.Errorf("the snapshot counts %d symbols: want %d at most", count, int64(math.MaxInt64))
	case unknown > 1:
		return nil, apierror.Errorf("the snapshot's byte for AllowUnknown is %d: want 0 or 1", unknown)
	case len(body) != 4*int(recent)+4*len(values):
		return nil, apierror.Errorf("the snapshot has %d bytes of symbols and state: want %d", len(body), 4*int(recent)+4*len(values))
	}
	s.unknown, s.count = unknown == 1, count
	for n := count - recent; n < count; n++ {
		sym := binary.LittleEndian.Uint32(body)
		if uint64(sym) >= uint64(m.Symbols()) {
			return nil, apierror.Errorf("the snapshot has the symbol %d: want 0 to %d", sym, m.Symbols()-1)
		}
		s.recent[n%recentTokens], body = int32(sym), body[4:]
	}
	return s, setValues(values, body)
}

// setValues sets the values of a state to those in body, which has as many bytes.
func setValues(values []float32, body []byte) error {
	for i := range values {
		v := math.Float32frombits(binary.LittleEndian.Uint32(body[4*i:]))
		if !(-math.MaxFloat32 <= v && v <= math.MaxFloat32) {
			return apierror.Errorf("value %d of the snapshot's state is %v: want a finite number", i, v)
		}
		values[i] = v
	}
	return nil
}

// unseal returns the body of a snapshot of a model with a hash, which has fixed bytes or
// more.
func unseal(b []byte, magic string, fixed int, hash func() modelHash) ([]byte, error) {
	at := len(magic) - 1 // of the version
	name, version := []byte(magic[:at]), magic[at:]
	switch {
	case !bytes.HasPrefix(b, name):
		return nil, apierror.Errorf("the snapshot does not begin with %q: it is none, or is damaged", name)
	case len(b) < len(magic)+sha256.Size+fixed+sha256.Size:
		return nil, apierror.Errorf("the snapshot has %d bytes, less than any: it is cut short", len(b))
	case string(b[at:len(magic)]) != version:
		return nil, apierror.Errorf("the snapshot is of version %q and this program reads %q: read the sequence again",
			b[at:len(magic)], version)
	}
	body, end := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], end) {
		return nil, errors.New("the snapshot's checksum does not match: it is cut short or damaged")
	}
	body = body[len(magic):]
	if want := hash(); !bytes.Equal(body[:len(want)], want[:]) {
		return nil, apierror.Errorf("the snapshot is of the model with checksum %x…, this model's is %x…: restore it with the model that it was made with, or read the sequence again",
			body[:8], want[:8])
	}
	return body[sha256.Size:], nil
}

// Snapshot returns the state of s as bytes, from which [VectorModel.Restore] makes a stream
// that goes on as s does, to the bit: see Stream.Snapshot.
func (s *VectorStream) Snapshot() []byte {
	return seal(vectorMagic, s.model.hash(), appendValues(nil, s.state.Values()))
}

// Restore returns a stream that stands where the one stood whose [VectorStream.Snapshot]
// this is. It keeps nothing of snapshot, which is not trusted: whatever it holds, the
// result is a stream or an error that wraps [ErrSnapshot]. A snapshot of a model with other
// weights or another configuration is refused, and so are values that are not finite.
func (m *VectorModel) Restore(snapshot []byte) (*VectorStream, error) {
	s, err := m.restore(snapshot)
	if err != nil {
		return nil, wrap(apierror.Mark(err, ErrSnapshot))
	}
	return s, nil
}

func (m *VectorModel) restore(b []byte) (*VectorStream, error) {
	if !m.Sequential() {
		return nil, ErrWhole
	}
	body, err := unseal(b, vectorMagic, 0, m.hash)
	if err != nil {
		return nil, err
	}
	s := m.newStream()
	if values := s.state.Values(); len(body) != 4*len(values) {
		return nil, apierror.Errorf("the snapshot has %d bytes of state: want %d", len(body), 4*len(values))
	}
	return s, setValues(s.state.Values(), body)
}
