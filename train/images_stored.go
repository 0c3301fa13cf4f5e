package train

import "github.com/autoreg/autoreg/internal/weights"

// storedImages is Images and its Options as the JSON of a checkpoint has them. What the
// first version did not have is left out where it says nothing.
type storedImages struct {
	Filters      int       `json:"filters"`
	Blocks       int       `json:"blocks"`
	Kernel       int       `json:"kernel"`
	BatchSize    int       `json:"batch_size"`
	Optimizer    string    `json:"optimizer,omitempty"` // "" is Adam
	LearningRate float64   `json:"learning_rate"`
	Schedule     *Schedule `json:"schedule,omitempty"`
	ClipNorm     float64   `json:"clip_norm"`
	Validation   float64   `json:"validation"`
	Patience     int       `json:"patience"`
	Seed         uint64    `json:"seed"`
	Epochs       int       `json:"epochs"`
}

// stored returns what a checkpoint has of the options.
func (t *Images) stored(o *Options) storedImages {
	return storedImages{
		Filters: t.Filters, Blocks: t.Blocks, Kernel: t.Kernel,
		BatchSize: o.BatchSize, Optimizer: storedOptimizer(o.Optimizer), LearningRate: o.LearningRate,
		Schedule: storedSchedule(o.Schedule), ClipNorm: o.ClipNorm,
		Validation: o.Validation, Patience: o.Patience, Seed: o.Seed, Epochs: o.Epochs,
	}
}

// imageCheckpoint is what the checkpoint of Images holds as JSON.
type imageCheckpoint struct {
	Version int    `json:"version"`
	Images  string `json:"images"` // SHA-256 of the levels
	Source  Source `json:"source,omitzero"`
	storedImages
	progress
}

func (t *Images) checkpoint(o *Options, p progress) any {
	return imageCheckpoint{checkpointVersion, t.hash, o.Source, t.stored(o), p}
}

func (t *Images) begun(f *weights.File) (*begun, error) {
	c, err := parseCheckpoint[imageCheckpoint](f)
	if err != nil {
		return nil, err
	}
	o := Options{
		BatchSize: c.BatchSize, LearningRate: c.LearningRate, ClipNorm: c.ClipNorm,
		Validation: c.Validation, Patience: c.Patience, Seed: c.Seed, Epochs: c.Epochs, Source: c.Source,
	}
	if o.Optimizer, err = readOptimizer(c.Optimizer); err != nil {
		return nil, err
	}
	if c.Schedule != nil {
		o.Schedule = *c.Schedule
	}
	return &begun{&Images{Filters: c.Filters, Blocks: c.Blocks, Kernel: c.Kernel}, o, c.Images, c.progress}, nil
}

func (t *Images) record(o *Options) Record {
	return Record{
		Source: o.Source, Images: t.Set.Len(), Data: t.hash,
		Options: recordOptions(struct {
			storedImages
			Epochs int `json:"epochs,omitempty"` // hides that of the options
		}{t.stored(o), 0}),
	}
}
