package train

import (
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// A pixelPass takes batches of images through a PixelCNN: forward to the losses,
// and back to the gradients if it was made with room for them. It is the workspace
// of both and allocates nothing afterwards, apart from the goroutines of its threads.
//
// A batch is computed in chunks of a few images, whose feature maps stay in a cache.
// First the images of a chunk are shared out among the threads, then the weights: each
// gradient is one chain over the images of the batch in order and their pixels in
// raster order, continued from chunk to chunk. So the bits depend neither on chunks
// nor on threads.
type pixelPass struct {
	net, grad     *layers.PixelCNN // grad is nil without gradients
	height, width int
	threads       *layers.Threads

	convs  []pixelLayer  // of net, with gradients and transposed weights
	images []*pixelImage // room for a chunk
	tasks  []weightTask
	bounds []int       // of each thread's tasks
	grads  [][]float32 // of all layers

	chunk    [][]uint8 // the images of the call under way
	scale    float32
	forwards []*layers.PixelForward // one a thread, without gradients
	loss     []float64              // of the images of a chunk
	losses   [][]float32            // one a thread: of the levels of an image
	targets  [][]int32              // one a thread: the same levels

	forwardImages, accumulate func(worker, from, to int) // bound once: a closure allocates
}

// chunkImages returns the images of a chunk. One thread takes one image at a time, whose
// feature maps, 4 MB of the reference model, are then still in a cache when the gradients
// of the weights read them: 10 % faster than four images. With two images a thread,
// several threads wait less for each other.
func chunkImages(batch, threads int) int {
	if threads == 1 {
		return 1
	}
	return min(batch, 2*threads)
}

// newPixelPass returns a pass for batches of up to batch images of height×width
// pixels.
func newPixelPass(net *layers.PixelCNN, height, width, batch, threads int, gradients bool) *pixelPass {
	p := &pixelPass{net: net, height: height, width: width, threads: layers.NewThreads(threads)}
	n := chunkImages(batch, threads)
	p.loss = make([]float64, n)
	for range threads {
		p.losses = append(p.losses, make([]float32, height*width))
		p.targets = append(p.targets, make([]int32, height*width))
	}
	if !gradients {
		for range threads {
			p.forwards = append(p.forwards, net.NewForward(height, width))
		}
		p.forwardImages = p.lossImages
		return p
	}
	p.grad = layers.NewPixelCNN(net.PixelConfig)
	p.grads = p.grad.Values()
	p.convs = newPixelLayers(net, p.grad)
	p.tasks = weightTasks(p.convs)
	p.bounds = shares(p.convs, p.tasks, threads)
	for range n {
		p.images = append(p.images, newPixelImage(net, height, width))
	}
	p.forwardImages, p.accumulate = p.trainImages, p.accumulateTasks
	return p
}

// run takes a batch through the network and returns the sum of its losses in nats,
// in float64: image by image, channel by channel of each, pixel by pixel. Gradients
// are those of the mean. Levels must be in range.
func (p *pixelPass) run(images [][]uint8) (sum float64) {
	values := p.height * p.width * p.net.Channels
	p.scale = 1 / float32(len(images)*values)
	if p.grad != nil {
		for _, g := range p.grads {
			clear(g)
		}
		for i := range p.convs[1:] {
			p.convs[1+i].transpose()
		}
	}
	for len(images) > 0 {
		n := min(len(images), len(p.loss))
		p.chunk = images[:n]
		p.threads.Split(n, 1, p.forwardImages)
		for _, l := range p.loss[:n] {
			sum += l
		}
		if p.grad != nil {
			p.threads.Split(p.threads.Len(), 1, p.accumulate)
		}
		images = images[n:]
	}
	return sum
}

// lossImages computes the losses of images [from, to) of the chunk.
func (p *pixelPass) lossImages(worker, from, to int) {
	for i := from; i < to; i++ {
		logits := p.forwards[worker].Logits(p.chunk[i])
		p.loss[i] = p.crossEntropy(worker, logits, p.chunk[i])
	}
}

// trainImages computes the losses and the gradients of all feature maps.
func (p *pixelPass) trainImages(worker, from, to int) {
	for i := from; i < to; i++ {
		m := p.images[i]
		p.net.SetLevels(&m.maps.Input, p.chunk[i])
		p.net.Features(&m.maps, 0, p.net.Channels)
		p.net.Head(&m.maps, 0, p.net.Channels)
		s := &m.maps.Logits
		p.loss[i] = p.crossEntropy(worker, kernels.RowMajor(s.Data, p.height*p.width, s.PixelStride), p.chunk[i])
		m.backward(p.convs)
	}
}

// crossEntropy replaces the logits of an image by their gradients and returns the
// sum of its losses.
func (p *pixelPass) crossEntropy(worker int, logits kernels.Matrix, levels []uint8) (sum float64) {
	loss, targets, C := p.losses[worker], p.targets[worker], p.net.Channels
	each := logits.Cols / C
	for g := range C {
		for i := range targets {
			targets[i] = int32(levels[i*C+g])
		}
		x := logits
		x.Data = logits.Data[g*each:]
		x.Cols = p.net.Levels
		kernels.SoftmaxCrossEntropy(x, targets, p.scale, loss)
		for _, l := range loss {
			sum += float64(l)
		}
	}
	return sum
}

// accumulateTasks adds the chunk to the gradients of shares [from, to) of the tasks.
func (p *pixelPass) accumulateTasks(_, from, to int) {
	for i := range p.chunk {
		for _, t := range p.tasks[p.bounds[from]:p.bounds[to]] {
			p.images[i].accumulate(p.convs, t)
		}
	}
}

// pixelPassBytes returns the memory that a pass with gradients takes, the network
// not included.
func pixelPassBytes(c layers.PixelConfig, height, width, batch, threads int) int64 {
	pixels, F, half := int64(height*width), int64(c.Filters), int64(c.Filters/2)
	border := int64(c.Kernel / 2)
	logits := int64((c.Levels+15)/16*16) * int64(c.Channels)
	blocks := int64(c.Blocks)
	image := (int64(height)+border)*(int64(width)+border)*int64(c.Channels) +
		pixels*(F*(3*blocks+6)+half*3*blocks+logits) +
		int64(height+1)*int64(width+1)*half*(blocks+1) + slack*(4*blocks+8)
	weights := 2 * c.Sizes().Packed // gradients and transposed copies
	return 4 * (int64(chunkImages(batch, threads))*image + weights + int64(threads)*2*pixels)
}
