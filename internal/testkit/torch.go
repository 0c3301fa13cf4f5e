package testkit

import (
	"os"
	"os/exec"
	"sync"
	"testing"
)

// RequireTorch is the environment variable that makes Torch fail where it would skip.
const RequireTorch = "AUTOREG_REQUIRE_TORCH"

// Torch returns a Python that has PyTorch, or skips the test.
func Torch(t testing.TB) (python string) {
	t.Helper()
	if testing.Short() {
		t.Skip("short runs start no Python: the race detector and emulators see nothing of what it does")
	}
	if python := torch(); python != "" {
		return python
	}
	if os.Getenv(RequireTorch) != "" {
		t.Fatal("no python3 can import torch, and " + RequireTorch + " is set: install python3-torch")
	}
	t.Skip("no python3 can import torch: python3-torch of Debian, for example, is not installed")
	return ""
}

// torch finds the Python once, for the import takes a second.
var torch = sync.OnceValue(func() string {
	for _, python := range []string{"/usr/bin/python3", "python3"} { // Debian's has python3-torch
		if exec.Command(python, "-c", "import torch").Run() == nil {
			return python
		}
	}
	return ""
})
