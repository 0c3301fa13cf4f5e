#!/usr/bin/env bash
# Trains the model that the command has compiled in, cookbooks.safetensors, from its
# corpus, and compares the two: training gives the same bytes on every machine.
#
#   cmd/autoreg/reproduce.sh recipes.json.gz [DIR]
#
# DIR keeps the checkpoint: a run that is interrupted goes on where it was when the
# script is called again. Without DIR a temporary directory is used, and removed.
set -euo pipefail

# The one place where the training command is kept; TRAINING.md quotes it.
args=(--batch 16 --lr 0.002 --epochs 40 --validation 0.05 --patience 2 --ignore-padding)
corpus_sha256=3010b078b0109f5fbfcef4de7a20ecb55bf5b527fda6a676c825fff53fb404db

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
	echo "usage: $0 recipes.json.gz [DIR]" >&2
	exit 2
fi

sha256() {
	if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d ' ' -f 1
}

got=$(sha256 "$1")
if [ "$got" != $corpus_sha256 ]; then
	echo "$1 is another corpus: its sha256 is $got, want $corpus_sha256" >&2
	exit 1
fi
corpus=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
if [ $# = 2 ]; then
	mkdir -p "$2"
	dir=$(cd "$2" && pwd)
else
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
fi
cd "$(dirname "$0")"

go build -o "$dir/autoreg" .
model=$dir/cookbooks.safetensors
resume=()
[ ! -e "$model.checkpoint" ] || resume=(--resume "$model.checkpoint")
start=$SECONDS
"$dir/autoreg" train text --data "$corpus" --output "$model" "${args[@]}" ${resume[@]+"${resume[@]}"}

got=$(sha256 "$model") want=$(sha256 cookbooks.safetensors)
echo "trained in $((SECONDS - start)) s; sha256 $got"
if [ "$got" != "$want" ]; then
	echo "cookbooks.safetensors differs: its sha256 is $want" >&2
	exit 1
fi
echo "cookbooks.safetensors is the same, to the byte"
