# What the pictures share: colours for dark and light, text.
function escape(text) { gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); return text }
function svg_text(class, x, y, anchor, what) {
    if (what != "")
        printf "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", class, x, y, anchor, escape(what)
}
function svg_begin(width, height, title) {
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"%s\">\n", width, height, width, height, escape(title)
    print "<style>"
    print "text { font: 12px system-ui, -apple-system, \"Segoe UI\", Helvetica, Arial, sans-serif; fill: #1f2328; }"
    print ".title { font-size: 16px; font-weight: 600; } .name { font-weight: 600; }"
    print ".quiet { fill: #59636e; } .ours { fill: #0969da; } .theirs { fill: #a3abb5; }"
    print ".oursvalue { fill: #0550ae; font-weight: 600; } .rule { stroke: #d1d9e0; }"
    print ".oursline { stroke: #0969da; stroke-width: 2; fill: none; } .theirsline { stroke: #8c959f; stroke-width: 2; fill: none; }"
    print "@media (prefers-color-scheme: dark) {"
    print "text { fill: #e6edf3; } .quiet { fill: #9198a1; } .ours { fill: #4493f8; }"
    print ".theirs { fill: #6e7681; } .oursvalue { fill: #79c0ff; } .rule { stroke: #3d444d; }"
    print ".oursline { stroke: #4493f8; } .theirsline { stroke: #9198a1; } }"
    print "</style>"
}
