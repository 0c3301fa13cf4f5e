package images

import (
	"encoding/binary"
	"image"
	"image/color"
)

// exifOrientation returns the orientation, 1 to 8, in Exif data, which are a TIFF file:
// the tag in its first directory. It is 1, upright, where that is missing or damaged.
func exifOrientation(data []byte) int {
	const (
		header   = 8  // byte order, 42, offset of the first directory
		entry    = 12 // tag, type, count, value
		tag      = 0x0112
		short    = 3 // of 16 bits, as it should be
		long     = 4 // of 32, as some programs write
		greatest = 8
	)
	if len(data) < header {
		return 1
	}
	var order binary.ByteOrder
	switch string(data[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := int64(order.Uint32(data[4:]))
	if at > int64(len(data)-2) {
		return 1
	}
	list := data[at+2:]
	for range order.Uint16(data[at:]) {
		if len(list) < entry {
			break
		}
		if order.Uint16(list) == tag {
			v := order.Uint32(list[8:])
			if order.Uint16(list[2:]) == short {
				v = uint32(order.Uint16(list[8:]))
			} else if order.Uint16(list[2:]) != long {
				break
			}
			if order.Uint32(list[4:]) != 1 || v < 1 || v > greatest {
				break
			}
			return int(v)
		}
		list = list[entry:]
	}
	return 1
}

// upright returns img turned as an Exif orientation says. Nothing is copied.
func upright(img image.Image, orientation int) image.Image {
	deep, ok := img.(image.RGBA64Image)
	if !ok || orientation == 1 {
		return img // the decoders' images are all of that kind
	}
	return &turned{deep, orientation}
}

// isSideways reports whether height and width change places in an orientation.
func isSideways(orientation int) bool { return orientation >= 5 }

// turned is an image as an orientation of 2 to 8 shows it, from 0, 0 on.
type turned struct {
	image.RGBA64Image
	orientation int
}

func (t *turned) Bounds() image.Rectangle {
	size := t.RGBA64Image.Bounds().Size()
	if isSideways(t.orientation) {
		size.X, size.Y = size.Y, size.X
	}
	return image.Rectangle{Max: size}
}

func (t *turned) At(x, y int) color.Color        { return t.RGBA64Image.At(t.stored(x, y)) }
func (t *turned) RGBA64At(x, y int) color.RGBA64 { return t.RGBA64Image.RGBA64At(t.stored(x, y)) }

// stored returns where pixel x, y is stored.
func (t *turned) stored(x, y int) (int, int) {
	b := t.RGBA64Image.Bounds()
	if isSideways(t.orientation) {
		x, y = y, x
	}
	switch t.orientation {
	case 2, 3, 7, 8:
		x = b.Dx() - 1 - x
	}
	switch t.orientation {
	case 3, 4, 6, 7:
		y = b.Dy() - 1 - y
	}
	return b.Min.X + x, b.Min.Y + y
}
