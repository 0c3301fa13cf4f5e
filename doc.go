// Package autoreg runs small autoregressive models inside any Go program: text,
// one token at a time, and images, one pixel at a time.
//
//	m, err := autoreg.Open[*autoreg.TextModel]("recipes.safetensors")
//	if err != nil {
//		log.Fatal(err)
//	}
//	for piece, err := range m.Text(ctx, "recipe for roasted", &autoreg.GenerateOptions{Seed: 42}) {
//		if err != nil {
//			log.Fatal(err)
//		}
//		fmt.Print(piece.Text)
//	}
//
// [Load], [Open] and [LoadFS] read a model from one file; their type parameter says
// which kind is wanted. A [Model] is any kind: a program that does not know the kind of
// a file opens it as a Model and finds out by a type switch. A model never changes.
//
// # Text
//
// [TextModel.Generate] and [TextModel.Text] continue a prompt and report why the text
// ended and which seed it had; GenerateOptions.Sampling says how tokens are drawn, and
// Alternatives lists what else could have been. [TextModel.Beam] searches for the
// likeliest continuations. [TextModel.Score] returns the log-likelihood of given texts,
// and [TextModel.ScoreEach] that of each text and token.
//
// Below them, a [Stream] is one sequence under way: it consumes tokens, returns the logits
// of the next one, and can be forked and reset. [Stream.Snapshot] keeps it as bytes, from
// which [TextModel.Restore] makes it again, and any number of texts go on from it by
// GenerateOptions.From. A [Group] steps many streams together, faster than each alone.
// Data flows
//
//	text → tokenizer → tokens → Stream → logits → sampler → token → text
//
// # Images
//
// An [ImageModel] draws images of 2 to 256 levels a pixel, grey or in colour:
//
//	m, err := autoreg.Open[*autoreg.ImageModel]("clothes.safetensors")
//	if err != nil {
//		log.Fatal(err)
//	}
//	images, err := m.Draw(ctx, &autoreg.DrawOptions{Seed: 42, Count: 16})
//	img := m.Render(images[0].Levels, 0, 0) // an image.Image
//
// [ImageModel.Draw] draws new images, or completes a given one; [ImageModel.Score]
// returns the log-likelihood of given images. A [Canvas] is one image under way in raster
// order, for loops of your own. Image n of a seed does not depend on other images that
// are drawn with it, nor on which of these draws it.
//
// # Classes of texts
//
// A [Classifier] reads a text as a whole: [Classifier.Classify] gives the probability of
// each class, [Classifier.Score] says how well the model tells labelled texts apart.
//
// # Sequences of numbers
//
// A [VectorModel] reads a vector of numbers a step and writes one: a [VectorStream] is one
// such sequence under way, with Step, Reset, Fork and Snapshot, a [VectorGroup] steps many
// together, and [VectorModel.Run] takes a sequence whole, also by models that read it in
// both directions.
//
// # The step loop
//
// Texts and images are drawn by one loop, sampler.Chain.Run over a sampler.Source, which
// a Stream and a Canvas are. Its steps have the symbol, its log-probability if that is
// asked for, and with the last one the reason why the sequence ends.
//
// # Same model, same seed, same bytes
//
// Logits, texts and images are bit-identical on every CPU and instruction set, on any
// number of threads, alone or together with other streams. Package kernels defines the
// arithmetic, package sampler the draw.
//
// # Concurrency and memory
//
// Any number of goroutines may use one model. A Stream or Canvas belongs to one at a
// time; a Stream costs a few kilobytes, a Canvas some ten times as much, and once it
// exists neither stepping nor sampling allocates.
package autoreg
