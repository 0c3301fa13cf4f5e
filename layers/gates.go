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

// UnitActivations are the functions that the units of recurrent layers may have. Only the
// first is bounded to ±1, as the state of a long sequence wants it; the others are for
// weights that were trained with them.
var UnitActivations = []string{"tanh", "relu", "sigmoid", "linear"}

// unitActivation returns the function of that name.
func unitActivation(name string) kernels.Activation {
	return []kernels.Activation{kernels.UnitTanh, kernels.UnitReLU, kernels.UnitSigmoid, kernels.UnitLinear}[choice(name, UnitActivations)]
}

func activationMember(text *string) Member {
	return Member{Name: "activation", Text: text, Choices: UnitActivations}
}

func gateMember(text *string) Member {
	return Member{Name: "recurrent_activation", Text: text, Choices: GateActivations}
}

func unitsMember(units *int) Member {
	return Member{Name: "units", Int: units, Min: 1, Max: MaxUnits}
}
