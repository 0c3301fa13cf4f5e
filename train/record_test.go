package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// recordOf returns the record in a model file, and its text.
func recordOf(t *testing.T, m *ModelFile) (*Record, string) {
	t.Helper()
	text := m.f.Metadata[RecordKey]
	r, err := ParseRecord(text)
	if err != nil {
		t.Fatal(err)
	}
	return r, text
}

// A model says where it comes from, in one form.
func TestRecord(t *testing.T) {
	o := small()
	o.Epochs, o.Source = 1, Source{Name: "docs.txt", SHA256: "0123", Format: "lines", Validation: "held.txt", ValidationSHA256: "4567"}
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	if r, _ := recordOf(t, tr.Snapshot()); r.Epochs != 0 || r.Steps != 0 || len(r.History) != 0 {
		t.Errorf("before the run: %+v", r)
	}
	if err := tr.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	e := tr.History()[0]
	number := func(x float64) string { text, _ := json.Marshal(x); return string(text) }
	want := `{"source":{"name":"docs.txt","sha256":"0123","format":"lines","validation":"held.txt","validation_sha256":"4567"},"documents":24,"data_sha256":"` + textOf(tr).hash +
		`","options":{"vocabulary":10000,"keep_case":false,"strip_punctuation":false,"embedding":6,"units":10,"length":12,` +
		`"batch_size":4,"learning_rate":0.02,"clip_norm":0,"ignore_padding":false,"validation":0.25,"patience":0,"seed":11},` +
		fmt.Sprintf(`"epochs":1,"steps":%d,"weights_of_epoch":1,"best_epoch":1,"history":[{"steps":%[1]d,"loss":%s,"val_loss":%s}]}`, e.Steps, number(e.Loss), number(e.ValLoss))
	if r, got := recordOf(t, tr.Model()); got != want || r.Source != o.Source || r.History[0].Loss != e.Loss {
		t.Errorf("record\n%s, want\n%s", got, want)
	}

	images := newImageTrainer(t, smallImages(24, 1), smallImageOptions())
	r, text := recordOf(t, images.Model())
	if r.Images != 24 || r.Documents != 0 || r.Source != (Source{}) || !strings.Contains(string(r.Options), `"filters":10,`) || strings.Contains(text, "epochs\":3") {
		t.Errorf("record of images: %s", text)
	}
}

// The record is the same however often the run was interrupted, on any number of
// threads, and wherever its data are meanwhile.
func TestRecordAfterResume(t *testing.T) {
	o := smallVariants()["patience"]
	o.Source = Source{Name: "docs.txt", SHA256: "0123"}
	whole, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	if err := whole.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	o.Epochs = 2 // what is asked for later counts
	parts, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	if err := parts.Run(&countdown{context.Background(), 9}, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	r, _ := recordOf(t, parts.Snapshot())
	if r.Epochs != 1 || r.Weights != 0 || r.Steps == r.History[0].Steps {
		t.Errorf("within an epoch: %+v", r)
	}
	parts, err = Resume(save(t, parts), smallText(), &Options{Epochs: whole.options.Epochs, Threads: 2, Source: Source{Name: "renamed.txt"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := parts.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(fileBytes(t, parts.Model()), fileBytes(t, whole.Model())) {
		t.Errorf("models differ:\n%s\n%s", parts.Model().f.Metadata[RecordKey], whole.Model().f.Metadata[RecordKey])
	}
	if r, _ := recordOf(t, whole.Model()); r.Weights != r.Best || r.Best == 0 {
		t.Errorf("with Patience: %+v", r)
	}

	// A checkpoint without a source, of an older version: the resume's counts.
	set := smallImages(24, 1)
	images, _ := imageMidway(t, 1)
	again, err := Resume(save(t, images), &Images{Set: set}, &Options{Source: Source{Name: "late"}})
	if err != nil {
		t.Fatal(err)
	}
	if r, _ := recordOf(t, again.Model()); r.Source.Name != "late" {
		t.Errorf("record %+v", r)
	}
	if again, err = Resume(save(t, again), &Images{Set: set}, nil); err != nil || again.Options().Source.Name != "late" {
		t.Errorf("once more: %v", err)
	}
}

// Whatever a source says, a file can hold it, and read it again.
func TestSourceIsClean(t *testing.T) {
	o := small()
	o.Source = Source{Name: "bad\xff\x00\x1b\"" + strings.Repeat("é", 1000), SHA256: strings.Repeat("<", 5000), Format: "\xff"}
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	got := tr.Options().Source
	if len(got.Name) > maxSource || !strings.HasPrefix(got.Name, "bad\uFFFD\x00\x1b\"é") || !strings.HasSuffix(got.Name, "é…") || got.Format != "\uFFFD" {
		t.Errorf("source %+q", got)
	}
	again, err := Resume(save(t, tr), smallText(), nil)
	if err != nil || again.Options().Source != got {
		t.Errorf("resumed: %v", err)
	}
	if err := tr.SaveModel(filepath.Join(t.TempDir(), "model")); err != nil {
		t.Error(err)
	}
	f := checkpointOf(t, tr)
	f.Metadata["checkpoint"] = strings.Replace(f.Metadata["checkpoint"], "bad", strings.Repeat("bad", 100), 1)
	if _, err := resume(f, smallText(), Options{}); !errors.Is(err, errDamaged) {
		t.Errorf("a long source: %v", err)
	}
}

func TestRecordSame(t *testing.T) {
	o := small()
	run := func(change func(o *textRun), epochs int) *Record {
		t.Helper()
		o := o
		o.Epochs = epochs
		change(&o)
		tr, err := o.new(smallDocs())
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		r, _ := recordOf(t, tr.Model())
		return r
	}
	one := run(func(*textRun) {}, 1)
	two := run(func(*textRun) {}, 2)
	other := run(func(o *textRun) { o.Seed++ }, 2)
	changed := *two
	changed.History = append([]RecordEpoch{{Steps: 1}}, two.History[1:]...)
	for _, c := range []struct {
		a, b *Record
		want bool
	}{
		{one, one, true}, {one, two, true}, {two, one, true},
		{one, other, false}, {two, &changed, false}, {one, &Record{}, false}, {&Record{}, &Record{}, false},
	} {
		if got := c.a.Same(c.b); got != c.want {
			t.Errorf("Same(%+v, %+v) = %v", c.a, c.b, got)
		}
	}
	for _, text := range []string{"", "x", "[]", `{"epochs":"many"}`, `{"history":[{"loss":1e999}]}`} {
		if _, err := ParseRecord(text); err == nil {
			t.Errorf("ParseRecord(%q): no error", text)
		}
	}
}
