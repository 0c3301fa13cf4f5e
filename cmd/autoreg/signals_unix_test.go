//go:build unix

package main

import (
	"bytes"
	"context"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestHangUp closes the terminal, so to speak: the run saves its checkpoint.
func TestHangUp(t *testing.T) {
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("SIGHUP is ignored here")
	}
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals()...)
	defer stop()
	out, errOut := &trigger{at: "epoch 1/3"}, new(bytes.Buffer)
	out.do = func() {
		if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
			t.Error(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Second):
			t.Error("the signal does not end the work")
		}
	}
	model := filepath.Join(t.TempDir(), "model")
	code := run(ctx, trainArgs(small().data, model, "--epochs", "3"), nil, out, errOut)
	if code != exitInterrupted || !strings.Contains(errOut.String(), "--resume "+shellQuote(model+".checkpoint")) {
		t.Errorf("status %d, message %q", code, errOut)
	}
}
