package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/gonum/diff/fd"

	"github.com/autoreg/autoreg/tokenizer"
)

func testTokenizer(t *testing.T) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.New([]string{"", "[UNK]", "a", "b", "c"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// The gradient is that of the function.
func TestGradient(t *testing.T) {
	tok := testTokenizer(t)
	e := newExamples([]string{"a a b", "c", "b c c zebra", ""}, []string{"x", "y", "x", "y"}, "x", tok, 0)
	m := model{lambda: 0.7}
	w := []float64{0.1, -0.2, 0.3, -0.4, 0.5, 0.6}
	got := make([]float64, len(w))
	m.loss(w, got, e)
	want := fd.Gradient(nil, func(w []float64) float64 { return m.loss(w, nil, e) }, w, &fd.Settings{Formula: fd.Central})
	for i := range got {
		if math.Abs(got[i]-want[i]) > 1e-7 {
			t.Errorf("derivative %d is %v, want %v", i, got[i], want[i])
		}
	}
}

// Counts are of words, whatever their order, and of the first ones with a length.
func TestExamples(t *testing.T) {
	e := newExamples([]string{"b a b", "b b a c"}, []string{"x", "y"}, "x", testTokenizer(t), 3)
	if fmt.Sprint(e.ids, e.y) != "[[2 3] [2 3]] [1 -1]" || fmt.Sprint(e.values[0]) != fmt.Sprint([]float64{math.Ln2, math.Log(3)}) || fmt.Sprint(e.values[0]) != fmt.Sprint(e.values[1]) {
		t.Errorf("%+v", e)
	}
}

func TestScore(t *testing.T) {
	s := score{texts: 10, right: 7, positive: 4, given: 3, found: 2}
	if s.accuracy() != 0.7 || math.Abs(s.f1()-4./7) > 1e-15 || math.Abs(s.macro()-(4./7+10./13)/2) > 1e-15 {
		t.Errorf("accuracy %v, F1 %v, macro %v", s.accuracy(), s.f1(), s.macro())
	}
}

// What words say is found.
func TestRun(t *testing.T) {
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, "sweet\tbake the cake %d\nsalty\tboil the rice %d\n", i, i)
	}
	path := filepath.Join(t.TempDir(), "texts.tsv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run([]string{"-data", path, "-contains", "sweet"}, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "validation: 20 texts") || strings.Count(out.String(), "accuracy 100.00%") != 2 {
		t.Errorf("it prints\n%s", out.String())
	}
	if err := run([]string{"-data", path + "x"}, &out); err == nil {
		t.Error("no error for a file that is not there")
	}
}
