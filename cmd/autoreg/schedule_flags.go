package main

import (
	"errors"

	"github.com/spf13/pflag"

	"github.com/autoreg/autoreg/train"
)

// optimizerFlag defines --optimizer.
func optimizerFlag(fs *pflag.FlagSet, p *train.Optimizer) {
	*p = train.Adam{}
	fs.Var(&optimizerValue{p}, "optimizer", "how a step follows the gradient: adam, or adam:DECAY with L2 regularisation; adamw:DECAY, 0.01 by default; sgd; momentum:FACTOR or nesterov:FACTOR, 0.9 by default")
}

type optimizerValue struct{ p *train.Optimizer }

func (v *optimizerValue) String() string {
	if v.p == nil {
		return ""
	}
	return (*v.p).Kind()
}

func (v *optimizerValue) Set(s string) error {
	o, err := train.ParseOptimizer(s)
	if err != nil {
		return errors.New(message(err))
	}
	*v.p = o
	return nil
}

func (v *optimizerValue) Type() string { return "NAME" }

// scheduleFlag defines --schedule.
func scheduleFlag(fs *pflag.FlagSet, p *train.Schedule) {
	fs.Var((*scheduleValue)(p), "schedule", `how the learning rate changes: constant; step:0.5:from=4, times 0.5 in each epoch after the fourth; cosine, down to 0 over the epochs that the run begins with, whatever --epochs is when it is resumed; plateau:0.5:patience=2, times 0.5 after 2 epochs without a lower validation loss; with :warmup=STEPS it first rises from 0, with :floor=SHARE it does not fall below that share`)
}

type scheduleValue train.Schedule

func (v *scheduleValue) String() string { return train.Schedule(*v).String() }
func (v *scheduleValue) Type() string   { return "SCHEDULE" }

func (v *scheduleValue) Set(s string) error {
	schedule, err := train.ParseSchedule(s)
	if err != nil {
		return errors.New(message(err))
	}
	*v = scheduleValue(schedule)
	return nil
}

// sameDefaults returns a schedule with what it leaves out as the run's schedule has it.
func sameDefaults(now, was train.Schedule) train.Schedule {
	switch {
	case now.Kind != was.Kind:
	case now.Kind == train.CosineDecay && now.Epochs == 0:
		now.Epochs = was.Epochs
	case now.Kind == train.PlateauDecay && now.Patience == 0:
		now.Patience = 1
	}
	return now
}

// needsValidation returns a flag that asks for the validation loss, or "".
func (j *trainJob) needsValidation() string {
	switch o := &j.options; {
	case o.Patience > 0:
		return "patience"
	case o.Best:
		return "best"
	case o.Schedule.Kind == train.PlateauDecay:
		return "schedule plateau"
	}
	return ""
}
