package layers

import "github.com/autoreg/autoreg/kernels"

// PixelDropout says which values training sets to 0: others at each step, and of each
// image. The rest grow by 1/(1 - Share), so that sums stay what they are on average.
//
// Value j of a pixel is decided by half-word j%8 of the block of Philox-4×32-10 with the key
// Seed and the counter (j/8, pixel, node + ⌊Step/2³²⌋·2¹⁶, Step). node is the node's number in
// the graph's order of computation: another order of nodes drops other values. pixel is
// i·P + p for pixel p of image i of the batch, P being the pixels that the node has at its
// resolution. With counters the result depends neither on threads nor on resumes.
//
// Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting,
// 2014.
type PixelDropout struct {
	Share float64 // 0 or more and less than 1, in steps of 2⁻¹⁶
	Seed  uint64
	Step  uint64
}

// scale returns the factor of the values that are kept.
func (d *PixelDropout) scale() float32 { return float32(1 / (1 - d.Share)) }

// A dropMask says which values of a node are kept: a bit for each, words of a pixel side by
// side.
type dropMask struct {
	words int // of a pixel
	bits  []uint64
}

func newDropMask(n *pixelNode, height, width int) dropMask {
	words := (n.width + 63) / 64
	return dropMask{words, make([]uint64, words*(height>>n.resolution)*(width>>n.resolution))}
}

// draw decides about all values of a node in image number item of the batch.
func (m *dropMask) draw(d *PixelDropout, n *pixelNode, item int) {
	pixels := len(m.bits) / m.words
	counter := [4]uint32{0, uint32(item * pixels), uint32(n.id) + uint32(d.Step>>32)<<16, uint32(d.Step)}
	key := [2]uint32{uint32(d.Seed), uint32(d.Seed >> 32)}
	kernels.KeepMask16(m.bits, m.words, counter, key, uint16(d.Share*(1<<16)))
}

// apply sets dst to the values of x that are kept, multiplied by scale, and otherwise to 0.
func (m *dropMask) apply(dst, x *pixelMap, height, width int, scale float32) {
	n := width * x.width
	for r := range height {
		kept := m.bits[r*width*m.words:][:width*m.words]
		kernels.Drop(dst.data[dst.at+r*dst.row:][:n], x.data[x.at+r*x.row:][:n], kept, x.width, scale)
	}
}
