package layers

// An Info describes one layer of a network.
type Info struct {
	Name   string // "lstm"
	Type   string // "Embedding", "LSTM", "Linear", "MaskedConv A 7×7", "Conv 1×1"
	In     int    // inputs of a step; of an embedding, the symbols that it has vectors for
	Out    int    // outputs of a step
	Params int    // parameters, weights and biases

	// Effective is how many of the parameters have an effect: all, but for masked
	// convolutions, which are stored with their full kernels, and for second biases
	// that only add to the first.
	Effective int

	// Resolution r means outputs for every 2^r-th row and column of an image; 0 for all, and
	// for networks that are not over pixels.
	Resolution int
}

func newInfo(name, kind string, in, out, params, effective int) Info {
	return Info{Name: name, Type: kind, In: in, Out: out, Params: params, Effective: effective}
}

// Describe returns the layers of a network from input to output.
func Describe(n Network) (list []Info) {
	for _, p := range n.Parts() {
		params, effective := Count(p.Module)
		info := newInfo(p.Name, p.Type(), p.InLen(), p.OutLen(), params, effective)
		if c, ok := p.Module.(*Conv); ok {
			info.Resolution = c.spec.resolution
		}
		list = append(list, info)
	}
	return list
}
