package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/layers"
)

func TestScoreImages(t *testing.T) {
	f := smallImage()
	m := pixelModel(t, f.model)
	one := strings.Split(strings.TrimSpace(ok(t, "score", "-m", f.model, f.data)), "\n")
	if len(one) != 2 || strings.Join(strings.Fields(one[0]), " ") != "file images values nats/value bits/value" {
		t.Fatalf("output %q", one)
	}
	var images, values int
	var nats, bits float64
	if _, err := fmt.Sscan(strings.TrimPrefix(one[1], f.data), &images, &values, &nats, &bits); err != nil ||
		images != smallCount || values != smallCount*smallHeight*smallWidth || math.Abs(bits*math.Ln2-nats) > 1e-4 || !(nats > 0 && nats < math.Log(4)) {
		t.Errorf("%q: %v", one[1], err)
	}
	if again := ok(t, "score", "-m", f.model, f.data, "--threads", "3"); again != strings.Join(one, "\n")+"\n" {
		t.Errorf("with 3 threads %q", again)
	}

	dir := t.TempDir()
	write(t, dir, "a.png", picture(13, 9, nil))
	write(t, dir, "b.png", picture(7, 20, nil))
	two := strings.Split(strings.TrimSpace(ok(t, "score", "-m", f.model, f.data, dir, "--limit", "10")), "\n")
	if len(two) != 4 || strings.Fields(two[1])[1] != "10" || strings.Fields(two[2])[1] != "2" || strings.Fields(two[3])[1] != "12" {
		t.Errorf("output %q", two)
	}
	levels, err := m.Quantise(decode(t, []byte(picture(13, 9, nil))), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Score(context.Background(), func(yield func([]uint8) bool) { yield(levels) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	if out := ok(t, "score", "-m", f.model, filepath.Join(dir, "a.png")); !strings.Contains(out, fmt.Sprintf("  %.4f  ", s.Mean())) {
		t.Errorf("%q, want %.4f", out, s.Mean())
	}
	if out := ok(t, "score", "-m", f.colour, f.colourData); strings.Fields(strings.Split(out, "\n")[1])[2] != "1,080" {
		t.Errorf("colour: %q", out)
	}
	ok(t, "score", "-m", "clothes", dir)

	// The model decides what the files are.
	zipped := write(t, dir, "zipped", gzipped(idx(2, 3, 3)))
	for _, path := range []string{f.data, f.colourData, dir, zipped, filepath.Join(dir, "a.png")} {
		fails(t, exitError, path+" holds images, and the model cookbooks is one of text: name an image model, as in --model clothes", "score", path)
		fails(t, exitError, "is one of text", "score", "-m", small().model, path)
	}
	fails(t, exitError, "is a text, and the model "+f.model+" is one of images: name a text model", "score", "-m", f.model, small().data)
	fails(t, exitUsage, "--format recipes is not for the model clothes, which is one of images: want one of auto, idx", "score", "-m", "clothes", f.data, "--format", "recipes")
	fails(t, exitUsage, "--format idx is not for the model", "score", small().data, "--format", "idx")
	fails(t, exitUsage, "--max-tokens is not for the model", "score", "-m", f.model, f.data, "--max-tokens", "3")
	fails(t, exitUsage, "--limit is not for the model", "score", small().data, "--limit", "3")
	fails(t, exitError, "no such file", "score", "-m", f.model, filepath.Join(dir, "none"))
	fails(t, exitError, "there is no .png, .jpg or .jpeg file in this folder", "score", "-m", f.model, t.TempDir())
	fails(t, exitError, "cut", "score", "-m", f.model, write(t, dir, "cut.idx", idx(3, 4, 4)[:50]))
	if r := command("score", "-m", f.model, f.data, filepath.Join(dir, "none")); r.code != exitError || strings.Count(r.out, "\n") != 2 {
		t.Errorf("what comes before a bad file is not printed: %+v", r)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out, errOut bytes.Buffer
	if code := run(ctx, []string{"score", "-m", f.model, f.data}, nil, &out, &errOut); code != exitInterrupted || errOut.String() != "autoreg: interrupted\n" {
		t.Errorf("status %d, message %q", code, errOut.String())
	}
}

func TestImageInfo(t *testing.T) {
	f := smallImage()
	out := ok(t, "info", "-m", f.model)
	for _, want := range []string{
		"input (MaskedConv A 3×3)", "blocks.0.conv2 (MaskedConv B 3×3)", "output (Conv 1×1)", "(N, H, W, C)", "(None, 6, 5, 8)", "in use", "total", "sha256",
		"images of 5×6 pixels, grey, 4 levels", "sees        11 pixels before each: 2 rows up, 2 columns to the left; to the right 1 on the row above, 2 on the topmost",
		"blind spot  1 pixel of the rows above", "runs on", "format_version = 1",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("info lacks %q:\n%s", want, out)
		}
	}
	m := pixelModel(t, f.colour)
	var info imageInfo
	if err := json.Unmarshal([]byte(ok(t, "info", "-m", f.colour, "--json")), &info); err != nil {
		t.Fatal(err)
	}
	if info.Bytes != int64(len(read(t, f.colour))) || info.Params != m.Params() || info.Effective != m.Effective() || len(info.Layers) != 7 ||
		info.Height != smallHeight || info.Width != smallWidth || info.Channels != 3 || info.Levels != 8 || info.ReceptiveField.Pixels != 11 || info.ISA == "" {
		t.Errorf("info --json: %+v", info)
	}
	if out := ok(t, "info", "-m", f.checkpoint); !strings.Contains(out, "checkpoint = {") {
		t.Errorf("info of a checkpoint:\n%s", out)
	}
	if out := ok(t, "info", "-m", "clothes"); !strings.Contains(out, "clothes, compiled in: ") {
		t.Errorf("info of the model compiled in:\n%s", out)
	}
	fails(t, exitUsage, "no vocabulary", "info", "-m", f.model, "--vocabulary")
	fails(t, exitUsage, "--model and --filters exclude", "info", "-m", f.model, "--filters", "8")
	fails(t, exitUsage, "--symbols is a text model's and --blocks an image model's", "info", "--symbols", "10", "--blocks", "2")
	fails(t, exitUsage, "want an odd number", "info", "--kernel", "4")
	fails(t, exitUsage, "channels is 2", "info", "--channels", "2")
	fails(t, exitUsage, "from 2 to 256", "info", "--levels", "1")
	fails(t, exitUsage, "from 2 to 256", "info", "--levels", "300")
	fails(t, exitUsage, "parameters", "info", "--filters", "8192", "--blocks", "1000")
}

// TestReferenceImageSizes prints the reference model's table.
func TestReferenceImageSizes(t *testing.T) {
	out := ok(t, "info", "--filters", "128", "--blocks", "5", "--kernel", "7", "--levels", "4")
	for _, want := range []string{
		"layer (type)                       output shape (N, H, W, C)  parameters   in use\n",
		"input (MaskedConv A 7×7)           (None, 16, 16, 128)             6,400    3,200\n",
		"blocks.4.conv2 (MaskedConv B 3×3)  (None, 16, 16, 64)             36,928   20,544\n",
		"hidden.1 (Conv 1×1)                (None, 16, 16, 128)            16,512   16,512\n",
		"output (Conv 1×1)                  (None, 16, 16, 4)                 516      516\n",
		"total                                                            307,460  222,340\n",
		"sees        129 pixels before each: 8 rows up, 8 columns to the left; to the right 3 on the row above, 8 on the topmost\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("info lacks %q:\n%s", want, out)
		}
	}
	for _, flag := range imageSizes { // any of them will do
		value := map[string]string{"filters": "128", "blocks": "5", "kernel": "7", "levels": "4", "channels": "1", "height": "16", "width": "16"}[flag]
		if got := ok(t, "info", "--"+flag, value); got != out {
			t.Errorf("--%s %s:\n%s", flag, value, got)
		}
	}
	var shape imageShape
	if err := json.Unmarshal([]byte(ok(t, "info", "--filters", "128", "--json")), &shape); err != nil || shape.Params != 307460 || shape.Effective != 222340 {
		t.Errorf("%+v, %v", shape, err)
	}
}

// TestReferenceMixtureSizes prints the table of the reference's mixture.
func TestReferenceMixtureSizes(t *testing.T) {
	out := ok(t, "info", "--mixture")
	for _, want := range []string{
		"init.vertical (Conv 2×3 of 5×3)                      (None, 32, 32, 32)                544      256\n",
		"down.0.stride.vertical (Conv /2 2×3 of 4×4)          (None, 16, 16, 32)             16,448    6,208\n",
		"up.0.stride.horizontal (ConvTransposed /2 2×2)       (None, 32, 32, 32)              4,160    4,160\n",
		"output (Conv 1×1)                                    (None, 32, 32, 15)                510      510\n",
		"total                                                                              624,990  353,950\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("info lacks %q:\n%s", want, out)
		}
	}
	if out := ok(t, "info", "--mixture", "--channels", "3"); !strings.Contains(out, " 628,292  355,844\n") {
		t.Errorf("info in colour:\n%s", out)
	}
	fails(t, exitUsage, "--components is for --mixture", "info", "--components", "3")
	fails(t, exitUsage, `--field "3x2": want at least 3 rows`, "info", "--mixture", "--field", "3x2")
	fails(t, exitUsage, "width and height are multiples of 2", "info", "--mixture", "--height", "31")
	fails(t, exitUsage, "--levels 4: a mixture has 256", "info", "--mixture", "--levels", "4")
}

// TestFieldOf finds receptive fields by following the taps.
func TestFieldOf(t *testing.T) {
	for kernel := 1; kernel <= 9; kernel += 2 {
		for blocks := range 5 {
			type place struct{ y, x int } // rows up, columns to the right
			seen := map[place]bool{}
			m := kernel / 2
			for y := 0; y <= m; y++ {
				for x := -m; x <= m && (y > 0 || x < 0); x++ {
					seen[place{y, x}] = true
				}
			}
			for range blocks {
				next := map[place]bool{}
				for p := range seen {
					for _, d := range []place{{1, -1}, {1, 0}, {1, 1}, {0, -1}, {0, 0}} {
						next[place{p.y + d.y, p.x + d.x}] = true
					}
				}
				seen = next
			}
			f := fieldOf(layers.PixelCNN{Channels: 1, Levels: 2, Filters: 2, Blocks: blocks, Kernel: kernel})
			blind := 0
			for y := 0; y <= f.Rows; y++ {
				for x := -f.Left; x <= f.Left; x++ {
					inside := len(f.Right) > 0 && x <= f.Right[y]
					if seen[place{y, x}] != inside {
						t.Errorf("kernel %d, %d blocks: %d up, %d right: %v, want %v", kernel, blocks, y, x, inside, !inside)
					}
					if y > 0 && !inside {
						blind++
					}
				}
			}
			if f.Pixels != len(seen) || f.Blind != blind || len(f.String()) < 20 {
				t.Errorf("kernel %d, %d blocks: %+v, want %d pixels and %d in the blind spot", kernel, blocks, f, len(seen), blind)
			}
		}
	}
	if f := fieldOf(layers.PixelCNN{Channels: 1, Levels: 4, Filters: 128, Blocks: 5, Kernel: 7}); f.Pixels != 129 || fmt.Sprint(f.Right) != "[-1 3 4 5 6 7 8 8 8]" {
		t.Errorf("the reference model: %+v", f)
	}
}

// TestModelNames takes the names of the models compiled in before those of files.
func TestModelNames(t *testing.T) {
	t.Chdir(t.TempDir())
	data := read(t, smallImage().model)
	if err := os.WriteFile("clothes", data, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := ok(t, "info", "-m", "clothes"); !strings.Contains(out, "compiled in") {
		t.Errorf("clothes is\n%s", out)
	}
	if out := ok(t, "info", "-m", "./clothes"); strings.Contains(out, "compiled in") {
		t.Errorf("./clothes is\n%s", out)
	}
	if a, b := ok(t, "generate", "soup", "--seed", "1"), ok(t, "generate", "soup", "--seed", "1", "-m", "cookbooks"); a != b {
		t.Errorf("by default %q, with the model named %q", a, b)
	}
	if a, b := ok(t, "paint", "-n", "1", "--seed", "1", "-o", "-"), ok(t, "paint", "-n", "1", "--seed", "1", "-o", "-", "-m", "clothes"); a != b {
		t.Error("by default paint draws another image than with clothes")
	}
}
