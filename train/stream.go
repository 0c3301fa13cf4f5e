package train

import (
	"errors"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// A streamPart says where the documents of a stream stand.
type streamPart struct {
	before int  // an id that is read before the first one, which then is predicted too; -1 for none
	goesOn bool // the last document goes on in another part: no stop follows
}

// newStream encodes docs as one stream and cuts it into tracks, see Dataset. It returns
// errDataBytes if it would take more than maxBytes at any time.
func newStream(docs []string, tok *tokenizer.Tokenizer, o DatasetOptions, part streamPart, maxBytes int64) (*Dataset, error) {
	d := &Dataset{Length: o.Length, Documents: len(docs), Tracks: o.Tracks, stop: int32(tok.Stop())}
	if part.before >= 0 {
		d.ids = append(d.ids, int32(part.before))
	}
	var ids []int
	for i, doc := range docs {
		if err := checkKnown(tok, i, doc); err != nil {
			return nil, err
		}
		// As in newDataset, and a byte may be an id of the data set.
		if 18*int64(len(doc)) > maxBytes-d.bytes() {
			return nil, errDataBytes
		}
		ids = tok.Append(ids[:0], doc)
		n := int64(len(ids))
		if d.stop >= 0 && !(part.goesOn && i == len(docs)-1) {
			ids = append(ids, tok.Stop())
		}
		if len(ids) > maxIDs-len(d.ids) {
			return nil, apierror.Errorf("the documents have more than %d tokens: use fewer of them", maxIDs)
		}
		if !grow(&d.ids, len(ids), 4, maxBytes-d.bytes()-8*int64(cap(ids))) {
			return nil, errDataBytes
		}
		for _, id := range ids {
			d.ids = append(d.ids, int32(id))
			if id == tok.Unknown() {
				d.Unknown++
			}
		}
		d.Words += n
	}
	steps := len(d.ids) - 1
	if part.before >= 0 { // validation: its tracks are no choice of the user
		o.Tracks = min(o.Tracks, max(steps, 1))
		d.Tracks = o.Tracks
	}
	switch {
	case steps == 0 && part.before >= 0:
		return nil, errors.New("the text for validation holds no token")
	case steps < 1:
		return nil, errors.New("the stream holds fewer than two tokens: there is nothing to predict")
	case steps < o.Tracks:
		return nil, apierror.Errorf("the stream has %d tokens to predict, fewer than its %d tracks: use more text, or lower %s to %d or less", steps, o.Tracks, option("BatchSize"), steps)
	}
	chunks := (steps-1)/o.Tracks/o.Length + 1 // of the longest track
	if !grow(&d.rows, chunks*o.Tracks, 8, maxBytes-d.bytes()) {
		return nil, errDataBytes
	}
	for k := range chunks {
		for b := range o.Tracks {
			from, to := trackStart(b, steps, o.Tracks), trackStart(b+1, steps, o.Tracks)
			lo := min(from+k*o.Length, to)
			hi := min(lo+o.Length, to)
			d.rows = append(d.rows, span{int32(lo), int32(hi + 1)})
		}
	}
	return d, nil
}

// trackStart returns the first step of track b of so many, which share steps as evenly as
// possible.
func trackStart(b, steps, tracks int) int { return int(int64(b) * int64(steps) / int64(tracks)) }

// splitStream sets the last part of a stream of documents aside for validation: a share of
// its bytes, about, cut between documents or lines, or where there are none between words,
// or between characters. Share 0 sets nothing aside.
//
// It returns an error unless 0 <= share < 1 and, for a share above 0, both lists get text.
func splitStream(docs []string, share float64) (training, validation []string, err error) {
	if !(share >= 0 && share < 1) {
		return nil, nil, apierror.Errorf("validation share is %v: want 0 or more and less than 1", share)
	}
	if share == 0 {
		return docs, nil, nil
	}
	total := 0
	for _, doc := range docs {
		total += len(doc)
	}
	cut := total - int(math.Floor(float64(total)*share))
	for i, doc := range docs {
		if cut >= len(doc) && i < len(docs)-1 {
			cut -= len(doc)
			continue
		}
		at := cutPlace(doc, min(cut, len(doc)))
		training = append(training, docs[:i]...)
		if at > 0 {
			training = append(training, doc[:at])
		}
		if at < len(doc) {
			validation = append(validation, doc[at:])
		}
		validation = append(validation, docs[i+1:]...)
		break
	}
	if len(training) == 0 || len(validation) == 0 {
		return nil, nil, apierror.Errorf("a validation share of %v leaves nothing on one side of %d bytes of text", share, total)
	}
	return training, validation, nil
}

// cutPlace returns where to cut doc, from byte at on.
func cutPlace(doc string, at int) int {
	if at == 0 {
		return 0
	}
	for _, blank := range []string{"\n", " "} {
		// Behind the next blank, or else behind the one before.
		next, last := strings.Index(doc[at-1:], blank), strings.LastIndex(doc[:at-1], blank)
		if next >= 0 {
			next += at
		}
		for _, i := range []int{next, last + 1} {
			if i > 0 && strings.TrimSpace(doc[:i]) != "" && strings.TrimSpace(doc[i:]) != "" {
				return i
			}
		}
	}
	for at < len(doc) && !utf8.RuneStart(doc[at]) {
		at++
	}
	return at
}

// newStates returns a zero state of each layer of a stack, of so many tracks; nil for a
// data set without tracks.
func newStates(net *layers.Stack, d *Dataset) []kernels.Matrix {
	if d == nil || d.Tracks == 0 {
		return nil
	}
	steps, err := net.Steppers()
	if err != nil {
		panic("train: a stream needs layers that go step by step")
	}
	var states []kernels.Matrix
	for _, s := range steps {
		states = append(states, kernels.RowMajor(kernels.Alloc(d.Tracks*s.StateLen()), d.Tracks, s.StateLen()))
	}
	return states
}

// carry makes the batches from now on begin in these states and leave their last ones in
// them, or with nil each in the zero state.
func (b *body) carry(states []kernels.Matrix) {
	for i, s := range b.seqs {
		if states == nil {
			s.Carry(kernels.Matrix{})
		} else {
			s.Carry(states[i])
		}
	}
}

// copyStates copies states of the same shapes.
func copyStates(dst, src []kernels.Matrix) {
	for i, m := range src {
		copy(dst[i].Data, m.Data)
	}
}

func clearStates(states []kernels.Matrix) {
	for _, m := range states {
		clear(m.Data)
	}
}
