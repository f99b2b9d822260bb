#!/bin/sh
# Writes the table of the README from the results that lie here, the native build's, x64's and x86's:
#   sh tests/bench/table.sh
set -eu

cd "$(dirname -- "$0")"

awk -F, '
function row(figure, label) { order[++rows] = figure; labels[figure] = label }
function column(file, peer, label) { columns++; from[columns] = file SUBSEP peer; heads[columns] = label }
BEGIN {
    row("pair_16", "alloc + free, 16 B, ns")
    row("pair_64", "alloc + free, 64 B")
    row("pair_256", "alloc + free, 256 B")
    row("pair_4096", "alloc + free, 4096 B")
    row("replace", "random replacement, 10,000 live, 16-1023 B, ns")
    row("mix", "realistic mix, ns a packet")
    row("fill_300k", "fill 300,000 of 16-255 B beside an equal expert, ns a block")
    row("bulk_300k", "its bulk free, ns a block")
    row("fill_1m", "fill 1,000,000 of 64 B beside an equal expert")
    row("bulk_1m", "its bulk free")
    row("fill_1m_last", "the same as the only expert: fill")
    row("bulk_1m_last", "its bulk free")
    row("large", "replacement, 16 live of 64 KiB-1 MiB, us")
    row("large_many", "replacement, 4,000 live of 33-64 KiB")
    row("grow", "one block to 64 MiB by 4 KiB, us a step")
    row("threads_gain", "two threads, own experts, against one")
    row("threads_share", "of what the machine gives two threads")
    row("one_key", "two threads on one expert, ns")
    row("cross_turns", "freed by another thread, in turns, ns a pair")
    row("cross_at_once", "at once")
    row("open_close", "open, one block, close, ns")
    row("experts_10k", "10,000 experts open, 64 B on one, ns")
    row("experts_10k_all", "on all in turn")
    row("million_committed", "committed for each byte, 1,000,000 of 64 B")
    row("after_committed", "committed after the last close, MiB")
    column("results-native.csv", "nmapi", "native")
    column("results-native.csv", "mimalloc", "mimalloc")
    column("results-native.csv", "talloc", "talloc")
    column("results-native.csv", "glibc", "glibc")
    column("results-x64.csv", "nmapi", "DLL x64")
    column("results-x64.csv", "heap", "Wine heap")
    column("results-x86.csv", "nmapi", "DLL x86")
    column("results-x86.csv", "heap", "Wine heap")
}
!/^#/ { median[$1, FILENAME, $3] = $4 }
END {
    line = "| |"
    rule = "|---|"
    for (i = 1; i <= columns; i++) {
        line = line " " heads[i] " |"
        rule = rule "---|"
    }
    print line "\n" rule
    for (r = 1; r <= rows; r++) {
        line = "| " labels[order[r]] " |"
        for (i = 1; i <= columns; i++) {
            key = order[r] SUBSEP from[i]
            line = line (key in median ? sprintf(median[key] < 1000 ? " %.3g |" : " %.0f |", median[key]) : " |")
        }
        print line
    }
}' results-native.csv results-x64.csv results-x86.csv
