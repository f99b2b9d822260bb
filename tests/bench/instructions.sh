#!/bin/sh
# Counts instructions with callgrind, which repeats to the last digit on one machine:
#   sh tests/bench/instructions.sh [BUILD-FOLDER]     (build/native, its target `bench` built)
#
#   pair     a block of 64 bytes allocated and freed beside a live one: only the allocator's functions
#   packet   one packet of the realistic mix: with the workload's own code, the same for both
#
# Each figure is the difference between a run and one of twice the length, so that what happens once
# is left out. The exit status is always 0: the result is in the last column.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
program=${1:-$top/build/native}/tests/bench/nmapi_bench_native

if ! command -v valgrind >/dev/null 2>&1; then
    echo "instructions: valgrind is missing: sh cmake/setup.sh bench" >&2
    exit 1
fi
if [ ! -x "$program" ]; then
    echo "instructions: $program is missing: cmake --preset native && cmake --build build/native --target bench" >&2
    exit 1
fi

collected() { # WORKLOAD PEER COUNT [CALLGRIND-OPTION ...]
    workload=$1
    peer=$2
    count=$3
    shift 3
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" \
        "$program" --run "$workload" "$peer" "$count" 2>&1 |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

each() { # WORKLOAD PEER COUNT [CALLGRIND-OPTION ...]
    few=$(collected "$@")
    workload=$1
    peer=$2
    count=$3
    shift 3
    many=$(collected "$workload" "$peer" $((2 * count)) "$@")
    if [ -z "$few" ] || [ -z "$many" ]; then
        echo "instructions: $workload of $peer did not run under callgrind" >&2
        exit 1
    fi
    echo $(((many - few + count / 2) / count))
}

verdict() { # OURS MOST
    if [ "$1" -le "$2" ]; then
        echo reached
    else
        awk -v ours="$1" -v most="$2" 'BEGIN { printf "missed by %.1f %%\n", (ours / most - 1) * 100 }'
    fi
}

row() { # NAME OURS MIMALLOC MOST
    printf '%-28s %8s %9s %8s  %s\n' "$1" "$2" "$3" "$4" "$(verdict "$2" "$4")"
}

pair_ours=$(each pair nmapi 100000 --toggle-collect=ExpertAllocMemory --toggle-collect=ExpertFreeMemory)
# The functions of peer_mimalloc.c, each a jump, because the library's own may have other names.
pair_mimalloc=$(each pair mimalloc 100000 --toggle-collect=mimalloc_alloc --toggle-collect=mimalloc_free)
packet_ours=$(each mix nmapi 100000)
packet_mimalloc=$(each mix mimalloc 100000)

printf '%-28s %8s %9s %8s\n' "instructions" nmapi mimalloc "at most"
row "pair of 64 B" "$pair_ours" "$pair_mimalloc" 80
row "packet of the realistic mix" "$packet_ours" "$packet_mimalloc" 260
