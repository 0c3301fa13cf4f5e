#!/bin/sh
# Cycles that the inner loops of the NEON kernels take by static analysis, as a
# Markdown table. Needs go, aarch64-linux-gnu-objdump (Debian package
# binutils-aarch64-linux-gnu) and llvm-mca 22 or newer, older ones having wrong
# tables (Debian package llvm-22; set MCA=llvm-mca-22) in PATH:
#
#	MCA=llvm-mca-22 sh asm/cycles.sh
#
# The analysis assumes that every load hits the first-level cache.
set -eu
cd "$(dirname "$0")/.."
mca=${MCA:-llvm-mca}
cores="neoverse-n1 apple-m1 cortex-a53"
for tool in go aarch64-linux-gnu-objdump "$mca"; do
	command -v "$tool" >/dev/null || { echo "asm/cycles.sh: $tool is not in PATH" >&2; exit 1; }
done
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

GOARCH=arm64 GOOS=linux CGO_ENABLED=0 go test -c -o "$tmp/kernels.test" ./kernels

# loop NAME N: the first innermost loop of routine NAME with N multiply-adds, or
# for N = 0 the first that has any, in the form that llvm-mca reads.
loop() {
	aarch64-linux-gnu-objdump -d --no-show-raw-insn \
		--disassemble="github.com/autoreg/autoreg/asm.$1.abi0" "$tmp/kernels.test" |
		awk -v want="$2" '
		/^ +[0-9a-f]+:/ {
			address = $1; sub(":", "", address)
			line = $0; sub(/^[^\t]*\t/, "", line); sub(/ *\/\/.*/, "", line)
			at[address] = n
			if (line ~ /^b\.[a-z]+/) {
				split(line, word, /[ \t]+/)
				line = word[1] " ."
				if (word[2] in at) { # backwards: a loop
					from = at[word[2]]
					count = 0
					for (i = from; i < n; i++) if (text[i] ~ /^fml[as]/) count++
					if (from >= end && count && (!want || count == want)) {
						for (i = from; i < n; i++) print text[i]
						print line
						exit
					}
					end = n
				}
			}
			text[n++] = line
		}'
}

# row TITLE NAME N [UNITS]: a line of the table for that loop: its multiply-adds
# per cycle, or, with UNITS, the cycles that one of as many elements takes.
row() {
	loop "$2" "$3" >"$tmp/loop.s"
	fmla=$(grep -c '^fmla' "$tmp/loop.s") || true
	printf '| %s' "$1"
	for core in $cores; do
		cycles=$("$mca" -mtriple=aarch64 -mcpu="$core" -iterations=1000 "$tmp/loop.s" |
			awk '/^Total Cycles:/ { print $3 / 1000 }')
		awk -v c="$cycles" -v f="$fmla" -v u="${4:-0}" 'BEGIN {
			if (u) printf " | %.2f", c / u; else printf " | %.2f", f / c }'
	done
	printf ' |\n'
}

header() {
	printf '| %s' "$1"
	for core in $cores; do printf ' | %s' "$core"; done
	printf ' |\n|---|---|---|---|\n'
}

header 'FMLA (4 lanes) per cycle'
row 'matrix product or convolution, 5 rows' GemmNEON 80
row 'matrix product or convolution, 4 rows' GemmNEON 64
row 'matrix product or convolution, 3 rows' GemmNEON 96
row 'matrix product, transposed, or gradient of a convolution, 5 rows' GemmNEON 40
row 'matrix-vector product' GemvNEON 64
row 'LSTM step' LSTMStepNEON 64
row 'GRU step' GRUStepNEON 64
row 'GRU step, reset before' GRUResetStepNEON 64
row 'RNN step' RNNStepNEON 64
echo
header 'cycles per element'
row 'exp' ExpNEON 0 16
row 'tanh' TanhNEON 0 16
row 'sigmoid' SigmoidNEON 0 16
row 'log' LogNEON 0 16
row 'Adam' AdamNEON 0 16
