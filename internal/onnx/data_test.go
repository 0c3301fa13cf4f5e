package onnx

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// Files that other people's tools have written: what is found in them, or why not.
func TestRealFiles(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"dtln/model_1.onnx", "input_2 to activation_2: LSTM(257→128) from input_3 input_3, LSTM(128→128) from input_3 input_3, Dense(128→257), Sigmoid"},
		{"dtln/model_2.onnx", `node "model_2/lstm_6/mul_1" (Mul): the graph computes the cell of a recurrent layer out of MatMul, Sigmoid, Tanh and Mul: want the layer as one node, LSTM or GRU: export it so, or take the model that it was made from`},
		{"gonnx/gru.onnx", "data_input to preds: GRU(3→5) reset after from init_hidden"},
		{"gonnx/ndm.onnx", `node "Concat_14" (Concat): it joins values, which has no place in a list of layers`},
		{"silero/silero_vad_16k_op15.onnx", `node "/model/decoder/If_1" (If): it chooses between graphs of its own: want a graph without conditions, exported with the form of its input fixed`},
	} {
		m := readModel(t, testkit.DataFile(t, "models/"+c.file))
		n, err := m.Network()
		got := fmt.Sprint(err)
		if err == nil {
			got = fmt.Sprintf("%s to %s: %s", n.Input, n.Output, describe(n))
		}
		t.Logf("%s: %d tensors, %d nodes; %s", c.file, len(m.Graph.Initializers), len(m.Graph.Nodes), got)
		if got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.file, got, c.want)
		}
	}
}

// DTLN's model.h5 has the weights of model_1.onnx; testdata/dtln.py prints these
// checksums.
func TestDTLNTwin(t *testing.T) {
	n := networkOf(t, readModel(t, testkit.DataFile(t, "models/dtln/model_1.onnx")))
	var got []string
	for i, s := range n.Steps {
		for _, w := range s.Weights {
			x := NewFloats(w.Name, w.Shape, w.Data)
			if w.Name == "bias_hh_l0" { // Keras has one bias
				if bytes.ContainsFunc(x.Data, func(r rune) bool { return r != 0 }) {
					t.Errorf("%s: %s is not zero", s.Name, w.Name)
				}
				continue
			}
			got = append(got, fmt.Sprintf("%s %s %d %.8x", []string{"lstm", "lstm_1", "dense"}[i], w.Name, w.Shape, sha256.Sum256(x.Data)))
		}
	}
	want := `lstm weight_ih_l0 [512 257] b3460e9c7059df37
lstm weight_hh_l0 [512 128] 6664a4a131c3daf7
lstm bias_ih_l0 [512] ff5d99196dd2cfa3
lstm_1 weight_ih_l0 [512 128] 68961abf15b79cf1
lstm_1 weight_hh_l0 [512 128] 921d6feae1da6e05
lstm_1 bias_ih_l0 [512] da9a3c7aa86c934f
dense weight [257 128] 9909bc6a9f65f85c
dense bias [257] 4cc836f63047b03e`
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

// Silero's TorchScript file, a zip, has the weights of its ONNX file, to the bit. Those of
// its safetensors are of another release.
func TestSileroTwin(t *testing.T) {
	z, err := zip.OpenReader(testkit.DataFile(t, "models/silero/silero_vad.jit"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	twins := make(map[string]bool)
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		twins[string(b)] = true
	}
	m := readModel(t, testkit.DataFile(t, "models/silero/silero_vad_16k_op15.onnx"))
	for _, x := range m.Graph.Initializers {
		if !twins[string(x.Data)] {
			t.Errorf("%s %d has no twin", x.Name, x.Shape)
		}
	}
}
