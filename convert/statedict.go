package convert

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/layers"
)

// A tensor is one of a file, read when it is asked for.
type tensor struct {
	name  string
	dtype string // as the format names it
	shape []int
	read  func() ([]float32, error)
}

// Limits on the tensors of a file that Import reads: far more than the layers of a model
// have, and few enough for lists of them to be short beside any file.
const maxTensors, maxTensorName = 1 << 12, 1 << 10

// checkNames returns an error if a file has more tensors than a model can have, or one has a
// name longer than any.
func checkNames(tensors []tensor, all int) error {
	if all > maxTensors {
		return fmt.Errorf("the file has more than %d tensors, and a model less", maxTensors)
	}
	for _, t := range tensors {
		if len(t.name) > maxTensorName {
			return fmt.Errorf("a tensor whose name has %d bytes, and begins with %q: want at most %d", len(t.name), clip(t.name), maxTensorName)
		}
	}
	return nil
}

// A module is the tensors of a state dict that have a prefix in common: those of one
// torch.nn.Module.
type module struct {
	name    string
	tensors []tensor
}

// modules groups the tensors of a state dict by their modules, in the order in which the
// modules come first.
func modules(tensors []tensor) (list []*module) {
	at := make(map[string]*module)
	for _, t := range tensors {
		name := ""
		if i := strings.LastIndexByte(t.name, '.'); i >= 0 {
			name = t.name[:i]
		}
		m := at[name]
		if m == nil {
			m = &module{name: name}
			at[name] = m
			list = append(list, m)
		}
		m.tensors = append(m.tensors, t)
	}
	return list
}

// wholeNumbers are the types of numbers that no weights are of.
var wholeNumbers = []string{"I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL"}

// find returns the tensor of a name within the module, or nil.
func (m *module) find(name string) *tensor {
	for i := range m.tensors {
		if t := &m.tensors[i]; t.name == name || strings.TrimPrefix(t.name, m.name+".") == name {
			return t
		}
	}
	return nil
}

// recurrentName is the name of a tensor of torch.nn.LSTM, GRU or RNN, and without a layer
// of LSTMCell, GRUCell or RNNCell.
var recurrentName = regexp.MustCompile(`^(weight|bias)_(ih|hh)(?:_l(\d{1,3})(_reverse)?)?$`)

// recurrent reports whether a module is a recurrent one.
func (m *module) recurrent() bool {
	return m.find("weight_ih_l0") != nil || m.find("weight_ih") != nil
}

// readStateDict reads a network off the names and shapes of a PyTorch state dict. steps
// names its modules, input to output; without it their order is looked for, see inOrder.
func readStateDict(format string, tensors []tensor, steps []Step) (*network, error) {
	n := &network{format: format}
	if err := checkNames(tensors, len(tensors)); err != nil {
		return nil, err
	}
	all := modules(tensors)
	if steps == nil {
		list, err := n.inOrder(all)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			steps = append(steps, Step{Module: m.name})
		}
	}
	named := make(map[string]bool)
	for i, s := range steps {
		k := findModule(all, s.Module)
		if k < 0 {
			var names []string
			for _, m := range all {
				names = append(names, m.name)
			}
			return nil, apierror.Errorf("there is no module %q: the file has %s", s.Module, strings.Join(names, ", "))
		}
		s.Module = all[k].name
		if named[s.Module] {
			return nil, apierror.Errorf("module %q is named twice: a module has one place", s.Module)
		}
		named[s.Module] = true
		if s.Kind == KindNone {
			n.note("left out as asked: %s", s.Module)
			continue
		}
		if err := n.addModule(all[k], s, i == 0, i == len(steps)-1); err != nil {
			return nil, apierror.Errorf("module %q: %v", s.Module, err)
		}
	}
	for _, m := range all {
		if !named[m.name] {
			return nil, apierror.Errorf("module %q is not among those that are named: give it a place, or leave it out by %s=none", m.name, m.name)
		}
	}
	return n, nil
}

// addModule adds the layers of a module.
func (n *network) addModule(m *module, s Step, first, last bool) error {
	if m.recurrent() {
		return n.addRecurrent(m, s)
	}
	weight := m.find("weight")
	if bias := m.find("bias"); weight == nil && bias != nil && n.tiedTo(bias) {
		n.note("%s has a bias alone: its weights are taken to be those of %s, as PyTorch saves tied ones to safetensors", m.name, n.parts[0].name)
		b, err := bias.read()
		if err != nil {
			return err
		}
		return n.dense(m.name, n.input, s.Activation, n.parts[0].values["weight"], b)
	}
	for _, t := range m.tensors {
		if slices.Contains(wholeNumbers, t.dtype) {
			return fmt.Errorf("its tensor %q is of %s: weights of whole numbers are quantised, and mean nothing without their scales", t.name, t.dtype)
		}
		if len(t.shape) > 2 {
			return fmt.Errorf("its tensor %q of shape %v is that of a convolution: embeddings, recurrent and linear layers are read of PyTorch's files; %s=none leaves the module out, where the network is used without it", t.name, t.shape, m.name)
		}
		if name := strings.TrimPrefix(t.name, m.name+"."); name != "weight" && name != "bias" {
			return fmt.Errorf("its tensor %q of shape %v has no place in an embedding, a recurrent or a linear layer", t.name, t.shape)
		}
	}
	if weight == nil || len(weight.shape) != 2 {
		return fmt.Errorf("it has no tensor weight of two dimensions")
	}
	bias := m.find("bias")
	kind := s.Kind
	if kind == "" {
		if kind = KindDense; first && bias == nil {
			kind = KindEmbedding
		}
		if kind == KindDense && !last && s.Activation == "" {
			return fmt.Errorf("a linear layer that is not the last: the file does not say what follows it: name the modules, as in %s=dense:relu", m.name)
		}
	}
	w, err := weight.read()
	if err != nil {
		return err
	}
	switch kind {
	case KindEmbedding:
		if bias != nil {
			return fmt.Errorf("an embedding with a bias")
		}
		if s.Activation != "" {
			return fmt.Errorf("the activation %.40q is named for it, which an embedding does not have", s.Activation)
		}
		return n.embedding(m.name, weight.shape[0], weight.shape[1], w)
	case KindDense:
	default:
		return fmt.Errorf("its tensors are not those of %s", kind)
	}
	out, in := weight.shape[0], weight.shape[1]
	if len(n.parts) == 0 {
		n.input = in
	}
	b := make([]float32, out)
	if bias != nil {
		if !slices.Equal(bias.shape, []int{out}) {
			return fmt.Errorf("its bias has the shape %v, %d outputs want [%d]", bias.shape, out, out)
		}
		if b, err = bias.read(); err != nil {
			return err
		}
	}
	if in != n.width() {
		return fmt.Errorf("it has %d inputs, but what comes before it %d outputs: name the modules in their order", in, n.width())
	}
	return n.dense(m.name, out, s.Activation, w, b)
}

// tiedTo reports whether a bias can be that of a linear layer which has the weights of the
// embedding.
func (n *network) tiedTo(bias *tensor) bool {
	return len(n.parts) > 1 && n.parts[0].spec == nil && slices.Equal(bias.shape, []int{n.input}) && n.width() == n.parts[0].width
}

// A direction is the tensors of one direction of a layer.
type direction map[string]*tensor

// addRecurrent adds the layers of torch.nn.LSTM, GRU or RNN, or the one of a cell.
func (n *network) addRecurrent(m *module, s Step) error {
	var list [][2]direction
	for i := range m.tensors {
		t := &m.tensors[i]
		if slices.Contains(wholeNumbers, t.dtype) {
			return fmt.Errorf("its tensor %q is of %s: weights of whole numbers are quantised, and mean nothing without their scales", t.name, t.dtype)
		}
		part := recurrentName.FindStringSubmatch(strings.TrimPrefix(t.name, m.name+"."))
		if part == nil {
			return fmt.Errorf("its tensor %q has no place in a recurrent layer (a projection is not supported)", t.name)
		}
		k, back := 0, 0
		fmt.Sscan(part[3], &k)
		if part[4] != "" {
			back = 1
		}
		if k > layers.MaxLayers {
			return fmt.Errorf("its tensor %q is of layer %d: want at most %d layers", t.name, k, layers.MaxLayers)
		}
		for len(list) <= k {
			list = append(list, [2]direction{{}, {}})
		}
		list[k][back][part[1]+"_"+part[2]] = t
	}
	for k, l := range list {
		name := m.name
		if k > 0 {
			name = fmt.Sprintf("%s layer %d", m.name, k)
		}
		if err := n.addDirections(name, l, s); err != nil {
			return fmt.Errorf("layer %d: %w", k, err)
		}
	}
	return nil
}

func (n *network) addDirections(name string, l [2]direction, s Step) error {
	ih, hh := l[0]["weight_ih"], l[0]["weight_hh"]
	if ih == nil || hh == nil || len(ih.shape) != 2 || len(hh.shape) != 2 || hh.shape[1] < 1 || hh.shape[0] != ih.shape[0] {
		return fmt.Errorf("its weights do not have the shapes [gates·units, inputs] and [gates·units, units]")
	}
	units, in := hh.shape[1], ih.shape[1]
	if len(n.parts) == 0 {
		n.input = in
	}
	if in != n.width() {
		return fmt.Errorf("it has %d inputs, but what comes before it %d outputs: name the modules in their order", in, n.width())
	}
	var spec layers.Spec
	switch gates := hh.shape[0]; {
	case gates == 4*units:
		spec = &layers.LSTMSpec{Units: units}
	case gates == 3*units:
		spec = &layers.GRUSpec{Units: units}
	case gates == units:
		r := &layers.RNNSpec{Units: units}
		spec = r
		switch s.Activation {
		case "relu":
			r.Activation = "relu"
		case "tanh":
		default:
			return fmt.Errorf("the activation %.40q is named for it: torch.nn.RNN has tanh or relu", s.Activation)
		case "":
			n.note("%s: taken to have tanh, as torch.nn.RNN by default; the file does not say", name)
		}
	default:
		return fmt.Errorf("%d rows for %d units: an LSTM has 4, a GRU 3, an RNN 1 for each", gates, units)
	}
	if s.Kind != "" && s.Kind != spec.Kind() {
		return fmt.Errorf("it is named %s, but has the weights of %s", s.Kind, spec.Kind())
	}
	if s.Activation != "" && spec.Kind() != KindRNN {
		return fmt.Errorf("the activation %.40q is named for it: an LSTM or GRU of PyTorch has no choice of one", s.Activation)
	}
	values, err := l[0].values(units, in, "")
	if err != nil {
		return err
	}
	if len(l[1]) == 0 {
		return n.add(name, spec, values)
	}
	back, err := l[1].values(units, in, "_reverse")
	if err != nil {
		return err
	}
	for k, v := range back {
		values[k] = v
	}
	return n.add(name, &layers.BidirectionalSpec{Layer: spec}, values)
}

// values reads the tensors of a direction. Without biases they are zeros.
func (d direction) values(units, in int, suffix string) (map[string][]float32, error) {
	hh := d["weight_hh"]
	if hh == nil {
		return nil, fmt.Errorf("weight_hh%s is missing", suffix)
	}
	rows := hh.shape[0]
	values := make(map[string][]float32)
	for name, shape := range map[string][]int{"weight_ih": {rows, in}, "weight_hh": {rows, units}, "bias_ih": {rows}, "bias_hh": {rows}} {
		t := d[name]
		switch {
		case t == nil && strings.HasPrefix(name, "bias") && d["bias_ih"] == nil && d["bias_hh"] == nil:
			continue
		case t == nil:
			return nil, fmt.Errorf("%s%s is missing", name, suffix)
		case !slices.Equal(t.shape, shape):
			return nil, fmt.Errorf("%s%s has the shape %v, want %v", name, suffix, t.shape, shape)
		}
		v, err := t.read()
		if err != nil {
			return nil, err
		}
		values[name+suffix] = v
	}
	return values, nil
}
