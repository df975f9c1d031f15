#!/bin/sh
# The King James Bible as a text, a verse a line: what the recipes text-*.yaml learn from. Of Debian's bible-kjv-text.
#   samples/bible.sh [FILE]    (default: bible.txt)
set -eu
file=${1:-bible.txt}
command -v bible > /dev/null || { echo "bible.sh: install it with apt-get install bible-kjv-text" >&2; exit 1; }
bible -f -l0 gen1:1-rev22:21 | sed -E 's/^[^ ]+ //' > "$file.new"
[ "$(wc -l < "$file.new")" -eq 31102 ] || { echo "bible.sh: $file.new has not 31102 verses" >&2; exit 1; }
mv "$file.new" "$file"
