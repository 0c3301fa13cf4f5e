package main

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/optimize"

	"github.com/autoreg/autoreg/tokenizer"
)

// Examples are texts as sparse vectors, and their classes.
type examples struct {
	ids    [][]int     // of each text, rising
	values [][]float64 // of these
	y      []float64   // 1 or -1
}

// newExamples counts the words of texts; with a length, of their first words.
func newExamples(docs, labels []string, class string, tok *tokenizer.Tokenizer, length int) (e examples) {
	for i, doc := range docs {
		ids := tok.Append(nil, doc)
		if length > 0 {
			ids = ids[:min(len(ids), length)]
		}
		slices.Sort(ids)
		var at []int
		var values []float64
		for k := 0; k < len(ids); {
			n := k
			for n < len(ids) && ids[n] == ids[k] {
				n++
			}
			at, values = append(at, ids[k]), append(values, math.Log1p(float64(n-k)))
			k = n
		}
		y := -1.0
		if labels[i] == class {
			y = 1
		}
		e.ids, e.values, e.y = append(e.ids, at), append(e.values, values), append(e.y, y)
	}
	return e
}

// A model is a weight for each word and, behind them, the bias.
type model struct {
	lambda  float64
	weights []float64
}

// margin returns w·x + b of text i.
func margin(w []float64, e examples, i int) float64 {
	sum := w[len(w)-1]
	for k, id := range e.ids[i] {
		sum += w[id] * e.values[i][k]
	}
	return sum
}

// loss returns the function to minimise, and adds its gradient to grad if that is not
// nil.
func (m *model) loss(w, grad []float64, e examples) (sum float64) {
	bias := len(w) - 1
	for i, y := range e.y {
		z := y * margin(w, e, i)
		sum += softplus(-z)
		if grad == nil {
			continue
		}
		g := -y / (1 + math.Exp(z))
		for k, id := range e.ids[i] {
			grad[id] += g * e.values[i][k]
		}
		grad[bias] += g
	}
	norm := floats.Norm(w[:bias], 2)
	if grad != nil {
		floats.AddScaled(grad[:bias], m.lambda, w[:bias])
	}
	return sum + m.lambda/2*norm*norm
}

// softplus returns ln(1 + e^x).
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// fit finds the weights for a number of words.
func (m *model) fit(e examples, words int) (steps int, err error) {
	problem := optimize.Problem{
		Func: func(w []float64) float64 { return m.loss(w, nil, e) },
		Grad: func(grad, w []float64) {
			clear(grad)
			m.loss(w, grad, e)
		},
	}
	result, err := optimize.Minimize(problem, make([]float64, words+1), &optimize.Settings{GradientThreshold: 1e-3}, &optimize.LBFGS{})
	if err != nil {
		return 0, err
	}
	m.weights = result.X
	return result.MajorIterations, result.Status.Err()
}

// A score is how well a model tells texts apart.
type score struct {
	texts, right           int
	positive, given, found int
	loss                   float64
}

// score judges texts.
func (m *model) score(e examples) score {
	s := score{texts: len(e.y)}
	for i, y := range e.y {
		z := margin(m.weights, e, i)
		s.loss += softplus(-y * z)
		if z > 0 == (y > 0) {
			s.right++
		}
		if y > 0 {
			s.positive++
		}
		if z > 0 {
			s.given++
			if y > 0 {
				s.found++
			}
		}
	}
	return s
}

// accuracy returns the share of texts that are told right, f1 the harmonic mean of
// precision and recall of the class, macro that and the one of the other class.
func (s score) accuracy() float64 { return float64(s.right) / float64(s.texts) }
func (s score) f1() float64       { return 2 * float64(s.found) / float64(s.positive+s.given) }

func (s score) macro() float64 {
	other := 2 * float64(s.right-s.found) / float64(2*s.texts-s.positive-s.given)
	return (s.f1() + other) / 2
}

func (s score) String() string {
	return fmt.Sprintf("%d texts, loss %.4f, accuracy %.2f%%, precision %.4f, recall %.4f, F1 %.4f, macro F1 %.4f; of %d of the class %d found, %d wrongly given",
		s.texts, s.loss/float64(s.texts), 100*s.accuracy(), float64(s.found)/float64(s.given), float64(s.found)/float64(s.positive), s.f1(), s.macro(), s.positive, s.found, s.given-s.found)
}
