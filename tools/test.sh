#!/usr/bin/env bash
# Builds everything (warnings are errors, gcc and clang) and runs the tests. Installs what is missing. The last line is
# "N passed, N failed".
#
#   tools/test.sh          what guards a change: under AddressSanitizer and UndefinedBehaviorSanitizer only what needs no
#                          device, and each fuzz target briefly
#   tools/test.sh --all    also the long sweeps: kernels on Oclgrind and rusticl, the sanitizers for everything on pocl,
#                          each fuzz target for 20 seconds, training runs killed 50 times
#   tools/test.sh --quick  the gcc build only
set -u
cd "$(dirname "$0")/.." || exit 1
. tools/install.sh

case ${1:-} in
"" | --all | --quick) ;;
*) echo "usage: tools/test.sh [--all | --quick]" >&2 && exit 2 ;;
esac
long=--no-suite=long
if [ "${1:-}" = --all ]; then
    long=
    export GANYMEDE_KILLS=50
fi

install_packages "gcc g++ libc6-dev clang meson ninja-build pkg-config python3 ocl-icd-opencl-dev \
    opencl-c-headers libclblast-dev libpng-dev zlib1g-dev libyaml-dev libjansson-dev libkissfft-dev libcmocka-dev \
    dataset-fashion-mnist pocl-opencl-icd" "libjpeg62-turbo-dev libwebp-dev libtiff-dev libsndfile1-dev libsamplerate0-dev espeak-ng imagemagick webp \
    libtiff-tools libjpeg-turbo-progs python3-numpy python3-pil python3-tifffile libclang-rt-dev llvm oclgrind mesa-opencl-icd clang-16 libclc-15"

broken=0
logs=()
fail() {
    echo "$1" >&2
    broken=$((broken + 1))
}

# build FOLDER COMPILER MESON_OPTIONS...
build() {
    folder=$1 compiler=$2
    shift 2
    echo "== $folder ($compiler)"
    if [ ! -f "$folder/build.ninja" ]; then
        CC=$compiler meson setup "$folder" -Dwerror=true "$@" >"$folder.log" 2>&1 || {
            cat "$folder.log"
            fail "$folder could not be configured"
            return 1
        }
        rm -f "$folder.log"
    fi
    ninja -C "$folder" >"$folder/build.log" 2>&1 || {
        tail -n 60 "$folder/build.log"
        fail "$folder does not build"
        return 1
    }
}

# run FOLDER MESON_TEST_OPTIONS...
run() {
    folder=$1
    shift
    rm -f "$folder/meson-logs/testlog.json"
    meson test -C "$folder" --no-rebuild --print-errorlogs --num-processes 2 --timeout-multiplier 4 \
        "$@" || true
    logs+=("$folder/meson-logs/testlog.json")
}

build build-test gcc && run build-test $long
if [ "${1:-}" != --quick ]; then
    # One build for clang's warnings, the sanitizers and libFuzzer. Not optimised beyond -O1: messages should name the
    # right line.
    build build-test-sanitized clang -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1 \
        -Ddebug=true && {
        # Runtimes up to LLVM 16 take a block of thread-local storage for an old glibc's when its address ends in a
        # certain way, and the search for leaks then dies of what it reads there (google/sanitizers#1322).
        export ASAN_OPTIONS="detect_leaks=1:allocator_may_return_null=1:intercept_tls_get_addr=0:${ASAN_OPTIONS:-}"
        export LSAN_OPTIONS="suppressions=$PWD/tests/lsan.supp:print_suppressions=0"
        export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1"
        # Not what spends its time in the interpreter, nor whole sweeps of kernels, in which no sanitizer looks; what the
        # host does for them the guard's sweeps do, too. On pocl alone: other drivers leak from modules that they have
        # unloaded, which no suppression can name.
        unset GANYMEDE_KILLS
        [ ! -f /etc/OpenCL/vendors/pocl.icd ] || export OCL_ICD_VENDORS=/etc/OpenCL/vendors/pocl.icd
        if [ "${1:-}" = --all ]; then
            run build-test-sanitized --no-suite=drivers --no-suite=train --no-suite=sweep
        else
            run build-test-sanitized $long --no-suite=device --suite=reference --suite=unit --suite=golden --suite=fuzz
        fi
    }
fi
python3 tools/count_tests.py "$broken" ${logs[@]+"${logs[@]}"}
