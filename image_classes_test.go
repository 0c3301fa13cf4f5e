package autoreg

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

func oneHot(m *ImageModel, class int) []float32 {
	v := make([]float32, m.Classes())
	v[class] = 1
	return v
}

// However images of classes are drawn, they are the same: together, alone, on a canvas that
// was used before or forked, and as the naive sampler draws them. Images of different
// classes differ.
func TestClassDraws(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, channels := range []int{1, 3} {
			m := classModel(channels, 4)
			known, mask := make([]uint8, 6*4*channels), make([]bool, 6*4)
			for i := range mask {
				mask[i] = i%5 < 2
			}
			for _, o := range []DrawOptions{
				{Seed: 3, Count: 5, Classes: []int{2, 0, 3, 3, 1}},
				{Seed: 5, Count: 3, Classes: []int{1, 2, 0}, Known: known, Mask: mask},
			} {
				images, err := m.Draw(t.Context(), &o)
				if err != nil {
					t.Fatal(err)
				}
				for n, img := range images {
					if n > 1 && testing.Short() { // the naive sampler takes most of the time
						break
					}
					want := naiveMixture(m, &o, n)
					if !slices.Equal(img.Levels, want.Levels) || img.KnownLogProb != want.KnownLogProb || img.Class != o.Classes[n] {
						t.Fatalf("%s: %d channels: image %d of class %d is not that of the naive sampler", isa, channels, n, img.Class)
					}
					alone := o
					alone.First, alone.Count, alone.Classes = n, 1, o.Classes[n:n+1]
					if got, err := m.Draw(t.Context(), &alone); err != nil || !slices.Equal(got[0].Levels, img.Levels) {
						t.Errorf("%s: %d channels: image %d alone differs (%v)", isa, channels, n, err)
					}
					if o.Known == nil {
						checkClassCanvas(t, m, &o, img)
					}
				}
			}
			same, err := m.Draw(t.Context(), &DrawOptions{Count: 3, Classes: []int{2}})
			if err != nil {
				t.Fatal(err)
			}
			other, err := m.Draw(t.Context(), &DrawOptions{Count: 3, Classes: []int{2, 3, 2}})
			if err != nil {
				t.Fatal(err)
			}
			for i := range same {
				if equal := slices.Equal(same[i].Levels, other[i].Levels); equal != (i != 1) {
					t.Errorf("%s: %d channels: image %d: with classes 2 2 2 and 2 3 2 the same is %t", isa, channels, i, equal)
				}
			}
		}
	})
}

// checkClassCanvas draws an image on a canvas, twice, and on one that was of another class.
func checkClassCanvas(t *testing.T, m *ImageModel, o *DrawOptions, img Image) {
	t.Helper()
	c, err := m.NewClassCanvas(img.Class, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	fork, err := m.NewClassCanvas((img.Class+1)%m.Classes(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	draw := func(c *Canvas) []uint8 {
		for _, err := range c.Draw(t.Context(), naiveChain(o), uint64(img.Number)) {
			if err != nil {
				t.Fatal(err)
			}
		}
		return c.Levels(nil)
	}
	first := draw(c)
	c.Reset()
	fork.Advance(7)
	fork.CopyFrom(c)
	for name, levels := range map[string][]uint8{"at first": first, "after Reset": draw(c), "after CopyFrom": draw(fork)} {
		if !slices.Equal(levels, img.Levels) {
			t.Errorf("image %d of class %d on a canvas, %s: another image", img.Number, img.Class, name)
		}
	}
}

// Score takes each image by its class, whole or in rows, with any number of threads.
func TestClassScore(t *testing.T) {
	m := classModel(3, 4)
	images := manyImages(m, 6, 4, 7)
	classes := []int{1, 0, 3, 3, 2, 1, 0}
	mixture := layers.Mixture{Channels: 3, Components: 3}
	scratch, f := mixture.NewScratch(), m.pixel.Net.NewForward(6, 4)
	loss := func(levels []uint8, class int) (sum float64) {
		f.SetCondition(oneHot(m, class))
		out := f.Outputs(levels)
		for p := range 24 {
			sum -= mixture.LogProb(out.Data[p*out.Row:][:mixture.Width()], levels[p*3:][:3], scratch)
		}
		return sum
	}
	each, one := 0.0, 0.0
	for i, levels := range images {
		each += loss(levels, classes[i])
		one += loss(levels, 2)
	}
	if each == one {
		t.Fatal("the class has no influence")
	}
	for threads := 1; threads <= 3; threads++ {
		for _, c := range []struct {
			classes []int
			want    float64
		}{{classes, each}, {[]int{2}, one}} {
			got, err := m.Score(t.Context(), slices.Values(images), &ScoreOptions{Threads: threads, Classes: c.classes})
			if err != nil || got.Loss != c.want {
				t.Errorf("classes %v, %d threads: %+v, %v; want a loss of %v", c.classes, threads, got, err, c.want)
			}
		}
	}
	s := &imageScorer{ctx: t.Context(), model: m, height: 6, width: 4}
	rows := &scoreThread{condition: m.newCondition(), head: m.pixel.Net.NewHead(), losses: make([]float64, 24*m.pixel.Net.NewHead().LossesPerPixel())}
	rows.wavefront = m.pixel.Net.NewWavefront(1, 6, 4)
	for i, levels := range images {
		if got, want := s.inRows(rows, levels, classes[i]), loss(levels, classes[i]); got != want {
			t.Errorf("image %d in rows: %v, want %v", i, got, want)
		}
	}
}

func TestClassesRefused(t *testing.T) {
	with, without := classModel(1, 4), mixtureModel(1)
	if with.Classes() != 4 || without.Classes() != 0 || smallPixels(1).Classes() != 0 {
		t.Error("wrong number of classes")
	}
	images := manyImages(with, 6, 4, 3)
	draw := func(m *ImageModel, count int, classes ...int) func() error {
		return func() error {
			_, err := m.Draw(t.Context(), &DrawOptions{Count: count, Classes: classes, OnRow: func(int, int, []uint8) { t.Error("an image was begun") }})
			return err
		}
	}
	score := func(m *ImageModel, classes ...int) func() error {
		return func() error {
			_, err := m.Score(t.Context(), slices.Values(images), &ScoreOptions{Classes: classes})
			return err
		}
	}
	canvas := func(m *ImageModel, class int) func() error {
		return func() error { _, err := m.NewClassCanvas(class, 0, 0); return err }
	}
	for name, c := range map[string]struct {
		do    func() error
		field string
		want  string
	}{
		"draw, missing":          {draw(with, 2), "Classes", "Classes is missing: the model is conditioned on 4 classes"},
		"draw, too few":          {draw(with, 3, 1, 2), "Classes", "Classes has 2 classes for 3 images: want one for all or one for each"},
		"draw, too many":         {draw(with, 0, 1, 2), "Classes", "Classes has 2 classes for 1 images"},
		"draw, beyond":           {draw(with, 3, 1, 2, 4), "Classes", "Classes: the class is 4: want 0 to 3"},
		"draw, negative":         {draw(with, 3, -1), "Classes", "Classes: the class is -1: want 0 to 3"},
		"draw, unconditional":    {draw(without, 1, 0), "Classes", "Classes is set, but the model is not conditioned on classes"},
		"draw, plain":            {draw(smallPixels(1), 1, 0), "Classes", "Classes is set, but the model is not conditioned on classes"},
		"score, missing":         {score(with), "Classes", "Classes is missing: the model is conditioned on 4 classes"},
		"score, too few":         {score(with, 1, 2), "Classes", "Classes has 2 classes for 3 images"},
		"score, too many":        {score(with, 1, 2, 3, 3), "Classes", "Classes has 4 classes for 3 images"},
		"score, beyond":          {score(with, 1, 2, 7), "Classes", "Classes: the class is 7: want 0 to 3"},
		"score, unconditional":   {score(without, 1), "Classes", "Classes is set, but the model is not conditioned on classes"},
		"canvas, beyond":         {canvas(with, 4), "", "the class is 4: want 0 to 3"},
		"canvas, negative":       {canvas(with, -1), "", "the class is -1: want 0 to 3"},
		"canvas, unconditional":  {canvas(without, 0), "", "the class 0 is given, but the model is not conditioned on classes"},
		"canvas without a class": {func() error { _, err := with.NewCanvas(0, 0); return err }, "", "the model is conditioned on 4 classes: make a canvas of one, by NewClassCanvas"},
		"texts": {func() error {
			_, err := small(t).Score(t.Context(), slices.Values([]string{"a"}), &ScoreOptions{Classes: []int{0}})
			return err
		}, "Classes", "Classes is set: it is for images, leave it out"},
	} {
		err := c.do()
		if err == nil || !strings.HasPrefix(err.Error(), "autoreg: "+c.want) {
			t.Errorf("%s: error %v, want one that begins with %q", name, err, c.want)
			continue
		}
		if option, ok := errors.AsType[*OptionError](err); (ok && option.Field != c.field) || ok != (c.field != "") {
			t.Errorf("%s: the error is about the option %+v, want %q", name, option, c.field)
		}
	}
}
