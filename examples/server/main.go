// Server streams generated text over HTTP to many clients, from one model that all
// of them share:
//
//	go run ./examples/server -model cmd/autoreg/cookbooks.safetensors
//	curl -N 'http://localhost:8080/generate?prompt=recipe+for+roasted&temperature=0.7'
//
// Each word is sent as soon as it is there. A client that hangs up ends its stream,
// and so does one that stops reading. The streams of all texts under way are stepped
// together, by an autoreg.Group, with as many threads as there are CPUs. The program in the
// folder load finds out how many users that serves.
//
// No client can keep others out by holding on to what it has been given: headers,
// bodies, answers and pauses have time limits, and one address may hold a quarter of
// the texts and connections (-share). Behind a proxy all clients have one address:
// set -share 1 there and let the proxy count.
//
// handler.go is the part to copy, and newServer; budget.go and gate.go are the
// limits.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/autoreg/autoreg"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "address to listen at")
	path := flag.String("model", "cmd/autoreg/cookbooks.safetensors", "model file")
	streams := flag.Int("streams", 256*runtime.NumCPU(), "most texts under way at once")
	threads := flag.Int("threads", 0, "threads that step them; 0: one a CPU")
	conns := flag.Int("conns", 1024, "most open connections")
	share := flag.Float64("share", 0.25, "part of both that one address may hold; 1 behind a proxy")
	flag.Parse()
	switch {
	case *streams < 1:
		log.Fatal("-streams: want 1 or more")
	case *threads < 0:
		log.Fatal("-threads: want 0 or more")
	case *conns < 1:
		log.Fatal("-conns: want 1 or more")
	case !(*share >= 0 && *share <= 1):
		log.Fatal("-share: want 0 to 1")
	}
	m, err := autoreg.Open[*autoreg.TextModel](*path)
	if err != nil {
		log.Fatal(err)
	}
	group, err := m.NewGroup(&autoreg.GroupOptions{Threads: *threads})
	if err != nil {
		log.Fatal(err)
	}
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log.Printf("listening at http://%s/", l.Addr())
	g := newGate(l, newBudget(*conns, *share))
	s := newServer(g, newHandler(m, group, newBudget(*streams, *share)).routes())
	if err := serve(ctx, s, g, 10*time.Second); err != nil {
		log.Fatal(err)
	}
}

// newServer returns a server for the connections of g, all of which come to an end: a
// Server without time limits waits for ever.
func newServer(g *gate, h http.Handler) *http.Server {
	return &http.Server{
		Handler:     takeTurns(h),
		ConnContext: g.connContext,
		// A request is one line and a few headers, without a body.
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		MaxHeaderBytes:    16 << 10,
		// For short answers: a text has a deadline for each word instead.
		WriteTimeout: 10 * time.Second,
		IdleTimeout:  time.Minute,
		// The general handler of OPTIONS would wait for a body.
		DisableGeneralOptionsHandler: true,
	}
}

// serve answers requests until ctx ends. Texts under way then have grace to end by
// themselves.
func serve(ctx context.Context, s *http.Server, l net.Listener, grace time.Duration) error {
	// Requests live on after ctx, but not for ever.
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	s.BaseContext = func(net.Listener) context.Context { return requests }
	closed := make(chan error, 1)
	go func() {
		<-ctx.Done()
		last, end := context.WithTimeout(context.Background(), grace)
		defer end()
		err := s.Shutdown(last)
		if errors.Is(err, context.DeadlineExceeded) {
			cancel()
			err = s.Close()
		}
		closed <- err
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-closed
}
