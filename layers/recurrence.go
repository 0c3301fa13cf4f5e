package layers

import "github.com/autoreg/autoreg/kernels"

// A cell is a recurrent layer as a recurrence runs it. Its state after a step is the
// output and memoryLen more values.
type cell interface {
	Stepper
	memoryLen() int
	// carryLen is how many values of gradient go back from a step to the one before
	// without passing through the recurrent weights.
	carryLen() int
	newTape(rows int, grad Layer) tape
}

// A tape holds the values of a cell that the forward pass computes and the backward pass
// reads, for the rows of a batch. Matrices are row-major, one row a position, from row
// lo of the tape on.
type tape interface {
	// begin makes the tape one of n rows.
	begin(n int)
	// inputs begins the chains of rows with the inputs x.
	inputs(w *kernels.Workers, lo int, x kernels.Matrix)
	// recur ends them with the outputs h₋ of the step before: it sets h and memory.
	recur(w *kernels.Workers, lo int, h, memory, hPrev, memoryPrev kernels.Matrix)

	// beginBackward clears the gradients of the weights and transposes the weights that
	// the backward pass multiplies with.
	beginBackward()
	// gradients replaces the values of the tape for rows by the gradients of the chains,
	// from those of the outputs, dh. carry holds the carried gradient of the step after
	// and is overwritten with that for the step before.
	gradients(w *kernels.Workers, lo int, dh, carry, memory, hPrev, memoryPrev kernels.Matrix)
	// addCarry adds to dh what the carry has for the outputs of the step before.
	addCarry(dh, carry kernels.Matrix)
	// addRecurrent adds to dh the gradients of rows times the transposed recurrent
	// weights.
	addRecurrent(w *kernels.Workers, dh kernels.Matrix, lo int)
	// shares returns the number of parts of the gradients of the weights, of which
	// accumulate computes parts [from, to) from all rows.
	shares() int
	accumulate(w *kernels.Workers, from, to int, x, hPrev kernels.Matrix)
	// inputGradients sets dx from the gradients of the chains of rows.
	inputGradients(w *kernels.Workers, lo int, dx kernels.Matrix)
}

// A recurrence is the Sequence of a cell, in the order of time or against it.
type recurrence struct {
	cell    cell
	tape    tape
	reverse bool
	threads *Threads

	l     *Layout
	x, dx kernels.Matrix

	h, hPrev, memory buffer // [rows, …] outputs of this step and of the one before; memory of this one
	memoryPrev       buffer // [sequences, …] of the step under way

	carried kernels.Matrix // [sequences, StateLen] see Carry; no rows without
	first   kernels.Matrix // [sequences, StateLen] what carried was before Forward

	dh    buffer // [rows, H] gradients of the outputs
	carry buffer // [sequences, …] of the step under way
	some  buffer // [sequences, H] rows of dh that are not one block

	// Bound once: a closure allocates.
	inputs, recur, back, accumulate, backInputs func(worker, from, to int)
}

func newRecurrence(c cell, size BatchSize, grad Layer, threads *Threads) *recurrence {
	H := c.OutLen()
	r := &recurrence{
		cell:       c,
		tape:       c.newTape(size.Rows, grad),
		threads:    threads,
		h:          newBuffer(size.Rows, H),
		hPrev:      newBuffer(size.Rows, H),
		memory:     newBuffer(size.Rows, c.memoryLen()),
		memoryPrev: newBuffer(size.Sequences, c.memoryLen()),
	}
	if grad != nil {
		r.dh = newBuffer(size.Rows, H)
		r.carry = newBuffer(size.Sequences, c.carryLen())
		r.some = newBuffer(size.Sequences, H)
	}
	r.inputs, r.recur = r.inputRows, r.recurSequences
	r.back, r.accumulate, r.backInputs = r.backSequences, r.accumulateShares, r.inputGradientRows
	return r
}

// Carry implements Sequence.
func (r *recurrence) Carry(s kernels.Matrix) {
	if s.Rows > 0 && s.Cols != r.cell.StateLen() {
		panic("layers: Sequence: Carry: want StateLen columns")
	}
	if r.first.Rows != s.Rows {
		r.first = kernels.RowMajor(kernels.Alloc(s.Rows*s.Cols), s.Rows, s.Cols)
	}
	r.carried = s
}

// Forward implements Sequence.
func (r *recurrence) Forward(l *Layout, x kernels.Matrix) kernels.Matrix {
	r.l, r.x = l, x
	if r.carried.Rows > 0 {
		copyRows(r.first, r.carried)
	}
	r.tape.begin(l.Rows())
	r.threads.Split(l.Rows(), RowUnit, r.inputs)
	r.threads.Split(l.B, 1, r.recur)
	return r.h.rows(l.Rows())
}

func (r *recurrence) inputRows(worker, from, to int) {
	r.tape.inputs(r.threads.Single[worker], from, r.x.SubRows(from, to-from))
}

// order returns step i of the order in which the recurrence goes, and the steps that
// come before and after it there.
func (r *recurrence) order(i int) (t, before, after int) {
	if r.reverse {
		t = r.l.T - 1 - i
		return t, t + 1, t - 1
	}
	return i, i - 1, i + 1
}

// recurSequences takes sequences [from, to) through all steps.
func (r *recurrence) recurSequences(worker, from, to int) {
	rows := r.l.Rows()
	h, hPrev, memory := r.h.rows(rows), r.hPrev.rows(rows), r.memory.rows(rows)
	for i := range r.l.T {
		t, before, _ := r.order(i)
		lo, n := r.l.Block(t, from, to)
		in := hPrev.SubRows(lo, n)
		r.gather(in, h, 0, t, before, from, to)
		r.tape.recur(r.threads.Single[worker], lo, h.SubRows(lo, n), memory.SubRows(lo, n), in, r.before(memory, t, before, from, to))
	}
	if r.carried.Rows > 0 {
		r.leave(h, memory, from, to)
	}
}

// leave puts the last state of sequences [from, to) where the next Forward finds it.
func (r *recurrence) leave(h, memory kernels.Matrix, from, to int) {
	for b := from; b < to; b++ {
		if r.l.Steps[b] > 0 {
			last, state := r.lastRow(b), rowOf(r.carried, b)
			copy(state, rowOf(h, last))
			if memory.Cols > 0 {
				copy(state[h.Cols:], rowOf(memory, last))
			}
		}
	}
}

// before returns the rows of memory after the step before t, of sequences [from, to).
// They are valid until the next call for these sequences.
func (r *recurrence) before(memory kernels.Matrix, t, before, from, to int) kernels.Matrix {
	_, n := r.l.Block(t, from, to)
	prev := r.memoryPrev.rows(r.l.B).SubRows(from, n)
	if memory.Cols > 0 {
		r.gather(prev, memory, r.h.cols, t, before, from, to)
	}
	return prev
}

// gather copies to dst, which has a row for each of the sequences [from, to) that has a
// step t, the rows of the step before it in the matrix all: where there is none, the
// columns of the carried state from column at on, or 0.
func (r *recurrence) gather(dst, all kernels.Matrix, at, t, before, from, to int) {
	l := r.l
	lo, n := l.Block(before, from, to)
	switch {
	case n == 0 && r.carried.Rows > 0:
		for b := from; b < to; b++ {
			if l.Has(t, b) {
				copy(rowOf(dst, l.Row(t, b)-l.Row(t, from)), rowOf(r.first, b)[at:])
			}
		}
		return
	case n == 0:
		clear(dst.Data[:dst.Rows*dst.Row])
		return
	}
	if n == dst.Rows { // the same sequences have both
		copy(dst.Data[:n*dst.Row], all.SubRows(lo, n).Data)
		return
	}
	for b := from; b < to; b++ {
		if !l.Has(t, b) {
			continue
		}
		row := rowOf(dst, l.Row(t, b)-l.Row(t, from))
		if l.Has(before, b) {
			copy(row, rowOf(all, l.Row(before, b)))
		} else {
			clear(row)
		}
	}
}

// OutputGradients implements Sequence.
func (r *recurrence) OutputGradients() kernels.Matrix { return r.dh.rows(r.l.Rows()) }

// Begin implements Sequence.
func (r *recurrence) Begin() { r.tape.beginBackward() }

// Backward implements Sequence.
func (r *recurrence) Backward(x, dx kernels.Matrix) {
	r.x, r.dx = x, dx
	r.threads.Split(r.l.B, 1, r.back)
	r.threads.Split(r.tape.shares(), 1, r.accumulate)
	if dx.Rows > 0 {
		r.threads.Split(r.l.Rows(), RowUnit, r.backInputs)
	}
}

// lastRow returns the row of the last step of sequence b, which has one.
func (r *recurrence) lastRow(b int) int {
	if r.reverse {
		return r.l.Row(0, b)
	}
	return r.l.Row(int(r.l.Steps[b])-1, b)
}

// Last implements Sequence.
func (r *recurrence) Last(dst kernels.Matrix) {
	h := r.h.rows(r.l.Rows())
	for b := range r.l.B {
		if r.l.Steps[b] == 0 {
			clear(rowOf(dst, b)) // the start of a sequence
			continue
		}
		copy(rowOf(dst, b), rowOf(h, r.lastRow(b)))
	}
}

// BackwardLast implements Sequence.
func (r *recurrence) BackwardLast(dlast, x, dx kernels.Matrix) {
	dh := r.OutputGradients()
	clear(dh.Data[:dh.Rows*dh.Row])
	for b := range r.l.B {
		if r.l.Steps[b] > 0 {
			copy(rowOf(dh, r.lastRow(b)), rowOf(dlast, b))
		}
	}
	r.Backward(x, dx)
}

// backSequences takes sequences [from, to) back through all steps and leaves the
// gradients of the chains in the tape.
func (r *recurrence) backSequences(worker, from, to int) {
	l, w, rows := r.l, r.threads.Single[worker], r.l.Rows()
	memory, dh, hPrev := r.memory.rows(rows), r.dh.rows(rows), r.hPrev.rows(rows)
	carry := r.carry.rows(l.B)
	for i := l.T - 1; i >= 0; i-- {
		t, before, after := r.order(i)
		lo, n := l.Block(t, from, to)
		d, c := dh.SubRows(lo, n), carry.SubRows(from, n)
		next, m := l.Block(after, from, to)
		if carry.Cols > 0 {
			r.move(carry, t, after, from, to)
			if m > 0 {
				r.tape.addCarry(d, c)
			}
		}
		r.addLater(w, d, next, m, t, after, from, to)
		r.tape.gradients(w, lo, d, c, memory.SubRows(lo, n), hPrev.SubRows(lo, n), r.before(memory, t, before, from, to))
	}
}

// addLater adds to d, the gradients of the outputs of step t of sequences [from, to),
// the gradients that pass through the recurrent weights from the m rows of step after,
// which begin with row next.
func (r *recurrence) addLater(w *kernels.Workers, d kernels.Matrix, next, m, t, after, from, to int) {
	switch m {
	case 0:
		return
	case d.Rows: // one of the steps has all sequences of the other
		r.tape.addRecurrent(w, d, next)
		return
	}
	// Their rows of d are not one block, so they are copied there and back.
	l, some := r.l, r.some.rows(r.l.B).SubRows(from, m)
	for b := from; b < to; b++ {
		if l.Has(after, b) {
			row := rowOf(some, l.Row(after, b)-next)
			if l.Has(t, b) {
				copy(row, rowOf(d, l.Row(t, b)-l.Row(t, from)))
			} else {
				clear(row)
			}
		}
	}
	r.tape.addRecurrent(w, some, next)
	for b := from; b < to; b++ {
		if l.Has(after, b) && l.Has(t, b) {
			copy(rowOf(d, l.Row(t, b)-l.Row(t, from)), rowOf(some, l.Row(after, b)-next))
		}
	}
}

// move moves the rows of carry from the places that the sequences [from, to) have among
// those with a step after, to those that they have among those with a step t, and
// clears the rows of sequences that have no step after.
func (r *recurrence) move(carry kernels.Matrix, t, after, from, to int) {
	l := r.l
	_, n := l.Block(t, from, to)
	_, m := l.Block(after, from, to)
	if n == m {
		return
	}
	place := func(b int) {
		if !l.Has(t, b) {
			return
		}
		row := rowOf(carry, from+l.Row(t, b)-l.Row(t, from))
		if l.Has(after, b) {
			copy(row, rowOf(carry, from+l.Row(after, b)-l.Row(after, from)))
		} else {
			clear(row)
		}
	}
	if n > m { // rows only move to higher places
		for b := to - 1; b >= from; b-- {
			place(b)
		}
		return
	}
	for b := from; b < to; b++ {
		place(b)
	}
}

func (r *recurrence) accumulateShares(worker, from, to int) {
	r.tape.accumulate(r.threads.Single[worker], from, to, r.x, r.hPrev.rows(r.l.Rows()))
}

func (r *recurrence) inputGradientRows(worker, from, to int) {
	r.tape.inputGradients(r.threads.Single[worker], from, r.dx.SubRows(from, to-from))
}
