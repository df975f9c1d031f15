#!/bin/sh
# The small cases of checkkernels under Oclgrind, which reports data races, accesses outside buffers and the use of what
# nothing has written. Oclgrind 21.10 sets three conditions:
# -cl-opt-disable, as its shadow memory knows no `freeze` instruction and no optimised vectors;
# --unfilled, as it forgets what a buffer holds once the host writes or fills a part of it;
# a process for each family, as a new buffer inherits what it remembers of a freed one.
# At a lower precision only one operation for each of the bodies that know it: emulated, products take half a minute.
# usage: oclgrind.sh CHECKKERNELS FAMILY [PRECISION]
set -u
checkkernels=$1
family=$2
precision=${3:-float32}

if ! command -v oclgrind >/dev/null; then
    echo "SKIP: oclgrind is not installed (apt-get install oclgrind)"
    exit 77
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
case $precision in
float32) all=$("$checkkernels" --small --list | cut -d: -f1 | uniq) ;;
half_storage) all='conv2d conv2d_weight pool pad sum random_bernoulli' ;;
*) all='conv2d conv2d_weight' ;;
esac
if [ "$precision" = float32 ]; then # what has a body of its own
    all="$all conv2d/fast2 conv2d_transpose/fast2 conv2d_weight/fast4"
fi
for operations in $all; do
    GANYMEDE_CACHE='' oclgrind --data-races --uninitialized --build-options -cl-opt-disable --max-errors 20 \
        "$checkkernels" --small --unfilled --device oclgrind --kernels "$family" --op "${operations%/*}" \
        --precision "$precision" $(case $operations in */*) echo "--variant ${operations#*/}" ;; esac) >"$log" 2>&1
    result=$?
    cat "$log"
    if [ "$result" -ne 0 ]; then
        echo "FAIL: checkkernels ended with $result under Oclgrind"
        exit 1
    fi
    if ! grep -Eq '^[1-9][0-9]* passed, 0 failed' "$log"; then
        echo "FAIL: no case ran"
        exit 1
    fi
    if grep -Eiq 'uninitialized|data race|invalid (read|write|access)|out of bounds|divergen|OCLGRIND FATAL' "$log"; then
        echo "FAIL: Oclgrind reported the above"
        exit 1
    fi
done
