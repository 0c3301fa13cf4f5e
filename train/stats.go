package train

import (
	"math"
	"time"

	"github.com/autoreg/autoreg/internal/portable"
)

// An Evaluation is how well a model predicts a data set.
type Evaluation struct {
	Sum       float64 // of -ln p(next id or level), in nats, over the positions that count
	Positions int64   // how many these are

	// The same over the positions that do not read padding. It differs only where
	// padding is counted.
	WordSum float64
	Words   int64

	// Correct is how many documents are of the class that is likeliest; for a Classes,
	// whose positions are documents.
	Correct int64
}

// Accuracy returns the share of positions that are Correct, NaN without positions.
func (e Evaluation) Accuracy() float64 { return float64(e.Correct) / float64(e.Positions) }

// Loss returns the mean per position in nats, NaN without positions.
func (e Evaluation) Loss() float64 { return e.Sum / float64(e.Positions) }

// WordLoss returns the mean per position that does not read padding, NaN without any.
func (e Evaluation) WordLoss() float64 { return e.WordSum / float64(e.Words) }

// Perplexity returns e^Loss.
func (e Evaluation) Perplexity() float64 { return Perplexity(e.Loss()) }

// Bits returns Bits of Loss.
func (e Evaluation) Bits() float64 { return Bits(e.Loss()) }

// Perplexity returns e^loss for a mean loss in nats: how many equally likely next
// words would be as hard to guess. The result is the same on every machine, and
// at most math.MaxFloat64, so that it can be written as JSON.
func Perplexity(loss float64) float64 {
	return math.Min(portable.Exp(loss), math.MaxFloat64)
}

// Bits returns a mean loss in nats as bits: for images bits per dimension, a dimension
// being a channel of a pixel.
func Bits(loss float64) float64 { return loss / math.Ln2 }

// Stats tell where a run is after a step.
type Stats struct {
	Epoch, Epochs int     // this one, from 1, and all
	Step, Steps   int     // steps of this epoch: done, and all
	Loss          float64 // mean of the epoch so far, in nats per position: a word of a text, a channel of a pixel
	WordLoss      float64 // where padding is counted, the mean over the positions that read a word; 0 where that is Loss, or not known
	BatchLoss     float64 // mean of the step's batch, before its update
	GradientNorm  float64 // length of the step's gradient, before clipping
	LearningRate  float64 // of the step, see Schedule

	// Of this call of Run: positions trained on (those that count in the loss), how
	// many of them read a word or are a channel of a pixel, and time since it began.
	Positions int64
	Tokens    int64
	Elapsed   time.Duration
	// Remaining is the time that all further steps will take if they go on as in
	// this call of Run so far.
	Remaining time.Duration
}

// TokensPerSecond returns Tokens/Elapsed: padding does not count.
func (s Stats) TokensPerSecond() float64 { return rate(s.Tokens, s.Elapsed) }

func rate(n int64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

// EpochStats tell about an epoch that has ended. Losses are exact and the same on
// every machine; what has to do with time is not. As JSON it is a line of a log.
type EpochStats struct {
	Epoch         int     `json:"epoch"` // from 1
	Epochs        int     `json:"epochs"`
	Steps         int     `json:"steps"` // all that the run has made
	Loss          float64 `json:"loss"`  // mean over the epoch, in nats per position, measured while it changed the weights
	Perplexity    float64 `json:"perplexity"`
	ValLoss       float64 `json:"val_loss,omitempty"` // at the end of the epoch; 0 if nothing is set aside
	ValPerplexity float64 `json:"val_perplexity,omitempty"`
	// Where padding is counted, the same over the positions that read a word. 0 where
	// that is no other number, and for epochs before a resume from a checkpoint of
	// an older version.
	WordLoss          float64 `json:"word_loss,omitempty"`
	WordPerplexity    float64 `json:"word_perplexity,omitempty"`
	ValWordLoss       float64 `json:"val_word_loss,omitempty"`
	ValWordPerplexity float64 `json:"val_word_perplexity,omitempty"`
	Bits              float64 `json:"bits,omitempty"`         // of Loss, see Bits; 0 for texts
	ValBits           float64 `json:"val_bits,omitempty"`     // of ValLoss; 0 for texts
	ValAccuracy       float64 `json:"val_accuracy,omitempty"` // of a Classes, see Evaluation
	Best              bool    `json:"best,omitempty"`         // lowest ValLoss so far
	Stopped           bool    `json:"stopped,omitempty"`      // Patience is at its end and so is the run
	LearningRate      float64 `json:"learning_rate"`          // of the last step, see Schedule
	// Time in this call of Run that the epoch's steps took, validation not
	// counted, and words, or channels of pixels, per second in it.
	Seconds         float64 `json:"seconds"`
	TokensPerSecond float64 `json:"tokens_per_second"`
}
