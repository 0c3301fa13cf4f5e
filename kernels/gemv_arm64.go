//go:build !purego

package kernels

import (
	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/cpu"
)

// panelsTimes runs one call of the kernel.
func panelsTimes(_ cpu.ISA, dst, w, x, bias *float32, k, panels, stride int) {
	asm.GemvNEON(dst, w, x, bias, k, panels, stride)
}

// vectorCols is what the columns of vectorTimes must be a multiple of.
const vectorCols = PanelWidth

// vectorTimes multiplies a panel by a vector.
func vectorTimes(isa cpu.ISA, dst, w, x, bias *float32, k, _ int) {
	panelsTimes(isa, dst, w, x, bias, k, 1, 0)
}
