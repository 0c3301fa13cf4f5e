package train

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
)

// A Source says what data a run learns from. All fields may be empty. It is part of the
// checkpoints, and of the Record in the model's file; nothing is read from it.
type Source struct {
	Name   string `json:"name,omitempty"`   // of the file or files, without their folders
	SHA256 string `json:"sha256,omitempty"` // of their bytes, in hexadecimal
	Format string `json:"format,omitempty"` // how they were read

	// Weights is the checksum of the model that the run began with: see From, which sets it.
	Weights string `json:"weights,omitempty"`

	// The same of files for validation alone.
	Validation       string `json:"validation,omitempty"`
	ValidationSHA256 string `json:"validation_sha256,omitempty"`
}

// maxSource is the length of each field of a Source in bytes; what is longer is cut.
const maxSource = 256

// clean returns s with its fields cut and made valid for a file.
func (s Source) clean() Source {
	for _, field := range []*string{&s.Name, &s.SHA256, &s.Format, &s.Weights, &s.Validation, &s.ValidationSHA256} {
		*field = strings.ToValidUTF8(*field, "\uFFFD")
		if len(*field) > maxSource {
			n := maxSource - len("…")
			for !utf8.RuneStart((*field)[n]) {
				n--
			}
			*field = (*field)[:n] + "…"
		}
	}
	return s
}

// check refuses what clean would change.
func (s Source) check() error {
	if s != s.clean() {
		return damaged("a field of the source has more than %d bytes", maxSource)
	}
	return nil
}

// or returns s, or other if s is empty.
func (s Source) or(other Source) Source {
	if s == (Source{}) {
		return other.clean()
	}
	return s
}

// A Record says where a model comes from. A model file has it as JSON under the metadata
// key RecordKey. It holds no time, path, name of a machine or number of threads: equal
// runs have equal records, however often they were interrupted.
type Record struct {
	Source Source `json:"source"`
	// Documents or Images is how many there were, those set aside included.
	Documents int `json:"documents,omitempty"`
	Images    int `json:"images,omitempty"`
	// Data is the SHA-256 of what the run learnt from: encoded documents, or levels.
	Data string `json:"data_sha256"`
	// Options are those that decide the result, but for the number of epochs: an
	// object.
	Options json.RawMessage `json:"options"`

	Epochs int `json:"epochs"` // that have ended
	Steps  int `json:"steps"`
	// Weights is the epoch at whose end the weights of the file were taken: the best one
	// with Options.Best. 0 if they were taken within an epoch.
	Weights int           `json:"weights_of_epoch,omitempty"`
	Best    int           `json:"best_epoch,omitempty"` // of the lowest validation loss; 0 if nothing was set aside
	History []RecordEpoch `json:"history"`              // of the epochs that have ended
}

// A RecordEpoch is an epoch of a Record.
type RecordEpoch struct {
	Steps   int     `json:"steps"` // of the run, at its end
	Loss    float64 `json:"loss"`  // see EpochStats
	ValLoss float64 `json:"val_loss,omitempty"`

	ValAccuracy float64 `json:"val_accuracy,omitempty"`
}

// RecordKey is the metadata key of a Record in a model file.
const RecordKey = model.KeyTraining

// ParseRecord reads the JSON of a Record. It does not check the values: the metadata of
// a file may hold anything, control characters included.
func ParseRecord(text string) (*Record, error) {
	r := new(Record)
	if err := json.Unmarshal([]byte(text), r); err != nil {
		return nil, wrap(apierror.Errorf("the record of the training is not readable: %w", err))
	}
	return r, nil
}

// Same reports whether two records are of one run, at different times: of the same data
// and options, one history being the beginning of the other.
func (r *Record) Same(other *Record) bool {
	if r.Data == "" || r.Data != other.Data || !sameJSON(string(r.Options), string(other.Options)) {
		return false
	}
	for i := range min(len(r.History), len(other.History)) {
		if r.History[i] != other.History[i] {
			return false
		}
	}
	return true
}

// prepareMetadata makes room for a record in the free metadata of a checkpoint.
func prepareMetadata(free map[string]string) error {
	delete(free, RecordKey) // of another training
	if most := weights.MaxMetadata - 16; len(free) > most {
		return apierror.Errorf("the file has %d metadata keys of other programs, which leaves no room for the run's own: remove some", len(free))
	}
	return nil
}

// Record returns the record of the run as it is now.
func (t *Trainer) Record() *Record {
	p := &t.progress
	record := t.task.record(&t.options)
	record.Epochs, record.Steps, record.Best = p.Epoch, p.Steps, p.Best
	record.History = make([]RecordEpoch, len(p.History))
	for i, e := range p.History {
		record.History[i] = RecordEpoch{e.Steps, e.Loss, e.ValLoss, e.ValAccuracy}
	}
	return &record
}

// recordText returns the record of the run for a model whose weights are of the end of
// an epoch, or 0.
func (t *Trainer) recordText(epoch int) string {
	record := t.Record()
	record.Weights = epoch
	text, err := json.Marshal(record)
	if err != nil {
		return "" // a number is not finite: the weights are not either
	}
	return string(text)
}

// recordOptions returns options as JSON.
func recordOptions(o any) json.RawMessage {
	text, err := json.Marshal(o)
	if err != nil {
		panic("train: options that are not finite") // they have been checked
	}
	return text
}
