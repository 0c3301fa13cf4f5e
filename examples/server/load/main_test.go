package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestLoad has users read texts of a server that answers at once, and of one that refuses.
func TestLoad(t *testing.T) {
	var texts atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("rate") != "200" || r.FormValue("tokens") != "7" {
			t.Errorf("query %s", r.URL.RawQuery)
		}
		texts.Add(1)
		for _, piece := range []string{"two words", " a", " b", " c"} {
			io.WriteString(w, piece)
			w.(http.Flusher).Flush()
		}
	}))
	defer s.Close()
	now := time.Now()
	l := &load{addr: s.Listener.Addr().String(), query: "prompt=two+words&rate=200&tokens=7", blanks: 1, rate: 200, from: now, to: now.Add(time.Second / 2)}
	line := l.run(3)
	if n := int64(len(l.latencies)); n == 0 || n > 3*texts.Load() || l.failed != 0 || !strings.HasPrefix(line, "users 3: ") || !strings.Contains(line, " of 600, ") {
		t.Errorf("%d tokens of %d texts: %s", n, texts.Load(), line)
	}
	// Three users have a text of three tokens every 15 ms.
	if most := int64(3 * (500/15 + 2)); texts.Load() > most {
		t.Errorf("%d texts, want %d at most", texts.Load(), most)
	}

	full := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "full", http.StatusServiceUnavailable)
	}))
	defer full.Close()
	now = time.Now()
	l = &load{addr: full.Listener.Addr().String(), rate: 20, from: now, to: now.Add(time.Second / 10)}
	if line, want := l.run(2), "users 2: 2 texts failed, the last one: 503 Service Unavailable"; line != want {
		t.Errorf("%s, want %s", line, want)
	}
}

// TestLatency has a token that comes late.
func TestLatency(t *testing.T) {
	const late = 120 * time.Millisecond
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "word a")
		w.(http.Flusher).Flush()
		time.Sleep(late)
		fmt.Fprint(w, " b")
	}))
	defer s.Close()
	now := time.Now()
	l := &load{addr: s.Listener.Addr().String(), rate: 20, from: now, to: now.Add(time.Second)}
	l.run(1)
	if len(l.latencies) < 2 || l.latencies[len(l.latencies)-1] < late-50*time.Millisecond {
		t.Errorf("latencies %v, want one of %v or more", l.latencies, late-50*time.Millisecond)
	}
}
