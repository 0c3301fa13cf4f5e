package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
	"github.com/autoreg/autoreg/tokenizer"
)

// testModel returns a model of random weights that ends a text with about the
// given logit of the stop symbol, those of other words being around 0. LSTM biases are
// filled with bias; where it is not 0, all logits are infinite.
func testModel(t testing.TB, stop, bias float32) *autoreg.TextModel {
	t.Helper()
	words := []string{"", "[UNK]"}
	for i := range 60 {
		words = append(words, fmt.Sprintf("word%d", i))
	}
	tok, err := tokenizer.New(words, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := model.New(model.Config{Symbols: len(words), Embedding: 8, Layers: []layers.Spec{&layers.LSTMSpec{Units: 16}}, Length: 20}, tok).File()
	weights := func(name string) []float32 { return f.Lookup(name).Data }
	testkit.Values(weights("embedding.weight"), 1, 1)
	testkit.Values(weights("lstm.weight_ih_l0"), 2, 1)
	testkit.Values(weights("lstm.weight_hh_l0"), 3, 1)
	for i := range weights("lstm.bias_ih_l0") {
		weights("lstm.bias_ih_l0")[i] = bias
	}
	w := weights("output.weight")
	testkit.Values(w, 4, 1)
	if bias != 0 {
		for i := range w {
			w[i] = math.MaxFloat32 // the sums overflow
		}
	}
	weights("output.bias")[0] = stop
	var file bytes.Buffer
	if _, err := f.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	loaded, err := autoreg.Load[*autoreg.TextModel](&file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// newTestHandler returns a handler whose group has two threads.
func newTestHandler(t testing.TB, m *autoreg.TextModel, slots *budget) *handler {
	t.Helper()
	g, err := m.NewGroup(&autoreg.GroupOptions{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	return newHandler(m, g, slots)
}

// idle waits until no text is under way.
func idle(t testing.TB, h *handler) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); h.slots.inUse() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d streams are still under way", h.slots.inUse())
		}
	}
}

func get(ctx context.Context, base, query string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, "GET", base+"/generate?"+query, nil)
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(r)
}

// TestManyClients has 50 clients at once, every third of which hangs up midway. All
// others get what their seed gives alone, and nothing is left behind.
func TestManyClients(t *testing.T) {
	const clients = 50
	short, endless := testModel(t, 0, 0), testModel(t, -1000, 0)
	before := runtime.NumGoroutine()
	hs, he := newTestHandler(t, short, newBudget(clients, 1)), newTestHandler(t, endless, newBudget(clients, 1))
	s, e := httptest.NewServer(hs.routes()), httptest.NewServer(he.routes())

	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			prompt := fmt.Sprintf("word%d word%d", i, i/2)
			if i%3 == 0 {
				if err := hangUp(e.URL, prompt); err != nil {
					t.Errorf("client %d: %v", i, err)
				}
				return
			}
			temperature := 0.5 + float64(i%4)/4
			o := autoreg.GenerateOptions{MaxTokens: 300, Seed: uint64(i), Sampling: sampler.Options{Temperature: &temperature}, Plain: i%2 != 0}
			want, err := short.Generate(context.Background(), prompt, &o)
			if err != nil {
				t.Error(err)
				return
			}
			r, err := get(context.Background(), s.URL, fmt.Sprintf("prompt=%s&seed=%d&temperature=%v&tokens=300&plain=%v",
				url.QueryEscape(prompt), i, temperature, i%2 != 0))
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Body.Close()
			got, err := io.ReadAll(r.Body)
			if err != nil || r.StatusCode != 200 || string(got) != want.Text {
				t.Errorf("client %d: status %d, error %v, text %q\nwant %q", i, r.StatusCode, err, got, want.Text)
			}
			if end := r.Trailer.Get("Autoreg-End"); end != want.Reason.String() || end == "" {
				t.Errorf("client %d: ended by %q, want %v", i, end, want.Reason)
			}
			if seed := r.Header.Get("Autoreg-Seed"); seed != fmt.Sprint(i) {
				t.Errorf("client %d: seed %s", i, seed)
			}
		})
	}
	all.Wait()
	idle(t, hs)
	idle(t, he)
	s.Close()
	e.Close()
	http.DefaultClient.CloseIdleConnections()
	for end := time.Now().Add(20 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// hangUp reads the first words of a text and goes.
func hangUp(base, prompt string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r, err := get(ctx, base, "tokens=1000&prompt="+url.QueryEscape(prompt))
	if err != nil {
		return err
	}
	defer r.Body.Close()
	words := bufio.NewScanner(r.Body)
	words.Split(bufio.ScanWords)
	for range 5 {
		if !words.Scan() {
			return fmt.Errorf("the text ends early: %v", words.Err())
		}
	}
	return nil
}

// TestFlush reads each word before the next one may be sent: the handler is held up
// by its writer.
func TestFlush(t *testing.T) {
	h := newTestHandler(t, testModel(t, -1000, 0), newBudget(1, 1))
	w := &steppedWriter{header: http.Header{}, flushed: make(chan string)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.routes().ServeHTTP(w, httptest.NewRequest("GET", "/generate?prompt=word1&tokens=4&plain=1&seed=3", nil))
	}()
	var got []string
	for range 4 {
		got = append(got, <-w.flushed)
	}
	<-done
	want, err := h.model.Generate(context.Background(), "word1", &autoreg.GenerateOptions{MaxTokens: 4, Seed: 3, Plain: true})
	if err != nil || strings.Join(got, "") != want.Text || len(strings.Fields(want.Text)) != 4 {
		t.Errorf("flushed %q, want %q word by word, error %v", got, want.Text, err)
	}
}

// A steppedWriter hands over what has been written at each flush.
type steppedWriter struct {
	header  http.Header
	text    strings.Builder
	flushed chan string
}

func (w *steppedWriter) Header() http.Header              { return w.header }
func (w *steppedWriter) WriteHeader(int)                  {}
func (w *steppedWriter) Write(b []byte) (int, error)      { return w.text.Write(b) }
func (w *steppedWriter) SetWriteDeadline(time.Time) error { return nil }

func (w *steppedWriter) Flush() {
	w.flushed <- w.text.String()
	w.text.Reset()
}

func TestQueries(t *testing.T) {
	h := newTestHandler(t, testModel(t, 0, 0), newBudget(1, 1)).routes()
	for _, c := range []struct {
		method, target string
		status         int
		want           string
	}{
		{"GET", "/", 200, "GET /generate"},
		{"GET", "/nothing", 404, ""},
		{"POST", "/generate?prompt=word1", 405, ""},
		{"HEAD", "/generate?prompt=word1", 200, ""},
		{"GET", "/generate", 400, "prompt: want at least one word"},
		{"GET", "/generate?prompt=", 400, "prompt: want at least one word"},
		{"GET", "/generate?prompt=%20%09", 400, "prompt: want at least one word"},
		{"GET", "/generate?prompt=word1&tokens=2&seed=1", 200, "word1 "},
		{"GET", "/generate?prompt=word1&tokens=1", 200, "word1"},
		{"GET", "/generate?prompt=nothing+known&tokens=2&plain=true", 200, "nothing known"},
		{"GET", "/generate?prompt=%ff&tokens=1&plain=1", 400, "prompt: not UTF-8"},
		{"HEAD", "/generate?prompt=%20", 400, "prompt: want at least one word"},
		{"HEAD", "/generate?prompt=word1&stop=", 400, "stop: "},
		{"GET", "/generate?prompt=" + strings.Repeat("a", maxPromptBytes), 200, ""},
		{"GET", "/generate?prompt=a" + strings.Repeat("a", maxPromptBytes), 400, "prompt: longer"},
		{"GET", "/generate?prompt=word1&prompt=word2", 400, "prompt: given 2 times"},
		{"GET", "/generate?prompt=word1&temprature=1", 400, `"temprature": no such parameter`},
		{"GET", "/generate?prompt=word1&temperature=", 400, "temperature: "},
		{"GET", "/generate?prompt=word1&temperature=-1", 400, "temperature: "},
		{"GET", "/generate?prompt=word1&temperature=NaN", 400, "temperature: "},
		{"GET", "/generate?prompt=word1&temperature=Inf", 400, "temperature: "},
		{"GET", "/generate?prompt=word1&temperature=1e400", 400, "temperature: "},
		{"GET", "/generate?prompt=word1&temperature=0", 200, "word1"},
		{"GET", "/generate?prompt=word1&tokens=0", 400, "tokens: "},
		{"GET", fmt.Sprintf("/generate?prompt=word1&tokens=%d", maxTokens+1), 400, "tokens: "},
		{"GET", "/generate?prompt=word1&tokens=9999999999999999999999", 400, "tokens: "},
		{"GET", "/generate?prompt=word1&top_k=-1", 400, "top_k: "},
		{"GET", "/generate?prompt=word1&top_k=3", 200, "word1"},
		{"GET", "/generate?prompt=word1&seed=-1", 400, "seed: "},
		{"GET", "/generate?prompt=word1&seed=18446744073709551615", 200, "word1"},
		{"GET", "/generate?prompt=word1&seed=18446744073709551616", 400, "seed: "},
		{"GET", "/generate?prompt=word1&plain=perhaps", 400, "plain: "},
		{"GET", "/generate?prompt=word1&top_p=0.9&min_p=0.01&typical_p=1&repetition=1.1&presence=0.5&frequency=-0.5&window=5", 200, "word1"},
		{"GET", "/generate?prompt=word1&top_p=1.5", 400, "top_p: "},
		{"GET", "/generate?prompt=word1&top_p=NaN", 400, "top_p: "},
		{"GET", "/generate?prompt=word1&min_p=-0.1", 400, "min_p: "},
		{"GET", "/generate?prompt=word1&typical_p=2", 400, "typical_p: "},
		{"GET", "/generate?prompt=word1&repetition=NaN", 400, "repetition: "},
		{"GET", "/generate?prompt=word1&presence=Inf", 400, "presence: "},
		{"GET", "/generate?prompt=word1&frequency=1e50", 400, "frequency: "},
		{"GET", "/generate?prompt=word1&window=0", 400, "window: "},
		{"GET", "/generate?prompt=word1&stop=word2&stop=word3", 200, "word1"},
		{"GET", "/generate?prompt=word1&stop=", 400, "stop: empty"},
		{"GET", "/generate?prompt=word1&stop=%ff", 400, "stop: not UTF-8"},
		{"GET", "/generate?prompt=word1" + strings.Repeat("&stop=a", maxStops+1), 400, "stop: given 5 times"},
		{"GET", "/generate?prompt=word1&stop=" + strings.Repeat("a", maxStopBytes+1), 400, "stop: longer than 100 bytes"},
		{"GET", "/generate?prompt=word1&rate=1000&tokens=3", 200, "word1"},
		{"GET", "/generate?prompt=word1&rate=1", 400, "rate: 200 tokens would take longer than 1m0s"},
		{"GET", "/generate?prompt=word1&tokens=61&rate=1", 400, "rate: "},
		{"GET", "/generate?prompt=word1&tokens=1&rate=0.1", 200, "word1"},
		{"GET", "/generate?prompt=word1&top_p=0", 400, "top_p: "},
		{"GET", "/generate?prompt=word1&typical_p=-0", 400, "typical_p: "},
		{"GET", "/generate?prompt=word1&repetition=0", 400, "repetition: "},
		{"GET", "/generate?prompt=word1&repetition=1e-99", 400, "repetition: "},
		{"GET", "/generate?prompt=word1&min_p=0", 200, "word1"},
		{"GET", "/generate?prompt=word1&rate=0", 400, "rate: "},
		{"GET", "/generate?prompt=word1&rate=-1", 400, "rate: "},
		{"GET", "/generate?prompt=word1&rate=NaN", 400, "rate: "},
		{"GET", "/generate?prompt=word1&rate=1e7", 400, "rate: "},
		{"GET", "/generate?prompt=%zz", 400, "invalid URL escape"},
	} {
		w := &deadlineRecorder{httptest.NewRecorder()}
		h.ServeHTTP(w, httptest.NewRequest(c.method, c.target, nil))
		if w.Code != c.status || !strings.HasPrefix(w.Body.String(), c.want) {
			t.Errorf("%s %.100s: status %d, body %.100q; want %d, %q", c.method, c.target, w.Code, w.Body, c.status, c.want)
		}
		if trailer := w.Header().Get("Trailer"); (trailer != "") != (c.status == 200 && c.method == "GET" && c.target != "/") {
			t.Errorf("%s %.100s: status %d announces the trailer %q", c.method, c.target, w.Code, trailer)
		}
	}
}

// The end is a trailer and no header, also where the first piece of a text is its last.
func TestTrailer(t *testing.T) {
	s := httptest.NewServer(newTestHandler(t, testModel(t, -1000, 0), newBudget(1, 1)).routes())
	defer s.Close()
	for _, tokens := range []string{"1", "3"} {
		r, err := get(t.Context(), s.URL, "prompt=word1&tokens="+tokens)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(r.Body); err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if head, end := r.Header.Values("Autoreg-End"), r.Trailer.Values("Autoreg-End"); len(head) != 0 || len(end) != 1 || end[0] != "length" {
			t.Errorf("%s tokens: header %q, trailer %q", tokens, head, end)
		}
	}
}

// A deadlineRecorder is a ResponseRecorder that takes deadlines.
type deadlineRecorder struct{ *httptest.ResponseRecorder }

func (deadlineRecorder) SetWriteDeadline(time.Time) error { return nil }

// TestRate has a text come at the rate that was asked for, and one that would take too long
// broken off.
func TestRate(t *testing.T) {
	h := newTestHandler(t, testModel(t, -1000, 0), newBudget(1, 1))
	s := httptest.NewServer(h.routes())
	defer s.Close()
	begun := time.Now()
	_, _, text := once(t, s.Listener.Addr().String(), "prompt=word1&tokens=6&rate=20")
	if d := time.Since(begun); len(strings.Fields(text)) != 6 || d < 200*time.Millisecond {
		t.Errorf("%q after %v, want 5 new words in 200 ms or more", text, d)
	}
	h.longest = time.Nanosecond
	r, err := get(context.Background(), s.URL, "prompt=word1&tokens=6")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if text, err := io.ReadAll(r.Body); err == nil || string(text) != "word1" {
		t.Errorf("%q, error %v, want the prompt and an error", text, err)
	}
	idle(t, h)
}

// TestStop has a text end before a stop string, over two words.
func TestStop(t *testing.T) {
	s := httptest.NewServer(newTestHandler(t, testModel(t, -1000, 0), newBudget(1, 1)).routes())
	defer s.Close()
	read := func(query string) (text, end string) {
		r, err := get(context.Background(), s.URL, query)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b), r.Trailer.Get("Autoreg-End")
	}
	whole, _ := read("prompt=word1&plain=1&seed=3&tokens=20")
	words := strings.Fields(whole)
	stop := words[8] + " " + words[9]
	want, _, _ := strings.Cut(whole, stop)
	if text, end := read("prompt=word1&plain=1&seed=3&tokens=20&stop=" + url.QueryEscape(stop)); text != want || end != "stop string" {
		t.Errorf("%q, ended by %q, want %q", text, end, want)
	}
}

// TestLimit refuses a text where all slots, or those of one address, are taken.
func TestLimit(t *testing.T) {
	h := newTestHandler(t, testModel(t, 0, 0), newBudget(4, 0.5))
	try := func(from string) *httptest.ResponseRecorder {
		w := &deadlineRecorder{httptest.NewRecorder()}
		r := httptest.NewRequest("GET", "/generate?prompt=word1", nil)
		r.RemoteAddr = from
		h.routes().ServeHTTP(w, r)
		return w.ResponseRecorder
	}
	for i, c := range []struct {
		taken []string // addresses that have one slot each
		from  string
		want  int
	}{
		{nil, "10.0.0.1:1", 200},
		{[]string{"10.0.0.1:1"}, "10.0.0.1:2", 200},
		{[]string{"10.0.0.1:1", "10.0.0.1:2"}, "10.0.0.1:3", 503},
		{[]string{"10.0.0.1:1", "10.0.0.1:2"}, "10.0.0.2:3", 200},
		{[]string{"10.0.0.1:1", "10.0.0.1:2", "10.0.0.2:1", "10.0.0.3:1"}, "10.0.0.4:1", 503},
	} {
		for _, a := range c.taken {
			if !h.slots.take(addressOf(a)) {
				t.Fatalf("%d: no slot for %s", i, a)
			}
		}
		w := try(c.from)
		if w.Code != c.want || (w.Header().Get("Retry-After") != "") != (c.want == 503) {
			t.Errorf("%d: status %d, headers %v, want %d", i, w.Code, w.Header(), c.want)
		}
		for _, a := range c.taken {
			h.slots.release(addressOf(a))
		}
		if n := h.slots.inUse(); n != 0 || len(h.slots.held) != 0 {
			t.Errorf("%d: %d slots held: %v", i, n, h.slots.held)
		}
	}
}

// TestBrokenModel breaks off a text whose logits turn out to be infinite: the client must
// not take it for complete.
func TestBrokenModel(t *testing.T) {
	h := newTestHandler(t, testModel(t, 0, 100), newBudget(1, 1))
	s := httptest.NewServer(h.routes())
	defer s.Close()
	r, err := get(context.Background(), s.URL, "prompt=word1")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if text, err := io.ReadAll(r.Body); err == nil || string(text) != "word1" {
		t.Errorf("text %q, error %v: want one after the prompt", text, err)
	}
	idle(t, h)
}

// TestIdleClient has a client that asks for much and never reads: its connection is
// closed when it has not taken a word for too long.
func TestIdleClient(t *testing.T) {
	const requests = 100 // in one go: one text might fit in the buffers between the two
	h := newTestHandler(t, testModel(t, -1000, 0), newBudget(1, 1))
	h.patience = 200 * time.Millisecond
	stuck := make(chan struct{}, requests)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		h.routes().ServeHTTP(w, r)
		if time.Since(start) >= h.patience {
			stuck <- struct{}{}
		}
	}))
	s.Listener = smallBuffers{s.Listener}
	s.Start()
	defer s.Close()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.(*net.TCPConn).SetReadBuffer(1 << 10); err != nil {
		t.Fatal(err)
	}
	request := fmt.Sprintf("GET /generate?prompt=word1&tokens=%d HTTP/1.1\r\nHost: a\r\n\r\n", maxTokens)
	if _, err := io.WriteString(c, strings.Repeat(request, requests)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-stuck:
	case <-time.After(20 * time.Second):
		t.Fatal("the stream waits for ever")
	}
	idle(t, h)
	data, _ := io.ReadAll(c) // up to where the server hung up
	if got := bytes.Count(data, []byte("HTTP/1.1 200")); got == 0 || got == requests {
		t.Errorf("%d of %d texts begun, want some", got, requests)
	}
}

// smallBuffers makes a client that does not read be felt soon.
type smallBuffers struct{ net.Listener }

func (l smallBuffers) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		err = c.(*net.TCPConn).SetWriteBuffer(1 << 10)
	}
	return c, err
}

// TestShutdown lets requests under way end by themselves, and breaks them off when
// their time is up.
func TestShutdown(t *testing.T) {
	for _, grace := range []time.Duration{0, 20 * time.Second} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		served := make(chan error, 1)
		release := make(chan struct{})
		go func() {
			g := newGate(l, newBudget(10, 1))
			served <- serve(ctx, newServer(g, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
				}
				select {
				case <-release:
					io.WriteString(w, "complete")
				case <-r.Context().Done():
				}
			})), g, grace)
		}()
		r, err := get(context.Background(), "http://"+l.Addr().String(), "")
		if err != nil {
			t.Fatal(err)
		}
		stop()
		if grace > 0 {
			close(release)
		}
		text, err := io.ReadAll(r.Body)
		r.Body.Close()
		if complete := err == nil && string(text) == "complete"; complete != (grace > 0) {
			t.Errorf("grace %v: text %q, error %v", grace, text, err)
		}
		if err := <-served; err != nil {
			t.Errorf("grace %v: %v", grace, err)
		}
		if _, err := get(context.Background(), "http://"+l.Addr().String(), ""); err == nil {
			t.Errorf("grace %v: the server still answers", grace)
		}
	}
}
