#!/bin/sh
# Runs a Windows program under Wine and passes its output and exit status on:
#   sh cmake/run-wine.sh PROGRAM [ARGUMENT ...]
# Several may run at once. A crash, or an end before cmocka's last line, is a failure even where the
# program's exit status is 0. Set NMAPI_CRASH_EXPECTED for a program whose children crash on purpose.
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

work=$(mktemp -d "${TMPDIR:-/tmp}/nmapi-wine.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
if [ -t 1 ]; then
    wine "$@" 2>"$work/errors"
    status=$?
else
    { wine "$@" 2>"$work/errors"; echo $? >"$work/status"; } | tee "$work/output"
    status=$(cat "$work/status")
    # Of an x86 program that was killed, Wine says exit status 0.
    begun=$(grep -c '\[=*\] Running .* test(s)' "$work/output")
    if [ "$begun" -ne "$(grep -c '\[=*\] .* test(s) run' "$work/output")" ]; then
        echo "run-wine: $1 ended before its last test (exit status $status)" >&2
        [ "$status" -ne 0 ] || status=1
    fi
fi
cat "$work/errors" >&2
if grep -q 'Unhandled \(exception\|page fault\)' "$work/errors" && [ -z "${NMAPI_CRASH_EXPECTED-}" ]; then
    echo "run-wine: $1 crashed (exit status $status)" >&2
    [ "$status" -ne 0 ] || status=1
fi
exit "$status"
