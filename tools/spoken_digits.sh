#!/bin/sh
# Makes a data set of spoken digits with espeak-ng (GPL; what it says is nobody's): the words zero to nine, each by 25
# voices with four pitches and four speeds, in DIR/train and DIR/test, whose voices differ, with a folder for each word.
#   tools/spoken_digits.sh DIR            4,000 clips: 20 voices to train on, 5 to test with
#   tools/spoken_digits.sh --quick DIR    200 clips: 4 voices and 1, one pitch and four speeds
# The files are as espeak-ng makes them, 16 bits at 22,050 Hz with silence behind the word: recipes resample and trim
# them (data.sound).
set -eu

fail() {
    echo "spoken_digits.sh: $1" >&2
    exit "${2:-1}"
}

quick=false
if [ "${1:-}" = --quick ]; then
    quick=true
    shift
fi
[ $# -eq 1 ] && [ "${1#-}" = "$1" ] || fail "usage: spoken_digits.sh [--quick] DIR" 2
folder=$1
command -v espeak-ng >/dev/null || fail "espeak-ng is missing: apt-get install espeak-ng"
if [ -e "$folder" ] && { [ ! -d "$folder" ] || [ -n "$(ls -A "$folder")" ]; }; then
    fail "$folder: is not empty: name another folder"
fi

words="zero one two three four five six seven eight nine"
# An accent and a variant each; en is British (en-gb takes no variants).
train="en-us+m1 en-us+m3 en-us+f1 en-us+f3 en-us+Andy en+m2 en+m4 en+f2 en+f5 en+Alicia
en-gb-scotland+m5 en-gb-scotland+steph en-gb-x-rp+m6 en-gb-x-rp+belinda en-gb-x-gbclan+paul en-gb-x-gbcwmd+linda
en-029+david en-029+Annie en-us-nyc+max en-us-nyc+steph2"
test="en-us+m7 en+f4 en-gb-scotland+robert en-gb-x-rp+steph3 en-029+john"
pitches="30 45 60 75"
speeds="150 170 190 210"
if $quick; then
    train="en-us+m1 en-us+f1 en+m2 en+f2"
    test="en-us+m7"
    pitches="50"
fi

# A voice that is missing is spoken by another, without a word.
variants=$(espeak-ng --voices=variant)
for voice in $train $test; do
    case "$variants" in
    *"!v/${voice#*+}"*) ;;
    *) fail "this espeak-ng has no voice ${voice#*+}: install espeak-ng-data 1.50 or newer" ;;
    esac
done

speak() {
    for voice in $2; do
        for word in $words; do
            mkdir -p "$folder/$1/$word"
            for pitch in $pitches; do
                for speed in $speeds; do
                    echo "-v $voice -p $pitch -s $speed -w $folder/$1/$word/$voice-p$pitch-s$speed.wav $word"
                done
            done
        done
    done
}

case "$folder" in
*[[:space:]\'\"\\]*) fail "$folder: has a space or a quote in its name: name another folder" ;;
esac
{
    speak train "$train"
    speak test "$test"
} | xargs -P "$(nproc 2>/dev/null || echo 1)" -L 1 espeak-ng || fail "espeak-ng failed"

# espeak-ng does not fail where it cannot write.
count() {
    echo "$1" | wc -w
}
each=$(($(count "$words") * $(count "$pitches") * $(count "$speeds")))
for split in train test; do
    [ $split = train ] && voices=$train || voices=$test
    made=$(find "$folder/$split" -name '*.wav' -size +1k | wc -l)
    [ "$made" -eq $((each * $(count "$voices"))) ] ||
        fail "$folder/$split: only $made of $((each * $(count "$voices"))) clips were written: is the disk full?"
    echo "$folder/$split: $made clips of $(count "$words") words by $(count "$voices") voices"
done
alike=$(find "$folder" -name '*.wav' -exec cksum {} + | cut -d ' ' -f 1,2 | sort | uniq -d | wc -l)
[ "$alike" -eq 0 ] || echo "spoken_digits.sh: $alike clips have copies: this espeak-ng speaks some voices alike" >&2
