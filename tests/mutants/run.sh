#!/bin/sh
# Tests of the tests: makes small mistakes in src/ and counts those that no test notices.
#
#   sh tests/mutants/run.sh [--seed=N] [--count=N] [--file=src/heap/heap.c ...] [--all] [--jobs=N] [--list]
#                              [--stale] [--quick] [--verbose]
#
# Files are sampled in proportion to their lines, in an order that follows from the seed. --count is how many this run
# tries; the next run with the same seed goes on behind them and adds to the sums, as long as sources and tests stay the
# same (build/mutants/state-*.json), so a hundred can be done in pieces, and a run that is stopped loses only the mutants
# under way.
#
# One line for each mutant that survives, then the sums. Those that explained.txt explains are counted
# apart. Ends with 1 if any other survives. --quick leaves out the tests that take long, --verbose has a line
# for the killed ones too. --list runs nothing, nor does --stale, which prints what explained.txt has and no
# mutant is any more.
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
