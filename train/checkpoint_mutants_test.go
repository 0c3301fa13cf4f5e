package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// TestCheckpointMutants changes several fields of a checkpoint's JSON at once, each to
// a value that breaks things or that another field makes plausible. Whatever comes of
// it is an error, or a run that makes a step, writes a checkpoint and can read it.
//
// AUTOREG_MUTANTS is the number of mutants of each state, AUTOREG_SEED their seed.
func TestCheckpointMutants(t *testing.T) {
	n := 600
	if testing.Short() {
		n = 150
	}
	n, seed := testkit.Mutants(t, n)
	for i, s := range mutantStates(t) {
		t.Run(s.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			fields := fieldsOf(t, s.file)
			resumed, same, refused := 0, 0, 0
			for k := range n {
				hostile := &weights.File{Metadata: maps.Clone(s.file.Metadata), Tensors: slices.Clone(s.file.Tensors)}
				for i := range hostile.Tensors { // a model takes over the data of some
					hostile.Tensors[i].Data = slices.Clone(hostile.Tensors[i].Data)
				}
				text := mutate(rng, fields, hostile)
				if text == s.file.Metadata[model.KeyCheckpoint] {
					same++
				}
				refusal, err := s.try(hostile)
				if err != nil {
					t.Fatalf("mutant %d: %s\n%s: %v", k, hostile.Metadata[model.KeyConfig], text, err)
				}
				switch {
				case refusal == nil:
					resumed++
				case errors.Is(refusal, errDamaged):
					refused++
				}
			}
			t.Logf("%d mutants: %d were refused because their progress contradicts itself, others before that; %d were resumed, %d of these unchanged", n, refused, resumed, same)
			if resumed == 0 || resumed == n {
				t.Errorf("%d of %d mutants were resumed: want some and not all", resumed, n)
			}
		})
	}
}

// A mutantState is a checkpoint and how to try one like it.
type mutantState struct {
	name string
	file *weights.File
	try  func(f *weights.File) (refusal, err error)
}

// mutantStates returns checkpoints of tiny runs: midway through an epoch, at the end of
// one, and before and after its validation.
func mutantStates(t *testing.T) (list []mutantState) {
	docs := testDocs(10, 6, 8)
	text := func(name string, steps int, o textRun) {
		o.Embedding, o.Length, o.BatchSize, o.Epochs = 2, 5, 2, 3
		if o.Layers == nil {
			o.Layers = oneLSTM(2)
		}
		o.LearningRate, o.Seed, o.Threads = 0.01, 5, 1
		tr, err := o.new(docs)
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.Run(&countdown{context.Background(), steps}, nil); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		list = append(list, mutantState{"text, " + name, checkpointOf(t, tr), func(f *weights.File) (refusal, err error) {
			tr, err := resume(f, &Text{Documents: docs}, Options{Threads: 1, MaxBytes: 16 << 20})
			if err != nil {
				return err, nil
			}
			return nil, goesOn(tr, func(f *weights.File) error {
				_, err := resume(f, &Text{Documents: docs}, Options{Threads: 1, MaxBytes: 16 << 20})
				return err
			})
		}})
	}
	text("midway", 7, textRun{Text{CountPadding: true, CutLong: true}, Options{Validation: 0.2, Patience: 2}})
	text("before the first validation", 4, textRun{Text{CountPadding: true, CutLong: true}, Options{Validation: 0.2}})
	text("without validation", 6, textRun{Text{CountPadding: true}, Options{ClipNorm: 1}})
	text("without padding", 6, textRun{Text{CutLong: true}, Options{Validation: 0.2}})
	text("windows", 6, textRun{Options: Options{Validation: 0.2}})
	text("a stack", 6, textRun{
		Text{Layers: stackOf(&layers.GRUSpec{Units: 3, Reset: "before"}, &layers.LSTMSpec{Units: 2}), Tied: true, Dropout: Dropout{Embedding: 0.1, Layers: 0.2, Output: 0.3}},
		Options{Schedule: Schedule{Kind: StepDecay, Decay: 0.5, From: 1}},
	})
	text("momentum, plateau", 14, textRun{Text{Layers: stackOf(&layers.RNNSpec{Units: 3})}, Options{
		Optimizer: Momentum{}, Schedule: Schedule{Kind: PlateauDecay, Decay: 0.5, Floor: 0.1, Warmup: 3}, Validation: 0.2, Best: true,
	}})
	text("adamw, cosine", 7, textRun{Text{Layers: stackOf(&layers.RNNSpec{Units: 3})}, Options{
		Optimizer: AdamW{}, Schedule: Schedule{Kind: CosineDecay, Floor: 0.1, Warmup: 3},
	}})
	text("an average", 6, textRun{Text{Tied: true}, Options{Average: 0.5, Validation: 0.2, Best: true}})
	text("a stack without a state", 6, textRun{Text{Layers: stackOf(&layers.RNNSpec{Units: 3}, &layers.RNNSpec{Units: 2})}, Options{Optimizer: SGD{}}})

	set := smallImages(7, 1)
	images := func(name string, steps int, o imageRun) {
		o.Filters, o.Blocks, o.Kernel, o.BatchSize, o.Epochs = 2, 1, 3, 2, 3
		o.LearningRate, o.Seed, o.Threads = 0.01, 5, 1
		tr := newImageTrainer(t, set, o)
		if err := tr.Run(&countdown{context.Background(), steps}, nil); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		list = append(list, mutantState{"images, " + name, checkpointOf(t, tr), func(f *weights.File) (refusal, err error) {
			tr, err := resume(f, &Images{Set: set}, Options{Threads: 1, MaxBytes: 16 << 20})
			if err != nil {
				return err, nil
			}
			return nil, goesOn(tr, func(f *weights.File) error {
				_, err := resume(f, &Images{Set: set}, Options{Threads: 1, MaxBytes: 16 << 20})
				return err
			})
		}})
	}
	images("midway", 5, imageRun{Options: Options{Validation: 0.3, Patience: 2}})
	images("before the second validation", 7, imageRun{Options: Options{Validation: 0.3}})
	images("without validation", 6, imageRun{})
	images("an average", 6, imageRun{Options: Options{Average: 0.9, Validation: 0.3}})

	classes, o := smallClasses()
	tr, err := New(classes, &o)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(&countdown{context.Background(), 8}, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	again := func(f *weights.File) (*Trainer, error) {
		return resume(f, &Classes{Documents: classes.Documents, Labels: classes.Labels}, Options{Threads: 1, MaxBytes: 16 << 20})
	}
	list = append(list, mutantState{"classes", checkpointOf(t, tr), func(f *weights.File) (refusal, err error) {
		tr, err := again(f)
		if err != nil {
			return err, nil
		}
		return nil, goesOn(tr, func(f *weights.File) error {
			_, err := again(f)
			return err
		})
	}})
	return list
}

// goesOn saves a run that was resumed, lets it make a step, and saves it again; what is
// saved can be resumed.
func goesOn(r *Trainer, resume func(*weights.File) error) error {
	for i := range 2 {
		f, err := r.checkpointFile()
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if _, err := f.WriteTo(&b); err != nil {
			return err
		}
		if f, err = weights.Read(&b, 1<<20); err != nil {
			return err
		}
		if err := resume(f); err != nil {
			return fmt.Errorf("it does not read what it wrote: %w", err)
		}
		if r.Done() || i == 1 {
			return nil
		}
		err = r.Run(&countdown{context.Background(), 1}, nil)
		if errors.Is(err, ErrDiverged) {
			return nil
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return nil
}

// A field is a member of a JSON object: in the metadata of a key, at a depth of 0 or,
// in an epoch's record, of 1.
type field struct{ key, name, value string }

// fieldsOf returns the members of the two JSON texts of a checkpoint. A history is one
// field for each of its numbers, whose names begin with "history[".
func fieldsOf(t *testing.T, f *weights.File) (list []field) {
	t.Helper()
	for _, key := range []string{model.KeyConfig, model.KeyCheckpoint} {
		d := json.NewDecoder(strings.NewReader(f.Metadata[key]))
		d.UseNumber()
		next := func() json.Token {
			token, err := d.Token()
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		next() // {
		for d.More() {
			name := next().(string)
			if name != "history" {
				var raw json.RawMessage
				if err := d.Decode(&raw); err != nil {
					t.Fatal(err)
				}
				list = append(list, field{key, name, string(raw)})
				continue
			}
			if next() == nil { // null, of a run in its first epoch
				list = append(list, field{key, name, "null"})
				continue
			}
			for i := 0; d.More(); i++ {
				next() // {
				for d.More() {
					member := next().(string)
					list = append(list, field{key, fmt.Sprintf("history[%d].%s", i, member), fmt.Sprint(next())})
				}
				next() // }
			}
			next() // ]
		}
	}
	if text := write(list, model.KeyCheckpoint); text != f.Metadata[model.KeyCheckpoint] {
		t.Fatalf("%s becomes %s", f.Metadata[model.KeyCheckpoint], text)
	}
	return list
}

// write is the inverse of fieldsOf, for one key.
func write(list []field, key string) string {
	var b strings.Builder
	b.WriteByte('{')
	epoch, first := "", true
	for _, f := range list {
		if f.key != key {
			continue
		}
		at, member, inHistory := strings.Cut(f.name, ".")
		if epoch != "" && at != epoch {
			b.WriteByte('}')
			if !inHistory {
				b.WriteByte(']')
			}
		}
		if !first && !(inHistory && at != epoch && epoch == "") {
			b.WriteByte(',')
		}
		if inHistory && at != epoch {
			if epoch == "" {
				if !first {
					b.WriteByte(',')
				}
				b.WriteString(`"history":[`)
			}
			b.WriteByte('{')
		}
		if inHistory {
			epoch = at
		} else {
			epoch, member = "", f.name
		}
		fmt.Fprintf(&b, "%q:%s", member, f.value)
		first = false
	}
	if epoch != "" {
		b.WriteString("}]")
	}
	b.WriteByte('}')
	return b.String()
}

// nasty are values that no other field suggests.
var nasty = []string{
	"0", "-1", "1", "2", "-0", "1.5", "9223372036854775807", "-9223372036854775808", "2147483648", "4294967296",
	"1e308", "-1e308", "5e-324", "1e-310", "3.5e38", "1e999", "0.9", "null", "true", "false", `""`, `"x"`, "[]", "{}",
}

// mutate changes 1 to 5 fields in the metadata of f and returns the checkpoint's text.
// Of three mutants two change nothing but numbers, and reach the checks that compare
// fields more often.
func mutate(rng *rand.Rand, fields []field, f *weights.File) string {
	list := slices.Clone(fields)
	numbers := rng.IntN(3) > 0
	for range 1 + rng.IntN(5) {
		i := rng.IntN(len(list))
		if numbers {
			for !isNumber(list[i].value) {
				i = rng.IntN(len(list))
			}
		}
		was := list[i]
		value := was.value
		switch rng.IntN(10) {
		case 0, 1, 2:
			value = nasty[rng.IntN(len(nasty))]
		case 3, 4, 5: // another field's
			value = list[rng.IntN(len(list))].value
		case 6, 7: // near
			if n, err := strconv.ParseInt(value, 10, 64); err == nil {
				value = strconv.FormatInt([]int64{n + 1, n - 1, 2 * n, n / 2, -n}[rng.IntN(5)], 10)
			} else if v, err := strconv.ParseFloat(value, 64); err == nil {
				v *= []float64{2, 0.5, -1, 1 + 1e-15, 1e300}[rng.IntN(5)]
				value = strconv.FormatFloat(v, 'g', -1, 64)
			} else if value == "true" || value == "false" {
				value = strconv.FormatBool(value == "false")
			}
		case 8:
			value = nasty[rng.IntN(4)]
		case 9:
			switch {
			case numbers:
			case rng.IntN(2) == 0 && len(list) > 1: // gone
				list = slices.Delete(list, i, i+1)
				continue
			default: // twice
				list = slices.Insert(list, i, was)
				continue
			}
		}
		if numbers && !isNumber(value) {
			continue
		}
		list[i].value = value
		if rng.IntN(2) == 0 {
			for k := range list { // the same name elsewhere, if there is one
				if list[k].name == was.name {
					list[k].value = value
				}
			}
		}
	}
	for _, key := range []string{model.KeyConfig, model.KeyCheckpoint} {
		f.Metadata[key] = write(list, key)
	}
	return f.Metadata[model.KeyCheckpoint]
}

// isNumber reports whether JSON is a number that may be in a checkpoint.
func isNumber(value string) bool {
	v, err := strconv.ParseFloat(value, 64)
	return err == nil && finite(v)
}

// checkpointOf returns the content of a checkpoint.
func checkpointOf(t testing.TB, tr *Trainer) *weights.File {
	t.Helper()
	f, err := tr.checkpointFile()
	if err != nil {
		t.Fatal(err)
	}
	return f
}
