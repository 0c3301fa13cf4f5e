package main

import (
	"bytes"
	"context"
	"io"
	"sync"
	"time"
)

// await returns the results of work, or ctx.Err() as soon as ctx ends. It is for work
// that takes no context: opening a named pipe, reading, learning a vocabulary. Such work
// continues after ctx has ended, until the process exits, so it must pass results only
// by returning them.
func await[T any](ctx context.Context, work func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := work()
		done <- result{value, err}
	}()
	var r result
	select {
	case r = <-done:
	case <-ctx.Done():
	}
	if err := ctx.Err(); err != nil {
		var none T
		return none, err
	}
	return r.value, r.err
}

// grace is how long a write may take once the context has ended.
const grace = 200 * time.Millisecond

// An output writes through to another writer, and returns ctx.Err() where a write blocks
// after ctx has ended: a pipe that is not read must not keep the process from exiting. It
// is safe for concurrent use. Writes that do not block succeed after the end of ctx too.
type output struct {
	ctx context.Context
	w   io.Writer

	mu    sync.Mutex
	stuck bool // a write has not returned
}

func newOutput(ctx context.Context, w io.Writer) *output { return &output{ctx: ctx, w: w} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stuck {
		return 0, o.ctx.Err()
	}
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	data := bytes.Clone(p) // the write may outlive this call
	go func() {
		n, err := o.w.Write(data)
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return r.n, r.err
	case <-o.ctx.Done():
	}
	select {
	case r := <-done:
		return r.n, r.err
	case <-time.After(grace):
		o.stuck = true
		return 0, o.ctx.Err()
	}
}
