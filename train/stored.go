package train

// storedRun is Options as the JSON of a checkpoint has them. Members that the first version
// did not have are left out at their defaults.
type storedRun struct {
	BatchSize    int       `json:"batch_size"`
	Optimizer    string    `json:"optimizer,omitempty"` // "" is Adam
	LearningRate float64   `json:"learning_rate"`
	Schedule     *Schedule `json:"schedule,omitempty"`
	ClipNorm     float64   `json:"clip_norm"`
	Validation   float64   `json:"validation"`
	Patience     int       `json:"patience"`
	Seed         uint64    `json:"seed"`
	Epochs       int       `json:"epochs"`
}

func storeRun(o *Options) storedRun {
	return storedRun{
		BatchSize: o.BatchSize, Optimizer: storedOptimizer(o.Optimizer), LearningRate: o.LearningRate,
		Schedule: storedSchedule(o.Schedule), ClipNorm: o.ClipNorm,
		Validation: o.Validation, Patience: o.Patience, Seed: o.Seed, Epochs: o.Epochs,
	}
}

// options returns the options that s stands for.
func (s *storedRun) options() (o Options, err error) {
	o = Options{
		BatchSize: s.BatchSize, LearningRate: s.LearningRate, ClipNorm: s.ClipNorm,
		Validation: s.Validation, Patience: s.Patience, Seed: s.Seed, Epochs: s.Epochs,
	}
	if s.Schedule != nil {
		o.Schedule = s.Schedule.complete()
	}
	o.Optimizer, err = readOptimizer(s.Optimizer)
	return o, err
}

// storedOptimizer returns the kind of an optimiser, "" for Adam, which was the only one.
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

// storedSchedule returns nil for a constant rate.
func storedSchedule(s Schedule) *Schedule {
	if s == (Schedule{}) {
		return nil
	}
	return &s
}
