package layers

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A Spec describes one layer of a stack: its kind, and the sizes that do not follow from
// the layer before. A network is a list of specs, from which everything else derives.
//
// The specs of this package are pointers to structs:
//
//	[]layers.Spec{&layers.LSTMSpec{Units: 128}, &layers.LSTMSpec{Units: 128}}
type Spec interface {
	Kind() string      // the name in files: "lstm"
	Type() string      // that of the layer, for a reader: "LSTM"
	Members() []Member // the fields of the spec, in the order in which files have them
	OutLen(in int) int // outputs of a step, for in inputs
	Sizes(in int) Sizes
	New(in int) Layer // a layer of zero weights; see CheckSpec for what it takes
}

// specs makes an empty spec of each kind of layer. It is the one list of all kinds.
var specs = []func() Spec{
	func() Spec { return new(LSTMSpec) },
	func() Spec { return new(GRUSpec) },
	func() Spec { return new(RNNSpec) },
	func() Spec { return new(BidirectionalSpec) },
	func() Spec { return new(DenseSpec) },
}

// NewSpec returns an empty spec of a kind, or nil if there is none of that name.
func NewSpec(kind string) Spec {
	for _, empty := range specs {
		if s := empty(); s.Kind() == kind {
			return s
		}
	}
	return nil
}

// Kinds returns the names of the kinds of layers.
func Kinds() (list []string) {
	for _, empty := range specs {
		list = append(list, empty().Kind())
	}
	return list
}

// A Member is a field of a Spec: a number, a choice of words, or the spec of a layer
// inside. Exactly one of the pointers is set; it points into the spec.
type Member struct {
	Name string

	Int      *int
	Min, Max int

	Text    *string
	Choices []string // the first is what "" means, and is not written

	Layer *Spec
}

// MaxUnits is the largest number of units of a layer.
const MaxUnits = 1 << 16

// maxNested is how deep specs may lie in one another.
const maxNested = 2

// CheckSpec returns an error that names the first member of s that is out of range.
func CheckSpec(s Spec) error { return checkSpec(s, 1) }

func checkSpec(s Spec, depth int) error {
	if s == nil {
		return errors.New("there is no layer")
	}
	if depth > maxNested {
		return fmt.Errorf("%s: layers lie in layers more than %d deep", s.Kind(), maxNested)
	}
	if known := NewSpec(s.Kind()); known == nil || reflect.TypeOf(known) != reflect.TypeOf(s) {
		return fmt.Errorf("%.40q (%T) is none of the kinds of layers: want %s", s.Kind(), s, strings.Join(Kinds(), ", "))
	}
	for _, m := range s.Members() {
		switch {
		case m.Int != nil && (*m.Int < m.Min || *m.Int > m.Max):
			return fmt.Errorf("%s: %s is %d: want %d to %d", s.Kind(), m.Name, *m.Int, m.Min, m.Max)
		case m.Text != nil && *m.Text != "" && !slices.Contains(m.Choices, *m.Text):
			return fmt.Errorf("%s: %s is %.40q: want %s", s.Kind(), m.Name, *m.Text, strings.Join(m.Choices, " or "))
		case m.Layer != nil:
			if err := checkSpec(*m.Layer, depth+1); err != nil {
				return fmt.Errorf("%s: %s: %w", s.Kind(), m.Name, err)
			}
			if !Recurrent(*m.Layer) {
				return fmt.Errorf("%s: %s: %s cannot lie in another layer", s.Kind(), m.Name, (*m.Layer).Kind())
			}
		}
	}
	return nil
}

// choice returns the index of a text among the choices of a member, 0 for "". The text
// must have passed CheckSpec.
func choice(text string, choices []string) int {
	if text == "" {
		return 0
	}
	i := slices.Index(choices, text)
	if i < 0 {
		panic("layers: Spec: unknown choice; see CheckSpec")
	}
	return i
}

// Sequential reports whether layers of a spec can go step by step, as Stepper does.
func Sequential(s Spec) bool {
	_, ok := s.(interface{ notSequential() })
	return !ok
}

// Recurrent reports whether a spec is of a layer with a state that goes step by step, as
// BidirectionalSpec takes them.
func Recurrent(s Spec) bool {
	_, not := s.(interface{ notRecurrent() })
	return !not && Sequential(s)
}
