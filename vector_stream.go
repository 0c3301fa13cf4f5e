package autoreg

import (
	"fmt"

	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// A VectorStream is one sequence of vectors under way, for one goroutine at a time.
type VectorStream struct {
	model  *VectorModel
	state  *layers.VectorState
	member *member[vectorWork] // of the group that steps it; nil if there is none
}

// NewStream returns a stream at the start of a sequence. It returns an error that wraps
// ErrWhole for a model that does not go step by step.
func (m *VectorModel) NewStream() (*VectorStream, error) {
	if err := m.checkSteps(); err != nil {
		return nil, err
	}
	return m.newStream(), nil
}

// checkSteps returns an error that wraps ErrWhole for a model that does not go step by step.
func (m *VectorModel) checkSteps() error {
	if !m.Sequential() {
		return wrap(fmt.Errorf("%w: use Run", ErrWhole))
	}
	return nil
}

func (m *VectorModel) newStream() *VectorStream {
	return &VectorStream{model: m, state: m.m.Stack.NewState()}
}

// Step sets dst to the outputs for the next vector x of the sequence:
//
//	dst  [Outputs()]  overwritten; may be x
//	x    [Inputs()]
//
// NaN and Inf propagate, and may stay in the state until Reset. Step panics if a length is
// wrong. It does not allocate.
func (s *VectorStream) Step(dst, x []float32) {
	if len(dst) != s.model.Outputs() || len(x) != s.model.Inputs() {
		panic("autoreg: VectorStream: Step: wrong length")
	}
	if s.member == nil {
		s.state.Step(dst, x)
		return
	}
	w := &s.member.work
	w.dst, w.x = dst, x
	s.member.wait()
	w.dst, w.x = nil, nil
}

// Reset goes back to the start of a sequence.
func (s *VectorStream) Reset() { s.state.Reset() }

// Fork returns a stream that continues from where s stands, independently. It copies the
// state and runs no layer.
func (s *VectorStream) Fork() *VectorStream {
	fork := s.model.newStream()
	fork.CopyFrom(s)
	return fork
}

// CopyFrom is Fork into a stream that exists, which allocates nothing. A group that s has
// joined goes on stepping it. It panics if the streams are of different models.
func (s *VectorStream) CopyFrom(src *VectorStream) {
	if s.model != src.model {
		panic("autoreg: VectorStream: CopyFrom: streams of different models")
	}
	s.state.CopyFrom(src.state)
}

// A VectorGroup steps many streams of a model together: the steps of all that wait for
// theirs are one product a layer, which reads the weights once for all of them. Everything
// that is said of Group holds for it too, with Step, which waits, in place of Logits.
//
// A VectorGroup is safe for concurrent use. It has no goroutines and needs no closing.
type VectorGroup struct {
	model *VectorModel
	stepQueue[vectorWork]
}

// A vectorWork is what a group knows of a stream of vectors.
type vectorWork struct {
	state  *layers.VectorState
	dst, x []float32 // of the step that waits
}

// NewGroup returns a group without streams. nil options mean the zero value. It returns an
// error for options that are invalid, and one that wraps ErrWhole as NewStream does.
func (m *VectorModel) NewGroup(o *GroupOptions) (*VectorGroup, error) {
	if err := m.checkSteps(); err != nil {
		return nil, err
	}
	g := &VectorGroup{model: m}
	if err := g.init(o, m.newStep); err != nil {
		return nil, err
	}
	return g, nil
}

// Join makes g step s until Leave. It returns an error that wraps [ErrGroupFull] if as
// many streams have joined as may. It panics if s is of another model or has joined a
// group.
func (g *VectorGroup) Join(s *VectorStream) error {
	switch {
	case s.model != g.model:
		panic("autoreg: VectorGroup: Join: a stream of another model")
	case s.member != nil:
		panic("autoreg: VectorGroup: Join: the stream has joined a group")
	}
	member, err := g.join(vectorWork{state: s.state})
	if err != nil {
		return err
	}
	s.member = member
	return nil
}

// Leave makes s go on alone, from where it stands. It panics if s has not joined g.
func (g *VectorGroup) Leave(s *VectorStream) {
	if s.member == nil || s.member.group != &g.stepQueue {
		panic("autoreg: VectorGroup: Leave: the stream has not joined")
	}
	s.member = nil
	g.leave()
}

// newStep returns what does steps of up to a number of members.
func (m *VectorModel) newStep(rows int) func([]*member[vectorWork]) {
	batch := m.m.Stack.NewBatch(rows, kernels.NewWorkers(1))
	dst, x := make([][]float32, 0, rows), make([][]float32, 0, rows)
	return func(members []*member[vectorWork]) {
		batch.Resize(len(members))
		for i, m := range members {
			batch.SetRow(i, m.work.state)
			dst, x = append(dst, m.work.dst), append(x, m.work.x)
		}
		batch.Step(dst, x)
		for i, m := range members {
			batch.GetRow(i, m.work.state)
		}
		clear(dst) // which may end before the next step
		clear(x)
		dst, x = dst[:0], x[:0]
	}
}
