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

// Candidates are the symbols that a Transform works on. IDs are unique. A chain has them
// by rising ID; a transform may leave them in another order.
type Candidates struct {
	C      []Candidate
	Sorted bool // by falling Logit, ties by rising ID; false if not known

	past    *history  // of the chain; nil if its transforms look at none
	weights []float32 // e^(C[i].Logit - m), m being the largest Logit
	kept    []float32 // the weights that are kept
	ranks   []rank
}

// A Transform narrows or reweights the candidates in place: it may remove,
// reorder and change the logits of c.C, but neither invent IDs nor append. Logits
// that it sets to NaN or an infinity can no longer be drawn. It must clear
// c.Sorted unless the order still holds. A chain panics if an ID has been added.
//
// A Transform may also have a method Check() error that says what is wrong with
// its parameters; see [Check].
type Transform interface{ Apply(c *Candidates) }

// Sort sorts the candidates by falling Logit, ties by rising ID.
func (c *Candidates) Sort() {
	if c.Sorted {
		return
	}
	sortBest(c.C)
	c.Sorted = true
}

// sortBest sorts by falling Logit, ties by rising ID.
func sortBest(list []Candidate) {
	slices.SortFunc(list, func(a, b Candidate) int {
		switch {
		case a.before(b):
			return -1
		case b.before(a):
			return 1
		}
		return 0
	})
}

// sortByID sorts the candidates by rising ID, which they nearly always are.
func (c *Candidates) sortByID() {
	for i := 1; i < len(c.C); i++ {
		if c.C[i-1].ID > c.C[i].ID {
			slices.SortFunc(c.C, func(a, b Candidate) int { return int(a.ID) - int(b.ID) })
			c.Sorted = false
			return
		}
	}
}

// most returns the largest logit, -Inf if there is none.
func (c *Candidates) most() float32 {
	most := float32(math.Inf(-1))
	for _, d := range c.C {
		if d.Logit > most {
			most = d.Logit
		}
	}
	return most
}

// clean removes candidates that cannot be drawn.
func (c *Candidates) clean() {
	for i := range c.C {
		if !finite(c.C[i].Logit) {
			c.C = slices.DeleteFunc(c.C, func(d Candidate) bool { return !finite(d.Logit) })
			return
		}
	}
}

// weigh sorts the candidates by ID, computes their weights and returns the largest logit.
func (c *Candidates) weigh() (most float32) {
	c.sortByID()
	most = c.most()
	c.weights = grow(c.weights, len(c.C))
	for i, d := range c.C {
		c.weights[i] = d.Logit - most
	}
	kernels.Exp(c.weights, c.weights)
	return most
}

// sumWeights returns the sum of the weights of candidates that are sorted by ID, as a
// draw takes it: by blocks of ids, each as sum16, and these in float64.
func sumWeights(list []Candidate, weights []float32) (total float64) {
	for i := 0; i < len(list); {
		var sum float32
		sum, i = sumBlock(list, weights, i)
		total += float64(sum)
	}
	return total
}

// sumBlock returns the sum of the weights from list[i] to the end of its block of ids, and
// where the next one begins.
func sumBlock(list []Candidate, weights []float32, i int) (sum float32, next int) {
	block := list[i].ID / kernels.ExpBlock
	for next = i + 1; next < len(list) && list[next].ID/kernels.ExpBlock == block; next++ {
	}
	switch next - i {
	case 1:
		return weights[i], next
	case 2: // the zeros of other lanes change nothing
		return weights[i] + weights[i+1], next
	}
	var lanes [16]float32
	for ; i < next; i++ {
		lanes[uint(list[i].ID)%16] += weights[i]
	}
	for w := 8; w > 0; w /= 2 {
		for j := range w {
			lanes[j] += lanes[j+w]
		}
	}
	return lanes[0], next
}

// newCandidates returns room for n candidates.
func newCandidates(n int) Candidates {
	return Candidates{weights: make([]float32, 0, n), kept: make([]float32, 0, n), ranks: make([]rank, 0, n)}
}

// grow returns s with length n.
func grow(s []float32, n int) []float32 { return slices.Grow(s[:0], n)[:n] }

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

// keep leaves the k candidates that come first in sorted order, k > 0, in the order in
// which they stand.
func (c *Candidates) keep(k int) {
	if k >= len(c.C) {
		return
	}
	if c.Sorted {
		c.C = c.C[:k]
		return
	}
	c.sortByID()
	c.kept = grow(c.kept, len(c.C))
	for i, d := range c.C {
		c.kept[i] = d.Logit
	}
	least := largest(c.kept, k)
	ties := k // of those that equal least, how many are kept
	for _, d := range c.C {
		if d.Logit > least {
			ties--
		}
	}
	left := c.C[:0]
	for _, d := range c.C {
		if d.Logit == least {
			if ties--; ties < 0 {
				continue
			}
		} else if d.Logit < least {
			continue
		}
		left = append(left, d)
	}
	c.C = left
}

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
