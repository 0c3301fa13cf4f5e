package train

import (
	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// storedImages is Images and its Options as the JSON of a checkpoint has them.
type storedImages struct {
	Filters int            `json:"filters"`
	Blocks  int            `json:"blocks"`
	Kernel  int            `json:"kernel,omitempty"`
	Mixture *storedMixture `json:"mixture,omitempty"`
	storedRun
}

// A storedMixture is a Mixture as JSON.
type storedMixture struct {
	Components  int     `json:"components"`
	Resolutions int     `json:"resolutions"`
	Rows        int     `json:"rows"`
	Cols        int     `json:"cols"`
	Activation  string  `json:"activation"`
	Dropout     float64 `json:"dropout"`
	Direct      bool    `json:"direct,omitempty"`
	Conditional bool    `json:"conditional,omitempty"`
}

// mixture returns the Mixture that s stores; nil for nil.
func (s *storedMixture) mixture() (*Mixture, error) {
	if s == nil {
		return nil, nil
	}
	a, ok := layers.ParsePixelActivation(s.Activation)
	if !ok {
		return nil, apierror.Errorf("the checkpoint has the activation %.40q: want concat_elu, elu or relu", s.Activation)
	}
	return &Mixture{s.Components, s.Resolutions, s.Rows, s.Cols, a, s.Dropout, s.Direct, s.Conditional}, nil
}

// stored returns what a checkpoint has of the options.
func (t *Images) stored(o *Options) storedImages {
	s := storedImages{Filters: t.Filters, Blocks: t.Blocks, Kernel: t.Kernel, storedRun: storeRun(o)}
	if m := t.Mixture; m != nil {
		s.Mixture = &storedMixture{m.Components, m.Resolutions, m.Rows, m.Cols, m.Activation.String(), m.Dropout, m.Direct, m.Conditional}
	}
	return s
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

func (t *Images) resumed(f *weights.File) (*resumedRun, error) {
	c, err := parseCheckpoint[imageCheckpoint](f)
	if err != nil {
		return nil, err
	}
	o, err := c.storedRun.options()
	if err != nil {
		return nil, err
	}
	o.Source = c.Source
	was := &Images{Filters: c.Filters, Blocks: c.Blocks, Kernel: c.Kernel, hash: c.Images}
	if was.Mixture, err = c.Mixture.mixture(); err != nil {
		return nil, err
	}
	return &resumedRun{was, o, c.Images, c.progress}, nil
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
