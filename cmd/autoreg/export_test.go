package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/internal/weights"
)

func TestExportUsage(t *testing.T) {
	for _, c := range []struct {
		want string
		args []string
	}{
		{"give --to torch or --to onnx", []string{"export", "x"}},
		{"--to", []string{"export", "x", "--to", "onyx"}},
		{"name a single directory or file", []string{"export", "--to", "torch"}},
		{"name a single directory or file", []string{"export", "--to", "onnx", "x", "y"}},
	} {
		fails(t, exitUsage, c.want, c.args...)
	}
}

// TestExport writes the two files, and replaces no others than those, and only when asked to.
func TestExport(t *testing.T) {
	dir := t.TempDir()
	to := filepath.Join(dir, "a", "b")
	args := []string{"export", "--model", small().model, "--to", "torch", to}
	if out := ok(t, args...); out != "" {
		t.Errorf("it prints %q", out)
	}
	if got := read(t, filepath.Join(to, "model.safetensors")); !bytes.Equal(got, read(t, small().model)) {
		t.Error("model.safetensors is not the model's file")
	}
	program := read(t, filepath.Join(to, "model.py"))
	if n := bytes.Count(program, []byte("\n")); n == 0 || n >= 150 {
		t.Errorf("model.py has %d lines", n)
	}
	fails(t, exitError, "--overwrite", args...)
	other := write(t, to, "notes", "mine")
	write(t, to, "model.py", "old")
	ok(t, append(args, "--overwrite")...)
	if got := read(t, filepath.Join(to, "model.py")); !bytes.Equal(got, program) || string(read(t, other)) != "mine" {
		t.Error("--overwrite does not replace model.py, or it replaces other files")
	}
	if err := os.Remove(filepath.Join(to, "model.py")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(to, "model.py"), 0o700); err != nil {
		t.Fatal(err)
	}
	fails(t, exitError, "model.py", append(args, "--overwrite")...)
	fails(t, exitError, "not a directory", append(args[:len(args)-1:len(args)-1], write(t, dir, "file", "x"))...)
	fails(t, exitError, "no such file", "export", "--model", filepath.Join(dir, "none"), "--to", "torch", filepath.Join(dir, "c"))
	if _, err := os.Stat(filepath.Join(dir, "c")); err == nil {
		t.Error("there is a directory for a model that there is not")
	}
	checkpoint := filepath.Join(dir, "checkpoint")
	ok(t, "export", "--model", small().checkpoint, "--to", "torch", checkpoint)
	ok(t, "info", filepath.Join(checkpoint, "model.safetensors"))
}

// TestExportONNX writes a file that import takes back, and replaces one only when asked to.
func TestExportONNX(t *testing.T) {
	dir := t.TempDir()
	file, back := filepath.Join(dir, "model.onnx"), filepath.Join(dir, "back.safetensors")
	args := []string{"export", "--model", small().model, "--to", "onnx", file}
	if out := ok(t, args...); out != "" {
		t.Errorf("it prints %q", out)
	}
	graph := read(t, file)
	if out := ok(t, "info", file); !strings.Contains(out, "embedding.weight") {
		t.Errorf("info prints %q", out)
	}
	ok(t, "import", file, "-o", back)
	if before, after := ok(t, "probs", "-m", small().model, "recipe for"), ok(t, "probs", "-m", back, "recipe for"); after != before {
		t.Errorf("what comes back says %s, want %s", after, before)
	}
	fails(t, exitError, "there is a file "+file+" already: name another one, or give --overwrite to replace it", args...)
	write(t, dir, "model.onnx", "old")
	ok(t, append(args, "--overwrite")...)
	if !bytes.Equal(read(t, file), graph) {
		t.Error("--overwrite does not replace the file, or there is another graph for the same model")
	}
	fails(t, exitError, "no such file", "export", "--model", filepath.Join(dir, "none"), "--to", "onnx", filepath.Join(dir, "b"))
}

// python runs an exported program.
func python(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(testkit.Torch(t), args...)
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "CUDA_VISIBLE_DEVICES=")
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v: %s", args, err, errOut.String())
	}
	return string(out)
}

// freePort returns a port of the loopback that is free.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip("there is no loopback: ", err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}

// TestExportDistributed trains an exported model with two processes, as torchrun starts
// them; the model comes back, says something else than before, and is trained on here.
func TestExportDistributed(t *testing.T) {
	testkit.Torch(t)
	dir := t.TempDir()
	to := filepath.Join(dir, "torch")
	ok(t, "export", "--model", small().model, "--to", "torch", to)
	program, trained := filepath.Join(to, "model.py"), filepath.Join(dir, "trained.safetensors")
	data := write(t, dir, "data.txt", strings.Repeat("recipe for onions soup | Chop the onions, 2/4 inch thick. Bake the soup until brown; serve it hot.\n", 40))
	port := freePort(t)
	done := make(chan error, 2)
	out := new(bytes.Buffer)
	for rank := range 2 {
		cmd := exec.Command(testkit.Torch(t), program, "--data", data, "--output", trained, "--epochs", "2", "--batch", "8", "--length", "12", "--lr", "0.01")
		cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "WORLD_SIZE=2", fmt.Sprintf("RANK=%d", rank),
			"MASTER_ADDR=127.0.0.1", "MASTER_PORT="+port, "GLOO_SOCKET_IFNAME=lo", "CUDA_VISIBLE_DEVICES=")
		var errOut bytes.Buffer
		cmd.Stdout, cmd.Stderr = io.Discard, &errOut
		if rank == 0 {
			cmd.Stdout = out
		}
		go func() {
			err := cmd.Run()
			if err != nil {
				err = fmt.Errorf("process %d: %w: %s", rank, err, errOut.String())
			}
			done <- err
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if !strings.HasPrefix(out.String(), "epoch 1: loss ") || strings.Count(out.String(), "\n") != 2 {
		t.Errorf("the run prints %q", out)
	}
	before, after := ok(t, "probs", "-m", small().model, "recipe for"), ok(t, "probs", "-m", trained, "recipe for")
	if before == after {
		t.Error("the trained model has the logits of the model before")
	}
	on := filepath.Join(dir, "on.safetensors")
	if out := ok(t, "train", "text", "--from", trained, "--data", small().data, "-o", on, "--epochs", "1", "--sample", ""); !strings.Contains(out, "saved "+on) {
		t.Errorf("training that begins with it prints %q", out)
	}
	if ok(t, "probs", "-m", on, "recipe for") == after {
		t.Error("training here has not changed the model")
	}
	if meta, err := weights.ReadMetadata(trained); err != nil || meta["training"] != "" || meta["checksum"] != "" {
		t.Errorf("the trained model says of itself what the model before does: %v, %v", meta, err)
	}
}
