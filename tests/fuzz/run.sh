#!/bin/sh
# Fuzzes one target: run.sh TARGET [SECONDS]. Its corpus stays in build/fuzz/fuzz/corpus/TARGET; what
# breaks it is written beside it as crash-*, to be mended and kept in tests/fuzz/finds/TARGET.
set -eu
root=$(dirname -- "$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")")
target=$1
folder=$root/build/fuzz/fuzz
mkdir -p "$folder/corpus/$target"
exec nice "$folder/fuzz_$target" -max_total_time="${2:-180}" -timeout=10 -rss_limit_mb=4096 \
  -max_len=4096 -dict="$folder/fdl.dict" -artifact_prefix="$folder/$target-" -print_final_stats=1 \
  "$folder/corpus/$target" "$root/tests/fuzz/finds/$target"
