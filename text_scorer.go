package autoreg

import (
	"context"
	"fmt"
	"iter"
	"math"
	"runtime"
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// How many documents are read together: at most scoreRows, fewer if their logits would
// take more than scoreLogits values, but at least scoreRowsLeast. More rows make the
// product of a step faster until the logits no longer fit the cache.
const (
	scoreRows      = 32
	scoreRowsLeast = 4
	scoreLogits    = 1 << 19
)

// Scores are yielded in the order of the documents: one that ends before an earlier one
// waits. So many documents, or tokens of them, may have begun and not been yielded.
const (
	scoreWaiting       = 1 << 10
	scoreWaitingTokens = 1 << 20
)

// scoreKept is the most tokens of a document whose memory is used again.
const scoreKept = 1 << 12

// scoreSteps is the most steps between two meetings of the threads.
const scoreSteps = 16

// A textScorer is a call of Score. Each thread has a batch of its own, whose rows are
// documents that join when there is room and leave at their end: a step of one batch on
// several threads gains little, and with few rows loses.
type textScorer struct {
	ctx     context.Context
	model   *TextModel
	o       ScoreOptions
	limit   int  // tokens of a document
	rows    int  // documents that a thread reads together at most
	ended   bool // there are no more documents
	workers *kernels.Workers
	shards  []scoreShard
	steps   int // that they take until the threads meet again
	advance func(worker, from, to int)

	taken  int  // documents
	strict bool // a unit that the vocabulary lacks has no token: it is an error

	start *layers.State // of each document: after the prefix but for its last token
	first []int         // that token, or none

	waiting, waitingTokens int

	queue  []*scoredText // documents begun and not yielded, in their order
	tokens int           // in these
	free   []*scoredText
}

// A scoreShard is the documents of one thread.
type scoreShard struct {
	batch   *layers.Batch // made with the first step
	logits  kernels.Matrix
	scratch []float32
	active  []*scoredText // the batch's rows
	syms    []int         // of these
}

// A scoredText is a document being scored.
type scoredText struct {
	text     string
	empty    bool      // it holds no token
	ids      []int     // the last token of the prefix, if there is one, and the document's
	logProbs []float32 // of ids[1:] so far
}

// left returns how many tokens are not predicted yet.
func (d *scoredText) left() int { return max(len(d.ids)-1-len(d.logProbs), 0) }

// newScorer returns a scorer, or an error for invalid options.
func (m *TextModel) newScorer(ctx context.Context, o *ScoreOptions) (*textScorer, error) {
	if o == nil {
		o = &ScoreOptions{}
	}
	if err := o.check(o.ofImages()...); err != nil {
		return nil, err
	}
	s := &textScorer{
		ctx: ctx, model: m, o: *o, limit: o.Length, start: m.text.Stack.NewState(),
		waiting: scoreWaiting, waitingTokens: scoreWaitingTokens,
	}
	tok := m.Tokenizer()
	s.strict = tok.Unknown() < 0 && tok.Options().Unit != tokenizer.Bytes
	if o.Prefix != "" {
		if err := s.missing(o.Prefix); err != nil {
			return nil, optionErr("%s %w", option("Prefix"), err)
		}
		ids := tok.Append(nil, o.Prefix)
		if len(ids) == 0 {
			return nil, optionErr("%s is %.40q, which holds no %s: leave it empty for none", option("Prefix"), o.Prefix, tok.Options().Unit)
		}
		for _, id := range ids[:len(ids)-1] {
			s.start.Advance(id)
		}
		s.first = ids[len(ids)-1:]
	}
	switch least := 2 - len(s.first); {
	case s.limit == 0:
		s.limit = math.MaxInt
	case s.limit < 2 && least == 2:
		return nil, optionErr("%s is %d: want 2 or more, for the first token is not predicted, or 0 for no limit", option("Length"), s.limit)
	case s.limit < 1:
		return nil, optionErr("%s is %d: want 1 or more, or 0 for no limit", option("Length"), s.limit)
	}
	threads := o.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	threads = min(threads, 2*runtime.GOMAXPROCS(0)) // more would only wait for each other
	s.workers = kernels.NewWorkers(threads)
	s.shards = make([]scoreShard, threads)
	s.advance = func(_, from, to int) {
		for i := from; i < to; i++ {
			s.shards[i].run(s)
		}
	}
	s.rows = min(max(scoreLogits/m.Symbols(), scoreRowsLeast), scoreRows)
	return s, nil
}

// run scores documents and yields them in their order. What it yields is valid until the
// next one.
func (s *textScorer) run(documents iter.Seq[string]) iter.Seq2[*scoredText, error] {
	return func(yield func(*scoredText, error) bool) {
		var failed error
		for text := range documents {
			s.taken++
			if err := s.missing(text); err != nil {
				failed = wrap(apierror.Errorf("document %d %w", s.taken, err))
				break
			}
			s.add(text)
			for s.full() {
				if !s.yield(yield) {
					return
				}
			}
		}
		s.ended = true
		for len(s.queue) > 0 {
			if !s.yield(yield) {
				return
			}
		}
		if failed != nil {
			yield(nil, failed)
		}
	}
}

// missing returns an error for a text with a unit that has no token. Without it the text
// would be scored as if it were not there.
func (s *textScorer) missing(text string) error {
	if !s.strict {
		return nil
	}
	tok := s.model.Tokenizer()
	for unit := range tok.Missing(text) {
		return fmt.Errorf("holds the %s %.40q, which the model does not know, and it has no token for unknown ones", tok.Options().Unit, unit)
	}
	return nil
}

// full reports whether documents must be read on before another one is added.
func (s *textScorer) full() bool {
	return len(s.emptiest().active) == s.rows || len(s.queue) >= s.waiting || s.tokens > s.waitingTokens
}

// emptiest returns the shard with the fewest documents.
func (s *textScorer) emptiest() *scoreShard {
	least := &s.shards[0]
	for i := range s.shards {
		if len(s.shards[i].active) < len(least.active) {
			least = &s.shards[i]
		}
	}
	return least
}

// add adds a document.
func (s *textScorer) add(text string) {
	d := &scoredText{}
	if n := len(s.free); n > 0 {
		d, s.free = s.free[n-1], s.free[:n-1]
	}
	d.text, d.logProbs = text, d.logProbs[:0]
	ids := append(d.ids[:0], s.first...)
	first := len(ids)
	ids = s.model.Tokenizer().Append(ids, text)
	if d.empty = len(ids) == first; d.empty {
		ids = ids[:0]
	} else if ids = append(ids, s.model.stop()...); len(ids)-first > s.limit {
		ids = ids[:first+s.limit]
	}
	d.ids = ids
	d.logProbs = slices.Grow(d.logProbs, len(ids))
	s.queue = append(s.queue, d)
	s.tokens += len(ids)
	if d.left() == 0 {
		return
	}
	p := s.emptiest()
	if p.batch != nil {
		p.batch.SetRow(len(p.active), s.start)
	}
	p.active = append(p.active, d)
}

// yield reads some tokens of each document, unless the next document is done already, and
// yields those that are done. It returns false if that was the last call.
func (s *textScorer) yield(yield func(*scoredText, error) bool) bool {
	if s.queue[0].left() > 0 {
		if err := s.ctx.Err(); err != nil {
			yield(nil, err)
			return false
		}
		s.step()
	}
	n := 0
	for ; n < len(s.queue) && s.queue[n].left() == 0; n++ {
		d := s.queue[n]
		if !yield(d, nil) {
			return false
		}
		s.tokens -= len(d.ids)
		if d.text = ""; cap(d.ids) <= scoreKept {
			s.free = append(s.free, d)
		}
	}
	s.queue = append(s.queue[:0], s.queue[n:]...)
	return true
}

// step predicts the next tokens of all active documents: as many as the shortest has left,
// so that no thread waits for another.
func (s *textScorer) step() {
	s.steps = scoreSteps
	for i := range s.shards {
		for _, d := range s.shards[i].active {
			s.steps = min(s.steps, d.left())
		}
	}
	s.workers.Split(len(s.shards), 1, s.advance)
}

// run predicts the next s.steps tokens of each document, and drops those that are done.
func (p *scoreShard) run(s *textScorer) {
	if len(p.active) == 0 {
		return
	}
	if p.batch == nil {
		p.make(s)
	}
	n := len(p.active)
	p.batch.Resize(n)
	for range s.steps {
		for i, d := range p.active {
			p.syms[i] = d.ids[len(d.logProbs)]
		}
		p.batch.Advance(p.syms[:n])
		p.batch.Logits(p.logits.SubRows(0, n))
		for i, d := range p.active {
			x := p.logits.Data[i*p.logits.Row:][:len(p.scratch)]
			next := d.ids[len(d.logProbs)+1]
			d.logProbs = append(d.logProbs, x[next]-kernels.LogSumExp(x, p.scratch))
		}
	}
	for i := n - 1; i >= 0; i-- {
		if p.active[i].left() > 0 {
			continue
		}
		last := len(p.active) - 1
		if i != last {
			p.batch.CopyRow(i, last)
			p.active[i] = p.active[last]
		}
		p.active = p.active[:last]
	}
}

// make makes a batch with the documents that are active, no larger than it needs to be if
// there are no others.
func (p *scoreShard) make(s *textScorer) {
	n, symbols := s.rows, s.model.Symbols()
	if s.ended {
		n = len(p.active)
	}
	p.batch = s.model.text.Stack.NewBatch(n, kernels.NewWorkers(1))
	for i := range p.active {
		p.batch.SetRow(i, s.start)
	}
	p.logits = kernels.RowMajor(kernels.Alloc(n*symbols), n, symbols)
	p.syms, p.scratch = make([]int, n), kernels.Alloc(symbols)
}
