package kernels

import (
	"testing"

	"github.com/autoreg/autoreg/internal/cpu"
	"github.com/autoreg/autoreg/internal/testkit"
)

func FuzzConv(f *testing.F) {
	f.Add(uint8(2), uint8(7), uint8(70), uint8(9), []byte{3, 40, 1, 5, 2, 0}, uint16(1), []byte{0, 0, 0x80, 0x7f, 1, 0, 0, 0x80, 0, 0, 0xc0, 0x7f})
	f.Add(uint8(1), uint8(13), uint8(128), uint8(66), []byte{1, 7, 20, 30, 100, 0}, uint16(0x5a7), []byte{1, 2, 3, 4})
	f.Add(uint8(3), uint8(16), uint8(43), uint8(0), []byte{250, 240, 255, 3, 252, 0}, uint16(0xffff), []byte{0, 0, 0x80, 0x3f})
	f.Add(uint8(1), uint8(6), uint8(64), uint8(24), []byte{1, 19, 1, 7, 12, 0}, uint16(0x210), []byte{0, 0, 0x80, 0xbf, 0, 0, 0, 0x80})
	f.Fuzz(func(t *testing.T, lines, pixels, cols, k uint8, strides []byte, how uint16, raw []byte) {
		v := testkit.Floats(raw)
		if len(v) == 0 || len(strides) < 5 {
			return
		}
		s := convShape{lines: int(lines % 5), pixels: int(pixels % 30), cols: int(cols), k: int(k % 80),
			pixel: int(int8(strides[0])), line: int(int8(strides[1])), step: int(int8(strides[2])), segment: int(strides[3]), skip: int(int8(strides[4])),
			dst: convGrids[int(how&15)%len(convGrids)], w: gemmLayouts[how>>4&3],
			finish: Finish(how>>6&3) % 3, add: how>>8&1 == 1, bias: how>>9&1 == 1}
		c := newConvCase(s, func(dst []float32, seed uint64) {
			for i := range dst {
				dst[i] = v[(i+int(seed))%len(v)]
			}
		})
		for _, isa := range cpu.Available() {
			func() {
				defer cpu.Force(isa)()
				c.check(t, isa.String(), int(how>>10&15))
			}()
		}
	})
}
