package train

import (
	"fmt"
	"slices"

	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/internal/weights"
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
	Power1      float64       `json:"beta1_power"`
	Power2      float64       `json:"beta2_power"`
	History     []epochRecord `json:"history"`
	Best        int           `json:"best_epoch"` // epoch of the lowest validation loss, from 1; 0 for none yet
}

// epochRecord is an epoch that has ended.
type epochRecord struct {
	Steps   int     `json:"steps"` // of the run, at its end
	Loss    float64 `json:"loss"`
	ValLoss float64 `json:"val_loss"`

	// The same over positions that do not read padding, in a run that counts padding;
	// 0 if it is not known.
	WordLoss    float64 `json:"word_loss,omitempty"`
	ValWordLoss float64 `json:"val_word_loss,omitempty"`
}

// Done reports whether nothing is left to run.
func (r *run) Done() bool { return r.progress.Epoch >= r.schedule.Epochs || r.stopped() }

// StepsLeft returns how many steps are left to run if Patience does not end the run
// earlier.
func (r *run) StepsLeft() int64 {
	if r.Done() {
		return 0
	}
	p := &r.progress
	return int64(r.schedule.Epochs-p.Epoch)*int64(r.steps()) - int64(p.Batch)
}

// steps returns how many steps an epoch has.
func (r *run) steps() int { return batches(r.items, r.perStep) }

// stopped reports whether Patience is at its end.
func (r *run) stopped() bool { return r.impatient(r.progress.Epoch, r.progress.Best) }

// impatient reports whether Patience is at its end after so many epochs.
func (r *run) impatient(epoch, best int) bool {
	patience := r.schedule.Patience
	return patience > 0 && best > 0 && epoch-best >= patience
}

// improves reports whether e has the lowest validation loss so far.
func (r *run) improves(e epochRecord) bool {
	p := &r.progress
	return r.judged && (p.Best == 0 || e.ValLoss < p.History[p.Best-1].ValLoss)
}

// endEpoch records an epoch and begins the next one.
func (r *run) endEpoch(e epochRecord) {
	p, improves := &r.progress, r.improves(e)
	p.History = append(p.History, e)
	p.Epoch++
	p.Batch, p.LossSum, p.Positions = 0, 0, 0
	p.WordLossSum, p.Words = 0, 0
	if improves {
		p.Best = p.Epoch
		if r.best != nil {
			copyParameters(r.best, r.net)
		}
	}
}

// History returns the epochs that have ended, those before a resume included;
// what has to do with time is 0 in it.
func (r *run) History() []EpochStats {
	var list []EpochStats
	for i := range r.progress.History {
		list = append(list, r.epochStats(i))
	}
	return list
}

// epochStats returns what there is to say about epoch i, from 0.
func (r *run) epochStats(i int) EpochStats {
	e := r.progress.History[i]
	s := EpochStats{
		Epoch: i + 1, Epochs: r.schedule.Epochs, Steps: e.Steps,
		Loss: e.Loss, Perplexity: Perplexity(e.Loss),
	}
	if e.WordLoss > 0 {
		s.WordLoss, s.WordPerplexity = e.WordLoss, Perplexity(e.WordLoss)
	}
	if e.ValWordLoss > 0 {
		s.ValWordLoss, s.ValWordPerplexity = e.ValWordLoss, Perplexity(e.ValWordLoss)
	}
	if r.judged {
		s.ValLoss, s.ValPerplexity, s.Best = e.ValLoss, Perplexity(e.ValLoss), true
		for _, before := range r.progress.History[:i] {
			s.Best = s.Best && e.ValLoss < before.ValLoss
		}
		s.Stopped = i == len(r.progress.History)-1 && r.stopped()
	}
	r.task.measure(&s)
	return s
}

// Snapshot returns the model as it is now, as the content of a model file. It is a
// copy: training may go on.
func (r *run) Snapshot() *weights.File {
	epoch := r.progress.Epoch
	if r.progress.Batch > 0 {
		epoch = 0
	}
	return r.copyOf(r.net, epoch)
}

// Model returns the run's result so far: with Patience the weights of the best
// epoch, otherwise the same as Snapshot.
func (r *run) Model() *weights.File {
	if r.best != nil && r.progress.Best > 0 {
		return r.copyOf(r.best, r.progress.Best)
	}
	return r.Snapshot()
}

// SaveModel writes Model to path, atomically: see atomicfile.Write.
func (r *run) SaveModel(path string) error {
	if err := atomicfile.Write(path, r.Model()); err != nil {
		return fmt.Errorf("train: the model is not saved: %w", inner{err})
	}
	return nil
}

// copyOf returns a model file with the weights of net, which are of the end of an epoch
// or 0, and no memory of net's.
func (r *run) copyOf(net network, epoch int) *weights.File {
	f := r.task.file(net)
	if record := r.recordText(epoch); record != "" {
		f.Metadata[RecordKey] = record
	}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		for _, own := range net.parameters() {
			if len(t.Data) > 0 && len(own) > 0 && &t.Data[0] == &own[0] {
				t.Data = slices.Clone(t.Data)
				break
			}
		}
	}
	return f
}
