package train

import (
	"fmt"
	"math"
)

// Limits on options.
const (
	maxEpochs  = 1 << 20
	maxBatch   = 1 << 16
	maxThreads = 1 << 12
)

// A schedule is the options that texts and images have in common; see Options.
type schedule struct {
	BatchSize              int
	LearningRate, ClipNorm float64
	Validation             float64
	Patience               int
	Seed                   uint64
	Epochs                 int
	Threads                int
	MaxBytes               int64
}

// check returns an error that names the first field that is out of range. things is
// what the data consist of.
func (s schedule) check(things string) error {
	for _, f := range []intOption{
		{"BatchSize", s.BatchSize, 1, maxBatch},
		{"Epochs", s.Epochs, 1, maxEpochs},
		{"Patience", s.Patience, 0, maxEpochs},
		{"Threads", s.Threads, 1, maxThreads},
	} {
		if err := f.check(); err != nil {
			return err
		}
	}
	switch {
	case !(s.LearningRate > 0 && s.LearningRate <= 1e6): // NaN fails too
		return fmt.Errorf("train: option LearningRate is %v: want more than 0, at most 1e6", s.LearningRate)
	case !(s.ClipNorm >= 0 && s.ClipNorm <= math.MaxFloat32):
		return fmt.Errorf("train: option ClipNorm is %v: want a finite number, or 0 for no limit", s.ClipNorm)
	case !(s.Validation >= 0 && s.Validation < 1):
		return fmt.Errorf("train: option Validation is %v: want 0 or more and less than 1", s.Validation)
	case s.Patience > 0 && s.Validation == 0:
		return fmt.Errorf("train: option Patience is %d, but no %s are set aside to judge by: set Validation, to 0.1 for example", s.Patience, things)
	case s.MaxBytes < 0:
		return fmt.Errorf("train: option MaxBytes is %d: want 0 or more", s.MaxBytes)
	}
	return nil
}

// checkMemory refuses a run that would take more than MaxBytes, or more than can be
// addressed. lower names what makes it smaller.
func (s schedule) checkMemory(total int64, lower string) error {
	limit := min(s.MaxBytes, math.MaxInt)
	if total <= limit {
		return nil
	}
	return fmt.Errorf("train: the run would take %s of memory, more than the %s allowed: lower %s, or raise MaxBytes",
		mebibytes(total), mebibytes(limit), lower)
}

// mebibytes writes a count of bytes for a reader.
func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }

// compare compares what a run cannot change midway.
func (s schedule) compare(c *comparison, now schedule) {
	same(c, "BatchSize", s.BatchSize, now.BatchSize)
	same(c, "LearningRate", s.LearningRate, now.LearningRate)
	same(c, "ClipNorm", s.ClipNorm, now.ClipNorm)
	same(c, "Validation", s.Validation, now.Validation)
	same(c, "Patience", s.Patience, now.Patience)
	same(c, "Seed", s.Seed, now.Seed)
}

// An intOption is an option and its limits.
type intOption struct {
	name            string
	value, min, max int
}

func (f intOption) check() error {
	if f.value < f.min || f.value > f.max {
		return fmt.Errorf("train: option %s is %d: want %d to %d", f.name, f.value, f.min, f.max)
	}
	return nil
}

// setDefault replaces a zero field.
func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
