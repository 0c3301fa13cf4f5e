//go:build !purego

package kernels

func vexp(dst, x []float32) { expGeneric(dst, x) }

func vtanh(dst, x []float32) { tanhGeneric(dst, x) }

func vsigmoid(dst, x []float32) { sigmoidGeneric(dst, x) }

func vlog(dst, x []float32) { logGeneric(dst, x) }
