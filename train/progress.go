package train

import (
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/layers"
)

// progress is how far a run has come. All of it is in the checkpoint.
type progress struct {
	Epoch     int     `json:"epoch"`     // epochs that have ended
	Batch     int     `json:"batch"`     // steps of the epoch under way
	Steps     int     `json:"steps"`     // in all
	LossSum   float64 `json:"loss_sum"`  // of the epoch under way
	Positions int64   `json:"positions"` // of the epoch under way
	// The same over positions that do not read padding, in a run that counts padding.
	// 0 in the checkpoints of older versions.
	WordLossSum float64       `json:"word_loss_sum,omitempty"`
	Words       int64         `json:"words,omitempty"`
	Power1      float64       `json:"beta1_power,omitempty"` // of the optimiser's decays; 0 where there are none
	Power2      float64       `json:"beta2_power,omitempty"`
	History     []epochRecord `json:"history"`
	Best        int           `json:"best_epoch"` // epoch of the lowest validation loss, from 1; 0 for none yet
}

// setPowers records the powers of the optimiser's decays.
func (p *progress) setPowers(powers []float64) {
	for i, to := range []*float64{&p.Power1, &p.Power2} {
		if i < len(powers) {
			*to = powers[i]
		}
	}
}

// powers returns what setPowers has recorded.
func (p *progress) powers() []float64 { return []float64{p.Power1, p.Power2} }

// epochRecord is an epoch that has ended.
type epochRecord struct {
	Steps   int     `json:"steps"` // of the run, at its end
	Loss    float64 `json:"loss"`
	ValLoss float64 `json:"val_loss"`

	// The same over positions that do not read padding, in a run that counts padding;
	// 0 if it is not known.
	WordLoss    float64 `json:"word_loss,omitempty"`
	ValWordLoss float64 `json:"val_word_loss,omitempty"`

	ValAccuracy float64 `json:"val_accuracy,omitempty"` // of a Classes
}

// Done reports whether nothing is left to run.
func (t *Trainer) Done() bool { return t.progress.Epoch >= t.options.Epochs || t.stopped() }

// StepsLeft returns how many steps are left to run if Patience does not end the run
// earlier.
func (t *Trainer) StepsLeft() int64 {
	if t.Done() {
		return 0
	}
	p := &t.progress
	return int64(t.options.Epochs-p.Epoch)*int64(t.steps()) - int64(p.Batch)
}

// steps returns how many steps an epoch has.
func (t *Trainer) steps() int { return batches(t.work.items, t.work.perStep) }

// stopped reports whether Patience is at its end.
func (t *Trainer) stopped() bool { return t.impatient(t.progress.Epoch, t.progress.Best) }

// impatient reports whether Patience is at its end after so many epochs.
func (t *Trainer) impatient(epoch, best int) bool {
	patience := t.options.Patience
	return patience > 0 && best > 0 && epoch-best >= patience
}

// improves reports whether e has the lowest validation loss so far.
func (t *Trainer) improves(e epochRecord) bool {
	p := &t.progress
	return t.work.validates && (p.Best == 0 || e.ValLoss < p.History[p.Best-1].ValLoss)
}

// endEpoch records an epoch and begins the next one.
func (t *Trainer) endEpoch(e epochRecord) {
	p, improves := &t.progress, t.improves(e)
	p.History = append(p.History, e)
	p.Epoch++
	p.Batch, p.LossSum, p.Positions = 0, 0, 0
	p.WordLossSum, p.Words = 0, 0
	if improves {
		p.Best = p.Epoch
		if t.best != nil {
			copyValues(t.best, t.result())
		}
	}
}

// History returns the epochs that have ended, those before a resume included;
// what has to do with time is 0 in it.
func (t *Trainer) History() []EpochStats {
	var list []EpochStats
	for i := range t.progress.History {
		list = append(list, t.epochStats(i))
	}
	return list
}

// epochStats returns what there is to say about epoch i, from 0.
func (t *Trainer) epochStats(i int) EpochStats {
	e := t.progress.History[i]
	s := EpochStats{
		Epoch: i + 1, Epochs: t.options.Epochs, Steps: e.Steps,
		Loss: e.Loss, Perplexity: Perplexity(e.Loss),
		LearningRate: t.options.Schedule.rate(t.options.LearningRate, e.Steps-1, t.steps(), t.progress.History[:i]),
	}
	if e.WordLoss > 0 {
		s.WordLoss, s.WordPerplexity = e.WordLoss, Perplexity(e.WordLoss)
	}
	if e.ValWordLoss > 0 {
		s.ValWordLoss, s.ValWordPerplexity = e.ValWordLoss, Perplexity(e.ValWordLoss)
	}
	if t.work.validates {
		s.ValAccuracy = e.ValAccuracy
		s.ValLoss, s.ValPerplexity, s.Best = e.ValLoss, Perplexity(e.ValLoss), true
		for _, before := range t.progress.History[:i] {
			s.Best = s.Best && e.ValLoss < before.ValLoss
		}
		s.Stopped = i == len(t.progress.History)-1 && t.stopped()
	}
	t.task.measure(&s)
	return s
}

// Snapshot returns the model as it is now, with Options.Average its averaged weights. It
// is a copy: training may go on.
func (t *Trainer) Snapshot() *ModelFile {
	epoch := t.progress.Epoch
	if t.progress.Batch > 0 {
		epoch = 0
	}
	return t.copyOf(t.result(), epoch)
}

// Model returns the run's result so far: with Options.Best the weights of the best
// epoch, otherwise the same as Snapshot.
func (t *Trainer) Model() *ModelFile {
	if t.best != nil && t.progress.Best > 0 {
		return t.copyOf(t.best, t.progress.Best)
	}
	return t.Snapshot()
}

// SaveModel writes Model to path, atomically: see atomicfile.Write.
func (t *Trainer) SaveModel(path string) error {
	if err := atomicfile.Write(path, t.Model()); err != nil {
		return wrap(apierror.Errorf("the model is not saved: %w", err))
	}
	return nil
}

// copyOf returns a model file with the weights of net, which are of the end of an epoch
// or 0, and no memory of net's.
func (t *Trainer) copyOf(net layers.Network, epoch int) *ModelFile {
	f := t.task.file(net)
	if record := t.recordText(epoch); record != "" {
		f.Metadata[RecordKey] = record
	}
	for i := range f.Tensors {
		tensor := &f.Tensors[i]
		for _, own := range layers.ValuesOf(net) {
			if len(tensor.Data) > 0 && len(own) > 0 && &tensor.Data[0] == &own[0] {
				tensor.Data = slices.Clone(tensor.Data)
				break
			}
		}
	}
	return &ModelFile{f}
}
