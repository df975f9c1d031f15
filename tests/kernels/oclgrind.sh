#!/bin/sh
# The small cases of checkkernels under Oclgrind, which reports data races and accesses outside buffers that real
# devices let pass. Reads of what was never written are left to the poisoned buffers of checkkernels itself:
# --uninitialized of Oclgrind 21.10 knows no `freeze` instruction and crashes on vectors.
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
GANYMEDE_CACHE='' timeout 240 oclgrind --data-races --max-errors 50 "$checkkernels" --small --device oclgrind --kernels "$family" >"$log" 2>&1
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
if grep -Eiq 'data race|invalid (read|write|access)|out of bounds|divergen|OCLGRIND FATAL' "$log"; then
    echo "FAIL: Oclgrind reported the above"
    exit 1
fi
