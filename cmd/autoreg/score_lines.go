package main

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/train/corpus"
)

// A listed is a line, or a document, with its score.
type listed struct {
	file   string
	number int // of the line, or of the document, from 1
	at     int // among the lines of all files
	autoreg.DocumentScore
}

// before reports whether a is more surprising than b: it has the larger loss per token,
// or comes first. A loss that is not a number counts as the largest.
func (a *listed) before(b *listed) bool {
	x, y := a.Mean(), b.Mean()
	switch {
	case x > y, x != x && y == y:
		return true
	case x < y, x == x && y != y:
		return false
	}
	return a.at < b.at
}

// A lineHeap is a container/heap whose root is the least surprising line.
type lineHeap []listed

func (h lineHeap) Len() int           { return len(h) }
func (h lineHeap) Less(i, k int) bool { return h[k].before(&h[i]) }
func (h lineHeap) Swap(i, k int)      { h[i], h[k] = h[k], h[i] }
func (h *lineHeap) Push(x any)        { *h = append(*h, x.(listed)) }

func (h *lineHeap) Pop() any {
	n := len(*h) - 1
	last := (*h)[n]
	(*h)[n] = listed{}
	*h = (*h)[:n]
	return last
}

// scoreLines prints the lines of all files, the most surprising first. What was read
// before an error is printed all the same.
func (j *scoreJob) scoreLines(m *autoreg.TextModel, paths []string) error {
	var (
		kept   lineHeap
		memory int64
		n      int // lines with a score
	)
	failed := func() (err error) {
		var refs []lineRef
		for d, failed := range m.ScoreEach(j.ctx, j.textsOf(m, paths, &refs, &err), &j.options) {
			if failed != nil {
				return failed
			}
			ref := refs[0]
			refs = refs[1:]
			if d.Symbols == 0 {
				continue
			}
			line := listed{ref.file, ref.number, n, d}
			n++
			if j.top > 0 && len(kept) == j.top {
				if kept[0].before(&line) {
					continue
				}
				memory -= memoryOf(heap.Pop(&kept).(listed))
			}
			if memory += memoryOf(line); memory > int64(j.memory)<<20 {
				return fmt.Errorf("%s line %d: the lines kept so far take more than %d MiB of memory: keep fewer with --top, or raise --max-memory", j.inputName(line.file), line.number, j.memory)
			}
			heap.Push(&kept, line)
		}
		return err
	}()
	if j.ctx.Err() != nil {
		return j.ctx.Err()
	}
	if failed == nil && n == 0 {
		return apierror.Errorf("%w: the lines hold no %s", autoreg.ErrNothingToScore, unitName(m.Tokenizer()))
	}
	slices.SortFunc(kept, func(a, b listed) int {
		if a.before(&b) {
			return -1
		}
		return 1
	})
	if len(kept) == 0 { // before an error: no table
		return failed
	}
	return cmp.Or(failed, j.writeLines(m, kept, len(paths) > 1))
}

// memoryOf returns about how many bytes a line takes.
func memoryOf(l listed) int64 { return 160 + int64(len(l.Text)) + 40*int64(len(l.Tokens)) }

// A lineRef says where a line stands.
type lineRef struct {
	file   string
	number int
}

// textsOf yields the lines of files, and appends to refs where each stands. It sets err
// where they cannot be read.
func (j *scoreJob) textsOf(m *autoreg.TextModel, paths []string, refs *[]lineRef, err *error) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, path := range paths {
			var (
				file lineFile
				bar  *progress
				done int64
			)
			goOn := true
			for line, failed := range following(j.ctx, j.linesOf(m, path, &file)) {
				if failed != nil {
					*err, goOn = failed, false
					break
				}
				if bar == nil {
					bar = j.newProgress(file.size, path)
					bar.hold(time.Second)
				}
				now := file.read.Load()
				bar.add(int(now - done))
				done = now
				*refs = append(*refs, lineRef{path, line.Number})
				if goOn = yield(line.Text); !goOn {
					break
				}
			}
			bar.finish()
			if !goOn || j.ctx.Err() != nil {
				return
			}
		}
	}
}

// A lineFile is a file whose lines are read, and how far it has been read.
type lineFile struct {
	fs.File
	size int64 // 0 if it is not known
	read atomic.Int64
}

func (f *lineFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.read.Add(int64(n))
	return n, err
}

// linesOf yields the lines of a file.
func (j *scoreJob) linesOf(m *autoreg.TextModel, path string, file *lineFile) iter.Seq2[corpus.Line, error] {
	return func(yield func(corpus.Line, error) bool) {
		f, err := j.openTexts(path)
		if err != nil {
			yield(corpus.Line{}, err)
			return
		}
		file.File = f
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			file.size = info.Size()
		}
		read := j.textOptions(m)
		if !j.flags.Changed("max-corpus") {
			read.MaxBytes = math.MaxInt64 // lines are not kept
		}
		read.Open = j.opened(path, file)
		corpus.Lines(path, &read)(yield)
	}
}

// following yields what s yields, which goes on in a goroutine of its own, so that a file
// that cannot be read now does not keep the command from ending with ctx.
func following[T any](ctx context.Context, s iter.Seq2[T, error]) iter.Seq2[T, error] {
	type item struct {
		value T
		err   error
	}
	return func(yield func(T, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		items := make(chan item, 256)
		go func() {
			defer close(items)
			for value, err := range s {
				select {
				case items <- item{value, err}:
				case <-ctx.Done():
					return
				}
			}
		}()
		for {
			select {
			case i, ok := <-items:
				if !ok || !yield(i.value, i.err) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}
