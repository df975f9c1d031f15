#!/bin/sh
# The small cases of checkkernels on a second driver, Mesa's rusticl on the CPU.
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
for family in gpu cpu; do
    "$checkkernels" --small --device llvmpipe --kernels "$family" || exit 1
done
