package kernels_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/cpu"
	"github.com/autoreg/autoreg/kernels"
)

// TestISAVariable runs this test binary again under AUTOREG_ISA: each rung that
// this CPU has is taken, in letters of any case, and a name that it lacks ends the
// program before main with one line and status 2.
func TestISAVariable(t *testing.T) {
	const child = "AUTOREG_TEST_CHILD"
	if os.Getenv(child) != "" {
		os.Stdout.WriteString("rung " + kernels.ISA() + "\n")
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Skip("no way to start processes here: ", err)
	}
	run := func(isa string) (string, error) {
		cmd := exec.Command(exe, "-test.run=^TestISAVariable$", "-test.count=1")
		cmd.Env = append(os.Environ(), child+"=1", "AUTOREG_ISA="+isa)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run("generic"); err != nil && !strings.Contains(out, "rung") {
		t.Skip("this binary cannot start itself, as under an emulator: ", err)
	}
	for _, isa := range cpu.Available() {
		if out, err := run(isa.String()); err != nil || !strings.Contains(out, "rung "+isa.String()+"\n") {
			t.Errorf("AUTOREG_ISA=%v: %v, %s", isa, err, out)
		}
		upper := strings.ToUpper(isa.String())
		if out, err := run(upper); err != nil || !strings.Contains(out, "rung "+isa.String()+"\n") {
			t.Errorf("AUTOREG_ISA=%v: %v, %s", upper, err, out)
		}
	}
	for name, shown := range map[string]string{"mmx": "mmx", "a\nb\x1b": `a\nb\x1b`} {
		out, err := run(name)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 {
			t.Errorf("AUTOREG_ISA=%q: %v, want status 2", name, err)
		}
		if want := "autoreg: AUTOREG_ISA=" + shown + " is not an instruction set that autoreg knows; choose from generic"; !strings.HasPrefix(out, want) || strings.Count(out, "\n") != 1 {
			t.Errorf("AUTOREG_ISA=%q: %q, want one line that begins %q", name, out, want)
		}
	}
}
