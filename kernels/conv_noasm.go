//go:build purego || !(amd64 || arm64)

package kernels

func conv(c *convolution) { convGeneric(c) }
