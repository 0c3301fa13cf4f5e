package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"unsafe"

	"github.com/autoreg/autoreg/internal/philox"
	"github.com/autoreg/autoreg/internal/testkit"
)

// drawnAt is a bit of KeepMask16 or KeepMask32, in the words of their documentation. least
// has 32 bits, of which KeepMask16 is given the upper half.
func drawnAt(size, r, w, i int, counter [4]uint32, key [2]uint32, least uint32) bool {
	if size == 16 {
		b := philox.Block([4]uint32{counter[0] + uint32(8*w+i/8), counter[1] + uint32(r), counter[2], counter[3]}, key)
		return uint16(b[i%8/2]>>(16*(i%2))) >= uint16(least>>16)
	}
	b := philox.Block([4]uint32{counter[0] + uint32(16*w+i/4), counter[1] + uint32(r), counter[2], counter[3]}, key)
	return b[i%4] >= least
}

// checkDropMask compares rows of words of both routines with what they document, and the
// words round them with what they were.
func checkDropMask(t *testing.T, isa string, rows, words int, counter [4]uint32, key [2]uint32, least uint32) {
	t.Helper()
	for _, size := range []int{16, 32} {
		const canary = 0xdeadbeefcafef00d
		all := slices.Repeat([]uint64{canary}, rows*words+18)
		dst := all[9:][:rows*words]
		if size == 16 {
			KeepMask16(dst, words, counter, key, uint16(least>>16))
		} else {
			KeepMask32(dst, words, counter, key, least)
		}
		for at, got := range all {
			want := uint64(canary)
			if at -= 9; at >= 0 && at < len(dst) {
				want = 0
				for i := range 64 {
					if drawnAt(size, at/words, at%words, i, counter, key, least) {
						want |= 1 << i
					}
				}
			}
			if got != want {
				t.Fatalf("DropMask%d[%s](%d rows of %d, %v, %v, %#x): word %d is %x, want %x", size, isa, rows, words, counter, key, least, at, got, want)
			}
		}
	}
}

func TestDropMask(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for words := 1; words <= 9; words++ {
			for rows := range 8 {
				checkDropMask(t, isa, rows, words, [4]uint32{0, 77, 5 << 16, 12}, [2]uint32{uint32(rows), uint32(words) << 31}, 1<<31)
			}
		}
		// Every threshold's border, and counters that wrap.
		for _, least := range []uint32{0, 1, 1 << 16, 2 << 16, 0xff0000, 1 << 24, 0x33333333, 0x7fffffff, 1 << 31, 0x80010000, 0xfffe0000, 0xffff0000, 0xffffffff} {
			for _, c := range []uint32{0, 1 << 31, math.MaxUint32, math.MaxUint32 - 20} {
				checkDropMask(t, isa, 5, 3, [4]uint32{c, c, c, c}, [2]uint32{^c, c}, least)
			}
		}
		// More than one call of assembly, and rows longer than that.
		checkDropMask(t, isa, 700, 3, [4]uint32{1, 2, 3, 4}, [2]uint32{5, 6}, 0x12345678)
		checkDropMask(t, isa, 3, 1030, [4]uint32{1, 2, 3, 4}, [2]uint32{5, 6}, 0x12345678)
	})
}

// Half-words and words that equal the threshold, or miss it by one, on either side of the sign bit.
func TestDropMaskThreshold(t *testing.T) {
	counter, key := [4]uint32{3, 1, 4, 1}, [2]uint32{5, 9}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for i := range 64 {
			c := counter
			c[0] += uint32(i / 8)
			half := uint16(philox.Block(c, key)[i%8/2] >> (16 * (i % 2)))
			c[0] = counter[0] + uint32(i/4)
			word := philox.Block(c, key)[i%4]
			for _, least := range []uint32{uint32(half-1) << 16, uint32(half) << 16, uint32(half+1) << 16, word - 1, word, word + 1} {
				checkDropMask(t, isa, 1, 1, counter, key, least)
			}
		}
	})
}

// The known answers of Random123, kat_vectors of philox4x32-10.
func TestDropMaskKnown(t *testing.T) {
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, [2]uint32{0xffffffff, 0xffffffff}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0}, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		testkit.EachISA(t, func(t *testing.T, isa string) {
			// The half-words, by halving the range of each.
			for i := range 8 {
				half := 0
				for bit := 1 << 15; bit > 0; bit >>= 1 {
					var word [1]uint64
					KeepMask16(word[:], 1, c.counter, c.key, uint16(half|bit))
					if word[0]>>i&1 == 1 {
						half |= bit
					}
				}
				if want := int(c.want[i/2] >> (16 * (i % 2)) & 0xffff); half != want {
					t.Errorf("[%s] half-word %d of %x is %x, want %x", isa, i, c.counter, half, want)
				}
			}
		})
	}
}

// checkDrop compares Drop with what it documents, with bits behind the width set as they
// come, from a second place and in place.
func checkDrop(t *testing.T, isa string, width int, x *testkit.Buffer, off int, seed uint32, scale float32) {
	t.Helper()
	rows, words := len(x.S)/width, (width+63)/64
	kept := make([]uint64, rows*words)
	KeepMask16(kept, words, [4]uint32{0, 0, 0, seed}, [2]uint32{seed, uint32(width)}, 1<<15)
	bits := slices.Clone(kept)
	want := make([]float32, rows*width)
	for i, v := range x.S {
		if kept[i/width*words+i%width/64]&(1<<(i%width%64)) != 0 {
			want[i] = float32(v * scale)
		}
	}
	dst := testkit.NewBuffer(len(x.S), off)
	Drop(dst.S, x.S, kept, width, scale)
	if d := testkit.Diff(dst.S, want) + dst.Stray() + x.Unchanged(); d != "" {
		t.Fatalf("Drop[%s](%d rows of %d): dst%s", isa, rows, width, d)
	}
	Drop(x.S, x.S, kept, width, scale)
	if d := testkit.Diff(x.S, want) + x.Stray(); d != "" {
		t.Fatalf("Drop[%s](%d rows of %d, in place): dst%s", isa, rows, width, d)
	}
	if !slices.Equal(kept, bits) {
		t.Fatalf("Drop[%s](%d rows of %d): kept was modified", isa, rows, width)
	}
}

func TestDrop(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for width := 1; width <= 130; width++ {
			for rows := range 4 {
				off := (width + 5*rows) % 16
				checkDrop(t, isa, width, testkit.NewBuffer(rows*width, off).Values(uint64(width), 3), (3*width+rows)%16, uint32(rows), 1.4285715)
				bits := testkit.NewBuffer(rows*width, off)
				testkit.Bits(bits.S, uint64(width))
				checkDrop(t, isa, width, bits.Fill(slices.Clone(bits.S)), off, uint32(rows), 2)
			}
		}
		// Every special value in every lane, kept and dropped.
		for i := range 24 {
			s := slices.Concat(testkit.Specials[i%len(testkit.Specials):], testkit.Specials[:i%len(testkit.Specials)])
			for _, scale := range []float32{2, 1 / float32(3), float32(math.Inf(1))} {
				checkDrop(t, isa, 101, testkit.NewBuffer(9*101, i%16).Fill(s), 0, uint32(i), scale)
			}
		}
		// More than one call of assembly, and rows longer than that.
		checkDrop(t, isa, 192, testkit.NewBuffer(350*192, 0).Values(1, 1), 3, 1, 2)
		checkDrop(t, isa, 1<<16+5, testkit.NewBuffer(2<<16+10, 0).Values(1, 1), 3, 1, 2)
	})
}

// A dropped value is +0 whatever it was.
func TestDropValues(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, v := range []float32{1, -1, float32(math.Copysign(0, -1)), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())} {
			for n := 1; n <= 70; n++ {
				x := slices.Repeat([]float32{v}, n)
				Drop(x, x, []uint64{0, 0}[:(n+63)/64], n, -2)
				for i, got := range x {
					if math.Float32bits(got) != 0 {
						t.Fatalf("[%s] %v, dropped, is %v at %d of %d", isa, v, got, i, n)
					}
				}
			}
		}
	})
}

// The last value, and the last word, are the last of a page.
func TestDropPageEnd(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for width := 1; width <= 130; width++ {
			for rows := 1; rows <= 2; rows++ {
				words := (width + 63) / 64
				kept := wordsAtPageEnd(t, rows*words)
				KeepMask16(kept, words, [4]uint32{}, [2]uint32{1, uint32(width)}, 1<<14)
				want := make([]uint64, rows*words)
				keepMask16Generic(want, words, [4]uint32{}, [2]uint32{1, uint32(width)}, 1<<14)
				if !slices.Equal(kept, want) {
					t.Fatalf("KeepMask16[%s](%d rows of %d): %x, want %x", isa, rows, words, kept, want)
				}
				wide := wordsAtPageEnd(t, rows*words)
				KeepMask32(wide, words, [4]uint32{}, [2]uint32{1, uint32(width)}, 1<<30)
				keepMask32Generic(want, words, [4]uint32{}, [2]uint32{1, uint32(width)}, 1<<30)
				if !slices.Equal(wide, want) {
					t.Fatalf("KeepMask32[%s](%d rows of %d): %x, want %x", isa, rows, words, wide, want)
				}
				dst, x := testkit.AtPageEnd(t, rows*width), testkit.AtPageEnd(t, rows*width)
				testkit.Values(x, 2, 1)
				values := make([]float32, rows*width)
				dropGeneric(values, x, kept, width, 0, 1.5)
				Drop(dst, x, kept, width, 1.5)
				if d := testkit.Diff(dst, values); d != "" {
					t.Fatalf("Drop[%s](%d rows of %d): dst%s", isa, rows, width, d)
				}
			}
		}
	})
}

func TestDropContract(t *testing.T) {
	word := []uint64{7, 7, 7, 7}
	for _, words := range []int{0, -1, 3, 5} {
		testkit.Panics(t, "kernels: KeepMask16: dst is not rows of words", func() { KeepMask16(word, words, [4]uint32{}, [2]uint32{}, 1) })
		testkit.Panics(t, "kernels: KeepMask32: dst is not rows of words", func() { KeepMask32(word, words, [4]uint32{}, [2]uint32{}, 1) })
	}
	if !slices.Equal(word, []uint64{7, 7, 7, 7}) {
		t.Errorf("a mask was written before the panic: %x", word)
	}
	dst := testkit.NewBuffer(140, 0).Values(1, 1)
	x := make([]float32, 140)
	for _, f := range []func(){
		func() { Drop(dst.S, x, word, 0, 1) },
		func() { Drop(dst.S, x, word, -70, 1) },
		func() { Drop(dst.S, x, word, 69, 1) },
		func() { Drop(dst.S[:70], x, word, 70, 1) },
		func() { Drop(dst.S, x[:70], word, 70, 1) },
		func() { Drop(dst.S, x, word[:3], 70, 1) },
		func() { Drop(dst.S[:0], x[:0], word, 70, 1) },
		func() { Drop(dst.S, x, append(word, 0), 70, 1) },
	} {
		testkit.Panics(t, "kernels: Drop: dst, x and kept are not rows of width values", f)
	}
	if d := dst.Unchanged(); d != "" {
		t.Error(d)
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		KeepMask16(nil, 3, [4]uint32{}, [2]uint32{}, 1)
		KeepMask32(nil, 3, [4]uint32{}, [2]uint32{}, 1)
		Drop(nil, nil, nil, 70, 1)
		Drop(dst.S, x, word, 70, 1) // what all of them differ from
	})
}

func TestDropAllocs(t *testing.T) {
	x, kept := make([]float32, 203*7), make([]uint64, 4*7)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		testkit.NoAllocs(t, func() {
			for range 100 {
				KeepMask16(kept, 4, [4]uint32{}, [2]uint32{}, 9)
				KeepMask32(kept, 4, [4]uint32{}, [2]uint32{}, 9)
				Drop(x, x, kept, 203, 1)
			}
		})
	})
}

func FuzzDrop(f *testing.F) {
	f.Add([]byte{0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x7f, 0, 0, 0xc0, 0x7f}, uint8(3), uint8(3), uint32(0), uint32(1))
	f.Add([]byte("letters are numbers too, and this many of them are more than fit one vector of any kind"), uint8(17), uint8(0x5b), uint32(1<<31), uint32(1<<31))
	f.Fuzz(func(t *testing.T, raw []byte, width, off uint8, seed, least uint32) {
		in := testkit.Floats(raw)
		if len(in) == 0 {
			return
		}
		testkit.EachISA(t, func(t *testing.T, isa string) {
			w := int(width) + 1
			checkDropMask(t, isa, 1+int(off%16), (w+63)/64, [4]uint32{seed, seed >> 3, uint32(len(in)), seed * 5}, [2]uint32{seed, seed * 3}, least)
			checkDrop(t, isa, w, testkit.NewBuffer((1+int(off%16))*w, int(off/16)).Fill(in), int(off%16), seed, in[0])
		})
	})
}

// The maps of the mixture network for 32×32 pixels.
const dropRows, dropWidth = 1024, 192

func BenchmarkDropMask(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		kept := make([]uint64, dropRows*dropWidth/64)
		b.Run(fmt.Sprintf("bits=16/rows=%d/n=%d", dropRows, dropWidth), func(b *testing.B) {
			for b.Loop() {
				KeepMask16(kept, dropWidth/64, [4]uint32{}, [2]uint32{}, 1<<15)
			}
			perElement(b, dropRows*dropWidth)
		})
		b.Run(fmt.Sprintf("bits=32/rows=%d/n=%d", dropRows, dropWidth), func(b *testing.B) {
			for b.Loop() {
				KeepMask32(kept, dropWidth/64, [4]uint32{}, [2]uint32{}, 1<<31)
			}
			perElement(b, dropRows*dropWidth)
		})
	})
}

func BenchmarkDrop(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for _, rows := range []int{32, dropRows} { // of one line of an image, and of all
			b.Run(fmt.Sprintf("rows=%d/n=%d", rows, dropWidth), func(b *testing.B) {
				x, kept := Alloc(rows*dropWidth), make([]uint64, rows*dropWidth/64)
				KeepMask16(kept, dropWidth/64, [4]uint32{}, [2]uint32{}, 1<<15)
				for b.Loop() {
					Drop(x, x, kept, dropWidth, 1)
				}
				perElement(b, rows*dropWidth)
			})
		}
	})
}

// wordsAtPageEnd returns n words that end at an unreadable page.
func wordsAtPageEnd(t *testing.T, n int) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(&testkit.AtPageEnd(t, 2*n)[0])), n)
}
