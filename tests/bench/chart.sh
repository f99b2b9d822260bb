#!/bin/sh
# Draws ten rows that a user cares about, for the README: ours and the best peer of each row.
#   sh tests/bench/chart.sh TITLE results.csv >results.svg
# In each row the best peer's bar has the same length, so the bars show ratios; one that is too long
# is cut and ends in an arrow head.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

awk -F, -v title="$1" "$(cat "$here/best_peer.awk" "$here/svg.awk" "$here/ten_rows.awk")"'
function plain_unit(figure,    text) { text = unit[figure]; sub(/\/.*/, "", text); return text }
function bar_of(class, value_class, y, length_of, text_of,    most) {
    most = 3.9 * unit_length
    if (length_of > most) {
        printf "<path class=\"%s\" d=\"M%d %dh%dl8 6.5l-8 6.5h-%dz\"/>\n", class, left, y, most, most
        length_of = most + 8
    } else {
        if (length_of < 1) length_of = 1
        printf "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"13\"/>\n", class, left, y, length_of
    }
    svg_text(value_class, left + length_of + 6, y + 11, "start", text_of)
}
END {
    left = 250; unit_length = 90; width = 880; head = 96; step = 40; height = head + rows * step
    svg_begin(width, height, title)
    svg_text("title", 12, 26, "start", title)
    svg_text("quiet", 12, 46, "start", machine)
    svg_text("quiet", 12, 64, "start", "Shorter is better. The best peer of a row has the same length in each (line); an arrow head ends a bar that was cut.")
    printf "<line class=\"rule\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n", left + unit_length, head - 10, left + unit_length, height - 6
    for (r = 1; r <= rows; r++) {
        figure = order[r]
        if (!((figure, "nmapi") in value) || !find_best(figure)) continue
        y = head + (r - 1) * step
        ratio = value[figure, "nmapi"] / best_value
        svg_text("name", 12, y + 11, "start", labels[figure])
        bar_of("ours", "oursvalue", y, ratio * unit_length, "Nmapi " shown(value[figure, "nmapi"]) " " plain_unit(figure))
        svg_text("oursvalue", width - 12, y + 11, "end", shown(ratio) " × best peer")
        bar_of("theirs", "quiet", y + 15, unit_length, best_peer " " shown(best_value))
    }
    print "</svg>"
}' "$2"
