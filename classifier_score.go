package autoreg

import (
	"context"
	"fmt"
	"iter"
	"runtime"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/kernels"
)

// A ClassScore is the score of labelled texts, and how well a classifier tells labelled texts apart. The class that it
// gives a text is the likeliest; of several the first, and none if the logits are NaN.
type ClassScore struct {
	Score // Items are texts, and so are Symbols: each is one prediction

	Classes []string

	Of    []int // how many texts are of each class
	Given []int // how many are given it
	Right []int // how many are both

	// Confusion [class][class given] is how many texts are of one class and given
	// another; nil for more than 1,024 classes.
	Confusion [][]int
}

// maxConfusion is the number of classes that a Confusion has at most.
const maxConfusion = 1 << 10

func newClassScore(classes []string) ClassScore {
	n := len(classes)
	s := ClassScore{Classes: classes, Of: make([]int, n), Given: make([]int, n), Right: make([]int, n)}
	if n <= maxConfusion {
		s.Confusion = make([][]int, n)
		for i := range s.Confusion {
			s.Confusion[i] = make([]int, n)
		}
	}
	return s
}

// add counts a text.
func (s *ClassScore) add(class, given int, loss float32) {
	s.Items++
	s.Symbols++
	s.Loss += float64(loss)
	s.Of[class]++
	if given < 0 {
		return
	}
	s.Given[given]++
	if class == given {
		s.Right[class]++
	}
	if s.Confusion != nil {
		s.Confusion[class][given]++
	}
}

// Accuracy returns the share of texts that are given their class.
func (s *ClassScore) Accuracy() float64 {
	right := 0
	for _, n := range s.Right {
		right += n
	}
	return float64(right) / float64(s.Items)
}

// Precision returns which share of the texts that are given a class are of it, 0 if there
// are none.
func (s *ClassScore) Precision(class int) float64 { return share(s.Right[class], s.Given[class]) }

// Recall returns which share of the texts of a class are given it, 0 if there are none.
func (s *ClassScore) Recall(class int) float64 { return share(s.Right[class], s.Of[class]) }

// F1 returns the harmonic mean of precision and recall, 0 if no text is of the class or
// given it.
func (s *ClassScore) F1(class int) float64 {
	return share(2*s.Right[class], s.Of[class]+s.Given[class])
}

// MacroF1 returns the mean of the classes' F1.
func (s *ClassScore) MacroF1() (mean float64) {
	for i := range s.Classes {
		mean += s.F1(i)
	}
	return mean / float64(len(s.Classes))
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// Add adds the score of other data, by the same classes. A zero s takes them over.
func (s *ClassScore) Add(other ClassScore) {
	if s.Classes == nil {
		*s = newClassScore(other.Classes)
	}
	s.Score.Add(other.Score)
	for i := range other.Classes {
		s.Of[i] += other.Of[i]
		s.Given[i] += other.Given[i]
		s.Right[i] += other.Right[i]
	}
	for i, row := range other.Confusion {
		for k, n := range row {
			s.Confusion[i][k] += n
		}
	}
}

// Texts are scored so many at a time, or fewer if they have more tokens together.
const (
	scoreTexts  = 64
	scoreTokens = 16 << 10
)

// Score adds up how well the model tells examples apart, pairs of a text and the name of
// its class. nil options mean the zero value.
//
// Each -ln p is logsumexp(logits) - logit in float32, as in training; the sum is in
// float64, in order, and the same on every machine with any number of threads.
//
// It returns an error if ctx is done, if there is no example ([ErrNothingToScore]), if the
// model does not have a class, or if the options are invalid.
func (m *Classifier) Score(ctx context.Context, examples iter.Seq2[string, string], o *ScoreOptions) (ClassScore, error) {
	if o == nil {
		o = &ScoreOptions{}
	}
	if err := o.check(append(o.ofTexts("texts that a model writes"), o.ofImages()...)...); err != nil {
		return ClassScore{}, err
	}
	s := &classScorer{ctx: ctx, encoder: encoder{model: m, threads: runtime.GOMAXPROCS(0)}, index: map[string]int{}}
	if o.Threads != 0 {
		s.threads = o.Threads
	}
	s.sum = newClassScore(m.Classes())
	for i, name := range s.sum.Classes {
		s.index[name] = i
	}
	s.scratch = make([]float32, len(s.sum.Classes))
	n := 0
	for text, label := range examples {
		class, ok := s.index[label]
		if n++; !ok {
			return s.sum, wrap(fmt.Errorf("example %d is of class %.80q, which the model does not have", n, label))
		}
		ids := m.m.Append(nil, text)
		if len(s.docs) == scoreTexts || s.tokens+len(ids) > scoreTokens {
			if err := s.score(); err != nil {
				return s.sum, err
			}
		}
		s.docs, s.classes, s.tokens = append(s.docs, ids), append(s.classes, class), s.tokens+len(ids)
	}
	if err := s.score(); err != nil {
		return s.sum, err
	}
	if n == 0 {
		return s.sum, wrap(apierror.Errorf("%w: there are no examples", ErrNothingToScore))
	}
	return s.sum, nil
}

// A classScorer is a call of Score.
type classScorer struct {
	encoder
	ctx   context.Context
	index map[string]int // of the classes
	sum   ClassScore

	docs    [][]int // to be scored
	classes []int   // of these
	tokens  int     // in these
	dst     []float32
	scratch []float32
}

// score adds the documents that wait.
func (s *classScorer) score() error {
	if err := s.ctx.Err(); err != nil || len(s.docs) == 0 {
		return err
	}
	classes := len(s.sum.Classes)
	if n := len(s.docs) * classes; n > len(s.dst) {
		s.dst = make([]float32, n)
	}
	if err := s.logits(s.dst, s.docs); err != nil {
		return err
	}
	for i, class := range s.classes {
		x := s.dst[i*classes:][:classes]
		s.sum.add(class, kernels.ArgMax(x), kernels.LogSumExp(x, s.scratch)-x[class])
	}
	s.docs, s.classes, s.tokens = s.docs[:0], s.classes[:0], 0
	return nil
}
