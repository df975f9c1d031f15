#!/bin/sh
# Runs a fuzz target from its corpus and with its dictionary; keeps and shows the input that breaks it.
# usage: fuzz.sh TARGET NAME LIBFUZZER_OPTIONS...     such as: fuzz.sh BUILD/tests/fuzz/fuzz_png png -max_total_time=600
set -u
target=$1
name=$2
shift 2
here=$(dirname "$0")
found=$(mktemp -d) # libFuzzer writes what reaches further into the first folder; a new one each time, to repeat itself
trap 'rm -rf "$found"' EXIT
broken=$(cd "$(dirname "$target")" && pwd)/broken-$name-

[ ! -f "$here/dictionary/${name%_folder}.dict" ] || set -- "-dict=$here/dictionary/${name%_folder}.dict" "$@"
"$target" -seed=1 -rss_limit_mb=1024 -timeout=200 -print_final_stats=1 -artifact_prefix="$broken" "$@" \
    "$found" "$here/corpus/$name" >"$found.log" 2>&1
result=$?
tail -n 60 "$found.log"
file=$(sed -n 's/.*Test unit written to //p' "$found.log")
rm -f "$found.log"
if [ -f "$file" ]; then
    echo "FAIL: $file:"
    od -A x -t x1z "$file" | head -n 64
fi
exit "$result"
