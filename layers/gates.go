package layers

import "github.com/autoreg/autoreg/kernels"

// GateActivations are the functions that gates may have: the logistic function, which
// is the usual one, and the two that are called hard sigmoid, clip(0.2·x + 0.5, 0, 1) of
// Keras 1 and 2 and relu6(x + 3)/6 of Keras 3, for weights that were trained with them.
var GateActivations = []string{"sigmoid", "hard_sigmoid_keras2", "hard_sigmoid_keras3"}

// gateActivation returns the function of that name.
func gateActivation(name string) kernels.GateActivation {
	return []kernels.GateActivation{kernels.Logistic, kernels.HardKeras2, kernels.HardKeras3}[choice(name, GateActivations)]
}

func gateMember(text *string) Member {
	return Member{Name: "recurrent_activation", Text: text, Choices: GateActivations}
}

func unitsMember(units *int) Member {
	return Member{Name: "units", Int: units, Min: 1, Max: MaxUnits}
}
