//go:build !purego

package asm_test

import "github.com/autoreg/autoreg/asm"

var tileKernels = map[string]tileKernel{
	"neon": {name: "GemmNEON", perform: asm.GemmNEON, rows: [4]int{5, 5, 5, 5}},
}
