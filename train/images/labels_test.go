package images

import (
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// idxOfLabels returns an IDX file of labels whose header says count.
func idxOfLabels(count uint32, labels string) string {
	return string(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 0x801), count)) + labels
}

// filesIn writes files to a folder and returns a function from their names to paths.
func filesIn(t *testing.T, files map[string]string) func(names ...string) []string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(names ...string) (paths []string) {
		for _, name := range names {
			paths = append(paths, filepath.Join(dir, name))
		}
		return paths
	}
}

// Labels stay with their images, whatever the limit; files without labels make a set
// without.
func TestLabels(t *testing.T) {
	paths := filesIn(t, map[string]string{
		"two": idx(2, 2, 2, rising(8, 9)), "three": idx(3, 2, 2, rising(12, 9)),
		"two labels": idxOfLabels(2, "\x03\x00"), "three labels": testkit.Gzip(t, idxOfLabels(3, "\x01\x06\x02")),
		"cifar10": cifar(7, 9, 1), "more": cifar(4), "cifar100": cifarOf([2]byte{19, 99}, [2]byte{0, 7}),
	})
	for name, c := range map[string]struct {
		data, labels []string
		limit        int
		want         []uint8
		classes      int
	}{
		"IDX":                {[]string{"two", "three"}, []string{"two labels", "three labels"}, 0, []uint8{3, 0, 1, 6, 2}, 7},
		"IDX, other order":   {[]string{"three", "two"}, []string{"three labels", "two labels"}, 0, []uint8{1, 6, 2, 3, 0}, 7},
		"IDX, 3":             {[]string{"two", "three"}, []string{"two labels", "three labels"}, 3, []uint8{3, 0, 1}, 7},
		"IDX, 1":             {[]string{"two", "three"}, []string{"two labels", "three labels"}, 1, []uint8{3}, 7},
		"IDX alone":          {[]string{"two"}, nil, 0, nil, 0},
		"CIFAR-10":           {[]string{"cifar10", "more"}, nil, 0, []uint8{7, 9, 1, 4}, 10},
		"CIFAR-10, 2":        {[]string{"cifar10", "more"}, nil, 2, []uint8{7, 9}, 10},
		"CIFAR-100":          {[]string{"cifar100"}, nil, 0, []uint8{99, 7}, 100},
		"CIFAR-10 and -100":  {[]string{"cifar10", "cifar100"}, nil, 0, nil, 0},
		"CIFAR-10 and IDX":   {[]string{"cifar10", "two"}, nil, 0, nil, 0},
		"IDX and CIFAR-10,2": {[]string{"two", "cifar10"}, nil, 2, nil, 0},
	} {
		o := &Options{Limit: c.limit, Height: 2, Width: 2, Channels: 1}
		if c.labels != nil {
			o.Labels = paths(c.labels...)
		}
		s, err := Read(paths(c.data...), o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !slices.Equal(s.Labels, c.want) || s.Classes != c.classes {
			t.Errorf("%s: labels %v of %d classes, want %v of %d", name, s.Labels, s.Classes, c.want, c.classes)
		}
	}
}

func TestBadLabels(t *testing.T) {
	paths := filesIn(t, map[string]string{
		"images": idx(2, 2, 2, rising(8, 9)), "cifar": cifar(7), "empty": "", "short": idxOfLabels(2, "")[:7],
		"good": idxOfLabels(2, "\x03\x00"), "few": idxOfLabels(1, "\x03"), "many": idxOfLabels(1<<31, "\x03"), "cut": idxOfLabels(2, "\x03"),
		"long": idxOfLabels(2, "\x03\x00\x00"), "text": "0 1 2 3 4", "cut gzip": testkit.Gzip(t, idxOfLabels(2, "\x03\x00"))[:12],
	})
	dir := filepath.Dir(paths("images")[0])
	for name, c := range map[string]struct {
		data, labels []string
		want         string
	}{
		"one file of two":    {paths("images", "images"), paths("good"), "images: Labels has 1 files: want 2, one for each file of images"},
		"two files of one":   {paths("images"), paths("good", "good"), "images: Labels has 2 files: want 1, one for each file of images"},
		"of CIFAR":           {paths("cifar"), paths("good"), "cifar: a CIFAR-10 batch has labels of its own: leave Labels out"},
		"empty":              {paths("images"), paths("empty"), "empty: the file is cut off: it has 0 bytes, less than the 8 of an IDX header: fetch it again"},
		"header cut off":     {paths("images"), paths("short"), "short: the file is cut off: it has 7 bytes"},
		"too few":            {paths("images"), paths("few"), "few: the header says 1 labels, but " + paths("images")[0] + " has 2 images: want one for each"},
		"far too many":       {paths("images"), paths("many"), "many: the header says 2147483648 labels"},
		"cut off":            {paths("images"), paths("cut"), "cut: the file is cut off: the header says 2 labels, but 1 follow it: fetch the file again"},
		"too long":           {paths("images"), paths("long"), "long: the header says 2 labels, but more bytes follow"},
		"images":             {paths("images"), paths("images"), "images: this is an IDX file of images (magic number 2051): name the one with the labels"},
		"text":               {paths("images"), paths("text"), "text: this is no IDX file of labels: it begins with the number"},
		"gzip cut off":       {paths("images"), paths("cut gzip"), "cut gzip: "},
		"folder":             {paths("images"), []string{dir}, dir + ": this is a folder: name an IDX file of labels"},
		"missing":            {paths("images"), paths("missing"), paths("missing")[0]},
		"standard input too": {[]string{"-"}, []string{"-"}, "standard input can be read only once"},
	} {
		o := &Options{Labels: c.labels}
		if c.data[0] == "-" {
			o.Open = func(string) (fs.File, error) { return os.Open(paths("images")[0]) }
		}
		if _, err := Read(c.data, o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

// MNIST has labels of 10 classes.
func TestRealLabels(t *testing.T) {
	s, err := Read([]string{testkit.DataFile(t, "mnist/t10k-images-idx3-ubyte.gz")}, &Options{Labels: []string{testkit.DataFile(t, "mnist/t10k-labels-idx1-ubyte.gz")}})
	if err != nil {
		t.Fatal(err)
	}
	counts := make([]int, 10)
	for _, label := range s.Labels {
		counts[label]++
	}
	if want := []int{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}; s.Classes != 10 || !slices.Equal(counts, want) {
		t.Errorf("%d classes, %v images of each, want %v", s.Classes, counts, want)
	}
}
