package autoreg

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/sampler"
)

func group(t testing.TB, m *TextModel, o *GroupOptions) *Group {
	t.Helper()
	g, err := m.NewGroup(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func join(t testing.TB, g *Group, s *Stream) {
	t.Helper()
	if err := g.Join(s); err != nil {
		t.Fatal(err)
	}
}

// Streams that join, leave, fork and go back to their start at any time have, bit for bit,
// the logits of streams that are alone, whatever the others do meanwhile.
func TestGroupIsAlone(t *testing.T) {
	const goroutines, steps = 9, 400
	m := small(t)
	for _, threads := range []int{1, 2, 5} {
		g := group(t, m, &GroupOptions{Threads: threads})
		var all sync.WaitGroup
		for k := range goroutines {
			all.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(k), uint64(threads)))
				s := []*Stream{m.NewStream(), m.NewStream()}
				alone := []*Stream{m.NewStream(), m.NewStream()}
				got, want := make([]float32, m.Symbols()), make([]float32, m.Symbols())
				for range steps {
					i := rng.IntN(2)
					switch rng.IntN(12) {
					case 0:
						if s[i].member == nil {
							if err := g.Join(s[i]); err != nil {
								t.Error(err)
							}
						}
					case 1:
						if s[i].member != nil {
							g.Leave(s[i])
						}
					case 2:
						s[i].CopyFrom(s[1-i])
						alone[i].CopyFrom(alone[1-i])
					case 3:
						s[i].Reset()
						alone[i].Reset()
					case 4:
						a, b := s[i].Snapshot(), alone[i].Snapshot()
						if !slices.Equal(a, b) {
							t.Error("snapshots differ")
						}
					case 5:
						f := s[i].Fork()
						f.Logits(got)
						alone[i].Logits(want)
						if d := testkit.Diff(got, want); d != "" {
							t.Errorf("a fork: logits%s", d)
						}
					case 6, 7, 8:
						sym := rng.IntN(m.Symbols())
						s[i].Advance(sym)
						alone[i].Advance(sym)
					default:
						s[i].Logits(got)
						alone[i].Logits(want)
						if d := testkit.Diff(got, want); d != "" {
							t.Errorf("%d threads: logits%s", threads, d)
							return
						}
					}
				}
			})
		}
		all.Wait()
		if len(g.idle) != threads || g.waiting != 0 || g.gathering != 0 {
			t.Errorf("%d of %d threads are idle, %d streams wait, %d steps are about to begin", len(g.idle), threads, g.waiting, g.gathering)
		}
	}
}

// What waits while a step is under way is stepped together as soon as it ends.
func TestGroupTogether(t *testing.T) {
	m := small(t)
	for _, n := range []int{1, 2, 3, groupRows, groupRows + 1, 2*groupRows + 7} {
		g := group(t, m, &GroupOptions{Threads: 1})
		busy := g.idle[0] // as if it led a step
		g.idle = nil
		got := make([][]float32, n)
		var all sync.WaitGroup
		for i := range n {
			got[i] = make([]float32, m.Symbols())
			s := m.NewStream()
			join(t, g, s)
			if i%3 > 0 { // the others have their first logits
				s.Advance(i % m.Symbols())
			}
			all.Go(func() { s.Logits(got[i]) })
		}
		waiting := func() int {
			g.mu.Lock()
			defer g.mu.Unlock()
			return g.waiting
		}
		for waiting() < n {
			runtime.Gosched()
		}
		g.release(busy)
		all.Wait()
		if want := (n-1)%groupRows + 1; busy.rows != want {
			t.Errorf("%d streams: the last step has %d, want %d", n, busy.rows, want)
		}
		want := make([]float32, m.Symbols())
		for i := range n {
			s := m.NewStream()
			if i%3 > 0 {
				s.Advance(i % m.Symbols())
			}
			s.Logits(want)
			if d := testkit.Diff(got[i], want); d != "" {
				t.Fatalf("stream %d of %d: logits%s", i, n, d)
			}
		}
	}
}

// Steps that are about to begin share the streams that wait, and none takes more than its
// thread's part of all.
func TestGroupShare(t *testing.T) {
	for _, c := range []struct{ joined, threads, waiting, gathering, want int }{
		{16, 1, 0, 1, 0},
		{16, 1, 15, 1, 15},
		{16, 2, 15, 1, 7},
		{17, 2, 15, 1, 8},
		{16, 2, 6, 1, 6},
		{16, 2, 6, 2, 3},
		{16, 2, 5, 2, 3},
		{16, 4, 5, 3, 2},
		{3, 8, 1, 1, 0},
		{1, 1, 0, 1, 0},
	} {
		g := &stepQueue[textWork]{joined: c.joined, threads: c.threads, waiting: c.waiting, gathering: c.gathering}
		if got := g.share(); got != c.want {
			t.Errorf("%+v: the step takes %d", c, got)
		}
	}
}

// Streams that have joined and do not ask for logits hold up none.
func TestGroupSlowStream(t *testing.T) {
	m := small(t)
	g := group(t, m, &GroupOptions{Threads: 1})
	slow, quick := m.NewStream(), m.NewStream()
	join(t, g, slow)
	join(t, g, quick)
	slow.Advance(3)
	if got, want := collect(t, quick, 50, busy(1), 4), collect(t, m.NewStream(), 50, busy(1), 4); !slices.Equal(got, want) {
		t.Errorf("drew %v, want %v", got, want)
	}
	g.Leave(quick)
	if got, want := collect(t, slow, 50, busy(1)), collect(t, m.NewStream(), 50, busy(1), 3); !slices.Equal(got, want) {
		t.Errorf("the slow one drew %v, want %v", got, want)
	}
}

func TestGroupCapacity(t *testing.T) {
	m := small(t)
	g := group(t, m, &GroupOptions{Capacity: 2})
	a, b, c := m.NewStream(), m.NewStream(), m.NewStream()
	join(t, g, a)
	join(t, g, b)
	const want = "autoreg: the group has 2 streams, its Capacity: let one leave before another joins"
	if err := g.Join(c); !errors.Is(err, ErrGroupFull) || err.Error() != want {
		t.Errorf("Join of a third stream: %v, want %s", err, want)
	}
	if c.member != nil {
		t.Error("a stream that was refused has joined")
	}
	for piece, err := range m.Text(t.Context(), m.Tokenizer().Word(3), &GenerateOptions{Group: g}) {
		if !errors.Is(err, ErrGroupFull) || piece.Text != "" || piece.End != nil {
			t.Errorf("Text: %+v, %v", piece, err)
		}
	}
	g.Leave(a)
	join(t, g, c)
	g.Leave(b)
	g.Leave(c)
	for range 5 { // texts leave in the end, whether they are read to it or not
		for range m.Text(t.Context(), m.Tokenizer().Word(3), &GenerateOptions{Group: g}) {
			break
		}
		if _, err := m.Generate(t.Context(), m.Tokenizer().Word(3), &GenerateOptions{Group: g}); err != nil {
			t.Error(err)
		}
	}
	if g.joined != 0 {
		t.Errorf("%d streams in a group that all have left", g.joined)
	}
}

func TestGroupErrors(t *testing.T) {
	m := small(t)
	for want, o := range map[string]*GroupOptions{
		"autoreg: Capacity is -1: want 1 or more, or 0 for no limit":   {Capacity: -1},
		"autoreg: Threads is -2: want 1 to 1024, or 0 for one a CPU":   {Threads: -2},
		"autoreg: Threads is 1025: want 1 to 1024, or 0 for one a CPU": {Threads: 1025},
	} {
		var e *OptionError
		if g, err := m.NewGroup(o); g != nil || !errors.As(err, &e) || err.Error() != want {
			t.Errorf("NewGroup(%+v): %v, want %s", o, err, want)
		}
	}
	if g := group(t, m, &GroupOptions{Capacity: 2, Threads: 1024}); g.threads != 2 || len(g.idle) != 2 {
		t.Errorf("a group of 2 streams has %d threads and %d steppers", g.threads, len(g.idle))
	}
	g := group(t, m, nil)
	for want, o := range map[string]*GenerateOptions{
		"autoreg: Group is of another model: want one of the model that generates": {Group: group(t, small(t), nil)},
		"autoreg: Threads is -1: want 1 or more, or 0 for one":                     {Threads: -1},
		"autoreg: Threads is 2: a Group has threads of its own, leave it at 0":     {Threads: 2, Group: g},
	} {
		var e *OptionError
		if _, err := m.Generate(t.Context(), m.Tokenizer().Word(3), o); !errors.As(err, &e) || err.Error() != want {
			t.Errorf("Generate: %v, want %s", err, want)
		}
	}
}

// A call that is refused changes nothing.
func TestGroupPanics(t *testing.T) {
	m := small(t)
	g := group(t, m, nil)
	s, alone, x := m.NewStream(), m.NewStream(), make([]float32, 13)
	join(t, g, s)
	s.Advance(3)
	alone.Advance(3)
	for want, calls := range map[string][]func(){
		"autoreg: Group: Join: a stream of another model":        {func() { g.Join(small(t).NewStream()) }},
		"autoreg: Group: Join: the stream has joined a group":    {func() { g.Join(s) }, func() { group(t, m, nil).Join(s) }},
		"autoreg: Group: Leave: the stream has not joined":       {func() { g.Leave(alone) }, func() { group(t, m, nil).Leave(s) }},
		"autoreg: Stream: Logits: wrong length":                  {func() { s.Logits(x[:12]) }, func() { s.Logits(make([]float32, 14)) }},
		"layers: Embedding: symbol out of range":                 {func() { s.Advance(13) }, func() { s.Advance(-1) }},
		"autoreg: Stream: CopyFrom: streams of different models": {func() { s.CopyFrom(small(t).NewStream()) }},
	} {
		for i, call := range calls {
			func() {
				defer func() {
					if got := recover(); got != want {
						t.Errorf("call %d: panic %v, want %q", i, got, want)
					}
				}()
				call()
			}()
		}
	}
	if g.joined != 1 {
		t.Errorf("%d streams have joined, want 1", g.joined)
	}
	if got, want := collect(t, s, 20, busy(1)), collect(t, alone, 20, busy(1)); !slices.Equal(got, want) {
		t.Errorf("afterwards it draws %v, want %v", got, want)
	}
}

// Texts of a group are those that are generated alone. A third of them is canceled midway.
func TestGroupTexts(t *testing.T) {
	const texts = 30
	m := endless(t)
	g := group(t, m, &GroupOptions{Threads: 2})
	options := func(i int, g *Group) *GenerateOptions {
		return &GenerateOptions{Seed: uint64(i), NewTokens: 40 + i%7, Sampling: sampler.Options{TopK: i % 4}, LogProbs: i%2 == 0, Group: g}
	}
	var all sync.WaitGroup
	for i := range texts {
		alone := options(i, nil)
		alone.Threads = i % 3
		all.Go(func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var got []Piece
			var last error
			for piece, err := range m.Text(ctx, "word", options(i, g)) {
				if last = err; err == nil {
					got = append(got, piece)
				}
				if i%3 == 0 && len(got) == 20 {
					cancel()
				}
			}
			n := 0
			for piece, err := range m.Text(context.Background(), "word", alone) {
				if err != nil || n < len(got) && (got[n].Text != piece.Text || got[n].ID != piece.ID || got[n].LogProb != piece.LogProb) {
					t.Errorf("text %d, piece %d: %+v, want %+v, error %v", i, n, got[n], piece, err)
					break
				}
				n++
			}
			if canceled := errors.Is(last, context.Canceled); canceled != (i%3 == 0) || !canceled && n != len(got) || canceled && len(got) != 20 {
				t.Errorf("text %d: %d pieces, error %v", i, len(got), last)
			}
		})
	}
	all.Wait()
	if g.joined != 0 {
		t.Errorf("%d streams have not left", g.joined)
	}
}

// A thousand steps of several streams allocate nothing.
func TestGroupNoAllocs(t *testing.T) {
	m := small(t)
	for _, threads := range []int{1, 2} {
		g := group(t, m, &GroupOptions{Threads: threads})
		const streams = 5
		ask, done := make(chan int), make(chan bool)
		var all sync.WaitGroup
		for range streams {
			s, x := m.NewStream(), make([]float32, m.Symbols())
			join(t, g, s)
			c := sampler.New(1, sampler.Exclude(0))
			all.Go(func() {
				for sym := range ask {
					s.Advance(sym)
					s.Logits(x)
					s.Advance(c.Sample(x))
					done <- true
				}
			})
		}
		step := func() {
			for range streams {
				ask <- 3
			}
			for range streams {
				<-done
			}
		}
		for range 100 {
			step()
		}
		testkit.NoAllocs(t, func() {
			for range 1000 {
				step()
			}
		})
		close(ask)
		all.Wait()
	}
}

// A group whose streams have ended is garbage, with nothing left running.
func TestGroupLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	m := small(t)
	gone := make(chan bool, 1)
	func() {
		g := group(t, m, nil)
		runtime.AddCleanup(g, func(int) { gone <- true }, 0)
		s := m.NewStream()
		join(t, g, s)
		collect(t, s, 3, busy(1), 2)
	}()
	for end := time.Now().Add(20 * time.Second); ; {
		runtime.GC()
		select {
		case <-gone:
			if n := runtime.NumGoroutine(); n > before {
				t.Errorf("%d goroutines, %d before", n, before)
			}
			return
		case <-time.After(time.Millisecond):
			if time.Now().After(end) {
				t.Fatal("the group is still there")
			}
		}
	}
}
