package kernels

import (
	"testing"

	"github.com/autoreg/autoreg/internal/cpu"
	"github.com/autoreg/autoreg/internal/testkit"
)

func FuzzGemm(f *testing.F) {
	f.Add(uint8(7), uint8(70), uint8(9), uint16(1), []byte{0, 0, 0x80, 0x7f, 1, 0, 0, 0x80, 0, 0, 0xc0, 0x7f})
	f.Add(uint8(13), uint8(129), uint8(66), uint16(0x5a7), []byte{1, 2, 3, 4})
	f.Add(uint8(1), uint8(16), uint8(0), uint16(0xfff), []byte{0, 0, 0x80, 0x3f})
	f.Fuzz(func(t *testing.T, m, n, k uint8, how uint16, raw []byte) {
		v := testkit.Floats(raw)
		if len(v) == 0 {
			return
		}
		fill := func(dst []float32, seed uint64) {
			for i := range dst {
				dst[i] = v[(i+int(seed))%len(v)]
			}
		}
		g := newGemmCase(int(how%ops), int(m%40), int(n), int(k%80), fill)
		w := NewWorkers(1 + int(how>>2&3))
		layout := func(shift int) string { return gemmLayouts[how>>shift&3] }
		for _, isa := range cpu.Available() {
			func() {
				defer cpu.Force(isa)()
				g.check(t, isa.String(), layout(4), layout(6), layout(8), int(how>>10&15), w)
			}()
		}
	})
}
