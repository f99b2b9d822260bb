#!/bin/sh
# Tests of the tests: makes small mistakes in src/ and counts those that no test notices.
#
#   sh tests/mutants/run.sh [--seed=N] [--count=N] [--file=src/heap/heap.c ...] [--all] [--jobs=N]
#                           [--list] [--stale] [--quick] [--verbose]
#
# Files are sampled in proportion to their lines, in an order that depends on the seed. --count is
# the number of mutants in this run. The next run with the same seed continues and adds to the sums,
# as long as sources and tests do not change (build/mutants/state-*.json). A run that is stopped
# loses only the mutants in progress.
#
# Prints one line for each mutant that survives, then the sums. Those in explained.txt are counted
# separately, and run with the short tests only. The exit status is 1 if any other survives. --quick
# runs every mutant with the short tests only: the others may still notice what survives. --verbose
# prints the killed mutants too. --list only lists the mutants. --stale only prints the entries of
# explained.txt that match no mutant any more.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$top"
base=build/mutants/base
mkdir -p build/mutants
if ! { cmake --preset native -B "$base" && cmake --build "$base" -j "$(nproc)"; } >build/mutants/build.log 2>&1; then
    tail -n 40 build/mutants/build.log
    exit 1
fi
exec python3 tests/mutants/mutants.py "$base" "$@"
