package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/autoreg/autoreg"
)

// A handler serves texts of one model. It is safe for concurrent use, because the
// model is: each request has a stream of its own, and the group steps those together
// that wait for a word at the same time.
type handler struct {
	model    *autoreg.TextModel
	group    *autoreg.Group
	slots    *budget       // one for each text under way
	patience time.Duration // for a client to take a word
	longest  time.Duration // for a whole text
}

// newHandler returns a handler that has as many texts under way at once as there are
// slots. g is a group of m.
func newHandler(m *autoreg.TextModel, g *autoreg.Group, slots *budget) *handler {
	return &handler{model: m, group: g, slots: slots, patience: 5 * time.Second, longest: time.Minute}
}

// routes returns
//
//	GET /generate?prompt=WORDS     a text, sent word by word
//	GET /                          the other parameters of a query
func (h *handler) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.help)
	mux.HandleFunc("GET /generate", h.generate)
	return refuseBody(mux)
}

// refuseBody refuses requests that announce a body, by Content-Length or in chunks: no
// route here has a use for one. While a body is unread,
// net/http does not notice that a client hangs up, and it reads the body to its end
// before it sends the first byte of an answer: a handler would wait in its first
// Flush, slot in hand, for a client that never sends what it announced.
func refuseBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 {
			next.ServeHTTP(w, r)
			return
		}
		// The answer goes out at once. Then net/http reads the body for a moment, so
		// that closing does not take the answer back from a client that is sending.
		w.Header().Set("Connection", "close")
		if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Second / 2)); err != nil {
			panic(http.ErrAbortHandler)
		}
		http.Error(w, "want a request without a body", http.StatusBadRequest)
	})
}

func (h *handler) help(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, help, maxTokens, h.longest)
}

func (h *handler) generate(w http.ResponseWriter, r *http.Request) {
	q, err := parse(r.URL.RawQuery, h.longest)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.Method == http.MethodHead {
		// Its first piece is the prompt: a query that the model refuses is refused here too.
		for _, err := range h.model.Text(r.Context(), q.prompt, &q.options) {
			if err != nil {
				refuse(w, err)
				return
			}
			break
		}
		h.header(w, q)
		return
	}
	// To refuse at once is better than to be slow for all.
	from := addressOf(r.RemoteAddr)
	if !h.slots.take(from) {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too many texts under way: try again", http.StatusServiceUnavailable)
		return
	}
	defer h.slots.release(from)
	defer hold(r)()

	// The request's context ends when the client hangs up.
	ctx, cancel := context.WithTimeout(r.Context(), h.longest)
	defer cancel()

	control := http.NewResponseController(w)
	q.options.Group = h.group
	due, started := time.Now(), false
	for piece, err := range h.model.Text(ctx, q.prompt, &q.options) {
		switch {
		case err != nil && !started:
			refuse(w, err)
			return
		case err != nil:
			// The status has been sent: breaking off is how to say that the text is
			// not complete.
			panic(http.ErrAbortHandler)
		case !started:
			h.header(w, q)
			w.Header().Set("Trailer", "Autoreg-End")
			started = true
		}
		if err := control.SetWriteDeadline(time.Now().Add(h.patience)); err != nil {
			panic(http.ErrAbortHandler)
		}
		if _, err := io.WriteString(w, piece.Text); err != nil {
			return
		}
		if err := control.Flush(); err != nil {
			return
		}
		if piece.End != nil { // a trailer, now that the headers have been sent
			w.Header().Set("Autoreg-End", piece.End.Reason.String())
		}
		if q.pause > 0 && piece.ID >= 0 && piece.End == nil {
			due = due.Add(q.pause)
			if !sleep(ctx, time.Until(due)) {
				panic(http.ErrAbortHandler)
			}
		}
	}
}

// header sets the headers of a text.
func (h *handler) header(w http.ResponseWriter, q *query) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Autoreg-Seed", strconv.FormatUint(q.options.Seed, 10))
}

// refuse answers a query that the model has refused: an option, or a prompt without words
// or with a word that the model has no token for.
func refuse(w http.ResponseWriter, err error) {
	if errors.Is(err, autoreg.ErrEmptyPrompt) {
		err = errNoPrompt
	}
	http.Error(w, err.Error(), http.StatusBadRequest)
}

// sleep reports whether d has passed before ctx is done.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
