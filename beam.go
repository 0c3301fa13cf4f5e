package autoreg

import (
	"cmp"
	"context"
	"math"
	"runtime"
	"slices"

	"github.com/autoreg/autoreg/internal/portable"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
)

// MaxBeamWidth is the largest BeamOptions.Width; 0 means defaultBeamWidth.
const (
	MaxBeamWidth     = 1 << 10
	defaultBeamWidth = 4
)

// maxLengthPenalty bounds BeamOptions.LengthPenalty, so that every score is finite.
const maxLengthPenalty = 10

// BeamOptions choose how Beam searches. The zero value, or a nil pointer, works.
type BeamOptions struct {
	// Width is how many texts are kept at each step, and returned at most: 1 to
	// MaxBeamWidth; 0 means 4. With 1 the search is greedy, as Generate is at temperature 0.
	Width int
	// LengthPenalty is α of the score, 0 to 10. 0 compares texts by their probability
	// alone, which falls with every token; more of it prefers longer texts.
	LengthPenalty float64

	// MaxTokens, NewTokens, AllowUnknown, RawPrompt, Plain and OmitPrompt are those of
	// GenerateOptions.
	MaxTokens, NewTokens    int
	AllowUnknown, RawPrompt bool
	Plain, OmitPrompt       bool

	// Threads is how many threads search at most; 0 means one a CPU that Go may use. The
	// result does not depend on it.
	Threads int
}

// A Beam is a text that Beam found.
type Beam struct {
	Text string // as Generate writes it
	IDs  []int  // the new tokens, a final stop token included

	// LogProb is Σ ln p of IDs, in nats: each in float32 among the tokens that can be
	// drawn, as Piece.LogProb, the sum in float64, in order.
	LogProb float64
	Score   float64 // LogProb divided by the length penalty

	Reason sampler.Reason // stop or length
}

// Beam searches for the likeliest continuations of a prompt, and returns up to Width of
// them, the best first. nil options mean the zero value.
//
// Each step predicts the token after each of the Width texts kept so far, and ranks all
// texts that are one token longer: by falling Σ ln p; ties by the rank of the shorter
// text, then by falling logit, then by rising ID. Of the first Width of them, those that
// end with the stop token are found. The first Width of the others are kept. The
// search ends when Width texts are found or the limit of length is reached, where those
// kept are found too. These are ranked by
//
//	score(Y) = Σ ln p / lp(Y),  lp(Y) = ((5 + |Y|) / 6)^α
//
// with |Y| the number of new tokens and α the LengthPenalty; ties in the order in which
// they were found. The result is the same on every machine with any number of threads.
// The search does not draw: it knows no temperature and no seed.
//
// Errors are those of Generate, and those of invalid options. If ctx is done there are no
// texts.
//
// Wu et al., Google's Neural Machine Translation System, 2016, section 7.
func (m *TextModel) Beam(ctx context.Context, prompt string, o *BeamOptions) ([]Beam, error) {
	if o == nil {
		o = &BeamOptions{}
	}
	switch {
	case o.Width < 0 || o.Width > MaxBeamWidth:
		return nil, optionErr("%s is %d: want 1 to %d, or 0 for %d", option("Width"), o.Width, MaxBeamWidth, defaultBeamWidth)
	case !(o.LengthPenalty >= 0 && o.LengthPenalty <= maxLengthPenalty):
		return nil, optionErr("%s is %v: want 0 to %d", option("LengthPenalty"), o.LengthPenalty, maxLengthPenalty)
	case o.Threads < 0:
		return nil, optionErr("%s is %d: want 1 or more, or 0 for one a CPU", option("Threads"), o.Threads)
	}
	threads := cmp.Or(o.Threads, runtime.GOMAXPROCS(0))
	g, err := m.prepare(prompt, &GenerateOptions{
		MaxTokens: o.MaxTokens, NewTokens: o.NewTokens,
		AllowUnknown: o.AllowUnknown, RawPrompt: o.RawPrompt, Plain: o.Plain, OmitPrompt: o.OmitPrompt,
	})
	if err != nil {
		return nil, err
	}
	if g.room <= 0 {
		return []Beam{{Text: g.prompt(prompt), Reason: sampler.ReasonLength}}, nil
	}
	stream := m.NewStream()
	stream.AllowUnknown(o.AllowUnknown)
	if _, err := stream.read(ctx, g.chain, g.ids); err != nil {
		return nil, err
	}
	s := newBeamSearch(stream, cmp.Or(o.Width, defaultBeamWidth), kernels.NewWorkers(threads))
	if err := s.run(ctx, g.room); err != nil {
		return nil, err
	}
	return s.beams(g, prompt, o.LengthPenalty), nil
}

// A beamSearch is a call of Beam. The texts that it keeps are rows of a batch.
type beamSearch struct {
	stream  *Stream // after the prompt
	width   int
	stop    int // the stop token, or -1
	workers *kernels.Workers
	batch   *layers.Batch
	logits  kernels.Matrix // [width, Symbols]
	scratch [][]float32    // of each worker
	top     [][]sampler.Candidate
	lse     []float32

	nodes []beamNode // all texts but the prompt
	live  []beamText // kept, the best first
	next  []beamText
	found []beamText // the last token of each is the stop token, or it has the largest length
	ranks []beamRank
	syms  []int

	predict func(worker, from, to int) // of rows, after Logits
	taken   []bool                     // rows that a text has
	moving  []int                      // texts that leave their parent's row
}

// A beamNode is the last token of a text, and the node of the text before it.
type beamNode struct{ before, id int }

// A beamText is a text that is kept or found.
type beamText struct {
	node    int // its last token; -1 for the prompt
	row     int // of the batch
	length  int // new tokens
	logProb float64
}

// A beamRank is a text that is one token longer than one that is kept.
type beamRank struct {
	parent  int // in live
	token   sampler.Candidate
	logProb float64
}

func newBeamSearch(stream *Stream, width int, workers *kernels.Workers) *beamSearch {
	tokens := stream.Symbols()
	s := &beamSearch{
		stream: stream, width: width, workers: workers,
		stop:    stream.model.Tokenizer().Stop(),
		batch:   stream.model.text.Stack.NewBatch(width, workers),
		logits:  kernels.RowMajor(kernels.Alloc(width*tokens), width, tokens),
		scratch: make([][]float32, workers.Len()),
		top:     make([][]sampler.Candidate, width),
		lse:     make([]float32, width),
		syms:    make([]int, width),
		taken:   make([]bool, width),
		live:    []beamText{{node: -1}},
	}
	for i := range s.scratch {
		s.scratch[i] = kernels.Alloc(tokens)
	}
	s.batch.SetRow(0, stream.state)
	s.predict = func(worker, from, to int) {
		for i := from; i < to; i++ {
			x := s.logits.Data[i*s.logits.Row:][:tokens]
			s.stream.mask(x)
			s.lse[i] = kernels.LogSumExp(x, s.scratch[worker])
			s.top[i] = sampler.Top(s.top[i][:0], x, s.width+1)
		}
	}
	return s
}

// run searches up to so many new tokens.
func (s *beamSearch) run(ctx context.Context, room int) error {
	for length := 1; ; length++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if s.rank(); len(s.ranks) == 0 && len(s.found) == 0 {
			return sampler.ErrNoSymbol
		}
		s.choose()
		if len(s.found) >= s.width || len(s.live) == 0 {
			return nil
		}
		if length == room {
			s.found = append(s.found, s.live...)
			return nil
		}
		s.place()
		n := len(s.live)
		s.batch.Resize(n)
		s.batch.Advance(s.syms[:n])
	}
}

// rank sets ranks to the texts that are one token longer, the best first: of each text
// that is kept, enough for choose.
func (s *beamSearch) rank() {
	n := len(s.live)
	s.batch.Resize(n)
	s.batch.Logits(s.logits.SubRows(0, n))
	s.workers.Split(n, 1, s.predict)
	s.ranks = s.ranks[:0]
	for parent, t := range s.live {
		for _, c := range s.top[t.row] {
			if p := c.Logit - s.lse[t.row]; p >= -math.MaxFloat32 { // not if the sum is infinite or NaN
				s.ranks = append(s.ranks, beamRank{parent, c, t.logProb + float64(p)})
			}
		}
	}
	// The tokens of a text are sorted: a stable sort leaves ties by parent, then by token.
	slices.SortStableFunc(s.ranks, func(a, b beamRank) int { return cmp.Compare(b.logProb, a.logProb) })
}

// choose takes the texts to be kept, and those that are found, from ranks.
func (s *beamSearch) choose() {
	s.next = s.next[:0]
	for i, r := range s.ranks {
		if len(s.next) == s.width {
			break
		}
		ends := int(r.token.ID) == s.stop
		if ends && i >= s.width {
			continue
		}
		parent := s.live[r.parent]
		t := beamText{node: len(s.nodes), row: parent.row, length: parent.length + 1, logProb: r.logProb}
		s.nodes = append(s.nodes, beamNode{parent.node, int(r.token.ID)})
		if ends {
			s.found = append(s.found, t)
		} else {
			s.next = append(s.next, t)
		}
	}
	s.live, s.next = s.next, s.live
}

// place gives each text that is kept a row of its own among the first ones, which holds
// its parent's state, and sets syms to the tokens that the rows are to consume. The first
// text of a parent stays in the parent's row if it can; the others take rows that no text
// needs.
func (s *beamSearch) place() {
	n := len(s.live)
	clear(s.taken)
	s.moving = s.moving[:0]
	for i, t := range s.live {
		if t.row < n && !s.taken[t.row] {
			s.taken[t.row] = true
		} else {
			s.moving = append(s.moving, i)
		}
	}
	free := 0
	for _, i := range s.moving {
		for s.taken[free] {
			free++
		}
		s.batch.CopyRow(free, s.live[i].row)
		s.live[i].row, s.taken[free] = free, true
	}
	for _, t := range s.live {
		s.syms[t.row] = s.nodes[t.node].id
	}
}

// beams returns the texts found, the best first.
func (s *beamSearch) beams(g *generation, prompt string, penalty float64) []Beam {
	list := make([]Beam, 0, len(s.found))
	for _, t := range s.found {
		b := Beam{IDs: make([]int, t.length), LogProb: t.logProb, Reason: sampler.ReasonLength}
		for i, at := t.length-1, t.node; i >= 0; i, at = i-1, s.nodes[at].before {
			b.IDs[i] = s.nodes[at].id
		}
		if b.IDs[t.length-1] == s.stop {
			b.Reason = sampler.ReasonStop
		}
		b.Score = t.logProb / lengthPenalty(t.length, penalty)
		list = append(list, b)
	}
	slices.SortStableFunc(list, func(a, b Beam) int { return cmp.Compare(b.Score, a.Score) })
	list = list[:min(len(list), s.width)]
	for i := range list {
		list[i].Text = g.prompt(prompt) + g.spelled(list[i].IDs)
	}
	return list
}

// lengthPenalty returns ((5 + n) / 6)^α.
func lengthPenalty(n int, alpha float64) float64 {
	return portable.Exp(float64(alpha * portable.Log(float64(5+n)/6)))
}
