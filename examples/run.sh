#!/bin/sh
# Builds the demonstration for x64 and x86 and runs both under Wine; sets up what is missing first.
#
#   sh examples/run.sh [x64 | x86]
set -eu

cd "$(dirname -- "$0")/.."

case ${1-} in
    '') architectures='x64 x86' ;;
    x64 | x86) architectures=$1 ;;
    *)
        echo "usage: sh examples/run.sh [x64 | x86]" >&2
        exit 2
        ;;
esac

# A folder of its own: without the tests, and what they need, the preset's would be another build.
sh cmake/setup.sh dll wine
for architecture in $architectures; do
    folder=build/demonstration-$architecture
    echo "Building $folder (preset mingw-$architecture)"
    mkdir -p "$folder"
    {
        cmake --preset "mingw-$architecture" -B "$folder" -D NMAPI_BUILD_TESTS=OFF &&
            cmake --build "$folder"
    } >"$folder/log" 2>&1 || {
        cat "$folder/log" >&2
        echo "run.sh: the build failed" >&2
        exit 1
    }
done

# Both, even if the first one fails.
status=0
for architecture in $architectures; do
    echo
    (cd "build/demonstration-$architecture/examples" &&
        sh ../../../cmake/run-wine.sh ../nmhost.exe office.pcap) || status=$?
done
exit "$status"
