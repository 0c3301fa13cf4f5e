package main

import (
	"net/netip"
	"sync"
)

// A budget is a number of things to be held at once, of which one address may hold
// a share. It is safe for concurrent use.
type budget struct {
	most int // in all
	each int // by one address

	mu   sync.Mutex
	held map[netip.Prefix]int
	sum  int
}

// newBudget returns a budget of most things, of which one address may hold the
// given share, 0 to 1, but always one.
func newBudget(most int, share float64) *budget {
	return &budget{most: most, each: max(1, int(share*float64(most))), held: make(map[netip.Prefix]int)}
}

// take reports whether the address may hold one more, and counts it if so.
func (b *budget) take(from netip.Prefix) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sum >= b.most || b.held[from] >= b.each {
		return false
	}
	b.held[from]++
	b.sum++
	return true
}

// release gives back what take has counted.
func (b *budget) release(from netip.Prefix) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sum--
	if b.held[from]--; b.held[from] == 0 {
		delete(b.held, from) // or the map grows with every address ever seen
	}
}

// spent reports whether the address holds its share already.
func (b *budget) spent(from netip.Prefix) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held[from] >= b.each
}

// inUse returns how many things are held.
func (b *budget) inUse() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sum
}

// addressOf returns the address of one client: of host:port the host, or of an IPv6
// address the /64 that its network gave to it, all of whose addresses it may use.
// What has no such address, a Unix socket for example, counts as one client.
//
// Headers such as X-Forwarded-For are not read: any client can write what it likes
// into them. Behind a proxy all clients have the proxy's address.
func addressOf(hostPort string) netip.Prefix {
	a, err := netip.ParseAddrPort(hostPort)
	if err != nil {
		return netip.Prefix{}
	}
	ip, bits := a.Addr().Unmap(), 64
	if ip.Is4() {
		bits = 32
	}
	p, _ := ip.Prefix(bits) // fails for other sizes only
	return p
}
