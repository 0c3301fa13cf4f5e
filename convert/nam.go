package convert

import (
	"encoding/json"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/layers"
)

// readNAM reads an LSTM of Neural Amp Modeler: config and one array of weights. For each
// layer it has the matrix [4·units, inputs+units], of the inputs and then of the state, the
// bias [4·units], and the first h and c; then the head's row [units] and bias.
func readNAM(list []member) (*network, error) {
	var architecture, version string
	json.Unmarshal(find(list, "architecture"), &architecture)
	json.Unmarshal(find(list, "version"), &version)
	if architecture != "LSTM" {
		return nil, apierror.Errorf("the architecture is %.40q: only LSTM has a counterpart here", architecture)
	}
	n := &network{format: "NAM " + clip(version)}
	for _, m := range list {
		if !contains([]string{"architecture", "version", "config", "weights"}, m.name) {
			n.note("left out: %s, which says nothing about the network", m.name)
		}
	}
	members, err := parseMembers(find(list, "config"))
	if err != nil {
		return nil, apierror.Errorf("the config: %v", err)
	}
	for _, m := range members {
		if !contains([]string{"input_size", "hidden_size", "num_layers"}, m.name) {
			return nil, apierror.Errorf("the config has a member %.40q, whose meaning is not known: want input_size, hidden_size and num_layers", m.name)
		}
	}
	var config struct {
		Inputs int `json:"input_size"`
		Units  int `json:"hidden_size"`
		Layers int `json:"num_layers"`
	}
	if err := json.Unmarshal(find(list, "config"), &config); err != nil {
		return nil, apierror.Errorf("the config is %.80q: want input_size, hidden_size and num_layers", string(find(list, "config")))
	}
	for _, c := range []struct {
		name       string
		value, max int
	}{{"input_size", config.Inputs, layers.MaxUnits}, {"hidden_size", config.Units, layers.MaxUnits}, {"num_layers", config.Layers, layers.MaxLayers}} {
		if c.value < 1 || c.value > c.max {
			return nil, apierror.Errorf("the config has %s %d: want 1 to %d", c.name, c.value, c.max)
		}
	}
	t, err := parseTensor(find(list, "weights"))
	if err != nil {
		return nil, apierror.Errorf("weights: %v", err)
	}
	in, u := int64(config.Inputs), int64(config.Units)
	want := u + 1
	for k := range config.Layers {
		from := u
		if k == 0 {
			from = in
		}
		want += 4*u*(from+u) + 4*u + 2*u
	}
	if len(t.shape) != 1 || int64(len(t.data)) != want {
		return nil, apierror.Errorf("weights has the shape %v: %d inputs, %d units and %d layers want [%d]", t.shape, in, u, config.Layers, want)
	}
	n.input = config.Inputs
	data := t.data
	take := func(count int) []float32 {
		part := data[:count]
		data = data[count:]
		return part
	}
	for range config.Layers {
		in, units := n.width(), config.Units
		rows := take(4 * units * (in + units))
		var ih, hh []float32
		for r := range 4 * units {
			row := rows[r*(in+units):][:in+units]
			ih, hh = append(ih, row[:in]...), append(hh, row[in:]...)
		}
		bias := take(4 * units)
		values := map[string][]float32{"weight_ih": ih, "weight_hh": hh, "bias_ih": bias}
		n.first = append(n.first, take(2*units)...)
		if err := n.add("lstm", &layers.LSTMSpec{Units: units}, values); err != nil {
			return nil, err
		}
	}
	row := take(config.Units)
	return n, n.dense("head", 1, "", row, take(1))
}
