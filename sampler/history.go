package sampler

// A history is the last symbols of a chain, as many as its transforms look at.
type history struct {
	// kept are the last symbols, the latest at the end; its capacity is twice what is
	// looked at, so that they stay in one piece and seldom move.
	kept   []int32
	counts []int32 // by symbol; all 0 between uses
}

// newHistory returns a history of the last n symbols, n > 0.
func newHistory(n int) *history { return &history{kept: make([]int32, 0, 2*n)} }

func (h *history) observe(sym int) {
	if len(h.kept) == cap(h.kept) {
		n := copy(h.kept, h.kept[cap(h.kept)/2:])
		h.kept = h.kept[:n]
	}
	h.kept = append(h.kept, int32(sym))
}

// last returns the last n symbols, or all if there are fewer.
func (h *history) last(n int) []int32 { return h.kept[max(len(h.kept)-n, 0):] }

// count sets counts to how often each symbol stands among the last n. Symbols that the
// logits do not have are left out.
func (h *history) count(n int) {
	for _, sym := range h.last(n) {
		if int(sym) < len(h.counts) {
			h.counts[sym]++
		}
	}
}

// uncount undoes count.
func (h *history) uncount(n int) {
	for _, sym := range h.last(n) {
		if int(sym) < len(h.counts) {
			h.counts[sym] = 0
		}
	}
}
