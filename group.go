package autoreg

import (
	"errors"
	"runtime"
	"sync"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// ErrGroupFull is what the error of Group.Join wraps for one stream more than
// GroupOptions.Capacity.
var ErrGroupFull = errors.New("the group is full")

// GroupOptions are the limits of a Group. The zero value, or a nil pointer, is a group of
// any number of streams that uses all CPUs.
type GroupOptions struct {
	// Capacity is the most streams that may be joined at once; 0 means no limit. Every
	// stream that draws makes the others slower: a limit keeps up the rate of each.
	Capacity int
	// Threads is how many steps run at the same time at most; 0 means one a CPU that Go
	// may use, and 1024 is the most. More than Capacity are not used. Each takes memory at
	// once, some hundred kilobytes for a model of 256 units. Logits do not depend on it.
	Threads int
}

// A Group steps many streams of a model together: the logits of all that wait for theirs
// come from one product a layer, which reads the weights once for all of them. With 16
// streams a token takes about a third of the time that it takes alone.
//
// A stream that has joined is used as before, by a goroutine of its own: by Chain.Run, for
// example, or with GenerateOptions.Group. Its logits are bit-identical to those that it
// has alone, whichever streams are in the group and whenever they join and leave. Logits
// waits for a step, which begins when a thread is free and takes whatever waits by then:
// streams that are not waiting, because their caller is slow, hold up none. Advance of a
// symbol before another one, as in a prompt, runs the layers at once, in the caller's
// goroutine. A step allocates nothing.
//
// A Group is safe for concurrent use. It has no goroutines and needs no closing.
type Group struct {
	model    *TextModel
	capacity int
	threads  int
	rows     int // most streams of a step

	mu          sync.Mutex
	joined      int
	idle        []*stepper
	gathering   int // steppers whose step is about to begin
	waiting     int // members in the queue, which is empty while a stepper is idle
	first, last *member
}

// A member is what a group knows of a stream.
type member struct {
	group  *Group
	state  *layers.State
	symbol int       // consumed, but by no layer yet; -1 if there is none
	logits []float32 // to be set by the next step

	next *member       // in the queue
	wake chan *stepper // one to lead its step, or nil: the logits are set
}

// groupRows is the most streams of a step. More gain nothing, and those that wait for the
// next step would wait longer.
const groupRows = 64

// maxGroupThreads bounds GroupOptions.Threads, each of which takes memory.
const maxGroupThreads = 1024

// NewGroup returns a group without streams. nil options mean the zero value. It returns an
// error for options that are invalid.
func (m *TextModel) NewGroup(o *GroupOptions) (*Group, error) {
	if o == nil {
		o = &GroupOptions{}
	}
	switch {
	case o.Capacity < 0:
		return nil, optionErr("%s is %d: want 1 or more, or 0 for no limit", option("Capacity"), o.Capacity)
	case o.Threads < 0 || o.Threads > maxGroupThreads:
		return nil, optionErr("%s is %d: want 1 to %d, or 0 for one a CPU", option("Threads"), o.Threads, maxGroupThreads)
	}
	g := &Group{model: m, capacity: o.Capacity, threads: o.Threads, rows: groupRows}
	if o.Capacity > 0 {
		g.rows = min(g.rows, o.Capacity)
	}
	if g.threads == 0 {
		g.threads = min(runtime.GOMAXPROCS(0), maxGroupThreads)
	}
	if g.capacity > 0 {
		g.threads = min(g.threads, g.capacity) // each step has a stream at least
	}
	for range g.threads {
		g.idle = append(g.idle, newStepper(m, g.rows))
	}
	return g, nil
}

// Join makes g step s until Leave. It returns an error that wraps [ErrGroupFull] if as
// many streams have joined as may. It panics if s is of another model or has joined a
// group.
func (g *Group) Join(s *Stream) error {
	switch {
	case s.model != g.model:
		panic("autoreg: Group: Join: a stream of another model")
	case s.member != nil:
		panic("autoreg: Group: Join: the stream has joined a group")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.capacity > 0 && g.joined == g.capacity {
		return wrap(apierror.Mark(apierror.Errorf("the group has %d streams, its %s: let one leave before another joins",
			g.joined, option("Capacity")), ErrGroupFull))
	}
	g.joined++
	s.member = &member{group: g, state: s.state, symbol: -1, wake: make(chan *stepper, 1)}
	return nil
}

// Leave makes s go on alone, from where it stands. It panics if s has not joined g.
func (g *Group) Leave(s *Stream) {
	if s.member == nil || s.member.group != g {
		panic("autoreg: Group: Leave: the stream has not joined")
	}
	s.member.settle()
	s.member = nil
	g.mu.Lock()
	g.joined--
	g.mu.Unlock()
}

// advance leaves the symbol to the next step, and runs the layers for the one before it.
func (m *member) advance(symbol int) {
	m.group.model.text.Stack.Embedding.Row(symbol) // panics if it is out of range
	m.settle()
	m.symbol = symbol
}

// settle has the layers consume the symbol that waits, if there is one.
func (m *member) settle() {
	if m.symbol >= 0 {
		m.state.Advance(m.symbol)
		m.symbol = -1
	}
}

// wait returns when a step has set dst to the logits of the next symbol. The goroutine of
// one of the members leads each step and then hands its stepper on.
func (m *member) wait(dst []float32) {
	g := m.group
	m.logits = dst
	st := g.enter(m)
	if st == nil {
		if st = <-m.wake; st == nil {
			return
		}
	}
	g.gather(st, m)
	st.step()
	for _, other := range st.members {
		if other != m {
			other.wake <- nil
		}
	}
	st.clear()
	g.release(st)
}

// enter returns an idle stepper for m to lead, or puts m into the queue.
func (g *Group) enter(m *member) *stepper {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n := len(g.idle); n > 0 {
		st := g.idle[n-1]
		g.idle = g.idle[:n-1]
		g.gathering++
		return st
	}
	if g.waiting == 0 {
		g.first = m
	} else {
		g.last.next = m
	}
	g.last = m
	g.waiting++
	return nil
}

// dequeue returns the member that has waited longest.
func (g *Group) dequeue() *member {
	m := g.first
	g.first, m.next = m.next, nil
	g.waiting--
	return m
}

// gather makes the leader and the members that wait those of the stepper's next step. It
// yields first: members that have just got logits are about to draw and to wait for the
// next ones, and a step costs little more for each. Where no goroutine is ready to run, a
// yield takes a fraction of a microsecond.
func (g *Group) gather(st *stepper, leader *member) {
	runtime.Gosched()
	g.mu.Lock()
	if g.share() < st.rows-1 {
		// The scheduler sometimes runs a goroutine that yields before those that are
		// ready.
		g.mu.Unlock()
		runtime.Gosched()
		g.mu.Lock()
	}
	st.members = append(st.members, leader)
	for range min(g.share(), g.rows-1) {
		st.members = append(st.members, g.dequeue())
	}
	st.rows = len(st.members)
	g.gathering--
	g.mu.Unlock()
}

// share returns how many members that wait go with the leader of a step that is about to
// begin: no more than leave their share to the other steps about to begin, and no more
// than make the step that of one of the threads, so that no thread has little to do for
// long.
func (g *Group) share() int {
	return min((g.waiting+g.gathering-1)/g.gathering, (g.joined+g.threads-1)/g.threads-1)
}

// release hands st to the member that has waited longest, or makes it idle.
func (g *Group) release(st *stepper) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waiting == 0 {
		g.idle = append(g.idle, st)
		return
	}
	g.gathering++
	g.dequeue().wake <- st
}

// A stepper steps members of a group together. Their states are theirs: each step copies
// them into the rows of its batch and back, which takes a thousandth of its time.
type stepper struct {
	batch   *layers.Batch
	rows    int       // members of the last step
	members []*member // of the step, which the first one added leads
	symbols []int
	logits  [][]float32
}

func newStepper(m *TextModel, rows int) *stepper {
	return &stepper{
		batch:   m.text.Stack.NewBatch(rows, kernels.NewWorkers(1)),
		members: make([]*member, 0, rows),
		symbols: make([]int, 0, rows),
		logits:  make([][]float32, 0, rows),
	}
}

// step has the layers consume the symbols of the members that have one, and sets the
// logits of all.
func (st *stepper) step() {
	advancing := 0 // members that have a symbol, in the first rows
	for i, m := range st.members {
		if m.symbol >= 0 {
			st.members[i], st.members[advancing] = st.members[advancing], m
			st.symbols = append(st.symbols, m.symbol)
			advancing++
		}
	}
	for i, m := range st.members {
		st.batch.SetRow(i, m.state)
		st.logits = append(st.logits, m.logits)
	}
	st.batch.Resize(advancing)
	st.batch.Advance(st.symbols)
	st.batch.Resize(len(st.members))
	st.batch.LogitsTo(st.logits)
	for i, m := range st.members[:advancing] {
		st.batch.GetRow(i, m.state)
		m.symbol = -1
	}
}

// clear forgets the members, which may end before the next step.
func (st *stepper) clear() {
	clear(st.members)
	clear(st.logits)
	st.members, st.symbols, st.logits = st.members[:0], st.symbols[:0], st.logits[:0]
}
