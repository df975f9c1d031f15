G=/tmp/w/x1/p/build/tools/ganymede
export GANYMEDE_LOG=
b() { echo ">> $*"; timeout 60 $G bench layers "$@" > o.txt 2>e.txt; rc=$?; echo "   rc=$rc $(tail -n 2 o.txt | tr '\n' '|' | cut -c1-150) ERR: $(cut -c1-260 e.txt | head -4)"; }
