#!/usr/bin/env bash
# From a fresh clone to generated clothes: installs what is missing, builds, trains samples/dcgan-quick.yaml on
# Fashion-MNIST and names the picture. Arguments go to `ganymede train` (--device gpu, say).
set -eu
cd "$(dirname "$0")/.."
. tools/install.sh

install_packages "gcc libc6-dev meson ninja-build pkg-config python3 ocl-icd-opencl-dev opencl-c-headers \
    libclblast-dev libpng-dev zlib1g-dev libyaml-dev libjansson-dev libkissfft-dev dataset-fashion-mnist pocl-opencl-icd" \
    "libjpeg62-turbo-dev libwebp-dev libtiff-dev libsndfile1-dev libsamplerate0-dev"

build=build
if [ ! -f $build/build.ninja ]; then
    meson setup $build -Dtests=false >$build.log 2>&1 || { cat $build.log; exit 1; }
    rm -f $build.log
fi
ninja -C $build tools/ganymede >$build/quickstart.log || { cat $build/quickstart.log; exit 1; }

run=runs/quickstart
number=2
while [ -e $run ]; do
    run=runs/quickstart-$number
    number=$((number + 1))
done
$build/tools/ganymede devices
$build/tools/ganymede train samples/dcgan-quick.yaml --out $run "$@"
$build/tools/ganymede sample $run --seeds 0-63 --grid 8x8 -o $run/clothes.png
echo
echo "Real images:      $run/samples/real.png"
echo "Generated images: $run/clothes.png"
