package images

import (
	"fmt"
	"io"

	"github.com/autoreg/autoreg/internal/pixels"
)

// A record of CIFAR's binary versions: one label or two, then the red, green and blue
// of 32×32 pixels, each row by row.
const (
	cifarSide   = 32
	cifarPlane  = cifarSide * cifarSide
	cifarPixels = 3 * cifarPlane
)

// A cifarVersion is CIFAR-10 or CIFAR-100.
type cifarVersion struct {
	name   string
	labels []string
	limits []byte // of each label: they are below
}

var (
	cifar10  = cifarVersion{"CIFAR-10", []string{"label"}, []byte{10}}
	cifar100 = cifarVersion{"CIFAR-100", []string{"coarse label", "fine label"}, []byte{20, 100}}
)

// record returns how many bytes a record has.
func (v cifarVersion) record() int { return len(v.limits) + cifarPixels }

// divides reports whether a batch may have size bytes, -1 meaning that it is not known.
func (v cifarVersion) divides(size int64) bool { return size < 0 || size%int64(v.record()) == 0 }

// labelled reports whether the labels in sample, with which a batch begins, are such.
func (v cifarVersion) labelled(sample []byte) bool {
	for ; len(sample) >= len(v.limits); sample = sample[min(v.record(), len(sample)):] {
		for i, limit := range v.limits {
			if sample[i] >= limit {
				return false
			}
		}
	}
	return true
}

// readCIFAR reads a binary batch of size bytes, or -1 where that is not known. It has
// no header, so it is recognised by labels and size.
func (r *reader) readCIFAR(in io.Reader, name string, size int64, v cifarVersion) error {
	record, labels := make([]byte, v.record()), len(v.limits)
	r.coming = max(size/int64(len(record)), 0)
	classes := int(v.limits[labels-1])
	if r.o.Labels != nil {
		return optionErrorf("a %s batch has labels of its own: leave %s out", v.name, option("Labels"))
	}
	r.mixed = r.mixed || r.set.Classes != 0 && r.set.Classes != classes
	r.set.Classes = classes
	m := &pixels.Image{Height: cifarSide, Width: cifarSide, Channels: 3, Pix: make([]uint8, cifarPixels)}
	for i := int64(0); ; i++ {
		n, err := io.ReadFull(in, record)
		switch {
		case err == io.EOF:
			return nil // not at once, for the file is not empty
		case isCut(err):
			return r.notCIFAR(v, fmt.Errorf("it has %d bytes: want a multiple of %d", i*int64(len(record))+int64(n), len(record)))
		case err != nil:
			return err
		}
		for k, limit := range v.limits {
			if record[k] >= limit {
				return r.notCIFAR(v, fmt.Errorf("the %s of record %d is %d: want 0 to %d", v.labels[k], i, record[k], limit-1))
			}
		}
		if err := r.expect(name, cifarSide, cifarSide, 3, 1); err != nil {
			return err
		}
		red, green, blue := record[labels:], record[labels+cifarPlane:], record[labels+2*cifarPlane:]
		for j := range cifarPlane {
			m.Pix[3*j], m.Pix[3*j+1], m.Pix[3*j+2] = red[j], green[j], blue[j]
		}
		if r.left() > 0 {
			r.set.Labels = append(r.set.Labels, record[labels-1])
		}
		if err := r.add(m.Rows(r.set.Channels)); err != nil {
			return err
		}
	}
}

// notCIFAR returns the error for a file that should be a batch or was recognised as one.
func (r *reader) notCIFAR(v cifarVersion, err error) error {
	if r.o.Format == FormatAuto && r.file().Images == 0 {
		return fmt.Errorf("the file is of no known format: %s; as a %s batch, %w", understood, v.name, err)
	}
	return fmt.Errorf("this is no %s binary batch, or it is damaged: %w", v.name, err)
}
