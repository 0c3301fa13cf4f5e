package train

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/tokenizer"
)

// midway returns a small run with Patience, in its second epoch.
func midway(t testing.TB) *Trainer {
	t.Helper()
	o := smallVariants()["patience"]
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(&countdown{context.Background(), 10}, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if tr.progress.Epoch != 1 || tr.progress.Batch == 0 {
		t.Fatalf("progress %+v, want the middle of epoch 2", tr.progress)
	}
	return tr
}

// save writes the checkpoint of a run and returns its path.
func save(t testing.TB, tr *Trainer) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "checkpoint")
	if err := tr.SaveCheckpoint(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// weightBytes returns a model file without the record of its training.
func weightBytes(t testing.TB, m *ModelFile) []byte {
	t.Helper()
	f := &weights.File{Metadata: maps.Clone(m.f.Metadata), Tensors: m.f.Tensors}
	delete(f.Metadata, RecordKey)
	return fileBytes(t, f)
}

// readFile reads a model file or a checkpoint.
func readFile(path string) (*weights.File, error) {
	f, _, err := readVersioned(path)
	return f, err
}

func TestCheckpointRoundTrip(t *testing.T) {
	tr := midway(t)
	path := save(t, tr)
	again, err := Resume(path, smallText(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(readAll(t, save(t, again)), readAll(t, path)) {
		t.Error("a checkpoint changes when it is read and written")
	}
	a, b := tr.Options(), again.Options()
	b.Threads = a.Threads
	if a != b {
		t.Errorf("options %+v, want %+v", b, a)
	}
	if a, b := fields(tr.Task()), fields(again.Task()); a != b {
		t.Errorf("task %s, want %s", b, a)
	}
	// The rest of the library takes it for a model.
	f, err := weights.Read(bytes.NewReader(readAll(t, path)), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.FromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(fileBytes(t, m.File()), weightBytes(t, tr.Snapshot())) {
		t.Error("the model in the checkpoint is another")
	}
}

// Nothing of where and when a run is made may get into its checkpoint.
func TestCheckpointHoldsNoTraces(t *testing.T) {
	var files [][]byte
	for _, threads := range []int{1, 3} {
		tr := midway(t)
		tr.options.Threads, tr.options.MaxBytes = threads, int64(threads)<<30
		files = append(files, readAll(t, save(t, tr)))
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("the checkpoints of equal runs differ")
	}
}

func TestResumeRefusesOtherOptions(t *testing.T) {
	path := save(t, midway(t))
	for name, o := range map[string]textRun{
		"Unit":               {Text: Text{Vocabulary: tokenizer.Options{Unit: tokenizer.Bytes}}},
		"VocabularySize":     {Text: Text{Vocabulary: tokenizer.Options{VocabularySize: 50}}},
		"MinCount":           {Text: Text{Vocabulary: tokenizer.Options{MinCount: 2}}},
		"Case":               {Text: Text{Vocabulary: tokenizer.Options{Case: tokenizer.KeepCase}}},
		"Punctuation":        {Text: Text{Vocabulary: tokenizer.Options{Punctuation: tokenizer.StripPunctuation}}},
		"UnicodePunctuation": {Text: Text{Vocabulary: tokenizer.Options{UnicodePunctuation: true}}},
		"LineEnds":           {Text: Text{Vocabulary: tokenizer.Options{LineEnds: true}}},
		"Stem":               {Text: Text{Vocabulary: tokenizer.Options{Stem: "english"}}},
		"NoStop":             {Text: Text{Vocabulary: tokenizer.Options{NoStop: true}}},
		"NoUnknown":          {Text: Text{Vocabulary: tokenizer.Options{NoUnknown: true}}},
		"UnknownWord":        {Text: Text{Vocabulary: tokenizer.Options{UnknownWord: "<unk>"}}},
		"Embedding":          {Text: Text{Embedding: 7}},
		"Layers":             {Text: Text{Layers: oneLSTM(11)}},
		"Length":             {Text: Text{Length: 13}},
		"Tied":               {Text: Text{Tied: true}},
		"Dropout":            {Text: Text{Dropout: Dropout{Layers: 0.5}}},
		"BatchSize":          {Options: Options{BatchSize: 5}},
		"Optimizer":          {Options: Options{Optimizer: SGD{}}},
		"LearningRate":       {Options: Options{LearningRate: 0.03}},
		"Schedule":           {Options: Options{Schedule: Schedule{Kind: StepDecay, Decay: 0.5}}},
		"ClipNorm":           {Options: Options{ClipNorm: 1}},
		"Average":            {Options: Options{Average: 0.9}},
		"Validation":         {Options: Options{Validation: 0.5}},
		"Patience":           {Options: Options{Patience: 9}},
		"Seed":               {Options: Options{Seed: 12}},
		"Epochs":             {Options: Options{Epochs: 1}}, // epoch 2 has begun
		"Threads":            {Options: Options{Threads: -1}},
		"MaxBytes":           {Options: Options{MaxBytes: 1}},
	} {
		_, err := o.resume(path, smallDocs())
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), path) || strings.Count(err.Error(), "train: ") != 1 {
			t.Errorf("%+v: error %v, want one that names the file and %s", o, err, name)
			continue
		}
		var field *OptionError
		if !errors.As(err, &field) || field.Field != name && name != "MaxBytes" {
			t.Errorf("error %v is not about the field %s", err, name)
		}
	}
	windows := smallVariants()["windows"]
	tr, err := windows.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]textRun{"CountPadding": {Text: Text{CountPadding: true}}, "CutLong": {Text: Text{CutLong: true}}} {
		if _, err := o.resume(save(t, tr), smallDocs()); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%+v: error %v, want one that names %s", o, err, name)
		}
	}
	same := smallVariants()["patience"]
	for _, o := range []textRun{same, {Options: Options{Epochs: 2}}, {Options: Options{Epochs: 50}}, {Options: Options{Threads: 2}}} {
		if _, err := o.resume(path, smallDocs()); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestResumeRefusesOtherDocuments(t *testing.T) {
	path := save(t, midway(t))
	other := smallDocs()
	other[20] += " w1 w2"
	for _, docs := range [][]string{nil, other, smallDocs()[1:], append(smallDocs(), "w1")} {
		_, err := Resume(path, &Text{Documents: docs}, nil)
		if err == nil || !strings.Contains(err.Error(), "documents") {
			t.Errorf("%d documents: error %v", len(docs), err)
		}
	}
}

func TestResumeRefusesFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	refuse := func(what, want string) {
		t.Helper()
		tr, err := Resume(path, smallText(), nil)
		if err == nil || tr != nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", what, err, want)
		}
	}
	refuse("no file", "no such file")
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	refuse("a directory", "not a file")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	tr := midway(t)
	if err := tr.SaveModel(path); err != nil {
		t.Fatal(err)
	}
	refuse("a finished model", "no checkpoint")

	good := readAll(t, save(t, tr))
	for cut := 0; cut < len(good); cut += 1 + len(good)/97 {
		if err := os.WriteFile(path, good[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		refuse("a file that is cut off", "")
	}
	// The header's JSON ends where the tensors begin.
	header := bytes.LastIndexByte(good[:bytes.LastIndex(good, []byte("data_offsets"))+64], '}')
	unchecked := testkit.DisableChecksum(good)
	sum := bytes.Index(good, []byte(`checksum":"sha256:`))
	for at := 0; at < header; at += 7 {
		inSum := sum <= at && at < sum+len(`checksum":"sha256:`)+64
		for _, file := range [][]byte{good, unchecked} {
			bad := bytes.Clone(file)
			bad[at] ^= 0x11
			if err := os.WriteFile(path, bad, 0o644); err != nil {
				t.Fatal(err)
			}
			// Without a checksum, a changed word of the vocabulary does no harm to
			// anything but itself.
			inWord := &file[0] == &unchecked[0] && bytes.Contains(good[max(at-12, 0):at+12], []byte(`"w`))
			if _, err := Resume(path, smallText(), nil); err == nil && !inSum && !inWord {
				t.Errorf("byte %d of the header, in %q: no error", at, file[max(at-8, 0):at+8])
			}
		}
	}
	bad := bytes.Clone(good)
	bad[len(bad)-1] ^= 1
	if err := os.WriteFile(path, bad, 0o644); err != nil {
		t.Fatal(err)
	}
	refuse("a flipped bit of a moment", "the checksum does not match")
}

// How JSON writes numbers and strings is the encoder's business: another release of
// Go may do it otherwise, and its checkpoints are good.
func TestResumeAnyFormOfJSON(t *testing.T) {
	path := save(t, midway(t))
	f, err := weights.Read(bytes.NewReader(readAll(t, path)), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	text := f.Metadata[model.KeyCheckpoint]
	for _, change := range [][2]string{{`"validation":0.25,`, `"validation":25e-2,`}, {`"seed"`, `"\u0073eed"`}} {
		if !strings.Contains(text, change[0]) {
			t.Fatalf("%s is not in %s", change[0], text)
		}
		text = strings.Replace(text, change[0], change[1], 1)
	}
	f.Metadata[model.KeyCheckpoint] = text
	other := filepath.Join(t.TempDir(), "other")
	if err := atomicfile.Write(other, f); err != nil {
		t.Fatal(err)
	}
	tr, err := Resume(other, smallText(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(readAll(t, save(t, tr)), readAll(t, path)) {
		t.Error("it is another run")
	}
}

func TestSameJSON(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{`{"a":1}`, ` { "a" : 1.0 } `, true},
		{`1e21`, `1000000000000000000000`, true},
		{`0.1`, `0.10000000000000001`, true},
		{`["1"]`, `[1]`, false},
		{`{"a":1}`, `{"A":1}`, false},
		{`{"a":1}`, `{"a":1,"a":1}`, false},
		{`[1,2]`, `[2,1]`, false},
		{`[null]`, `[0]`, false},
		{`[]`, `[`, false},
		{`1`, ``, false},
		{`0.1`, `0.10000000000000002`, false},
	} {
		if got := sameJSON(c.a, c.b); got != c.want {
			t.Errorf("sameJSON(%s, %s) = %v", c.a, c.b, got)
		}
	}
}

// What no accident would do to a file.
func TestResumeRefusesHostileFiles(t *testing.T) {
	tr := midway(t)
	path := save(t, tr)
	read := func() *weights.File {
		f, err := weights.Read(bytes.NewReader(readAll(t, path)), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	bad := filepath.Join(t.TempDir(), "bad")
	try := func(what, want string, f *weights.File) {
		t.Helper()
		if err := atomicfile.Write(bad, f); err != nil {
			t.Fatal(err)
		}
		if _, err := Resume(bad, smallText(), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", what, err, want)
		} else {
			wantOnePrefix(t, err)
		}
	}
	try("a blank behind the JSON", "form", func() *weights.File { f := read(); f.Metadata["checkpoint"] += " "; return f }())
	try("something behind the JSON", "checkpoint", func() *weights.File { f := read(); f.Metadata["checkpoint"] += " 1"; return f }())

	for _, c := range []struct{ from, to, want string }{
		{`"version":1`, `"version":2`, "version 2"},
		{`"epoch":1`, `"epoch":0`, "damaged"},
		{`"epoch":1`, `"epoch":-1`, "damaged"},
		{`"epoch":1`, `"epoch":1.5`, "checkpoint"},
		{`"epoch":1`, `"epoch":99999999999999999999`, "checkpoint"},
		{`"epoch":1`, `"epoch":1,"epoch":1`, "form"},
		{`"epoch":1`, `"epoch":1,"extra":1`, "form"},
		{`"epoch":1,`, ``, "form"},
		{`"batch":`, `"batch":-`, "damaged"},
		{`"batch":`, `"batch":9`, "damaged"},
		{`"steps":`, `"steps":1`, "damaged"},
		{`"positions":`, `"positions":1000`, "damaged"},
		{`"loss_sum":`, `"loss_sum":-`, "damaged"},
		{`"word_loss_sum":`, `"word_loss_sum":-`, "damaged"},
		{`"word_loss_sum":`, `"word_loss_sum":9`, "damaged"},
		{`"words":`, `"words":1`, "damaged"},
		{`"words":`, `"words":-`, "damaged"},
		{`"word_loss":`, `"word_loss":-`, "damaged"},
		{`"val_word_loss":`, `"val_word_loss":-`, "damaged"},
		{`"ignore_padding":false`, `"ignore_padding":true`, "damaged"},
		{`"ignore_padding":false`, `"ignore_padding":false,"windows":false`, "form"},
		{`"ignore_padding":false`, `"ignore_padding":false,"windows":true`, "documents"},
		{`"beta1_power":`, `"beta1_power":-`, "damaged"},
		{`"beta2_power":0.`, `"beta2_power":2.`, "damaged"},
		{`"history":[`, `"history":[{"steps":5,"loss":1,"val_loss":1},`, "damaged"},
		{`"best_epoch":1`, `"best_epoch":2`, "damaged"},
		{`"best_epoch":1`, `"best_epoch":0`, "damaged"},
		{`"best_epoch":1`, `"best_epoch":-1`, "damaged"},
		{`"batch_size":4`, `"batch_size":0`, "BatchSize"},
		{`"batch_size":4`, `"batch_size":5`, "damaged"},
		{`"units":10`, `"units":1000000000`, "units"},
		{`"units":10`, `"units":11`, "damaged"},
		{`"length":12`, `"length":1000000000`, "Length"},
		{`"length":12`, `"length":13`, "damaged"},
		{`"learning_rate":`, `"learning_rate":-`, "LearningRate"},
		{`"epochs":3`, `"epochs":0`, "Epochs"},
		{`"corpus":"`, `"corpus":"0`, "documents"},
		{`{`, ``, "checkpoint"},
		{`}`, ``, "checkpoint"},
	} {
		f := read()
		text := f.Metadata[model.KeyCheckpoint]
		f.Metadata[model.KeyCheckpoint] = strings.Replace(text, c.from, c.to, 1)
		if f.Metadata[model.KeyCheckpoint] == text {
			t.Errorf("%s is not in %s", c.from, text)
		}
		try(c.from+" → "+c.to, c.want, f)
	}
	// Fields that agree with each other, and with nothing else.
	f := read()
	fields := fieldsOf(t, f)
	for i, x := range fields {
		if value, ok := map[string]string{"batch": "5", "steps": "10", "positions": "0", "loss_sum": "0"}[x.name]; ok {
			fields[i].value = value
		}
	}
	fields = slices.DeleteFunc(fields, func(x field) bool { return strings.HasPrefix(x.name, "word") }) // as 0 is written
	f.Metadata[model.KeyCheckpoint] = write(fields, model.KeyCheckpoint)
	try("a whole epoch without a position", "5 steps of epoch 2 have 216 positions, not 0", f)
	for _, text := range []string{"", "{}", "null", "[]", "1", `"x"`, strings.Repeat("[", 100000)} {
		f := read()
		f.Metadata[model.KeyCheckpoint] = text
		try("checkpoint "+text[:min(len(text), 20)], "", f)
	}

	for i, tensor := range read().Tensors {
		f := read()
		f.Tensors = append(f.Tensors[:i:i], f.Tensors[i+1:]...)
		try("without "+tensor.Name, tensor.Name, f)
		for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			f := read()
			f.Tensors[i].Data[len(tensor.Data)/2] = float32(v)
			try(tensor.Name+" with a value that is not finite", tensor.Name, f)
		}
		if strings.HasPrefix(tensor.Name, "optimizer.v.") {
			f := read()
			f.Tensors[i].Data[0] = -1
			try(tensor.Name+" with a negative value", "negative", f)
		}
	}
	f = read()
	f.Tensors = append(f.Tensors, weights.Tensor{Name: "optimizer.extra", Shape: []int{1}, Data: []float32{1}})
	try("a tensor too many", "optimizer.extra", f)
}

// A checkpoint that cannot be written is an error, and what was there stays.
func TestSavingFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "no", "checkpoint")
	o := small()
	tr, err := o.new(smallDocs())
	if err != nil {
		t.Fatal(err)
	}
	err = tr.Run(context.Background(), &RunOptions{Checkpoint: path})
	if err == nil || !strings.Contains(err.Error(), path) || errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want one that names the file", err)
	}
	wantOnePrefix(t, err)
	wantOnePrefix(t, tr.SaveModel(path))
	if tr.progress.Epoch != 1 {
		t.Errorf("%d epochs, want the run to end after the first", tr.progress.Epoch)
	}
	err = tr.Run(&countdown{context.Background(), 2}, &RunOptions{Checkpoint: path})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "lost") || !strings.Contains(err.Error(), path) {
		t.Errorf("interrupted: error %v, want one that also says that nothing is saved", err)
	}
	wantOnePrefix(t, err)
}

// wantOnePrefix checks that an error says once which package it is from.
func wantOnePrefix(t testing.TB, err error) {
	t.Helper()
	rest, found := strings.CutPrefix(err.Error(), "train: ")
	for _, prefix := range []string{"train: ", "weights: ", "model: ", "tokenizer: "} {
		found = found && !strings.Contains(rest, prefix)
	}
	if !found {
		t.Errorf("error %q: want the package's name at the front and nowhere else", err)
	}
}

// Whatever the metadata say, it is an error or the run that they describe.
func FuzzResume(f *testing.F) {
	o := smallVariants()["patience"]
	o.Epochs = 2
	tr, err := o.new(smallDocs())
	if err != nil {
		f.Fatal(err)
	}
	if err := tr.Run(&countdown{context.Background(), 10}, nil); !errors.Is(err, context.Canceled) {
		f.Fatal(err)
	}
	file := checkpointOf(f, tr)
	config, text := file.Metadata[model.KeyConfig], file.Metadata[model.KeyCheckpoint]
	f.Add(config, text)
	f.Add(config, strings.Replace(text, `"epoch":1`, `"epoch":2`, 1))
	f.Add(strings.Replace(config, "12", "1000", 1), strings.Replace(text, `"length":12`, `"length":1000`, 1))
	for _, other := range []string{`"layers":[{"type":"lstm","units":10}]`, `"units":10,"tied":false`, `"units":10,"dropout":{"embedding":0.5,"layers":0,"output":0}`} {
		f.Add(config, strings.Replace(text, `"units":10`, other, 1))
	}
	for _, other := range []string{`"optimizer":"sgd",`, `"schedule":{"decay":1,"from":0},`, `"schedule":{"decay":0.5,"from":2},`} {
		f.Add(config, strings.Replace(text, `"clip_norm"`, other+`"clip_norm"`, 1))
	}
	f.Add(config, strings.Replace(text, `"clip_norm":0`, `"clip_norm":0,"average":0.5`, 1))
	f.Fuzz(func(t *testing.T, config, text string) {
		hostile := &weights.File{Metadata: maps.Clone(file.Metadata), Tensors: slices.Clone(file.Tensors)}
		hostile.Metadata[model.KeyConfig], hostile.Metadata[model.KeyCheckpoint] = config, text
		for i := range hostile.Tensors { // a model takes over the data of some
			hostile.Tensors[i].Data = slices.Clone(hostile.Tensors[i].Data)
		}
		tr, err := resume(hostile, smallText(), Options{Threads: 1, MaxBytes: 64 << 20})
		if err != nil {
			return
		}
		if got := checkpointOf(t, tr).Metadata[model.KeyCheckpoint]; !sameJSON(got, text) {
			t.Errorf("resumed from %s as %s", text, got)
		}
		if tr.Done() || tr.options.BatchSize < 2 {
			return
		}
		if err := tr.Run(&countdown{context.Background(), 1}, nil); !errors.Is(err, context.Canceled) && !errors.Is(err, ErrDiverged) {
			t.Errorf("%s: %v", text, err)
		}
	})
}
