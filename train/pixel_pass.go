package train

import (
	"github.com/autoreg/autoreg/layers"
)

// A pixelPass takes batches of images through a network over pixels: forward to the losses,
// and back to the gradients if it was made with room for them. It is the workspace
// of both and allocates nothing afterwards, apart from the goroutines of its threads.
//
// A batch is computed in chunks of a few images, whose feature maps stay in a cache.
// First the images of a chunk are shared out among the threads, then the weights: each
// gradient is one chain over the images of the batch in order and their pixels in
// raster order, continued from chunk to chunk. So the bits depend neither on chunks
// nor on threads.
type pixelPass struct {
	net, grad     *layers.PixelNet // grad is nil without gradients
	height, width int
	threads       *layers.Threads

	training *layers.PixelTraining
	images   []*layers.PixelImage // room for a chunk
	bounds   []int                // of each thread's share of the gradients of weights

	conditions [][]float32 // of each label; nil for none

	chunk    []layers.PixelSample // the images of the call under way
	labels   []uint8              // of these; nil without conditions
	drop     *layers.PixelDropout
	first    int // number of the chunk's first image in the batch
	scale    float32
	forwards []*layers.PixelForward // one a thread, without gradients
	loss     []float64              // of the images of a chunk
	heads    []layers.PixelHead     // one a thread

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
func newPixelPass(net *layers.PixelNet, height, width, batch, threads int, gradients bool) *pixelPass {
	p := &pixelPass{net: net, height: height, width: width, threads: layers.NewThreads(threads)}
	p.conditions = oneHot(net.Spec.ConditionLen())
	n := chunkImages(batch, threads)
	p.loss = make([]float64, n)
	for range threads {
		p.heads = append(p.heads, net.NewHead())
	}
	if !gradients {
		for range threads {
			p.forwards = append(p.forwards, net.NewForward(height, width))
		}
		p.forwardImages = p.lossImages
		return p
	}
	p.grad = layers.NewPixelNet(net.Spec)
	p.training = net.NewTraining(p.grad)
	p.bounds = p.training.Shares(threads)
	for range n {
		p.images = append(p.images, p.training.NewImage(height, width))
	}
	p.forwardImages, p.accumulate = p.trainImages, p.accumulateTasks
	return p
}

// oneHot returns n vectors of n values: vector i has a 1 in place i. It returns nil for 0.
func oneHot(n int) (list [][]float32) {
	for i := range n {
		v := make([]float32, n)
		v[i] = 1
		list = append(list, v)
	}
	return list
}

// run takes a batch through the network and returns the sum of its losses in nats,
// in float64: image by image, channel by channel of each, pixel by pixel. Gradients
// are those of the mean. Levels must be in range, and so must labels, which a network
// without a condition does not take.
func (p *pixelPass) run(images []layers.PixelSample, labels []uint8, drop *layers.PixelDropout) (sum float64) {
	values := p.height * p.width * p.net.Channels
	p.scale = 1 / float32(len(images)*values)
	if p.grad != nil {
		p.training.Begin()
	}
	p.drop, p.first = drop, 0
	for len(images) > 0 {
		n := min(len(images), len(p.loss))
		p.chunk = images[:n]
		if p.conditions != nil {
			p.labels, labels = labels[:n], labels[n:]
		}
		p.threads.Split(n, 1, p.forwardImages)
		for _, l := range p.loss[:n] {
			sum += l
		}
		if p.grad != nil {
			p.threads.Split(p.threads.Len(), 1, p.accumulate)
		}
		images = images[n:]
		p.first += n
	}
	if p.grad != nil {
		p.training.End()
	}
	return sum
}

// initialise gives layers that are weight-normalised their first lengths and biases.
func (p *pixelPass) initialise(images []layers.PixelSample, labels []uint8, drop *layers.PixelDropout) {
	var conditions [][]float32
	for _, label := range labels {
		conditions = append(conditions, p.conditions[label])
	}
	p.training.Initialise(p.images, p.threads, images, conditions, drop)
}

// lossImages computes the losses of images [from, to) of the chunk.
func (p *pixelPass) lossImages(worker, from, to int) {
	for i := from; i < to; i++ {
		if p.conditions != nil {
			p.forwards[worker].SetCondition(p.conditions[p.labels[i]])
		}
		outputs := p.forwards[worker].OutputsOf(p.chunk[i])
		p.loss[i] = p.heads[worker].Gradients(outputs, p.chunk[i], p.scale)
	}
}

// trainImages computes the losses and the gradients of all feature maps.
func (p *pixelPass) trainImages(worker, from, to int) {
	for i := from; i < to; i++ {
		if p.conditions != nil {
			p.images[i].SetCondition(p.conditions[p.labels[i]])
		}
		p.loss[i] = p.heads[worker].Gradients(p.images[i].Forward(p.chunk[i], p.drop, p.first+i), p.chunk[i], p.scale)
		p.images[i].Backward()
	}
}

// accumulateTasks adds the chunk to the gradients of shares [from, to) of the tasks.
func (p *pixelPass) accumulateTasks(_, from, to int) {
	for i := range p.chunk {
		p.images[i].Accumulate(p.bounds[from], p.bounds[to])
	}
}

// pixelPassBytes returns the memory that a pass with gradients takes, the network
// not included.
func pixelPassBytes(spec layers.PixelSpec, height, width, batch, threads int) int64 {
	image, shared := layers.PixelTrainingBytes(spec, height, width)
	return int64(chunkImages(batch, threads))*image + shared + int64(threads)*8*int64(height*width)
}
