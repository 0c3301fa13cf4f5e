package asm_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// neonMacros uses every macro of neon.h, with what a disassembler makes of it.
// Register numbers differ from operand to operand and reach the top bit.
var neonMacros = []struct{ call, want string }{
	{"FADD_S4(17, 2, 30)", "fadd v30.4s, v2.4s, v17.4s"},
	{"FSUB_S4(1, 18, 3)", "fsub v3.4s, v18.4s, v1.4s"},
	{"FMUL_S4(31, 0, 21)", "fmul v21.4s, v0.4s, v31.4s"},
	{"FDIV_S4(4, 25, 6)", "fdiv v6.4s, v25.4s, v4.4s"},
	{"FSQRT_S4(20, 9)", "fsqrt v9.4s, v20.4s"},
	{"FABS_S4(6, 27)", "fabs v27.4s, v6.4s"},
	{"FMAX_S4(24, 3, 16)", "fmax v16.4s, v3.4s, v24.4s"},
	{"FMIN_S4(2, 19, 8)", "fmin v8.4s, v19.4s, v2.4s"},
	{"FMAXV_S4(22, 5)", "fmaxv s5, v22.4s"},
	{"FCMGT_S4(16, 1, 12)", "fcmgt v12.4s, v1.4s, v16.4s"},
	{"FCMGE_S4(3, 28, 7)", "fcmge v7.4s, v28.4s, v3.4s"},
	{"FCMEQ_S4(29, 10, 31)", "fcmeq v31.4s, v10.4s, v29.4s"},
	{"FCMEQZ_S4(27, 11)", "fcmeq v11.4s, v27.4s, #0.0"},
	{"FCMLEZ_S4(13, 30)", "fcmle v30.4s, v13.4s, #0.0"},
	{"FMLA_S4(15, 16, 17)", "fmla v17.4s, v16.4s, v15.4s"},
	{"FMLS_S4(16, 15, 14)", "fmls v14.4s, v15.4s, v16.4s"},
	{"FMLAE_S4(28, 0, 5, 20)", "fmla v20.4s, v5.4s, v28.s[0]"},
	{"FMLAE_S4(13, 1, 21, 4)", "fmla v4.4s, v21.4s, v13.s[1]"},
	{"FMLAE_S4(30, 2, 7, 9)", "fmla v9.4s, v7.4s, v30.s[2]"},
	{"FMLAE_S4(1, 3, 24, 23)", "fmla v23.4s, v24.4s, v1.s[3]"},
	{"FMLSE_S4(28, 0, 5, 20)", "fmls v20.4s, v5.4s, v28.s[0]"},
	{"FMLSE_S4(13, 3, 21, 4)", "fmls v4.4s, v21.4s, v13.s[3]"},
	{"FMULE_S4(25, 1, 0, 22)", "fmul v22.4s, v0.4s, v25.s[1]"},
	{"FMULE_S4(24, 2, 17, 1)", "fmul v1.4s, v17.4s, v24.s[2]"},
	{"SCVTF_S4(18, 2)", "scvtf v2.4s, v18.4s"},
	{"SSHR_S4(23, 6, 19)", "sshr v19.4s, v6.4s, #23"},
	{"SSHR_S4(1, 19, 6)", "sshr v6.4s, v19.4s, #1"},
	{"CMLTZ_S4(31, 16)", "cmlt v16.4s, v31.4s, #0"},
	{"SIGN_S4(21)", "orr v21.4s, #0x80, lsl #24"},
	{"ADD_S4(30, 3, 17)", "add v17.4s, v3.4s, v30.4s"},
	{"SUB_S4(4, 29, 10)", "sub v10.4s, v29.4s, v4.4s"},
	{"SHL_S4(23, 16, 5)", "shl v5.4s, v16.4s, #23"},
	{"SHL_S4(1, 5, 16)", "shl v16.4s, v5.4s, #1"},
	{"USHR_S4(31, 7, 26)", "ushr v26.4s, v7.4s, #31"},
	{"USHR_S4(1, 26, 7)", "ushr v7.4s, v26.4s, #1"},
	{"SLI_S4(31, 18, 9)", "sli v9.4s, v18.4s, #31"},
	{"SRI_S4(3, 11, 31)", "sri v31.4s, v11.4s, #3"},
	{"AND_B16(20, 12, 1)", "and v1.16b, v12.16b, v20.16b"},
	{"ORR_B16(2, 27, 13)", "orr v13.16b, v27.16b, v2.16b"},
	{"BIC_B16(19, 6, 24)", "bic v24.16b, v6.16b, v19.16b"},
	{"MOV_B16(25, 8)", "mov v8.16b, v25.16b"},
	{"EOR_B16(18, 5, 27)", "eor v27.16b, v5.16b, v18.16b"},
	{"UMULL_S2(17, 2, 28)", "umull v28.2d, v2.2s, v17.2s"},
	{"UMULL2_S4(6, 31, 19)", "umull2 v19.2d, v31.4s, v6.4s"},
	{"UZP1_S4(20, 3, 30)", "uzp1 v30.4s, v3.4s, v20.4s"},
	{"UZP2_S4(7, 29, 18)", "uzp2 v18.4s, v29.4s, v7.4s"},
	{"UZP1_B16(23, 8, 17)", "uzp1 v17.16b, v8.16b, v23.16b"},
	{"CMHS_H8(19, 4, 26)", "cmhs v26.8h, v4.8h, v19.8h"},
	{"CMHS_S4(8, 25, 17)", "cmhs v17.4s, v25.4s, v8.4s"},
	{"CMTST_S4(24, 9, 21)", "cmtst v21.4s, v9.4s, v24.4s"},
	{"BSL_B16(14, 23, 30)", "bsl v30.16b, v23.16b, v14.16b"},
	{"BIT_B16(22, 15, 0)", "bit v0.16b, v15.16b, v22.16b"},
	{"BIF_B16(1, 16, 28)", "bif v28.16b, v16.16b, v1.16b"},
	{"LDUR_Q(0, 9, 31)", "ldur q31, [x9]"},
	{"LDUR_Q(255, 24, 2)", "ldur q2, [x24, #255]"},
	{"LDUR_Q(-256, 1, 17)", "ldur q17, [x1, #-256]"},
	{"LDUR_S(16, 2, 25)", "ldur s25, [x2, #16]"},
	{"LDRX_Q(20, 2, 27)", "ldr q27, [x2, x20]"},
	{"LDRX_S(4, 19, 30)", "ldr s30, [x19, x4]"},
	{"STP_Q(32, 0, 30, 31)", "stp q30, q31, [x0, #32]"},
	{"EACH4(FADD_S4, 4, 8, 20)", `fadd v20.4s, v8.4s, v4.4s
		fadd v21.4s, v9.4s, v5.4s
		fadd v22.4s, v10.4s, v6.4s
		fadd v23.4s, v11.4s, v7.4s`},
	{"EACH4C(FSUB_S4, 31, 8, 20)", `fsub v20.4s, v8.4s, v31.4s
		fsub v21.4s, v9.4s, v31.4s
		fsub v22.4s, v10.4s, v31.4s
		fsub v23.4s, v11.4s, v31.4s`},
	{"EACH4E(FMLAE_S4, 28, 3, 0, 16)", `fmla v16.4s, v0.4s, v28.s[3]
		fmla v17.4s, v1.4s, v28.s[3]
		fmla v18.4s, v2.4s, v28.s[3]
		fmla v19.4s, v3.4s, v28.s[3]`},
	{"EACH4S(SHL_S4, 23, 16, 20)", `shl v20.4s, v16.4s, #23
		shl v21.4s, v17.4s, #23
		shl v22.4s, v18.4s, #23
		shl v23.4s, v19.4s, #23`},
	{"EACH2(FSQRT_S4, 8, 4)", `fsqrt v4.4s, v8.4s
		fsqrt v5.4s, v9.4s
		fsqrt v6.4s, v10.4s
		fsqrt v7.4s, v11.4s`},
	{"LOAD16(192, 2, 4)", `ldur q4, [x2, #192]
		ldur q5, [x2, #208]
		ldur q6, [x2, #224]
		ldur q7, [x2, #240]`},
	{"STORE16(192, 3, 12)", `stp q12, q13, [x3, #192]
		stp q14, q15, [x3, #224]`},
	{"LOAD4X(160, 9, 24)", `ldur q24, [x9, #160]
		ldur q25, [x9, #160]
		ldur q26, [x9, #160]
		ldur q27, [x9, #160]`},
}

// TestNEONMacros assembles every macro of neon.h and compares the words with
// the reading of a disassembler that has nothing to do with Go's assembler.
func TestNEONMacros(t *testing.T) {
	header, err := os.ReadFile("neon.h")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, m := range neonMacros {
		used[m.call[:strings.Index(m.call, "(")]] = true
	}
	for _, m := range regexp.MustCompile(`(?m)^#define (\w+)`).FindAllStringSubmatch(string(header), -1) {
		if !used[m[1]] {
			t.Errorf("neon.h: %s is not tested here", m[1])
		}
	}

	const tool = "aarch64-linux-gnu-objdump"
	for _, name := range []string{"go", tool} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed (Debian: binutils-aarch64-linux-gnu): %v", name, err)
		}
	}
	got := disassemble(t, tool, assemble(t))
	var want, from []string
	for _, m := range neonMacros {
		for _, line := range strings.Split(m.want, "\n") {
			want = append(want, strings.TrimSpace(line))
			from = append(from, m.call)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d instructions, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s is %q, want %q", from[i], got[i], want[i])
		}
	}
}

// assemble returns the instruction words of neonMacros in memory order.
func assemble(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	var src strings.Builder
	src.WriteString("#include \"neon.h\"\nTEXT ·f(SB), 4, $0-0\n")
	for _, m := range neonMacros {
		fmt.Fprintf(&src, "\t%s\n", m.call)
	}
	in, out := filepath.Join(dir, "f.s"), filepath.Join(dir, "f.o")
	if err := os.WriteFile(in, []byte(src.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "tool", "asm", "-p", "f", "-I", ".", "-o", out, in)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64")
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go tool asm: %v\n%s", err, msg)
	}
	listing, err := exec.Command("go", "tool", "objdump", out).Output()
	if err != nil {
		t.Fatalf("go tool objdump: %v", err)
	}
	var words []byte
	for _, m := range regexp.MustCompile(`(?m)^\s+f\.s:\d+\s+0x[0-9a-f]+\s+([0-9a-f]{8})\s`).FindAllStringSubmatch(string(listing), -1) {
		w, err := strconv.ParseUint(m[1], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		if w != 0 { // padding behind the function
			words = append(words, byte(w), byte(w>>8), byte(w>>16), byte(w>>24))
		}
	}
	return words
}

// disassemble returns one line an instruction, blanks squeezed.
func disassemble(t *testing.T, tool string, words []byte) []string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "f.bin")
	if err := os.WriteFile(bin, words, 0o666); err != nil {
		t.Fatal(err)
	}
	listing, err := exec.Command(tool, "-D", "-b", "binary", "-m", "aarch64", bin).Output()
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	var lines []string
	for _, m := range regexp.MustCompile(`(?m)^\s+[0-9a-f]+:\s+[0-9a-f]{8}\s+(.*)$`).FindAllStringSubmatch(string(listing), -1) {
		lines = append(lines, strings.Join(strings.Fields(m[1]), " "))
	}
	return lines
}
