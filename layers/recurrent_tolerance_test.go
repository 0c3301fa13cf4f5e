package layers_test

// recurrentTolerance is how far float32 is from the float64 values of recurrent.json, in
// outputs and states, and in gradients: what was measured, the same on every instruction
// set, and a tenth, rounded up.
var recurrentTolerance = map[string][2]float64{
	"lstm, 5 to 7": {5e-8},
	"lstm, 5 to 7, two layers, both directions, ragged":          {1.1e-7},
	"lstm, 3 to 16, three layers":                                {7.5e-8},
	"lstm, 16 to 33, both directions":                            {1.1e-7},
	"lstm, 8 to 64":                                              {8e-8},
	"lstm, 200 steps":                                            {6.5e-8},
	"lstm, gradient":                                             {6.5e-8, 3e-7},
	"lstm, gradient, two layers, ragged":                         {1.1e-7, 3.5e-8},
	"lstm, gradient, both directions, ragged":                    {4.5e-8, 9e-8},
	"lstm, hard sigmoid of keras2":                               {1.8e-7},
	"lstm, hard sigmoid of keras2, gradient":                     {1.3e-7, 1.7e-7},
	"lstm, hard sigmoid of keras3":                               {1.5e-7},
	"lstm, hard sigmoid of keras3, gradient":                     {1.5e-7, 6e-7},
	"lstm, both directions, merge sum":                           {9.5e-8},
	"lstm, both directions, merge average":                       {4.5e-8},
	"lstm, both directions, merge multiply":                      {5e-8},
	"lstm, both directions, gradient of the last states, ragged": {4e-8, 8.5e-8},
}
