package kernels_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/cpu"
	"github.com/autoreg/autoreg/kernels"
)

// TestISAVariable runs this test binary again under AUTOREG_ISA: each rung that
// this CPU has is taken, and a name that it lacks stops the program at once.
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
	}
	out, err := run("mmx")
	if err == nil || !strings.Contains(out, "AUTOREG_ISA=mmx is not an instruction set that autoreg knows; choose from generic") {
		t.Errorf("AUTOREG_ISA=mmx: %v, %s", err, out)
	}
}
