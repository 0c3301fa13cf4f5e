package train

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
)

// scheduleForms says how schedules are written.
const scheduleForms = `"constant", "step:DECAY:from=EPOCH", "cosine:epochs=N", "plateau:DECAY:patience=N", each with ":warmup=STEPS" and all but the first with ":floor=SHARE"`

// ParseSchedule reads a schedule as String writes it: a kind, for step and plateau the
// decay, and fields with their names, in any order:
//
//	constant:warmup=100
//	step:0.5:from=4
//	cosine:epochs=30:floor=0.1:warmup=100
//	plateau:0.5:patience=2:floor=0.01
//
// A step without "from" has the full rate in the first epoch: From is 1. Other fields
// that are left out are 0, which "patience" and "epochs" cannot be said to be. Other values
// are not checked: New does that.
func ParseSchedule(text string) (Schedule, error) {
	kind, rest, more := strings.Cut(text, ":")
	s := Schedule{Kind: ScheduleKind(kind)}
	fail := func(format string, args ...any) (Schedule, error) {
		return Schedule{}, wrap(apierror.Errorf(format+": want "+scheduleForms, args...))
	}
	switch s.Kind {
	case "constant":
		s.Kind = ConstantRate
	case StepDecay, PlateauDecay:
		var decay string
		decay, rest, more = strings.Cut(rest, ":")
		var err error
		if s.Decay, err = strconv.ParseFloat(decay, 64); err != nil {
			return fail("%.40q is no decay", decay)
		}
		if s.Kind == StepDecay {
			s.From = 1
		}
	case CosineDecay:
	default:
		return fail("the kind of schedule is %.40q", kind)
	}
	seen := map[string]bool{}
	for more {
		var part string
		part, rest, more = strings.Cut(rest, ":")
		name, value, _ := strings.Cut(part, "=")
		var whole *int
		switch {
		case seen[name]:
			return fail("%q is given twice", name)
		case name == "from" && s.Kind == StepDecay:
			whole = &s.From
		case name == "patience" && s.Kind == PlateauDecay:
			whole = &s.Patience
		case name == "epochs" && s.Kind == CosineDecay:
			whole = &s.Epochs
		case name == "warmup":
			whole = &s.Warmup
		case name == "floor" && s.Kind != ConstantRate:
		default:
			return fail("%.40q is not part of %q", part, kind)
		}
		var err error
		if whole != nil {
			*whole, err = strconv.Atoi(value)
		} else {
			s.Floor, err = strconv.ParseFloat(value, 64)
		}
		switch {
		case err != nil:
			return fail("%.40q is no number for %q", value, name)
		case whole != nil && *whole < 1 && name != "from" && name != "warmup":
			return fail("%.40q is less than 1", part)
		}
		seen[name] = true
	}
	return s, nil
}

// String returns the schedule as ParseSchedule reads it.
func (s Schedule) String() string {
	text := string(s.Kind)
	switch s.Kind {
	case ConstantRate:
		text = "constant"
	case StepDecay:
		text += fmt.Sprintf(":%v:from=%d", s.Decay, s.From)
	case PlateauDecay:
		text += fmt.Sprintf(":%v", s.Decay)
	}
	if s.Patience != 0 {
		text += fmt.Sprintf(":patience=%d", s.Patience)
	}
	if s.Epochs != 0 {
		text += fmt.Sprintf(":epochs=%d", s.Epochs)
	}
	if s.Floor != 0 {
		text += fmt.Sprintf(":floor=%v", s.Floor)
	}
	if s.Warmup != 0 {
		text += fmt.Sprintf(":warmup=%d", s.Warmup)
	}
	return text
}
