package train

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// w ← w - η·g, the product rounded, and g scaled to the longest gradient that is allowed.
func TestSGD(t *testing.T) {
	const n = 3000
	w, g := make([]float32, n), make([]float32, n)
	testkit.Values(w, 1, 2)
	testkit.Values(g, 2, 3)
	before := slices.Clone(w)
	step := &UpdateStep{LearningRate: 0.3, GradScale: 0.25}
	SGD{}.Update(w, g, nil, step)
	rate := float32(float64(0.3) * 0.25)
	for i := range w {
		if want := before[i] - float32(rate*g[i]); w[i] != want {
			t.Fatalf("w[%d] = %v, want %v", i, w[i], want)
		}
		if exact := float64(before[i]) - 0.3*0.25*float64(g[i]); math.Abs(float64(w[i])-exact) > 1e-6 {
			t.Fatalf("w[%d] = %v, want %v", i, w[i], exact)
		}
	}
	cut := slices.Clone(before)
	for at := 0; at < n; at += 7 {
		end := min(at+7, n)
		SGD{}.Update(cut[at:end], g[at:end], nil, step)
	}
	if d := testkit.Diff(cut, w); d != "" {
		t.Errorf("cut into calls: %s", d)
	}
}

// Adam with a decay is Adam whose gradients have λ·w added, after they are scaled; biases
// have none.
func TestAdamDecay(t *testing.T) {
	const n = 3000
	w, g := make([]float32, n), make([]float32, n)
	testkit.Values(w, 1, 2)
	testkit.Values(g, 2, 3)
	moments := func() [][]float32 { return [][]float32{make([]float32, n), make([]float32, n)} }
	for _, bias := range []bool{false, true} {
		step := &UpdateStep{LearningRate: 0.01, GradScale: 0.25, Powers: []float64{0.9, 0.999}, Bias: bias}
		sum := slices.Clone(g)
		for i := range sum {
			if sum[i] *= 0.25; !bias {
				sum[i] += float32(float32(0.125) * w[i])
			}
		}
		want, slots := slices.Clone(w), moments()
		Adam{}.Update(want, sum, slots, &UpdateStep{LearningRate: 0.01, GradScale: 1, Powers: step.Powers})
		got, mine, given := slices.Clone(w), moments(), slices.Clone(g)
		Adam{Decay: 0.125}.Update(got, g, mine, step)
		cut, others := slices.Clone(w), moments()
		for at := 0; at < n; at += 7 {
			end := min(at+7, n)
			Adam{Decay: 0.125}.Update(cut[at:end], g[at:end], [][]float32{others[0][at:end], others[1][at:end]}, step)
		}
		for i, pair := range [][2][]float32{{got, want}, {mine[0], slots[0]}, {mine[1], slots[1]}, {cut, want}, {given, g}} {
			if d := testkit.Diff(pair[0], pair[1]); d != "" {
				t.Errorf("bias %v: case %d: %s", bias, i, d)
			}
		}
		testkit.NoAllocs(t, func() { Adam{Decay: 0.125}.Update(got, g, mine, step) })
	}
}

// What optimizers say of themselves fits a checkpoint.
func TestOptimizers(t *testing.T) {
	var kinds []string
	for _, o := range []Optimizer{Adam{}, Adam{Decay: 5e-06}, AdamW{}, AdamW{Decay: 1e-05}, SGD{}, Momentum{}, Momentum{Factor: 0.123456789012345}, Momentum{Nesterov: true}} {
		if slices.Contains(kinds, o.Kind()) || o.Kind() == "" || optimizerOf(o.Kind()).Kind() != o.Kind() {
			t.Errorf("%q names %v", o.Kind(), optimizerOf(o.Kind()))
		}
		kinds = append(kinds, o.Kind())
		if again, err := readOptimizer(storedOptimizer(o)); err != nil || again.Kind() != o.Kind() {
			t.Errorf("%+v comes back as %+v, %v", o, again, err)
		}
		if len(o.Decays()) > 2 {
			t.Errorf("%T has %d decays", o, len(o.Decays()))
		}
		for i, name := range o.Slots() {
			if slices.Contains(reservedSlots, name) || name == "" || strings.Contains(name, ".") || slices.Contains(o.Slots()[:i], name) {
				t.Errorf("%T has a slot %q", o, name)
			}
			if !o.Valid(i, 0) || !o.Valid(i, math.MaxFloat32) {
				t.Errorf("%T: slot %s cannot hold 0 or a large number", o, name)
			}
		}
	}
	if o, err := readOptimizer("adam"); o != nil || !errors.Is(err, errDamaged) { // it has no name in a file
		t.Errorf("%q is read as %T, %v", "adam", o, err)
	}
	for _, kind := range []string{"Adam", "x", "sgd ", "sgd:1", "adam:", "adam:0", "adam:2000", "adam:1e-2", "momentum", "momentum:0.90", "momentum:1", "momentum:-0.5", "momentum:NaN", "nesterov:", "nesterov:x", "adamw", "adamw:0", "adamw:1e-02", "adamw:Inf"} {
		if o, err := readOptimizer(kind); err != nil || o != (otherOptimizer{kind: kind}) {
			t.Errorf("%q is read as %T, %v", kind, o, err)
		}
	}
}

// A momentum is an optimizer that this package does not have. Values of its type cannot
// be compared.
type momentum []float64

func (momentum) Kind() string            { return "momentum" }
func (momentum) Slots() []string         { return []string{"velocity"} }
func (m momentum) Decays() []float64     { return m }
func (momentum) Valid(int, float32) bool { return true }
func (momentum) Update(w, g []float32, slots [][]float32, s *UpdateStep) {
	for i, x := range g {
		v := float32(0.5*slots[0][i]) + float32(s.GradScale*x)
		slots[0][i] = v
		w[i] -= float32(float32(s.LearningRate*s.Powers[0]) * v)
	}
}

// A run with an optimizer of the caller's goes on with it, and with no other.
func TestOtherOptimizer(t *testing.T) {
	o := small()
	o.Optimizer, o.Epochs = momentum{0.99}, 3
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	var path string
	if err := tr.Run(context.Background(), &RunOptions{OnEpoch: func(e EpochStats) {
		if e.Epoch == 1 {
			path = save(t, tr)
		}
	}}); err != nil {
		t.Fatal(err)
	}
	again, err := Resume(path, &Text{Documents: smallDocs()}, &Options{Optimizer: momentum{0.99}})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(weightBytes(t, again.Snapshot()), weightBytes(t, tr.Snapshot())) {
		t.Error("the resumed run has other weights")
	}
	for _, other := range []Optimizer{nil, Adam{}, SGD{}} {
		_, err := Resume(path, &Text{Documents: smallDocs()}, &Options{Optimizer: other})
		var option *OptionError
		if !errors.As(err, &option) || option.Field != "Optimizer" || !strings.Contains(err.Error(), "momentum") {
			t.Errorf("resumed with %T: error %v", other, err)
		}
	}
	if _, err := Resume(path, &Text{Documents: smallDocs()}, &Options{Optimizer: momentum{0.9}}); !errors.Is(err, errDamaged) {
		t.Errorf("another decay: error %v", err)
	}
}

// An optimizer that no checkpoint can hold is refused before the run.
func TestOptimizerChecks(t *testing.T) {
	for _, bad := range []Optimizer{momentum{0.1, 0.2, 0.3}, otherOptimizer{}, slotsOptimizer{"best"}, slotsOptimizer{"m", "average"}, slotsOptimizer{""}, slotsOptimizer{"a.b"}, slotsOptimizer{"a", "a"}, Momentum{Factor: 1}, Momentum{Factor: -1}, AdamW{Decay: -1}, Adam{Decay: -1}, Adam{Decay: math.Inf(1)}, AdamW{Decay: math.NaN()}} {
		o := small()
		o.Optimizer = bad
		_, err := o.new(smallDocs())
		var option *OptionError
		if !errors.As(err, &option) || option.Field != "Optimizer" {
			t.Errorf("%T%v: error %v", bad, bad, err)
		}
	}
}

// A slotsOptimizer has slots of these names.
type slotsOptimizer []string

func (slotsOptimizer) Kind() string                                            { return "slots" }
func (s slotsOptimizer) Slots() []string                                       { return s }
func (slotsOptimizer) Decays() []float64                                       { return nil }
func (slotsOptimizer) Valid(int, float32) bool                                 { return true }
func (slotsOptimizer) Update(w, g []float32, slots [][]float32, s *UpdateStep) {}

// A checkpoint of SGD has the model's tensors, and those of the best epoch.
func TestSGDCheckpoint(t *testing.T) {
	for _, patience := range []int{0, 2} {
		o := smallVariants()["sgd"]
		o.Patience, o.Epochs = patience, 2
		tr, err := o.new(smallDocs())
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		f := checkpointOf(t, tr)
		text := f.Metadata["checkpoint"]
		if !strings.Contains(text, `"optimizer":"sgd"`) || strings.Contains(text, "power") {
			t.Errorf("checkpoint %s", text)
		}
		model := len(tr.Snapshot().f.Tensors)
		for i, tensor := range f.Tensors {
			if strings.HasPrefix(tensor.Name, "optimizer.") != (i >= model) || i >= model && !strings.HasPrefix(tensor.Name, "optimizer.best.") {
				t.Errorf("tensor %d is %s", i, tensor.Name)
			}
		}
		if more := len(f.Tensors) - model; (more > 0) != (patience > 0) {
			t.Errorf("patience %d: %d more tensors", patience, more)
		}
		again, err := o.resume(save(t, tr), smallDocs())
		if err != nil {
			t.Fatal(err)
		}
		if again.options.Optimizer != (SGD{}) {
			t.Errorf("resumed with %T", again.options.Optimizer)
		}
		for _, c := range []struct{ from, to, want string }{
			{`"optimizer":"sgd",`, ``, "power"},
			{`"optimizer":"sgd"`, `"optimizer":"adam"`, "optimizer"},
			{`"optimizer":"sgd"`, `"optimizer":"momentum"`, `the optimizer is "momentum"`},
			{`"optimizer":"sgd"`, `"optimizer":""`, "form"},
			{`"optimizer":"sgd"`, `"optimizer":1`, "checkpoint"},
			{`"schedule":{"decay":0.9,"from":0}`, `"schedule":{"decay":-1,"from":0}`, "decay"},
			{`"schedule":{"decay":0.9,"from":0}`, `"schedule":{"decay":0.9}`, "form"},
			{`"schedule":{"decay":0.9,"from":0}`, `"schedule":{"decay":0.9,"from":-1}`, "Schedule"},
			{`"schedule":{"decay":0.9,"from":0}`, `"schedule":{"decay":0.9,"from":0,"kind":"step"}`, "form"},
			{`"schedule":{"decay":0.9,"from":0}`, `"schedule":{"decay":0,"from":0,"kind":"constant"}`, "form"},
			{`"schedule":{"decay":0.9,"from":0}`, `"schedule":{"decay":0.9,"from":0,"kind":"cosine"}`, "Schedule"},
			{`"schedule":{"decay":0.9,"from":0}`, `"schedule":{"decay":0.9,"from":0,"kind":"x"}`, "of the kind"},
			{`"schedule":{"decay":0.9,"from":0}`, `"schedule":null`, "form"},
			{`"clip_norm":0`, `"clip_norm":0,"average":0`, "form"},
			{`"clip_norm":0`, `"clip_norm":0,"average":1`, "Average is 1"},
			{`"clip_norm":0`, `"clip_norm":0,"average":0.5`, `"optimizer.average.`},
		} {
			f := checkpointOf(t, tr)
			f.Metadata["checkpoint"] = strings.Replace(text, c.from, c.to, 1)
			if f.Metadata["checkpoint"] == text {
				t.Fatalf("%s is not in %s", c.from, text)
			}
			if _, err := resume(f, smallText(), Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s → %s: error %v, want one with %q", c.from, c.to, err, c.want)
			}
		}
	}
}

// A rateRecorder is SGD that remembers the rates of its steps.
type rateRecorder struct {
	SGD
	rates *[]float64
	mu    *sync.Mutex
}

func (r rateRecorder) Update(w, g []float32, slots [][]float32, s *UpdateStep) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*r.rates = append(*r.rates, s.LearningRate)
	r.SGD.Update(w, g, slots, s)
}

// Each epoch's steps have the rate of the schedule.
func TestScheduleInRun(t *testing.T) {
	var rates []float64
	o := small()
	o.Optimizer = rateRecorder{rates: &rates, mu: new(sync.Mutex)}
	o.Epochs, o.Schedule, o.LearningRate = 4, Schedule{Kind: StepDecay, Decay: 0.25, From: 2}, 0.5
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	want := map[int]float64{1: 0.5, 2: 0.5, 3: 0.125, 4: 0.03125}
	if err := tr.Run(context.Background(), &RunOptions{OnStep: func(s Stats) {
		for _, r := range rates {
			if r != want[s.Epoch] {
				t.Errorf("epoch %d: rate %v, want %v", s.Epoch, r, want[s.Epoch])
			}
		}
		if len(rates) == 0 {
			t.Error("a step without an update")
		}
		rates = nil
	}}); err != nil {
		t.Fatal(err)
	}
}

// A rate that has decayed to nothing changes no weight of SGD, which is no error.
func TestScheduleEnds(t *testing.T) {
	o := smallVariants()["sgd"]
	o.Schedule, o.Epochs = Schedule{Kind: StepDecay, Decay: 1e-200, From: 1}, 4
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	var first []byte
	if err := tr.Run(context.Background(), &RunOptions{OnEpoch: func(e EpochStats) {
		now := weightBytes(t, tr.Snapshot())
		if e.Epoch == 1 {
			first = now
		} else if !slices.Equal(now, first) {
			t.Errorf("epoch %d has changed the weights", e.Epoch)
		}
	}}); err != nil {
		t.Fatal(err)
	}
}
