// Package autoreg runs small autoregressive models inside any Go program: text,
// one word at a time, and images, one pixel at a time.
//
//	m, err := autoreg.Open("recipes.safetensors")
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
// A [Model] is loaded from one file and never changes. [Model.Generate] and
// [Model.Text] go from a prompt to text and report how it ended; [Model.Probs] shows what the model
// thinks comes next; [Model.Score] tells how well it predicts a given text.
// Below them, a [Stream] is one sequence of symbols under way: feed it, score
// what comes next, fork it, start over. Data flows
//
//	text → tokenizer → symbols → Stream → scores → sampler → symbol → text
//
// # Images
//
// A [PixelModel] draws pictures of a few levels a pixel, grey or in colour:
//
//	m, err := autoreg.OpenPixel("clothes.safetensors")
//	if err != nil {
//		log.Fatal(err)
//	}
//	paintings, err := m.Paint(ctx, &autoreg.PaintOptions{Seed: 42, Count: 16})
//	picture := m.Render(paintings[0].Levels, 0, 0) // an image.Image
//
// [PixelModel.Paint] draws new pictures, or completes a given one;
// [PixelModel.Score] tells how well the model predicts some. A [Canvas] is one
// picture under way in raster order, for loops of your own. Image n of a seed is
// the same whatever it is drawn with and however.
//
// # Same model, same seed, same bytes
//
// Scores and generated text are bit-identical on every CPU and instruction set,
// on any number of threads, alone or beside other streams. Package kernels has
// the arithmetic that makes it so, package sampler defines the draw.
//
// # Concurrency and memory
//
// Any number of goroutines may use one Model or PixelModel. A Stream or Canvas
// belongs to one at a time; a Stream costs a few kilobytes, a Canvas some ten times
// as much, and once it exists neither stepping nor sampling allocates.
package autoreg
