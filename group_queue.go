package autoreg

import (
	"errors"
	"runtime"
	"sync"

	"github.com/autoreg/autoreg/internal/apierror"
)

// ErrGroupFull is what the error of Group.Join and VectorGroup.Join wraps for one stream
// more than GroupOptions.Capacity.
var ErrGroupFull = errors.New("the group is full")

// GroupOptions are the limits of a Group or VectorGroup. The zero value, or a nil pointer,
// is a group of any number of streams that uses all CPUs.
type GroupOptions struct {
	// Capacity is the most streams that may be joined at once; 0 means no limit. Every
	// stream that draws makes the others slower: a limit keeps up the rate of each.
	Capacity int
	// Threads is how many steps run at the same time at most; 0 means one a CPU that Go
	// may use, and 1024 is the most. More than Capacity are not used. Each takes memory at
	// once, some hundred kilobytes for a model of 256 units. Logits do not depend on it.
	Threads int
}

// groupRows is the most streams of a step. More gain nothing, and those that wait for the
// next step would wait longer.
const groupRows = 64

// maxGroupThreads bounds GroupOptions.Threads, each of which takes memory.
const maxGroupThreads = 1024

// A stepQueue is what groups of streams share, whatever a step computes: who waits, who
// leads a step, and with whom. W is what a step needs to know of a stream.
type stepQueue[W any] struct {
	capacity int
	threads  int
	rows     int // most streams of a step

	mu          sync.Mutex
	joined      int
	idle        []*stepper[W]
	gathering   int // steppers whose step is about to begin
	waiting     int // members in the queue, which is empty while a stepper is idle
	first, last *member[W]
}

// A member is what a group knows of a stream.
type member[W any] struct {
	group *stepQueue[W]
	work  W

	next *member[W]       // in the queue
	wake chan *stepper[W] // one to lead its step, or nil: the step is done
}

// A stepper steps members of a group together. Their states are theirs: each step copies
// them into the rows of its batch and back, which takes a thousandth of its time.
type stepper[W any] struct {
	rows    int          // members of the last step
	members []*member[W] // of the step, which the first one added leads
	step    func(members []*member[W])
}

// init makes g a group without streams. newStep returns what does the steps of one thread,
// of up to a number of rows. It returns an error for options that are invalid.
func (g *stepQueue[W]) init(o *GroupOptions, newStep func(rows int) func([]*member[W])) error {
	if o == nil {
		o = &GroupOptions{}
	}
	switch {
	case o.Capacity < 0:
		return optionErr("%s is %d: want 1 or more, or 0 for no limit", option("Capacity"), o.Capacity)
	case o.Threads < 0 || o.Threads > maxGroupThreads:
		return optionErr("%s is %d: want 1 to %d, or 0 for one a CPU", option("Threads"), o.Threads, maxGroupThreads)
	}
	g.capacity, g.threads, g.rows = o.Capacity, o.Threads, groupRows
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
		g.idle = append(g.idle, &stepper[W]{members: make([]*member[W], 0, g.rows), step: newStep(g.rows)})
	}
	return nil
}

// join returns a new member, or an error that wraps ErrGroupFull.
func (g *stepQueue[W]) join(work W) (*member[W], error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.capacity > 0 && g.joined == g.capacity {
		return nil, wrap(apierror.Mark(apierror.Errorf("the group has %d streams, its %s: let one leave before another joins",
			g.joined, option("Capacity")), ErrGroupFull))
	}
	g.joined++
	return &member[W]{group: g, work: work, wake: make(chan *stepper[W], 1)}, nil
}

// leave takes one member away.
func (g *stepQueue[W]) leave() {
	g.mu.Lock()
	g.joined--
	g.mu.Unlock()
}

// wait returns when a step has done the work of m. The goroutine of one of the members
// leads each step and then hands its stepper on.
func (m *member[W]) wait() {
	g := m.group
	st := g.enter(m)
	if st == nil {
		if st = <-m.wake; st == nil {
			return
		}
	}
	g.gather(st, m)
	st.step(st.members)
	for _, other := range st.members {
		if other != m {
			other.wake <- nil
		}
	}
	clear(st.members) // which may end before the next step
	st.members = st.members[:0]
	g.release(st)
}

// enter returns an idle stepper for m to lead, or puts m into the queue.
func (g *stepQueue[W]) enter(m *member[W]) *stepper[W] {
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
func (g *stepQueue[W]) dequeue() *member[W] {
	m := g.first
	g.first, m.next = m.next, nil
	g.waiting--
	return m
}

// gather makes the leader and the members that wait those of the stepper's next step. It
// yields first: members that have just got logits are about to draw and to wait for the
// next ones, and a step costs little more for each. Where no goroutine is ready to run, a
// yield takes a fraction of a microsecond.
func (g *stepQueue[W]) gather(st *stepper[W], leader *member[W]) {
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
func (g *stepQueue[W]) share() int {
	return min((g.waiting+g.gathering-1)/g.gathering, (g.joined+g.threads-1)/g.threads-1)
}

// release hands st to the member that has waited longest, or makes it idle.
func (g *stepQueue[W]) release(st *stepper[W]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waiting == 0 {
		g.idle = append(g.idle, st)
		return
	}
	g.gathering++
	g.dequeue().wake <- st
}
