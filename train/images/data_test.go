package images

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// fashionFile returns the path of a file of Fashion-MNIST where Debian's package
// dataset-fashion-mnist puts it, and skips the test where it is not.
func fashionFile(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("/usr/share/datasets/fashion-mnist", name)
	if _, err := os.Stat(path); err != nil {
		t.Skip("Debian's package dataset-fashion-mnist is not installed")
	}
	return path
}

// TestRealImages pins the levels of whole data sets: how many there are of each, and
// the hash of all. A Python program that follows the definition in integers gives the
// same. The hashes of the sources are those that the data sets' makers gave out.
func TestRealImages(t *testing.T) {
	const train, test = "train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"
	chapter := Options{Height: 16, Width: 16}
	for _, c := range []struct {
		file   string
		o      Options
		n      int
		counts []int
		levels string
		source string
	}{
		{"fashion " + train, chapter, 60000, []int{8918135, 1760999, 2243910, 2436956},
			"82b1548751e142e88583641c8afa826e77489e94180fef0eb89a8b72ef269207", "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"},
		{"fashion " + test, chapter, 10000, []int{1478832, 299341, 379299, 402528},
			"ffe2d19665bee87f357d1f68c704b35abd475276788085b8f176fe778732f569", "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"},
		{"mnist/" + train, chapter, 60000, []int{12756977, 587480, 616697, 1398846},
			"73f2f0834d7eb22ce67d5284c83bf17d69f41ba6c3184a860c210d6f7e7fba19", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
		{"mnist/" + test, chapter, 10000, []int{2122299, 96962, 101504, 239235},
			"c941dd02c770eb1e2fc310704dbcee5f2b4212691091dae078fac4d72cbd5c2c", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
		{"cifar-10/train-4000.bin.gz", Options{Levels: 8}, 4000, []int{1005556, 1662292, 2070565, 2140818, 1923173, 1501860, 1061328, 922408},
			"79bf186f6207b19da6345fb6ef2270fa4c77d9a454fb1dc5dbd0c047f91a0184", "0993cf8b8e43bc207603aef9787006995746513f5e3fa5a52e06d1b069926330"},
		{"cifar-10/test-500.bin.gz", Options{Levels: 8}, 500, []int{119742, 198305, 247876, 262609, 240007, 198941, 144994, 123526},
			"b9c19376d389d61eff15fa64c9410e8a91a94f12a67b6070406b3d8756033874", "ba456e78b292ef2a6e366d304e587255370906951905b2e06af8e9f54f412f62"},
		{"cifar-10/test-500.bin.gz", Options{Levels: 8, Channels: 1}, 500, nil,
			"93fab6ae23884f4c3c30f7ef26d8129d630f651c167b3a22c57d387b166dfbea", "ba456e78b292ef2a6e366d304e587255370906951905b2e06af8e9f54f412f62"},
	} {
		t.Run(c.file, func(t *testing.T) {
			if testing.Short() && c.n > 10000 {
				t.Skip("short, and these take long under the race detector")
			}
			var path string
			if name, ok := strings.CutPrefix(c.file, "fashion "); ok {
				path = fashionFile(t, name)
			} else {
				path = testkit.DataFile(t, c.file)
			}
			s, err := Read([]string{path}, &c.o)
			if err != nil {
				t.Fatal(err)
			}
			if s.Len() != c.n || s.Source.Images != c.n {
				t.Errorf("%d images, %d in the file, want %d", s.Len(), s.Source.Images, c.n)
			}
			counts := make([]int, s.Levels)
			for _, k := range s.Data {
				counts[k]++
			}
			if c.counts != nil && !slices.Equal(counts, c.counts) {
				t.Errorf("counts of levels %v, want %v", counts, c.counts)
			}
			if got := fmt.Sprintf("%x", sha256.Sum256(s.Data)); got != c.levels {
				t.Errorf("levels have sha256 %s, want %s", got, c.levels)
			}
			if got := fmt.Sprintf("%x", s.Source.SHA256); got != c.source {
				t.Errorf("the source has sha256 %s, want %s", got, c.source)
			}
		})
	}
}

func TestRealLabelsRefused(t *testing.T) {
	path := fashionFile(t, "train-labels-idx1-ubyte.gz")
	_, err := Read([]string{path}, nil)
	want := "images: " + path + ": this is an IDX file of labels (magic number 2049): name the one with the images, called images-idx3-ubyte"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}

func BenchmarkReadImages(b *testing.B) {
	path := fashionFile(b, "train-images-idx3-ubyte.gz")
	for b.Loop() {
		if _, err := Read([]string{path}, &Options{Height: 16, Width: 16}); err != nil {
			b.Fatal(err)
		}
	}
}
