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
// which kind is wanted. A [Model] is any kind: a program that does not know what a file
// holds opens it as that and finds out by a type switch. A model never changes.
//
// # Text
//
// [TextModel.Generate] and [TextModel.Text] go from a prompt to text and report how it
// ended; [TextModel.Probs] lists what the model expects next; [TextModel.Score] says how
// well it predicts given texts. Below them, a [Stream] is one sequence under way: feed
// it, get the logits of what comes next, fork it, start over. Data flows
//
//	text → tokenizer → tokens → Stream → logits → sampler → token → text
//
// # Images
//
// An [ImageModel] draws images of a few levels a pixel, grey or in colour:
//
//	m, err := autoreg.Open[*autoreg.ImageModel]("clothes.safetensors")
//	if err != nil {
//		log.Fatal(err)
//	}
//	images, err := m.Draw(ctx, &autoreg.DrawOptions{Seed: 42, Count: 16})
//	img := m.Render(images[0].Levels, 0, 0) // an image.Image
//
// [ImageModel.Draw] draws new images, or completes a given one; [ImageModel.Score] says
// how well the model predicts given images. A [Canvas] is one image under way in raster
// order, for loops of your own. Image n of a seed is the same whatever is drawn with it,
// and whichever way it is drawn.
//
// # Classes of texts
//
// A [Classifier] reads a text as a whole: [Classifier.Classify] gives the probability of
// each class, [Classifier.Score] says how well the model tells labelled texts apart.
//
// # The step loop
//
// Texts and images are drawn by one loop, sampler.Chain.Run over a sampler.Source, which
// a Stream and a Canvas are. Its steps have the symbol, its log-probability if that is
// asked for, and the reason why the sequence ends.
//
// # Same model, same seed, same bytes
//
// Logits, texts and images are bit-identical on every CPU and instruction set, on any
// number of threads, alone or beside other streams. Package kernels has the arithmetic
// that makes it so, package sampler defines the draw.
//
// # Concurrency and memory
//
// Any number of goroutines may use one model. A Stream or Canvas belongs to one at a
// time; a Stream costs a few kilobytes, a Canvas some ten times as much, and once it
// exists neither stepping nor sampling allocates.
package autoreg
