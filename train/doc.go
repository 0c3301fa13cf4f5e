// Package train trains models of text: it learns a vocabulary from documents, which
// package corpus reads, and trains an embedding, recurrent layers and an output layer to
// predict each next token. See [Text].
//
//	c, err := corpus.Read([]string{"recipes.json.gz"}, nil)
//	trainer, err := train.New(&train.Text{Documents: c.Docs}, &train.Options{Epochs: 4})
//	err = trainer.Run(ctx, &train.RunOptions{Checkpoint: "recipes.checkpoint"})
//	err = trainer.SaveModel("recipes.model")
//
// It trains models of images, which package images reads as levels: a network that
// predicts each next pixel. See [Images].
//
//	set, err := images.Read([]string{"train-images-idx3-ubyte.gz"}, &images.Options{Height: 16, Width: 16})
//	trainer, err := train.New(&train.Images{Set: set}, nil)
//
// And it trains classifiers of texts, from documents and their labels. See [Classes].
//
//	c, err := corpus.ReadLabelled([]string{"reviews.tsv"}, nil)
//	trainer, err := train.New(&train.Classes{Documents: c.Docs, Labels: c.Labels}, nil)
//
// # What a step does
//
// A batch is B sequences of up to T steps, which are documents or windows of them (see
// [Dataset]); position (t, b) reads id t of sequence b and predicts id t+1. There are no
// positions behind the end of a sequence, unless Text.CountPadding is set. The forward
// pass is that of package layers and keeps all steps; the loss is the mean of
// -ln p(next id) in nats; gradients pass back through all steps; the optimiser is Adam
// as in Keras, unless Options.Optimizer is another one. The logits of a batch are never
// in memory as a whole: they are computed in chunks of rows.
//
// With Text.Stream a batch is the next T steps of each of B tracks of one stream. Batches
// come in the order of the stream, and each begins in the state in which the one before it
// ended; gradients pass back through the steps of the batch alone. An epoch begins in the
// zero state.
//
// With images a batch is B images, in an order that differs from epoch to epoch; the
// loss is the mean of -ln p(level) over all pixels and channels. The images of a batch
// are computed a few at a time.
//
// With labelled documents a batch is B documents, in an order that differs from epoch to
// epoch, cut to T ids; the output layer reads the last states of the last layer, and the
// loss is the mean of -ln p(class) over documents.
//
// # The same bytes
//
// Equal documents and options give equal models, bit for bit: on any machine and
// instruction set, with any number of threads, and after any number of
// interruptions. Every sum runs in an order that the data fix: the gradient of a
// weight is one chain (see package kernels) over the positions of the batch, t
// first, then b, or over images and the pixels of each; a loss is a float64 sum
// over sequences or images in their order and positions in theirs. Threads share
// the work by outputs, never inside a sum.
//
// There is one exception: a vocabulary of stems (see tokenizer.Options) folds letters beyond
// ASCII by the Unicode tables of the Go release.
//
// # Concurrency
//
// A [Trainer] is for one goroutine at a time and starts its own threads. A [Dataset] or
// an [images.Set] may be shared.
package train
