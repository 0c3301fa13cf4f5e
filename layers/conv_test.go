package layers_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// masked returns a layer of a PixelCNN.
func masked(in, out, kernel int, mask layers.MaskType, groups int) *layers.Conv {
	return layers.ConvSpec{In: in, Out: out, Rows: kernel, Cols: kernel, Mask: mask, Groups: groups, Stride: 1}.New()
}

// open tells, from the specification alone, whether output o looks at input i at
// tap (row, col) of the kernel.
func open(l *layers.Conv, o, i, row, col int) bool {
	groups, m := l.Spec().Groups, l.Spec().Rows/2
	if row != m || col != m {
		return row < m || row == m && col < m
	}
	group := func(c, n int) int { // the last whose first channel is not beyond c
		g := groups - 1
		for g*n/groups > c {
			g--
		}
		return g
	}
	gi, gout := group(i, l.InLen()), group(o, l.OutLen())
	return gi < gout || l.Spec().Mask == layers.MaskB && gi == gout
}

// Taps of a single pair of channels: A (k²-1)/2, B (k²+1)/2; and of three ordered
// groups, of whose 9 pairs A leaves 3 open at the centre and B 6.
func TestMaskedConvTaps(t *testing.T) {
	for _, c := range []struct{ kernel, a, b int }{{7, 24, 25}, {5, 12, 13}, {3, 4, 5}, {1, 0, 1}} {
		for mask, want := range map[layers.MaskType]int{layers.MaskA: c.a, layers.MaskB: c.b} {
			l := masked(1, 1, c.kernel, mask, 1)
			if got := l.Effective() - 1; got != want || l.Params() != c.kernel*c.kernel+1 {
				t.Errorf("%d×%[1]d %v: %d open taps of %d, want %d", c.kernel, mask, got, l.Params()-1, want)
			}
			// At the centre 3 or 6 of 9 pairs of groups.
			const a, b = 2, 5 // channels of a group
			centre := map[layers.MaskType]int{layers.MaskA: 3, layers.MaskB: 6}[mask]
			l = masked(3*a, 3*b, c.kernel, mask, 3)
			if got, want := l.Effective()-3*b, a*b*(9*c.a+centre); got != want {
				t.Errorf("%d×%[1]d %v of ordered channels: %d open taps, want %d", c.kernel, mask, got, want)
			}
		}
	}
}

// The reference chapter's table.
func TestPixelTable(t *testing.T) {
	want := []string{"input A 7 1 128 6400 3200"}
	for i := range 5 {
		want = append(want,
			fmt.Sprintf("blocks.%d.conv1 B 1 128 64 8256 8256", i),
			fmt.Sprintf("blocks.%d.conv2 B 3 64 64 36928 20544", i),
			fmt.Sprintf("blocks.%d.conv3 B 1 64 128 8320 8320", i))
	}
	want = append(want, "hidden.0 B 1 128 128 16512 16512", "hidden.1 B 1 128 128 16512 16512", "output B 1 128 4 516 516")
	var got []string
	for _, l := range layers.NewPixelNet(chapter).Convs() {
		got = append(got, fmt.Sprintf("%s %v %d %d %d %d %d", l.Name, l.Spec().Mask, l.Spec().Rows, l.InLen(), l.OutLen(), l.Params(), l.Effective()))
	}
	if !slices.Equal(got, want) {
		t.Errorf("layers\n%q, want\n%q", got, want)
	}
}

var maskedShapes = []struct {
	in, out, kernel int
	mask            layers.MaskType
	groups          int
}{
	{1, 1, 1, layers.MaskA, 1},
	{4, 3, 1, layers.MaskB, 1},
	{1, 70, 7, layers.MaskA, 1},
	{5, 4, 3, layers.MaskB, 1},
	{2, 3, 5, layers.MaskA, 2},
	{3, 20, 5, layers.MaskA, 3},
	{7, 8, 3, layers.MaskB, 3},
	{20, 7, 1, layers.MaskB, 3},
	{64, 130, 1, layers.MaskB, 3},
	{7, 7, 3, layers.MaskB, 7},
}

// Weights come back to the bit; closed taps come back 0, and whatever they held
// changes no bit of a result.
func TestMaskedConvWeights(t *testing.T) {
	for _, s := range maskedShapes {
		l := masked(s.in, s.out, s.kernel, s.mask, s.groups)
		if l.InLen() != s.in || l.OutLen() != s.out || l.Spec().Rows != s.kernel || l.Spec().Mask != s.mask || l.Spec().Groups != s.groups || l.Width() != s.out {
			t.Errorf("%+v: a layer of another shape", s)
		}
		w, b := make([]float32, s.out*s.in*s.kernel*s.kernel), make([]float32, s.out)
		testkit.Values(w, 1, 1)
		testkit.Values(b, 2, 1)
		negZero := float32(math.Copysign(0, -1))
		w[0], b[0] = negZero, math.SmallestNonzeroFloat32
		dirty, want, effective := slices.Clone(w), slices.Clone(w), len(b)
		at := 0
		for o := range s.out {
			for i := range s.in {
				for row := range s.kernel {
					for col := range s.kernel {
						if open(l, o, i, row, col) {
							effective++
						} else {
							want[at], dirty[at] = 0, float32(math.NaN())
						}
						at++
					}
				}
			}
		}
		if l.Effective() != effective || l.Params() != len(w)+len(b) {
			t.Errorf("%+v: %d parameters, %d effective; want %d and %d", s, l.Params(), l.Effective(), len(w)+len(b), effective)
		}
		for _, set := range [][]float32{dirty, w, want} {
			l.SetWeights(set, b)
			gotW, gotB := l.Weights()
			for i := range gotW {
				if math.Float32bits(gotW[i]) != math.Float32bits(want[i]) {
					t.Fatalf("%+v: weight[%d] = %v, want %v", s, i, gotW[i], want[i])
				}
			}
			if d := testkit.Diff(gotB, b); d != "" {
				t.Fatalf("%+v: bias%s", s, d)
			}
			gotW[len(gotW)-1]++ // copies: l must not change
		}

		clean := masked(s.in, s.out, s.kernel, s.mask, s.groups)
		clean.SetWeights(want, b)
		l.SetWeights(dirty, b)
		x := make([]float32, 4*3*s.in)
		testkit.Values(x, 3, 1)
		y, z := layers.ApplyConv(l, x, 4, 3, kernels.AsIs), layers.ApplyConv(clean, x, 4, 3, kernels.AsIs)
		if d := testkit.Diff(y, z); d != "" {
			t.Errorf("%+v: closed taps have an effect: y%s", s, d)
		}
	}
}

// In a network for colour every layer, 1×1 ones and the output included, keeps the
// order of the channels.
func TestPixelMasks(t *testing.T) {
	for _, c := range []layers.PixelCNN{
		{Channels: 3, Levels: 4, Filters: 12, Blocks: 2, Kernel: 5},
		{Channels: 3, Levels: 7, Filters: 25, Blocks: 1, Kernel: 3}, // thirds of 25, 12 and 21
	} {
		n := layers.NewPixelNet(c)
		for k, l := range n.Convs() {
			if l.Spec().Groups != 3 || (l.Spec().Mask == layers.MaskA) != (k == 0) {
				t.Errorf("%s: mask %v of %d groups", l.Name, l.Spec().Mask, l.Spec().Groups)
			}
			w, b := l.Weights()
			for i := range w {
				w[i] = 1
			}
			l.SetWeights(w, b)
			w, _ = l.Weights()
			area, at := l.Spec().Rows*l.Spec().Rows, 0
			for o := range l.OutLen() {
				for i := range l.InLen() {
					for tap := range area {
						want := open(l.Conv, o, i, tap/l.Spec().Rows, tap%l.Spec().Rows)
						if (w[at] != 0) != want {
							t.Errorf("%+v: %s: output %d sees input %d at tap %d: %v, want %v", c, l.Name, o, i, tap, !want, want)
						}
						at++
					}
				}
			}
		}
		// The logits of a colour are all of one group.
		output := n.Convs()[len(n.Convs())-1]
		if width := output.Width(); width%(3*16) != 0 || width/3 < c.Levels {
			t.Errorf("%+v: %d outputs, want three times as many, %d at least and a multiple of 16", c, width, c.Levels)
		}
	}
}

// A mistake panics with one text a function, and nothing has been written.
func TestPixelPanics(t *testing.T) {
	f := func(n int) []float32 { return make([]float32, n) }
	conv := masked(2, 3, 3, layers.MaskB, 1)
	w, b := f(2*3*9), f(3)
	testkit.Values(w, 1, 1)
	testkit.Values(b, 2, 1)
	conv.SetWeights(w, b)
	keptW, keptB := conv.Weights()

	c := layers.PixelCNN{Channels: 3, Levels: 4, Filters: 6, Blocks: 1, Kernel: 3}
	with := func(edit func(*layers.PixelCNN)) func() {
		c := c
		edit(&c)
		return func() { layers.NewPixelNet(c) }
	}
	n := randomPixels(c)
	s, full := n.NewState(2, 2), n.NewState(2, 2)
	levels := randomLevels(c, 2, 2, 1)
	for i, v := range levels {
		full.Advance(int(v))
		if i < 4 {
			s.Advance(int(v))
		}
	}
	logits := f(4)
	s.Logits(logits)
	untouched := []float32{7, 7, 7, 7, 7}
	wavefront := n.NewWavefront(2, 2, 2)
	wavefront.Next()
	wavefront.Features(0)
	other := randomPixels(c)
	bad := slices.Clone(levels)
	bad[11] = 4
	for want, calls := range map[string][]func(){
		"layers: PixelTraining: Initialise: no room for an image": {
			func() { n.NewTraining(randomPixels(c)).Initialise(nil, layers.NewThreads(1), nil, nil, nil) },
		},
		"layers: ConvSpec: invalid shape": {
			func() { masked(0, 1, 3, layers.MaskA, 1) },
			func() { masked(1, 0, 3, layers.MaskA, 1) },
			func() { masked(1, 1, 2, layers.MaskA, 1) },
			func() { masked(1, 1, 0, layers.MaskA, 1) },
			func() { masked(1, 1, -1, layers.MaskA, 1) },
			func() { masked(1, 1, 3, layers.MaskB+1, 1) },
			func() { masked(1, 1, 3, layers.MaskA, 0) },
			func() { masked(2, 3, 3, layers.MaskA, 3) },
			func() { masked(3, 2, 3, layers.MaskA, 3) },
		},
		"layers: Conv: SetWeights: wrong length": {
			func() { conv.SetWeights(f(2*3*9-1), b) },
			func() { conv.SetWeights(f(2*3*9+1), b) },
			func() { conv.SetWeights(f(2*3*9), f(2)) },
			func() { conv.SetWeights(f(2*3*9), nil) },
		},
		"layers: PixelCNN: invalid configuration": {
			with(func(c *layers.PixelCNN) { c.Channels = 0 }),
			with(func(c *layers.PixelCNN) { c.Levels = 1 }),
			with(func(c *layers.PixelCNN) { c.Levels = 257 }),
			with(func(c *layers.PixelCNN) { c.Filters = 5 }),
			with(func(c *layers.PixelCNN) { c.Blocks = -1 }),
			with(func(c *layers.PixelCNN) { c.Kernel = 4 }),
			with(func(c *layers.PixelCNN) { c.Kernel = -3 }),
		},
		"layers: PixelNet: NewState: a size that the network does not have": {
			func() { n.NewState(0, 2) },
			func() { n.NewState(2, -1) },
		},
		"layers: PixelNet: NewWavefront: no images": {func() { n.NewWavefront(0, 2, 2) }},
		"layers: PixelNet: NewWavefront: a size that the network does not have": {
			func() { n.NewWavefront(1, 0, 2) },
			func() { n.NewWavefront(1, 2, 0) },
		},
		"layers: PixelState: Logits: len(dst) is not the number of levels": {
			func() { s.Logits(untouched[:3]) },
			func() { s.Logits(untouched[:5]) },
		},
		"layers: PixelState: Logits: the image is complete":  {func() { full.Logits(untouched[:4]) }},
		"layers: PixelState: Advance: the image is complete": {func() { full.Advance(0) }},
		"layers: PixelNet: level out of range": {
			func() { s.Advance(4) },
			func() { s.Advance(-1) },
			func() { wavefront.Set(0, 0, 0, 4) },
			func() { wavefront.Set(0, 0, 0, -1) },
			func() { n.NewForward(2, 2).Outputs(bad) },
		},
		"layers: PixelNet: one level a channel of a pixel": {
			func() { n.NewForward(2, 2).Outputs(levels[:11]) },
			func() { n.NewForward(2, 2).Outputs(append(levels, 0)) },
		},
		"layers: PixelState: CopyFrom: different networks or sizes": {
			func() { s.CopyFrom(other.NewState(2, 2)) },
			func() { s.CopyFrom(n.NewState(2, 3)) },
			func() { s.CopyFrom(n.NewState(3, 2)) },
		},
	} {
		for _, call := range calls {
			testkit.Panics(t, want, call)
		}
	}
	gotW, gotB := conv.Weights()
	if testkit.Diff(gotW, keptW) != "" || testkit.Diff(gotB, keptB) != "" {
		t.Error("SetWeights has set something before it panicked")
	}
	if slices.ContainsFunc(untouched, func(v float32) bool { return v != 7 }) {
		t.Error("Logits has written something before it panicked")
	}
	got := f(4)
	s.Logits(got)
	if d := testkit.Diff(got, logits); d != "" || s.Next() != 4 || !full.Done() || !slices.Equal(full.Levels(), levels) {
		t.Errorf("a state has changed before a panic: logits%s", d)
	}
}
