package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/sampler"
)

// Limits on what one request may ask for.
const (
	maxPromptBytes = 4 << 10
	maxTokens      = 1000
)

// A handler serves texts of one model. It is safe for concurrent use, because the
// model is: each request has a stream of its own.
type handler struct {
	model    *autoreg.TextModel
	slots    *budget       // one for each text under way
	patience time.Duration // for a client to take a word
	longest  time.Duration // for a whole text
}

// newHandler returns a handler that has as many texts under way at once as there are
// slots.
func newHandler(m *autoreg.TextModel, slots *budget) *handler {
	return &handler{model: m, slots: slots, patience: 5 * time.Second, longest: time.Minute}
}

// routes returns
//
//	GET /generate?prompt=WORDS     a text, sent word by word
//	    &seed=N &temperature=X &top_k=N &tokens=N &plain=1
//	GET /                          what there is
func (h *handler) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.help)
	mux.HandleFunc("GET /generate", h.generate)
	return refuseBody(mux)
}

// refuseBody refuses requests that announce a body, by Content-Length or in chunks: no
// route here has a use for one. It is no mere tidiness. While a body is unread,
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
	fmt.Fprintf(w, `GET /generate?prompt=recipe+for+roasted
  seed=N         the same seed gives the same text; drawn if left out, see the header Autoreg-Seed
  temperature=X  0 or more, 0.7 if left out
  top_k=N        draw among the N likeliest words; 0, all, if left out
  tokens=N       1 to %d words, prompt included; 200 if left out
  plain=1        single blanks between words
The trailer Autoreg-End says why the text ended: stop, by the model, or length.
`, maxTokens)
}

func (h *handler) generate(w http.ResponseWriter, r *http.Request) {
	prompt, o, err := parse(r.URL.RawQuery)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.Method == http.MethodHead {
		return // the query is in order, that is all there is to say
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

	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Autoreg-Seed", strconv.FormatUint(o.Seed, 10))
	w.Header().Set("Trailer", "Autoreg-End") // known last: set once the body has begun
	control := http.NewResponseController(w)
	for piece, err := range h.model.Text(ctx, prompt, &o) {
		switch {
		case errors.Is(err, autoreg.ErrEmptyPrompt):
			http.Error(w, "prompt: want at least one word", http.StatusBadRequest)
			return
		case err != nil:
			// The query's options are in order and the prompt comes before the
			// model's first word, so the status has been sent: breaking off is how
			// to say that the text is not complete.
			panic(http.ErrAbortHandler)
		}
		if piece.End != nil {
			w.Header().Set("Autoreg-End", piece.End.Reason.String())
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
	}
}

// parse reads a query strictly: a parameter that is misspelt must not be ignored.
func parse(query string) (prompt string, o autoreg.GenerateOptions, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", o, err
	}
	temperature := autoreg.DefaultTemperature
	o = autoreg.GenerateOptions{MaxTokens: autoreg.DefaultMaxTokens, Sampling: sampler.Options{Temperature: &temperature}, Seed: uint64(rand.Uint32())}
	for name, list := range values {
		if len(list) > 1 {
			return "", o, fmt.Errorf("%s: given %d times", name, len(list))
		}
		value, err := list[0], error(nil)
		switch name {
		case "prompt":
			if prompt = value; len(prompt) > maxPromptBytes {
				return "", o, fmt.Errorf("prompt: longer than %d bytes", maxPromptBytes)
			}
		case "seed":
			o.Seed, err = strconv.ParseUint(value, 10, 64)
		case "temperature":
			if temperature, err = strconv.ParseFloat(value, 32); err == nil && !(temperature >= 0 && temperature <= 1e6) {
				err = strconv.ErrRange
			}
		case "top_k":
			o.Sampling.TopK, err = number(value, 0, 1<<30)
		case "tokens":
			o.MaxTokens, err = number(value, 1, maxTokens)
		case "plain":
			o.Plain, err = strconv.ParseBool(value)
		default:
			return "", o, fmt.Errorf("%.40q: no such parameter", name)
		}
		if err != nil {
			return "", o, fmt.Errorf("%s: %.40q is not a value that it can have", name, value)
		}
	}
	if prompt == "" {
		return "", o, errors.New("prompt: want at least one word")
	}
	return prompt, o, nil
}

func number(s string, low, high int) (int, error) {
	n, err := strconv.Atoi(s)
	if err == nil && (n < low || n > high) {
		err = strconv.ErrRange
	}
	return n, err
}
