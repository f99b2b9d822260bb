#!/bin/sh
# Prints the branch coverage of src/ by the native tests: sh tests/unit/coverage.sh [BUILD-FOLDER]
# The folder (build/native-cov) is that of the preset native-cov, its tests run already.
#
# Every branch must have been taken, or be listed in unreached.txt, which must list no other. The
# counts are gcov's, of code that is not optimized and with each function compiled once
# (tests/CMakeLists.txt), added up over the two builds of the library. So a branch is one way out of
# a condition, or of one operand of && and ||, and none is of the compiler's making.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
build=${1:-$top/build/native-cov}
here=$top/tests/unit
cd "$top"

find "$build" -path '*/src/*.gcda' | sort | while read -r counts; do
    gcov --branch-probabilities --branch-counts --stdout "$counts" 2>/dev/null || exit 1
done >"$build/branches.gcov"

awk -v list="$here/unreached.txt" -v report="$build/unreached.found" -f "$here/coverage.awk" "$build/branches.gcov"
