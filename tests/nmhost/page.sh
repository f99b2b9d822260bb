#!/bin/sh
# Tests the page that nmhost writes in headless Chromium, in light and dark:
#   sh page.sh NMHOST.exe CAPTURE EXPERT.dll ...
# Exit status 77: Chromium, Python or Wine is missing, and nothing was tested.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
top=$(CDPATH='' cd -- "$here/../.." && pwd)

for needed in chromium python3 wine; do
    command -v "$needed" >/dev/null 2>&1 || {
        echo "page.sh: skipped, $needed is missing; to install it: sh cmake/setup.sh soak"
        exit 77
    }
done

work=$(mktemp -d "${TMPDIR:-/tmp}/nmhost-page.XXXXXX")
trap 'rm -rf "$work"' EXIT
program=$1
shift
sh "$top/cmake/run-wine.sh" "$program" --html="$work/page.html" --csv="$work/events.csv" "$@" \
    >"$work/output"

# The page is not changed; a script after it clicks, and writes the results into the document.
sed 's|</body></html>$||' "$work/page.html" >"$work/driven.html"
{
    echo '<script>'
    cat "$here/page.js"
    echo '</script></body></html>'
} >>"$work/driven.html"

# preferredColorScheme: 0 is dark, 1 light.
for scheme in 0 1; do
    timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync \
        --user-data-dir="$work/profile" --blink-settings=preferredColorScheme=$scheme \
        --enable-logging=stderr --dump-dom "file://$work/driven.html" \
        >"$work/dom-$scheme.html" 2>"$work/log-$scheme"
done

python3 "$here/page.py" "$work"
