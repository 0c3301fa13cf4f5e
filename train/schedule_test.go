package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
)

// losses returns a history of epochs with these validation losses.
func losses(list ...float64) (history []epochRecord) {
	for _, x := range list {
		history = append(history, epochRecord{ValLoss: x})
	}
	return history
}

func TestScheduleStep(t *testing.T) {
	step := func(decay float64, from int) Schedule { return Schedule{Kind: StepDecay, Decay: decay, From: from} }
	for _, c := range []struct {
		s     Schedule
		epoch int
		want  float64
	}{
		{Schedule{}, 1, 0.5}, {Schedule{}, 1000, 0.5},
		{step(1, 0), 9, 0.5},
		{step(0.5, 0), 1, 0.25}, {step(0.5, 0), 3, 0.0625},
		{step(0.5, 1), 1, 0.5}, {step(0.5, 1), 2, 0.25},
		{step(0.5, 4), 4, 0.5}, {step(0.5, 4), 6, 0.125},
		{step(2, 0), 3, 4},
		{step(0.5, 0), 1 << 20, 0},
		{Schedule{Kind: StepDecay, Decay: 0.5, From: 1, Floor: 0.1}, 3, 0.125},
		{Schedule{Kind: StepDecay, Decay: 0.5, From: 1, Floor: 0.1}, 5, 0.05},
	} {
		if got := c.s.rate(0.5, 7, 3, losses(make([]float64, c.epoch-1)...)); got != c.want {
			t.Errorf("%v, epoch %d: %v, want %v", c.s, c.epoch, got, c.want)
		}
	}
	// A rate that has become 0 or infinite stays so; none is NaN.
	for _, decay := range []float64{1e-300, 0.999999, 1.000001, 1e3} {
		for _, epoch := range []int{1, 2, 1000, 1 << 16} {
			s := step(decay, 0)
			if got := s.rate(1e6, 7, 3, losses(make([]float64, epoch-1)...)); !(got >= 0) {
				t.Errorf("decay %v, epoch %d: %v", decay, epoch, got)
			}
		}
	}
}

// The cosine, step by step, against its formula.
func TestScheduleCosine(t *testing.T) {
	const full, perEpoch = 0.3, 7
	for _, s := range []Schedule{
		{Kind: CosineDecay, Epochs: 3},
		{Kind: CosineDecay, Epochs: 3, Floor: 0.1},
		{Kind: CosineDecay, Epochs: 3, Floor: 0.25, Warmup: 5},
		{Kind: CosineDecay, Epochs: 3, Warmup: 21},
		{Kind: CosineDecay, Epochs: 3, Warmup: 30},
	} {
		total := float64(s.Epochs * perEpoch)
		for steps := range 40 {
			want := full * s.Floor
			if n := float64(steps); n < total {
				x := max(0, n-float64(s.Warmup)) / (total - float64(s.Warmup))
				if s.Warmup >= s.Epochs*perEpoch {
					x = 0
				}
				want = full * (s.Floor + (1-s.Floor)*(1+math.Cos(math.Pi*x))/2)
			}
			if steps < s.Warmup {
				want *= float64(steps+1) / float64(s.Warmup)
			}
			got := s.rate(full, steps, perEpoch, losses(make([]float64, steps/perEpoch)...))
			if !(math.Abs(got-want) <= 4e-16*full) {
				t.Errorf("%v, after %d steps: %v, want %v", s, steps, got, want)
			}
		}
	}
	s := Schedule{Kind: CosineDecay, Epochs: maxEpochs}
	if got := s.rate(1, 1<<30, math.MaxInt32, nil); !(got > 0 && got < 1) {
		t.Errorf("a rate of %v", got)
	}
}

func TestSchedulePlateau(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		patience int
		floor    float64
		losses   []float64
		want     float64
	}{
		{1, 0, nil, 1},
		{1, 0, []float64{3, 2, 1}, 1},
		{1, 0, []float64{3, 3}, 0.5},
		{1, 0, []float64{3, 4, 2}, 0.5},
		{1, 0, []float64{3, 4, 3, 3}, 0.125},
		{1, 0.2, []float64{3, 4, 3, 3}, 0.2},
		{2, 0, []float64{3, 4}, 1},
		{2, 0, []float64{3, 4, 2, 3}, 1}, // the count begins anew after a lower loss
		{2, 0, []float64{3, 4, 3}, 0.5},
		{2, 0, []float64{3, 4, 3, 4}, 0.5}, // and after a plateau
		{2, 0, []float64{3, 4, 3, 4, 5}, 0.25},
		{2, 0, []float64{inf, inf}, 0.5},
	} {
		s := Schedule{Kind: PlateauDecay, Decay: 0.5, Patience: c.patience, Floor: c.floor}
		if got := s.rate(1, 0, 1, losses(c.losses...)); got != c.want {
			t.Errorf("%v after %v: %v, want %v", s, c.losses, got, c.want)
		}
	}
}

func TestScheduleWarmup(t *testing.T) {
	for _, s := range []Schedule{{Warmup: 4}, {Kind: StepDecay, Decay: 0.5, From: 9, Warmup: 4}} {
		for steps, want := range []float64{0.5, 1, 1.5, 2, 2, 2} {
			if got := s.rate(2, steps, 3, losses(make([]float64, steps/3)...)); got != want {
				t.Errorf("%v after %d steps: %v, want %v", s, steps, got, want)
			}
		}
	}
}

func TestScheduleRefused(t *testing.T) {
	for _, s := range []Schedule{
		{Decay: 0.5}, {From: 1}, {Floor: 0.5}, {Patience: 1}, {Epochs: 1}, {Warmup: -1}, {Warmup: maxWarmup + 1},
		{Warmup: 100}, // more than the run has
		{Kind: "Step", Decay: 0.5},
		{Kind: StepDecay}, {Kind: StepDecay, Decay: -0.1}, {Kind: StepDecay, Decay: math.NaN()}, {Kind: StepDecay, Decay: math.Inf(1)},
		{Kind: StepDecay, Decay: 1001}, {Kind: StepDecay, Decay: 0.5, From: -1}, {Kind: StepDecay, Decay: 0.5, From: maxEpochs + 1},
		{Kind: StepDecay, Decay: 0.5, Patience: 1}, {Kind: StepDecay, Decay: 0.5, Epochs: 1},
		{Kind: StepDecay, Decay: 0.5, Floor: 1}, {Kind: StepDecay, Decay: 0.5, Floor: -0.1}, {Kind: StepDecay, Decay: 0.5, Floor: math.NaN()},
		{Kind: CosineDecay, Epochs: -1}, {Kind: CosineDecay, Epochs: maxEpochs + 1}, {Kind: CosineDecay, Decay: 0.5}, {Kind: CosineDecay, From: 1},
		{Kind: PlateauDecay}, {Kind: PlateauDecay, Decay: 1}, {Kind: PlateauDecay, Decay: math.NaN()},
		{Kind: PlateauDecay, Decay: 0.5, Patience: -1}, {Kind: PlateauDecay, Decay: 0.5, Patience: maxEpochs + 1}, {Kind: PlateauDecay, Decay: 0.5, From: 1},
	} {
		o := small()
		o.Schedule, o.Options.Validation, o.Epochs = s, 0.3, 2
		_, err := o.new(smallDocs())
		var field *OptionError
		if !errors.As(err, &field) || field.Field != "Schedule" {
			t.Errorf("%+v: error %v", s, err)
		}
	}
	o := small()
	o.Schedule, o.Options.Validation = Schedule{Kind: PlateauDecay, Decay: 0.5}, 0
	var field *OptionError
	if _, err := o.new(smallDocs()); !errors.As(err, &field) || field.Field != "Schedule" {
		t.Errorf("a plateau without validation: error %v", err)
	}
	o.Schedule, o.Best = Schedule{}, true
	if _, err := o.new(smallDocs()); !errors.As(err, &field) || field.Field != "Best" {
		t.Errorf("the best epoch without validation: error %v", err)
	}
}

func TestParseSchedule(t *testing.T) {
	for text, want := range map[string]Schedule{
		"constant":                           {},
		"constant:warmup=100":                {Warmup: 100},
		"step:0.5:from=4":                    {Kind: StepDecay, Decay: 0.5, From: 4},
		"step:0.5:from=0":                    {Kind: StepDecay, Decay: 0.5},
		"step:0.97:from=1":                   {Kind: StepDecay, Decay: 0.97, From: 1},
		"cosine":                             {Kind: CosineDecay},
		"cosine:epochs=3":                    {Kind: CosineDecay, Epochs: 3},
		"cosine:floor=0.1:warmup=7":          {Kind: CosineDecay, Floor: 0.1, Warmup: 7},
		"plateau:0.5":                        {Kind: PlateauDecay, Decay: 0.5},
		"plateau:0.1:patience=2:floor=1e-05": {Kind: PlateauDecay, Decay: 0.1, Patience: 2, Floor: 1e-5},
	} {
		s, err := ParseSchedule(text)
		if err != nil || s != want {
			t.Errorf("%q is read as %+v, %v", text, s, err)
		}
		if got := want.String(); got != text {
			t.Errorf("%+v is written as %q, want %q", want, got, text)
		}
	}
	if s, err := ParseSchedule("step:0.5"); err != nil || s != (Schedule{Kind: StepDecay, Decay: 0.5, From: 1}) {
		t.Errorf("a step without from: %+v, %v", s, err)
	}
	for _, text := range []string{
		"", "x", "Step:0.5", "step", "step:", "step:x", "step:0,5", "step:0.5:", "step:0.5:4", "step:0.5:from=", "step:0.5:from=x", "step:0.5:from=1.5",
		"step:0.5:from=1:from=2", "step:0.5:patience=1", "step:0.5:epochs=1", "plateau:patience=1", "plateau:0.5:patience=0", "cosine:epochs=0", "plateau:0.5:from=1", "cosine:0.5", "cosine:from=1",
		"constant:floor=0.5", "constant:0.5", "constant:warmup", "cosine:floor=x", "cosine:warmup=99999999999999999999", "step:0.5:kind=x",
	} {
		if s, err := ParseSchedule(text); err == nil {
			t.Errorf("%q is read as %+v", text, s)
		}
	}
}

// The steps of runs have the rates that their schedules say, and the statistics have
// those of the steps, after a resume too.
func TestScheduleStats(t *testing.T) {
	for _, name := range []string{"plateau", "cosine"} {
		o := smallVariants()[name]
		tr, err := o.new(smallDocs())
		if err != nil {
			t.Fatal(err)
		}
		var last float64
		lowered := false
		if err := tr.Run(context.Background(), &RunOptions{
			OnStep: func(s Stats) {
				full := min(1, float64(tr.progress.Steps)/float64(o.Schedule.Warmup)) * o.LearningRate
				last, lowered = s.LearningRate, lowered || s.LearningRate < full
				want := o.Schedule
				if want.Kind == CosineDecay {
					want.Epochs = o.Epochs
				} else {
					want.Patience = 1
				}
				if rate := want.rate(o.LearningRate, tr.progress.Steps-1, s.Steps, tr.progress.History); s.LearningRate != rate {
					t.Errorf("%s: epoch %d, step %d: a rate of %v, want %v", name, s.Epoch, s.Step, s.LearningRate, rate)
				}
			},
			OnEpoch: func(e EpochStats) {
				if e.LearningRate != last {
					t.Errorf("%s: epoch %d says %v, its last step %v", name, e.Epoch, e.LearningRate, last)
				}
			},
		}); err != nil {
			t.Fatal(err)
		}
		if !lowered {
			t.Errorf("%s: the rate was never lower than the full one", name)
		}
		again, err := Resume(save(t, tr), smallText(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(again.History()), fmt.Sprint(tr.History()); got != want {
			t.Errorf("%s: resumed with the history %s, want %s", name, got, want)
		}
	}
}

// More epochs than the run began with do not change the length of its cosine.
func TestCosineIsFixed(t *testing.T) {
	o := smallVariants()["cosine"]
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	path := save(t, tr)
	for _, schedule := range []Schedule{{}, o.Schedule, tr.Options().Schedule} {
		again, err := Resume(path, smallText(), &Options{Epochs: o.Epochs + 1, Schedule: schedule})
		if err != nil {
			t.Fatal(err)
		}
		if got := again.Options().Schedule; got.Epochs != o.Epochs {
			t.Errorf("the cosine is over %d epochs, want %d", got.Epochs, o.Epochs)
		}
		if err := again.Run(context.Background(), &RunOptions{OnStep: func(s Stats) {
			if want := o.LearningRate * o.Schedule.Floor; s.LearningRate != want {
				t.Errorf("after the cosine the rate is %v, want %v", s.LearningRate, want)
			}
		}}); err != nil {
			t.Fatal(err)
		}
	}
	longer := o.Schedule
	longer.Epochs = o.Epochs + 1
	var field *OptionError
	if _, err := Resume(path, smallText(), &Options{Schedule: longer}); !errors.As(err, &field) || field.Field != "Schedule" {
		t.Errorf("another length: error %v", err)
	}
}

// Best makes the weights of the best epoch the result of a run that goes on to its end.
func TestBest(t *testing.T) {
	o := smallVariants()["plateau"]
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	snapshots := map[int][]byte{}
	if err := tr.Run(context.Background(), &RunOptions{OnEpoch: func(e EpochStats) {
		snapshots[e.Epoch] = weightBytes(t, tr.Snapshot())
	}}); err != nil {
		t.Fatal(err)
	}
	best := tr.progress.Best
	if best == 0 || best == o.Epochs || len(snapshots) != o.Epochs {
		t.Fatalf("the best of %d epochs is %d: the test needs one before the last of %d", len(snapshots), best, o.Epochs)
	}
	if !slices.Equal(weightBytes(t, tr.Model()), snapshots[best]) {
		t.Error("the model is not that of the best epoch")
	}
	text := checkpointOf(t, tr).Metadata[model.KeyCheckpoint]
	if !strings.Contains(text, `"patience":0,"best":true,`) {
		t.Errorf("checkpoint %s", text)
	}
	for _, c := range [][2]string{{`"best":true`, `"best":false`}, {`"patience":0,"best":true`, `"patience":2,"best":true`}, {`"best":true,`, ``}} {
		f := checkpointOf(t, tr)
		f.Metadata[model.KeyCheckpoint] = strings.Replace(text, c[0], c[1], 1)
		if _, err := resume(f, smallText(), Options{}); err == nil {
			t.Errorf("%s → %s: no error", c[0], c[1])
		}
	}
	var field *OptionError
	if _, err := Resume(save(t, newTestTrainer(t, smallDocs(), small())), smallText(), &Options{Best: true}); !errors.As(err, &field) || field.Field != "Best" {
		t.Errorf("a run without the best weights is resumed with them: error %v", err)
	}
}
