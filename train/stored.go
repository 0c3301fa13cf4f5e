package train

// storedRun is Options as the JSON of a checkpoint has them. Members that the first version
// did not have are left out at their defaults.
type storedRun struct {
	storedSteps
	storedEpochs
}

// storedSteps is the part that says how steps are made. In a checkpoint of text other
// members follow it.
type storedSteps struct {
	BatchSize    int             `json:"batch_size"`
	Optimizer    string          `json:"optimizer,omitempty"` // "" is Adam
	LearningRate float64         `json:"learning_rate"`
	Schedule     *storedSchedule `json:"schedule,omitempty"`
	ClipNorm     float64         `json:"clip_norm"`
	Average      float64         `json:"average,omitempty"`
}

// storedEpochs is the rest.
type storedEpochs struct {
	Validation float64 `json:"validation"`
	Patience   int     `json:"patience"`
	Best       bool    `json:"best,omitempty"` // without Patience
	Seed       uint64  `json:"seed"`
	Epochs     int     `json:"epochs"`
}

func storeRun(o *Options) storedRun {
	return storedRun{
		storedSteps{o.BatchSize, storedOptimizer(o.Optimizer), o.LearningRate, storeSchedule(o.Schedule), o.ClipNorm, o.Average},
		storedEpochs{o.Validation, o.Patience, o.Best && o.Patience == 0, o.Seed, o.Epochs},
	}
}

// options returns the options that s stands for.
func (s *storedRun) options() (o Options, err error) {
	o = Options{
		BatchSize: s.BatchSize, LearningRate: s.LearningRate, ClipNorm: s.ClipNorm, Average: s.Average,
		Validation: s.Validation, Patience: s.Patience, Best: s.Best || s.Patience > 0, Seed: s.Seed, Epochs: s.Epochs,
	}
	o.Schedule = s.Schedule.schedule()
	o.Optimizer, err = readOptimizer(s.Optimizer)
	return o, err
}

// storedOptimizer returns the kind of an optimiser, "" for Adam without decay, which was the only one.
func storedOptimizer(o Optimizer) string {
	if kind := o.Kind(); kind != (Adam{}).Kind() {
		return kind
	}
	return ""
}

func readOptimizer(kind string) (Optimizer, error) {
	if kind == "" {
		return Adam{}, nil
	}
	switch o := optimizerOf(kind); o {
	case nil:
		return otherOptimizer{kind: kind}, nil
	case Adam{}:
		return nil, damaged("the optimizer is %.40q", kind)
	default:
		return o, nil
	}
}

// An otherOptimizer stands for one that this package does not have: the program that
// resumes the run gives it.
type otherOptimizer struct {
	SGD  // for the methods
	kind string
}

// Kind returns the name that the checkpoint has.
func (o otherOptimizer) Kind() string { return o.kind }

// A storedSchedule is a Schedule as the JSON of a checkpoint has it. The first version had
// none but step, which is the kind where none is named.
type storedSchedule struct {
	Decay    float64 `json:"decay"`
	From     int     `json:"from"`
	Kind     string  `json:"kind,omitempty"`
	Patience int     `json:"patience,omitempty"`
	Epochs   int     `json:"epochs,omitempty"`
	Floor    float64 `json:"floor,omitempty"`
	Warmup   int     `json:"warmup,omitempty"`
}

// constantKind is the kind of a stored schedule that has a warm-up and nothing else.
const constantKind = "constant"

// storeSchedule returns nil for the zero value.
func storeSchedule(s Schedule) *storedSchedule {
	if s == (Schedule{}) {
		return nil
	}
	kind := string(s.Kind)
	switch s.Kind {
	case ConstantRate:
		kind = constantKind
	case StepDecay:
		kind = ""
	}
	return &storedSchedule{s.Decay, s.From, kind, s.Patience, s.Epochs, s.Floor, s.Warmup}
}

// schedule returns the schedule that s stands for.
func (s *storedSchedule) schedule() Schedule {
	if s == nil {
		return Schedule{}
	}
	kind := ScheduleKind(s.Kind)
	switch s.Kind {
	case constantKind:
		kind = ConstantRate
	case "":
		kind = StepDecay
	}
	return Schedule{kind, s.Decay, s.From, s.Patience, s.Epochs, s.Floor, s.Warmup}
}
