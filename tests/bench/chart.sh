#!/bin/sh
# Draws the benchmark's figures: horizontal bars for each workload, ours and the peers'.
#   sh tests/bench/chart.sh TITLE results.csv >results.svg
# Each workload has a scale of its own. A bar that is much longer than ours is cut, and ends in an
# arrow head.
set -eu

title=$1
csv=$2

awk -F, -v title="$title" '
function name_workloads() {
    add("pair_16", "Allocate + free, 16 B")
    add("pair_64", "Allocate + free, 64 B")
    add("pair_256", "Allocate + free, 256 B")
    add("pair_4096", "Allocate + free, 4096 B")
    add("replace", "Random replacement, 10,000 live")
    add("mix", "Realistic mix, a packet")
    add("fill_300k", "Fill, 300,000 of 16-255 B")
    add("bulk_300k", "Bulk free of these, a block")
    add("bulk_300k_last", "Bulk free, the last expert, a block")
    add("large", "Replacement, 64 KiB-1 MiB")
    add("large_many", "The same, 4,000 of 33-64 KiB")
    add("grow", "Grow to 64 MiB by 4 KiB, a step")
    add("one_key", "Two threads, one expert")
    add("cross_turns", "Freed by another thread")
    add("open_close", "Open, one block, close")
    add("experts_10k", "10,000 experts open, 64 B pair")
}
function add(figure, label) { order[++workloads] = figure; labels[figure] = label }
function escape(text) { gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); return text }
function shown(value) {
    return sprintf(value < 0.0995 ? "%.3f" : value < 9.95 ? "%.2f" : value < 99.5 ? "%.1f" : "%.0f", value)
}
function text(class, x, y, anchor, what) {
    printf "<text class=\"%s\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>\n", class, x, y, anchor, escape(what)
}
BEGIN { name_workloads() }
{ sub(/\r$/, "") }
/^#/ { if (machine == "") { sub(/^# /, ""); machine = $0 } next }
$1 == "figure" { next }
{
    if (!($3 in known)) { known[$3] = ++peers; peer[peers] = $3 }
    value[$1, $3] = $4
    unit[$1] = $2
}
END {
    if (peers == 0) { print "chart: no figures" > "/dev/stderr"; exit 1 }
    width = 800; names = 300; left = 306; room = 390; bar = 13; gap = 14; head = 86
    height = head
    for (w = 1; w <= workloads; w++) {
        if (!(order[w] in unit)) continue
        for (p = 1; p <= peers; p++) if ((order[w], peer[p]) in value) height += bar + 2
        height += gap
    }
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"%s\">\n", width, height, width, height, escape(title)
    print "<style>"
    print "text { font: 12px system-ui, -apple-system, \"Segoe UI\", Helvetica, Arial, sans-serif; fill: #1f2328; }"
    print ".title { font-size: 16px; font-weight: 600; } .name { font-weight: 600; }"
    print ".quiet { fill: #59636e; } .ours { fill: #0969da; } .theirs { fill: #a3abb5; }"
    print ".oursvalue { fill: #0550ae; font-weight: 600; } .rule { stroke: #d1d9e0; }"
    print "@media (prefers-color-scheme: dark) {"
    print "text { fill: #e6edf3; } .quiet { fill: #9198a1; } .ours { fill: #4493f8; }"
    print ".theirs { fill: #6e7681; } .oursvalue { fill: #79c0ff; } .rule { stroke: #3d444d; } }"
    print "</style>"
    text("title", 12, 26, "start", title)
    text("quiet", 12, 46, "start", machine)
    text("quiet", 12, 64, "start", "Shorter is better. Each workload has its own scale; an arrow head ends a bar that was cut." ("apr" in known ? " APR pools free no single block." : ""))
    y = head
    for (w = 1; w <= workloads; w++) {
        figure = order[w]
        if (!(figure in unit)) continue
        # Wide enough to compare with the best peer; what is far beyond is cut.
        best = ours = most = -1
        for (p = 1; p <= peers; p++) {
            if (!((figure, peer[p]) in value)) continue
            v = value[figure, peer[p]] + 0
            if (peer[p] == "nmapi") ours = v
            else if (best < 0 || v < best) best = v
            if (v > most) most = v
        }
        scale = 6 * (ours > best ? ours : best)
        if (scale > most || scale <= 0) scale = most > 0 ? most : 1
        printf "<line class=\"rule\" x1=\"12\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n", y - 5, width - 12, y - 5
        text("name", 12, y + 11, "start", labels[figure])
        for (p = 1; p <= peers; p++) {
            if (!((figure, peer[p]) in value)) continue
            v = value[figure, peer[p]] + 0
            mine = peer[p] == "nmapi"
            bar_class = mine ? "ours" : "theirs"
            text_class = mine ? "oursvalue" : "quiet"
            long = v / scale * room
            if (v > scale) long = room
            if (long < 1) long = 1
            text(text_class, names, y + 11, "end", peer[p])
            printf "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n", bar_class, left, y, long, bar
            if (v > scale) {
                printf "<path class=\"%s\" d=\"M%d %dl8 %.1fl-8 %.1fz\"/>\n", bar_class, left + room, y, bar / 2, bar / 2
                long += 8
            }
            text(text_class, left + long + 5, y + 11, "start", shown(v) (mine ? " " unit[figure] : ""))
            y += bar + 2
        }
        y += gap
    }
    print "</svg>"
}' "$csv"
