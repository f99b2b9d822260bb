#!/bin/sh
# Builds the DLL twice, from copies of the sources in two folders, and compares every byte of what
# is shipped: the DLL, its import library, its debug information.
#
#   sh tests/binary/reproduce.sh [PRESET ...]
set -eu

cd "$(dirname -- "$0")/../.."
top=$PWD
[ $# -gt 0 ] || set -- mingw-x64 mingw-x86 msvcabi-x64 msvcabi-x86
work=$top/build/reproduce
rm -rf "$work"

build() { # COPY PRESET ...
    copy=$work/$1
    shift
    mkdir -p "$copy"
    git ls-files -z --cached --others --exclude-standard -- CMakeLists.txt CMakePresets.json LICENSE README.md nmapi.def \
        cmake include src | xargs -0 cp --parents -t "$copy"
    cd "$copy"
    for preset in "$@"; do
        {
            cmake --preset "$preset" -D NMAPI_BUILD_TESTS=OFF -D NMAPI_BUILD_EXAMPLES=OFF &&
                cmake --build "build/$preset" --target Nmapi
        } >log 2>&1 || {
            cat log >&2
            echo "reproduce: $preset does not build" >&2
            exit 1
        }
    done
}

# Both at once, because CMake's own part of each build keeps one processor busy.
(build a-second/time "$@") &
second=$!
(build once "$@")
wait "$second"

status=0
for preset in "$@"; do
    files="Nmapi.dll Nmapi.lib Nmapi.debug"
    case $preset in msvcabi-*) files="Nmapi.dll Nmapi.lib Nmapi.pdb" ;; esac
    for file in $files; do
        if cmp "$work/once/build/$preset/$file" "$work/a-second/time/build/$preset/$file"; then
            (cd "$work/once/build/$preset" && sha256sum "$file" | sed "s/ .* / $preset /")
        else
            status=1
        fi
    done
done
exit "$status"
