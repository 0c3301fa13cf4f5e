package layers_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/netkit"
	"github.com/autoreg/autoreg/layers"
)

// Every kind of layer is read as it is written, alone and in a list, with blanks.
func TestSpecText(t *testing.T) {
	all := netkit.Specs(7)
	var texts []string
	for _, s := range all {
		text := layers.FormatSpecs([]layers.Spec{s})
		texts = append(texts, text)
		for _, text := range []string{text, " " + text + "\t"} {
			list, err := layers.ParseSpecs(text)
			if err != nil || len(list) != 1 || layers.FormatSpecs(list) != layers.FormatSpecs([]layers.Spec{s}) || list[0].Type() != s.Type() {
				t.Errorf("%q comes back as %q, %v", text, layers.FormatSpecs(list), err)
			}
		}
	}
	for _, sep := range []string{",", " , "} {
		text := strings.Join(texts, sep)
		list, err := layers.ParseSpecs(text)
		if err != nil || layers.FormatSpecs(list) != strings.Join(texts, ",") {
			t.Errorf("%q comes back as %q, %v", text, layers.FormatSpecs(list), err)
		}
	}
	for _, c := range []struct{ text, want string }{
		{"lstm:128,lstm:128", "lstm:128,lstm:128"},
		{"gru:100:reset=before", "gru:100:reset=before"},
		{"gru:100:reset=after", "gru:100"},
		{"bidirectional(gru:100:reset=before):merge=sum", "bidirectional(gru:100:reset=before):merge=sum"},
		{"bidirectional( gru:100 ):merge=concat", "bidirectional(gru:100)"},
		{"gru:3:recurrent_activation=hard_sigmoid_keras3:reset=before", "gru:3:reset=before:recurrent_activation=hard_sigmoid_keras3"},
	} {
		if list, err := layers.ParseSpecs(c.text); err != nil || layers.FormatSpecs(list) != c.want {
			t.Errorf("%q is read as %q, %v; want %q", c.text, layers.FormatSpecs(list), err, c.want)
		}
	}
}

// What is wrong with a text is an error that says in which layer, and what.
func TestSpecTextErrors(t *testing.T) {
	kinds := strings.Join(layers.Kinds(), ", ")
	for _, c := range []struct{ text, want string }{
		{"", `layer 0: "" is no kind of layer: want ` + kinds},
		{",", `layer 0: "" is no kind`},
		{"lstm:5,", `layer 1: "" is no kind`},
		{"128", `layer 0: "128" is no kind`},
		{"tcn:5", `layer 0: "tcn" is no kind`},
		{"LSTM:5", `layer 0: "LSTM" is no kind`},
		{"lstm", "layer 0: lstm: its units are missing: write lstm:128 for example"},
		{"lstm:5,lstm", "layer 1: lstm: its units are missing"},
		{"lstm:", `layer 0: lstm: its units are "": want a number`},
		{"lstm:many", `layer 0: lstm: its units are "many": want a number`},
		{"lstm:5.5", `layer 0: lstm: its units are "5.5"`},
		{"lstm:99999999999999999999", `layer 0: lstm: its units are "99999999999999999999"`},
		{"lstm:0", "layer 0: lstm: units is 0: want 1 to 65536"},
		{"lstm:-5", "layer 0: lstm: units is -5"},
		{"lstm:65537", "layer 0: lstm: units is 65537"},
		{"lstm:5:6", `layer 0: lstm: "6" is not one of activation, recurrent_activation`},
		{"gru:5:merge=sum", `layer 0: gru: "merge" is not one of reset, activation, recurrent_activation`},
		{"gru:5:reset=after:reset=before", `layer 0: gru: "reset" comes twice`},
		{"gru:5:reset=never", `layer 0: gru: reset is "never": want after or before`},
		{"gru:5:reset=", "layer 0: gru: write reset=before for example"},
		{"gru:5:reset", "layer 0: gru: write reset=before for example"},
		{"gru:5:", `layer 0: gru: "" is not one of`},
		{"lstm(5)", "layer 0: lstm: "},
		{"bidirectional", "layer 0: bidirectional: want a layer in parentheses behind it"},
		{"bidirectional:5", "layer 0: bidirectional: want a layer in parentheses"},
		{"bidirectional(", "layer 0: bidirectional: want a layer in parentheses"},
		{"bidirectional)", `layer 0: "bidirectional)" is no kind`},
		{"bidirectional()", `layer 0: "" is no kind`},
		{"bidirectional(lstm:5", "layer 0: bidirectional: want a layer in parentheses"},
		{"bidirectional(lstm:5))", "layer 0: "},
		{"bidirectional(lstm:5)x", `layer 0: bidirectional: "x" is not expected behind it`},
		{"bidirectional(lstm:5):merge=max", `layer 0: bidirectional: merge is "max"`},
		{"bidirectional(lstm:0)", "layer 0: lstm: units is 0"},
		{"bidirectional(lstm:5,gru:5)", "layer 0: lstm: "},
		{"bidirectional(dense:5)", "layer 0: bidirectional: layer: dense cannot lie in another layer"},
		{"bidirectional(bidirectional(lstm:5))", "layer 0: layers lie in layers too deep"},
		{strings.Repeat("bidirectional(", 1000) + "lstm:5" + strings.Repeat(")", 1000), "layer 0: layers lie in layers too deep"},
		{strings.Repeat("lstm:5,", 64) + "lstm:5", "there are 65 layers: want at most 64"},
		{strings.Repeat("lstm:5,", 999) + "lstm:5", "there are 1000 layers: want at most 64"},
	} {
		list, err := layers.ParseSpecs(c.text)
		if err == nil || list != nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%.100q: got %q, %v; want an error with %q", c.text, layers.FormatSpecs(list), err, c.want)
		}
	}
}

// What is read is possible, and is written and read as the same.
func FuzzParseSpecs(f *testing.F) {
	for _, s := range netkit.Specs(3) {
		f.Add(layers.FormatSpecs([]layers.Spec{s}))
	}
	f.Add("lstm:5,bidirectional(gru:6:reset=before):merge=sum,rnn:2")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := layers.ParseSpecs(text)
		if err != nil {
			return
		}
		if slices.ContainsFunc(list, func(s layers.Spec) bool { return layers.CheckSpec(s) != nil }) {
			t.Errorf("%q is read as something that is refused", text)
		}
		if again, err := layers.ParseSpecs(layers.FormatSpecs(list)); err != nil || layers.FormatSpecs(again) != layers.FormatSpecs(list) {
			t.Errorf("%q is %q and comes back as %q, %v", text, layers.FormatSpecs(list), layers.FormatSpecs(again), err)
		}
	})
}
