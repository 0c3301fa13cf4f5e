package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestGate has connections closed in favour of new ones.
func TestGate(t *testing.T) {
	server, client := net.Pipe()
	defer server.Close()
	defer client.Close()
	g := newGate(nil, newBudget(4, 0.5))
	var clock time.Duration
	open := func(from string) *gateConn {
		clock++
		return &gateConn{Conn: server, gate: g, from: addressOf(from + ":1"), since: time.Now().Add(clock)}
	}
	admit := func(c *gateConn, want bool) *gateConn {
		t.Helper()
		if g.admit(c) != want {
			t.Errorf("admitted %v", !want)
		}
		return c
	}
	has := func(want ...*gateConn) {
		t.Helper()
		for _, c := range want {
			if _, ok := g.open[c]; !ok {
				t.Errorf("the connection %v since %v is closed", c.from, c.since)
			}
		}
		if len(g.open) != len(want) || g.budget.inUse() != len(want) {
			t.Errorf("%d connections open, %d counted, want %d", len(g.open), g.budget.inUse(), len(want))
		}
	}
	hold := func(c net.Conn) (release func()) {
		return hold(new(http.Request).WithContext(g.connContext(context.Background(), c)))
	}
	a1, a2 := admit(open("10.0.0.1"), true), admit(open("10.0.0.1"), true)
	has(a1, a2)
	b1 := admit(open("10.0.0.2"), true)
	a3 := admit(open("10.0.0.1"), true) // its share is spent: the oldest goes
	has(a2, a3, b1)
	hold(a2)
	a4 := admit(open("10.0.0.1"), true)
	has(a2, a4, b1)
	hold(tls.Server(a4, nil))
	admit(open("10.0.0.1"), false) // others pay nothing
	has(a2, a4, b1)
	c1 := admit(open("10.0.0.3"), true)
	d1 := admit(open("10.0.0.4"), true) // all are taken: the oldest of all goes
	has(a2, a4, c1, d1)
	d2 := admit(open("10.0.0.4"), true) // but the address's own first
	has(a2, a4, c1, d2)
	hold(c1)
	hold(c1)()
	done := hold(d2)
	admit(open("10.0.0.5"), false)
	done()
	e1 := admit(open("10.0.0.5"), true)
	has(a2, a4, c1, e1)
	for _, c := range []*gateConn{a2, a4, c1, e1, e1} {
		c.Close()
	}
	has()
}

func TestAddressOf(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"10.0.0.1:1", "10.0.0.1:2", true},
		{"10.0.0.1:1", "10.0.0.2:1", false},
		{"10.0.0.1:1", "[::ffff:10.0.0.1]:1", true},
		{"[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff::]:1", true},
		{"[2001:db8:1:2::1]:1", "[2001:db8:1:3::1]:1", false},
		{"[fe80::1%eth0]:1", "[fe80::2%eth1]:1", true},
		{"[::1]:1", "127.0.0.1:1", false},
		{"@", "", true},
		{"@", "10.0.0.1:1", false},
	} {
		if a, b := addressOf(c.a), addressOf(c.b); (a == b) != c.same {
			t.Errorf("%s is %v, %s is %v: the same %v", c.a, a, c.b, b, !c.same)
		}
	}
}
