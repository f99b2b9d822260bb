#!/bin/sh
# Installs what is missing to build and test on Debian 12, Ubuntu 24.04 or later (root or sudo), and
# writes build/.cache/env, which run-wine.sh and the test scripts read.
#
#   sh cmake/setup.sh [--no-packages] [GROUP ...]
#
# The groups are dll, wine, test, native, bench, lint and soak. Without one: all but soak, which
# installs a browser. With --no-packages it installs nothing: it fills build/.cache, and fails if
# packages are missing, with their names.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cache=$top/build/.cache
export DEBIAN_FRONTEND=noninteractive
export LC_ALL=C

die() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

packages=yes
if [ "${1-}" = --no-packages ]; then
    packages=no
    shift
fi
groups=${*:-dll wine test native bench lint}
wants() {
    case " $groups " in *" $1 "*) return 0 ;; *) return 1 ;; esac
}
for group in $groups; do
    case $group in
        dll | wine | test | native | bench | lint | soak) ;;
        *) die "there is no group $group; the groups are: dll wine test native bench lint soak" ;;
    esac
done

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    else
        die "these packages are missing: $missing" \
            "you are not root, and there is no sudo; as root, run: apt-get install $missing"
    fi
}

# CMake, before anything is installed

cmake_least=3.25
check_cmake() { # VERSION
    [ "$(printf '%s\n' "$cmake_least" "$1" | sort -V | head -n 1)" = "$cmake_least" ] ||
        die "CMake $1 is too old: $cmake_least or later is needed; Debian 12 and Ubuntu 24.04 have it" \
            "put a newer one first on PATH (https://cmake.org/download), then run this again"
}
if command -v cmake >/dev/null 2>&1; then
    check_cmake "$(cmake --version | sed -n '1s/.* \([0-9][0-9.]*\).*/\1/p')"
fi

# Packages

missing=
command_from() { # COMMAND PACKAGE
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
package() {
    case $(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null) in
        ii*) ;;
        *) missing="$missing $1" ;;
    esac
}

command_from cmake cmake
command_from ninja ninja-build
command_from clang clang
command_from lld-link lld
command_from llvm-dlltool llvm
command_from x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64-win32
command_from i686-w64-mingw32-gcc gcc-mingw-w64-i686-win32
if wants wine; then
    command_from wine wine
    [ -x /usr/lib/wine/wine64 ] || command_from wine64 wine64
    command_from flock util-linux
fi
if wants test; then
    command_from x86_64-w64-mingw32-g++ g++-mingw-w64-x86-64-win32
    command_from i686-w64-mingw32-g++ g++-mingw-w64-i686-win32
    command_from xz xz-utils
fi
if wants native; then
    command_from gcc gcc
    command_from g++ g++
    package libc6-dev
    package libclang-rt-dev
    command_from spin spin
fi
if wants bench; then
    command_from gcc gcc
    command_from valgrind valgrind
    package libmimalloc-dev
    package libtalloc-dev
    package libapr1-dev
fi
if wants lint; then
    command_from clang-format clang-format
    command_from clang-tidy clang-tidy
    command_from cppcheck cppcheck
fi
if wants soak; then
    # Ubuntu has Chromium as a snap alone; there the test of nmhost's page is skipped.
    grep -qs '^ID=ubuntu' /etc/os-release || command_from chromium chromium
    command_from tmux tmux
    command_from python3 python3
fi

if [ -n "$missing" ]; then
    command -v apt-get >/dev/null 2>&1 ||
        die "there is no apt-get here; install these by hand (Debian's package names):$missing"
    missing=$(printf '%s\n' $missing | sort -u | tr '\n' ' ')
    [ "$packages" = yes ] || die "these packages are missing: $missing" "to install them: sh cmake/setup.sh $groups"
    echo "setup: installing $missing"
    as_root apt-get -qq update ||
        echo "setup: apt-get update failed; trying the package lists that are there"
    case " $missing " in
        *' cmake '*)
            offered=$(apt-cache policy cmake | sed -n 's/^ *Candidate: *\([0-9]*:\)*\([0-9][0-9.]*\).*/\2/p')
            [ -z "$offered" ] || check_cmake "$offered"
            ;;
    esac
    as_root apt-get -qq -y -o Dpkg::Use-Pty=0 --no-install-recommends install $missing >"${TMPDIR:-/tmp}/nmapi-setup.$$" 2>&1 || {
        cat "${TMPDIR:-/tmp}/nmapi-setup.$$" >&2
        rm -f "${TMPDIR:-/tmp}/nmapi-setup.$$"
        die "apt-get could not install: $missing" \
            "mend what it says above (sources, network, held packages), then run this again"
    }
    rm -f "${TMPDIR:-/tmp}/nmapi-setup.$$"
fi

mkdir -p "$cache"

# Separate package lists for what the system's lists do not have (i386 packages, sources). So the
# system's architectures and sources stay as they are.

own_apt() { # NAME COMMAND...: apt-get with the lists in $cache/apt-NAME
    own=$cache/apt-$1
    shift
    apt-get -o Dir::State::Lists="$own/lists" -o Dir::Cache="$own/cache" \
        -o Dir::Etc::SourceList="$own/sources.list" -o Dir::Etc::SourceParts="$own/parts" \
        -o APT::Sandbox::User= -o Acquire::Languages=none -o Acquire::Check-Date=false \
        -o APT::Update::Post-Invoke-Success::= -o Debug::NoLocking=1 "$@"
}

own_sources() { # NAME SED-EXPRESSION: the system's sources, changed
    own=$cache/apt-$1
    rm -rf "$own"
    mkdir -p "$own/lists/partial" "$own/cache/archives/partial" "$own/parts"
    : >"$own/sources.list"
    for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
        # Only the distribution's own archives have what is asked for.
        grep -qsE '(debian|ubuntu)[-a-z]*/? |^URIs:.*(debian|ubuntu)' "$list" || continue
        sed -E "$2" "$list" >"$own/parts/$(basename "$list")"
    done
}

# 32-bit Wine: package wine32:i386 where it is installed, else its libraries beside the 64-bit Wine,
# which runs x86 programs with them (Wine 8 and later).

wine32=$cache/wine32
wine32_libraries=$wine32/usr/lib/i386-linux-gnu/wine
wine_dll_path=
if wants wine && [ ! -x /usr/lib/wine/wine ]; then
    version=$(dpkg-query -W -f='${Version}' libwine:amd64 2>/dev/null || true)
    [ -n "$version" ] || die "wine is there, but not the package libwine, so 32-bit Wine can't be added" \
        "remedy: install Debian's or Ubuntu's package wine, or wine32:i386 beside your Wine"
    if [ "$(cat "$wine32/version" 2>/dev/null)" != "$version" ]; then
        echo "setup: fetching 32-bit Wine $version (libwine:i386, 95 MB) into build/.cache/wine32"
        rm -rf "$wine32" "$cache/apt-i386"
        mkdir -p "$wine32"
        own_sources i386 '/^Architectures:/d; s/^(deb .*)\[[^]]*arch=[^] ]*([^]]*)\]/\1[\2]/'
        # One list that fails must not stop us while another has the package.
        own_apt i386 -o APT::Architecture=amd64 -o APT::Architectures=amd64,i386 -qq update \
            >"$wine32/log" 2>&1 || true
        (cd "$wine32" && own_apt i386 -o APT::Architecture=amd64 -o APT::Architectures=amd64,i386 \
            -qq download "libwine:i386=$version" >>log 2>&1) || {
            cat "$wine32/log" >&2
            die "libwine:i386 $version could not be fetched, and x86 tests need 32-bit Wine" \
                "remedy: dpkg --add-architecture i386 && apt-get update && apt-get install wine32:i386"
        }
        dpkg -x "$wine32"/libwine_*.deb "$wine32"
        rm -rf "$wine32"/libwine_*.deb "$cache/apt-i386" "$wine32/usr/share"
        [ -f "$wine32_libraries/i386-windows/ntdll.dll" ] ||
            die "libwine:i386 $version has no i386-windows/ntdll.dll, which x86 programs need" \
                "remedy: dpkg --add-architecture i386 && apt-get update && apt-get install wine32:i386"
        printf '%s' "$version" >"$wine32/version"
        rm -rf "$cache/wine"
    fi
    wine_dll_path=$wine32_libraries
fi

# cmocka's source: from the distribution; otherwise CMake fetches the upstream release.

if wants test && [ ! -f "$cache/cmocka/src/cmocka.c" ]; then
    echo "setup: fetching cmocka's source into build/.cache/cmocka"
    own_sources source 's/^Types:.*/Types: deb-src/; s/^deb /deb-src /'
    rm -rf "$cache/cmocka"
    mkdir -p "$cache/cmocka"
    own_apt source -qq update >"$cache/apt-source/log" 2>&1 || true
    # The archive is all that is needed, whether the package's other files came or not.
    (cd "$cache/apt-source" && own_apt source -qq --download-only source cmocka >>log 2>&1) || true
    archive=$(find "$cache/apt-source" -maxdepth 1 -name 'cmocka_*.orig.tar.*' ! -name '*.asc' | head -n 1)
    if [ -n "$archive" ] && tar -xf "$archive" -C "$cache/cmocka" --strip-components=1 &&
        [ -f "$cache/cmocka/src/cmocka.c" ]; then
        rm -rf "$cache/apt-source"
    else
        rm -rf "$cache/cmocka"
        echo "setup: not in the package sources; CMake will fetch the upstream release"
    fi
fi

# What run-wine.sh needs to know.

{
    echo "WINEPREFIX='$cache/wine'"
    echo "WINEDEBUG=-all"
    echo "WINEDLLOVERRIDES='winedbg.exe=d;mscoree,mshtml=d'"
    echo "export WINEPREFIX WINEDEBUG WINEDLLOVERRIDES"
    [ -z "$wine_dll_path" ] || echo "WINEDLLPATH='$wine_dll_path'; export WINEDLLPATH"
} >"$cache/env.$$"
if wants wine || [ ! -f "$cache/env" ]; then
    mv "$cache/env.$$" "$cache/env"
else
    rm -f "$cache/env.$$"
fi
