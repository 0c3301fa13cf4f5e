package train

// A Schedule says how the learning rate changes from epoch to epoch. In epoch e,
// counted from 1, it is
//
//	LearningRate · Decay^max(0, e - From)
//
// The zero value leaves it as it is.
type Schedule struct {
	Decay float64 `json:"decay"` // factor of an epoch, more than 0; 0 means 1
	From  int     `json:"from"`  // last epoch with the full rate
}

// complete returns the one form of equal schedules.
func (s Schedule) complete() Schedule {
	if s.Decay == 0 || s.Decay == 1 {
		return Schedule{}
	}
	return s
}

func (s Schedule) check() error {
	switch {
	case !(s.Decay >= 0 && s.Decay <= 1e3):
		return optionErr("%s has the decay %v: want more than 0, at most 1000", option("Schedule"), s.Decay)
	case s.From < 0 || s.From > maxEpochs:
		return optionErr("%s begins after epoch %d: want 0 to %d", option("Schedule"), s.From, maxEpochs)
	}
	return nil
}

// Rate returns the learning rate of an epoch, counted from 1, by repeated
// multiplication: it is the same on every machine.
func (s Schedule) Rate(rate float64, epoch int) float64 {
	if s.Decay == 0 {
		return rate
	}
	for range epoch - s.From {
		next := float64(rate * s.Decay)
		if next == rate {
			break
		}
		rate = next
	}
	return rate
}
