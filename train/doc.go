// Package train makes models of text: it learns a vocabulary of documents, which package
// corpus reads, and trains Embedding, LSTM and output layer to predict each next word.
//
//	c, err := corpus.Read([]string{"recipes.json.gz"}, nil)
//	trainer, err := train.New(c.Docs, &train.Options{Epochs: 4})
//	err = trainer.Run(ctx, &train.RunOptions{Checkpoint: "recipes.checkpoint"})
//	err = trainer.SaveModel("recipes.model")
//
// And it makes models of images, which package images reads as levels: it trains a
// PixelCNN to predict each next pixel.
//
//	set, err := images.Read([]string{"train-images-idx3-ubyte.gz"}, &images.Options{Height: 16, Width: 16})
//	trainer, err := train.NewImages(set, nil)
//
// And it makes classifiers of texts, of documents and their labels: see [Classes].
//
//	c, err := corpus.ReadLabelled([]string{"reviews.tsv"}, nil)
//	trainer, err := train.New(&train.Classes{Documents: c.Docs, Labels: c.Labels}, nil)
//
// # What a step does
//
// A batch is B sequences of up to T steps, which are documents or windows of them (see
// [Dataset]); position (t, b) reads id t of sequence b and is to predict id t+1. There
// are no positions behind the end of a sequence, unless Options.CountPadding asks for
// them. The forward pass is that of package layers, all steps kept; the loss is the
// mean of -ln p(next id) in nats; gradients go back through all steps; the optimiser is
// Adam as Keras has it. The scores of a batch are never in memory as a whole: they come
// and go in chunks of rows.
//
// Of images a batch is B of them, others in each epoch; the loss is the mean of
// -ln p(level) over all pixels and channels. Images go forward and back a few at a
// time.
//
// Of labelled documents a batch is B of them, others in each epoch, cut to T ids; the
// output layer reads the last states of the last layer, and the loss is the mean of
// -ln p(class) over documents.
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
// # Concurrency
//
// A [Trainer] or [ImageTrainer] is for one goroutine at a time and starts its own
// threads. A [Dataset] or an [images.Set] may be shared.
package train
