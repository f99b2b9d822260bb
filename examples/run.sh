#!/bin/sh
# Builds nmhost and the example experts for x64 and x86, and runs them under Wine over captures in
# three formats. Installs what is missing first.
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

# Not in the preset's own folder, because this build has no tests.
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
        echo "run.sh: the build failed; its output is above and in $folder/log" >&2
        exit 1
    }
done

# Well-behaved experts over each format; then those that leak, crash, run away and hang, for which
# nmhost's exit status is 1.
run_nmhost() { # STATUS ARGUMENT ...
    wanted=$1
    shift
    got=0
    echo "\$ nmhost $*"
    sh ../../../cmake/run-wine.sh ../nmhost.exe "$@" || got=$?
    if [ "$got" -ne "$wanted" ]; then
        echo "run.sh: nmhost ended with status $got, not $wanted; its output above says why" >&2
        status=1
    fi
    echo
}

status=0
for architecture in $architectures; do
    cd "build/demonstration-$architecture/examples"
    echo
    run_nmhost 0 office-1.x.cap office-2.0.cap office.pcapng topusers.dll protocols.dll
    run_nmhost 1 --time-limit=3 --memory-limit=64 office.pcapng leaky.dll crasher.dll runaway.dll hung.dll
    cd ../../..
done
exit "$status"
