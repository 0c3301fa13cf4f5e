package train

import "github.com/autoreg/autoreg/internal/weights"

// storedImages is Images and its Options as the JSON of a checkpoint has them.
type storedImages struct {
	Filters int `json:"filters"`
	Blocks  int `json:"blocks"`
	Kernel  int `json:"kernel"`
	storedRun
}

// stored returns what a checkpoint has of the options.
func (t *Images) stored(o *Options) storedImages {
	return storedImages{t.Filters, t.Blocks, t.Kernel, storeRun(o)}
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
	return &resumedRun{&Images{Filters: c.Filters, Blocks: c.Blocks, Kernel: c.Kernel, hash: c.Images}, o, c.Images, c.progress}, nil
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
