#!/bin/sh
# Runs a Windows program under Wine and passes its output and exit status on:
#   sh cmake/run-wine.sh PROGRAM [ARGUMENT ...]
# Several may run at once. A crash is a failure even where the program's exit status is 0; set
# NMAPI_CRASH_EXPECTED for a program whose children crash on purpose.
set -u

cache=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)/build/.cache
if [ ! -f "$cache/env" ]; then
    echo "run-wine: Wine is not set up; run: sh cmake/setup.sh wine" >&2
    exit 1
fi
. "$cache/env"

# The first program creates Wine's folder; the others wait for it.
if [ ! -f "$WINEPREFIX/ready" ]; then
    mkdir -p "$WINEPREFIX"
    (
        flock 9
        if [ ! -f "$WINEPREFIX/ready" ]; then
            wine wineboot -i >"$WINEPREFIX/log" 2>&1 9>&- && : >"$WINEPREFIX/ready"
        fi
    ) 9>"$WINEPREFIX/lock"
    if [ ! -f "$WINEPREFIX/ready" ]; then
        echo "run-wine: Wine could not set up its folder; see $WINEPREFIX/log" >&2
        echo "run-wine: mend what it says, run 'rm -rf $WINEPREFIX', then run this again" >&2
        exit 1
    fi
fi

errors=$(mktemp "${TMPDIR:-/tmp}/nmapi-wine.XXXXXX") || exit 1
trap 'rm -f "$errors"' EXIT
wine "$@" 2>"$errors"
status=$?
cat "$errors" >&2
if grep -q 'Unhandled \(exception\|page fault\)' "$errors" && [ -z "${NMAPI_CRASH_EXPECTED-}" ]; then
    echo "run-wine: $1 crashed (exit status $status)" >&2
    [ "$status" -ne 0 ] || status=1
fi
exit "$status"
