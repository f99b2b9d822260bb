#!/bin/sh
# What nmhost shows on a console of 80 columns, which tmux gives it:
#   sh terminal.sh NMHOST.exe CAPTURE.pcap EXPERT.dll ...
# The capture is repeated until the experts run long enough to show a progress bar. In the end the
# console must show, line by line, what nmhost writes into a file, without its status lines. A line
# that is cut, wrapped or left behind by the bar makes it fail.
# Exit status 77: tmux or Wine is missing, and nothing was tested.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)

for needed in tmux wine; do
    command -v "$needed" >/dev/null 2>&1 || {
        echo "terminal.sh: skipped, $needed is missing; to install it: sh cmake/setup.sh soak"
        exit 77
    }
done

work=$(mktemp -d "${TMPDIR:-/tmp}/nmhost-terminal.XXXXXX")
console() { # TMUX-COMMAND ...
    tmux -S "$work/socket" -f /dev/null "$@"
}
trap 'console kill-server 2>/dev/null || true; rm -rf "$work"' EXIT

fail() {
    echo "terminal.sh: $1" >&2
    exit 1
}

program=$1
capture=$2
shift 2
cp "$capture" "$work/long.pcap"
tail -c +25 "$capture" >"$work/frames" # behind the file's header
copies=1
while [ $copies -lt 1024 ]; do
    cat "$work/frames" "$work/frames" >"$work/twice"
    mv "$work/twice" "$work/frames"
    copies=$((copies * 2))
done
cat "$work/frames" >>"$work/long.pcap"

run="sh '$top/cmake/run-wine.sh' '$program' '$work/long.pcap'"
for expert in "$@"; do
    run="$run '$expert'"
done
sh -c "$run --csv='$work/events.csv'" | tr -d '\r' >"$work/written"

# 120 rows, so that nothing scrolls away.
console new-session -d -x 80 -y 120 "$run; echo \"ended: \$?\" >'$work/ended'; sleep 120"
tries=0
while [ ! -s "$work/ended" ]; do
    tries=$((tries + 1))
    [ $tries -lt 3000 ] || fail "nmhost did not end"
    # Two equal screens in a row: nothing is being drawn.
    console capture-pane -p >"$work/pane"
    console capture-pane -p >"$work/pane.again"
    if cmp -s "$work/pane" "$work/pane.again"; then
        grep -v '^$' "$work/pane" | tail -n 1 | grep '\[[#.]' >>"$work/bars" || true
    fi
    sleep 0.02
done
sleep 1 # Wine draws the console in a process of its own
console capture-pane -p >"$work/pane"

[ "$(cat "$work/ended")" = "ended: 0" ] || fail "$(cat "$work/ended")"
# A whole bar is one line, the last one, and leaves the console's last column free.
[ -s "$work/bars" ] || fail "no progress bar was seen"
whole='^ \[#*\.*\] +[0-9]+% (starting|running|done) +[0-9,]+ */s( .{0,24})?$'
if grep -vE "$whole" "$work/bars" >&2; then
    fail "that is no whole progress bar"
fi

# When the capture's line comes, and whether a heading is repeated behind it or behind a status
# line, differs from run to run; so do the figures of the last lines, behind the outcome.
lines_of() { # FILE
    awk '/^   (status|the capture): / { next }
         /^   event: / {
             event = $0
             getline
             if (event $0 != shown)
                 print event "\n" $0
             shown = event $0
             next
         }
         /^expert +outcome/ { last = 1; print; next }
         last { tail = substr($0, 37); gsub(/[0-9, ]/, "#", tail); $0 = substr($0, 1, 36) tail }
         { print }' "$1"
}
lines_of "$work/written" >"$work/wanted"
sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' "$work/pane" >"$work/shown"
lines_of "$work/shown" >"$work/got"
diff "$work/wanted" "$work/got" >&2 ||
    fail "the console shows (>) other lines than the file (<)"
[ "$(grep -c '^   the capture: pcap, [0-9,]* frames$' "$work/shown")" -eq 1 ] ||
    fail "the capture's line is not there once"

# Each event is a row that ends with its last column's value.
sed -n '2,$s/.*=\(.*\)"\r*$/\1/p' "$work/events.csv" >"$work/last.wanted"
awk '/^ .*[0-9]$/ { print $NF }' "$work/shown" >"$work/last.got"
[ -s "$work/last.wanted" ] || fail "the run had no events"
diff "$work/last.wanted" "$work/last.got" >&2 || fail "the table is not whole"

if grep -E '.{80}' "$work/written" >&2; then
    fail "that line fills the console's last column"
fi
sh "$top/cmake/run-wine.sh" "$program" --help | tr -d '\r' >"$work/help" || fail "no help"
if grep -E '.{80}' "$work/help" >&2 || [ "$(wc -l <"$work/help")" -gt 24 ]; then
    fail "--help does not fit a screen"
fi
tail -n 1 "$work/shown" | grep -qE '^[^ ]+ +returned( +[0-9,]+){4}$' ||
    fail "the last line is not the summary's"
echo "$(wc -l <"$work/shown") lines, $(sort -u "$work/bars" | wc -l) progress bars seen"
