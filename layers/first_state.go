package layers

import "fmt"

// firstStateName is the name of the part that a first state is.
const firstStateName = "first_state"

// A firstState is the state in which a sequence of vectors begins, as a Module.
type firstState struct{ stack *VectorStack }

// Type returns "FirstState".
func (firstState) Type() string { return "FirstState" }

// InLen returns 0.
func (firstState) InLen() int { return 0 }

// OutLen returns the values of the state.
func (f firstState) OutLen() int { return len(f.stack.first) }

// Values implements Module.
func (f firstState) Values() [][]float32 { return [][]float32{f.stack.first} }

// Parameters returns h_l0 [H] and for an LSTM c_l0 [H], and so on for each layer that has a
// state; suffix is not used.
func (f firstState) Parameters(string) (list []Parameter) {
	rest := f.stack.first
	for i, l := range f.stack.steppers() {
		H := l.OutLen()
		for k := range l.StateLen() / H {
			values := rest[:H:H]
			rest = rest[H:]
			list = append(list, Parameter{
				Name: fmt.Sprintf("%s_l%d", []string{"h", "c"}[k], i), Shape: []int{H}, Effective: H,
				Set: func(data []float32) {
					if len(data) != H {
						panic("layers: Parameter: Set: wrong length")
					}
					copy(values, data)
				},
				Get: func() []float32 { return values },
			})
		}
	}
	return list
}
