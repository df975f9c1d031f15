#!/bin/sh
# The small cases of checkkernels under Oclgrind, which reports data races, accesses outside buffers and the use of what
# nothing has written. Oclgrind 21.10 sets three conditions:
# -cl-opt-disable, as its shadow memory knows no `freeze` instruction and no optimised vectors;
# --unfilled, as it forgets what a buffer holds once the host writes or fills a part of it;
# a process for each family, as a new buffer inherits what it remembers of a freed one.
# usage: oclgrind.sh CHECKKERNELS FAMILY
set -u
checkkernels=$1
family=$2

if ! command -v oclgrind >/dev/null; then
    echo "SKIP: oclgrind is not installed (apt-get install oclgrind)"
    exit 77
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
for operations in $("$checkkernels" --small --list | cut -d: -f1 | uniq); do
    GANYMEDE_CACHE='' oclgrind --data-races --uninitialized --build-options -cl-opt-disable --max-errors 20 \
        "$checkkernels" --small --unfilled --device oclgrind --kernels "$family" --op "$operations" >"$log" 2>&1
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
