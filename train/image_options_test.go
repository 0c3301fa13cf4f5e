package train

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/train/images"
)

func TestImageTrainDefaults(t *testing.T) {
	set := smallImages(3, 1)
	tr, err := New(&Images{Set: set}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := tr.Options()
	if o.Threads < 1 {
		t.Errorf("Threads = %d", o.Threads)
	}
	o.Threads = 0
	want := Options{BatchSize: 128, Optimizer: Adam{}, LearningRate: 5e-4, Epochs: 20, MaxBytes: 8 << 30}
	if o != want {
		t.Errorf("options %+v, want %+v", o, want)
	}
	task := imagesOf(tr)
	if want := (Images{Filters: 128, Blocks: 5, Kernel: 7}); fields(task) != fields(&want) {
		t.Errorf("task %s, want %s", fields(task), fields(&want))
	}
	if task.Validation() != nil || task.Training() != set {
		t.Error("images are set aside")
	}
	if n := task.model.Net.Params(); n != 307460 { // the reference model's
		t.Errorf("%d parameters", n)
	}
}

func TestImageOptionsRefused(t *testing.T) {
	set := smallImages(4, 1)
	for _, c := range []struct {
		o    imageRun
		want string
	}{
		{imageRun{Images: Images{Filters: -1}}, "Filters is -1"},
		{imageRun{Images: Images{Filters: 1}}, "Filters is 1"},
		{imageRun{Images: Images{Filters: 1 << 14}}, "Filters"},
		{imageRun{Images: Images{Filters: 1 << 13, Blocks: 1 << 10}}, "parameters"},
		{imageRun{Images: Images{Blocks: -1}}, "Blocks is -1"},
		{imageRun{Images: Images{Blocks: 1 << 11}}, "Blocks"},
		{imageRun{Images: Images{Kernel: -1}}, "Kernel is -1"},
		{imageRun{Images: Images{Kernel: 4}}, "Kernel is 4: want an odd"},
		{imageRun{Images: Images{Kernel: 65}}, "Kernel is 65"},
		{imageRun{Options: Options{BatchSize: -1}}, "BatchSize is -1"},
		{imageRun{Options: Options{BatchSize: 1 << 17}}, "BatchSize"},
		{imageRun{Options: Options{Epochs: -1}}, "Epochs is -1"},
		{imageRun{Options: Options{Epochs: 1 << 20}}, "lower Blocks or Epochs"},
		{imageRun{Options: Options{Patience: -1}}, "Patience is -1"},
		{imageRun{Options: Options{Patience: 2}}, "no images are set aside"},
		{imageRun{Options: Options{Threads: -1}}, "Threads is -1"},
		{imageRun{Options: Options{LearningRate: -1}}, "LearningRate is -1"},
		{imageRun{Options: Options{LearningRate: math.NaN()}}, "LearningRate is NaN"},
		{imageRun{Options: Options{ClipNorm: math.Inf(1)}}, "ClipNorm is +Inf"},
		{imageRun{Options: Options{Average: -0.5}}, "Average is -0.5"},
		{imageRun{Options: Options{Average: 1}}, "Average is 1: want"},
		{imageRun{Options: Options{Average: math.NaN()}}, "Average is NaN"},
		{imageRun{Options: Options{Validation: 1}}, "Validation is 1"},
		{imageRun{Options: Options{Validation: 0.01}}, "0.01 splits 4 images"},
		{imageRun{Options: Options{MaxBytes: -1}}, "MaxBytes is -1"},
		{imageRun{Options: Options{MaxBytes: 1 << 20}}, "MiB of memory, more than the 1 MiB"},
		{imageRun{Images{Filters: 1 << 12, Blocks: 2}, Options{MaxBytes: 1 << 30}}, "lower Filters (4096), Blocks (2), Threads ("},
	} {
		tr, err := c.o.new(set)
		if tr != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %q", c.o, err, c.want)
			continue
		}
		wantOnePrefix(t, err)
		wantField(t, err, c.want)
	}
}

func TestImageSetsRefused(t *testing.T) {
	levels := make([]uint8, 20)
	bright := slices.Clone(levels)
	bright[13] = 9
	for _, c := range []struct {
		set  images.Set
		want string
	}{
		{images.Set{Height: 2, Width: 5, Channels: 1, Levels: 4}, "no images"},
		{images.Set{Height: 0, Width: 5, Channels: 1, Levels: 4, Data: levels}, "5×0"},
		{images.Set{Height: 2, Width: -5, Channels: 1, Levels: 4, Data: levels}, "-5×2"},
		{images.Set{Height: 2, Width: 5, Channels: 0, Levels: 4, Data: levels}, "0 channels"},
		{images.Set{Height: 2, Width: 5, Channels: 2, Levels: 4, Data: levels}, "channels is 2"},
		{images.Set{Height: 2, Width: 5, Channels: 1, Levels: 1, Data: levels}, "1 levels"},
		{images.Set{Height: 2, Width: 5, Channels: 1, Levels: 300, Data: levels}, "300 levels"},
		{images.Set{Height: 3, Width: 5, Channels: 1, Levels: 4, Data: levels}, "no whole number"},
		{images.Set{Height: math.MaxInt, Width: math.MaxInt, Channels: 2, Levels: 4, Data: levels}, "no whole number"},
		{images.Set{Height: 2, Width: 5, Channels: 1, Levels: 4, Data: bright}, "image 1 has the level 9"},
		{images.Set{Height: 5000, Width: 1, Channels: 1, Levels: 4, Data: make([]uint8, 5000)}, "height is 5000"},
	} {
		_, err := imageRun{Images: Images{Filters: 4, Blocks: 1}}.new(&c.set)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%dx%dx%d: error %v, want one with %q", c.set.Height, c.set.Width, c.set.Channels, err, c.want)
			continue
		}
		wantOnePrefix(t, err)
	}
}

// Small, but no mistakes: one pixel, one image, two levels, 256, few filters, more
// threads than images.
func TestSmallImageSets(t *testing.T) {
	for _, c := range []struct {
		set images.Set
		o   imageRun
	}{
		{images.Set{Height: 1, Width: 1, Channels: 1, Levels: 2, Data: []uint8{0, 1, 1}}, imageRun{Images: Images{Filters: 2, Kernel: 1}}},
		{images.Set{Height: 1, Width: 1, Channels: 3, Levels: 256, Data: []uint8{255, 0, 7}}, imageRun{Images{Filters: 6}, Options{Threads: 9}}},
		{images.Set{Height: 2, Width: 7, Channels: 1, Levels: 2, Data: make([]uint8, 28)}, imageRun{Images{Filters: 5}, Options{Validation: 0.5, BatchSize: 1, Threads: 5}}},
	} {
		c.o.Epochs, c.o.Blocks, c.o.LearningRate = 2, 1, 0.01
		tr := newImageTrainer(t, &c.set, c.o)
		if err := tr.Run(t.Context(), nil); err != nil {
			t.Errorf("%+v: %v", c.o, err)
			continue
		}
		// An image of one pixel sees nothing of itself: its channels are all there is.
		for _, h := range tr.History() {
			if !(h.Loss > 0 && h.Bits > 0) {
				t.Errorf("%+v: %+v", c.o, h)
			}
		}
	}
}

func TestInitialisePixels(t *testing.T) {
	c := layers.PixelCNN{Channels: 3, Levels: 5, Filters: 30, Blocks: 2, Kernel: 5}
	build := func(seed uint64) *layers.PixelNet {
		net := layers.NewPixelNet(c)
		initialise(net, seed, 0)
		return net
	}
	net, same, other := build(1), build(1), build(2)
	for i, l := range net.Convs() {
		w, bias := l.Weights()
		area := l.Spec().Rows * l.Spec().Rows
		limit := math.Sqrt(6 / float64(area*l.InLen()+area*l.OutLen()))
		// The draws come in the order of PyTorch's layout and closed taps take theirs.
		d := newDraws(1, l.Name+".weight")
		low, high, closed := 0.0, 0.0, 0
		for k, v := range w {
			want := float32(limit * d.uniform())
			if v == 0 {
				closed++
				continue
			}
			if v != want {
				t.Fatalf("%s[%d] = %v, want %v", l.Name, k, v, want)
			}
			low, high = min(low, float64(v)/limit), max(high, float64(v)/limit)
		}
		if low < -1 || high > 1 || low > -0.95 || high < 0.95 || len(w)-closed != l.Effective()-l.OutLen() {
			t.Errorf("%s: from %v to %v of the limit, %d of %d closed", l.Name, low, high, closed, len(w))
		}
		if slices.ContainsFunc(bias, func(v float32) bool { return v != 0 }) {
			t.Errorf("%s: bias %v", l.Name, bias)
		}
		if a, _ := same.Convs()[i].Weights(); !slices.Equal(a, w) {
			t.Errorf("%s: two kernels from one seed", l.Name)
		}
		if b, _ := other.Convs()[i].Weights(); slices.Equal(b, w) {
			t.Errorf("%s: one kernel from two seeds", l.Name)
		}
	}
}

// memory must not promise less than what a trainer holds.
func TestImageMemoryHeld(t *testing.T) {
	for _, o := range []imageRun{
		{Options: Options{Threads: 1}},
		{Images{Blocks: 3, Filters: 50, Kernel: 9}, Options{Threads: 2}},
		{Images{Filters: 16}, Options{Patience: 1, Validation: 0.5, Threads: 7}},
		{Options: Options{BatchSize: 2, Threads: 3}},
		{Options: Options{Optimizer: SGD{}, Threads: 1}},
		{Images{Filters: 16}, Options{Average: 0.9, Threads: 2}},
	} {
		for _, channels := range []int{1, 3} {
			set := smallImages(24, channels)
			tr := newImageTrainer(t, set, o)
			task, o := imagesOf(tr), tr.options
			count := func(lists ...[][]float32) (n int) {
				for _, list := range lists {
					for _, s := range list {
						n += len(s)
					}
				}
				return n
			}
			net := layers.ValuesOf(tr.work.net)
			sizes := task.model.Config.Sizes()
			held, stored := sizes.Packed+sizes.Derived, sizes.Params
			full := 0
			for _, tensor := range trainedTensors(tr.work.net) {
				full += len(tensor.Data)
			}
			// Not all biases are padded to a panel.
			if n := int64(count(net)); n > held || n < held-held/10 || int64(full) != stored {
				t.Errorf("%+v: %d and %d values, Sizes says %d and %d", o, count(net), full, held, stored)
			}
			floats := count(net, layers.ValuesOf(task.pass.grad)) + count(tr.optimizer.state...)
			copies := 1 + len(tr.optimizer.state)
			if tr.best != nil {
				floats += count(layers.ValuesOf(tr.best))
				copies++
			}
			if tr.average != nil {
				floats += count(tr.average.values, tr.average.spare)
				copies++
			}
			floats += (len(task.pass.images)*task.pass.images[0].Bytes() + task.pass.training.Bytes()) / 4
			floats += max(copies*full, 2*full+count(net))
			taken := 4 * int64(floats)
			if task.validation != nil {
				taken += int64(len(set.Data)) + int64(o.Threads)*layers.PixelForwardBytes(task.model.Config.PixelSpec, set.Height, set.Width)
			}
			if got := task.memory(task.model.Config, &o); got < taken || got > taken+taken/5 {
				t.Errorf("%+v, %d channels: %d bytes are taken, memory says %d", o, channels, taken, got)
			}
			o.MaxBytes = taken - 1
			if err := task.checkMemory(task.model.Config, &o); err == nil {
				t.Errorf("%+v: %d bytes are taken, %d were said to be enough", o, taken, o.MaxBytes)
			}
		}
	}
}

// The room that checkModel leaves is enough for the longest history.
func TestImageHeaderRoom(t *testing.T) {
	set := &images.Set{Height: 1 << 12, Width: 1, Channels: 3, Levels: 256, Data: make([]uint8, 3<<12)}
	const epochs = 100
	task := &Images{Set: set, Filters: 8, Blocks: 200, Kernel: 63, hash: strings.Repeat("0", 64)}
	task.model = &model.Pixel{Config: task.config(), Net: layers.NewPixelNet(task.config().PixelSpec)}
	tr := &Trainer{task: task, options: Options{
		BatchSize: 1 << 16, Seed: 1<<64 - 1, Epochs: epochs, LearningRate: 1.2345678901234567e-300, Patience: 1 << 20,
		ClipNorm: 1.2345678901234567e+30, Average: 1.2345678901234567e-10, Validation: 1.2345678901234567e-10,
		Schedule: Schedule{Kind: PlateauDecay, Decay: 1.2345678901234567e-300, Patience: 1 << 20, Floor: 1.2345678901234567e-300, Warmup: maxWarmup},
	}}
	tr.options.complete()
	tr.work = work{net: task.model.Net}
	zero := func() layers.Network { return layers.NewPixelNet(task.config().PixelSpec) }
	tr.optimizer = newUpdater(Adam{}, task.model.Net, task.model.Net, zero, layers.NewThreads(1))
	tr.average, tr.best = &average{net: zero()}, zero()
	for range epochs {
		tr.progress.History = append(tr.progress.History, epochRecord{Steps: math.MaxInt, Loss: 1.2345678901234567e-300, ValLoss: 1.2345678901234567e-300})
	}
	var b bytes.Buffer
	f := checkpointOf(t, tr)
	if _, err := f.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	floats := 0
	for _, tensor := range f.Tensors {
		floats += len(tensor.Data)
	}
	room := headerImages + headerTensor*len(f.Tensors) + headerEpoch*epochs
	if header := b.Len() - 4*floats; header > room || header < room/2 {
		t.Errorf("a header of %d bytes, room for %d", header, room)
	}
}
