# Reads results.csv (with -F,): value, unit, title and counts by figure and peer; finds the best peer
# of a figure.
{ sub(/\r$/, "") }
/^# target,/ { target_line[++targets] = $0; next }
/^# / { heads[++head_lines] = substr($0, 3); if (machine == "") machine = substr($0, 3); next }
$1 == "figure" { next }
{
    if (!($3 in known)) { known[$3] = 1; peer[++peers] = $3 }
    if (!($1 in unit)) figures[++figure_count] = $1
    value[$1, $3] = $4 + 0; low[$1, $3] = $5 + 0; high[$1, $3] = $6 + 0; rounds[$1, $3] = $7
    faults[$1, $3] = $8; memory_calls[$1, $3] = $9; thread_calls[$1, $3] = $10
    unit[$1] = $2
    text = $11
    for (i = 12; i <= NF; i++) text = text "," $i
    titles[$1] = text
}
function shown(number) {
    if (number == 0) return "0"
    return sprintf(number < 0.0995 ? "%.3f" : number < 9.95 ? "%.2f" : number < 99.5 ? "%.1f" : "%.0f", number)
}
function more_is_better(figure) { return titles[figure] ~ /more is better/ || figure ~ /^space_/ }
# APR pools can't free a single block, so they do not count in rows in which blocks are freed.
function is_rival(figure, name) {
    if (name ~ /^nmapi/) return 0
    if (name == "apr" && figure !~ /^(fill|bulk|open|million|one_c)/) return 0
    return 1
}
# Sets best_peer and best_value; 0: nobody to compare with.
function find_best(figure,    p) {
    best_peer = ""
    for (p = 1; p <= peers; p++) {
        if (!is_rival(figure, peer[p]) || !((figure, peer[p]) in value)) continue
        if (best_peer == "" || (more_is_better(figure) ? value[figure, peer[p]] > best_value : value[figure, peer[p]] < best_value)) {
            best_peer = peer[p]
            best_value = value[figure, peer[p]]
        }
    }
    return best_peer != "" && best_value > 0
}
