package train

import (
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// An average is the exponential moving average of the weights of a run: see
// Options.Average.
type average struct {
	net   layers.Network // holds the averages
	decay float64
	work  *work

	values, weights [][]float32 // of net and of the network that is trained

	// The call under way.
	a, w   []float32
	share  float32                    // of the weights in the average
	spare  [][]float32                // one a thread
	update func(worker, from, to int) // bound once: a closure allocates
}

// newAverage returns an average that is the weights of a network before its first step.
// net is of the same shape.
func newAverage(net layers.Network, decay float64, w *work) *average {
	a := &average{net: net, decay: decay, work: w, values: layers.ValuesOf(net), weights: layers.ValuesOf(w.net)}
	for range w.threads.Len() {
		a.spare = append(a.spare, make([]float32, updateChunk))
	}
	a.update = a.updateRange
	copyValues(net, w.net)
	return a
}

// add takes the weights after a step, counted from 1, into the average.
func (a *average) add(step int) {
	a.share = averageShare(a.decay, step)
	for i := range a.values {
		a.a, a.w = a.values[i], a.weights[i]
		a.work.threads.Split(len(a.a), 1024, a.update)
	}
}

// averageShare returns the share that the weights after a step have in the average: 1
// after the first one.
func averageShare(decay float64, step int) float32 {
	if step <= 1 {
		return 1
	}
	return float32(1 - min(decay, float64(1+step)/float64(10+step)))
}

// updateRange averages the values [from, to). Each is computed by itself, so that the
// result does not depend on the number of threads.
func (a *average) updateRange(worker, from, to int) {
	if a.share == 1 { // a + (w - a) would round
		copy(a.a[from:to], a.w[from:to])
		return
	}
	for at := from; at < to; at += updateChunk {
		end := min(at+updateChunk, to)
		d := a.spare[worker][:end-at]
		copy(d, a.w[at:end])
		kernels.AddScaled(d, a.a[at:end], -1)
		kernels.AddScaled(a.a[at:end], d, a.share)
	}
}

// swap exchanges the averages and the weights.
func (a *average) swap() {
	for i, values := range a.values {
		for k, x := range values {
			values[k], a.weights[i][k] = a.weights[i][k], x
		}
	}
	a.work.changed()
}

// averaged gives the network its averages, until the function that it returns is called.
func (t *Trainer) averaged() (back func()) {
	if t.average == nil {
		return func() {}
	}
	t.average.swap()
	return t.average.swap
}

// result returns the network with the weights of the model as it is now: the averages, or
// those that are trained.
func (t *Trainer) result() layers.Network {
	if t.average != nil {
		return t.average.net
	}
	return t.work.net
}
