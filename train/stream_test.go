package train

import (
	"bytes"
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// streamIDs returns the ids of documents as one stream.
func streamIDs(tok *tokenizer.Tokenizer, docs []string) (ids []int) {
	for _, doc := range docs {
		ids = append(tok.Append(ids, doc), tok.Stop())
	}
	return ids
}

// The chunks of the tracks, one after the other, are the stream: every id but the first is
// predicted once, from the one before it.
func TestStreamTracks(t *testing.T) {
	docs := smallDocs()
	tok, err := tokenizer.Learn(slices.Values(docs), nil)
	if err != nil {
		t.Fatal(err)
	}
	ids := streamIDs(tok, docs)
	for _, o := range []DatasetOptions{{Length: 7, Tracks: 1}, {Length: 7, Tracks: 5}, {Length: 1, Tracks: 3}, {Length: 1000, Tracks: 4}, {Length: 2, Tracks: len(ids) - 1}} {
		d, err := NewDataset(docs, tok, &o)
		if err != nil {
			t.Fatal(err)
		}
		if d.Len()%o.Tracks != 0 || d.Batches(o.Tracks)*o.Tracks != d.Len() {
			t.Fatalf("%+v: %d sequences", o, d.Len())
		}
		var whole []int
		shortest, longest := math.MaxInt, 0
		for b := range o.Tracks {
			steps := 0
			for k := b; k < d.Len(); k += o.Tracks {
				row := d.Row(k)
				if n := d.Steps(k); n != len(row)-1 || n > o.Length || k+o.Tracks < d.Len() && n < min(o.Length, d.Steps(k+o.Tracks)) {
					t.Errorf("%+v, sequence %d: %d steps of %d ids", o, k, n, len(row))
				}
				if len(whole) > 0 && int32(whole[len(whole)-1]) != row[0] {
					t.Errorf("%+v, sequence %d begins with %d, the one before ends with %d", o, k, row[0], whole[len(whole)-1])
				}
				if len(whole) == 0 {
					whole = append(whole, int(row[0]))
				}
				for _, id := range row[1:] {
					whole = append(whole, int(id))
				}
				steps += d.Steps(k)
			}
			shortest, longest = min(shortest, steps), max(longest, steps)
		}
		if !slices.Equal(whole, ids) {
			t.Errorf("%+v: the tracks are not the stream", o)
		}
		if longest > shortest+1 {
			t.Errorf("%+v: tracks of %d and %d steps", o, shortest, longest)
		}
	}
	for _, o := range []DatasetOptions{{Length: 7, Tracks: len(ids)}, {Tracks: -1}, {Tracks: 2, CutLong: true}} {
		if _, err := NewDataset(docs, tok, &o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

// The losses of a stream in one track are those of one State that reads it, and do not
// depend on the length of the chunks.
func TestStreamEvaluate(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		tr := newTestTrainer(t, smallDocs(), smallVariants()["stream"])
		task := textOf(tr)
		docs := smallDocs()[:6]
		ids := streamIDs(task.Tokenizer(), docs)
		state, V := task.model.Stack.NewState(), task.model.Stack.Symbols()
		logits, want := make([]float32, V), 0.0
		for i, id := range ids[:len(ids)-1] {
			state.Advance(id)
			state.Logits(logits)
			sum := 0.0
			for _, x := range logits {
				sum += math.Exp(float64(x) - float64(logits[ids[i+1]]))
			}
			want += math.Log(sum)
		}
		var first Evaluation
		for _, o := range []DatasetOptions{{Length: 1000, Tracks: 1}, {Length: 7, Tracks: 1}, {Length: 1, Tracks: 1}} {
			d, err := NewDataset(docs, task.Tokenizer(), &o)
			if err != nil {
				t.Fatal(err)
			}
			e, err := task.Evaluate(context.Background(), d, &EvaluateOptions{Threads: 2})
			if err != nil {
				t.Fatal(err)
			}
			if first.Positions == 0 {
				first = e
			}
			if e != first || int(e.Positions) != len(ids)-1 || math.Abs(e.Sum-want) > 1e-5*want {
				t.Errorf("%+v: %+v, want %v over %d positions", o, e, want, len(ids)-1)
			}
		}
	})
}

// The stream for validation goes on behind the last id of training: all its ids are
// predicted.
func TestStreamValidation(t *testing.T) {
	o := smallVariants()["stream"]
	o.Options.Validation, o.ValidationDocuments = 0, smallDocs()[20:]
	tr := newTestTrainer(t, smallDocs()[:20], o)
	task := textOf(tr)
	want := len(streamIDs(task.Tokenizer(), o.ValidationDocuments))
	if e, err := task.validate(context.Background()); err != nil || int(e.Positions) != want {
		t.Errorf("%d predictions, want %d (%v)", e.Positions, want, err)
	}
	if task.Validation().ids[0] != int32(task.Tokenizer().Stop()) {
		t.Errorf("validation begins with the id %d", task.Validation().ids[0])
	}
	o.Options.Validation = 0.1
	if _, err := o.new(smallDocs()); err == nil || !strings.Contains(err.Error(), "Validation is 0.1") {
		t.Errorf("two kinds of validation: error %v", err)
	}
}

func TestSplitStream(t *testing.T) {
	for _, c := range []struct {
		docs  []string
		share float64
		first string // joined by |
		then  string
	}{
		{[]string{"ab\ncd\nef\ngh\n"}, 0.5, "ab\ncd\n", "ef\ngh\n"},
		{[]string{"ab\ncd\nef\ngh\n"}, 0.4, "ab\ncd\nef\n", "gh\n"},
		{[]string{"ab cd ef gh"}, 0.3, "ab cd ef ", "gh"},
		{[]string{"abcd", "efgh"}, 0.5, "abcd", "efgh"},
		{[]string{"abcd", "ef gh", "ij"}, 0.4, "abcd|ef ", "gh|ij"},
		{[]string{"\u00e9\u00e9\u00e9\u00e9"}, 0.4, "\u00e9\u00e9\u00e9", "\u00e9"},
		{[]string{"ab"}, 0, "ab", ""},
		{[]string{"ab\ncd ef\ngh ij\n"}, 0.01, "ab\ncd ef\n", "gh ij\n"}, // not within the last line
		{[]string{"a b", "c d\n\n"}, 0.5, "a b|c ", "d\n\n"},
	} {
		first, then, err := splitStream(c.docs, c.share)
		if err != nil || strings.Join(first, "|") != c.first || strings.Join(then, "|") != c.then {
			t.Errorf("%q, %v: %q and %q, want %q and %q (%v)", c.docs, c.share, first, then, c.first, c.then, err)
		}
	}
	for _, share := range []float64{-0.1, 1, math.NaN(), 0.01} {
		if _, _, err := splitStream([]string{"ab"}, share); err == nil {
			t.Errorf("share %v: no error", share)
		}
	}
}

// A stream that says the same again and again is learned across the ends of chunks: the
// chunks are shorter than what they repeat, so that only the carried state tells where in
// it they begin.
func TestStreamLearns(t *testing.T) {
	docs := []string{strings.Repeat("a a a a b ", 400)}
	losses := map[bool]float64{}
	for _, stream := range []bool{true, false} {
		run := textRun{
			Text{Embedding: 4, Layers: []layers.Spec{&layers.LSTMSpec{Units: 12}}, Length: 2, Stream: stream},
			Options{BatchSize: 4, Epochs: 30, LearningRate: 0.02, Seed: 1, Threads: 1},
		}
		tr, err := run.new(docs)
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		h := tr.History()
		losses[stream] = h[len(h)-1].Loss
	}
	if !(losses[true] < 0.05 && losses[false] > 0.3) {
		t.Errorf("the loss is %v with the state carried, %v without: want almost 0, and more than 0.3", losses[true], losses[false])
	}
}

func TestStreamOptions(t *testing.T) {
	for want, r := range map[string]textRun{
		"CountPadding is set with Stream": {Text: Text{Stream: true, CountPadding: true}},
		"CutLong is set with Stream":      {Text: Text{Stream: true, CutLong: true}},
		"InitialRange is -1":              {Text: Text{InitialRange: -1}},
		"InitialRange is NaN":             {Text: Text{InitialRange: math.NaN()}},
		"lower BatchSize":                 {Text: Text{Stream: true}, Options: Options{BatchSize: 1 << 16}},
	} {
		if _, err := r.new(smallDocs()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestInitialRange(t *testing.T) {
	tr, err := smallVariants()["stream"].new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	largest, n := float32(0), 0
	for _, w := range layers.ParametersOf(tr.work.net) {
		if w.StoredOnly {
			continue
		}
		for _, x := range w.Get() {
			largest = max(largest, x, -x)
			n++
		}
	}
	if !(largest > 0.29 && largest <= 0.3) {
		t.Errorf("of %d values the largest is %v, want at most 0.3 and almost that", n, largest)
	}
}

// A stream that is cut within a document goes on there: no stop stands between the parts.
func TestStreamCutInside(t *testing.T) {
	for _, c := range []struct {
		docs []string
		stop bool // between the parts
	}{{[]string{"a b\nc d\ne f\ng h"}, false}, {[]string{"a b c d", "e f g h"}, true}} {
		run := textRun{
			Text{Embedding: 2, Layers: oneLSTM(3), Stream: true, Vocabulary: tokenizer.Options{VocabularySize: 20}},
			Options{BatchSize: 1, Validation: 0.5, Threads: 1},
		}
		tr, err := run.new(c.docs)
		if err != nil {
			t.Fatal(err)
		}
		d, v := textOf(tr).Training(), textOf(tr).Validation()
		if last := d.ids[len(d.ids)-1]; (int(last) == textOf(tr).Tokenizer().Stop()) != c.stop || v.ids[0] != last {
			t.Errorf("%q: training ends with %d, validation begins with %d", c.docs, last, v.ids[0])
		}
		if n := textOf(tr).record(&tr.options).Documents; n != len(c.docs) {
			t.Errorf("%q: the record says %d documents", c.docs, n)
		}
	}
}

// A stream for validation may be shorter than there are tracks; all of it is predicted.
func TestStreamShortValidation(t *testing.T) {
	o := smallVariants()["stream"]
	o.Options.Validation, o.BatchSize = 0, 32
	o.ValidationDocuments = []string{"a"}
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	want := len(streamIDs(textOf(tr).Tokenizer(), o.ValidationDocuments))
	if e, err := tr.task.validate(context.Background()); err != nil || int(e.Positions) != want {
		t.Errorf("%d predictions, want %d (%v)", e.Positions, want, err)
	}
}

// A step that fails leaves the carried states as they were.
func TestStreamStepFails(t *testing.T) {
	tr, err := smallVariants()["stream"].new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	for k := range 3 {
		if _, err := tr.step([]int{k}); err != nil {
			t.Fatal(err)
		}
	}
	was := readAll(t, save(t, tr))
	bias := tr.work.net.(*layers.Stack).Head.Bias
	good := bias[0]
	bias[0] = float32(math.NaN())
	if _, err := tr.step([]int{3}); err == nil {
		t.Fatal("a step of weights that are not finite: no error")
	}
	bias[0] = good
	if !bytes.Equal(readAll(t, save(t, tr)), was) {
		t.Error("a step that failed has changed the run")
	}
}
