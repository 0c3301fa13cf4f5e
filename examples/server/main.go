// Server streams generated text over HTTP to many clients, from one model that all
// of them share:
//
//	go run ./examples/server -model cmd/autoreg/cookbooks.safetensors
//	curl -N 'http://localhost:8080/generate?prompt=recipe+for+roasted&temperature=0.7'
//
// Each word is sent as soon as it is there. A client that hangs up ends its stream,
// and so does one that stops reading. handler.go is the part to copy.
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
	streams := flag.Int("streams", 16*runtime.NumCPU(), "most texts under way at once")
	flag.Parse()
	if *streams < 1 {
		log.Fatal("-streams: want 1 or more")
	}
	m, err := autoreg.Open(*path)
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
	if err := serve(ctx, l, newHandler(m, *streams).routes(), 10*time.Second); err != nil {
		log.Fatal(err)
	}
}

// serve answers requests until ctx ends. Texts under way then have grace to end by
// themselves.
func serve(ctx context.Context, l net.Listener, h http.Handler, grace time.Duration) error {
	// Requests live on after ctx, but not for ever.
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	s := &http.Server{
		Handler:     h,
		BaseContext: func(net.Listener) context.Context { return requests },
		// A request is one line and a few headers. How long an answer may take
		// depends on its length: the handler sets a deadline for each word. (A
		// ReadTimeout would end the watch for clients that hang up.)
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
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
