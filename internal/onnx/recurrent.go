package onnx

// cells says of each recurrent operator where the gates of a PyTorch layer are among
// ONNX' (of LSTM i, o, f, c; of GRU z, r, h), and which activations it has by default.
var cells = map[string]struct {
	gates       []int
	activations []string
}{
	"LSTM": {[]int{0, 2, 3, 1}, []string{"Sigmoid", "Tanh", "Tanh"}},
	"GRU":  {[]int{1, 0, 2}, []string{"Sigmoid", "Tanh"}},
	"RNN":  {[]int{0}, []string{"Tanh"}},
}

// recurrent goes through LSTM, GRU and RNN.
func (g *follower) recurrent(n *Node, in []*value) error {
	for len(in) < 8 {
		in = append(in, nil)
	}
	if in[7] != nil {
		return n.fail("it has peepholes (input P), which a layer here has not")
	}
	if in[4] != nil {
		return n.fail("it has sequence_lens, a length for each sequence, which have no place here")
	}
	s := Step{Op: n.Op, InitialH: g.states[n][0].input, InitialC: g.states[n][1].input}
	if err := n.cell(&s); err != nil {
		return err
	}
	directions, gates := 1, cells[n.Op].gates
	if s.Direction == "bidirectional" {
		directions = 2
	}
	v, w, r, b := in[0], in[1], in[2], in[3]
	for i, x := range []*value{w, r, b} {
		name, rank := "WRB"[i:i+1], 3-i/2
		if i == 2 && x == nil {
			continue
		}
		if x == nil || x.kind != constant || len(x.view.shape) != rank || x.view.shape[0] != directions {
			return n.fail("its input %s is no tensor of the file with %d dimensions, the first %d", name, rank, directions)
		}
	}
	H := r.view.shape[2]
	s.In, s.Out = w.view.shape[2], directions*H
	GH := len(gates) * H
	if H < 1 || s.In < 1 || w.view.shape[1] != GH || r.view.shape[1] != GH || b != nil && b.view.shape[1] != 2*GH || n.integer("hidden_size", int64(H)) != int64(H) {
		return n.fail("hidden_size %d does not agree with the shapes of its weights, W %d, R %d", n.integer("hidden_size", int64(H)), w.view.shape, r.view.shape)
	}
	if err := g.spend(1, 8192); err != nil { // for the views
		return err
	}
	for k := range directions {
		suffix := "_l0"
		if k == 1 {
			suffix = "_l0_reverse"
		}
		add := func(name string, from view, shape ...int) error {
			var parts []view
			for _, gate := range gates {
				parts = append(parts, from.part(0, gate*H, (gate+1)*H))
			}
			x, err := g.weight(name+suffix, shape, parts...)
			s.Weights = append(s.Weights, x)
			return err
		}
		if err := add("weight_ih", w.view.elem(0, k), GH, s.In); err != nil {
			return err
		}
		if err := add("weight_hh", r.view.elem(0, k), GH, H); err != nil {
			return err
		}
		if b == nil {
			continue
		}
		both := b.view.elem(0, k)
		if err := add("bias_ih", both.part(0, 0, GH), GH); err != nil {
			return err
		}
		if err := add("bias_hh", both.part(0, GH, 2*GH), GH); err != nil {
			return err
		}
	}
	var err error
	if s.FirstH, err = g.first(n, g.states[n][0].first, directions, H); err != nil {
		return err
	}
	if s.FirstC, err = g.first(n, g.states[n][1].first, directions, H); err != nil {
		return err
	}
	return g.sequence(n, s, v, directions, H)
}

// sequence checks the input of a recurrent layer and gives its outputs their values.
func (g *follower) sequence(n *Node, s Step, v *value, directions, H int) error {
	if err := g.take(v); err != nil {
		return n.fail("%v", err)
	}
	if len(v.dims) != 3 {
		return n.fail("its input has %d dimensions, want 3", len(v.dims))
	}
	if err := g.features(v, s.In); err != nil {
		return n.fail("%v", err)
	}
	layout := n.integer("layout", 0)
	time, batch := v.dims[0], v.dims[1]
	if layout == 1 {
		time, batch = batch, time
	}
	if len(time) > 1 || len(batch) > 1 {
		return n.fail("its sequences or its batch are several dimensions of the network's input")
	}
	var t, b axis
	if len(time) == 1 {
		t = time[0]
	}
	if len(batch) == 1 {
		b = batch[0]
	}
	if g.last || g.timed && (t != g.time || b != g.batch) {
		return n.fail("it goes along another dimension of the network's input than the recurrent layer before it")
	}
	g.timed, g.time, g.batch = true, t, b
	g.position(t, b)
	d, f := g.axis(directions, true), g.axis(H, true)
	if g.directions = (axis{}); directions == 2 {
		g.directions = d[0]
	}
	dims, last := []dim{time, d, batch, f}, []dim{d, batch, f}
	if layout == 1 {
		dims, last = []dim{batch, time, d, f}, []dim{batch, d, f}
	}
	y, err := g.add(n, s, dims)
	if err != nil {
		return err
	}
	h, c := *y, *y
	h.dims, h.state = last, true
	c.dims, c.state, c.cell = last, true, true
	for i, x := range []*value{y, &h, &c} {
		if i < len(n.Outputs) && n.Outputs[i] != "" {
			if err := g.set(n.Outputs[i], x); err != nil {
				return err
			}
		}
	}
	return nil
}

// cell reads the attributes of a recurrent node.
func (n *Node) cell(s *Step) error {
	if n.Attribute("clip") != nil {
		return n.fail("it clips its values (attribute clip), which a layer here does not")
	}
	if err := n.only(kinds{"activation_alpha": FloatsAttribute, "activation_beta": FloatsAttribute, "activations": StringsAttribute, "direction": StringAttribute, "hidden_size": IntAttribute, "input_forget": IntAttribute, "layout": IntAttribute, "linear_before_reset": IntAttribute}); err != nil {
		return err
	}
	if n.integer("input_forget", 0) != 0 {
		return n.fail("it couples input and forget gate (attribute input_forget), which a layer here does not")
	}
	if l := n.integer("layout", 0); l != 0 && l != 1 {
		return n.fail("layout %d", l)
	}
	s.Direction = "forward"
	if a := n.Attribute("direction"); a != nil {
		s.Direction = a.S
	}
	directions := 1
	switch s.Direction {
	case "forward", "reverse":
	case "bidirectional":
		directions = 2
	default:
		return n.fail("direction %s", quote(s.Direction))
	}
	s.ResetAfter = n.Op == "GRU" && n.integer("linear_before_reset", 0) != 0
	return n.activations(s, directions)
}
