#!/bin/sh
# The small cases of checkkernels on a second driver, Mesa's rusticl on the CPU: all of the kernels for GPUs, and of those for
# CPUs what stands for the rest.
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
"$checkkernels" --small --device llvmpipe --kernels gpu || exit 1
for op in elementwise max gemm; do
    "$checkkernels" --small --device llvmpipe --kernels cpu --op "$op" || exit 1
done
