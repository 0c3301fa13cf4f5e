package train

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// A classReference is a classifier written down plainly in float64, in PyTorch's layouts:
// what its gradients are checked against.
type classReference struct {
	specs []layers.Spec
	names []string
	w     map[string][]float64
}

func newClassReference(net *layers.Stack) *classReference {
	r := &classReference{specs: net.Config().Layers, w: map[string][]float64{}}
	for _, p := range layers.ParametersOf(net) {
		var w []float64
		for _, v := range p.Get() {
			w = append(w, float64(v))
		}
		r.names, r.w[p.Name] = append(r.names, p.Name), w
	}
	return r
}

// loss returns the mean of -ln p(class) over documents.
func (r *classReference) loss(docs [][]int32, classes []int) float64 {
	sum := 0.0
	for i, doc := range docs {
		y := r.logits(doc)
		total := 0.0
		for _, v := range y {
			total += math.Exp(v) // small enough in every test
		}
		sum += math.Log(total) - y[classes[i]]
	}
	return sum / float64(len(docs))
}

func (r *classReference) logits(doc []int32) []float64 {
	table := r.w["embedding.weight"]
	E := 0
	for _, s := range r.specs[:1] {
		E = len(r.w[s.Kind()+".weight_ih_l0"]) / r.gates(s)
	}
	var x [][]float64
	for _, id := range doc {
		x = append(x, table[int(id)*E:][:E])
	}
	var last []float64
	for i, s := range r.specs {
		suffix := fmt.Sprintf("_l%d", i)
		x, last = r.layer(s, s.Kind(), suffix, x)
	}
	b := r.w["output.bias"]
	y := make([]float64, len(b))
	for c := range y {
		y[c] = b[c]
		for k, v := range last {
			y[c] += r.w["output.weight"][c*len(last)+k] * v
		}
	}
	return y
}

// gates returns the rows of weight_ih.
func (r *classReference) gates(s layers.Spec) int {
	if b, ok := s.(*layers.BidirectionalSpec); ok {
		s = b.Layer
	}
	return map[string]int{"lstm": 4, "gru": 3, "rnn": 1}[s.Kind()] * s.OutLen(0)
}

// layer returns the outputs at all positions, and what is last.
func (r *classReference) layer(s layers.Spec, prefix, suffix string, x [][]float64) (y [][]float64, last []float64) {
	b, ok := s.(*layers.BidirectionalSpec)
	if !ok {
		y = r.direction(s, prefix, suffix, x)
		return y, y[len(y)-1]
	}
	backwards := make([][]float64, len(x))
	for i := range x {
		backwards[len(x)-1-i] = x[i]
	}
	f := r.direction(b.Layer, prefix, suffix, x)
	g := r.direction(b.Layer, prefix, suffix+"_reverse", backwards)
	for i := range x {
		y = append(y, mergeFloat64(f[i], g[len(x)-1-i], b.Merge))
	}
	return y, mergeFloat64(f[len(x)-1], g[len(x)-1], b.Merge)
}

func mergeFloat64(f, g []float64, merge string) []float64 {
	y := make([]float64, len(f))
	for i := range y {
		switch merge {
		case "sum":
			y[i] = f[i] + g[i]
		case "average":
			y[i] = (f[i] + g[i]) / 2
		case "multiply":
			y[i] = f[i] * g[i]
		default:
			y[i] = f[i]
		}
	}
	if merge == "" || merge == "concat" {
		y = append(y, g...)
	}
	return y
}

// direction runs a recurrent layer over x in its order.
func (r *classReference) direction(s layers.Spec, prefix, suffix string, x [][]float64) (y [][]float64) {
	tensor := func(name string) []float64 { return r.w[prefix+"."+name+suffix] }
	H := s.OutLen(0)
	product := func(w, b []float64, row int, v []float64) float64 {
		z := b[row]
		for k, u := range v {
			z += w[row*len(v)+k] * u
		}
		return z
	}
	sigmoid := func(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
	h, c := make([]float64, H), make([]float64, H)
	for _, v := range x {
		in := func(row int) float64 { return product(tensor("weight_ih"), tensor("bias_ih"), row, v) }
		rec := func(row int, h []float64) float64 { return product(tensor("weight_hh"), tensor("bias_hh"), row, h) }
		next := make([]float64, H)
		switch s := s.(type) {
		case *layers.RNNSpec:
			for j := range H {
				if next[j] = in(j) + rec(j, h); s.Activation == "relu" {
					next[j] = max(next[j], 0)
				} else {
					next[j] = math.Tanh(next[j])
				}
			}
		case *layers.LSTMSpec:
			for j := range H {
				i, f := sigmoid(in(j)+rec(j, h)), sigmoid(in(H+j)+rec(H+j, h))
				g, o := math.Tanh(in(2*H+j)+rec(2*H+j, h)), sigmoid(in(3*H+j)+rec(3*H+j, h))
				c[j] = f*c[j] + i*g
				next[j] = o * math.Tanh(c[j])
			}
		case *layers.GRUSpec:
			reset := make([]float64, H) // r⊙h
			for j := range H {
				reset[j] = sigmoid(in(j)+rec(j, h)) * h[j]
			}
			for j := range H {
				gate, z := sigmoid(in(j)+rec(j, h)), sigmoid(in(H+j)+rec(H+j, h))
				n := math.Tanh(in(2*H+j) + gate*rec(2*H+j, h))
				if s.Reset == "before" {
					n = math.Tanh(in(2*H+j) + rec(2*H+j, reset))
				}
				next[j] = (1-z)*n + z*h[j]
			}
		}
		h = next
		y = append(y, h)
	}
	return y
}

// classDocs returns n documents of 0 to most words, and labels among classes, each of
// which occurs.
func classDocs(n, most, words, classes int) (docs, labels []string) {
	state := uint32(7)
	next := func(n int) int {
		state = state*1664525 + 1013904223
		return int(state>>8) % n
	}
	for i := range n {
		var b strings.Builder
		for range next(most + 1) {
			fmt.Fprintf(&b, "w%d ", next(words))
		}
		docs = append(docs, b.String())
		labels = append(labels, fmt.Sprintf("c%d", i%classes))
	}
	return docs, labels
}

// newClassTrainer returns a run with weights far enough from 0 that every part of the
// network matters.
func newClassTrainer(t testing.TB, task *Classes, o Options) *Trainer {
	t.Helper()
	tr, err := New(task, &o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range task.model.Stack.Embedding.Weight {
		task.model.Stack.Embedding.Weight[i] *= 12
	}
	for i, p := range layers.ParametersOf(task.model.Stack) {
		if strings.Contains(p.Name, "bias") && !p.StoredOnly {
			data := make([]float32, p.Len())
			testkit.Values(data, uint64(i), 0.3)
			p.Set(data)
		}
	}
	return tr
}

// classGradients returns the loss of documents, and the gradients by name.
func classGradients(task *Classes, items []int) (loss float64, grad map[string][]float32) {
	e := task.gradients(items, 0)
	grad = map[string][]float32{}
	for _, p := range layers.ParametersOf(task.pass.grad) {
		grad[p.Name] = append([]float32(nil), p.Get()...)
	}
	return e.Loss(), grad
}

// Every single derivative of tiny classifiers against a central difference of the
// float64 reference: each cell in both directions with each merge, stacks, and layers in
// one direction.
func TestClassGradientElements(t *testing.T) {
	var stacks [][]layers.Spec
	for _, merge := range layers.Merges {
		for _, cell := range []layers.Spec{&layers.LSTMSpec{Units: 3}, &layers.GRUSpec{Units: 3}, &layers.RNNSpec{Units: 3}} {
			stacks = append(stacks, []layers.Spec{&layers.BidirectionalSpec{Layer: cell, Merge: merge}})
		}
	}
	stacks = append(stacks,
		[]layers.Spec{&layers.BidirectionalSpec{Layer: &layers.GRUSpec{Units: 2, Reset: "before"}}},
		[]layers.Spec{&layers.BidirectionalSpec{Layer: &layers.GRUSpec{Units: 2}}, &layers.BidirectionalSpec{Layer: &layers.LSTMSpec{Units: 2}, Merge: "multiply"}},
		[]layers.Spec{&layers.BidirectionalSpec{Layer: &layers.RNNSpec{Units: 2}}, &layers.GRUSpec{Units: 3}},
		[]layers.Spec{&layers.LSTMSpec{Units: 3}},
	)
	docs, labels := classDocs(6, 7, 4, 3)
	docs[2] = "" // one stop symbol
	for _, stack := range stacks {
		t.Run(layers.FormatSpecs(stack), func(t *testing.T) {
			testkit.EachISA(t, func(t *testing.T, isa string) {
				task := &Classes{Documents: docs, Labels: labels, Embedding: 3, Layers: stack, Length: 6}
				newClassTrainer(t, task, Options{BatchSize: 5, Threads: 2})
				items := []int{4, 2, 0, 5, 1}
				var rows [][]int32
				var classes []int
				for _, i := range items {
					rows, classes = append(rows, task.data.training.Row(i)), append(classes, task.data.training.Class(i))
				}
				ref := newClassReference(task.model.Stack)
				loss, grad := classGradients(task, items)
				if want := ref.loss(rows, classes); math.Abs(loss-want) > 1e-6*want {
					t.Errorf("loss = %v, want %v", loss, want)
				}
				largest := 0.0
				for _, name := range ref.names {
					w := ref.w[name]
					for i, got := range grad[name] {
						if strings.Contains(name, "bias_hh") && !ownBias(stack, name, i) {
							continue // it is added to bias_ih
						}
						const eps = 1e-5
						was := w[i]
						w[i] = was + eps
						up := ref.loss(rows, classes)
						w[i] = was - eps
						down := ref.loss(rows, classes)
						w[i] = was
						// A difference of two losses near 1 is good to 1e-16/eps, a float32
						// gradient to a few 2⁻²⁴ of the terms it sums.
						want := (up - down) / (2 * eps)
						largest = max(largest, math.Abs(want))
						if math.Abs(float64(got)-want) > 1e-6 {
							t.Errorf("gradient of %s [%d] = %v, want %v", name, i, got, want)
						}
					}
				}
				if largest < 0.01 {
					t.Errorf("the largest gradient is %v: nothing is tested", largest)
				}
			})
		})
	}
}

// ownBias reports whether value i of a tensor bias_hh is a bias of its own: those of the
// candidate of a GRU with the reset after.
func ownBias(stack []layers.Spec, name string, i int) bool {
	at := int(name[strings.Index(name, "_l")+2] - '0')
	s := stack[at]
	if b, ok := s.(*layers.BidirectionalSpec); ok {
		s = b.Layer
	}
	g, ok := s.(*layers.GRUSpec)
	return ok && g.Reset != "before" && i >= 2*g.Units
}

// All parameters at once, along random directions, for sizes with and without padding in
// the panels.
func TestClassGradientDirections(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, stack := range [][]layers.Spec{
			{&layers.BidirectionalSpec{Layer: &layers.GRUSpec{Units: 33}}},
			{&layers.BidirectionalSpec{Layer: &layers.LSTMSpec{Units: 16}, Merge: "sum"}, &layers.BidirectionalSpec{Layer: &layers.GRUSpec{Units: 7}}},
		} {
			docs, labels := classDocs(20, 15, 60, 5)
			task := &Classes{Documents: docs, Labels: labels, Embedding: 13, Layers: stack, Length: 12}
			newClassTrainer(t, task, Options{BatchSize: 20, Threads: 3})
			var rows [][]int32
			var classes, items []int
			for i := range task.data.training.Len() {
				items, rows, classes = append(items, i), append(rows, task.data.training.Row(i)), append(classes, task.data.training.Class(i))
			}
			_, grad := classGradients(task, items)
			for seed := range uint64(2) {
				ref := newClassReference(task.model.Stack)
				const eps = 1e-5
				dot, square := 0.0, 0.0
				move := func(by float64) {
					for k, name := range ref.names {
						v := make([]float32, len(ref.w[name]))
						testkit.Values(v, 10*seed+uint64(k), 1)
						for i := range v {
							if strings.Contains(name, "bias_hh") && !ownBias(stack, name, i) {
								continue
							}
							ref.w[name][i] += by * float64(v[i])
							if by == eps {
								dot += float64(grad[name][i]) * float64(v[i])
								square += float64(grad[name][i]) * float64(grad[name][i])
							}
						}
					}
				}
				move(eps)
				up := ref.loss(rows, classes)
				move(-2 * eps)
				down := ref.loss(rows, classes)
				want := (up - down) / (2 * eps)
				if tol := 2e-6 * (1 + math.Sqrt(square)); math.Abs(dot-want) > tol {
					t.Errorf("%s, direction %d: ∇L·v = %v, want %v, tol %v", layers.FormatSpecs(stack), seed, dot, want, tol)
				}
			}
		}
	})
}
