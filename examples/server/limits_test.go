package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// start serves until the test ends and returns the server's address.
func start(t *testing.T, s *http.Server, l net.Listener) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, s, l, 0) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// send opens a connection, sends text and leaves it open until the test ends. A
// server may hang up meanwhile.
func send(t *testing.T, addr, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	io.WriteString(c, text)
	return c
}

// once gets an answer over a connection of its own.
func once(t *testing.T, addr, query string) (status int, header http.Header, text string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	r, err := client.Get("http://" + addr + "/generate?" + query)
	if err != nil {
		t.Error(err)
		return 0, nil, ""
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return r.StatusCode, r.Header, string(b)
}

const (
	line = " /generate?prompt=word1&tokens=5 HTTP/1.1\r\nHost: a\r\n"
	star = "OPTIONS * HTTP/1.1\r\nHost: a\r\n"
)

// bodies are requests that announce a body and do not send it.
var bodies = map[string]string{
	"length":       "GET" + line + "Content-Length: 10\r\n\r\n",
	"half":         "GET" + line + "Content-Length: 10\r\n\r\n12345",
	"long":         "GET" + line + "Content-Length: 1000000000000\r\n\r\n",
	"chunked":      "GET" + line + "Transfer-Encoding: chunked\r\n\r\n",
	"half a chunk": "GET" + line + "Transfer-Encoding: chunked\r\n\r\na\r\n12345",
	"trailer":      "GET" + line + "Transfer-Encoding: chunked\r\nTrailer: A\r\n\r\n0\r\n",
	"continue":     "GET" + line + "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n",
	"HEAD":         "HEAD" + line + "Content-Length: 10\r\n\r\n",
	"POST":         "POST" + line + "Content-Length: 10\r\n\r\n",
	"OPTIONS":      star + "Content-Length: 10\r\n\r\n",
	"elsewhere":    "GET /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n",
	"second":       "GET" + line + "\r\nGET" + line + "Content-Length: 10\r\n\r\n",
	"bad query":    "GET /generate HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n",
	"HTTP/1.0":     "GET /generate?prompt=word1 HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 10\r\n\r\n",
}

// TestSocketsHeldOpen opens more connections than there may be and holds on to them.
// A text must still be had, without the help of time limits.
func TestSocketsHeldOpen(t *testing.T) {
	attacks := map[string]string{
		"nothing":    "",
		"half":       "GET /generate?prompt=word1 HTTP/1.1\r\nHost:",
		"keep alive": "GET" + line + "\r\n",
		"refused":    "GET /generate HTTP/1.1\r\nHost: a\r\n\r\n",
		"HEAD only":  "HEAD" + line + "\r\n",
		"next half":  "GET" + line + "\r\nGET /gen",
		"pipelined":  strings.Repeat("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", 1000),
		"TLS":        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	}
	for name, text := range bodies {
		attacks["body/"+name] = text
	}
	m := testModel(t, -1000, 0)
	for name, text := range attacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestHandler(t, m, newBudget(4, 1))
			g := newGate(listen(t), newBudget(24, 0.5))
			addr := start(t, patient(newServer(g, h.routes())), g)
			end := time.Now().Add(time.Minute)
			for range 40 {
				send(t, addr, text)
			}
			for range 3 {
				status, _, text := once(t, addr, "prompt=word1&tokens=5")
				for status == 503 && time.Now().Before(end) { // texts of the attack itself
					time.Sleep(10 * time.Millisecond)
					status, _, text = once(t, addr, "prompt=word1&tokens=5")
				}
				if status != 200 || len(strings.Fields(text)) != 5 {
					t.Errorf("status %d, text %q", status, text)
				}
			}
		})
	}
}

// patient takes the time limits from a server.
func patient(s *http.Server) *http.Server {
	s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout, s.IdleTimeout = time.Hour, time.Hour, time.Hour, time.Hour
	return s
}

// TestBodies has every announced body refused at once, and the connection closed.
func TestBodies(t *testing.T) {
	h := newTestHandler(t, testModel(t, -1000, 0), newBudget(1, 1))
	g := newGate(listen(t), newBudget(100, 1))
	addr := start(t, patient(newServer(g, h.routes())), g)
	end := time.Now().Add(time.Minute)
	conns := make(map[string]net.Conn)
	for name, text := range bodies {
		conns[name] = send(t, addr, text)
	}
	for name, c := range conns {
		c.SetReadDeadline(end)
		in := bufio.NewReader(c)
		if name == "second" {
			r, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			io.Copy(io.Discard, r.Body)
		}
		method, _, _ := strings.Cut(bodies[name], " ")
		r, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != 400 || !r.Close || (string(body) == "want a request without a body\n") == (method == "HEAD") {
			t.Errorf("%s: status %d, close %v, body %q, error %v", name, r.StatusCode, r.Close, body, err)
		}
		if _, err := in.ReadByte(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: after the answer %v, want the connection closed", name, err)
		}
	}
}

// TestBodySent lets a client that sends its body in good faith read the refusal.
func TestBodySent(t *testing.T) {
	h := newTestHandler(t, testModel(t, -1000, 0), newBudget(1, 1))
	g := newGate(listen(t), newBudget(100, 1))
	addr := start(t, newServer(g, h.routes()), g)
	for _, size := range []int{1, 10_000, 200_000} {
		r, err := http.Post("http://"+addr+"/generate?prompt=word1", "text/plain", strings.NewReader(strings.Repeat("a", size)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil || r.StatusCode != 400 {
			t.Errorf("%d bytes: status %d, error %v", size, r.StatusCode, err)
		}
		r.Body.Close()
	}
}

// TestTimeLimits has connections that wait for a request closed in time.
func TestTimeLimits(t *testing.T) {
	g := newGate(listen(t), newBudget(100, 1))
	s := newServer(g, newTestHandler(t, testModel(t, -1000, 0), newBudget(1, 1)).routes())
	for _, d := range []time.Duration{s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout, s.IdleTimeout} {
		if d <= 0 || d > time.Minute {
			t.Errorf("a time limit of %v", d)
		}
	}
	s.ReadHeaderTimeout, s.IdleTimeout = 100*time.Millisecond, 100*time.Millisecond
	addr := start(t, s, g)
	for _, text := range []string{"", "GET ", "GET" + line, "GET" + line + "\r\n", "GET" + line + "\r\nGET "} {
		c := send(t, addr, text)
		c.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("after %q the connection stays open", text)
		}
	}
}

// A slowWriter takes its time over each word.
type slowWriter struct {
	http.ResponseWriter
	pause time.Duration
}

func (w slowWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w slowWriter) Write(b []byte) (int, error) {
	time.Sleep(w.pause)
	return w.ResponseWriter.Write(b)
}

// TestSlowText has a text that takes longer than the limits for requests and short
// answers, but not one that takes longer than any text may.
func TestSlowText(t *testing.T) {
	const limit = 700 * time.Millisecond
	for _, c := range []struct {
		tokens   int
		longest  time.Duration
		complete bool
	}{
		{15, time.Minute, true},
		{1000, limit, false},
	} {
		h := newTestHandler(t, testModel(t, -1000, 0), newBudget(1, 1))
		h.longest = c.longest
		g := newGate(listen(t), newBudget(100, 1))
		s := newServer(g, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.routes().ServeHTTP(slowWriter{w, 2 * limit / 15}, r)
		}))
		s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout = limit, limit, limit
		r, err := get(context.Background(), "http://"+start(t, s, g), fmt.Sprintf("prompt=word1&tokens=%d", c.tokens))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		if n := len(strings.Fields(string(text))); (err == nil && n == c.tokens) != c.complete || n == 0 {
			t.Errorf("%d of %d words, error %v, want a complete text: %v", n, c.tokens, err, c.complete)
		}
		idle(t, h)
	}
}

// TestConnections closes connections that wait in favour of new ones, but none with
// a text under way.
func TestConnections(t *testing.T) {
	const most, opened = 10, 30
	h := newTestHandler(t, testModel(t, -1000, 0), newBudget(1, 1))
	g := newGate(listen(t), newBudget(most, 1))
	begun, release := make(chan struct{}), make(chan struct{})
	s := patient(newServer(g, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.routes().ServeHTTP(heldWriter{w, sync.OnceFunc(func() {
			close(begun)
			<-release
		})}, r)
	})))
	addr := start(t, s, g)
	type answer struct {
		status int
		text   string
	}
	got := make(chan answer)
	go func() {
		status, _, text := once(t, addr, "prompt=word1&tokens=5")
		got <- answer{status, text}
	}()
	<-begun
	var conns []net.Conn
	for range opened {
		conns = append(conns, send(t, addr, ""))
	}
	end := time.Now().Add(time.Minute)
	for i, c := range conns[:opened-most+1] {
		c.SetReadDeadline(end)
		if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("connection %d: %v, want it closed", i, err)
		}
	}
	if n := g.budget.inUse(); n > most {
		t.Errorf("%d connections are open", n)
	}
	close(release)
	if a := <-got; a.status != 200 || len(strings.Fields(a.text)) != 5 {
		t.Errorf("status %d, text %q", a.status, a.text)
	}
}

// A heldWriter waits before its first word.
type heldWriter struct {
	http.ResponseWriter
	wait func()
}

func (w heldWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w heldWriter) Write(b []byte) (int, error) {
	w.wait()
	return w.ResponseWriter.Write(b)
}

// TestShareOfSlots has one address ask for texts on many connections without reading
// them. It gets its share; others get their texts.
func TestShareOfSlots(t *testing.T) {
	h := newTestHandler(t, testModel(t, -1000, 0), newBudget(4, 0.5))
	h.patience = 10 * time.Minute // this test is not about time
	l := &addressed{Listener: smallBuffers{listen(t)}}
	g := newGate(l, newBudget(100, 0.5))
	addr := start(t, newServer(g, h.routes()), g)
	l.now.Store("10.0.0.1:1")
	request := fmt.Sprintf("GET /generate?prompt=word1&tokens=%d HTTP/1.1\r\nHost: a\r\n\r\n", maxTokens)
	var attackers []net.Conn
	for range 8 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.(*net.TCPConn).SetReadBuffer(1 << 10); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, strings.Repeat(request, 100)); err != nil {
			t.Fatal(err)
		}
		attackers = append(attackers, c)
	}
	// A slot is free for a moment between two texts of a connection, until the
	// buffers are full.
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		status, header, _ := once(t, addr, "prompt=word1&tokens=1")
		if status == 503 && header.Get("Retry-After") == "1" {
			break
		}
		if status != 200 || time.Now().After(end) {
			t.Fatalf("status %d, headers %v, want 503 in the end", status, header)
		}
	}
	l.now.Store("10.0.0.2:1")
	for range 5 {
		if status, _, text := once(t, addr, "prompt=word1&tokens=5"); status != 200 || len(strings.Fields(text)) != 5 {
			t.Errorf("another address: status %d, text %q", status, text)
		}
	}
	if n := h.slots.inUse(); n > 2 {
		t.Errorf("%d slots are held by one address, want 2 at most", n)
	}
	for _, c := range attackers {
		c.Close()
	}
	idle(t, h)
}

// An addressed listener says that connections come from elsewhere.
type addressed struct {
	net.Listener
	now atomic.Value // string
}

func (l *addressed) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	a, err := net.ResolveTCPAddr("tcp", l.now.Load().(string))
	return &addressedConn{c, a}, err
}

type addressedConn struct {
	net.Conn
	from net.Addr
}

func (c *addressedConn) RemoteAddr() net.Addr { return c.from }

// TestForwarded has headers that a client can write count for nothing.
func TestForwarded(t *testing.T) {
	h := newTestHandler(t, testModel(t, 0, 0), newBudget(2, 0.5))
	h.slots.take(addressOf("10.0.0.1:1"))
	w := &deadlineRecorder{httptest.NewRecorder()}
	r := httptest.NewRequest("GET", "/generate?prompt=word1", nil)
	r.RemoteAddr = "10.0.0.1:2"
	r.Header.Set("X-Forwarded-For", "10.9.9.9")
	r.Header.Set("Forwarded", "for=10.9.9.9")
	if h.routes().ServeHTTP(w, r); w.Code != 503 {
		t.Errorf("status %d, want 503", w.Code)
	}
}

// TestShutdownHalf has a server stop in time while clients hold half a request.
func TestShutdownHalf(t *testing.T) {
	g := newGate(listen(t), newBudget(10, 1))
	s := newServer(g, newTestHandler(t, testModel(t, -1000, 0), newBudget(1, 1)).routes())
	s.ReadHeaderTimeout = 100 * time.Millisecond
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, s, g, time.Minute) }()
	for _, text := range []string{"", "GET ", "GET" + line + "\r\nGET "} {
		send(t, g.Addr().String(), text)
	}
	stop()
	begun := time.Now()
	if err := <-served; err != nil || time.Since(begun) >= time.Minute {
		t.Errorf("error %v after %v", err, time.Since(begun))
	}
}
