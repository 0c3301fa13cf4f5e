package train

import (
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// Dropout says which share of values training sets to 0, others at each step; the rest
// grow by 1/(1 - share), so that sums stay what they are on average. All are 0 or more
// and less than 1. Outside of training there is none.
//
// Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting,
// 2014; between layers but not from step to step: Zaremba, Sutskever and Vinyals,
// Recurrent Neural Network Regularization, 2014; the same at all steps: Gal and
// Ghahramani, A Theoretically Grounded Application of Dropout in Recurrent Neural Networks,
// 2016.
type Dropout struct {
	Embedding float64 // of the vectors of tokens
	Layers    float64 // of the outputs of each layer that another one reads
	Output    float64 // of what the output layer reads

	// Locked is set if the same values are dropped at all steps of a sequence, or with Stream
	// of a track in a batch; otherwise each step has its own.
	Locked bool
}

// dropout draws which values are dropped. Value j of row r at a place of a step is
// decided by word j%4 of the block of Philox-4×32-10 with the key seed and the counter
// (j/4, r, place, step); with Locked, the sequence of the row takes the place of r.
// With counters the result depends neither on threads nor on resumes, and the backward
// pass computes the same decisions again.
//
// Salmon, Moraes, Dror and Shaw, Parallel Random Numbers: As Easy as 1, 2, 3, 2011.
type dropout struct {
	Dropout
	seed, step uint64
	threads    *layers.Threads
	places     int // of values that may be dropped
	layout     *layers.Layout

	// The call under way.
	m         kernels.Matrix
	place     int
	threshold uint32 // a word below it drops
	scale     float32

	apply func(worker, from, to int) // bound once: a closure allocates
}

// share returns the share that is dropped at a place: 0 is the embedding, the last the
// inputs of the output layer.
func (d *dropout) share(place int) float64 {
	switch place {
	case 0:
		return d.Embedding
	case d.places - 1:
		return d.Output
	}
	return d.Layers
}

// setDropout makes the pass drop values while it learns.
func (b *body) setDropout(d Dropout, seed uint64) {
	b.drop.Dropout, b.drop.seed, b.drop.threads, b.drop.places = d, seed, b.threads, len(b.in)
	b.drop.layout = b.layout
	b.drop.apply = b.drop.rows
}

// dropAt drops values of m, the inputs of layer i or, behind the last one, those of the
// output layer. It does the same to their gradients, which go back as values went
// forward.
func (b *body) dropAt(i int, m kernels.Matrix) {
	if b.learning && b.drop.places > 0 && b.drop.share(i) > 0 {
		b.drop.run(i, m)
	}
}

func (d *dropout) run(place int, m kernels.Matrix) {
	share := d.share(place)
	d.m, d.place = m, place
	d.threshold = uint32(share * (1 << 32))
	d.scale = float32(1 / (1 - share))
	d.threads.Split(m.Rows, layers.RowUnit, d.apply)
}

// rows drops values of rows [from, to), as many at a time as kept has bits for.
func (d *dropout) rows(_, from, to int) {
	key := [2]uint32{uint32(d.seed), uint32(d.seed >> 32)}
	place := uint32(d.place) + uint32(d.step>>32)<<8
	var kept [16]uint64
	for r := from; r < to; r++ {
		row, counter := rowOf(d.m, r), uint32(r)
		if d.Locked && d.m.Rows == d.layout.Rows() { // otherwise a row is a sequence
			counter = uint32(d.layout.Sequence(r))
		}
		for j := 0; j < len(row); j += 64 * len(kept) {
			part := row[j:min(j+64*len(kept), len(row))]
			mask := kept[:(len(part)+63)/64]
			kernels.KeepMask32(mask, len(mask), [4]uint32{uint32(j / 4), counter, place, uint32(d.step)}, key, d.threshold)
			kernels.Drop(part, part, mask, len(part), d.scale)
		}
	}
}
