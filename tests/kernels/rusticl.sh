#!/bin/sh
# Small cases of checkkernels on a second driver, Mesa's rusticl on the CPU.
# usage: rusticl.sh CHECKKERNELS
set -u
checkkernels=$1
export RUSTICL_ENABLE=llvmpipe

if [ ! -e /etc/OpenCL/vendors/rusticl.icd ]; then
    echo "SKIP: rusticl is not installed (apt-get install mesa-opencl-icd)"
    exit 77
fi
if "$checkkernels" --small --device llvmpipe --op pad 2>&1 | grep -q 'no OpenCL device "llvmpipe"'; then
    echo "SKIP: rusticl is installed but shows no llvmpipe device"
    exit 77
fi
for op in elementwise max gemm; do
    "$checkkernels" --small --device llvmpipe --op "$op" || exit 1
done
