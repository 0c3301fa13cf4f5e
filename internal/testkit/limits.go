package testkit

import "time"

// The limits of one core are measured with assembly loops that do nothing else,
// in the same run as what is compared with them. All rates are the best of
// rounds tries: on a machine that others use too, the best is what repeats.
const rounds = 10

// PeakFLOPS returns the rate of multiply-adds of isa, two operations each, in
// operations a second; 0 where the instruction set has no loop for it.
func PeakFLOPS(isa string) float64 {
	loop, flop := peak(isa)
	if loop == nil {
		return 0
	}
	return flop / best(loop)[0]
}

// ReadBytes returns the rate at which isa loads size bytes again and again, in
// bytes a second; 0 where the instruction set has no loop for it.
func ReadBytes(isa string, size int) float64 {
	loop, bytes := read(isa, size)
	if loop == nil {
		return 0
	}
	return bytes / best(loop)[0]
}

// OfPeak returns the rate of f, which performs flop operations a call, as a
// share of the peak of isa. The two are timed in turn, so that both have the
// same luck.
func OfPeak(isa string, flop float64, f func()) float64 {
	loop, most := peak(isa)
	if loop == nil {
		return 0
	}
	t := best(loop, f)
	return flop / t[1] / (most / t[0])
}

// OfRead returns the rate of f, which reads size bytes a call, as a share of
// the rate at which isa loads as many; the two are timed in turn.
func OfRead(isa string, size int, f func()) float64 {
	loop, bytes := read(isa, size)
	if loop == nil {
		return 0
	}
	t := best(loop, f)
	return float64(size) / t[1] / (bytes / t[0])
}

// peak returns a function that performs flop operations.
func peak(isa string) (f func(), flop float64) {
	loop, each := peakLoop(isa)
	if loop == nil {
		return nil, 0
	}
	const n = 50_000
	factors := make([]float32, 32)
	Values(factors, 1, 0.1)
	return func() { loop(n, &factors[0]) }, n * each
}

// read returns a function that loads so many bytes, size but for rounding. The
// memory holds random values: pages never written would be one page of zeros.
func read(isa string, size int) (f func(), bytes float64) {
	loop := readLoop(isa)
	if loop == nil {
		return nil, 0
	}
	n := max(size/4/256, 1) * 256
	buf := make([]float32, n+15)
	buf = buf[align(buf):][:n]
	Values(buf, 1, 1)
	return func() { loop(&buf[0], n) }, float64(4 * n)
}

// best returns the shortest time of each of fs in seconds. A try takes at least
// 3 ms, by calling it so many times.
func best(fs ...func()) []float64 {
	calls, least := make([]int, len(fs)), make([]float64, len(fs))
	for i, f := range fs {
		f()
		start := time.Now()
		f()
		calls[i] = 1 + int(3*time.Millisecond/(time.Since(start)+1))
		least[i] = 1e9
	}
	for range rounds {
		for i, f := range fs {
			start := time.Now()
			for range calls[i] {
				f()
			}
			least[i] = min(least[i], time.Since(start).Seconds()/float64(calls[i]))
		}
	}
	return least
}
