package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/pixels"
)

// paint runs paint for an image on standard output, which it returns.
func paint(t testing.TB, args ...string) []byte {
	t.Helper()
	return []byte(ok(t, append([]string{"paint", "-m", smallImage().model, "-o", "-", "--seed", "7"}, args...)...))
}

func TestPaint(t *testing.T) {
	want := paint(t, "-n", "5", "--columns", "3", "--scale", "2", "--threads", "1")
	for _, threads := range []string{"0", "2", "3"} {
		if got := paint(t, "-n", "5", "--columns", "3", "--scale", "2", "--threads", threads); !bytes.Equal(got, want) {
			t.Errorf("with %s threads the file is another", threads)
		}
	}
	path := filepath.Join(t.TempDir(), "a.png")
	r := command("paint", "-m", smallImage().model, "-o", path, "--seed", "7", "-n", "5", "--columns", "3", "--scale", "2")
	if r != (result{}) || !bytes.Equal(read(t, path), want) {
		t.Errorf("%+v, and the file is not what -o - gives", r)
	}

	m := pixelModel(t, smallImage().model)
	drawn, err := m.Draw(context.Background(), &autoreg.DrawOptions{Seed: 7, Count: 5})
	if err != nil {
		t.Fatal(err)
	}
	sheet := pixels.Grid(render(m, drawn), 3, 2, 1)
	if got := decode(t, want); !samePixels(got, sheet) {
		t.Error("the sheet is not that of the images that Draw draws")
	}

	// One by one, by number.
	for i := range 5 {
		one := decode(t, paint(t, "--first", fmt.Sprint(i), "-n", "1", "--scale", "1"))
		if want := m.Render(drawn[i].Levels, 0, 0); !samePixels(one, want) {
			t.Errorf("image %d alone is another", i)
		}
	}
	if a, b := paint(t, "-t", "0", "-n", "1"), paint(t, "--top-k", "1", "-n", "1"); !bytes.Equal(a, b) || bytes.Equal(a, paint(t, "-n", "1")) {
		t.Error("--temperature 0 and --top-k 1 differ, or have no effect")
	}
	if b := decode(t, paint(t, "--height", "3", "--width", "11", "-n", "2", "--scale", "4")).Bounds(); b.Dx() != 2*(11*4+2)-2 || b.Dy() != 12 {
		t.Errorf("two images of 3×11, 4 times as large, are on a sheet of %v", b)
	}
	if b := decode(t, paint(t, "--height", "1", "--width", "1", "-n", "1")).Bounds(); b.Dx() != 128 || b.Dy() != 128 {
		t.Errorf("an image of 1×1 is %v", b)
	}
	if b := decode(t, paint(t)).Bounds(); b.Dx() <= b.Dy()/2 || b.Dy() <= b.Dx()/2 {
		t.Errorf("by default the sheet is %v", b)
	}
	colour := []byte(ok(t, "paint", "-m", smallImage().colour, "-o", "-", "-n", "3", "--seed", "1"))
	if isGrey(toNRGBA(decode(t, colour))) {
		t.Error("a model of colour draws in grey")
	}
	// The model compiled in.
	if b := decode(t, []byte(ok(t, "paint", "-o", "-", "-n", "2", "--scale", "1", "--seed", "1"))).Bounds(); b.Dx() != 33 || b.Dy() != 16 {
		t.Errorf("two images of clothes make %v", b)
	}
	if len(clothes) > 2<<20 {
		t.Errorf("the model compiled in has %d bytes", len(clothes))
	}
}

func toNRGBA(img image.Image) *image.NRGBA {
	out := image.NewNRGBA(img.Bounds())
	draw.Draw(out, out.Rect, img, out.Rect.Min, draw.Src)
	return out
}

func TestColumnsFor(t *testing.T) {
	for n, want := range map[int]int{1: 1, 2: 2, 3: 3, 4: 2, 5: 5, 6: 3, 7: 7, 8: 4, 9: 3, 10: 5, 11: 4, 16: 4, 100: 10} {
		if got := columnsFor(n); got != want {
			t.Errorf("columnsFor(%d) = %d, want %d", n, got, want)
		}
	}
}

// frames decodes an animation and returns what each frame looks like.
func frames(t testing.TB, path string) (g *gif.GIF, list []*image.NRGBA) {
	t.Helper()
	g, err := gif.DecodeAll(bytes.NewReader(read(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	canvas := image.NewNRGBA(image.Rect(0, 0, g.Config.Width, g.Config.Height))
	for _, f := range g.Image {
		draw.Draw(canvas, f.Rect, f, f.Rect.Min, draw.Over)
		list = append(list, toNRGBA(canvas))
	}
	return g, list
}

func TestPaintGIF(t *testing.T) {
	dir := t.TempDir()
	file, sheet := filepath.Join(dir, "a.gif"), filepath.Join(dir, "a.png")
	model := smallImage().model
	ok(t, "paint", "-m", model, "--gif", file, "-o", sheet, "-n", "3", "--seed", "2", "--scale", "3")
	g, list := frames(t, file)
	last := len(list) - 1
	if len(list) != 1+smallHeight*smallWidth || g.LoopCount != 0 || g.Delay[0] != gifDelay || g.Delay[last] != gifPause {
		t.Errorf("%d frames, delays %v, loop count %d", len(list), g.Delay, g.LoopCount)
	}
	final := decode(t, read(t, sheet))
	if !samePixels(list[last], final) {
		t.Error("the last frame is not the sheet")
	}
	// After k frames k pixels of each image are drawn, in raster order.
	for k, frame := range list {
		for i := range 3 {
			for at := range smallHeight * smallWidth {
				x, y := i*(smallWidth*3+1)+at%smallWidth*3, at/smallWidth*3
				want := color.NRGBAModel.Convert(final.At(x, y))
				if at >= k {
					want = blank
				}
				if got := frame.NRGBAAt(x, y); got != want {
					t.Fatalf("frame %d, image %d, pixel %d: %v, want %v", k, i, at, got, want)
				}
			}
		}
	}

	// Larger images have several pixels a frame; what is kept is there at once.
	ok(t, "paint", "-m", model, "--gif", file, "-n", "1", "--height", "20", "--width", "20", "--seed", "2")
	if _, list := frames(t, file); len(list) != 1+100 {
		t.Errorf("%d frames of 400 pixels", len(list))
	}
	given := write(t, dir, "given.png", picture(9, 9, nil))
	ok(t, "paint", "-m", model, "--gif", file, "-n", "1", "--complete", given, "--keep", "left:2", "--scale", "1", "-o", sheet)
	_, list = frames(t, file)
	if len(list) != 1+smallHeight*(smallWidth-2) {
		t.Errorf("%d frames of what is left to draw", len(list))
	}
	final = decode(t, read(t, sheet))
	if x := list[0].NRGBAAt(1, 5); x == blank || x != color.NRGBAModel.Convert(final.At(1, 5)) || list[0].NRGBAAt(2, 0) != blank {
		t.Error("the first frame is not what is kept")
	}
	ok(t, "paint", "-m", model, "--gif", file, "-n", "1", "--complete", given, "--keep", "top:6", "--scale", "1")
	if g, list := frames(t, file); len(list) != 1 || g.Delay[0] != gifPause {
		t.Errorf("%d frames where all is kept", len(list))
	}
	// Few pixels, however large they are wanted.
	ok(t, "paint", "-m", model, "--gif", file, "-n", "1", "--scale", "1000", "--seed", "1")
	if g, _ := frames(t, file); g.Config.Width*g.Config.Height > maxGIF || g.Config.Width*g.Config.Height < maxGIF*9/10 {
		t.Errorf("%d×%d pixels", g.Config.Width, g.Config.Height)
	}
	// 512 colours.
	ok(t, "paint", "-m", smallImage().colour, "--gif", file, "-o", sheet, "-n", "40", "--seed", "1", "--scale", "1")
	_, list = frames(t, file)
	want := toNRGBA(decode(t, read(t, sheet)))
	for i, v := range list[len(list)-1].Pix {
		if d := int(v) - int(want.Pix[i]); d < -52 || d > 52 {
			t.Fatalf("sample %d is %d, and in the PNG %d", i, v, want.Pix[i])
		}
	}
}

func TestPaletteFor(t *testing.T) {
	many := image.NewNRGBA(image.Rect(0, 0, 256, 2))
	for i := range 256 {
		many.SetNRGBA(i, 0, grey(i, 256))
		many.SetNRGBA(i, 1, grey(255-i, 256))
	}
	if p := paletteFor(many, 256); len(p) != 256 {
		t.Errorf("%d colours of 256", len(p))
	}
	p := paletteFor(many, 253)
	if len(p) != 253 {
		t.Fatalf("%d colours", len(p))
	}
	for i := range 256 {
		got := color.NRGBAModel.Convert(p.Convert(grey(i, 256))).(color.NRGBA)
		if d := int(got.R) - i; d < -1 || d > 1 || got.R != got.G || got.R != got.B {
			t.Errorf("grey %d becomes %v", i, got)
		}
	}
	many.SetNRGBA(0, 0, color.NRGBA{R: 255, A: 255})
	if p := paletteFor(many, 253); len(p) != 253 || p.Convert(color.NRGBA{R: 255, A: 255}) != color.Color(color.RGBA{R: 255, A: 255}) {
		t.Errorf("%d colours, without red", len(p))
	}
}

func TestPaintBadInput(t *testing.T) {
	dir := t.TempDir()
	f := smallImage()
	out := filepath.Join(dir, "out.png")
	bad := func(code int, want string, args ...string) {
		t.Helper()
		fails(t, code, want, append([]string{"paint"}, args...)...)
	}
	bad(2, "no terminal to show images in")
	bad(2, "nothing to do", "--preview=false")
	bad(2, "is empty", "-o", "")
	bad(2, "no argument, such as \"out.png\"", "out.png")
	bad(2, "--count", "-o", out, "-n", "0")
	bad(2, "--first", "-o", out, "--first", "-1")
	bad(2, "--temperature", "-o", out, "-t", "-1")
	bad(2, "--top-k", "-o", out, "-k", "x")
	bad(2, "--scale", "-o", out, "--scale", "0")
	bad(2, "--columns", "-o", out, "--columns", "0")
	bad(2, "--height and --width go together", "-o", out, "--height", "8")
	bad(2, "--height", "-o", out, "--height", "4097", "--width", "1")
	bad(2, "lower --count (2000000000)", "-o", out, "-n", "2000000000", "--scale", "1")
	bad(2, "--complete FILE", "-o", out, "--keep", "top")
	bad(2, "--complete FILE", "-o", out, "--mask", "x.png")
	bad(2, "is a PNG", "-o", filepath.Join(dir, "out.jpg"))
	bad(2, "give --gif", "-o", filepath.Join(dir, "out.gif"))
	bad(2, "is a GIF", "--gif", out)
	bad(2, "same file", "-o", f.model, "-m", f.model)
	bad(1, "is a directory", "-o", dir)
	bad(1, "no such file", "-o", filepath.Join(dir, "none", "out.png"))
	bad(1, "no such file", "-o", out, "-m", filepath.Join(dir, "none"))
	bad(1, "not a model file", "-o", out, "-m", f.data)
	bad(1, "of kind \"text\" (of text), want \"pixelcnn\" (of images): write with it by autoreg generate", "-o", out, "-m", small().model)
	bad(1, "cookbooks, compiled in: ", "-o", out, "-m", "cookbooks")
	for _, args := range [][]string{{"generate", "a"}, {"probs", "a"}} {
		for _, model := range []string{f.model, f.checkpoint, "clothes"} {
			fails(t, 1, "of kind \"pixelcnn\" (of images), want \"text\" (of text): draw with it by autoreg paint", append(args, "-m", model)...)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a command that failed has written its image")
	}
	// A checkpoint holds a model too.
	ok(t, "paint", "-m", f.checkpoint, "-o", out, "-n", "1")

	a := &app{in: strings.NewReader(""), out: io.Discard, err: new(bytes.Buffer), outTerminal: true}
	if code := a.run(context.Background(), []string{"paint", "-o", "-"}); code != exitUsage || !strings.Contains(fmt.Sprint(a.err), "to the terminal") {
		t.Errorf("a PNG for the terminal: status %d, message %q", code, a.err)
	}
	file := read(t, f.model)
	for i := range 20 {
		bad(1, "cut", "-o", out, "-m", write(t, dir, "cut", string(file[:i*len(file)/20])))
	}
}

// TestPaintInterrupted leaves no half of an image.
func TestPaintInterrupted(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out, errOut bytes.Buffer
	code := run(ctx, []string{"paint", "-m", smallImage().model, "-o", filepath.Join(dir, "a.png"), "--gif", filepath.Join(dir, "a.gif"), "--seed", "1"}, nil, &out, &errOut)
	if list, _ := os.ReadDir(dir); code != exitInterrupted || errOut.String() != "autoreg: interrupted\n" || len(list) != 0 {
		t.Errorf("status %d, message %q, files %v", code, errOut.String(), list)
	}
}
