package corpus

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// A repeated reader repeats a text.
type repeated struct {
	head, text string
	at         int
}

func (e *repeated) Read(p []byte) (n int, err error) {
	for n < len(p) {
		k := copy(p[n:], e.head)
		e.head = e.head[k:]
		n += k
		if n < len(p) {
			k = copy(p[n:], e.text[e.at:])
			e.at = (e.at + k) % len(e.text)
			n += k
		}
	}
	return n, nil
}

// A heapMeter measures how much the heap grows at most while it is read through.
type heapMeter struct {
	r           io.Reader
	n           int64
	start, peak uint64
}

func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func (h *heapMeter) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	if before := h.n; before>>21 != (h.n+int64(n))>>21 {
		h.peak = max(h.peak, liveHeap())
	}
	h.n += int64(n)
	return n, err
}

// TestCorpusMemory reads more than the memory allowed can hold, of all kinds, and
// measures what was taken when that was said.
func TestCorpusMemory(t *testing.T) {
	if testkit.RaceEnabled {
		t.Skip("one goroutine, and half a minute under the race detector")
	}
	const limit = 8 << 20
	long := strings.Repeat("long ", 20000)
	for _, c := range []struct {
		name   string
		data   repeated
		format string
		want   string // "" for the limit itself
	}{
		{"letters", repeated{text: "a\n"}, FormatLines, ""},
		{"lines", repeated{text: "a line of a text that is longer\n"}, FormatLines, ""},
		{"paragraphs", repeated{text: "a\n\n"}, FormatParagraphs, ""},
		{"invalid letters", repeated{text: "\xff\n"}, FormatLines, ""},
		{"empty recipes", repeated{head: "[", text: `{"title":"","directions":[]},`}, FormatRecipes, ""},
		{"long lines", repeated{text: long + "\na\n"}, FormatLines, ""},
		{"very long lines", repeated{text: strings.Repeat(long, 4) + "\n"}, FormatLines, ""},
		{"one line", repeated{text: "a"}, FormatLines, "the document at line 1 is larger than 1 MiB, an eighth of what is left"},
		{"one paragraph", repeated{text: "a\n"}, FormatParagraphs, "is larger than 1 MiB"},
		{"one record", repeated{head: `[{"a":"`, text: "b"}, FormatRecipes, "the record is larger than 1 MiB"},
		{"texts of a letter", repeated{text: "\"a\"\n"}, FormatJSON, ""},
		{"long texts", repeated{text: "\"" + long + "\"\n"}, FormatJSON, ""},
		{"one string", repeated{head: "\"", text: "b"}, FormatJSON, "the record is larger than 1 MiB"},
		{"one number", repeated{text: "1"}, FormatJSON, "the record is larger than 1 MiB"},
		{"nested lists", repeated{text: "["}, FormatJSON, "exceeded max depth"},
		{"skipped values", repeated{text: "null "}, FormatJSON, "the unpacked data is larger than the limit of 24 MiB"},
		{"one member after the other", repeated{head: `[{"a":1`, text: `,"b":2`}, FormatRecipes, "the record is larger than 1 MiB"},
		{"one text", repeated{text: "a\r\n"}, FormatText, "the text is larger than 1 MiB, an eighth of what is left"},
		{"one invalid text", repeated{text: "a\xff"}, FormatText, "the text is larger than 1 MiB"},
		{"blank lines", repeated{text: "\n"}, FormatLines, "the unpacked data is larger than the limit of 24 MiB"},
		{"skipped recipes", repeated{head: "[", text: "{},"}, FormatRecipes, "the unpacked data is larger than the limit of 24 MiB"},
	} {
		meter := &heapMeter{r: &c.data, start: liveHeap()}
		_, err := Decode(meter, "test", &Options{Format: c.format, MaxMemory: limit, MaxBytes: 24 << 20})
		want := c.want
		if want == "" {
			want = "of the 8 MiB of memory allowed: read less, or raise MaxMemory"
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, want)
		}
		if taken := int64(meter.peak) - int64(meter.start); taken > limit+1<<20 {
			t.Errorf("%s: %d bytes taken of %d", c.name, taken, limit)
		}
	}
}

// TestCorpusMemorySuffices pins what a document takes: a letter with 20 bytes, and one
// that is long with little more than its length.
func TestCorpusMemorySuffices(t *testing.T) {
	for _, c := range []struct {
		size, docs int
		bytes      int64 // a document
	}{
		{1, 200000, 22},
		{100, 50000, 123},
		{50000, 200, 54000},
		{300000, 40, 330000},
	} {
		data := strings.Repeat(strings.Repeat("a", c.size)+"\n", c.docs)
		room := int64(c.size)*underWay + 1<<20
		o := &Options{Format: FormatLines, MaxMemory: c.bytes*int64(c.docs) + room}
		before := liveHeap()
		got, err := readString(data, o)
		if err != nil || len(got.Docs) != c.docs {
			t.Errorf("%d documents of %d bytes: %v", c.docs, c.size, err)
			continue
		}
		if taken := int64(liveHeap()) - int64(before); taken > o.MaxMemory {
			t.Errorf("%d documents of %d bytes take %d, allowed were %d", c.docs, c.size, taken, o.MaxMemory)
		}
		for _, doc := range got.Docs {
			if len(doc) != c.size {
				t.Fatalf("a document of %d bytes, want %d", len(doc), c.size)
			}
		}
	}
}

// TestDocStore puts documents of mixed lengths through blocks of all sizes.
func TestDocStore(t *testing.T) {
	s := docStore{max: 1 << 40}
	var want []string
	for i := range 500 {
		text := fmt.Sprint(i, strings.Repeat("x", i*7919%(3*textBlock/largeShare)))
		if i%100 == 99 {
			text = strings.Repeat(text, 30)
		}
		if i%2 == 0 {
			text = text[:1]
		}
		want = append(want, text)
		if err := s.add([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	total := int64(len(strings.Join(want, "")))
	if s.text != total || s.used < total || s.used > total+total/largeShare+2*textBlock {
		t.Errorf("%d bytes of text, %d counted, want %d and little more", s.text, s.used, total)
	}
	for i, got := range s.list() {
		if got != want[i] {
			t.Fatalf("document %d is %.20q of %d bytes, want %.20q of %d", i, got, len(got), want[i], len(want[i]))
		}
	}
}

// The limits are checked.
func TestCorpusLimitOptions(t *testing.T) {
	for _, o := range []Options{{MaxDocBytes: -1}, {MaxDocBytes: maxDocBytes + 1}, {MaxBytes: -1}, {MaxMemory: -1}} {
		if _, err := readString("a\n", &o); err == nil || !strings.Contains(err.Error(), "want 0") {
			t.Errorf("%+v: error %v", o, err)
		}
	}
	if _, err := readString("a\n", &Options{MaxMemory: 100}); err == nil || !strings.Contains(err.Error(), "raise MaxMemory") {
		t.Errorf("100 bytes of memory: error %v", err)
	}
}
