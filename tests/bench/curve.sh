#!/bin/sh
# Draws cost as the work grows: a panel for each figure, a line for each peer, from what --curve
# wrote.
#   sh tests/bench/curve.sh TITLE curve.csv >curve.svg
# Both scales are logarithmic, so that a flat line is a cost that does not grow.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

awk -F, -v title="$1" "$(cat "$here/best_peer.awk" "$here/svg.awk")"'
function panel(figure, label) { order[++panels] = figure; labels[figure] = label }
function log10(number) { return log(number) / log(10) }
function floor(number) { return number < int(number) ? int(number) - 1 : int(number) }
BEGIN {
    panel("open_close", "Open one more, a block, close, by open experts")
    panel("pair_one", "64 B pair on one of them, by open experts")
    panel("pair_all", "64 B pair on all in turn, by open experts")
    panel("fill", "Fill, a block, by blocks in the expert")
    panel("pair", "64 B pair beside them, by blocks")
    panel("replace", "One of them at random replaced, by blocks")
    panel("close_all", "Close, by blocks")
    panel("close_block", "Close, a block, by blocks")
}
function size_name(power) {
    return power == 0 ? "1" : power == 1 ? "10" : power == 2 ? "100" : power == 3 ? "1,000" : power == 4 ? "10,000" : power == 5 ? "100,000" : power == 6 ? "1 million" : "10 million"
}
function x_of(power) { return x0 + 48 + (power - first) / (last - first) * (panel_width - 84) }
function y_of(number) { return y0 + panel_height - 30 - (log10(number) - bottom) / (top - bottom) * (panel_height - 70) }
# Ours in its colour, the first peer in a plain line, further ones in dashes.
function line_of(p, points) {
    printf "<polyline class=\"%sline\"%s points=\"%s\"/>\n", (peer[p] == "nmapi" ? "ours" : "theirs"), (p > 2 ? " stroke-dasharray=\"" 2 * p " 3\"" : ""), points
}
function draw(figure,    power, p, name, v, points) {
    first = 99; last = -1; bottom = 99; top = -99
    for (power = 0; power <= 7; power++) {
        name = figure "@" sprintf("%d", 10 ^ power)
        for (p = 1; p <= peers; p++) {
            if (!((name, peer[p]) in value)) continue
            v = value[name, peer[p]]
            if (v <= 0) continue
            if (power < first) first = power
            if (power > last) last = power
            if (floor(log10(v)) < bottom) bottom = floor(log10(v))
            if (floor(log10(v)) + 1 > top) top = floor(log10(v)) + 1
            unit_of[figure] = unit[name]
        }
    }
    if (last <= first) return 0
    svg_text("name", x0, y0 + 14, "start", labels[figure] ", " unit_of[figure])
    for (power = bottom; power <= top; power++) {
        printf "<line class=\"rule\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x_of(first), y_of(10 ^ power), x_of(last), y_of(10 ^ power)
        svg_text("quiet", x0 + 42, y_of(10 ^ power) + 4, "end", sprintf("%.10g", 10 ^ power))
    }
    for (power = first; power <= last; power++)
        svg_text("quiet", x_of(power), y0 + panel_height - 12, "middle", size_name(power))
    for (p = peers; p >= 1; p--) {
        points = ""
        for (power = first; power <= last; power++) {
            name = figure "@" sprintf("%d", 10 ^ power)
            if (!((name, peer[p]) in value) || value[name, peer[p]] <= 0) continue
            points = points sprintf("%.1f,%.1f ", x_of(power), y_of(value[name, peer[p]]))
        }
        if (points == "") continue
        line_of(p, points)
    }
    return 1
}
END {
    panel_width = 430; panel_height = 210; columns = 2; head = 84
    height = head + int((panels + columns - 1) / columns) * panel_height
    svg_begin(columns * panel_width + 20, height, title)
    svg_text("title", 12, 26, "start", title)
    svg_text("quiet", 12, 46, "start", machine)
    svg_text("quiet", 12, 64, "start", "Both scales are logarithmic: a flat line is a cost that does not grow.")
    for (p = 1; p <= peers; p++) {
        line_of(p, sprintf("%d,60 %d,60", 380 + 120 * p, 410 + 120 * p))
        svg_text(peer[p] == "nmapi" ? "oursvalue" : "quiet", 416 + 120 * p, 64, "start", peer[p])
    }
    for (n = 1; n <= panels; n++) {
        x0 = 12 + shown_panels % columns * panel_width
        y0 = head + int(shown_panels / columns) * panel_height
        shown_panels += draw(order[n])
    }
    print "</svg>"
}' "$2"
