// Package sampler draws symbols from logits, which are unnormalised natural-log
// weights.
//
// A [Chain] is a list of transforms, applied in that order, and a random number
// generator:
//
//	c := sampler.New(42, sampler.TopK(40), sampler.Temperature(0.8))
//
// [Options] are the usual transforms as settings, in a fixed order:
//
//	o := sampler.Options{TopP: 0.95, MinP: 0.05, Temperature: new(0.8)}
//	c := sampler.New(42, o.Transforms()...)
//
// [Chain.Sample] draws one symbol from a vector of logits. [Chain.Run] is the step
// loop of this library: it drives a [Source], such as a stream of text or the canvas of
// an image, symbol by symbol, yields each with its log-probability if that is asked
// for, and with the last one the [Reason] why the sequence ends there.
//
// # The draw
//
// The same seed and the same logits give the same symbols on every machine and
// with every release, since each step is defined to the bit:
//
//  1. v is the next 64-bit output of the generator, math/rand/v2's PCG seeded
//     with (seed, 0x9e3779b97f4a7c15). Each call to Sample takes exactly one,
//     whatever the transforms, so that symbol n is drawn with output n.
//  2. The transforms narrow and reweight the logits x[id], one after the other. A symbol
//     that they drop has the logit -Inf. Those that decide by probabilities take the
//     weights and sums of steps 3 and 4, as if they were to draw.
//  3. Logits become weights w[id] = e^(x[id]-m), m being the largest logit, and
//     blocks of 256 ids have float32 sums of weights: kernels.ExpBlocks.
//  4. S is the sum of the block sums in float64, in order, and
//     t = S · (v >> 11) · 2⁻⁵³.
//  5. The symbol lies in the first block at whose end the running sum of block
//     sums exceeds t. From that block's start the weights are added one by one
//     in float64; the symbol is the first where the sum exceeds t. Should
//     rounding have left a block's sum above that of its weights, the block's
//     last symbol with a weight is taken.
//
// # What is never drawn
//
// Only a finite logit can be drawn. NaN and -Inf are passed over, and so is
// +Inf: none of them is a probability. Each transform drops what it finds or makes of
// them. If nothing finite remains, Sample
// returns -1 and Run ends with [ErrNoSymbol].
//
// # What it costs
//
// A chain reads all logits once or a few times, with kernels; as soon as TopK, MinP or
// TopP has left few symbols, only these are worked on. TypicalP, and transforms that
// are not of this package, begin with all symbols as [Candidates] unless one of the three
// comes before them, and then take some twenty times as long. The result is the same.
//
// # Concurrency
//
// Transforms of this package are immutable and may be shared. A Chain belongs
// to one goroutine at a time.
package sampler

import (
	"errors"

	"github.com/autoreg/autoreg/internal/apierror"
)

// ErrNoSymbol is what Run yields when no symbol has a finite logit: the
// transforms exclude all of them, or the source's logits are NaN or infinite,
// which is how a model with broken weights shows.
var ErrNoSymbol = apierror.Wrap("sampler", errors.New("no symbol has a finite logit"))
