#!/usr/bin/env bash
# Trains a model that the command has compiled in from its data, and compares the two:
# training gives the same bytes on every machine.
#
#   cmd/autoreg/reproduce.sh recipes.json.gz [DIR]            cookbooks.safetensors
#   cmd/autoreg/reproduce.sh train-images-idx3-ubyte.gz [DIR] clothes.safetensors
#
# DIR keeps the checkpoint: a run that is interrupted goes on where it was when the
# script is called again. A model that is there already, and no checkpoint with it, is
# complete, and compared once more. Without DIR a temporary directory is used, and
# removed.
set -euo pipefail

# The one place where the training commands are kept; TRAINING.md quotes them.
cookbooks_args=(--batch 16 --lr 0.002 --epochs 40 --validation 0.05 --patience 2 --ignore-padding)
cookbooks_sha256=3010b078b0109f5fbfcef4de7a20ecb55bf5b527fda6a676c825fff53fb404db
clothes_args=(--epochs 40)
clothes_sha256=c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888 # unpacked

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
	echo "usage: $0 recipes.json.gz|train-images-idx3-ubyte.gz [DIR]" >&2
	exit 2
fi

sha256() {
	if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1
}

got=$(sha256 <"$1") unpacked=$(gzip -dcf <"$1" | sha256)
if [ "$got" = $cookbooks_sha256 ]; then
	name=cookbooks kind=text args=("${cookbooks_args[@]}")
elif [ "$unpacked" = $clothes_sha256 ]; then
	name=clothes kind=image args=("${clothes_args[@]}")
else
	echo "$1 is neither corpus: its sha256 is $got, unpacked $unpacked; want $cookbooks_sha256, or unpacked $clothes_sha256" >&2
	exit 1
fi
data=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
if [ $# = 2 ]; then
	mkdir -p "$2"
	dir=$(cd "$2" && pwd)
else
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
fi
cd "$(dirname "$0")"

go build -o "$dir/autoreg" .
model=$dir/$name.safetensors
resume=()
[ ! -e "$model.checkpoint" ] || resume=(--resume "$model.checkpoint")
start=$SECONDS
if [ -e "$model" ] && [ ! -e "$model.checkpoint" ]; then
	echo "$model is there already"
else
	"$dir/autoreg" train $kind --data "$data" --output "$model" "${args[@]}" ${resume[@]+"${resume[@]}"}
	echo "trained in $((SECONDS - start)) s"
fi

got=$(sha256 <"$model") want=$(sha256 <$name.safetensors)
echo "sha256 $got"
if [ "$got" = "$want" ]; then
	echo "$name.safetensors is the same, to the byte"
	exit
fi
# The checksum in a model file is of all but the record of its training.
checksum() { "$dir/autoreg" info --model "$1" | sed -n 's/^metadata *checksum = //p'; }
got=$(checksum "$model") want_sum=$(checksum $name.safetensors)
if [ -z "$got" ] || [ "$got" != "$want_sum" ]; then
	echo "$name.safetensors differs: its sha256 is $want" >&2
	exit 1
fi
echo "$name.safetensors has the same tensors and configuration, to the byte; only its record of the training differs"
