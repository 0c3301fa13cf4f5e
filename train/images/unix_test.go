//go:build unix && !solaris && !illumos && !aix

package images

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Devices and sockets are refused; a FIFO is read, but in a folder it is none of its
// files.
func TestImagesFromNoFiles(t *testing.T) {
	dir := writeFiles(t, "f/a.png", pngFile(t, greyImage(1, 1, "a")))
	for path, want := range map[string]string{"/dev/zero": "this is a device: name a file, or - for standard input", "/dev/null": "this is a device: name a file, or - for standard input"} {
		if _, err := Read([]string{path}, nil); err == nil || !strings.HasSuffix(err.Error(), path+": "+want) {
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
		if _, err := ReadFile(path, nil); err == nil || !strings.HasSuffix(err.Error(), path+": "+want) {
			t.Errorf("%s: ReadFile: error %v, want %q", path, err, want)
		}
	}
	socket := filepath.Join(dir, "s")
	if l, err := net.Listen("unix", socket); err == nil {
		defer l.Close()
		if _, err := Read([]string{socket}, nil); err == nil || !strings.Contains(err.Error(), socket) {
			t.Errorf("socket: error %v", err)
		}
	}
	for _, name := range []string{"fifo", "f/b.png"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Skip(err) // a file system without
		}
	}
	if err := os.Symlink("b.png", filepath.Join(dir, "f", "c.png")); err != nil {
		t.Skip(err)
	}
	go func() {
		_ = os.WriteFile(filepath.Join(dir, "fifo"), []byte(cifar(1, 2)), 0)
	}()
	s, err := Read([]string{filepath.Join(dir, "fifo"), filepath.Join(dir, "f")}, &Options{Height: 1, Width: 1, Channels: 1})
	if err != nil || s.Len() != 3 || s.Source.Files[1].Skipped != 2 {
		t.Errorf("%+v, %v", s, err)
	}
}
