package images

import (
	"bytes"
	"encoding/binary"
)

// A jpegHeader is what the markers of a JPEG say of it.
type jpegHeader struct {
	progressive bool
	components  []jpegComponent
	across      int64 // how many units, one block of a component times its factors, make a row
	down        int64 // and how many rows there are
	jfif        bool
	adobe       bool // whether Adobe's marker says that the components are no YCbCr

	scans       int64
	blocks      int64 // of 8×8 samples, in all scans
	orientation int
}

// A jpegComponent is a component and how many blocks it has in a unit.
type jpegComponent struct {
	id     byte
	blocks int64
}

// Markers of JPEG.
const (
	jpegSOF0, jpegSOF2 = 0xc0, 0xc2
	jpegRST0, jpegEOI  = 0xd0, 0xd9
	jpegSOS            = 0xda
	jpegAPP0, jpegAPP1 = 0xe0, 0xe1
	jpegAPP14          = 0xee
)

// readJPEGHeader goes through the markers of a JPEG, also those behind and between its
// scans, as package image/jpeg does, up to the end or to what that refuses. It
// allocates next to nothing.
func readJPEGHeader(data []byte) jpegHeader {
	h := jpegHeader{orientation: 1}
	oriented := false
	for data = data[min(2, len(data)):]; ; {
		// In a scan 0xff that is no marker is followed by 0; fill bytes are more of 0xff.
		i := bytes.IndexByte(data, 0xff)
		if i < 0 {
			return h
		}
		for data = data[i:]; len(data) > 0 && data[0] == 0xff; {
			data = data[1:]
		}
		if len(data) == 0 {
			return h
		}
		marker := data[0]
		data = data[1:]
		switch {
		case marker == 0 || marker >= jpegRST0 && marker < jpegRST0+8:
			continue
		case marker == jpegEOI || len(data) < 2:
			return h
		}
		size := int(binary.BigEndian.Uint16(data))
		if size < 2 || size > len(data) {
			return h
		}
		segment := data[2:size]
		data = data[size:]
		switch {
		case marker >= jpegSOF0 && marker <= jpegSOF2 && h.components == nil:
			h.progressive = marker == jpegSOF2
			h.readFrame(segment)
		case marker == jpegSOS:
			h.scans++
			h.blocks += h.scanned(segment) * h.across * h.down
		case marker == jpegAPP0 && len(segment) >= 5:
			h.jfif = bytes.HasPrefix(segment, []byte("JFIF\x00"))
		case marker == jpegAPP14 && len(segment) >= 12 && bytes.HasPrefix(segment, []byte("Adobe")):
			h.adobe = segment[11] == 0
		case marker == jpegAPP1 && !oriented && h.scans == 0:
			var exif []byte
			if exif, oriented = bytes.CutPrefix(segment, []byte("Exif\x00\x00")); oriented {
				h.orientation = exifOrientation(exif)
			}
		}
	}
}

// readFrame reads a start of frame.
func (h *jpegHeader) readFrame(segment []byte) {
	if len(segment) < 6 || len(segment) != 6+3*int(segment[5]) || segment[5] > 4 {
		return
	}
	height, width := int64(binary.BigEndian.Uint16(segment[1:])), int64(binary.BigEndian.Uint16(segment[3:]))
	n := int(segment[5])
	for i := range n {
		factors := segment[7+3*i]
		if n == 1 {
			factors = 0x11 // whatever it says
		}
		x, y := int64(factors>>4), int64(factors&15)
		if x == 0 || y == 0 {
			h.components = nil
			return
		}
		if i == 0 {
			h.across, h.down = (width+8*x-1)/(8*x), (height+8*y-1)/(8*y)
		}
		h.components = append(h.components, jpegComponent{segment[6+3*i], x * y})
	}
}

// scanned returns how many blocks of each unit a scan has.
func (h *jpegHeader) scanned(segment []byte) (blocks int64) {
	if len(segment) == 0 || len(segment) < 1+2*int(segment[0]) {
		return 0
	}
	for i := range int(segment[0]) {
		for _, c := range h.components {
			if c.id == segment[1+2*i] {
				blocks += c.blocks
			}
		}
	}
	return blocks
}

// cost returns how many bytes package image/jpeg allocates for an image of that size:
// the samples, for progressive ones four more for each of them, and a copy for those
// that are neither grey nor YCbCr.
func (h *jpegHeader) cost(height, width int64) int64 {
	samples := int64(0)
	for _, c := range h.components {
		samples += 64 * c.blocks * h.across * h.down
	}
	total := samples
	if h.progressive {
		total += 4 * samples
	}
	switch c := h.components; len(c) {
	case 3:
		if h.jfif || !h.adobe && !(c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B') {
			return total // stays YCbCr
		}
		fallthrough
	case 4:
		total += 4 * height * width
	}
	return total
}
