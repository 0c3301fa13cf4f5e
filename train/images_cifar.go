package train

import (
	"fmt"
	"io"

	"github.com/autoreg/autoreg/internal/pixels"
)

// A record of CIFAR-10's binary version: a label, then the red, green and blue of
// 32×32 pixels, each row by row.
const (
	cifarSide   = 32
	cifarPlane  = cifarSide * cifarSide
	cifarRecord = 1 + 3*cifarPlane
	cifarLabels = 10
)

// readCIFAR10 reads a binary batch. It has no header, so labels and size must tell.
func (r *imageReader) readCIFAR10(in io.Reader, name string) error {
	record := make([]byte, cifarRecord)
	m := &pixels.Image{Height: cifarSide, Width: cifarSide, Channels: 3, Pix: make([]uint8, 3*cifarPlane)}
	for i := int64(0); ; i++ {
		n, err := io.ReadFull(in, record)
		switch {
		case err == io.EOF:
			return nil // not at once, for the file is not empty
		case isCut(err):
			return r.notCIFAR(fmt.Errorf("it has %d bytes: want a multiple of %d", i*cifarRecord+int64(n), cifarRecord))
		case err != nil:
			return err
		case record[0] >= cifarLabels:
			return r.notCIFAR(fmt.Errorf("the label of record %d is %d: want 0 to %d", i, record[0], cifarLabels-1))
		}
		if err := r.expect(name, cifarSide, cifarSide, 3, 1); err != nil {
			return err
		}
		red, green, blue := record[1:], record[1+cifarPlane:], record[1+2*cifarPlane:]
		for j := range cifarPlane {
			m.Pix[3*j], m.Pix[3*j+1], m.Pix[3*j+2] = red[j], green[j], blue[j]
		}
		r.add(m)
	}
}

// notCIFAR says what is wrong with a file that should be a batch, or perhaps only
// looked like one.
func (r *imageReader) notCIFAR(err error) error {
	if r.o.Format == ImageFormatAuto && r.file().Images == 0 {
		return fmt.Errorf("the file is of no known format: %s; as a CIFAR-10 batch, %w", understood, err)
	}
	return fmt.Errorf("this is no CIFAR-10 binary batch, or it is damaged: %w", err)
}
