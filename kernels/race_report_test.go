//go:build race

package kernels

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/autoreg/autoreg/internal/cpu"
	"github.com/autoreg/autoreg/internal/testkit"
)

// An operand is a slice that assembly reads or writes for a routine. Sizes are
// such that, where possible, no Go code touches it on the way: whole panels.
type operand struct {
	name    string
	n       int                // its length
	written bool               // and not only read
	call    func(op []float32) // the routine, on op and operands of its own
	ends    []int              // the values that the test touches, the first and the last unless restricted
}

// only restricts what the test touches to value i.
func (o operand) only(i int) operand {
	o.ends = []int{i}
	return o
}

func read(name string, n int, call func(op []float32)) operand {
	return operand{name, n, false, call, []int{0, n - 1}}
}

func written(name string, n int, call func(op []float32)) operand {
	return operand{name, n, true, call, []int{0, n - 1}}
}

// floats makes an operand that is not shared.
func floats(n int) []float32 { return make([]float32, n) }

// raceOperands lists all operands of all routines.
func raceOperands() []operand {
	const n = 2 * PanelWidth
	var all []operand
	for i := range unaries {
		f := unaries[i].apply
		all = append(all,
			written(unaries[i].name+" dst", n, func(op []float32) { f(op, floats(n)) }),
			read(unaries[i].name+" x", n, func(op []float32) { f(floats(n), op) }))
	}
	for i := range reductions {
		all = append(all, read(reductions[i].name+" x", n, func(op []float32) { reductions[i].apply(op) }))
	}
	all = append(all,
		written("Add dst", n, func(op []float32) { Add(op, floats(n), floats(n)) }),
		read("Add x", n, func(op []float32) { Add(floats(n), floats(n), op) }),
		written("Drop dst", n, func(op []float32) { Drop(op, floats(n), make([]uint64, n/64), n, 1) }),
		read("Drop x", n, func(op []float32) { Drop(floats(n), op, make([]uint64, n/64), n, 1) }),
		read("Add a", n, func(op []float32) { Add(floats(n), op, floats(n)) }),
		written("Scale dst", n, func(op []float32) { Scale(op, 2) }),
		written("AddScaled dst", n, func(op []float32) { AddScaled(op, floats(n), 2) }),
		read("AddScaled x", n, func(op []float32) { AddScaled(floats(n), op, 2) }),
		written("AddRows dst", n, func(op []float32) { AddRows(op, NewPanels(3, n)) }),
		read("AddRows m", 3*n, func(op []float32) { AddRows(floats(n), PanelsOf(op, 3, n)) }),
		read("AddRows m, narrow", 3*32, func(op []float32) { AddRows(floats(32), RowMajor(op, 3, 32)) }),

		written("ReLUGradient dst", n, func(op []float32) { ReLUGradient(op, floats(n), floats(n)) }),
		read("ReLUGradient y", n, func(op []float32) { ReLUGradient(floats(n), floats(n), op) }),
		read("ReLUGradient dy", n, func(op []float32) { ReLUGradient(floats(n), op, floats(n)) }),

		written("Softmax dst", n, func(op []float32) { Softmax(op, floats(n)) }),
		read("Softmax x", n, func(op []float32) { Softmax(floats(n), op) }),
		read("LogSumExp x", n, func(op []float32) { LogSumExp(op, floats(n)) }),
		written("LogSumExp scratch", n, func(op []float32) { LogSumExp(floats(n), op) }),
		written("ExpBlocks dst", 2*ExpBlock, func(op []float32) { ExpBlocks(op, floats(2), floats(2*ExpBlock), 1) }),
		written("ExpBlocks sums", 2, func(op []float32) { ExpBlocks(floats(2*ExpBlock), op, floats(2*ExpBlock), 1) }),
		read("ExpBlocks x", 2*ExpBlock, func(op []float32) { ExpBlocks(floats(2*ExpBlock), floats(2), op, 1) }),
		written("SoftmaxCrossEntropy x", 2*n, func(op []float32) {
			SoftmaxCrossEntropy(PanelsOf(op, 2, n), []int32{70, 70}, 1, floats(2))
		}),

		written("Adam w", n, func(op []float32) { Adam(op, floats(n), floats(n), floats(n), adamStep) }),
		written("Adam m", n, func(op []float32) { Adam(floats(n), op, floats(n), floats(n), adamStep) }),
		written("Adam v", n, func(op []float32) { Adam(floats(n), floats(n), op, floats(n), adamStep) }),
		read("Adam g", n, func(op []float32) { Adam(floats(n), floats(n), floats(n), op, adamStep) }),
	)
	all = append(all, productOperands()...)
	all = append(all, convOperands()...)
	all = append(all, elementwiseOperands()...)
	all = append(all, lstmOperands()...)
	all = append(all, gruOperands()...)
	return append(all, rnnOperands()...)
}

func productOperands() []operand {
	const k, n = 5, 2 * PanelWidth
	all := []operand{
		written("Gemv dst", n, func(op []float32) { Gemv(op, NewPanels(k, n), floats(k), nil) }),
		read("Gemv w", k*n, func(op []float32) { Gemv(floats(n), PanelsOf(op, k, n), floats(k), nil) }),
		read("Gemv x", k, func(op []float32) { Gemv(floats(n), NewPanels(k, n), op, nil) }),
		read("Gemv bias", n, func(op []float32) { Gemv(floats(n), NewPanels(k, n), floats(k), op) }),
	}
	// One worker, one that goes the way of Gemv, and two that share the work.
	for _, s := range []struct{ m, n, k, workers int }{{7, n, k, 1}, {1, n, k, 1}, {66, n, 64, 2}} {
		m, n, k := s.m, s.n, s.k
		name := func(what string) string {
			return fmt.Sprintf("%s, m=%d, %d workers", what, m, s.workers)
		}
		w := func() *Workers { return NewWorkers(s.workers) }
		rows := func(i, j int) Matrix { return RowMajor(floats(i*j), i, j) }
		all = append(all,
			written(name("Gemm dst"), m*n, func(op []float32) { Gemm(w(), RowMajor(op, m, n), rows(m, k), NewPanels(k, n), nil) }),
			written(name("Gemm dst, padding"), PanelsLen(m, n-20), func(op []float32) {
				Gemm(w(), PanelsOf(op, m, n-20), rows(m, k), NewPanels(k, n-20), nil)
			}),
			read(name("Gemm a"), m*k, func(op []float32) { Gemm(w(), rows(m, n), RowMajor(op, m, k), NewPanels(k, n), nil) }),
			read(name("Gemm b"), k*n, func(op []float32) { Gemm(w(), rows(m, n), rows(m, k), PanelsOf(op, k, n), nil) }),
			read(name("Gemm b, row-major"), k*n, func(op []float32) { Gemm(w(), rows(m, n), rows(m, k), RowMajor(op, k, n), nil) }),
			read(name("Gemm bias"), n, func(op []float32) { Gemm(w(), rows(m, n), rows(m, k), NewPanels(k, n), op) }),
			written(name("GemmAdd dst"), m*n, func(op []float32) { GemmAdd(w(), RowMajor(op, m, n), rows(m, k), NewPanels(k, n)) }),
			read(name("GemmAdd a"), m*k, func(op []float32) { GemmAdd(w(), rows(m, n), RowMajor(op, m, k), NewPanels(k, n)) }),
			read(name("GemmAdd b"), k*n, func(op []float32) { GemmAdd(w(), rows(m, n), rows(m, k), PanelsOf(op, k, n)) }),
			written(name("GemmTAdd dst"), m*n, func(op []float32) { GemmTAdd(w(), RowMajor(op, m, n), rows(k, m), NewPanels(k, n)) }),
			read(name("GemmTAdd a"), m*k, func(op []float32) { GemmTAdd(w(), rows(m, n), RowMajor(op, k, m), NewPanels(k, n)) }),
			read(name("GemmTAdd b"), k*n, func(op []float32) { GemmTAdd(w(), rows(m, n), rows(k, m), PanelsOf(op, k, n)) }),
		)
	}
	// The copy of b, 64 columns at a time, is all that the scratch holds here.
	return append(all, written("Workers scratch", k*PanelWidth, func(op []float32) {
		w := NewWorkers(1)
		w.scratch[0] = op
		Gemm(w, RowMajor(floats(7*n), 7, n), RowMajor(floats(7*k), 7, k), RowMajor(floats(k*n), k, n), nil)
	}))
}

// continueConv continues the chains in dst.
func continueConv(dst Grid, x Windows, w Matrix) { ConvFrom(dst, dst, x, w, AsIs) }

// convOperands takes windows of 2·k inputs that lie k apart; lines that may be one
// and lines that may not; columns that fill panels and columns that do not.
func convOperands() []operand {
	var all []operand
	for _, s := range []struct{ gap, n int }{{0, 2 * PanelWidth}, {3, 2 * PanelWidth}, {3, 43}} {
		const lines, pixels, k = 2, 7, 5
		gap, n := s.gap, s.n
		name := func(what string) string { return fmt.Sprintf("%s, gap=%d, n=%d", what, gap, n) }
		line, xline := pixels*n+gap, pixels*k+gap
		nd, nx := line+pixels*n, xline+(pixels+1)*k
		dst := func(op []float32) Grid {
			return Grid{Data: op, Lines: lines, Pixels: pixels, Cols: n, LineStride: line, PixelStride: n, Panel: PanelWidth}
		}
		x := func(op []float32) Windows {
			return Windows{Data: op, Lines: lines, Pixels: pixels, K: 2 * k, LineStride: xline, PixelStride: k, Step: 1, Segment: k}
		}
		w := func() Matrix { return NewPanels(2*k, n) }
		all = append(all,
			written(name("Conv dst"), nd, func(op []float32) { Conv(dst(op), x(floats(nx)), w(), nil, ReLU) }),
			written(name("Conv dst, added to"), nd, func(op []float32) { Conv(dst(op), x(floats(nx)), w(), nil, ReLUAdd) }),
			read(name("Conv x"), nx, func(op []float32) { Conv(dst(floats(nd)), x(op), w(), nil, AsIs) }),
			read(name("Conv bias"), n, func(op []float32) { Conv(dst(floats(nd)), x(floats(nx)), w(), op, ReLU) }),
			written(name("ConvFrom dst"), nd, func(op []float32) { ConvFrom(dst(op), dst(floats(nd)), x(floats(nx)), w(), ReLU) }),
			read(name("ConvFrom from"), nd, func(op []float32) { ConvFrom(dst(floats(nd)), dst(op), x(floats(nx)), w(), AsIs) }),
			read(name("ConvFrom x"), nx, func(op []float32) { continueConv(dst(floats(nd)), x(op), w()) }),
		)
		if n%PanelWidth == 0 { // else more is readable than matters
			all = append(all,
				read(name("Conv w"), 2*k*n, func(op []float32) { Conv(dst(floats(nd)), x(floats(nx)), PanelsOf(op, 2*k, n), nil, ReLU) }),
				read(name("ConvFrom w"), 2*k*n, func(op []float32) { continueConv(dst(floats(nd)), x(floats(nx)), RowMajor(op, 2*k, n)) }),
			)
		}
	}
	return all
}

func lstmOperands() []operand {
	const in, B, H, cols = 3, 2, 2 * GateUnits, 2 * PanelWidth
	rows := func() Matrix { return RowMajor(floats(B*H), B, H) }
	panels := func() Matrix { return NewPanels(B, cols) }
	of := func(op []float32) Matrix { return RowMajor(op, B, H) }
	w := func() Matrix { return NewPanels(in+H, cols) }
	return []operand{
		written("LSTMStep dst", H, func(op []float32) { LSTMStep(op, floats(H), w(), floats(cols), floats(in), floats(H), Logistic) }),
		written("LSTMStep c", H, func(op []float32) { LSTMStep(floats(H), op, w(), floats(cols), floats(in), floats(H), Logistic) }),
		read("LSTMStep w", (in+H)*cols, func(op []float32) {
			LSTMStep(floats(H), floats(H), PanelsOf(op, in+H, cols), floats(cols), floats(in), floats(H), Logistic)
		}),
		read("LSTMStep bias", cols, func(op []float32) { LSTMStep(floats(H), floats(H), w(), op, floats(in), floats(H), Logistic) }),
		read("LSTMStep x", in, func(op []float32) { LSTMStep(floats(H), floats(H), w(), floats(cols), op, floats(H), Logistic) }),
		read("LSTMStep h", H, func(op []float32) { LSTMStep(floats(H), floats(H), w(), floats(cols), floats(in), op, Logistic) }),

		written("LSTMGates h", B*H, func(op []float32) { LSTMGates(of(op), rows(), panels(), rows(), Logistic) }),
		written("LSTMGates c", B*H, func(op []float32) { LSTMGates(rows(), of(op), panels(), rows(), Logistic) }),
		written("LSTMGates z", B*cols, func(op []float32) { LSTMGates(rows(), rows(), PanelsOf(op, B, cols), rows(), Logistic) }),
		read("LSTMGates prev", B*H, func(op []float32) { LSTMGates(rows(), rows(), panels(), of(op), Logistic) }),

		written("LSTMGradients z", B*cols, func(op []float32) { LSTMGradients(PanelsOf(op, B, cols), rows(), rows(), rows(), rows(), Logistic) }),
		written("LSTMGradients dc", B*H, func(op []float32) { LSTMGradients(panels(), of(op), rows(), rows(), rows(), Logistic) }),
		read("LSTMGradients dh", B*H, func(op []float32) { LSTMGradients(panels(), rows(), of(op), rows(), rows(), Logistic) }),
		read("LSTMGradients c", B*H, func(op []float32) { LSTMGradients(panels(), rows(), rows(), of(op), rows(), Logistic) }),
		read("LSTMGradients prev", B*H, func(op []float32) { LSTMGradients(panels(), rows(), rows(), rows(), of(op), Logistic) }),
	}
}

func gruOperands() []operand {
	const in, B, H = 3, 2, 2 * PanelWidth
	const cols = 2 * H
	rows := func() Matrix { return RowMajor(floats(B*H), B, H) }
	of := func(op []float32) Matrix { return RowMajor(op, B, H) }
	gates := func() Matrix { return NewPanels(B, cols) }
	gatesOf := func(op []float32) Matrix { return PanelsOf(op, B, cols) }
	units := func() Matrix { return NewPanels(B, H) }
	unitsOf := func(op []float32) Matrix { return PanelsOf(op, B, H) }

	// A step with one operand replaced.
	type operands struct{ dst, rz, rzBias, n, nBias, nRecurrent, x, h, scratch []float32 }
	step := func(before bool, put func(o *operands, op []float32)) func(op []float32) {
		return func(op []float32) {
			o := operands{floats(H), floats((in + H) * cols), floats(cols), floats((in + H) * H), floats(H), floats(H), floats(in), floats(H), floats(GRUScratchLen(H))}
			put(&o, op)
			rz, n := PanelsOf(o.rz, in+H, cols), PanelsOf(o.n, in+H, H)
			if before {
				GRUStepBefore(o.dst, rz, o.rzBias, n, o.nBias, o.x, o.h, o.scratch, Logistic)
			} else {
				GRUStep(o.dst, rz, o.rzBias, n, o.nBias, o.nRecurrent, o.x, o.h, o.scratch, Logistic)
			}
		}
	}
	var all []operand
	for _, before := range []bool{false, true} {
		name := func(what string) string { return fmt.Sprintf("GRUStep (before %v) %s", before, what) }
		all = append(all,
			written(name("dst"), H, step(before, func(o *operands, op []float32) { o.dst = op })),
			read(name("rz"), (in+H)*cols, step(before, func(o *operands, op []float32) { o.rz = op })),
			read(name("rzBias"), cols, step(before, func(o *operands, op []float32) { o.rzBias = op })),
			read(name("n"), (in+H)*H, step(before, func(o *operands, op []float32) { o.n = op })),
			read(name("nBias"), H, step(before, func(o *operands, op []float32) { o.nBias = op })),
			read(name("x"), in, step(before, func(o *operands, op []float32) { o.x = op })),
			read(name("h"), H, step(before, func(o *operands, op []float32) { o.h = op })),
			written(name("scratch"), GRUScratchLen(H), step(before, func(o *operands, op []float32) { o.scratch = op })),
		)
		if !before {
			all = append(all, read(name("nRecurrentBias"), H, step(before, func(o *operands, op []float32) { o.nRecurrent = op })))
		}
	}
	// Where the first panel holds r and the last z, of which only one is used.
	const r, z = 0, B*cols - 1
	return append(all,
		written("GRUGates h", B*H, func(op []float32) { GRUGates(of(op), gates(), units(), units(), rows(), Logistic) }),
		written("GRUGates rz", B*cols, func(op []float32) { GRUGates(rows(), gatesOf(op), units(), units(), rows(), Logistic) }),
		written("GRUGates n", B*H, func(op []float32) { GRUGates(rows(), gates(), unitsOf(op), units(), rows(), Logistic) }),
		read("GRUGates m", B*H, func(op []float32) { GRUGates(rows(), gates(), units(), unitsOf(op), rows(), Logistic) }),
		read("GRUGates prev", B*H, func(op []float32) { GRUGates(rows(), gates(), units(), units(), of(op), Logistic) }),

		written("GRUReset rh", B*H, func(op []float32) { GRUReset(of(op), gates(), rows(), Logistic) }),
		written("GRUReset rz", B*cols, func(op []float32) { GRUReset(rows(), gatesOf(op), rows(), Logistic) }),
		read("GRUReset prev", B*H, func(op []float32) { GRUReset(rows(), gates(), of(op), Logistic) }),

		written("GRUUpdate h", B*H, func(op []float32) { GRUUpdate(of(op), gates(), units(), rows()) }),
		read("GRUUpdate rz", B*cols, func(op []float32) { GRUUpdate(rows(), gatesOf(op), units(), rows()) }).only(z),
		written("GRUUpdate n", B*H, func(op []float32) { GRUUpdate(rows(), gates(), unitsOf(op), rows()) }),
		read("GRUUpdate prev", B*H, func(op []float32) { GRUUpdate(rows(), gates(), units(), of(op)) }),

		written("GRUGradients rz", B*cols, func(op []float32) { GRUGradients(gatesOf(op), units(), units(), rows(), rows(), rows(), Logistic) }),
		written("GRUGradients n", B*H, func(op []float32) { GRUGradients(gates(), unitsOf(op), units(), rows(), rows(), rows(), Logistic) }),
		written("GRUGradients m", B*H, func(op []float32) { GRUGradients(gates(), units(), unitsOf(op), rows(), rows(), rows(), Logistic) }),
		read("GRUGradients dh", B*H, func(op []float32) { GRUGradients(gates(), units(), units(), of(op), rows(), rows(), Logistic) }),
		written("GRUGradients carry", B*H, func(op []float32) { GRUGradients(gates(), units(), units(), rows(), of(op), rows(), Logistic) }),
		read("GRUGradients prev", B*H, func(op []float32) { GRUGradients(gates(), units(), units(), rows(), rows(), of(op), Logistic) }),

		written("GRUUpdateGradients rz", B*cols, func(op []float32) { GRUUpdateGradients(gatesOf(op), units(), rows(), rows(), rows(), Logistic) }).only(z),
		written("GRUUpdateGradients n", B*H, func(op []float32) { GRUUpdateGradients(gates(), unitsOf(op), rows(), rows(), rows(), Logistic) }),
		read("GRUUpdateGradients dh", B*H, func(op []float32) { GRUUpdateGradients(gates(), units(), of(op), rows(), rows(), Logistic) }),
		written("GRUUpdateGradients carry", B*H, func(op []float32) { GRUUpdateGradients(gates(), units(), rows(), of(op), rows(), Logistic) }),
		read("GRUUpdateGradients prev", B*H, func(op []float32) { GRUUpdateGradients(gates(), units(), rows(), rows(), of(op), Logistic) }),

		written("GRUResetGradients rz", B*cols, func(op []float32) { GRUResetGradients(gatesOf(op), rows(), rows(), rows(), Logistic) }).only(r),
		written("GRUResetGradients carry", B*H, func(op []float32) { GRUResetGradients(gates(), of(op), rows(), rows(), Logistic) }),
		read("GRUResetGradients drh", B*H, func(op []float32) { GRUResetGradients(gates(), rows(), of(op), rows(), Logistic) }),
		read("GRUResetGradients prev", B*H, func(op []float32) { GRUResetGradients(gates(), rows(), rows(), of(op), Logistic) }),
	)
}

func rnnOperands() []operand {
	const in, B, H = 3, 2, 2 * PanelWidth
	rows := func() Matrix { return RowMajor(floats(B*H), B, H) }
	of := func(op []float32) Matrix { return RowMajor(op, B, H) }
	z := func(op []float32) Matrix { return PanelsOf(op, B, H) }
	w := func() Matrix { return NewPanels(in+H, H) }
	return []operand{
		written("RNNStep dst", H, func(op []float32) { RNNStep(op, w(), floats(H), floats(in), floats(H), UnitTanh) }),
		read("RNNStep w", (in+H)*H, func(op []float32) {
			RNNStep(floats(H), PanelsOf(op, in+H, H), floats(H), floats(in), floats(H), UnitTanh)
		}),
		read("RNNStep bias", H, func(op []float32) { RNNStep(floats(H), w(), op, floats(in), floats(H), UnitTanh) }),
		read("RNNStep x", in, func(op []float32) { RNNStep(floats(H), w(), floats(H), op, floats(H), UnitTanh) }),
		read("RNNStep h", H, func(op []float32) { RNNStep(floats(H), w(), floats(H), floats(in), op, UnitTanh) }),
		written("RNNGates h", B*H, func(op []float32) { RNNGates(of(op), NewPanels(B, H), UnitReLU) }),
		written("RNNGates z", B*H, func(op []float32) { RNNGates(rows(), z(op), UnitReLU) }),
		written("RNNGradients z", B*H, func(op []float32) { RNNGradients(z(op), rows(), UnitTanh) }),
		read("RNNGradients dh", B*H, func(op []float32) { RNNGradients(NewPanels(B, H), of(op), UnitTanh) }),
	}
}

// races runs f and then g on two goroutines and returns how many races the
// detector saw. That g waits is kept from the detector, to which they run side
// by side: it may miss two accesses in the same instant.
func races(f, g func()) int {
	before := runtime.RaceErrors()
	ended := make(chan struct{}, 1)
	unseen := func(wait func()) {
		runtime.RaceDisable()
		wait()
		runtime.RaceEnable()
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		f()
		unseen(func() { ended <- struct{}{} })
	})
	wg.Go(func() {
		unseen(func() { <-ended })
		g()
	})
	wg.Wait()
	return runtime.RaceErrors() - before
}

// check shares the operand between a call and an access on another goroutine, and
// prints the races that the detector should have reported and did not.
func (o *operand) check() {
	var sink float32
	for _, end := range o.ends {
		op := floats(o.n)
		look, change := func() { sink = op[end] }, func() { op[end] = 1 }
		call := func() { o.call(op) }
		switch {
		case o.written && races(call, look) == 0:
			fmt.Printf("MISSED: %s is written while value %d of %d is read\n", o.name, end, o.n)
		case !o.written && races(call, change) == 0:
			fmt.Printf("MISSED: %s is read while value %d of %d is written\n", o.name, end, o.n)
		case !o.written && races(call, look) != 0:
			fmt.Printf("FALSE ALARM: %s and value %d of %d are only read\n", o.name, end, o.n)
		}
	}
	op := floats(o.n)
	switch seen := races(func() { o.call(op) }, func() { o.call(op) }); {
	case o.written && seen == 0:
		fmt.Printf("MISSED: two calls write %s\n", o.name)
	case !o.written && seen != 0:
		fmt.Printf("FALSE ALARM: two calls read %s\n", o.name)
	}
	runtime.KeepAlive(sink)
}

// TestRaceReports proves that the race detector sees what assembly does. For
// every operand of every routine, two goroutines share exactly that one: a call
// and a plain access to its first or last value, or two calls. Written operands
// must race with readers, read ones with writers only. Since a race fails the process
// that has it, the test runs itself again for each instruction set and checks its
// output.
func TestRaceReports(t *testing.T) {
	const child = "AUTOREG_TEST_RACES"
	all := raceOperands()
	if testing.Short() {
		for i := range len(all) / 8 {
			all[i] = all[8*i]
		}
		all = all[:len(all)/8]
	}
	if os.Getenv(child) != "" {
		for i := range all {
			all[i].check()
		}
		fmt.Printf("checked %d operands\n", len(all))
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Skip("no way to start processes here: ", err)
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		if isa == cpu.Generic.String() {
			t.Skip("compiled code reports by itself")
		}
		cmd := exec.Command(exe, "-test.run=^TestRaceReports$", "-test.count=1", fmt.Sprintf("-test.short=%v", testing.Short()))
		cmd.Env = append(os.Environ(), child+"=1", "AUTOREG_ISA="+isa,
			"GORACE=halt_on_error=0 suppress_equal_stacks=0 suppress_equal_addresses=0")
		raw, err := cmd.CombinedOutput()
		out := string(raw)
		if err == nil || !strings.Contains(out, "DATA RACE") || !strings.Contains(out, fmt.Sprintf("checked %d operands\n", len(all))) {
			t.Fatalf("the process ended with %v; it should fail with DATA RACE after %d operands:\n%s", err, len(all), out)
		}
		for line := range strings.Lines(out) {
			if strings.HasPrefix(line, "MISSED") || strings.HasPrefix(line, "FALSE ALARM") {
				t.Error(strings.TrimSpace(line))
			}
		}
	})
}
