package train

import (
	"context"

	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// A Task is what a run learns: a network, a loss, data and the order of their items.
// *Text trains a model of text, *Images one of images, *Classes a classifier of texts. A task is of one Trainer: it holds the data and
// the model of the run.
type Task interface {
	// complete replaces zero fields, its own and those of o that have a default of the
	// task's, and check returns an *OptionError for the first field of its own that is
	// out of range.
	complete(o *Options)
	check() error
	things() string // what the data consist of: "documents"

	// create reads the data and makes a model with first weights.
	create(o *Options) error

	// open makes the model that a file holds, a checkpoint for instance. The error says
	// first if that is of another kind.
	open(f *weights.File) error
	// begun reads what the run of the checkpoint is that f holds.
	begun(f *weights.File) (*begun, error)
	// compare compares what a run cannot change midway: was is what the checkpoint says,
	// and adopt takes it over.
	compare(c *comparison, was Task)
	adopt(was Task)
	// admit reads the data of a run that goes on with the model that open made. They
	// must have the given hash.
	admit(o *Options, hash string) error

	// start makes the workspace of the run, and returns what the Trainer works on.
	start(o *Options) work

	// gradients takes these items forward and back, as the given step of the run. It
	// returns their losses, and leaves the gradients of the mean in work.grad.
	gradients(items []int, step int) Evaluation
	// loss returns the losses of these items. The gradients are lost.
	loss(items []int) Evaluation
	// validate measures the model on the data set aside.
	validate(ctx context.Context) (Evaluation, error)
	// positions returns how many positions these items have, as gradients counts
	// them, and how many of these do not read padding.
	positions(items []int) (all, words int64)
	// symbols returns among how many symbols each position chooses.
	symbols() int

	// file returns the content of a model file with the weights of net. Some of it
	// may be net's own memory.
	file(net layers.Network) *weights.File
	// checkpoint returns what the JSON of a checkpoint holds.
	checkpoint(o *Options, p progress) any
	// record returns where the model comes from, but for the progress.
	record(o *Options) Record
	// measure fills in what the statistics of one kind of data have beside the loss.
	measure(s *EpochStats)
}

// A work is what a Trainer works on.
type work struct {
	net, grad layers.Network
	zero      func() layers.Network // makes a network of the same shape
	threads   *layers.Threads

	items   int  // of the training data, in an order of their own in each epoch
	perStep int  // items that a step takes; the last may take fewer
	judged  bool // there are data to validate by
	padded  bool // positions that read padding count
	classes bool // validation counts what is Correct

	changed func() // is called when the weights have changed
}

// A begun is a run that a checkpoint holds.
type begun struct {
	task     Task
	options  Options
	data     string // hash of the data
	progress progress
}
