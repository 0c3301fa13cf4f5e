package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// A checkpoint is a model file (see package model) with one more metadata key,
// model.KeyCheckpoint, that holds a checkpoint as JSON, and these tensors:
//
//	optimizer.m.NAME     Adam's first moment of the parameter NAME
//	optimizer.v.NAME     Adam's second moment
//	optimizer.best.NAME  its value after the best epoch; only with Patience
//
// for every NAME of parameterTensors. There is nothing in it about time, threads,
// paths or the machine: runs that are equally far have equal checkpoints, byte
// for byte.
type checkpoint struct {
	Version int    `json:"version"`
	Corpus  string `json:"corpus"` // SHA-256 of the encoded documents
	Options
	progress
}

const checkpointVersion = 1

// Prefixes of a checkpoint's tensors.
const (
	prefixM    = model.OptimizerPrefix + "m."
	prefixV    = model.OptimizerPrefix + "v."
	prefixBest = model.OptimizerPrefix + "best."
)

// SaveCheckpoint writes the state of the run to path, atomically: see
// weights.WriteFile. Run does so by itself.
func (t *Trainer) SaveCheckpoint(path string) error {
	if err := weights.WriteFile(path, t.checkpointFile()); err != nil {
		return fmt.Errorf("train: the checkpoint is not saved, what %s held before is untouched: %w", path, err)
	}
	return nil
}

// checkpointFile returns the content of a checkpoint. Some of it is the run's own
// memory: it is good until the next step.
func (t *Trainer) checkpointFile() *weights.File {
	meta, err := json.Marshal(checkpoint{checkpointVersion, t.corpus, t.options, t.progress})
	if err != nil {
		panic("train: a checkpoint holds a number that is not finite") // step lets none in
	}
	f := t.model.File()
	f.Metadata[model.KeyCheckpoint] = string(meta)
	f.Tensors = append(f.Tensors, parameterTensors(prefixM, t.optimiser.m)...)
	f.Tensors = append(f.Tensors, parameterTensors(prefixV, t.optimiser.v)...)
	if t.best != nil {
		f.Tensors = append(f.Tensors, parameterTensors(prefixBest, t.best)...)
	}
	return f
}

// Resume continues the run that the checkpoint at path holds, with the documents
// that it began with. Nil options, and zero fields, take what the checkpoint has;
// other fields must agree with it, except for Epochs, which may be anything from
// the epoch under way on, and Threads and MaxBytes, which no checkpoint has. The
// run goes on to the bytes that it would have given without interruption.
//
// It returns an error if the file cannot be read or is not a sound checkpoint, if
// an option differs, and if the documents are others.
func Resume(path string, docs []string, o *Options) (*Trainer, error) {
	if o == nil {
		o = &Options{}
	}
	f, err := readFile(path)
	var t *Trainer
	if err == nil {
		t, err = resume(f, docs, *o)
	}
	if err != nil {
		return nil, fmt.Errorf("train: cannot resume from %s: %w", path, bareError{err})
	}
	return t, nil
}

// A bareError leaves out the package's name, which stands at the front already.
type bareError struct{ error }

func (e bareError) Error() string { return strings.TrimPrefix(e.error.Error(), "train: ") }
func (e bareError) Unwrap() error { return e.error }

// resume is Resume from the content of a file.
func resume(f *weights.File, docs []string, o Options) (*Trainer, error) {
	c, err := parseCheckpoint(f)
	if err != nil {
		return nil, err
	}
	m, err := model.FromFile(f)
	if err != nil {
		return nil, err
	}
	options, err := c.merge(o)
	if err != nil {
		return nil, err
	}
	if want := options.config(m.Config.Symbols); m.Config != want {
		return nil, fmt.Errorf("the model is %+v, its options say %+v: the file is damaged", m.Config, want)
	}
	if err := options.checkMemory(m.Config.Symbols, len(docs)); err != nil {
		return nil, err
	}
	t, err := assemble(m, docs, options)
	if err != nil {
		return nil, err
	}
	if t.corpus != c.Corpus {
		return nil, errors.New("the documents are not those that the run began with")
	}
	t.progress = c.progress
	if err := t.checkProgress(); err != nil {
		return nil, err
	}
	t.optimiser.power1, t.optimiser.power2 = c.Power1, c.Power2
	if err := t.takeTensors(f); err != nil {
		return nil, err
	}
	return t, nil
}

// readFile reads a weights file. Its own size bounds the memory that it takes.
func readFile(path string) (*weights.File, error) {
	in, err := os.Open(path)
	if err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err // the path has been named
		}
		return nil, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a file")
	}
	return weights.Read(in, info.Size())
}

// parseCheckpoint reads the JSON of f. It must be, to the byte, what
// SaveCheckpoint would write for it: nothing is missing, unknown, repeated or out
// of a number's range then.
func parseCheckpoint(f *weights.File) (*checkpoint, error) {
	text, ok := f.Metadata[model.KeyCheckpoint]
	if !ok {
		return nil, errors.New("it is no checkpoint: a finished model has no optimiser state")
	}
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal([]byte(text), &version); err != nil {
		return nil, fmt.Errorf("metadata %q: %w", model.KeyCheckpoint, err)
	}
	if version.Version != checkpointVersion {
		return nil, fmt.Errorf("the checkpoint is of version %d, this program reads %d", version.Version, checkpointVersion)
	}
	var c checkpoint
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return nil, fmt.Errorf("metadata %q: %w", model.KeyCheckpoint, err)
	}
	again, err := json.Marshal(c)
	if err != nil || string(again) != text {
		return nil, fmt.Errorf("metadata %q is not in the form that is written", model.KeyCheckpoint)
	}
	return &c, nil
}

// merge returns the options of the run from those of the checkpoint and those
// asked for now.
func (c *checkpoint) merge(o Options) (Options, error) {
	was := c.Options
	was.Threads, was.MaxBytes = 1, 1
	if err := was.check(); err != nil {
		return was, fmt.Errorf("the checkpoint is damaged: %w", err)
	}
	var err error
	differ := func(name string, was, now any) {
		if err == nil {
			err = fmt.Errorf("option %s is %v now and was %v: a run cannot change it midway (leave it out, or start anew)", name, now, was)
		}
	}
	same(differ, "Vocabulary", was.Vocabulary, o.Vocabulary)
	same(differ, "KeepCase", was.KeepCase, o.KeepCase)
	same(differ, "StripPunctuation", was.StripPunctuation, o.StripPunctuation)
	same(differ, "Embedding", was.Embedding, o.Embedding)
	same(differ, "Units", was.Units, o.Units)
	same(differ, "Length", was.Length, o.Length)
	same(differ, "BatchSize", was.BatchSize, o.BatchSize)
	same(differ, "LearningRate", was.LearningRate, o.LearningRate)
	same(differ, "ClipNorm", was.ClipNorm, o.ClipNorm)
	same(differ, "IgnorePadding", was.IgnorePadding, o.IgnorePadding)
	same(differ, "Validation", was.Validation, o.Validation)
	same(differ, "Patience", was.Patience, o.Patience)
	same(differ, "Seed", was.Seed, o.Seed)
	if err != nil {
		return was, err
	}
	if o.Epochs != 0 {
		was.Epochs = o.Epochs
	}
	was.Threads, was.MaxBytes = o.Threads, o.MaxBytes
	was = was.withDefaults()
	if err := was.check(); err != nil {
		return was, err
	}
	begun := c.Epoch
	if c.Batch > 0 {
		begun++
	}
	if was.Epochs < begun {
		return was, fmt.Errorf("option Epochs is %d, but the run is in epoch %d already", was.Epochs, begun)
	}
	return was, nil
}

// same calls differ unless now is zero or equal to was.
func same[T comparable](differ func(string, any, any), name string, was, now T) {
	var zero T
	if now != zero && now != was {
		differ(name, was, now)
	}
}

// checkProgress checks what a checkpoint says of how far the run is against the
// run itself.
func (t *Trainer) checkProgress() error {
	p, batches := &t.progress, t.training.Batches(t.options.BatchSize)
	bad := p.Epoch < 0 || p.Batch < 0 || p.Batch > batches ||
		len(p.History) != p.Epoch ||
		int64(p.Steps) != int64(p.Epoch)*int64(batches)+int64(p.Batch) ||
		p.Positions < 0 || p.Positions > positions(t.training, t.options.IgnorePadding) ||
		!finite(p.LossSum) || p.LossSum < 0 ||
		!power(p.Power1, p.Steps) || !power(p.Power2, p.Steps) ||
		p.Best < 0 || p.Best > p.Epoch || p.Best > 0 != (t.validation != nil && p.Epoch > 0)
	for i, r := range p.History {
		bad = bad || r.Steps != (i+1)*batches || !finite(r.Loss) || !finite(r.ValLoss)
	}
	if bad {
		return errors.New("the checkpoint contradicts itself: the file is damaged")
	}
	return nil
}

// power reports whether x can be the power of a number between 0 and 1.
func power(x float64, exponent int) bool {
	return x == 1 && exponent == 0 || x >= 0 && x < 1 && exponent > 0
}

// takeTensors takes over what f holds beside the model.
func (t *Trainer) takeTensors(f *weights.File) error {
	p := f.Pick()
	for _, tensor := range t.model.File().Tensors {
		if _, err := p.Take(tensor.Name, tensor.Shape...); err != nil {
			return err
		}
	}
	sets := []struct {
		prefix string
		net    *layers.Stack
	}{{prefixM, t.optimiser.m}, {prefixV, t.optimiser.v}, {prefixBest, t.best}}
	for _, s := range sets {
		if s.net == nil {
			continue
		}
		if err := takeParameters(p, s.prefix, s.net); err != nil {
			return err
		}
	}
	if err := p.Finish(); err != nil {
		return err
	}
	for _, tensor := range f.Tensors {
		for i, v := range tensor.Data {
			if !finite(float64(v)) {
				return fmt.Errorf("tensor %q: value %d is %v: the file is damaged", tensor.Name, i, v)
			}
		}
	}
	for _, v := range parameters(t.optimiser.v) {
		for _, x := range v {
			if x < 0 {
				return fmt.Errorf("a tensor %s… has the value %v, but squares are not negative: the file is damaged", prefixV, x)
			}
		}
	}
	return nil
}

// parameterTensors returns copies of the parameters of net in PyTorch's layout,
// each name with a prefix. The LSTM's two biases are one here.
func parameterTensors(prefix string, net *layers.Stack) []weights.Tensor {
	V, E := net.Embedding.Symbols, net.Embedding.Dim
	H := lstmOf(net).OutLen()
	wih, whh, bias := lstmOf(net).Weights()
	out, outBias := net.Head.Weights()
	return []weights.Tensor{
		{Name: prefix + nameEmbedding, Shape: []int{V, E}, Data: net.Embedding.Weight},
		{Name: prefix + nameInput, Shape: []int{4 * H, E}, Data: wih},
		{Name: prefix + nameRecurrent, Shape: []int{4 * H, H}, Data: whh},
		{Name: prefix + nameLSTMBias, Shape: []int{4 * H}, Data: bias},
		{Name: prefix + nameHead, Shape: []int{V, H}, Data: out},
		{Name: prefix + nameHeadBias, Shape: []int{V}, Data: outBias},
	}
}

// takeParameters sets the parameters of net from the tensors that
// parameterTensors made.
func takeParameters(p *weights.Picker, prefix string, net *layers.Stack) error {
	var data [6][]float32
	for i, t := range parameterTensors(prefix, net) {
		var err error
		if data[i], err = p.Take(t.Name, t.Shape...); err != nil {
			return err
		}
	}
	copy(net.Embedding.Weight, data[0])
	lstmOf(net).SetWeights(data[1], data[2], data[3])
	net.Head.SetWeights(data[4], data[5])
	return nil
}
