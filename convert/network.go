package convert

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// A network is what a file says, layer by layer, input to output: what every reader of a
// format makes and what a model is built from.
type network struct {
	format string // for a reader: "Keras 3.3.3"
	input  int    // values of a step, or tokens if it begins with an embedding
	parts  []part

	// first is the state in which a sequence begins, of all layers, h and then c of each; nil
	// for zeros.
	first []float32

	vocabulary []string             // of the tokens, in the order of their numbers; nil if the file has none
	own        *tokenizer.Tokenizer // of vocabulary, if the file has it whole
	tokenizer  tokenizer.Options    // how a text becomes them, as far as the file says
	length     int                  // tokens to which texts are cut or filled up, or 0 if the file does not say
	masked     bool                 // such filling is skipped

	pixels *model.Pixel // in place of parts, of a network over images

	notes []string // what the file says and a model does not need: dropout, masking
}

// A part is a layer with its weights.
type part struct {
	name   string      // the layer's name in the file
	spec   layers.Spec // nil for an embedding
	in     int
	width  int // outputs
	values map[string][]float32

	dense *layers.DenseSpec // spec, if it is that of a Dense layer; nil otherwise

	// last says that what follows reads the last output of a sequence alone. That of a layer
	// in both directions is the output at the last position, or with ends the last output of
	// each direction, at the two ends of the sequence.
	last, ends bool
}

// embedding adds the vectors of tokens, [tokens, width].
func (n *network) embedding(name string, tokens, width int, vectors []float32) error {
	if len(n.parts) > 0 {
		return apierror.Errorf("layer %q is an embedding behind another layer: it must be the first", name)
	}
	n.input = tokens
	n.parts = append(n.parts, part{name: name, in: tokens, width: width, values: map[string][]float32{"weight": vectors}})
	return nil
}

// add adds a layer, whose values are under the names of its parameters without suffix.
func (n *network) add(name string, spec layers.Spec, values map[string][]float32) error {
	if err := layers.CheckSpec(spec); err != nil {
		return apierror.Errorf("layer %q: %v", name, err)
	}
	in := n.width()
	p := part{name: name, spec: spec, in: in, width: spec.OutLen(in), values: values}
	if p.width > layers.MaxUnits {
		return apierror.Errorf("layer %q has %d outputs: want at most %d", name, p.width, layers.MaxUnits)
	}
	n.parts = append(n.parts, p)
	return nil
}

// width returns the values that the last layer so far gives for a step.
func (n *network) width() int {
	if len(n.parts) == 0 {
		return n.input
	}
	return n.parts[len(n.parts)-1].width
}

// note says what was left out, which changes nothing about the outputs.
func (n *network) note(format string, args ...any) {
	const most = 64 // as many layers as a model has
	switch s := fmt.Sprintf(format, args...); {
	case len(n.notes) == most:
		n.notes = append(n.notes, "there are more notes than these")
	case len(n.notes) < most && !slices.Contains(n.notes, s):
		n.notes = append(n.notes, s)
	}
}

// takeLast says that what follows the last layer so far reads its last output alone, or
// with ends the last output of each direction.
func (n *network) takeLast(ends bool) {
	p := &n.parts[len(n.parts)-1]
	p.last, p.ends = true, ends && !layers.Sequential(p.spec)
}

// checkLast notes which layers give their last output alone, and returns an error if that is
// none of a sequence's outputs.
func (n *network) checkLast() error {
	for _, p := range n.parts {
		if p.ends {
			return apierror.Errorf("layer %q gives the last outputs of its two directions, at the two ends of a sequence: only a classifier has that, an embedding, layers, and one Dense layer for the classes; otherwise the layer has to give all outputs (return_sequences=True)", p.name)
		}
		if p.last {
			n.note("%s gives its last output only: here each step has one, that of the last step is the same", p.name)
		}
	}
	return nil
}

// clip cuts a name from a file to a length fit for messages and notes, which may hold it
// several times. Nothing that is read has a longer one.
func clip(name string) string {
	const most = 200
	if len(name) > most {
		return name[:most] + "…"
	}
	return name
}

// printable replaces what a terminal would not print as it is.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, name)
}
