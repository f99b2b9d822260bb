#!/bin/sh
# Writes the tables of README.md here from the results that lie beside it, natively, x64 and x86:
#   sh tests/bench/table.sh
set -eu

cd "$(dirname -- "$0")"

table() { # HEADING results.csv
    [ -f "$2" ] || return 0
    awk -F, -v heading="$1" "$(cat best_peer.awk)"'
    function cell(figure, name,    text) {
        if (!((figure, name) in value)) return ""
        text = shown(value[figure, name])
        if (rounds[figure, name] > 1)
            text = text " (" shown(low[figure, name]) "–" shown(high[figure, name]) ")"
        return text
    }
    function count(number) { return number == "" ? "–" : shown(number + 0) }
    function counts(figure) {
        if (!((figure, "nmapi") in value) || faults[figure, "nmapi"] memory_calls[figure, "nmapi"] == "") return ""
        return count(faults[figure, "nmapi"]) " / " count(memory_calls[figure, "nmapi"]) " / " count(thread_calls[figure, "nmapi"])
    }
    END {
        print "### " heading "\n"
        for (i = 1; i <= head_lines; i++) print "- " heads[i]
        line = "\n| row | unit |"
        rule = "|---|---|"
        for (p = 1; p <= peers; p++) { line = line " " peer[p] " |"; rule = rule "---|" }
        print line " × best peer | ours: faults / memory / thread calls |"
        print rule "---|---|"
        for (f = 1; f <= figure_count; f++) {
            figure = figures[f]
            title = titles[figure]
            sub(/^  /, "– ", title)
            line = "| " title " | " unit[figure] " |"
            for (p = 1; p <= peers; p++) line = line " " cell(figure, peer[p]) " |"
            ratio = ""
            if ((figure, "nmapi") in value && figure !~ /machine/ && find_best(figure))
                ratio = shown(value[figure, "nmapi"] / best_value) " (" best_peer ")"
            print line " " ratio " | " counts(figure) " |"
        }
        if (targets > 1) print "\n| target | ratio to the limit | | limit |\n|---|---|---|---|"
        for (t = 2; t <= targets; t++) {
            fields = split(target_line[t], part, ",")
            limit = part[5]
            for (i = 6; i <= fields; i++) limit = limit "," part[i]
            print "| " part[2] " | " part[3] " | " part[4] " | " limit " |"
        }
        print ""
    }' "$2"
}

{
    sed '/^<!-- Written by table.sh/q' README.md
    echo
    table "Native, beside other allocators" results-native.csv
    table "The DLL for x64, under Wine" results-x64.csv
    table "The DLL for x86, under Wine" results-x86.csv
} >README.new
mv README.new README.md
