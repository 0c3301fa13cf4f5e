package onnx

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

func readBytes(t testing.TB, b []byte) *Model {
	t.Helper()
	m, err := Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func readModel(t testing.TB, path string) *Model {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return readBytes(t, b)
}

func networkOf(t testing.TB, m *Model) *Network {
	t.Helper()
	n, err := m.Network()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// describe returns the steps in short: Op(in→out), and what differs from the default.
func describe(n *Network) string {
	var list []string
	for _, s := range n.Steps {
		text := s.Op
		if s.Out > 0 {
			text = fmt.Sprintf("%s(%d→%d)", s.Op, s.In, s.Out)
		}
		if s.Op == "Add" {
			text = fmt.Sprintf("Add(%d)", s.From)
		}
		for _, x := range []string{s.Direction, s.Activation} {
			if x != "" && x != "forward" && x != "Tanh" {
				text += " " + strings.ToLower(x)
			}
		}
		if s.ResetAfter {
			text += " reset after"
		}
		if s.Final {
			text += " final"
		}
		if s.InitialH+s.InitialC != "" {
			text += fmt.Sprintf(" from %s %s", s.InitialH, s.InitialC)
		}
		list = append(list, strings.TrimSpace(text))
	}
	return strings.Join(list, ", ")
}

// Networks that PyTorch has exported: what is found, and that it computes what PyTorch
// has computed.
func TestExported(t *testing.T) {
	lstm2 := "LSTM(2→3), LSTM(3→3)"
	for _, c := range []struct {
		name, want string
		timeFirst  bool
		tol        float64
	}{
		{"text", "Embedding(6→2), " + lstm2 + ", Dense(3→6), LogSoftmax", false, 4e-7},
		{"unfolded", "Embedding(6→2), " + lstm2 + ", Dense(3→6), LogSoftmax", false, 4e-7},
		{"both", "GRU(2→6) bidirectional reset after, GRU(6→6) bidirectional reset after, Dense(6→4), Softmax", true, 2e-7},
		{"last", "RNN(2→3) relu, Last, Dense(3→2), Tanh", false, 1e-7},
		{"hidden", "GRU(1→3) reset after final, Dense(3→1), Sigmoid", true, 1e-7},
		{"stacked", "GRU(2→6) bidirectional reset after, GRU(6→6) bidirectional reset after final, Dense(6→2)", false, 4e-7},
		{"top", "LSTM(2→3), LSTM(3→3) final, Dense(3→2)", false, 4e-7},
		{"carried", "LSTM(2→3) from h c, LSTM(3→3) from h c", false, 1e-7},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := networkOf(t, readModel(t, "testdata/"+c.name+".onnx"))
			if got := describe(n); got != c.want {
				t.Errorf("network %s, want %s", got, c.want)
			}
			if n.Input != "x" || n.Output != "y" {
				t.Errorf("from %s to %s, want from x to y", n.Input, n.Output)
			}
			given := pairs(t, c.name)
			x := given["x"]
			T, B := x.Shape[1], x.Shape[0]
			if c.timeFirst {
				T, B = B, T
			}
			y := given["y"]
			F, most := y.Shape[len(y.Shape)-1], 0.0
			for b := range B {
				got, hN, cN := evaluate(n, sequenceOf(x, T, B, b, c.timeFirst), vectorsOf(given["h"], b), vectorsOf(given["c"], b))
				want := y
				if len(got) == 1 && len(y.Shape) == 2 {
					want = &Tensor{DType: y.DType, Shape: []int{B, 1, F}, Data: y.Data}
				}
				for i, v := range sequenceOf(want, len(got), B, b, c.timeFirst) {
					most = max(most, furthest(got[i], v))
				}
				for name, got := range map[string][][]float64{"h_n": hN, "c_n": cN} {
					for k, v := range vectorsOf(given[name], b) {
						most = max(most, furthest(got[k], v))
					}
				}
			}
			t.Logf("largest difference %.1e", most)
			if !(most <= c.tol) {
				t.Errorf("the outputs differ by %g, want at most %g", most, c.tol)
			}
		})
	}
}

// Convolutions that PyTorch has exported.
func TestExportedPixels(t *testing.T) {
	block := "Conv(6→3), Relu, Conv(3→3), Relu, Conv(3→6), Relu, "
	for _, c := range []struct {
		name, want string
		rows, cols int
	}{
		{"pixels", "Conv(2→3), Relu, Conv(3→2)", 4, 3},
		{"pixelcnn", "Conv(1→6), Relu, " + block + "Add(1), " + block + "Add(8), Conv(6→6), Relu, Conv(6→6), Relu, Conv(6→4)", 6, 7},
	} {
		n := networkOf(t, readModel(t, "testdata/"+c.name+".onnx"))
		if got := describe(n); got != c.want {
			t.Errorf("%s: network %s, want %s", c.name, got, c.want)
		}
		if n.Rows != c.rows || n.Cols != c.cols {
			t.Errorf("%s: images of %d×%d, want %d×%d", c.name, n.Rows, n.Cols, c.rows, c.cols)
		}
		given := pairs(t, c.name)
		want := imageOf(given["y"])
		for k, rows := range evaluateImage(n, imageOf(given["x"])) {
			for i, row := range rows {
				if d := furthest(row, want[k][i]); !(d <= 1e-6) {
					t.Errorf("%s: channel %d, row %d: %g from PyTorch's", c.name, k, i, d)
				}
			}
		}
	}
}

// pairs reads the tensors of testdata/NAME.pb.
func pairs(t *testing.T, name string) map[string]*Tensor {
	b, err := os.ReadFile("testdata/" + name + ".pb")
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]*Tensor)
	for len(b) > 0 {
		n := binary.LittleEndian.Uint32(b)
		x, err := ReadTensor(bytes.NewReader(b[4:][:n]), int64(n))
		if err != nil {
			t.Fatal(err)
		}
		out[x.Name], b = x, b[4+n:]
	}
	return out
}

func floatsOf(x *Tensor) (out []float64) {
	if !x.DType.IsFloat() {
		list, err := x.Int64s()
		if err != nil {
			panic(err)
		}
		for _, v := range list {
			out = append(out, float64(v))
		}
		return out
	}
	list, err := x.Float32s()
	if err != nil {
		panic(err)
	}
	for _, v := range list {
		out = append(out, float64(v))
	}
	return out
}

// sequenceOf returns sequence b of a tensor [B, T, F], or [T, B, F].
func sequenceOf(x *Tensor, T, B, b int, timeFirst bool) (out sequence) {
	data := floatsOf(x)
	F := len(data) / (T * B)
	for i := range T {
		at := b*T + i
		if timeFirst {
			at = i*B + b
		}
		out = append(out, data[at*F:][:F])
	}
	return out
}

// vectorsOf returns x[k, b] of a tensor of three dimensions for each k.
func vectorsOf(x *Tensor, b int) (out [][]float64) {
	if x == nil {
		return nil
	}
	data, F := floatsOf(x), x.Shape[2]
	for k := range x.Shape[0] {
		out = append(out, data[(k*x.Shape[1]+b)*F:][:F])
	}
	return out
}

// imageOf returns x[0] of a tensor of four dimensions.
func imageOf(x *Tensor) (out image) {
	data := floatsOf(x)
	for range x.Shape[1] {
		var rows [][]float64
		for range x.Shape[2] {
			rows, data = append(rows, data[:x.Shape[3]]), data[x.Shape[3]:]
		}
		out = append(out, rows)
	}
	return out
}

// furthest returns the largest difference, or NaN if there is one.
func furthest(a, b []float64) (most float64) {
	if len(a) != len(b) {
		return math.NaN()
	}
	for i := range a {
		if d := math.Abs(a[i] - b[i]); !(d <= most) {
			most = d
		}
	}
	return most
}
