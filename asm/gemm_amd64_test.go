//go:build !purego

package asm_test

import "github.com/autoreg/autoreg/asm"

var tileKernels = map[string]tileKernel{
	"avx2":   {name: "GemmAVX2", perform: asm.GemmAVX2, rows: [4]int{6, 6, 6, 6}},
	"avx512": {name: "GemmAVX512", perform: asm.GemmAVX512, rows: [4]int{12, 12, 6, 6}, oneBlock: true},
}
