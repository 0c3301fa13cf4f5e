//go:build !unix

package main

import (
	"os"
	"syscall"
)

// stopSignals returns the signals that end the work in good order.
func stopSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }
