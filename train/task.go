package train

import (
	"context"

	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// A Task is the object of a run: a network, a loss, data and the order of their items.
// *Text trains a model of text, *Images a model of images, *Classes a classifier of
// texts. A task belongs to one Trainer: it holds the data and the model of the run.
type Task interface {
	// complete replaces zero fields, those of the task and those of o whose defaults
	// the task has. check returns an *OptionError for the first field of the task that
	// is out of range.
	complete(o *Options)
	check() error
	things() string // what the data consist of: "documents"
	// ownValidation reports whether the task has validation data of its own.
	ownValidation() bool

	// create reads the data and makes a model with first weights.
	create(o *Options) error

	// open reads the model of a file, such as a checkpoint. A model of another kind is
	// reported before other errors.
	open(f *weights.File) error
	// resumed reads the run of the checkpoint in f.
	resumed(f *weights.File) (*resumedRun, error)
	// compare compares the fields that a run cannot change midway with those of the
	// checkpoint, was, and adopt takes these over.
	compare(c *comparison, was Task)
	adopt(was Task)
	// describe takes the fields that describe a model from the one that open read, for a
	// run that begins with its weights. Those that are set must agree with it.
	describe() error
	// admit reads the data of a run that continues with the model that open read. They
	// must have the given hash, unless that is "".
	admit(o *Options, hash string) error

	// start makes the workspace of the run, and returns the part that the Trainer uses.
	start(o *Options) work

	// gradients runs the forward and the backward pass of these items, as the given step
	// of the run. It returns their losses, and leaves the gradients of the mean in
	// work.grad.
	gradients(items []int, step int) Evaluation
	// loss returns the losses of these items. The gradients are lost.
	loss(items []int) Evaluation
	// validate measures the model on the data set aside.
	validate(ctx context.Context) (Evaluation, error)
	// positions returns how many positions these items have, as gradients counts
	// them, and how many of these do not read padding.
	positions(items []int) (all, words int64)
	// symbols returns the number of symbols that a position has logits for.
	symbols() int

	// file returns the content of a model file with the weights of net. Some of it
	// may be net's own memory.
	file(net layers.Network) *weights.File
	// checkpoint returns the content of a checkpoint's JSON.
	checkpoint(o *Options, p progress) any
	// record returns the record of the run without its progress.
	record(o *Options) Record
	// measure fills in the statistics that depend on the kind of data.
	measure(s *EpochStats)
}

// A work is the part of a task's workspace that the Trainer uses.
type work struct {
	net, grad layers.Network
	average   layers.Network        // of the shape of net; nil without Options.Average
	zero      func() layers.Network // makes a network of the same shape
	threads   *layers.Threads

	items     int  // of the training data, in an order of their own in each epoch
	perStep   int  // items that a step takes; the last may take fewer
	validates bool // data are set aside for validation
	padded    bool // positions that read padding count
	inOrder   bool // items follow each other: every epoch takes them in their order
	classes   bool // validation counts Evaluation.Correct

	// carried is the state that a step leaves for the next one, of each layer in the
	// order of the network's; nil without inOrder.
	carried []kernels.Matrix
	// undo takes back what gradients has done to carried; nil where that is nothing.
	undo func()

	changed func() // is called when the weights have changed
}

// A resumedRun is a run as a checkpoint has it.
type resumedRun struct {
	task     Task
	options  Options
	data     string // hash of the data
	progress progress
}
