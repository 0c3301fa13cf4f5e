package train

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/netkit"
	"github.com/autoreg/autoreg/internal/philox"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// The known answers that Random123 publishes for philox4x32-10.
func TestPhilox(t *testing.T) {
	const f = 0xffffffff
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{f, f, f, f}, [2]uint32{f, f}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0}, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := philox.Block(c.counter, c.key); got != c.want {
			t.Errorf("philox(%x, %x) = %x, want %x", c.counter, c.key, got, c.want)
		}
	}
}

// factors returns by what the dropout of a pass multiplies values of a place.
func factors(p *pass, step uint64, place, rows, cols int) kernels.Matrix {
	m := kernels.RowMajor(make([]float32, rows*cols), rows, cols)
	for i := range m.Data {
		m.Data[i] = 1
	}
	p.drop.step, p.learning = step, true
	p.dropAt(place, m)
	return m
}

// dropPass returns a pass of a network of two layers, which has four places.
func dropPass(d Dropout, seed uint64, threads int) *pass {
	net := layers.NewStack(layers.StackConfig{Symbols: 3, Embedding: 2, Layers: stackOf(oneLSTM(2)[0], oneLSTM(2)[0], oneLSTM(2)[0]), Outputs: 3})
	p := newPass(net, layers.BatchSize{Sequences: 1, Steps: 1, Rows: 1}, threads, true)
	p.setDropout(d, seed)
	return p
}

// A value is 0 or what makes up for those that are, in the share that is asked for, and
// each place has the share that is its own.
func TestDropoutShare(t *testing.T) {
	const rows, cols, n = 300, 101, 300 * 101
	for _, share := range []float64{0.01, 0.1, 0.5, 0.75, 0.97} {
		for place, d := range []Dropout{{Embedding: share}, {Layers: share}, {Layers: share}, {Output: share}} {
			p := dropPass(d, 7, 2)
			for other := range 4 {
				m := factors(p, 3, other, rows, cols)
				dropped, sum := 0, 0.0
				for _, f := range m.Data {
					switch f {
					case 0:
						dropped++
					case 1:
					case float32(1 / (1 - share)):
					default:
						t.Fatalf("share %v: a factor of %v", share, f)
					}
					sum += float64(f)
				}
				mine := other == place || d.Layers > 0 && (other == 1 || other == 2)
				if !mine {
					if sum != n {
						t.Errorf("%+v: place %d drops values", d, other)
					}
					continue
				}
				sd := math.Sqrt(share * (1 - share) / n)
				if got := float64(dropped) / n; math.Abs(got-share) > 5*sd {
					t.Errorf("%+v: place %d drops %v, want %v ± %v", d, other, got, share, 5*sd)
				}
				if mean := sum / n; math.Abs(mean-1) > 5*sd/(1-share) {
					t.Errorf("%+v: place %d has the mean %v", d, other, mean)
				}
			}
		}
	}
	// The ends of what is allowed.
	for _, share := range []float64{5e-324, 1e-10, 1 - 0x1p-53} {
		if d := (Dropout{Layers: share}); d.check() != nil {
			t.Errorf("%v is refused", share)
		}
		for _, f := range factors(dropPass(Dropout{Layers: share}, 7, 1), 3, 1, 20, 20).Data {
			if !(f >= 0) || share < 0.5 && f != 1 || share > 0.5 && f != 0 {
				t.Fatalf("share %v: a factor of %v", share, f)
			}
		}
	}
}

// What is dropped depends on seed, step, place and element, as the comment says, and on
// no more: not on threads, nor on where a call begins.
func TestDropoutCounters(t *testing.T) {
	const rows, cols = 150, 33
	all := Dropout{Embedding: 0.5, Layers: 0.5, Output: 0.5}
	seen := map[string]string{}
	for _, seed := range []uint64{0, 1, 1 << 32} {
		for _, step := range []uint64{0, 1, 1 << 32, 1<<40 + 5} {
			for place := range 4 {
				name := fmt.Sprintf("seed %d, step %d, place %d", seed, step, place)
				var first kernels.Matrix
				for threads := 1; threads <= 4; threads++ {
					m := factors(dropPass(all, seed, threads), step, place, rows, cols)
					if threads == 1 {
						first = m
					} else if d := testkit.Diff(m.Data, first.Data); d != "" {
						t.Fatalf("%s, %d threads: %s", name, threads, d)
					}
				}
				var bits []byte
				for r := range rows {
					for j := range cols {
						block := philox.Block([4]uint32{uint32(j / 4), uint32(r), uint32(place) + uint32(step>>32)<<8, uint32(step)}, [2]uint32{uint32(seed), uint32(seed >> 32)})
						want := float32(2)
						if block[j%4] < 1<<31 {
							want = 0
						}
						if got := first.Data[r*cols+j]; got != want {
							t.Fatalf("%s: factor of [%d, %d] is %v, want %v", name, r, j, got, want)
						}
						bits = append(bits, byte(want))
					}
				}
				if other, ok := seen[string(bits)]; ok {
					t.Errorf("%s drops what %s does", name, other)
				}
				seen[string(bits)] = name
			}
		}
	}
}

// Loss and gradients are those of the network with what is dropped multiplied by 0 and
// the rest by its factor.
func TestDropoutGradients(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, task := range tinyTasks(3, 2) {
			for i, ignore := range []bool{false, true, false, true} {
				task.Length, task.CountPadding, task.CutLong = 5, !ignore, true
				task.Dropout = Dropout{Embedding: 0.3, Layers: 0.4, Output: 0.2, Locked: i > 1}
				tr := newTestTrainer(t, testDocs(5, 6, 4), textRun{task, Options{BatchSize: 4, Threads: 2, Seed: 9}})
				p, d, net := textOf(tr).pass, textOf(tr).Training(), textOf(tr).model.Stack
				const step = 7
				p.load(d, 0, 4, !ignore)
				p.learn(step)
				loss := batchLoss(p, d, 0)
				var grad [][]float32
				for _, param := range netkit.Trained(p.grad) {
					grad = append(grad, append([]float32(nil), param.Get()...))
				}
				widths := net.Config().Widths()
				var masks []kernels.Matrix
				dropped := 0
				for place, n := range widths {
					masks = append(masks, factors(p, step, place, p.layout.Rows(), n))
					for _, f := range masks[place].Data {
						if f == 0 {
							dropped++
						}
					}
				}
				if dropped == 0 {
					t.Fatal("nothing is dropped")
				}
				for place := range masks {
					checkLocked(t, p, masks[place], task.Dropout.Locked)
				}
				ref := newReference(net)
				ref.factors = func(place, b, t int) []float64 { return netkit.Float64s(rowOf(masks[place], p.layout.Row(t, b))) }
				compareElements(t, fmt.Sprintf("%s, ignore=%v", describe(&task), ignore), tr, ref, rowsOf(d, 0, 4), ignore, loss, grad)
			}
		}
	})
}

// checkLocked checks that all steps of a sequence drop the same values, or that they do not;
// sequences never do.
func checkLocked(t *testing.T, p *pass, mask kernels.Matrix, locked bool) {
	t.Helper()
	l := p.layout
	steps, sequences := true, true
	for b := range l.B {
		for s := range int(l.Steps[b]) {
			row := rowOf(mask, l.Row(s, b))
			steps = steps && slices.Equal(row, rowOf(mask, l.Row(0, b)))
			if l.Has(s, 0) {
				sequences = sequences && slices.Equal(row, rowOf(mask, l.Row(s, 0)))
			}
		}
	}
	if steps != locked || sequences {
		t.Errorf("locked %v: the steps drop the same values: %v; the sequences do: %v", locked, steps, sequences)
	}
}

// Only steps drop values: what measures the model does not, and a seed is another run.
func TestDropoutIsForTraining(t *testing.T) {
	plain, dropping := small(), small()
	dropping.Dropout = Dropout{Embedding: 0.2, Layers: 0.3, Output: 0.4}
	dropping.Layers = stackOf(oneLSTM(5)[0], oneLSTM(6)[0])
	plain.Layers = dropping.Layers
	a, b := newTestTrainer(t, smallDocs(), plain), newTestTrainer(t, smallDocs(), dropping)
	items := []int{1}
	if x, y := a.task.loss(items), b.task.loss(items); x != y {
		t.Errorf("the loss is %+v, without dropout %+v", y, x)
	}
	x, err := a.task.validate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if y, err := b.task.validate(context.Background()); err != nil || x != y {
		t.Errorf("the validation loss is %+v (%v), without dropout %+v", y, err, x)
	}
	one, again, two := b.task.gradients(items, 1), b.task.gradients(items, 1), b.task.gradients(items, 2)
	if one != again || one == two || one.Sum == a.task.loss(items).Sum {
		t.Errorf("the losses of steps 1, 1 and 2 are %v, %v and %v", one.Sum, again.Sum, two.Sum)
	}
	var files [][]byte
	for _, seed := range []uint64{11, 11, 12} {
		o := dropping
		o.Seed = seed
		tr := newTestTrainer(t, smallDocs(), o)
		for i, p := range netkit.Trained(tr.work.net) { // the seed is of first weights too
			p.Set(netkit.Trained(b.work.net)[i].Get())
		}
		if _, err := tr.step(items); err != nil {
			t.Fatal(err)
		}
		f := checkpointOf(t, tr)
		delete(f.Metadata, "checkpoint")
		f.Tensors = f.Tensors[:7]
		files = append(files, fileBytes(t, f))
	}
	if !bytes.Equal(files[0], files[1]) || bytes.Equal(files[0], files[2]) {
		t.Error("a seed drops other values each time, or two seeds the same")
	}
}
