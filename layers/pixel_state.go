package layers

// A PixelState is one image under way in raster order, channels innermost, for
// one goroutine at a time. Each activation is computed once: a level costs one
// step, whatever the size of the image. It allocates nothing once it exists.
type PixelState struct {
	front  *front
	levels []uint8 // [H·W·C] so far
	next   int     // the level to come
	begun  bool    // its features are computed
	headed int     // channels of this pixel whose scores are computed
}

// NewState returns an image of height×width pixels at its start. It panics unless
// both are positive.
func (n *PixelCNN) NewState(height, width int) *PixelState {
	if height < 1 || width < 1 {
		panic("layers: PixelCNN: NewState: no pixels")
	}
	return &PixelState{
		front:  n.newFront(1, height, width, 1, 0, true),
		levels: make([]uint8, height*width*n.Channels),
	}
}

// Done reports whether the image is complete.
func (s *PixelState) Done() bool { return s.next == len(s.levels) }

// Next returns how many levels have been consumed: that of channel Next()%C of
// pixel Next()/C is to come.
func (s *PixelState) Next() int { return s.next }

// Levels returns the levels [H·W·C] so far; they are s's own.
func (s *PixelState) Levels() []uint8 { return s.levels[:s.next] }

// Logits writes unnormalised natural-log scores of the next level into dst
// [Levels]. It panics if the length is wrong or the image is complete.
func (s *PixelState) Logits(dst []float32) {
	f := s.front
	if len(dst) != f.net.Levels {
		panic("layers: PixelState: Logits: len(dst) is not the number of levels")
	}
	g := s.features("layers: PixelState: Logits: the image is complete")
	if g >= s.headed { // a channel's scores look back at those before
		f.net.Head(&f.maps, s.headed, g+1)
		s.headed = g + 1
	}
	copy(dst, f.scores(0, g))
}

// Advance consumes the next level, drawn or known. What only scores need is not
// computed. It panics if the level is out of range or the image is complete.
func (s *PixelState) Advance(level int) {
	s.front.net.level(level) // panics before anything is written
	g := s.features("layers: PixelState: Advance: the image is complete")
	pixel := s.next / s.front.net.Channels
	s.front.set(0, pixel/s.front.width, pixel%s.front.width, g, level)
	s.levels[s.next] = uint8(level)
	s.next++
	s.begun = false
}

// features computes what the scores of the next level and later pixels need, once,
// and returns its channel. If the image is complete it panics with full.
func (s *PixelState) features(full string) (g int) {
	if s.Done() {
		panic(full)
	}
	f := s.front
	pixel, g := s.next/f.net.Channels, s.next%f.net.Channels
	if !s.begun {
		if g == 0 {
			f.beginRow(pixel / f.width)
			f.place(pixel/f.width, pixel%f.width, 1)
			s.headed = 0
		}
		f.net.Features(&f.maps, g, g+1)
		s.begun = true
	}
	return g
}

// Reset goes back to the start of an image.
func (s *PixelState) Reset() {
	s.front.reset()
	s.next, s.begun = 0, false
}

// CopyFrom makes s a fork of src. It panics if they are of different networks or
// sizes.
func (s *PixelState) CopyFrom(src *PixelState) {
	f, from := s.front, src.front
	if f.net != from.net || f.height != from.height || f.width != from.width {
		panic("layers: PixelState: CopyFrom: different networks or sizes")
	}
	if s == src {
		return
	}
	copy(f.slabs, from.slabs)
	f.begun = from.begun
	copy(s.levels, src.levels[:src.next])
	s.next, s.begun, s.headed = src.next, false, 0
	if g := s.next % f.net.Channels; g > 0 { // the pixel has begun
		pixel := s.next / f.net.Channels
		f.place(pixel/f.width, pixel%f.width, 1)
		f.net.Features(&f.maps, 0, g)
	}
}

// StateBytes returns the memory that NewState allocates for a size, of 64 bits on
// every machine.
func (n *PixelCNN) StateBytes(height, width int) int64 {
	return 4*n.frontSizes(1, height, width, 1, true).all + int64(height)*int64(width)*int64(n.Channels)
}

// Bytes returns the memory that s holds, the network's weights not included.
func (s *PixelState) Bytes() int { return 4*len(s.front.all) + len(s.levels) }
