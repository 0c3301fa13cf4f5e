package convert

import "fmt"

// Keras multiplies from the left, x·K + h·R + b: its matrices are those of PyTorch
// transposed. Its gates have PyTorch's order in an LSTM, i, f, c, o, and another one in a
// GRU, z, r, h.

// kerasGates says which block of Keras each gate of PyTorch is.
var (
	rnnGates  = []int{0}
	lstmGates = []int{0, 1, 2, 3}
	gruGates  = []int{1, 0, 2}
)

// gateRows returns the matrix [in, gates·units] of Keras in PyTorch's layout
// [gates·units, in].
func gateRows(data []float32, in, units int, gates []int) []float32 {
	cols := len(gates) * units
	out := make([]float32, 0, len(data))
	for _, g := range gates {
		for u := range units {
			for i := range in {
				out = append(out, data[i*cols+g*units+u])
			}
		}
	}
	return out
}

// gateBias returns a bias [gates·units] in PyTorch's order.
func gateBias(data []float32, units int, gates []int) []float32 {
	out := make([]float32, 0, len(data))
	for _, g := range gates {
		out = append(out, data[g*units:][:units]...)
	}
	return out
}

// kerasRecurrent returns the values of a recurrent layer under the names of its
// parameters: kernel [in, gates·units], recurrent [units, gates·units], and bias, nil
// without one. resetAfter is of a GRU whose bias is [2, gates·units].
func kerasRecurrent(kernel, recurrent, bias []float32, in, units int, gates []int, resetAfter bool) (map[string][]float32, error) {
	cols := len(gates) * units
	want := cols
	if resetAfter {
		want = 2 * cols
	}
	switch {
	case len(kernel) != in*cols:
		return nil, fmt.Errorf("its kernel has %d values: %d inputs and %d units want %d", len(kernel), in, units, in*cols)
	case len(recurrent) != units*cols:
		return nil, fmt.Errorf("its recurrent kernel has %d values: %d units want %d", len(recurrent), units, units*cols)
	case bias != nil && len(bias) != want:
		return nil, fmt.Errorf("its bias has %d values, want %d", len(bias), want)
	case bias == nil:
		bias = make([]float32, want)
	}
	values := map[string][]float32{
		"weight_ih": gateRows(kernel, in, units, gates),
		"weight_hh": gateRows(recurrent, units, units, gates),
		"bias_ih":   gateBias(bias[:cols], units, gates),
	}
	if resetAfter {
		values["bias_hh"] = gateBias(bias[cols:], units, gates)
	}
	return values, nil
}
