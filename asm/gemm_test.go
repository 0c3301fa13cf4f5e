//go:build !purego && (amd64 || arm64)

package asm_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/autoreg/autoreg/asm"
	"github.com/autoreg/autoreg/internal/testkit"
)

// A tileKernel is one implementation of Tile and what it takes.
type tileKernel struct {
	name     string
	perform  func(*asm.Tile)
	rows     [4]int // of a strip of 1 … 4 blocks of columns, at most
	oneBlock bool
}

// TestGemm compares tiles of every shape and random strides, many of which
// package kernels never asks for, with the loop that defines them. The values
// are small integers, every sum of which is exact, so that a plain loop is the
// reference, and among the values that chains start with and those that are
// added, zeros of both signs, infinities and NaN.
func TestGemm(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		k, ok := tileKernels[isa]
		if !ok {
			t.Skip("has no tiles")
		}
		turns := 48
		if testing.Short() {
			turns = 12
		}
		r := rand.New(rand.NewPCG(1, 2))
		for blocks := 1; blocks <= 4; blocks++ {
			for rows := 1; rows <= k.rows[blocks-1]; rows++ {
				for turn := range turns {
					k.check(t, r, rows, blocks, turn)
				}
			}
		}
	})
}

func (k *tileKernel) check(t *testing.T, r *rand.Rand, rows, blocks, turn int) {
	t.Helper()
	integers := func(n int) []float32 {
		s := make([]float32, n)
		for i := range s {
			s[i] = float32(r.IntN(17) - 8)
		}
		return s
	}
	specials := []float32{0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}
	values := func(n int) []float32 {
		s := integers(n)
		for i := 0; i < n; i += 1 + r.IntN(5) {
			s[i] = specials[r.IntN(len(specials))]
		}
		return s
	}

	q := asm.Tile{Rows: rows, Strips: 1 + r.IntN(3), Blocks: blocks, K: r.IntN(27), Segment: 1 + r.IntN(20), Finish: turn % 3}
	m, cols := q.Rows*q.Strips, 16*blocks
	q.ASkip = r.IntN(9) - 4
	switch turn / 3 % 4 {
	case 0: // rows of inputs, as in a product
		q.AStep, q.ARow = 1, q.K+q.K/q.Segment*q.ASkip+r.IntN(3)
	case 1: // inputs of rows, as in a transposed product
		q.AStep, q.ARow = m+r.IntN(3), 1
	case 2: // rows of inputs that overlap, as in a convolution
		q.AStep, q.ARow, q.ASkip = 1, 1+r.IntN(4), r.IntN(50)
	default:
		q.AStep, q.ARow = r.IntN(9)-4, r.IntN(9)-4
	}
	q.BRow, q.BBlock = 64, 16
	if !k.oneBlock && r.IntN(3) == 0 {
		q.BRow, q.BBlock = 16, 16*q.K+r.IntN(3)
	}
	q.CRow = cols + r.IntN(3)

	place := func(i, p int) int { return i*q.ARow + p*q.AStep + p/q.Segment*q.ASkip }
	lo, hi := 0, 0
	for i := range m {
		for p := range q.K {
			lo, hi = min(lo, place(i, p)), max(hi, place(i, p))
		}
	}
	a, b := integers(hi-lo+1), integers(blocks*q.BBlock+(q.K+1)*q.BRow)
	got, check := testkit.Guarded(m*q.CRow, r.IntN(16))
	copy(got, values(len(got)))
	want := append([]float32(nil), got...)
	from, fromRow := want, q.CRow
	q.C, q.A, q.B = &got[0], &a[-lo], &b[0]
	q.From, q.FromRow = q.C, q.CRow
	if how := r.IntN(3); how > 0 { // not the chains in C
		fromRow = how / 2 * (cols + r.IntN(3))
		from = values(m*fromRow + cols)
		q.From, q.FromRow = &from[0], fromRow
	}

	k.perform(&q)
	for i := range m {
		for j := range cols {
			y := from[i*fromRow+j]
			for p := range q.K {
				y += float32(a[place(i, p)-lo] * b[j/16*q.BBlock+p*q.BRow+j%16])
			}
			if q.Finish != asm.FinishNone && y <= 0 {
				y = 0
			}
			if q.Finish == asm.FinishReLUAdd {
				y += want[i*q.CRow+j]
			}
			want[i*q.CRow+j] = y
		}
	}
	d := testkit.Diff(got, want)
	if err := check(); d == "" && err != nil {
		d = err.Error()
	}
	if d != "" {
		q.C, q.From, q.A, q.B = nil, nil, nil, nil
		t.Fatalf("%s(%+v): C%s", k.name, q, d)
	}
}
