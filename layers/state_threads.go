package layers

import (
	"sync"

	"github.com/autoreg/autoreg/kernels"
)

// logitsThreads compute the logits of one sequence on several threads, each a range of
// panels. Helpers are goroutines that begin with each call and end with it: starting one
// costs no more than waking one that waits, and none is left when the state is dropped.
type logitsThreads struct {
	state   *State
	dst     []float32
	helpers []func()
	done    sync.WaitGroup
}

// SetThreads makes Logits run on n threads; n < 1 counts as 1. Logits are the same. More
// than one help where the output layer is large: a helper begins some microseconds after
// the call.
func (s *State) SetThreads(n int) {
	panels := s.stack.Head.W.Panels()
	n = min(n, panels)
	s.threads = nil
	if n <= 1 {
		return
	}
	t := &logitsThreads{state: s}
	for i := range n - 1 {
		// Kept, so that starting a goroutine allocates no closure.
		t.helpers = append(t.helpers, func() {
			t.panels((i+1)*panels/n, (i+2)*panels/n)
			t.done.Done()
		})
	}
	s.threads = t
}

// logits sets dst to the logits.
func (t *logitsThreads) logits(dst []float32) {
	head := t.state.stack.Head
	if len(dst) != head.OutLen() {
		panic("layers: State: Logits: wrong length")
	}
	t.dst = dst
	t.done.Add(len(t.helpers))
	for _, help := range t.helpers {
		go help()
	}
	t.panels(0, head.W.Panels()/(len(t.helpers)+1))
	t.done.Wait()
	t.dst = nil
}

// panels computes the logits of panels [from, to).
func (t *logitsThreads) panels(from, to int) {
	head := t.state.stack.Head
	w := panelsOf(head.W, from, to)
	at := from * kernels.PanelWidth
	kernels.Gemv(t.dst[at:at+w.Cols], w, t.state.out, head.Bias[at:at+w.Cols])
}
