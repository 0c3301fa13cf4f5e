// Package totorch writes a model as a program for PyTorch: one file, model.py, that loads
// the model's own file, whose tensors have PyTorch's names and layouts, computes the same
// logits, samples, trains on with one process or many, and saves a file of the same form.
//
// The program is put together from the pieces in this directory that the model needs. It
// reads sizes, names of classes and vocabularies from the model's file when it runs. Of the
// model only numbers, and choices between fixed texts, have an influence on the program.
package totorch

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/template"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

//go:embed *.py.tmpl
var files embed.FS

var pieces = template.Must(template.ParseFS(files, "*.py.tmpl"))

// A program is what the pieces depend on.
type program struct {
	Title, Usage, More, Data string // of the comment that it begins with
	Imports                  string
	Loss                     string // the form of a mean loss
	Batch                    int
	LR, Flags                string // defaults

	// Of a network over symbols or vectors.
	Own     bool // a layer is none of torch.nn's
	Dense   bool // one is dense
	Both    bool // a layer goes in both directions
	Tied    bool
	Classes bool
	words

	// Of a network over vectors.
	Vectors bool
	First   bool // sequences begin in a state that is among the weights

	// Of a network over pixels.
	Mixture, Colour, Direct, Condition bool
	Activation                         string
	High, Half, Cols, Resolutions      int
}

// Program returns the program for the model whose file has this metadata, which must be
// sound. It returns an error for a model whose texts no short program can read.
func Program(meta map[string]string) ([]byte, error) {
	p := &program{Loss: lossPer("value"), Batch: 32, LR: "1e-3"}
	var names []string
	var err error
	switch kind := model.KindOf(meta); kind {
	case model.KindText, model.KindClassifier:
		names, err = p.text(kind, meta)
	case model.KindImages:
		names, err = p.images(meta)
	case model.KindVectors:
		names, err = p.vectors(meta)
	default:
		err = fmt.Errorf("models of kind %.40q have no form for PyTorch", kind)
	}
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, name := range append([]string{"head"}, names...) {
		if err := pieces.ExecuteTemplate(&b, name+".py.tmpl", p); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// lossPer returns the form of a loss for each of items.
func lossPer(item string) string { return "%.4f nats per " + item }

// A config is a configuration of layers, as far as it matters here.
type config struct {
	Layers     []layer
	Tied       bool
	Length     int
	FirstState bool `json:"first_state"`
}

type layer struct {
	Type                string
	Reset               string
	Activation          string
	RecurrentActivation string `json:"recurrent_activation"`
	Layer               *layer
}

// own reports whether torch.nn has no such layer.
func (l *layer) own() bool {
	switch {
	case l.Type == "dense" || l.Reset != "" || l.RecurrentActivation != "":
		return true
	case l.Type == "rnn" && l.Activation == "relu":
		return false
	}
	return l.Activation != "" && l.Activation != "tanh"
}

// layers sets what depends on the layers of a model, and returns its configuration.
func (p *program) layers(meta map[string]string) (c config, err error) {
	if err := json.Unmarshal([]byte(meta[model.KeyConfig]), &c); err != nil {
		return c, err
	}
	for _, l := range c.Layers {
		if l.Layer != nil {
			l, p.Both = *l.Layer, true
		}
		p.Dense = p.Dense || l.Type == "dense"
		p.Own = p.Own || l.own()
	}
	return c, nil
}

// vectors completes p for a model over sequences of vectors, and returns the names of its
// pieces.
func (p *program) vectors(meta map[string]string) ([]string, error) {
	c, err := p.layers(meta)
	if err != nil {
		return nil, err
	}
	p.Vectors, p.First = true, c.FirstState
	p.Title, p.Imports, p.Loss = "A model over sequences of vectors", "json, math, os, sys", "%.4g, the mean square of the differences"
	p.Usage = "    python3 model.py --inputs IN.csv    prints the outputs for a sequence, of each step on a line"
	p.More = " --targets OUT.csv"
	p.Data = "the inputs of a step on each line, separated by commas; OUT.csv: what its outputs are to be.\nThey are learned in pieces of --length steps, of which what is left at the end is none"
	p.Flags = `inputs="", targets="", length=256`
	return []string{"recurrent", "vectors", "train", "flags", "vectors_main"}, nil
}

// text completes p for a model of text or a classifier, and returns the names of its pieces.
func (p *program) text(kind string, meta map[string]string) ([]string, error) {
	c, err := p.layers(meta)
	if err != nil {
		return nil, err
	}
	p.Tied, p.Classes = c.Tied, kind == model.KindClassifier
	tok := new(tokenizer.Tokenizer)
	if err := tok.UnmarshalJSON([]byte(meta[model.KeyTokenizer])); err != nil {
		return nil, err
	}
	if err := p.words.set(tok.Options()); err != nil {
		return nil, err
	}
	p.Imports = "json, os, sys"
	if p.Unit == string(tokenizer.Words) {
		p.Imports = "json, os, re, sys"
	}
	if p.Classes {
		p.Title, p.Loss = "A classifier of texts", lossPer("text")
		p.Usage = "    python3 model.py --text TEXT    prints the probabilities of the classes of a text"
		p.Data = "lines of a class, a tab and a text"
		p.Flags = `text=""`
		return []string{"recurrent", "tokenizer", "classes", "train", "flags", "classes_main"}, nil
	}
	p.Title, p.Loss = "A model of text", lossPer("token")
	p.Usage = `    python3 model.py --prompt TEXT --temperature 0.7 --tokens 100 --seed 1    writes a text`
	p.Data = "a text on each line, or with --whole 1 one text; learned in pieces of --length tokens"
	p.Flags = fmt.Sprintf(`prompt="", tokens=100, temperature=0.7, length=%d, whole=0`, c.Length)
	return []string{"recurrent", "tokenizer", "text", "train", "flags", "text_main"}, nil
}

// images completes p for a model of images, and returns the names of its pieces.
func (p *program) images(meta map[string]string) ([]string, error) {
	c, err := model.PixelConfigOf(meta)
	if err != nil {
		return nil, err
	}
	p.Title, p.Batch, p.LR = "A model of images", 128, "5e-4"
	p.Imports = "gzip, itertools, json, os, struct, sys"
	p.Colour = c.Channels() == 3
	image := "sampled.pgm"
	if p.Colour {
		image = "sampled.ppm"
	}
	p.Data = "images in IDX form, gzipped or not, of the size of the model's"
	p.Flags = fmt.Sprintf("count=8, image=%q", image)
	flags := " --temperature 0.9"
	network := "pixelcnn"
	if s, ok := c.PixelSpec.(layers.PixelCNNMixture); ok {
		network, flags = "mixture", ""
		p.Mixture, p.Direct, p.Condition = true, s.Direct, s.Condition > 0
		p.Activation, p.Resolutions = s.Activation.String(), s.Resolutions
		p.High, p.Half, p.Cols = s.Rows-1, s.Cols/2, s.Cols
		p.LR, p.Imports = "1e-3", strings.Replace(p.Imports, "json", "json, math", 1)
	} else {
		p.Flags += ", temperature=1.0"
	}
	if p.Condition {
		flags, p.More = " --label 1", " --labels FILE"
		p.Flags += `, labels="", label=0`
		p.Data += ", and in another file their classes"
	}
	p.Usage = fmt.Sprintf("    python3 model.py --count 8%s --seed 1 --image %s    draws images", flags, image)
	return []string{network, "images", "train", "flags", "images_main"}, nil
}

// Words is how a program cuts texts into tokens. The expressions are Python's.
type words struct {
	Unit              string
	NoStop, NoUnknown bool
	Fold              bool
	Verbatim          bool   // the spelling of the unknown token is one in texts too
	Begin             string // regular expression of a character that a word begins with
	Word              string // of a word, where letter is Begin
	Alone             string // what else is a word, behind +
	Drop              string // characters that are dropped; "" for none
}

const (
	blanks = ` \t\n\v\f\r`
	// ASCII punctuation, without the backslash and with it.
	padded   = "!-/:-@\\[\\]-`{-~"
	stripped = "!-/:-@\\[-`{-~"
)

// set completes w for the options of a tokenizer.
func (w *words) set(o tokenizer.Options) error {
	if o.Stem != "" {
		return errors.New("its words are stems, which need the stemmer of autoreg: there is no program of PyTorch's for it")
	}
	o = o.WithDefaults()
	w.Unit, w.NoStop, w.NoUnknown = string(o.Unit), o.NoStop, o.NoUnknown
	w.Fold = o.Case == tokenizer.FoldCase
	if o.Unit != tokenizer.Words {
		return nil
	}
	w.Verbatim = !o.NoUnknown && (o.UnknownWord != "" || o.Punctuation == tokenizer.KeepPunctuation)
	marks := ""
	if o.UnicodePunctuation {
		marks = typographic()
	}
	w.Word = `letter + "+"`
	switch o.Punctuation {
	case tokenizer.SplitPunctuation:
		marks = padded + marks
		w.Alone = ` + r"|[` + marks + `]"`
	case tokenizer.StripPunctuation:
		marks = stripped + marks
		w.Word, w.Drop = `letter + r"[^`+blanks+`]*"`, `r"[`+marks+`]"`
	}
	w.Begin = `r"[^` + blanks + marks + `]"`
	if o.LineEnds {
		w.Alone += ` + "|\n"`
	}
	return nil
}

// typographic returns, for a Python regular expression, the ranges of characters beyond ASCII
// that Options.UnicodePunctuation takes for punctuation, which is what a tokenizer does to
// them: they are all below U+10000.
func typographic() string {
	tok, err := tokenizer.New([]string{"", "[UNK]", "a"}, &tokenizer.Options{UnicodePunctuation: true})
	if err != nil {
		panic("totorch: no tokenizer: " + err.Error())
	}
	var b strings.Builder
	from := rune(-1)
	for r := rune(0x80); r <= 0x10000; r++ {
		mark := false
		for word := range tok.Words("a" + string(r) + "a") {
			mark = word == "a"
			break
		}
		switch {
		case mark && from < 0:
			from = r
		case !mark && from >= 0:
			fmt.Fprintf(&b, `\u%04x`, from)
			if r-1 > from {
				fmt.Fprintf(&b, `-\u%04x`, r-1)
			}
			from = -1
		}
	}
	return b.String()
}
