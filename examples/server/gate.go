package main

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"sync"
	"time"
)

// A gate is a listener that keeps the number of open connections within a budget.
// Where a new one exceeds it, a connection without a text under way is closed in its
// favour, the one that has been so for longest: it sends nothing, or its headers
// letter by letter, or does not read a short answer, or is kept alive between two
// requests. HTTP lets a server close those at any time. One of the same address
// comes first, so that an address that opens too many takes them from itself. If
// every connection has a text under way, the new one is closed.
type gate struct {
	net.Listener
	budget *budget

	mu   sync.Mutex
	open map[*gateConn]struct{}
}

type gateConn struct {
	net.Conn
	gate *gate
	from netip.Prefix
	once sync.Once

	// Guarded by gate.mu.
	texts int       // under way, more than one with HTTP/2
	since time.Time // when it was opened or the last text ended
}

type connKey struct{} // of the connection in a request's context

func newGate(l net.Listener, b *budget) *gate {
	return &gate{Listener: l, budget: b, open: make(map[*gateConn]struct{})}
}

// Accept returns the next connection that fits the budget.
func (g *gate) Accept() (net.Conn, error) {
	for {
		inner, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &gateConn{Conn: inner, gate: g, from: addressOf(inner.RemoteAddr().String()), since: time.Now()}
		if g.admit(c) {
			return c, nil
		}
		inner.Close()
	}
}

// admit makes room for a connection, if it can, and counts it.
func (g *gate) admit(c *gateConn) bool {
	for !g.budget.take(c.from) {
		other := g.idlest(c.from)
		if other == nil {
			return false
		}
		other.Close()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open[c] = struct{}{}
	return true
}

// idlest returns the connection to be closed in favour of a new one, or nil.
func (g *gate) idlest(from netip.Prefix) *gateConn {
	g.mu.Lock()
	defer g.mu.Unlock()
	var same, first *gateConn // of the same address, of all
	for c := range g.open {
		if c.texts > 0 {
			continue
		}
		if first == nil || c.since.Before(first.since) {
			first = c
		}
		if c.from == from && (same == nil || c.since.Before(same.since)) {
			same = c
		}
	}
	if same != nil || g.budget.spent(from) {
		return same
	}
	return first
}

// connContext is the ConnContext hook of the server that accepts from the gate.
func (g *gate) connContext(ctx context.Context, c net.Conn) context.Context {
	if outer, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = outer.NetConn() // TLS
	}
	return context.WithValue(ctx, connKey{}, c)
}

// hold keeps the connection of a request open until release is called.
func hold(r *http.Request) (release func()) {
	c, ok := r.Context().Value(connKey{}).(*gateConn)
	if !ok {
		return func() {}
	}
	add := func(n int) {
		c.gate.mu.Lock()
		defer c.gate.mu.Unlock()
		c.texts += n
		c.since = time.Now()
	}
	add(1)
	return func() { add(-1) }
}

// takeTurns wraps a server's handler so that after each request others have their
// turn: a client that sends thousands of cheap requests in one go would otherwise
// keep a CPU for 10 ms at a time.
func takeTurns(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer runtime.Gosched()
		next.ServeHTTP(w, r)
	})
}

// Close closes the connection and gives its place back.
func (c *gateConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.gate.mu.Lock()
		delete(c.gate.open, c)
		c.gate.mu.Unlock()
		c.gate.budget.release(c.from)
	})
	return err
}
