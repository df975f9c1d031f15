#!/usr/bin/env bash
# Checks and measures Ganymede on a machine with a GPU, by one command, without a network, in under eight minutes:
# finds the driver, builds what is not built, holds every kernel to its reference, times training steps (beside
# PyTorch's, where that is), tunes, profiles, and writes a folder with report.md and all that the commands printed.
# Each section has its own limit of time: what hangs or crashes costs its section alone. Sections that failed are named
# in the report, and the exit code is 1.
#
# usage: tools/gpu_check.sh [OPTIONS]
#   --device SEL      as `ganymede devices` has it (default: gpu)
#   -o DIR            the folder to write (default: gpu-report)
#   --build DIR       where Ganymede is built, or shall be (default: build)
#   --packages DIR    a folder of unpacked Debian packages (dpkg -x FILE.deb DIR) to build and run with
#   --data DIR        Fashion-MNIST's four files (default: where its package puts them, else noise of that form)
#   --recipes "A B"   time these, instead of samples/'s DCGAN, WGAN-GP, R3GAN and MLP and tests/bench/dcgan64.yaml
#   --peer FILE       a script that times a step of MODEL in PyTorch: FILE MODEL --device cuda --mode MODE --steps N
#   --python PYTHON   the one that has PyTorch (default: python3)
#   --like NAME       of `ganymede devices --described`: predict with this (default: by what the GPU says of itself)
#   --seconds N       for all sections together; their limits are parts of it (default: 470)
#   --quick           a few kernels, and the first recipe for two steps
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
command="$0 $*"
device=gpu o=gpu-report build=$root/build packages='' data='' recipes='' peer='' python=python3 like='' seconds=470 quick=''
while [ $# -gt 0 ]; do
    case $1 in
    --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" && exit 0 ;;
    --quick) quick=yes ;;
    --device | -o | --build | --packages | --data | --recipes | --peer | --python | --like | --seconds)
        [ $# -gt 1 ] || { echo "gpu_check.sh: $1 lacks its value" >&2 && exit 2; }
        printf -v "${1##*-}" %s "$2" # --device sets `device`
        shift
        ;;
    *) echo "gpu_check.sh: $1 is unknown (--help lists the options)" >&2 && exit 2 ;;
    esac
    shift
done
if [ -z "$recipes" ]; then
    for name in dcgan-fashion wgan-gp-fashion r3gan-fashion mlp-fashion; do
        recipes="$recipes $root/samples/$name.yaml"
    done
    recipes="$recipes $root/tests/bench/dcgan64.yaml"
fi
precisions="float32 tf32 bf16 half_storage" steps=20
if [ "$quick" ]; then
    recipes=${recipes# }
    recipes=${recipes%% *} precisions=float32 steps=2
fi

raw=$o/raw
mkdir -p "$raw" || exit 1
o=$(cd "$o" && pwd) raw=$o/raw
rm -rf "${raw:?}"/* "$o/report.md"
ganymede=$build/tools/ganymede checkkernels=$build/tests/kernels/checkkernels
start=$(date -u '+%Y-%m-%d %H:%M UTC') end=$((SECONDS + seconds)) section_end=$end
sections=() failed=()

# ---- Sections ----

# limited SECONDS COMMAND...: runs it for so long at most, and not beyond its section's end. Its exit code; 124: too long.
limited() {
    local most=$1 left=$((section_end - SECONDS)) code
    shift
    echo "\$ $*" >&3
    if [ "$left" -le 0 ]; then
        echo "gpu_check.sh: no time left for it" >&3
        return 124
    fi
    timeout --kill-after=5 "$((most < left ? most : left))" "$@"
    code=$?
    [ $code != 124 ] || echo "gpu_check.sh: ended after $((most < left ? most : left)) s" >&3
    return $code
}

# section NAME SECONDS TITLE: check_NAME prints the section's text, and returns whether all went well. Seconds of 470.
section() {
    local name=$1 most=$(($2 * seconds / 470)) code began=$SECONDS
    section_end=$((SECONDS + most < end ? SECONDS + most : end))
    sections+=("$name")
    printf '%-10s ' "$name"
    printf '## %s\n\n' "$3" >"$raw/$name.md"
    "check_$name" >>"$raw/$name.md" 2>"$raw/$name.log" 3>&2 # 3: the log, also where a command's messages go elsewhere
    code=$?
    echo "$([ $code = 0 ] && echo ok || echo FAILED) ($((SECONDS - began)) s)"
    if [ $code != 0 ]; then
        failed+=("$name")
        printf '\n**Failed.** The end of raw/%s.log:\n\n' "$name" >>"$raw/$name.md"
        tail -n 12 "$raw/$name.log" | cut -c 1-300 | sed 's/^/    /' >>"$raw/$name.md"
    fi
    return $code
}

finish() {
    [ ! -f "$raw/steps.md" ] || steps_table >>"$raw/steps.md"
    {
        echo "# Ganymede on ${device_line:-a device that was not found}"
        printf '\n%s. Written by:\n\n    %s\n\n' "$start" "$command"
        if [ ${#failed[@]} = 0 ]; then
            echo "All sections passed: ${sections[*]}."
        else
            echo "**Failed: ${failed[*]}** (of ${sections[*]})."
        fi
        for name in "${sections[@]}"; do
            echo
            cat "$raw/$name.md"
        done
    } >"$o/report.md"
    rm -f "$raw"/*.md
    echo "$o/report.md"
    [ ${#failed[@]} = 0 ] || exit 1
}
trap finish EXIT
trap 'failed+=(interrupted); exit 1' INT TERM

# ---- Small things ----

# number KEY FILE: the number of that key in the last JSON object of a file.
number() {
    sed -n "s/.*\"$1\": \([0-9.e+-]*\).*/\1/p" "$2" 2>/dev/null | tail -n 1
}

calculate() { # FORMAT EXPRESSION; nothing where an operand is missing
    awk "BEGIN { printf \"$1\", ($2) }" 2>/dev/null
}

name_of() { # of a recipe
    basename "$1" .yaml
}

# recipe_at RECIPE PRECISION: a copy at that precision, with the data that are here.
recipe_at() {
    local copy
    copy=$raw/recipes/$(name_of "$1")-$2.yaml
    mkdir -p "$raw/recipes"
    sed -e '/^precision:/d' \
        ${data:+-e "/source: *\(stacked-\)\{0,1\}fashion/s|^data: *{ *|&folder: '$data', |"} "$1" >"$copy" || return 1
    printf '\nprecision: %s\n' "$2" >>"$copy"
    echo "$copy"
}

# The recipes whose steps are largest, as timed, the largest first.
largest() {
    for recipe in $recipes; do
        echo "$(number gflop_per_step "$raw/$(name_of "$recipe")-float32.json") $recipe"
    done | sort -rn | head -n "$1" | cut -d ' ' -f 2
}

# sweep FILE SECONDS ARGUMENTS...: a row of a table with what checkkernels says.
sweep() {
    local file=$1 most=$2 began=$SECONDS code counts
    shift 2
    limited "$most" "$checkkernels" --device "$device" --kernels gpu "$@" >"$raw/$file.txt"
    code=$?
    counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 | \2 | \3/p' "$raw/$file.txt")
    [ "$counts" ] || counts="ended with $code$([ $code != 124 ] || echo ', out of time') | |"
    echo "| $file | $counts | $((SECONDS - began)) |"
    grep '^FAIL' "$raw/$file.txt" >&2
    return $code
}

sweep_head() {
    printf '    checkkernels --device %s --kernels gpu %s\n\n' "$device" "$1"
    printf '| what | passed | failed | skipped | s |\n|---|---|---|---|---|\n'
}

# ---- Driver, packages, data ----

use_packages() {
    local lib=/usr/lib/x86_64-linux-gnu link
    packages=$(cd "$packages" && pwd) || exit 2
    # Development packages name some libraries by absolute paths, which are those of an installed system.
    mkdir -p "$raw/links"
    for link in "$packages$lib"/*.so; do
        [ -e "$link" ] || ln -sf "$packages$(readlink "$link")" "$raw/links/$(basename "$link")"
    done
    prepend() { printf -v "$1" %s "$2${!1:+:${!1}}" && export "${1?}"; }
    prepend PATH "$packages/usr/bin"
    prepend CPATH "$packages/usr/include:$packages/usr/include/x86_64-linux-gnu"
    prepend PKG_CONFIG_PATH "$packages$lib/pkgconfig:$packages/usr/lib/pkgconfig:$packages/usr/share/pkgconfig"
    prepend LIBRARY_PATH "$raw/links:$packages$lib:$packages/lib/x86_64-linux-gnu"
    prepend LD_LIBRARY_PATH "$packages$lib:$packages/lib/x86_64-linux-gnu"
    if [ -z "$data" ] && [ -d "$packages/usr/share/datasets/fashion-mnist" ]; then
        data=$packages/usr/share/datasets/fashion-mnist
    fi
}

# Containers often have NVIDIA's library without the file in /etc/OpenCL/vendors that names it to the loader.
find_driver() {
    local library
    if [ "${OCL_ICD_VENDORS:-}" ] || grep -qs nvidia /etc/OpenCL/vendors/*.icd; then
        return
    fi
    for library in $(ldconfig -p 2>/dev/null | sed -n 's/.*=> \(.*libnvidia-opencl\.so\.1\)$/\1/p') \
        {/usr/lib/x86_64-linux-gnu,/usr/lib64,/usr/lib,/usr/lib/wsl/lib,/usr/local/nvidia/lib64}/libnvidia-opencl.so.1 \
        /usr/local/cuda*/lib64/libnvidia-opencl.so.1 /usr/local/cuda*/compat/libnvidia-opencl.so.1; do
        [ -e "$library" ] || continue
        mkdir -p "$raw/vendors"
        cp /etc/OpenCL/vendors/*.icd "$raw/vendors" 2>/dev/null
        echo "$library" >"$raw/vendors/nvidia.icd"
        export OCL_ICD_VENDORS=$raw/vendors/
        return
    done
}

# Noise in the form of Fashion-MNIST: it costs a step the same.
make_data() {
    local part count=2000
    data=$raw/data
    mkdir -p "$data"
    for part in train t10k; do
        { printf '\0\0\10\3\0\0\7\320\0\0\0\34\0\0\0\34' && head -c $((count * 28 * 28)) /dev/urandom; } \
            >"$data/$part-images-idx3-ubyte"
        { printf '\0\0\10\1\0\0\7\320' && for _ in $(seq $((count / 10))); do printf '\0\1\2\3\4\5\6\7\10\11'; done; } \
            >"$data/$part-labels-idx1-ubyte"
    done
}

# The description that a GPU is like: NVIDIA's compute capability, or AMD's name of the architecture.
find_like() {
    local capability
    capability=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1 | tr -d .)
    case $device_line in
    *NVIDIA*) like=${capability:+nvidia-sm_$capability} ;;
    gfx*) like=amd-${device_line%%[:, ]*} ;;
    esac
}

# ---- What is checked ----

usable() {
    "$ganymede" --version >&2 && "$checkkernels" --list --small --op pad >&2
}

check_build() {
    local tool paths=()
    if ! usable; then
        for tool in meson ninja pkg-config cc; do
            command -v $tool >/dev/null || { echo "$tool is missing: README.md lists what building needs" >&2 && return 1; }
        done
        # Python finds an unpacked meson only where it is told to, which PyTorch's Python shall not be.
        [ -z "$packages" ] || paths=(env "PYTHONPATH=$packages/usr/lib/python3/dist-packages")
        [ -f "$build/build.ninja" ] ||
            limited 60 ${paths[@]+"${paths[@]}"} meson setup "$build" "$root" >&2 || return 1
        limited 180 ${paths[@]+"${paths[@]}"} ninja -C "$build" tools/ganymede tests/kernels/checkkernels >&2 || return 1
        usable || return 1
    fi
    echo "$("$ganymede" --version), source $(git -C "$root" describe --always --dirty 2>/dev/null || echo unknown), in $build."
}

check_device() {
    limited 30 "$checkkernels" --device "$device" --kernels gpu --small --op pad >"$raw/device.txt" || return 1
    device_line=$(sed -n 's/; seed .*//p' "$raw/device.txt" | head -n 1)
    echo "* $device_line"
    echo "* $(uname -srm), $(nproc) CPUs:$(sed -n 's/^model name.*://p' /proc/cpuinfo | head -n 1)"
    echo "* OCL_ICD_VENDORS: ${OCL_ICD_VENDORS:-not set}; GANYMEDE_KERNELS: ${GANYMEDE_KERNELS:-not set}"
    echo "* data: ${data:-/usr/share/datasets/fashion-mnist}"
    echo "* PyTorch: $("$python" -c 'import torch; print(torch.__version__)' 2>/dev/null || echo none)"
    printf '\n    ganymede devices\n\n'
    "$ganymede" devices | sed 's/^/    /'
    if command -v nvidia-smi >/dev/null; then
        printf '\n    nvidia-smi\n\n'
        limited 10 nvidia-smi --query-gpu=name,driver_version,compute_cap,memory.total,clocks.max.sm,clocks.max.memory \
            --format=csv | sed 's/^/    /'
    fi
}

check_kernels() {
    local result=0 operation operations
    operations=$("$checkkernels" --list --small | cut -d : -f 1 | uniq)
    [ -z "$quick" ] || operations="pad sum"
    sweep_head "--small --op WHAT"
    for operation in $operations; do
        sweep "$operation" 60 --small --op "$operation" || result=1
    done
    return $result
}

check_precision() {
    local result=0 precision only
    sweep_head "--small --precision WHAT [--op contract]"
    for precision in ${precisions#float32}; do
        only=(--op contract)
        [ "$precision" != half_storage ] || only=()
        sweep "$precision" 60 --small --precision "$precision" ${only[@]+"${only[@]}"} || result=1
    done
    printf '\nWhat multiplies (EMULATED: the device has no such units):\n\n'
    grep -hE '^(tf32|bf16): ' "$raw"/{tf32,bf16}.txt 2>/dev/null | sed 's/^/    /'
    return $result
}

check_peak() {
    limited 60 "$ganymede" bench peak --device "$device" --json >"$raw/peak.json" || return 1
    echo "| multiply-adds in registers, GFLOP/s | matrix kernel in the cache, GFLOP/s | triad in memory, GB/s |"
    echo "|---|---|---|"
    echo "| $(number fma_gflops "$raw/peak.json") | $(number gemm_gflops "$raw/peak.json") | $(number triad_gbps "$raw/peak.json") |"
}

check_tune() {
    local result=0 recipe name
    for recipe in $recipes; do
        name=$(name_of "$recipe")
        printf '\n    ganymede tune %s.yaml\n\n' "$name"
        limited 40 "$ganymede" tune "$(recipe_at "$recipe" float32)" --device "$device" >"$raw/tune-$name.txt" || result=1
        sed 's/^/    /' "$raw/tune-$name.txt"
    done
    return $result
}

check_steps() {
    local result=0 recipe precision file
    for precision in $precisions; do
        for recipe in $recipes; do
            file=$raw/$(name_of "$recipe")-$precision.json
            limited 30 "$ganymede" bench step "$(recipe_at "$recipe" "$precision")" --device "$device" --steps $steps \
                --json >"$file" 2>"$file.err" || result=1
            cat "$file.err" >&2
        done
    done
    return $result
}

# Of the recipes that the peer knows, its name for them.
model_of() {
    case $(name_of "$1") in
    dcgan-fashion) echo dcgan32 ;;
    dcgan64) echo dcgan64 ;;
    wgan-gp-fashion) echo wgan_gp ;;
    r3gan-fashion) echo r3gan ;;
    mlp-fashion) echo mlp ;;
    esac
}

check_peer() {
    local result=0 recipe mode model
    echo "Its times are in the table of steps, each the best of the modes of its precision."
    # `compile` takes longest, and not every installation can: it comes last, and need not succeed.
    for mode in eager channels_last tf32 bf16 compile; do
        for recipe in $recipes; do
            model=$(model_of "$recipe")
            [ "$model" ] || continue
            limited 60 "$python" "$peer" "$model" --device cuda --mode $mode --steps $steps >"$raw/peer-$model-$mode.json" ||
                [ $mode = compile ] || result=1
        done
    done
    return $result
}

unused() { # " (not used)" where the step of this file ran in float32 instead
    ! grep -qs 'is not used' "$1.err" || echo " (not used)"
}

# Ours beside the peer's, from the files of both sections; called when all is over.
steps_table() {
    local recipe precision file mode modes model time best best_mode peer_time
    printf '\n    ganymede bench step RECIPE --device %s --steps %s\n\n' "$device" "$steps"
    echo "| recipe | precision | batch | ms | GFLOP/s | launches | PyTorch ms | its mode | ratio |"
    echo "|---|---|---|---|---|---|---|---|---|"
    for recipe in $recipes; do
        for precision in $precisions; do
            file=$raw/$(name_of "$recipe")-$precision.json
            time=$(number median_ms "$file") best='' best_mode=''
            case $precision in
            float32) modes="eager channels_last compile" ;;
            *) modes=$precision ;;
            esac
            model=$(model_of "$recipe")
            for mode in $modes; do
                peer_time=$(number median_ms "$raw/peer-$model-$mode.json")
                if [ "$peer_time" ] && [ "$(calculate %d "${best:-1e9} > $peer_time")" = 1 ]; then
                    best=$peer_time best_mode=$mode
                fi
            done
            echo "| $(name_of "$recipe") | $precision$(unused "$file") | $(number batch "$file") | ${time:-failed} |" \
                "$([ -z "$time" ] || calculate %.0f "1e3 * $(number gflop_per_step "$file") / $time") |" \
                "$(number launches "$file") | ${best:-–} | ${best_mode:-–} |" \
                "$(if [ "$best" ] && [ "$time" ]; then calculate %.2f "$best / $time"; else echo –; fi) |"
        done
    done
    printf '\n'
    cat "$raw"/*.json.err 2>/dev/null | grep . | sort | uniq -c | sed 's/^ */    /'
}

check_profile() {
    local result=0 recipe name precision peak
    peak=$(number fma_gflops "$raw/peak.json")
    for recipe in $(largest 2); do
        for precision in float32 $([ "$quick" ] || echo tf32); do
            name=$(name_of "$recipe")-$precision
            [ -z "$(unused "$raw/$name.json")" ] || continue
            limited 40 "$ganymede" bench step "$(recipe_at "$recipe" "$precision")" --device "$device" --steps $steps \
                --profile "$raw/profile-$name" >"$raw/profile-$name.txt" || { result=1 && continue; }
            printf '\n    ganymede bench step %s.yaml --steps %s --profile DIR\n\n' "$name" "$steps"
            echo "| kernel | ms a step | of the time | GFLOP/s | of the peak of multiply-adds | GB/s |"
            echo "|---|---|---|---|---|---|"
            # A kernel's name may have blanks; the six columns behind it have none.
            awk -v peak="${peak:-0}" 'rows && rows++ <= 12 {
                name = $1; for (i = 2; i <= NF - 6; i++) name = name " " $i
                share = peak > 0 ? sprintf("%.0f %%", 100 * $(NF - 2) / peak) : "–"
                print "| " name " | " $(NF - 4) " | " $(NF - 3) " | " $(NF - 2) " | " share " | " $(NF - 1) " |"
            } $1 == "kernel" { rows = 1 }' "$raw/profile-$name/kernels.txt"
        done
    done
    return $result
}

check_predicted() {
    local recipe name code measured
    [ "$like" ] || find_like
    if [ -z "$like" ] || ! "$ganymede" devices --described | grep -q "^ *$like "; then
        echo "Not predicted: no description is like this device${like:+ ($like)}; --like NAME chooses one."
        return 0
    fi
    for recipe in $(largest 2); do
        name=$(name_of "$recipe")
        limited 60 "$python" "$root/tools/gpu_static.py" "$(recipe_at "$recipe" float32)" --ganymede "$ganymede" \
            --devices "$like" >"$raw/predicted-$name.txt" 2>"$raw/predicted-$name.err"
        code=$?
        cat "$raw/predicted-$name.err" >&2
        if [ $code = 77 ] || grep -qsE '^no (ptxas|nvdisasm)' "$raw/predicted-$name.err"; then
            echo "Not predicted: $(tail -n 1 "$raw/predicted-$name.err")"
            return 0
        fi
        [ $code = 0 ] || return 1
        measured=$(number median_ms "$raw/$name-float32.json")
        echo "$name is measured to take ${measured:-?} ms a step. Of what compilers make of its kernels (\`bound\`: the share of"
        printf 'peak that they could reach at most):\n\n    gpu_static.py %s.yaml --devices %s\n\n' "$name" "$like"
        sed 's/^/    /' "$raw/predicted-$name.txt"
        echo
    done
}

# Two trainings from the same seed end in the same bits, also where one's launches are recorded, or something races.
check_repeat() {
    local recipe=${recipes%% *} run
    for run in first second; do
        limited 40 env GANYMEDE_COMMAND_BUFFER="$([ $run = first ] || echo 0)" "$ganymede" train \
            "$(recipe_at "$recipe" float32)" --device "$device" --no-tune --steps $steps --quiet \
            --set monitor.alarm=off --out "$raw/run-$run" >&2 || return 1
    done
    cmp "$raw"/run-{first,second}/checkpoints/"$(printf %08d "$steps")".safetensors >&2 || return 1
    echo "Two trainings of $(name_of "$recipe"), $steps steps each, the second without recorded launches, end in the same bits."
    rm -rf "$raw"/run-{first,second}
}

# As far as time allows: that it runs out is no failure.
check_whole() {
    local code
    sweep_head ""
    sweep whole "$seconds"
    code=$?
    [ $code != 124 ] || grep -c '^ok' "$raw/whole.txt" | sed 's/.*/\n& operations and variants passed until then./'
    ! grep -q '^FAIL' "$raw/whole.txt" && { [ $code = 0 ] || [ $code = 124 ]; }
}

# ---- All of it ----

recipes=${recipes# }
[ -z "$packages" ] || use_packages
find_driver
[ -z "$data" ] || data=$(cd "$data" && pwd) || exit 2
[ "$data" ] || [ -d /usr/share/datasets/fashion-mnist ] || make_data
section build 240 "Build" || exit 1
section device 40 "Device" || exit 1
section kernels 120 "Kernels beside the reference, small shapes"
[ "$quick" ] || section precision 60 "Lower precisions beside the reference"
section peak 60 "The device's ceilings"
section tune 80 "Tuning"
section steps 120 "Training steps"
section profile 60 "Where the time of a step goes"
[ "$quick" ] || section predicted 60 "What compilers bound"
section repeat 60 "Repeated training"
if [ "$peer" ]; then
    section peer 150 "PyTorch"
fi
if [ -z "$quick" ] && [ $((end - SECONDS)) -gt 10 ]; then
    section whole "$seconds" "Kernels beside the reference, all shapes, while time is left"
fi
