package train

import (
	"math"

	"github.com/viterin/vek"

	"github.com/autoreg/autoreg/layers"
)

// initialise gives a network of zero weights the starting values that its layers ask
// for, which are those that Keras draws. The numbers depend on the seed and on the
// parameter's name, and on nothing else; the fastest index of the [outputs, inputs]
// layout runs first. With a limit above 0 all values are drawn evenly from -limit to limit.
//
// Glorot and Bengio, Understanding the Difficulty of Training Deep Feedforward
// Neural Networks, 2010; Saxe, McClelland and Ganguli, Exact Solutions to the
// Nonlinear Dynamics of Learning in Deep Linear Neural Networks, 2014; an LSTM's forget
// bias: Jozefowicz, Zaremba and Sutskever, 2015.
func initialise(net layers.Network, seed uint64, limit float64) {
	for _, p := range layers.ParametersOf(net) {
		switch {
		case p.StoredOnly:
		case limit > 0:
			values := make([]float32, p.Len())
			uniform(values, newDraws(seed, p.Name), limit)
			clear(values[:p.Len()-p.Effective]) // they would add to others
			p.Set(values)
		default:
			p.Set(firstValues(&p, seed))
		}
	}
}

// firstValues draws the values of a parameter.
func firstValues(p *layers.Parameter, seed uint64) []float32 {
	i, d := p.Init, newDraws(seed, p.Name)
	values := make([]float32, p.Len())
	switch i.Rule {
	case layers.InitUniform:
		uniform(values, d, i.Limit)
	case layers.InitGlorot:
		uniform(values, d, glorot(i.FanIn, i.FanOut))
	case layers.InitNormal:
		for k := range values {
			values[k] = float32(i.Limit * d.normal())
		}
	case layers.InitOrthogonal:
		values = orthogonal(i.FanOut, i.FanIn, d)
	}
	for k := i.OnesFrom; k < i.OnesTo; k++ {
		values[k] = 1
	}
	return values
}

func glorot(in, out int) float64 { return math.Sqrt(6 / float64(in+out)) }

func uniform(dst []float32, d *draws, limit float64) {
	for i := range dst {
		dst[i] = float32(limit * d.uniform())
	}
}

// orthogonal returns a random matrix [rows, cols], rows >= cols, with
// orthonormal columns, evenly distributed over all such: the Q of the QR
// decomposition of a matrix of normal draws, each column's sign being that of
// the diagonal of R.
func orthogonal(rows, cols int, d *draws) []float32 {
	a := make([]float64, rows*cols)
	for i := range a {
		a[i] = d.normal()
	}
	q := householderQ(a, rows, cols)
	dst := make([]float32, len(q))
	for i, v := range q {
		dst[i] = float32(v)
	}
	return dst
}

// householderQ decomposes a [m, n] row-major, m >= n, of full rank into Q·R by
// Householder reflections and returns Q [m, n], the columns' signs chosen so that
// the diagonal of R is positive. a is overwritten.
//
// Libraries of linear algebra add in an order that depends on the machine. Here
// every sum runs over rising rows, and operations along a row are element-wise,
// which vek computes exactly and fast.
func householderQ(a []float64, m, n int) []float64 {
	beta := make([]float64, n) // reflection k is I - beta[k]·v·vᵀ, v in column k of a from row k on
	sign := make([]float64, n)
	r := reflector{w: make([]float64, n), tmp: make([]float64, n)}
	for k := range n {
		norm2 := 0.0
		for i := k; i < m; i++ {
			norm2 += float64(a[i*n+k] * a[i*n+k])
		}
		norm, diag := math.Sqrt(norm2), a[k*n+k]
		// R[k, k] is -norm or norm, whichever keeps v away from cancellation.
		sign[k] = 1
		if diag >= 0 {
			sign[k] = -1
		}
		a[k*n+k] = diag - float64(sign[k]*norm)
		// vᵀv = norm² - diag² + (|diag| + norm)² = 2·norm·(norm + |diag|)
		if norm > 0 {
			beta[k] = 1 / float64(norm*(norm+math.Abs(diag)))
		}
		r.reflect(a, a, m, n, k, k+1, beta[k])
	}
	q := make([]float64, m*n)
	for k := n - 1; k >= 0; k-- {
		q[k*n+k] = 1
		r.reflect(q, a, m, n, k, k, beta[k])
	}
	for i := range m {
		vek.Mul_Inplace(q[i*n:(i+1)*n], sign)
	}
	return q
}

type reflector struct{ w, tmp []float64 }

// reflect applies reflection k, held in v, to rows [k, m) and columns [from, n) of a:
// a -= beta·v·(vᵀ·a).
func (r *reflector) reflect(a, v []float64, m, n, k, from int, beta float64) {
	if from == n {
		return
	}
	w, tmp := r.w[:n-from], r.tmp[:n-from]
	clear(w)
	for i := k; i < m; i++ {
		vek.MulNumber_Into(tmp, a[i*n+from:(i+1)*n], v[i*n+k])
		vek.Add_Inplace(w, tmp)
	}
	for i := k; i < m; i++ {
		vek.MulNumber_Into(tmp, w, float64(beta*v[i*n+k]))
		vek.Sub_Inplace(a[i*n+from:(i+1)*n], tmp)
	}
}
