package layers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/netkit"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// eachSpec calls f for example specs of every kind, of several sizes.
func eachSpec(t *testing.T, f func(t *testing.T, s layers.Spec, in int)) {
	for _, size := range [][2]int{{1, 1}, {5, 7}, {3, 16}, {16, 17}, {7, 65}} {
		for _, s := range netkit.Specs(size[1]) {
			t.Run(fmt.Sprintf("%s/in=%d", layers.FormatSpecs([]layers.Spec{s}), size[0]), func(t *testing.T) { f(t, s, size[0]) })
		}
	}
}

// The examples are of every kind that there is, and different.
func TestSpecsAreOfEveryKind(t *testing.T) {
	var kinds, texts []string
	for _, s := range netkit.Specs(3) {
		if err := layers.CheckSpec(s); err != nil {
			t.Error(err)
		}
		if text := layers.FormatSpecs([]layers.Spec{s}); slices.Contains(texts, text) {
			t.Errorf("%s comes twice", text)
		} else {
			texts = append(texts, text)
		}
		if !slices.Contains(kinds, s.Kind()) {
			kinds = append(kinds, s.Kind())
		}
	}
	if !slices.Equal(kinds, layers.Kinds()) {
		t.Errorf("kinds %v, want %v", kinds, layers.Kinds())
	}
}

// What a spec says without making a layer is what the layer is.
func TestSpecSizes(t *testing.T) {
	eachSpec(t, func(t *testing.T, s layers.Spec, in int) {
		l, sizes := s.New(in), s.Sizes(in)
		if l.InLen() != in || l.OutLen() != s.OutLen(in) || l.Type() != s.Type() {
			t.Errorf("%s, %d in, %d out; the spec says %s, %d, %d", l.Type(), l.InLen(), l.OutLen(), s.Type(), in, s.OutLen(in))
		}
		var stored, effective, packed int
		for _, p := range l.Parameters("") {
			if !p.StoredOnly {
				stored += p.Len()
				effective += p.Effective
			}
		}
		if a, b := layers.Count(l); a != stored || b != effective || sizes.Params != int64(stored) || sizes.Effective != int64(effective) {
			t.Errorf("%d parameters, %d with an effect; Count says %d, %d, Sizes %d, %d", stored, effective, a, b, sizes.Params, sizes.Effective)
		}
		other := s.New(in).Values()
		for i, v := range l.Values() {
			packed += len(v)
			if len(other[i]) != len(v) {
				t.Errorf("values %d: %d, and %d in another layer", i, len(v), len(other[i]))
			}
		}
		if sizes.Packed != int64(packed) || len(other) != len(l.Values()) {
			t.Errorf("%d values, Sizes says %d", packed, sizes.Packed)
		}
		_, steps := l.(layers.Stepper)
		if steps != layers.Sequential(s) {
			t.Errorf("it goes step by step: %v; Sequential says %v", steps, layers.Sequential(s))
		}
	})
}

// Names are unique and end in the suffix, behind which there may be a direction.
func TestParameterNames(t *testing.T) {
	eachSpec(t, func(t *testing.T, s layers.Spec, in int) {
		l := s.New(in)
		var names []string
		plain := l.Parameters("")
		for i, p := range l.Parameters("_l7") {
			if slices.Contains(names, p.Name) {
				t.Errorf("%s comes twice", p.Name)
			}
			names = append(names, p.Name)
			if strings.TrimSuffix(p.Name, "_reverse") == p.Name != strings.HasSuffix(p.Name, "_l7") ||
				strings.Replace(p.Name, "_l7", "", 1) != plain[i].Name || !slices.Equal(p.Shape, plain[i].Shape) {
				t.Errorf("%s %v, without suffix %s %v", p.Name, p.Shape, plain[i].Name, plain[i].Shape)
			}
			if p.AddsTo != "" && !slices.Contains(names, p.AddsTo) {
				t.Errorf("%s adds to %s, which is not before it", p.Name, p.AddsTo)
			}
			if p.AddsTo == "" && p.Effective != p.Len() || p.StoredOnly && p.Effective != 0 {
				t.Errorf("%s has %d values, %d with an effect", p.Name, p.Len(), p.Effective)
			}
		}
	})
}

// Get returns what Set was given; what adds to another parameter leaves the sum there,
// or is kept. Set keeps no memory of its caller's, and changes no other parameter.
func TestParameterSetGet(t *testing.T) {
	eachSpec(t, func(t *testing.T, s layers.Spec, in int) {
		l := s.New(in)
		list := l.Parameters("")
		get := func() map[string][]float32 {
			all := map[string][]float32{}
			for _, p := range list {
				all[p.Name] = slices.Clone(p.Get())
			}
			return all
		}
		for i, p := range list {
			before := get()
			data := make([]float32, p.Len())
			testkit.Values(data, uint64(i+1), 1)
			given := slices.Clone(data)
			p.Set(data)
			for k := range data {
				data[k] = 99
			}
			after := get()
			for name, values := range after {
				if name == p.Name || name == p.AddsTo {
					continue
				}
				if d := testkit.Diff(values, before[name]); d != "" {
					t.Errorf("setting %s changes %s: %s", p.Name, name, d)
				}
			}
			if p.AddsTo == "" {
				if d := testkit.Diff(after[p.Name], given); d != "" {
					t.Errorf("%s: %s", p.Name, d)
				}
				continue
			}
			kept := 0
			for k, v := range given {
				own, sum, was := after[p.Name][k], after[p.AddsTo][k], before[p.AddsTo][k]
				switch {
				case own == v && sum == was:
					kept++
				case own == 0 && sum == was+v:
				default:
					t.Errorf("%s[%d] set to %v: it is %v, and %s was %v and is %v", p.Name, k, v, own, p.AddsTo, was, sum)
				}
			}
			if kept != p.Effective {
				t.Errorf("%s: %d values are kept, %d have an effect of their own", p.Name, kept, p.Effective)
			}
		}
	})
}

// A layer that is set from another's parameters is that layer, to the bit of its values,
// and padding stays 0.
func TestParametersAreAllValues(t *testing.T) {
	eachSpec(t, func(t *testing.T, s layers.Spec, in int) {
		a, b := s.New(in), s.New(in)
		for i, p := range a.Parameters("") {
			data := make([]float32, p.Len())
			testkit.Values(data, uint64(i+1), 1)
			for k, v := range data { // none is 0, nor becomes so in a sum
				data[k] = v + 3
			}
			p.Set(data)
		}
		list := b.Parameters("")
		for i, p := range a.Parameters("") {
			list[i].Set(p.Get())
		}
		filled := 0
		values := b.Values()
		for i, v := range a.Values() {
			if d := testkit.Diff(values[i], v); d != "" {
				t.Errorf("values %d: %s", i, d)
			}
			for _, x := range v {
				if x != 0 {
					filled++
				}
			}
		}
		if _, effective := layers.Count(a); filled != effective {
			t.Errorf("%d values are not 0, %d parameters have an effect", filled, effective)
		}
	})
}

func TestParameterSetPanics(t *testing.T) {
	eachSpec(t, func(t *testing.T, s layers.Spec, in int) {
		for _, p := range s.New(in).Parameters("") {
			panics(t, "layers: Parameter: Set: wrong length", []func(){
				func() { p.Set(make([]float32, p.Len()-1)) },
				func() { p.Set(make([]float32, p.Len()+1)) },
				func() { p.Set(nil) },
			})
		}
	})
}

// First values can be drawn as a parameter asks for.
func TestParameterInit(t *testing.T) {
	eachSpec(t, func(t *testing.T, s layers.Spec, in int) {
		for _, p := range s.New(in).Parameters("") {
			i := p.Init
			switch {
			case i.OnesFrom < 0 || i.OnesFrom > i.OnesTo || i.OnesTo > p.Len():
				t.Errorf("%s: ones from %d to %d of %d", p.Name, i.OnesFrom, i.OnesTo, p.Len())
			case i.Rule == layers.InitUniform && !(i.Limit > 0), i.Rule == layers.InitGlorot && (i.FanIn < 1 || i.FanOut < 1),
				i.Rule == layers.InitOrthogonal && (i.FanIn < 1 || i.FanOut < i.FanIn || i.FanIn*i.FanOut != p.Len()):
				t.Errorf("%s %v: %+v", p.Name, p.Shape, i)
			case p.StoredOnly && i != layers.Init{}:
				t.Errorf("%s, which is not trained, has first values", p.Name)
			}
		}
	})
}

// mixedStacks are stacks of several kinds and depths.
func mixedStacks() []layers.StackConfig {
	lstm, gru, rnn := &layers.LSTMSpec{Units: 7}, &layers.GRUSpec{Units: 18}, &layers.RNNSpec{Units: 5}
	before := &layers.GRUSpec{Units: 4, Reset: "before"}
	return []layers.StackConfig{
		{Symbols: 11, Embedding: 5, Outputs: 11},
		{Symbols: 11, Embedding: 5, Outputs: 5, Layers: []layers.Spec{lstm}},
		{Symbols: 65, Embedding: 3, Outputs: 65, Layers: []layers.Spec{lstm, lstm}},
		{Symbols: 9, Embedding: 5, Outputs: 9, Layers: []layers.Spec{gru, lstm, rnn}},
		{Symbols: 17, Embedding: 4, Outputs: 17, Layers: []layers.Spec{before, rnn, before}, Tied: true},
	}
}

// The same of whole networks: names, counts, and all values by way of parameters.
func TestStackParameters(t *testing.T) {
	for _, c := range mixedStacks() {
		if err := c.Check(); err != nil {
			t.Fatal(err)
		}
		a, b := layers.NewStack(c), layers.NewStack(c)
		what, sizes := layers.FormatSpecs(c.Layers), c.Sizes()
		seen, count, effective := map[string]bool{}, 0, 0
		for i, p := range layers.ParametersOf(a) {
			if seen[p.Name] {
				t.Errorf("%s: %s comes twice", what, p.Name)
			}
			if seen[p.Name] = true; p.AddsTo != "" && !seen[p.AddsTo] {
				t.Errorf("%s: %s adds to %s, which is not before it", what, p.Name, p.AddsTo)
			}
			if !p.StoredOnly {
				count += p.Len()
				effective += p.Effective
			}
			data := make([]float32, p.Len())
			testkit.Values(data, uint64(i+1), 1)
			p.Set(data)
		}
		if sizes.Params != int64(count) || sizes.Effective != int64(effective) {
			t.Errorf("%s: %d parameters, %d with an effect; Sizes says %d, %d", what, count, effective, sizes.Params, sizes.Effective)
		}
		if got, want := layers.Describe(a), c.Describe(); !slices.Equal(got, want) {
			t.Errorf("%s: the stack is %+v, its configuration says %+v", what, got, want)
		}
		packed := 0
		if c.Tied { // the embedding is there beside the values
			packed = c.Symbols * c.Embedding
		}
		for _, v := range layers.ValuesOf(a) {
			packed += len(v)
		}
		if sizes.Packed != int64(packed) {
			t.Errorf("%s: %d values, Sizes says %d", what, packed, sizes.Packed)
		}
		list := layers.ParametersOf(b)
		for i, p := range layers.ParametersOf(a) {
			list[i].Set(p.Get())
		}
		values := layers.ValuesOf(b)
		for i, v := range layers.ValuesOf(a) {
			if d := testkit.Diff(values[i], v); d != "" {
				t.Errorf("%s: values %d: %s", what, i, d)
			}
		}
		if d := testkit.Diff(b.Embedding.Weight, a.Embedding.Weight); d != "" {
			t.Errorf("%s: embedding: %s", what, d)
		}
		if like := a.Like(); fmt.Sprint(like.Config()) != fmt.Sprint(a.Config()) || slices.ContainsFunc(layers.ValuesOf(like), func(v []float32) bool {
			return slices.ContainsFunc(v, func(x float32) bool { return x != 0 })
		}) {
			t.Errorf("%s: Like has other sizes, or weights", what)
		}
	}
}

// The parameters of a PixelCNN: names, counts, and all values.
func TestPixelParameters(t *testing.T) {
	for _, channels := range []int{1, 3} {
		c := layers.PixelCNN{Channels: channels, Levels: 5, Filters: 9, Blocks: 2, Kernel: 5}
		a, b := layers.NewPixelNet(c), layers.NewPixelNet(c)
		list, seen, count, effective := layers.ParametersOf(b), map[string]bool{}, 0, 0
		for i, p := range layers.ParametersOf(a) {
			if seen[p.Name] {
				t.Errorf("%s comes twice", p.Name)
			}
			seen[p.Name] = true
			count += p.Len()
			effective += p.Effective
			data := make([]float32, p.Len())
			testkit.Values(data, uint64(i+1), 1)
			p.Set(data)
			open := 0
			for k, v := range p.Get() {
				if v != 0 {
					open++
					if v != data[k] {
						t.Fatalf("%s[%d] = %v, want %v", p.Name, k, v, data[k])
					}
				}
			}
			if open != p.Effective {
				t.Errorf("%s: %d values are open, %d have an effect", p.Name, open, p.Effective)
			}
			list[i].Set(p.Get())
		}
		if count != a.Params() || effective != a.Effective() {
			t.Errorf("%d parameters, %d with an effect; the network says %d, %d", count, effective, a.Params(), a.Effective())
		}
		values := layers.ValuesOf(b)
		for i, v := range layers.ValuesOf(a) {
			if d := testkit.Diff(values[i], v); d != "" {
				t.Errorf("values %d: %s", i, d)
			}
		}
	}
}
