#!/bin/sh
# That the instructions of matrix.cl and subgroup.cl come out of the compilers that the vendors ship, as far as clang
# stands for those: the contractions' kernels and the probes, compiled for each target, hold the instruction, or the call
# that a driver makes it of, by the name and the types that this knows it by. Runs nothing: no device is needed.
# usage: instructions.sh FOLDER_OF_CL_FILES
set -u
cl=$1

for clang in clang-19 clang-18 clang-17 clang-16 clang-15 clang; do
    targets=$($clang --print-targets 2>/dev/null) && case $targets in *amdgcn*nvptx64*) break ;; esac
    clang=
done
if [ -z "$clang" ]; then
    echo "SKIP: there is no clang 15 or later with the targets amdgcn and nvptx64 (apt-get install clang-15)"
    exit 77
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0
compiled=0

# Intel's functions as the extension declares them; clang keeps calls of them.
cat >"$folder/intel.h" <<'END'
#define overload __attribute__((overloadable))
float8 overload intel_sub_group_bf16_bf16_matrix_mad_k16(int8 a, int8 b, float8 sum);
float8 overload intel_sub_group_bf16_bf16_matrix_mad_k16(short8 a, int8 b, float8 sum);
float8 overload intel_sub_group_tf32_tf32_matrix_mad_k8(float4 a, float8 b, float8 sum);
END

expect() { # OPERANDS INSTRUCTION PATTERN COUNT FLAGS...: each of the kernels holds PATTERN COUNT times
    operands=$1 instruction=$2 pattern=$3 count=$4
    shift 4
    if ! echo 'kernel void nothing(void) {}' | $clang -x cl -nogpulib "$@" -S -o /dev/null - 2>/dev/null; then
        echo "not compiled: $clang cannot do $*"
        return
    fi
    for section in PROBE ROWS_GPU OUTER_GPU; do
        {
            echo "#define GM_MATRIX_$section"
            cat "$cl/common.cl" "$cl/matrix.cl" "$cl/contract.cl"
            printf '#define GM_CONTRACT_%s\n#define GM_NAME instance\n#define GM_GPU_SLICES 1\n' "$section"
            printf '#define GM_GPU_%s\n' 'ROWS 128' 'COLUMNS 64' 'HIGH 8' 'WIDE 8' 'A_LINES 1' 'B_LINES 1' 'A_VECTORS 1' 'B_VECTORS 1' \
                'PADDED 1' 'EVEN 1'
            printf '#define GM_%s\n' 'X float' 'W float' 'Y float' EPILOGUE_PARAMS 'EPILOGUE1(v, h, w, n, k) (v)'
            if [ "$section" != PROBE ]; then
                cat "$cl/contract_gpu.cl"
                call="(get_group_id(0), get_group_id(1), get_group_id(2), 0)"
                count_numbers=$([ "$section" = ROWS_GPU ] && echo 32 || echo 33)
                printf 'kernel GM_GPU_ATTRIBUTE void launch(global float *x, global float *w, global float *y, int v) {'
                printf 'local float4 l[instance_local / 4]; instance((int4)%s, (int4)%s, (local float *)l, x, w, y' \
                    "$call" "$call"
                seq -f ', v + %g' "$count_numbers" | tr -d '\n'
                echo '); }'
            fi
        } >"$folder/all.cl"
        if ! $clang -x cl -cl-std=CL1.2 -nogpulib -O2 "-DGM_MATRIX_$operands" "-DGM_MATRIX_$instruction" "$@" -S \
            -o "$folder/all.s" "$folder/all.cl" 2>"$folder/log"; then
            head -n 20 "$folder/log"
            echo "FAIL: $section does not compile: $operands $instruction $*"
            failed=1
            continue
        fi
        compiled=$((compiled + 1))
        found=$(grep -Ec "$pattern" "$folder/all.s")
        if [ "$found" -ne "$count" ]; then
            echo "FAIL: $section has $found of $pattern, expected $count: $operands $instruction $*"
            failed=1
        fi
    done
}

# An item has 64 sums: 16 fragments of 4, or 8 of 8; a step is 16 values, which are 2 fragments of tf32, 1 of bf16.
# clang knows `asm` by that name only outside OpenCL.
amd='-target amdgcn-amd-amdhsa'
nvidia='-target nvptx64-nvidia-cuda -Xclang -target-cpu -Xclang sm_80 -Xclang -target-feature -Xclang +ptx72'
nvidia="$nvidia -D__NV_CL_C_VERSION=120 -Dasm=__asm__"
intel="-target spir64 -emit-llvm -include $folder/intel.h"
bf16_16=_Z40intel_sub_group_bf16_bf16_matrix_mad_k16Dv8_sDv8_iDv8_f
bf16_8=_Z40intel_sub_group_bf16_bf16_matrix_mad_k16Dv8_iS_Dv8_f
tf32_16=_Z39intel_sub_group_tf32_tf32_matrix_mad_k8Dv4_fDv8_fS0_
# shellcheck disable=SC2086 # several flags each
{
    expect TF32 MMA 'mma\.sync\.aligned\.m16n8k8\.row\.col\.f32\.tf32' 32 $nvidia
    expect BF16 MMA 'mma\.sync\.aligned\.m16n8k16\.row\.col\.f32\.bf16' 16 $nvidia
    expect BF16 MFMA 'v_mfma_f32_16x16x16bf16_1k ' 16 $amd -mcpu=gfx90a
    expect BF16 MFMA 'v_mfma_f32_16x16x16_bf16 ' 16 $amd -mcpu=gfx940
    expect TF32 MFMA 'v_mfma_f32_16x16x8_xf32 ' 32 $amd -mcpu=gfx940
    expect BF16 MFMA 'v_mfma_f32_16x16x16_bf16 ' 16 $amd -mcpu=gfx942
    expect TF32 MFMA 'v_mfma_f32_16x16x8_xf32 ' 32 $amd -mcpu=gfx942
    expect BF16 WMMA 'call .*@llvm\.amdgcn\.wmma\.f32\.16x16x16\.bf16' 8 $amd -mcpu=gfx1100 -emit-llvm
    if [ "$($clang -dumpversion | cut -d. -f1)" -gt 15 ]; then # whose code generator fails there
        expect BF16 WMMA 'v_wmma_f32_16x16x16_bf16 ' 8 $amd -mcpu=gfx1100
    fi
    expect BF16 DPAS8 "call .*$bf16_8\(" 8 $intel
    expect BF16 DPAS16 "call .*$bf16_16\(" 8 $intel
    expect TF32 DPAS16 "call .*$tf32_16\(" 16 $intel
    for operands in TF32 BF16; do
        expect $operands DPAS16 '^define .* !intel_reqd_sub_group_size' 1 $intel
    done
    expect BF16 DPAS8 '^define .* !intel_reqd_sub_group_size' 1 $intel
}

# Two results of each kind, in each language that may have sub-groups.
for standard in CL1.2 CL2.0 CL3.0; do
    {
        echo '#define GM_SUBGROUP_PROBE'
        cat "$cl/common.cl" "$cl/subgroup.cl"
    } >"$folder/all.cl"
    $clang -x cl "-cl-std=$standard" -O2 -target spir64 -DGM_SUBGROUPS -S -emit-llvm -o "$folder/all.s" \
        "$folder/all.cl" 2>"$folder/log" || head -n 20 "$folder/log"
    compiled=$((compiled + 1))
    for name in _Z20sub_group_reduce_addf _Z20sub_group_reduce_maxf _Z13sub_group_anyi; do
        if [ "$(grep -c "call .*@$name(" "$folder/all.s")" -ne 2 ]; then
            echo "FAIL: subgroup.cl in $standard does not call $name twice"
            failed=1
        fi
    done
done
echo "$compiled programs compiled by $clang"
exit "$failed"
