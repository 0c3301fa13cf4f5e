//go:build unix && !solaris && !illumos && !aix

package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asCommand is an environment variable that makes the test binary the command.
const asCommand = "AUTOREG_TEST_AS_COMMAND"

// readyLine is what the test binary as the command prints once it hears signals.
const readyLine = "hears signals"

func init() {
	if mode := os.Getenv(asCommand); mode != "" {
		ctx := untilSignal()
		os.Stderr.WriteString(readyLine + "\n")
		if mode == "stubborn" {
			<-ctx.Done()
			os.Stderr.WriteString("first signal\n")
			select {}
		}
		os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
}

// A process is the command in a process of its own.
type process struct {
	*exec.Cmd
	err *bufio.Reader // standard error, after readyLine
}

// start starts the command, and returns once it hears signals.
func start(t *testing.T, stdin io.Reader, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	p := &process{Cmd: exec.Command(self, args...)}
	p.Env = append([]string{asCommand + "=1"}, os.Environ()...) // a later one counts
	p.Stdin = stdin
	pipe, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { p.Process.Kill() })
	p.err = bufio.NewReader(pipe)
	if line, err := p.err.ReadString('\n'); line != readyLine+"\n" {
		t.Fatalf("first line %q, %v", line, err)
	}
	return p
}

// end waits for the end, which is to come soon, and returns the exit status and the
// rest of standard error.
func (p *process) end(t *testing.T) (int, string) {
	t.Helper()
	late := time.AfterFunc(20*time.Second, func() {
		t.Errorf("%q goes on", p.Args[1:])
		p.Process.Kill()
	})
	defer late.Stop()
	text, _ := io.ReadAll(p.err)
	p.Wait()
	return p.ProcessState.ExitCode(), string(text)
}

func mkfifo(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("no named pipes here: ", err)
	}
	return path
}

// waitingCommands are command lines that wait for a named pipe that does not come,
// one at least for each subcommand and each kind of input.
func waitingCommands(fifo, dir string) [][]string {
	f, images := small(), smallImage()
	model, picture := filepath.Join(dir, "model"), filepath.Join(dir, "p.png")
	return [][]string{
		{"train", "text", "--data", fifo, "-o", model},
		{"train", "image", "--data", fifo, "-o", model, "--samples", ""},
		{"train", "text", "--data", f.data, "-o", model, "--resume", fifo, "--checkpoint", model + ".c"},
		trainArgs(f.data, model, "--log", fifo),
		{"generate", "--model", fifo, "a"},
		{"probs", "--model", fifo, "a"},
		{"score", fifo},
		{"score", "--lines", fifo},
		{"score", "--model", images.model, fifo},
		{"score", "--model", fifo, f.data},
		{"info", "--model", fifo},
		{"paint", "--model", fifo, "-o", picture},
		{"paint", "--model", images.model, "--complete", fifo, "-o", picture},
		{"paint", "--model", images.model, "--complete", picture, "--mask", fifo, "-o", picture + ".png"},
	}
}

// TestOneSignal sends one signal to processes that wait for an input. Each has a folder
// and a pipe of its own: runs lock their outputs, and a pipe opens where another process
// opens its other end.
func TestOneSignal(t *testing.T) {
	commands := func(dir string) [][]string {
		list := waitingCommands(filepath.Join(dir, "fifo"), dir)
		for _, args := range [][]string{{"generate", "-"}, {"probs", "-"}, {"score", "-"}, {"info", "--model", "-"}} {
			list = append(list, args)
		}
		if testing.Short() {
			list = slices.Concat(list[:1], list[5:6], list[len(list)-4:])
		}
		return list
	}
	for i, args := range commands("") {
		t.Run(strings.Join(args[:2], " "), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			mkfifo(t, dir, "fifo")
			write(t, dir, "p.png", picture(6, 5, nil))
			args := commands(dir)[i]
			stdin, silent, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer stdin.Close()
			defer silent.Close()
			p := start(t, stdin, args...)
			time.Sleep(time.Duration(i%3) * 50 * time.Millisecond) // before, while and after it opens the input
			sig := []os.Signal{syscall.SIGINT, syscall.SIGTERM}[i%2]
			if err := p.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if code, text := p.end(t); code != exitInterrupted || text != "autoreg: interrupted\n" {
				t.Errorf("%v on %q: status %d, message %q", sig, args, code, text)
			}
		})
	}
}

// TestSignalWhileTraining sends one signal to a run in its loop: its checkpoint is
// saved, and the message says how to go on.
func TestSignalWhileTraining(t *testing.T) {
	model := filepath.Join(t.TempDir(), "model")
	p := start(t, nil, trainArgs(small().data, model, "--epochs", "50000")...)
	for range 4000 { // else the signal comes early, and the message says so
		if _, err := os.Stat(model + ".checkpoint"); err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	p.Process.Signal(syscall.SIGTERM)
	code, text := p.end(t)
	if code != exitInterrupted || !strings.Contains(text, "go on with: autoreg train text") {
		t.Errorf("status %d, message %q", code, text)
	}
	ok(t, "info", "--model", model+".checkpoint")
}

// TestSecondSignal has a process that does not heed the first signal: the second ends
// it.
func TestSecondSignal(t *testing.T) {
	t.Setenv(asCommand, "stubborn")
	p := start(t, nil)
	p.Process.Signal(syscall.SIGINT)
	if line, err := p.err.ReadString('\n'); line != "first signal\n" {
		t.Fatalf("line %q, %v", line, err)
	}
	p.Process.Signal(syscall.SIGTERM)
	if code, text := p.end(t); code != exitInterrupted || text != "" {
		t.Errorf("status %d, message %q", code, text)
	}
}

// TestPipedInputs gives inputs as named pipes, which can be opened and read only once:
// what comes out is as from files.
func TestPipedInputs(t *testing.T) {
	f, images := small(), smallImage()
	sample := write(t, t.TempDir(), "sample.png", picture(9, 9, nil))
	text := write(t, t.TempDir(), "lines.txt", strings.Repeat("carrots soup with beets\n", 1000)) // more than a peek takes
	for _, args := range [][]string{
		{"score", "--model", f.model, f.data},
		{"score", "--model", f.model, text},
		{"score", "--model", f.model, write(t, t.TempDir(), "lines.gz", gzipped(string(read(t, text))))},
		{"score", "--model", images.model, images.data},
		{"score", "--model", images.model, write(t, t.TempDir(), "images.gz", gzipped(string(read(t, images.data))))},
		{"score", "--model", images.model, sample},
		{"info", "--model", f.model},
		{"info", "--model", f.model, "--json"},
		{"info", "--model", images.model},
		{"generate", "--model", f.model, "--seed", "1", "recipe for"},
		{"probs", "--model", f.model, "recipe for"},
		{"paint", "--model", images.model, "--seed", "1", "-n", "2", "-o", "-"},
	} {
		dir := t.TempDir()
		piped := slices.Clone(args)
		var pipes []string
		for i, arg := range args {
			if filepath.IsAbs(arg) {
				piped[i] = mkfifo(t, dir, filepath.Base(arg))
				pipes = append(pipes, piped[i])
				go func() {
					if w, err := os.OpenFile(piped[i], os.O_WRONLY, 0); err == nil {
						w.Write(read(t, arg))
						w.Close()
					}
				}()
			}
		}
		want := ok(t, args...)
		for i, arg := range args {
			want = strings.ReplaceAll(want, arg, piped[i])
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		var out, errOut bytes.Buffer
		code := run(ctx, piped, strings.NewReader(""), &out, &errOut)
		cancel()
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") } // columns are as wide as names
		if code != exitOK || squeeze(out.String()) != squeeze(want) {
			t.Errorf("autoreg %v from pipes: status %d, output %q, message %q; want %q", args, code, out.String(), errOut.String(), want)
		}
	}
}

// TestPipeAsOutput refuses named pipes where only a regular file will do, without opening
// them.
func TestPipeAsOutput(t *testing.T) {
	fifo := mkfifo(t, t.TempDir(), "fifo")
	for _, args := range [][]string{
		{"paint", "-m", smallImage().model, "-o", fifo},
		{"paint", "-m", smallImage().model, "--gif", fifo},
		trainArgs(small().data, fifo),
		trainArgs(small().data, filepath.Join(t.TempDir(), "m"), "--plot", fifo),
		trainArgs(small().data, filepath.Join(t.TempDir(), "m"), "--checkpoint", fifo),
		trainImageArgs(smallImage().data, filepath.Join(t.TempDir(), "m"), "--resume", fifo, "--checkpoint", filepath.Join(t.TempDir(), "c")), // is read twice
	} {
		fails(t, exitError, fifo+" is not a regular file", args...)
	}
}
