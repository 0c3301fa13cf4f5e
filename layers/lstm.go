package layers

import "github.com/autoreg/autoreg/kernels"

// An LSTM is a layer of long short-term memory:
//
//	i, f, o = σ(W·[x; h] + b)    g = tanh(W·[x; h] + b)
//	c ← f⊙c + i⊙g                h ← o⊙tanh(c)
//
// Each gate is one chain: bias, then x, then h. The state is h then c.
//
// Hochreiter and Schmidhuber, Long Short-Term Memory, 1997; forget gate: Gers,
// Schmidhuber and Cummins, Learning to Forget, 2000. Equations and gate order
// i, f, g, o are those of PyTorch, and of Keras, which calls g c.
type LSTM struct {
	in, hidden int

	// W [In+H, gates] in panels and Bias [gates]: inputs x then h, gate columns
	// as in kernels.LSTMStep, those of absent units zero.
	W    kernels.Matrix
	Bias []float32
}

// NewLSTM returns a layer of zero weights.
func NewLSTM(in, hidden int) *LSTM {
	cols := kernels.GateCols(hidden)
	return &LSTM{in: in, hidden: hidden, W: kernels.NewPanels(in+hidden, cols), Bias: kernels.Alloc(cols)}
}

// InLen returns the number of inputs.
func (l *LSTM) InLen() int { return l.in }

// OutLen returns the number of units H.
func (l *LSTM) OutLen() int { return l.hidden }

// StateLen returns 2·H: h, then c.
func (l *LSTM) StateLen() int { return 2 * l.hidden }

// ScratchLen returns the scratch of a step of n sequences: one output for
// Step, the gates for StepBatch.
func (l *LSTM) ScratchLen(n int) int { return max(l.hidden, n*kernels.GateCols(l.hidden)) }

// Params returns the number of parameters, 4·(In·H + H·H + H).
func (l *LSTM) Params() int { return 4 * (l.in*l.hidden + l.hidden*l.hidden + l.hidden) }

// SetWeights packs weights in PyTorch's layout: wih [4·H, In] and whh [4·H, H]
// row-major, bias [4·H], gates in the order i, f, g, o. PyTorch's two biases
// fold into one, bih + bhh. It panics if a length is wrong.
func (l *LSTM) SetWeights(wih, whh, bias []float32) {
	in, H := l.in, l.hidden
	if len(wih) != 4*H*in || len(whh) != 4*H*H || len(bias) != 4*H {
		panic("layers: LSTM: SetWeights: wrong length")
	}
	for gate := range 4 {
		for j := range H {
			row, col := gate*H+j, kernels.GateCol(gate, j)
			for k, v := range wih[row*in : (row+1)*in] {
				l.W.Set(k, col, v)
			}
			for k, v := range whh[row*H : (row+1)*H] {
				l.W.Set(in+k, col, v)
			}
			l.Bias[col] = bias[row]
		}
	}
}

// Weights returns copies in PyTorch's layout, as SetWeights takes them.
func (l *LSTM) Weights() (wih, whh, bias []float32) {
	in, H := l.in, l.hidden
	wih, whh, bias = make([]float32, 4*H*in), make([]float32, 4*H*H), make([]float32, 4*H)
	for gate := range 4 {
		for j := range H {
			row, col := gate*H+j, kernels.GateCol(gate, j)
			for k := range in {
				wih[row*in+k] = l.W.At(k, col)
			}
			for k := range H {
				whh[row*H+k] = l.W.At(in+k, col)
			}
			bias[row] = l.Bias[col]
		}
	}
	return wih, whh, bias
}

// Step advances one sequence; see Layer.
//
//	dst     [H]     overwritten with h; may alias x, not state
//	x       [In]    read only
//	state   [2·H]   h then c
//	scratch [ScratchLen(1)]
func (l *LSTM) Step(dst, x, state, scratch []float32) {
	H := l.hidden
	if len(dst) != H || len(x) != l.in || len(state) != 2*H || len(scratch) < H {
		panic("layers: LSTM: Step: wrong length")
	}
	h := scratch[:H]
	kernels.LSTMStep(h, state[H:], l.W, l.Bias, x, state[:H], kernels.Logistic)
	copy(state[:H], h)
	copy(dst, h)
}

// StepBatch advances n sequences; see Layer. The state is h [n, H] then c
// [n, H].
func (l *LSTM) StepBatch(w *kernels.Workers, dst, x kernels.Matrix, state, scratch []float32) {
	n, H := x.Rows, l.hidden
	if x.Cols != l.in || dst.Rows != n || dst.Cols != H || dst.Panel != kernels.PanelWidth ||
		len(state) != n*2*H || len(scratch) < l.ScratchLen(n) {
		panic("layers: LSTM: StepBatch: wrong length")
	}
	h, c := kernels.RowMajor(state[:n*H], n, H), kernels.RowMajor(state[n*H:], n, H)
	z := kernels.PanelsOf(scratch, n, l.W.Cols)
	l.Inputs(w, z, x)
	l.Recur(w, h, c, z, h, c)
	for i := range n {
		copy(dst.Data[i*dst.Row:][:H], state[i*H:(i+1)*H])
	}
}

// Inputs begins the gate chains of any number of steps at once:
//
//	z[r] = b + x[r]·W[:In]
//
//	z [rows, gates] in panels, x [rows, In]
func (l *LSTM) Inputs(w *kernels.Workers, z, x kernels.Matrix) {
	kernels.Gemm(w, z, x, l.W.SubRows(0, l.in), l.Bias)
}

// Recur ends the chains of one step that Inputs began, for one sequence a row,
// and applies the gates:
//
//	z += h₋·W[In:]    c = f⊙c₋ + i⊙g    h = o⊙tanh(c)
//
// z holds the activated gates afterwards. h may be h₋ and c may be c₋.
func (l *LSTM) Recur(w *kernels.Workers, h, c, z, hPrev, cPrev kernels.Matrix) {
	kernels.GemmAdd(w, z, hPrev, l.W.SubRows(l.in, l.hidden))
	kernels.LSTMGates(h, c, z, cPrev, kernels.Logistic)
}
