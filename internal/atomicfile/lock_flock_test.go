//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestHelperProcess is another process of these tests, which waits to be killed: with a
// lock on a file, or midway in writing one.
func TestHelperProcess(t *testing.T) {
	what, path, found := strings.Cut(os.Getenv("AUTOREG_TEST_HELPER"), " ")
	if !found {
		t.Skip("a part of other tests")
	}
	wait := func() {
		fmt.Println("ready")
		time.Sleep(time.Hour)
	}
	switch what {
	case "lock":
		unlock, err := Lock(path)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer unlock()
		wait()
	case "write":
		err := Write(path, writerTo(func(w io.Writer) (int64, error) {
			n, err := io.WriteString(w, "half of it")
			wait()
			return int64(n), err
		}))
		fmt.Println(err)
	}
}

// helper starts a process that locks or writes path, waits until it is at it, and
// returns what kills it.
func helper(t *testing.T, what, path string) (kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestHelperProcess$")
	cmd.Env = append(os.Environ(), "AUTOREG_TEST_HELPER="+what+" "+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skip("no processes here: ", err)
	}
	killed := false
	kill = func() {
		if !killed {
			killed = true
			cmd.Process.Kill()
			cmd.Wait()
		}
	}
	t.Cleanup(kill)
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the process says %q, %v", line, err)
	}
	return kill
}

// names returns what a directory holds.
func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// A process has a lock as long as it lives, and what it leaves when it is killed hinders
// no other and goes.
func TestLockProcesses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m")
	kill := helper(t, "lock", path)
	unlock, err := Lock(path)
	wantErr(t, err, ErrInUse, path, "in use by another run (process ", "name another file")
	if unlock != nil {
		t.Error("there is something to unlock")
	}
	kill()
	if list := names(t, dir); len(list) != 1 || !strings.HasSuffix(list[0], lockSuffix) {
		t.Fatalf("the directory holds %q, want the lock of a killed process", list)
	}
	if unlock, err = Lock(path); err != nil {
		t.Fatalf("after the other process was killed: %v", err)
	}
	unlock()
	if list := names(t, dir); len(list) != 0 {
		t.Errorf("left behind: %q", list)
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m")
	for range 3 {
		unlock, err := Lock(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Lock(path); !errors.Is(err, ErrInUse) {
			t.Errorf("a second lock: %v", err)
		}
		other, err := Lock(path + "2")
		if err != nil {
			t.Errorf("another file: %v", err)
		}
		other()
		if err := Write(path, text("new")); err != nil { // an agreement only
			t.Error(err)
		}
		unlock()
		holds(t, dir, "m", "new")
	}
	// Through a link it is the same file.
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	unlock, err := Lock(link)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if _, err := Lock(path); !errors.Is(err, ErrInUse) {
		t.Errorf("through a link: %v", err)
	}
	// What cannot be written is for Write to refuse.
	for _, path := range []string{"", dir, os.DevNull, filepath.Join(dir, "missing", "m")} {
		unlock, err := Lock(path)
		if err != nil {
			t.Errorf("Lock(%q): %v", path, err)
		}
		unlock()
	}
}

// A temporary file that a killed process has left goes with the next save or lock of
// the same file, and only then; that of a living process stays.
func TestStaleTemporaries(t *testing.T) {
	for name, next := range map[string]func(path string) error{
		"save": func(path string) error { return Write(path, text("new")) },
		"lock": func(path string) error {
			unlock, err := Lock(path)
			if err == nil {
				unlock()
			}
			return err
		},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "m")
		if err := Write(path, text("old")); err != nil {
			t.Fatal(err)
		}
		kill := helper(t, "write", path)
		temporaries := func() int { return len(names(t, dir)) - 1 }
		if n := temporaries(); n != 1 {
			t.Fatalf("%d temporary files, want 1", n)
		}
		if err := next(path); err != nil || temporaries() != 1 {
			t.Errorf("%s: %v: %q, want the other process's file to stay", name, err, names(t, dir))
		}
		kill()
		if n := temporaries(); n != 1 {
			t.Fatalf("%d temporary files, want that of the killed process", n)
		}
		if err := Write(filepath.Join(dir, "m2"), text("other")); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, "m2")); err != nil || temporaries() != 1 {
			t.Errorf("%v: %q: another file's save removed it", err, names(t, dir))
		}
		if err := next(path); err != nil || temporaries() != 0 {
			t.Errorf("%s: %v: left behind: %q", name, err, names(t, dir))
		}
	}
}
