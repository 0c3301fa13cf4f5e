package layers

import (
	"slices"

	"github.com/autoreg/autoreg/kernels"
)

// A Layout says which row of a matrix holds which position of a batch of sequences,
// which may differ in length.
//
// Position (t, b), step t of sequence b, is a row. Rows are in the order of t first,
// then b, and there are none for steps that a sequence does not have. So the rows of
// one step are one block, and sequences can be shared out among threads, each of which
// then goes through all steps alone.
type Layout struct {
	B, T  int     // sequences, steps of the longest
	Steps []int32 // [B] of each sequence
	start []int32 // [T·(B+1)] the row of position (t, b), or of the next one that there is
	rows  int

	sequence []int32 // [rows]
}

// A BatchSize is the largest batch that a workspace has room for.
type BatchSize struct{ Sequences, Steps, Rows int }

// NewLayout returns a layout with room for batches of up to a size.
func NewLayout(s BatchSize) *Layout {
	return &Layout{
		Steps: make([]int32, s.Sequences), start: make([]int32, s.Steps*(s.Sequences+1)),
		sequence: make([]int32, 0, s.Rows),
	}
}

// Set makes l the layout of n sequences, whose lengths are in the first n of Steps.
func (l *Layout) Set(n int) {
	l.B, l.T, l.rows = n, 0, 0
	l.sequence = l.sequence[:0]
	if n > 0 {
		l.T = int(slices.Max(l.Steps[:n]))
	}
	for t := range l.T {
		for b := range n {
			l.start[t*(n+1)+b] = int32(l.rows)
			if l.Has(t, b) {
				l.rows++
				l.sequence = append(l.sequence, int32(b))
			}
		}
		l.start[t*(n+1)+n] = int32(l.rows)
	}
}

// Rows returns the number of positions.
func (l *Layout) Rows() int { return l.rows }

// Sequence returns which sequence a row belongs to.
func (l *Layout) Sequence(row int) int { return int(l.sequence[row]) }

// Row returns the row of position (t, b), or of the next one if there is none.
func (l *Layout) Row(t, b int) int { return int(l.start[t*(l.B+1)+b]) }

// Has reports whether sequence b has a step t.
func (l *Layout) Has(t, b int) bool { return 0 <= t && t < int(l.Steps[b]) }

// Block returns the first row of step t of sequences [from, to), and how many they
// have there. There are none of a step that no sequence has.
func (l *Layout) Block(t, from, to int) (lo, n int) {
	if t < 0 || t >= l.T {
		return 0, 0
	}
	lo = l.Row(t, from)
	return lo, l.Row(t, to) - lo
}

// A Sequence is the workspace of a layer for all positions of a batch, whose rows are in
// the order of a Layout: forward, and backward if it was made with a layer for the
// gradients. Its results are those of Step, position by position, to the bit, whatever
// the batch and the number of threads. It is for one goroutine at a time and allocates
// nothing, apart from the goroutines of its threads.
type Sequence interface {
	// Forward computes the outputs [rows, OutLen] for inputs x [rows, InLen], both
	// row-major. They are s's own until the next Forward, and may be changed.
	Forward(l *Layout, x kernels.Matrix) kernels.Matrix

	// Carry makes each Forward from now on begin sequence b in the state of row b of s
	// [sequences, StateLen], laid out as in Step, and leave its last state there. The
	// gradients do not go back beyond the first step: that is truncated backpropagation
	// through time. s without rows ends it: then sequences begin in the zero state. It
	// panics for a layer that is no Stepper.
	//
	// Williams and Peng, An Efficient Gradient-Based Algorithm for On-Line Training of
	// Recurrent Network Trajectories, 1990.
	Carry(s kernels.Matrix)

	// OutputGradients returns the matrix [rows, OutLen] that the caller fills with the
	// gradients of the outputs before Backward.
	OutputGradients() kernels.Matrix

	// Begin clears the gradients of the weights and prepares for Backward; the weights
	// must not change in between. It comes before Backward, once a batch.
	Begin()

	// Backward adds the gradients of the weights and, unless dx has no rows,
	// overwrites dx [rows, InLen] with those of the inputs. x are the inputs of
	// Forward, unchanged; dx may be x. OutputGradients is overwritten.
	Backward(x, dx kernels.Matrix)

	// Last sets row b of dst [B, OutLen] to the output of sequence b after its last
	// step; each direction of a Bidirectional contributes its own last step.
	// BackwardLast is Backward for the gradients of these outputs only.
	Last(dst kernels.Matrix)
	BackwardLast(dlast, x, dx kernels.Matrix)
}

// Threads are workers that can be used together and one by one.
type Threads struct {
	*kernels.Workers
	Single []*kernels.Workers
}

// NewThreads returns n threads.
func NewThreads(n int) *Threads {
	t := &Threads{Workers: kernels.NewWorkers(n)}
	for range t.Len() {
		t.Single = append(t.Single, kernels.NewWorkers(1))
	}
	return t
}

// RowUnit is the granularity in which rows are shared out among threads.
const RowUnit = 16
