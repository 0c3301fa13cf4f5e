package weights

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/dtype"
)

const (
	chunk     = 64 << 10 // bytes read or written at a time
	firstStep = 64 << 10 // bytes allocated on the word of a header alone
)

// Read reads a model file from r up to its end, under the rules in the package
// comment. A file longer than maxBytes is refused with an error that wraps
// ErrTooLarge, a malformed one with an error that wraps ErrFormat (one that ends
// early wraps io.ErrUnexpectedEOF too), and an error of r itself is returned
// wrapped. A checksum in the metadata is compared with the content. No File is
// returned with an error.
//
// Each tensor has memory of its own. Where the length of r is known (an open
// file, a bytes.Reader, anything that can seek or has a Len method), tensors are
// allocated once, provided that many bytes remain; elsewhere their memory at
// most doubles whenever the bytes received have filled it. All memory allocated
// is less than 4 times the bytes received plus 16 times the header's plus 512 kB.
func Read(r io.Reader, maxBytes int64) (*File, error) {
	f, _, err := read(r, maxBytes, false)
	return f, err
}

// ReadForeign reads a safetensors file of another program, of size bytes: as Read does,
// but its tensors may have any dtype of package dtype, which it returns beside each tensor
// of the File; dtype.Decode has converted them. A checksum is compared only if the metadata
// say that the format is "autoreg", for other programs may mean another thing by the key.
//
// All memory allocated is less than 4 times the file plus 16 times its header plus 512 kB.
func ReadForeign(r io.ReaderAt, size int64) (*File, []dtype.Type, error) {
	return read(io.NewSectionReader(r, 0, size), size, true)
}

func read(r io.Reader, maxBytes int64, foreign bool) (*File, []dtype.Type, error) {
	s, err := newSource(r)
	if err != nil {
		return nil, nil, err
	}
	header, err := s.readHeader(maxBytes)
	if err != nil {
		return nil, nil, err
	}
	meta, entries, err := parseHeader(header, foreign)
	if err != nil {
		return nil, nil, err
	}

	total := s.at
	if len(entries) > 0 {
		end := entries[len(entries)-1].end
		if end > math.MaxInt64-total {
			return nil, nil, tooLarge("the data end beyond byte %d", int64(math.MaxInt64))
		}
		total += end
	}
	if foreign && total > maxBytes {
		return nil, nil, formatErr("the file ends early: it has %d bytes, but its header is about %d", maxBytes, total)
	}
	if total > maxBytes {
		return nil, nil, tooLarge("the file has %d bytes, the limit is %d", total, maxBytes)
	}
	f := &File{Metadata: meta, Tensors: make([]Tensor, len(entries))}
	types := make([]dtype.Type, len(entries))
	for i, e := range entries {
		if e.n > math.MaxInt/4 || e.end-e.begin > math.MaxInt {
			return nil, nil, tooLarge("tensor %s: %d elements do not fit into this machine's memory", quote(e.name), e.n)
		}
		types[i] = e.dtype
		f.Tensors[i] = Tensor{Name: e.name, Shape: e.shape}
	}
	exact := s.left >= total-s.at // the promised bytes are really there
	buf := make([]byte, min(chunk, total-s.at))
	for i, e := range entries {
		data, err := s.floats(e, exact, buf)
		if err != nil {
			return nil, nil, err
		}
		f.Tensors[i].Data = data
	}
	if err := s.atEnd(); err != nil {
		return nil, nil, err
	}
	if foreign && meta["format"] != "autoreg" {
		return f, types, nil
	}
	if err := f.verify(len(header), buf); err != nil {
		return nil, nil, err
	}
	return f, types, nil
}

// tooLarge returns an error that wraps ErrTooLarge.
func tooLarge(format string, args ...any) error {
	return apierror.Mark(fmt.Errorf(format, args...), ErrTooLarge)
}

// A source reads from r and counts.
type source struct {
	r    io.Reader
	at   int64 // bytes read
	left int64 // bytes that r holds beyond at; -1 if r cannot tell
}

// newSource finds out what r holds, and leaves its position as it was.
func newSource(r io.Reader) (*source, error) {
	s := &source{r: r, left: -1}
	switch v := r.(type) {
	case interface{ Len() int }:
		s.left = int64(v.Len())
	case io.Seeker:
		at, err := v.Seek(0, io.SeekCurrent)
		if err != nil {
			break // a pipe, say
		}
		end, err := v.Seek(0, io.SeekEnd)
		if err == nil {
			s.left = max(end-at, 0)
		}
		if _, err := v.Seek(at, io.SeekStart); err != nil {
			return nil, fmt.Errorf("seek back to byte %d: %w", at, err)
		}
	}
	return s, nil
}

// full fills b; what is being read is for the message.
func (s *source) full(b []byte, what string) error {
	n, err := io.ReadFull(s.r, b)
	s.at += int64(n)
	if s.left >= 0 {
		s.left = max(s.left-int64(n), 0)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return apierror.Mark(fmt.Errorf("%s: the file ends early, at byte %d", what, s.at), ErrFormat, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("%s, byte %d: %w", what, s.at, err)
}

// readHeader reads the header and its length, unless they end beyond maxBytes.
func (s *source) readHeader(maxBytes int64) ([]byte, error) {
	var prefix [8]byte
	if err := s.full(prefix[:], "header length"); err != nil {
		if s.at == 0 && errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, apierror.Mark(errors.New("the file is empty: it ends early, at byte 0"), ErrFormat, io.ErrUnexpectedEOF)
		}
		return nil, err
	}
	size := binary.LittleEndian.Uint64(prefix[:])
	if size > MaxHeader {
		more := make([]byte, sniffed)
		n := copy(more, prefix[:])
		k, _ := io.ReadFull(s.r, more[n:]) // an error changes nothing about what was read
		if what := foreign(more[:n+k]); what != "" {
			return nil, formatErr("this is not a model file (safetensors): %s", what)
		}
		return nil, formatErr("this is not a model file (safetensors): header length, byte 0: %d bytes, more than %d", size, MaxHeader)
	}
	if int64(8+size) > maxBytes {
		return nil, tooLarge("the header ends at byte %d, the limit is %d bytes", 8+size, maxBytes)
	}
	return s.header(int(size))
}

// header reads n bytes, allocating as floats does.
func (s *source) header(n int) ([]byte, error) {
	size := n
	if s.left < int64(n) {
		size = min(n, firstStep)
	}
	b := make([]byte, size)
	for done := 0; ; {
		if err := s.full(b[done:], "header"); err != nil {
			return nil, err
		}
		if done = len(b); done == n {
			return b, nil
		}
		next := make([]byte, min(n, 2*done))
		copy(next, b)
		b = next
	}
}

// floats reads the elements of tensor e by way of buf. If exact, it allocates them at once,
// else as they arrive.
func (s *source) floats(e entry, exact bool, buf []byte) ([]float32, error) {
	n, size := int(e.n), int(e.n)
	if !exact {
		size = min(n, firstStep/4)
	}
	data, what, bytes := make([]float32, size), "tensor "+quote(e.name), e.dtype.Size()
	for done := 0; done < n; {
		if done == len(data) {
			next := make([]float32, min(n, 2*done))
			copy(next, data)
			data = next
		}
		b := buf[:bytes*min(len(buf)/bytes, len(data)-done)]
		if err := s.full(b, what); err != nil {
			return nil, err
		}
		dtype.Decode(data[done:done+len(b)/bytes], b, e.dtype)
		done += len(b) / bytes
	}
	return data, nil
}

// atEnd checks that nothing follows.
func (s *source) atEnd() error {
	var b [1]byte
	switch _, err := io.ReadFull(s.r, b[:]); err {
	case io.EOF:
		return nil
	case nil:
		return formatErr("byte %d: the file goes on after the last tensor", s.at)
	default:
		return fmt.Errorf("end of file, byte %d: %w", s.at, err)
	}
}
