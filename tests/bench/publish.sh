#!/bin/sh
# Puts what `sh tests/run.sh bench-native bench` measured into the pages: copies the CSV files here,
# draws the pictures and writes the tables.
#   sh tests/bench/publish.sh
# What was not measured stays as it is.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
build=$here/../../build

copy() { # FROM TO
    [ ! -f "$build/$1" ] || tr -d '\r' <"$build/$1" >"$here/$2"
}

copy native/bench.csv results-native.csv
copy native/curve.csv curve-native.csv
copy mingw-x64/bench.csv results-x64.csv
copy mingw-x86/bench.csv results-x86.csv
sh "$here/chart.sh" "Nmapi beside the best of its peers, built natively" "$here/results-native.csv" \
    >"$here/results-native.svg"
sh "$here/curve.sh" "Cost as the work grows, built natively" "$here/curve-native.csv" >"$here/curve-native.svg"
sh "$here/table.sh"
sh "$here/ten_rows.sh"
