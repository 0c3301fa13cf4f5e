// Suggest serves a text field that suggests how the text goes on: the likeliest next
// words, or of a word that is half typed, the likeliest words that begin so.
//
//	go run ./examples/suggest
//	curl 'http://localhost:8080/suggest?text=peel+the+po'
//
// suggest.go is the part to copy. Words are those of the model's vocabulary: train it on
// texts of the kind that is typed ("autoreg train text").
package main

import (
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/autoreg/autoreg"
)

//go:embed page.html
var page []byte

// Limits on what one request may ask for.
const (
	maxText        = 4 << 10 // bytes
	maxSuggestions = 20
)

func main() {
	log.SetFlags(0)
	addr := flag.String("addr", "localhost:8080", "address to listen at")
	path := flag.String("model", "cmd/autoreg/cookbooks.safetensors", "model file, of words")
	flag.Parse()
	m, err := autoreg.Open[*autoreg.TextModel](*path)
	if err != nil {
		log.Fatal(err)
	}
	s, err := newSuggester(m)
	if err != nil {
		log.Fatalf("%s: %v", *path, err)
	}
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listening at http://%s/", l.Addr())
	server := &http.Server{
		Handler:           routes(s),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	log.Fatal(server.Serve(l))
}

// routes returns
//
//	GET /                        the page with the text field
//	GET /suggest?text=TEXT&k=N   a JSON list of at most N suggestions, 5 without k
func routes(s *suggester) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'")
		w.Write(page)
	})
	mux.HandleFunc("GET /suggest", func(w http.ResponseWriter, r *http.Request) {
		text, k, err := parse(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		json.NewEncoder(w).Encode(s.suggest(text, k))
	})
	return mux
}

func parse(r *http.Request) (text string, k int, err error) {
	q := r.URL.Query()
	if text = q.Get("text"); len(text) > maxText {
		return "", 0, fmt.Errorf("text has %d bytes: want %d or fewer", len(text), maxText)
	}
	k = 5
	if q.Has("k") {
		if k, err = strconv.Atoi(q.Get("k")); err != nil || k < 1 || k > maxSuggestions {
			return "", 0, fmt.Errorf("k is %q: want 1 to %d", q.Get("k"), maxSuggestions)
		}
	}
	return text, k, nil
}
