package layers

// A PixelState is one image, drawn or scored level by level in raster order, channels
// innermost, for one goroutine at a time. Each activation is computed once: a level
// takes one step, whatever the size of the image. It allocates nothing once it exists.
type PixelState struct {
	steps        *pixelSteps
	head         PixelHead
	levels       []uint8 // [H·W·C] so far
	next         int     // the level to come
	featuresDone bool    // its features are computed
	logitsDone   int     // channels of this pixel whose logits are computed
}

// NewState returns an image of height×width pixels at its start. It panics unless
// both are positive multiples of the description's SizeUnit.
func (n *PixelNet) NewState(height, width int) *PixelState {
	n.checkSize(height, width, "layers: PixelNet: NewState: a size that the network does not have")
	return &PixelState{
		steps:  n.newSteps(1, height, width, 1, 0),
		head:   n.NewHead(),
		levels: make([]uint8, height*width*n.Channels),
	}
}

// SetCondition sets what the image is conditioned on: ConditionLen values, at first 0. It
// panics if the length is wrong or the image has begun.
func (s *PixelState) SetCondition(v []float32) {
	if s.next > 0 || s.featuresDone {
		panic("layers: PixelState: SetCondition: the image has begun")
	}
	s.steps.net.setCondition(&s.steps.run, 0, v)
}

// Done reports whether the image is complete.
func (s *PixelState) Done() bool { return s.next == len(s.levels) }

// Next returns how many levels have been consumed: the next one is that of channel
// Next()%C of pixel Next()/C.
func (s *PixelState) Next() int { return s.next }

// Levels returns the levels [H·W·C] so far; they are s's own.
func (s *PixelState) Levels() []uint8 { return s.levels[:s.next] }

// Logits writes the logits of the next level into dst [Levels]. It panics if the length
// is wrong or the image is complete.
func (s *PixelState) Logits(dst []float32) {
	if len(dst) != s.steps.net.Levels {
		panic("layers: PixelState: Logits: len(dst) is not the number of levels")
	}
	g := s.outputs("layers: PixelState: Logits: the image is complete")
	s.head.Logits(dst, s.steps.outputs(0, 0), s.levels[s.next-g:s.next], g)
}

// DrawLevel draws the next level; see PixelDrawer. It panics if the image is complete, and
// unless the network Draws.
func (s *PixelState) DrawLevel(u, v float64) int {
	g := s.outputs("layers: PixelState: DrawLevel: the image is complete")
	return s.head.(PixelDrawer).DrawLevel(s.steps.outputs(0, 0), s.levels[s.next-g:s.next], g, u, v)
}

// outputs computes the outputs of the next level's pixel that belong to its channel, and
// returns that.
func (s *PixelState) outputs(full string) (g int) {
	g = s.features(full)
	if g >= s.logitsDone { // a channel's logits read the nodes of those before
		s.steps.compute(false, s.logitsDone, g+1)
		s.logitsDone = g + 1
	}
	return g
}

// Advance consumes the next level, drawn or known. It does not compute logits. It
// panics if the level is out of range or the image is complete.
func (s *PixelState) Advance(level int) {
	s.steps.net.input(level) // panics before anything is written
	g := s.features("layers: PixelState: Advance: the image is complete")
	pixel := s.next / s.steps.net.Channels
	s.steps.set(0, pixel/s.steps.width, pixel%s.steps.width, g, level)
	s.levels[s.next] = uint8(level)
	s.next++
	s.featuresDone = false
}

// features computes, once, the nodes that logits of the next level and later
// pixels read, and returns its channel. If the image is complete it panics with full.
func (s *PixelState) features(full string) (g int) {
	if s.Done() {
		panic(full)
	}
	steps := s.steps
	pixel, g := s.next/steps.net.Channels, s.next%steps.net.Channels
	if !s.featuresDone {
		if g == 0 {
			steps.moveTo(pixel/steps.width, pixel%steps.width, 1)
			s.logitsDone = 0
		}
		steps.compute(true, g, g+1)
		s.featuresDone = true
	}
	return g
}

// Reset goes back to the start of an image.
func (s *PixelState) Reset() {
	s.steps.reset()
	s.next, s.featuresDone = 0, false
}

// CopyFrom makes s a fork of src. It panics if they are of different networks or
// sizes.
func (s *PixelState) CopyFrom(src *PixelState) {
	if s.steps.net != src.steps.net || s.steps.height != src.steps.height || s.steps.width != src.steps.width {
		panic("layers: PixelState: CopyFrom: different networks or sizes")
	}
	if s == src {
		return
	}
	s.steps.copyFrom(src.steps)
	copy(s.levels, src.levels[:src.next])
	s.next, s.featuresDone, s.logitsDone = src.next, src.featuresDone, src.logitsDone
}

// StateBytes returns the memory that NewState allocates for a size, of 64 bits on
// every machine.
func (n *PixelNet) StateBytes(height, width int) int64 {
	return n.stepsBytes(1, height, width, 1) + int64(height)*int64(width)*int64(n.Channels)
}

// Bytes returns the memory that s holds, the network's weights not included.
func (s *PixelState) Bytes() int { return 4*len(s.steps.memory) + len(s.levels) }
