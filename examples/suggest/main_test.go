package main

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg"
)

func open(t *testing.T, path string) *suggester {
	t.Helper()
	m, err := autoreg.Open[*autoreg.TextModel](path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSuggester(m)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The same model gives the same suggestions on every machine.
func TestSuggest(t *testing.T) {
	s := open(t, "../../cmd/autoreg/cookbooks.safetensors")
	for _, c := range []struct {
		text        string
		words       []string
		first, rest string // of the text with the first suggestion
	}{
		{"Boil the ca", []string{"candy", "cake", "carefully"}, "Boil the ", "candy "},
		{"Boil the CA", []string{"candy", "cake", "carefully"}, "Boil the CA", "ndy "},
		{"Boil the carrots,", []string{"should", "not", "which"}, "Boil the carrots,", " should "},
		{"Recipe for ", []string{"to", "boiled", "broiled"}, "Recipe for ", "to "},
		{"xyzzy q", []string{"quickly", "quart", "quite"}, "xyzzy q", "uickly "},
		{"", []string{"and", "the", "a"}, "", "and "},                  // the most frequent words
		{"qu", []string{"quite", "quantity", "quickly"}, "qu", "ite "}, // the most frequent ones that begin so
		{"Boil the zzz", nil, "", ""},
		{"Boil \xff", []string{"for", "to", "the"}, "Boil \xff ", "for "},
	} {
		got := s.suggest(c.text, 3)
		var words []string
		for _, w := range got {
			words = append(words, w.Word)
		}
		if !slices.Equal(words, c.words) {
			t.Errorf("%q: %q, want %q", c.text, words, c.words)
		}
		if len(got) > 0 && got[0].Text != c.first+c.rest {
			t.Errorf("%q with %s: %q, want %q", c.text, words[0], got[0].Text, c.first+c.rest)
		}
	}
}

// A word that is complete is not suggested as its own completion, and there are no more
// suggestions than words that fit.
func TestCompletions(t *testing.T) {
	s := open(t, "../../testdata/tiny.safetensors")
	for _, w := range s.suggest("carrot", 20) {
		if w.Word != "carrots" {
			t.Errorf("carrot: %q", w.Word)
		}
	}
	if got := s.suggest("carrots", 20); len(got) != 0 {
		t.Errorf("carrots: %q", got)
	}
	if got := len(s.suggest("recipe for ", 20)); got == 0 || got >= s.model.Tokenizer().Len() {
		t.Errorf("recipe for: %d suggestions", got)
	}
}

func TestModelOfCharactersIsRefused(t *testing.T) {
	m, err := autoreg.Open[*autoreg.TextModel]("../names/names.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newSuggester(m); err == nil || !strings.Contains(err.Error(), "--unit word") {
		t.Errorf("error %v", err)
	}
}

func TestRoutes(t *testing.T) {
	h := routes(open(t, "../../testdata/tiny.safetensors"))
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w
	}
	w := get("/suggest?k=2&text=" + url.QueryEscape("recipe for ro"))
	var list []suggestion
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if want := []suggestion{{"roasted", "recipe for roasted "}, {"roast", "recipe for roast "}}; !slices.Equal(list, want) {
		t.Errorf("%+v, want %+v", list, want)
	}
	if got := strings.TrimSpace(get("/suggest?text=zzz").Body.String()); got != "[]" {
		t.Errorf("no suggestions: %s, want a list", got)
	}
	for path, want := range map[string]int{
		"/":               200,
		"/suggest":        200,
		"/suggest?k=20":   200,
		"/suggest?k=21":   400,
		"/suggest?k=0":    400,
		"/suggest?k=x":    400,
		"/suggest?text=a": 200,
		"/suggest?text=" + strings.Repeat("a", maxText):   200,
		"/suggest?text=" + strings.Repeat("a", maxText+1): 400,
		"/other": 404,
	} {
		if w := get(path); w.Code != want {
			t.Errorf("%.20s: %d, want %d", path, w.Code, want)
		}
	}
}

// The page loads nothing from elsewhere.
func TestPageStandsAlone(t *testing.T) {
	if s := string(page); strings.Contains(s, "//") && strings.Contains(s, "http") || strings.Contains(s, "src=") {
		t.Error("page.html refers to another file")
	}
}
