package convert

import (
	"strings"
	"testing"

	"github.com/autoreg/autoreg/layers"
)

// stateDict returns tensors of shapes, "fc.weight 5 3", with values of their own.
func stateDict(lines ...string) (list []tensor) {
	for k, line := range lines {
		words := strings.Fields(line)
		n, shape := 1, []int{}
		for _, w := range words[1:] {
			shape = append(shape, int(w[0]-'0'))
			n *= shape[len(shape)-1]
		}
		data := make([]float32, n)
		for i := range data {
			data[i] = float32(i+1)/8 + float32(k)
		}
		list = append(list, tensor{name: words[0], shape: shape, read: func() ([]float32, error) { return data, nil }})
	}
	return list
}

func under(prefix string, lines ...string) (list []string) {
	for _, line := range lines {
		list = append(list, prefix+line)
	}
	return list
}

var (
	stateRNN       = []string{"rnn.weight_ih_l0 2 3", "rnn.weight_hh_l0 2 2", "rnn.bias_ih_l0 2", "rnn.bias_hh_l0 2", "rnn.weight_ih_l1 2 2", "rnn.weight_hh_l1 2 2", "rnn.bias_ih_l1 2", "rnn.bias_hh_l1 2"}
	stateEmbedding = "embed.weight 5 3"
	stateLinear    = []string{"fc.bias 5", "fc.weight 5 2"}
)

// A state dict is read in the order of the file or in the one that fits, whatever stands
// before all its names.
func TestStateDictOrder(t *testing.T) {
	inOrder := append(append([]string{stateEmbedding}, stateRNN...), stateLinear...)
	byName := append(append([]string{stateEmbedding}, stateLinear...), stateRNN...)
	for _, c := range []struct {
		name    string
		tensors []string
		steps   string
	}{
		{"order of the modules", inOrder, ""},
		{"order of the names", byName, ""},
		{"DataParallel", under("module.", inOrder...), ""},
		{"compiled, modules named", under("_orig_mod.", byName...), "embed,rnn,fc"},
		{"Lightning, modules named in full", under("model.net.", byName...), "model.net.embed,model.net.rnn,model.net.fc"},
	} {
		var steps []Step
		if c.steps != "" {
			var err error
			if steps, err = ParseSteps(c.steps); err != nil {
				t.Fatal(err)
			}
		}
		n, err := readStateDict("PyTorch", stateDict(c.tensors...), steps)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var specs []layers.Spec
		for _, p := range n.parts[1:] {
			specs = append(specs, p.spec)
		}
		if got := layers.FormatSpecs(specs); n.input != 5 || got != "rnn:2,rnn:2,dense:5" {
			t.Errorf("%s: %d tokens, layers %s", c.name, n.input, got)
		}
	}
}

func TestStateDictRefused(t *testing.T) {
	for _, c := range []struct {
		tensors []string
		steps   string
		want    string
	}{
		{append([]string{stateEmbedding}, stateRNN...), "embed,rnn,x", `there is no module "x": the file has embed, rnn`},
		{[]string{"a.fc.weight 5 3", "b.fc.weight 5 5"}, "fc", `there is no module "fc": the file has a.fc, b.fc`},
		{append([]string{stateEmbedding, "bn.num_batches_tracked 1"}, stateRNN...), "embed,rnn,bn", `module "bn": its tensor "bn.num_batches_tracked"`},
		{append([]string{stateEmbedding, "rnn.weight_hr_l0 1 2"}, stateRNN...), "", "a projection is not supported"},
	} {
		var steps []Step
		if c.steps != "" {
			steps, _ = ParseSteps(c.steps)
		}
		_, err := readStateDict("PyTorch", stateDict(c.tensors...), steps)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.steps, err, c.want)
		}
	}
}

// A linear layer with the embedding's weights, stored once or twice, has them once in the
// model.
func TestStateDictTied(t *testing.T) {
	rnn := []string{"rnn.weight_ih_l0 3 3", "rnn.weight_hh_l0 3 3", "rnn.bias_ih_l0 3", "rnn.bias_hh_l0 3"}
	once := stateDict(append(append([]string{stateEmbedding}, rnn...), "fc.bias 5")...)
	twice := append(once[:len(once):len(once)], tensor{name: "fc.weight", shape: []int{5, 3}, read: once[0].read})
	for name, tensors := range map[string][]tensor{"once": once, "twice": twice} {
		n, err := readStateDict("safetensors", tensors, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m, err := n.model(&ImportOptions{Vocabulary: []string{"", "[UNK]", "a", "b", "c"}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, x := range m.file.Tensors {
			if x.Name == "output.weight" {
				t.Errorf("%s: the model has output.weight", name)
			}
		}
		if last := m.Layers[len(m.Layers)-1]; last.Params != 5 {
			t.Errorf("%s: the last layer is %+v", name, last)
		}
	}
}
