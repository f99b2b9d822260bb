#!/bin/sh
# Writes the ten rows of the project's README.md, between its two comments, from the native results:
#   sh tests/bench/ten_rows.sh
set -eu

cd "$(dirname -- "$0")"
readme=../../README.md
begin='<!-- Written by publish.sh. -->'
end='<!-- Up to here. -->'

rows() {
    awk -F, "$(cat best_peer.awk ten_rows.awk)"'
    function figure_of(figure, name,    text) {
        text = unit[figure]
        sub(/\/.*/, "", text)
        return shown(value[figure, name]) " " text
    }
    END {
        sub(/; what .*/, "", machine)
        print machine ":\n"
        print "| | Nmapi | best peer | × the best peer |"
        print "|---|---|---|---|"
        for (r = 1; r <= rows; r++) {
            figure = order[r]
            if (!((figure, "nmapi") in value) || !find_best(figure)) continue
            print "| " labels[figure] " | " figure_of(figure, "nmapi") " | " shown(value[figure, best_peer]) " (" best_peer ")" \
                " | " shown(value[figure, "nmapi"] / best_value) " |"
        }
    }' results-native.csv
}

for mark in "$begin" "$end"; do
    grep -qxF -- "$mark" "$readme" || {
        echo "README.md has no line '$mark'" >&2
        exit 1
    }
done
{
    sed "/^$begin\$/q" "$readme"
    echo
    rows
    echo
    sed -n "/^$end\$/,\$p" "$readme"
} >"$readme.new"
mv "$readme.new" "$readme"
