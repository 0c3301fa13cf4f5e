//go:build !purego

package asm_test

import (
	"math/rand/v2"
	"testing"

	"github.com/autoreg/autoreg/asm"
)

// TestGemmNEON compares tiles of every shape and random strides, many of which
// package kernels never asks for, with the loop that defines them. The values
// are small integers: every sum is exact, so a plain loop is the reference.
func TestGemmNEON(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	values := func(n int) []float32 {
		s := make([]float32, n)
		for i := range s {
			s[i] = float32(r.IntN(17) - 8)
		}
		return s
	}
	turns := 20
	if testing.Short() {
		turns = 5
	}
	for rows := 1; rows <= 5; rows++ {
		for blocks := 1; blocks <= 4; blocks++ {
			for turn := range turns {
				q := asm.Tile{Rows: rows, Strips: 1 + r.IntN(3), Blocks: blocks, K: r.IntN(12), Segment: 1 + r.IntN(9), ASkip: r.IntN(5)}
				m := q.Rows * q.Strips
				switch turn % 3 {
				case 0: // rows of inputs, as in a product
					q.AStep, q.ARow = 1, q.K+q.K/q.Segment*q.ASkip+r.IntN(3)
				case 1: // inputs of rows, as in a transposed product
					q.AStep, q.ARow = m+r.IntN(3), 1
				default:
					q.AStep, q.ARow = 1+r.IntN(4), 1+r.IntN(4)
				}
				q.CRow = 16*blocks + r.IntN(3)
				if turn%2 == 0 {
					q.FromRow = 16*blocks + r.IntN(3)
				}
				q.BRow, q.BBlock = 64, 16
				if turn%4 == 0 {
					q.BRow, q.BBlock = 16, 16*q.K+r.IntN(3)
				}
				a := values(m*q.ARow + (q.K+1)*(q.AStep+q.ASkip))
				b := values(blocks*q.BBlock + (q.K+1)*q.BRow)
				from := values(m*q.FromRow + 16*blocks)
				got, want := make([]float32, m*q.CRow), make([]float32, m*q.CRow)
				q.C, q.From, q.A, q.B = &got[0], &from[0], &a[0], &b[0]
				asm.GemmNEON(&q)
				for i := range m {
					for j := range 16 * blocks {
						y := from[i*q.FromRow+j]
						for p := range q.K {
							y += float32(a[i*q.ARow+p*q.AStep+p/q.Segment*q.ASkip] * b[j/16*q.BBlock+p*q.BRow+j%16])
						}
						want[i*q.CRow+j] = y
					}
				}
				for i := range want {
					if got[i] != want[i] {
						q.C, q.From, q.A, q.B = nil, nil, nil, nil
						t.Fatalf("GemmNEON(%+v): C[%d] = %v, want %v", q, i, got[i], want[i])
					}
				}
			}
		}
	}
}
