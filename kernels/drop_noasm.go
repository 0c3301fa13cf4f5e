//go:build purego || !(amd64 || arm64)

package kernels

func keepMask16(dst []uint64, words int, counter [4]uint32, key [2]uint32, least uint16) {
	keepMask16Generic(dst, words, counter, key, least)
}

func keepMask32(dst []uint64, words int, counter [4]uint32, key [2]uint32, least uint32) {
	keepMask32Generic(dst, words, counter, key, least)
}

func drop(dst, x []float32, kept []uint64, width int, scale float32) {
	dropGeneric(dst, x, kept, width, 0, scale)
}
