package promises

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
)

// The same promise for images; see golden_test.go.
const (
	goldenGreyLogits   = "4143db12908f9092cba385da3662c1eb3fa0c106c94eafbf9ee83b882eec17c3"
	goldenGreyImages   = "7db0eb201a5d9b46997721ef57b2b3599d53ddaed21dbd31bea2f9f62c383a0e"
	goldenColourLogits = "158ac0d387662ef983d234ead0fb25373540c2700a7471df8b0e5ae329a860b4"
	goldenColourImages = "f5a4193646e008da4fe021f7cafa412abc78afb3748b271e825d98ca77b29fa3"
)

// goldenPixels returns an image model of fixed weights.
func goldenPixels(t *testing.T, c model.PixelConfig) (*layers.PixelNet, *autoreg.ImageModel) {
	t.Helper()
	p := model.NewPixel(c)
	for i, l := range p.Net.Convs() {
		w, b := l.Weights()
		scale := float32(4) // a power of two near 3/√inputs
		for scale*scale*float32(l.InLen()*l.Spec().Rows*l.Spec().Rows) > 9 {
			scale /= 2
		}
		testkit.Values(w, uint64(2*i+1), scale)
		testkit.Values(b, uint64(2*i+2), 0.25)
		l.SetWeights(w, b)
	}
	var file bytes.Buffer
	if _, err := p.File().WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	m, err := autoreg.Load[*autoreg.ImageModel](&file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p.Net, m
}

// TestGoldenPixels computes logits of images at once and from a canvas's caches, and
// draws images: several seeds, temperatures, the likeliest levels only, a part given.
func TestGoldenPixels(t *testing.T) {
	for _, c := range []struct {
		name           string
		config         model.PixelConfig
		logits, images string
	}{
		{"grey", model.PixelConfig{Height: 9, Width: 8, PixelSpec: layers.PixelCNN{
			Channels: 1, Levels: 4, Filters: 66, Blocks: 2, Kernel: 7}}, goldenGreyLogits, goldenGreyImages},
		{"colour", model.PixelConfig{Height: 5, Width: 7, PixelSpec: layers.PixelCNN{
			Channels: 3, Levels: 9, Filters: 50, Blocks: 1, Kernel: 5}}, goldenColourLogits, goldenColourImages},
	} {
		net, m := goldenPixels(t, c.config)
		height, width := m.Size()
		rng := rand.New(rand.NewPCG(1, 2))
		known, mask := make([]uint8, height*width*m.Channels()), make([]bool, height*width)
		for i := range known {
			known[i] = uint8(rng.IntN(m.Levels()))
		}
		for i := range mask {
			mask[i] = rng.IntN(3) == 0
		}
		testkit.EachISA(t, func(t *testing.T, isa string) {
			canvas, err := m.NewCanvas(0, 0)
			if err != nil {
				t.Fatal(err)
			}
			var cached []float32
			logits := make([]float32, m.Levels())
			for _, v := range known {
				canvas.Logits(logits)
				canvas.Advance(int(v))
				cached = append(cached, logits...)
			}
			if got := hashFloats(cached); got != c.logits {
				t.Errorf("%s: %s: hash of the logits is %s, want %s", isa, c.name, got, c.logits)
			}
			whole := net.NewForward(height, width).Outputs(known)
			each := whole.Cols / m.Channels()
			for i := range known {
				at := i/m.Channels()*whole.Row + i%m.Channels()*each
				if d := testkit.Diff(whole.Data[at:][:m.Levels()], cached[i*m.Levels():][:m.Levels()]); d != "" {
					t.Errorf("%s: %s: level %d: of the whole image, score%s", isa, c.name, i, d)
				}
			}

			all := scoredAndDrawn(t, isa, m, canvas, known, []autoreg.DrawOptions{
				{Count: 3},
				{Count: 2, First: 1000, Temperature: new(0.7)},
				{TopK: 2},
				{TopK: 3, Temperature: new(1.5)},
				{Temperature: new(0.0)},
				{Known: known, Mask: mask},
			})
			if got := hash(all); got != c.images {
				t.Errorf("%s: %s: hash of the painted images is %s, want %s; they begin %v", isa, c.name, got, c.images, all[8:200])
			}
		})
	}
}

// scoredAndDrawn returns the score of known and what is drawn with options, the number of each
// being its seed. The first draws 3 images, and a canvas must draw the last of them.
func scoredAndDrawn(t *testing.T, isa string, m *autoreg.ImageModel, canvas *autoreg.Canvas, known []uint8, options []autoreg.DrawOptions) (all []byte) {
	t.Helper()
	score, err := m.Score(t.Context(), slices.Values([][]uint8{known}), nil)
	if err != nil {
		t.Fatal(err)
	}
	all = binary.LittleEndian.AppendUint64(all, math.Float64bits(score.Loss))
	for i, o := range options {
		o.Seed, o.Threads = uint64(i), 2
		list, err := m.Draw(t.Context(), &o)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			all = append(all, p.Levels...)
			all = binary.LittleEndian.AppendUint64(all, math.Float64bits(p.KnownLogProb))
		}
		if i > 0 {
			continue
		}
		canvas.Reset()
		for _, err := range canvas.Draw(t.Context(), sampler.New(0), 2) {
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := canvas.Levels(nil); !bytes.Equal(got, list[2].Levels) {
			t.Errorf("%s: %d channels: a canvas draws %v, Draw %v", isa, m.Channels(), got, list[2].Levels)
		}
	}
	return all
}
