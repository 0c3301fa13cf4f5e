// Load is users of the example server, for finding out how many it serves:
//
//	go build -o /tmp/server ./examples/server && go build -o /tmp/load ./examples/server/load
//	/tmp/server -streams 4000 -conns 5000 -share 1 &
//	/tmp/load -users 250,500,1000
//
// Each user has a connection, asks for one text after another and reads it as it comes, at
// the rate that the server is asked to keep. Token k of a text is due k/rate seconds after
// its request is sent. Its latency is the time by which it comes later than that, what the
// network, the request and the reading take included: for the first token it is all of the
// time since the request. A line is printed for each number of users:
//
//	users 500: 9988 tokens/s of 10000, latency p50 1.2 ms, p99 6.9 ms, most 20.1 ms, 0 texts failed
//
// Here both programs share the machine: with the load elsewhere the server has all of it.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "the server's address")
	users := flag.String("users", "100", "users at once: numbers with commas are tried one after the other")
	rate := flag.Float64("rate", 20, "tokens a second of each user")
	tokens := flag.Int("tokens", 100, "tokens of a text, prompt included; some texts end earlier")
	prompt := flag.String("prompt", "recipe for", "the prompt of all texts")
	last := flag.Duration("time", 10*time.Second, "how long each number of users is measured, after a tenth of it for all to begin")
	flag.Parse()
	var counts []int
	for s := range strings.SplitSeq(*users, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			log.Fatalf("-users: %q: want numbers of 1 or more", s)
		}
		counts = append(counts, n)
	}
	if !(*rate > 0) || *tokens < 1 || *last <= 0 {
		log.Fatal("-rate, -tokens and -time: want more than 0")
	}
	for _, n := range counts {
		query := url.Values{"prompt": {*prompt}, "rate": {fmt.Sprint(*rate)}, "tokens": {fmt.Sprint(*tokens)}, "plain": {"1"}}
		l := &load{addr: *addr, query: query.Encode(), blanks: strings.Count(*prompt, " "), rate: *rate, from: time.Now().Add(*last / 10)}
		l.to = l.from.Add(*last)
		fmt.Println(l.run(n))
	}
}

// A load is a number of users of a server.
type load struct {
	addr, query string
	blanks      int // in the prompt
	rate        float64
	from, to    time.Time // tokens that come in this time count

	mu        sync.Mutex
	latencies []time.Duration
	failed    int
	last      error
}

// run has so many users read texts until the time is over and returns a line about it.
func (l *load) run(users int) string {
	var all sync.WaitGroup
	for range users {
		all.Go(func() {
			// Users do not all come at once.
			time.Sleep(time.Duration(rand.Float64() * float64(time.Until(l.from))))
			l.user()
		})
	}
	all.Wait()
	line := fmt.Sprintf("users %d: ", users)
	if n := len(l.latencies); n > 0 {
		slices.Sort(l.latencies)
		at := func(share float64) float64 { return 1e3 * l.latencies[int(share*float64(n-1))].Seconds() }
		line += fmt.Sprintf("%.0f tokens/s of %.0f, latency p50 %.1f ms, p99 %.1f ms, most %.1f ms, ",
			float64(n)/l.to.Sub(l.from).Seconds(), float64(users)*l.rate, at(0.5), at(0.99), at(1))
	}
	line += fmt.Sprintf("%d texts failed", l.failed)
	if l.last != nil {
		line += ", the last one: " + l.last.Error()
	}
	return line
}

// user reads one text after another until the time is over.
func (l *load) user() {
	var own []time.Duration
	var failed int
	var last error
	for time.Now().Before(l.to) {
		err := l.connection(&own)
		if err == nil {
			continue
		}
		failed++
		last = err
		time.Sleep(time.Second)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.latencies = append(l.latencies, own...)
	if l.failed += failed; last != nil {
		l.last = last
	}
}

// connection reads texts over one connection until the time is over, or one fails.
func (l *load) connection(latencies *[]time.Duration) error {
	conn, err := net.Dial("tcp", l.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for time.Now().Before(l.to) {
		if err := l.text(conn, in, latencies); err != nil {
			return err
		}
	}
	return nil
}

// text reads one text, and waits for as long as its tokens take at the rate.
func (l *load) text(conn net.Conn, in *bufio.Reader, latencies *[]time.Duration) error {
	conn.SetDeadline(l.to.Add(10 * time.Second))
	start := time.Now()
	if _, err := fmt.Fprintf(conn, "GET /generate?%s HTTP/1.1\r\nHost: %s\r\n\r\n", l.query, l.addr); err != nil {
		return err
	}
	r, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return errors.New(r.Status)
	}
	buf, k := make([]byte, 4096), 0
	due := func() time.Time { return start.Add(time.Duration(float64(k) / l.rate * float64(time.Second))) }
	skip := l.blanks // each new word has one before it
	for {
		n, err := r.Body.Read(buf)
		now := time.Now()
		for range bytes.Count(buf[:n], []byte(" ")) {
			if skip > 0 {
				skip--
				continue
			}
			if now.After(l.from) && now.Before(l.to) {
				*latencies = append(*latencies, max(0, now.Sub(due())))
			}
			k++
		}
		switch {
		case err == io.EOF:
			time.Sleep(time.Until(due()))
			return nil
		case err != nil:
			return err
		case now.After(l.to):
			return nil
		}
	}
}
