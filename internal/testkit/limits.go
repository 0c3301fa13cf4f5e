package testkit

import "time"

// The limits of one core, measured with assembly loops that do nothing else, in
// the same run as what is compared with them. Both return the best of ten
// tries, and 0 where the instruction set has no such loop.

// PeakFLOPS returns the rate of multiply-adds of isa, two operations each, in
// operations a second.
func PeakFLOPS(isa string) float64 {
	loop, flop := peakLoop(isa)
	if loop == nil {
		return 0
	}
	const n = 200_000
	var factors [32]float32
	Values(factors[:], 1, 0.1)
	return n * flop / best(func() { loop(n, &factors[0]) })
}

// ReadBytes returns the rate at which isa loads size bytes again and again, in
// bytes a second. The memory holds random values: pages never written would be
// one page of zeros.
func ReadBytes(isa string, size int) float64 {
	loop := readLoop(isa)
	if loop == nil {
		return 0
	}
	n := max(size/4/256, 1) * 256
	buf := make([]float32, n+15)
	buf = buf[align(buf):][:n]
	Values(buf, 1, 1)
	repeat := max(1, (32<<20)/(len(buf)*4))
	seconds := best(func() {
		for range repeat {
			loop(&buf[0], len(buf))
		}
	})
	return float64(repeat) * float64(len(buf)*4) / seconds
}

// best returns the shortest time of f in seconds, of ten.
func best(f func()) float64 {
	f()
	least := time.Duration(1 << 62)
	for range 10 {
		start := time.Now()
		f()
		least = min(least, time.Since(start))
	}
	return least.Seconds()
}
