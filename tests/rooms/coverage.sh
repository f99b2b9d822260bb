#!/bin/sh
# Prints the branch coverage of src/ by the native tests: sh tests/rooms/coverage.sh [BUILD-FOLDER]
# The folder (build/native-cov) is that of the preset native-cov, its tests run already.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
build=${1:-$top/build/native-cov}
cd "$top"
gcovr --root . --filter src/ --branches "$build"
