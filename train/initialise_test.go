package train

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

func TestHouseholderAgainstGonum(t *testing.T) {
	for _, s := range [][2]int{{1, 1}, {2, 1}, {3, 3}, {12, 3}, {28, 7}, {64, 16}, {200, 50}} {
		m, n := s[0], s[1]
		d := newDraws(uint64(m), "test")
		a := make([]float64, m*n)
		for i := range a {
			a[i] = d.normal()
		}
		var qr mat.QR
		qr.Factorize(mat.NewDense(m, n, append([]float64(nil), a...)))
		var q, r mat.Dense
		qr.QTo(&q)
		qr.RTo(&r)
		got := householderQ(a, m, n)
		for j := range n {
			sign := 1.0
			if r.At(j, j) < 0 {
				sign = -1
			}
			for i := range m {
				if want := sign * q.At(i, j); math.Abs(got[i*n+j]-want) > 1e-12 {
					t.Fatalf("%dx%d: Q[%d, %d] = %v, want %v", m, n, i, j, got[i*n+j], want)
				}
			}
		}
	}
}

func TestOrthogonalColumns(t *testing.T) {
	for _, H := range []int{1, 5, 32} {
		q := orthogonal(4*H, H, newDraws(7, "test"))
		for a := range H {
			for b := range a + 1 {
				dot, want := 0.0, 0.0
				if a == b {
					want = 1
				}
				for i := range 4 * H {
					dot += float64(q[i*H+a]) * float64(q[i*H+b])
				}
				if math.Abs(dot-want) > 1e-6 {
					t.Errorf("H=%d: column %d · column %d = %v, want %v", H, a, b, dot, want)
				}
			}
		}
	}
}

func TestInitialise(t *testing.T) {
	const V, E, H = 300, 20, 24
	build := func(seed uint64) *layers.Stack {
		net := layers.NewStack(layers.StackConfig{Symbols: V, Embedding: E, Layers: oneLSTM(H), Outputs: V})
		initialise(net, seed, 0)
		return net
	}
	net := build(1)
	w := trainedTensors(net)
	for _, c := range []struct {
		tensor int
		limit  float64
	}{{0, 0.05}, {1, math.Sqrt(6.0 / (E + 4*H))}, {4, math.Sqrt(6.0 / (H + V))}} {
		low, high, sum, square := 0.0, 0.0, 0.0, 0.0
		for _, v := range w[c.tensor].Data {
			x := float64(v) / c.limit
			low, high = min(low, x), max(high, x)
			sum += x
			square += x * x
		}
		n := float64(len(w[c.tensor].Data))
		// 5 standard deviations of the mean of n draws, and of their mean square.
		if low < -1 || high > 1 || low > -0.99 || high < 0.99 ||
			math.Abs(sum/n) > 5*math.Sqrt(1/3.0/n) || math.Abs(square/n-1/3.0) > 5*math.Sqrt(4/45.0/n) {
			t.Errorf("%s: from %v to %v of the limit %v, mean %v, mean square %v: not uniform", w[c.tensor].Name, low, high, c.limit, sum/n, square/n)
		}
	}
	for i, v := range w[3].Data {
		want := float32(0)
		if i >= H && i < 2*H {
			want = 1
		}
		if v != want {
			t.Errorf("bias[%d] = %v, want %v", i, v, want)
		}
	}
	for i, v := range w[5].Data {
		if v != 0 {
			t.Errorf("output bias[%d] = %v, want 0", i, v)
		}
	}
	same, other := trainedTensors(build(1)), trainedTensors(build(2))
	for _, k := range []int{0, 1, 2, 4} {
		for i, v := range w[k].Data {
			if same[k].Data[i] != v {
				t.Fatalf("%s[%d]: %v and %v from one seed", w[k].Name, i, v, same[k].Data[i])
			}
		}
		if w[k].Data[0] == other[k].Data[0] && w[k].Data[1] == other[k].Data[1] {
			t.Errorf("%s begins alike for two seeds", w[k].Name)
		}
	}
}

// trainedTensors returns the parameters of a network that are trained, in their order.
func trainedTensors(net layers.Network) []weights.Tensor { return model.Tensors("", net, false) }

// The first draws of a seed, which no machine and no release may change.
func TestDrawsArePortable(t *testing.T) {
	d := newDraws(42, "embedding.weight")
	got := []uint64{}
	for range 2 {
		got = append(got, math.Float64bits(d.uniform()))
	}
	for range 3 {
		got = append(got, math.Float64bits(d.normal()))
	}
	want := []uint64{0x3fe9191650cf1972, 0x3fee4f56a999943a, 0x3fe2fabe9d3183b2, 0x3fea492536551b47, 0xbfd541547b567870}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("draw %d = %#x, want %#x", i, got[i], want[i])
		}
	}
}

func TestNormalMoments(t *testing.T) {
	const n = 200000
	d := newDraws(3, "test")
	var m [5]float64
	for range n {
		x, p := d.normal(), 1.0
		for k := range m {
			m[k] += p / n
			p *= x
		}
	}
	for k, want := range []float64{1, 0, 1, 0, 3} {
		// Var(x^k) = E x^2k - (E x^k)²: 0, 1, 2, 15, 96.
		sd := math.Sqrt([]float64{0, 1, 2, 15, 96}[k] / n)
		if math.Abs(m[k]-want) > 5*sd+1e-9 {
			t.Errorf("moment %d = %v, want %v ± %v", k, m[k], want, 5*sd)
		}
	}
}

func TestPerplexity(t *testing.T) {
	if got := Perplexity(math.Log(10000)); math.Abs(got-10000) > 1e-8 {
		t.Errorf("Perplexity(ln 10000) = %v", got)
	}
	if got := Perplexity(1e9); got != math.MaxFloat64 {
		t.Errorf("Perplexity(1e9) = %v, want the largest float64", got)
	}
}
