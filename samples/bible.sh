#!/bin/sh
# The King James Bible as a text, a verse a line: what the recipes text-*.yaml learn from. Of Debian's bible-kjv-text.
#   samples/bible.sh [FILE]     (default: bible.txt)
#   samples/bible.sh FOLDER/    a folder for each book, which is its class
set -eu
to=${1:-bible.txt}
case $to in */) books=yes ;; *) books= ;; esac
to=${to%/}
command -v bible > /dev/null || { echo "bible.sh: install it with apt-get install bible-kjv-text" >&2; exit 1; }
bible -f -l0 gen1:1-rev22:21 > "$to.new"
[ "$(wc -l < "$to.new")" -eq 31102 ] || { echo "bible.sh: $to.new has not 31102 verses" >&2; exit 1; }
if [ -z "$books" ]; then
    sed -E 's/^[^ ]+ //' "$to.new" > "$to.verses"
    mv "$to.verses" "$to"
else
    [ ! -e "$to" ] || { rm "$to.new"; echo "bible.sh: $to is there already" >&2; exit 1; }
    names="genesis exodus leviticus numbers deuteronomy joshua judges ruth 1-samuel 2-samuel 1-kings 2-kings
        1-chronicles 2-chronicles ezra nehemiah esther job psalms proverbs ecclesiastes song-of-solomon isaiah jeremiah
        lamentations ezekiel daniel hosea joel amos obadiah jonah micah nahum habakkuk zephaniah haggai zechariah malachi
        matthew mark luke john acts romans 1-corinthians 2-corinthians galatians ephesians philippians colossians
        1-thessalonians 2-thessalonians 1-timothy 2-timothy titus philemon hebrews james 1-peter 2-peter 1-john 2-john
        3-john jude revelation"
    for name in $names; do mkdir -p "$to/$name"; done
    awk -v to="$to" -v names="$(echo $names)" 'BEGIN { split(names, of, " ") } {
        book = $1; sub(/[0-9]+:.*/, "", book); sub(/^[^ ]+ /, "")
        if (book != last) { k++; last = book }
        print > (to "/" of[k] "/" of[k] ".txt")
    }' "$to.new"
fi
rm -f "$to.new"
