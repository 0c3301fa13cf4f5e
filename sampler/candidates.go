package sampler

import (
	"math"
	"slices"

	"github.com/autoreg/autoreg/kernels"
)

// A Candidate is a symbol that can be drawn.
type Candidate struct {
	ID    int32
	Logit float32 // natural log, unnormalised; finite at first
}

// before orders candidates by falling Logit, ties by rising ID.
func (a Candidate) before(b Candidate) bool {
	return a.Logit > b.Logit || a.Logit == b.Logit && a.ID < b.ID
}

// Candidates are the symbols that a Transform works on. IDs are unique.
type Candidates struct {
	C      []Candidate
	Sorted bool // by falling Logit, ties by rising ID; false if not known
}

// A Transform narrows or reweights the candidates in place: it may remove,
// reorder and change the logits of c.C, but neither invent IDs nor append. Logits
// that it sets to NaN or an infinity can no longer be drawn. It must clear
// c.Sorted unless the order still holds.
//
// A Transform may also have a method Check() error that says what is wrong with
// its parameters; see [Check].
type Transform interface{ Apply(c *Candidates) }

// Sort sorts the candidates by falling Logit, ties by rising ID.
func (c *Candidates) Sort() {
	if c.Sorted {
		return
	}
	slices.SortFunc(c.C, func(a, b Candidate) int {
		switch {
		case a.before(b):
			return -1
		case b.before(a):
			return 1
		}
		return 0
	})
	c.Sorted = true
}

// keepBest leaves the candidate that comes first in sorted order.
func (c *Candidates) keepBest() {
	if len(c.C) == 0 {
		return
	}
	best := c.C[0]
	for _, d := range c.C {
		if d.before(best) {
			best = d
		}
	}
	c.C = append(c.C[:0], best)
	c.Sorted = true
}

// keep leaves the k candidates that come first in sorted order, k > 0.
func (c *Candidates) keep(k int) {
	if k >= len(c.C) {
		return
	}
	if !c.Sorted {
		heapify(c.C[:k])
		for _, d := range c.C[k:] {
			if d.before(c.C[0]) {
				c.C[0] = d
				siftDown(c.C[:k], 0)
			}
		}
	}
	c.C = c.C[:k]
}

// Top appends the k symbols with the largest finite logits x[id] to dst, sorted
// by falling logit, ties by rising ID; fewer if there are no more.
func Top(dst []Candidate, x []float32, k int) []Candidate {
	n := len(dst)
	c := Candidates{C: selectTop(slices.Grow(dst, max(min(k, len(x)), 0))[n:], x, k)}
	c.Sort()
	return append(dst, c.C...)
}

// selectTop appends what Top does to dst, which is empty, in no order.
func selectTop(dst []Candidate, x []float32, k int) []Candidate {
	id := 0
	for ; id < len(x) && len(dst) < k; id++ {
		if finite(x[id]) {
			dst = append(dst, Candidate{int32(id), x[id]})
		}
	}
	if len(dst) == 0 || id == len(x) {
		return dst
	}
	heapify(dst)
	worst := dst[0].Logit
	for id < len(x) {
		// Most chunks hold nothing better, which Max finds out faster than the loop.
		end := min(id+chunk, len(x))
		if kernels.Max(x[id:end]) <= worst {
			id = end
			continue
		}
		for ; id < end; id++ {
			// A tie loses: ids rise.
			if v := x[id]; v > worst && finite(v) {
				dst[0] = Candidate{int32(id), v}
				siftDown(dst, 0)
				worst = dst[0].Logit
			}
		}
	}
	return dst
}

// chunk is the number of logits of which selectTop takes the maximum at once.
const chunk = 64

// heapify makes h a heap whose root comes last in sorted order.
func heapify(h []Candidate) {
	for i := len(h)/2 - 1; i >= 0; i-- {
		siftDown(h, i)
	}
}

// siftDown restores the heap below h[i].
func siftDown(h []Candidate, i int) {
	v := h[i]
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && h[child].before(h[child+1]) {
			child++
		}
		if !v.before(h[child]) {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = v
}

func finite(v float32) bool { return -math.MaxFloat32 <= v && v <= math.MaxFloat32 }
