#!/bin/sh
# Tries a build like Visual Studio's without it: compiles every source for Windows by clang-cl with
# Visual Studio's options, builds the DLL with llvm-ml and lld-link, and runs the contract and
# forward tests of the presets msvcabi-x64 and msvcabi-x86 with that DLL.
#
#   sh tests/binary/clang_cl.sh
set -eu

cd "$(dirname -- "$0")/../.."
top=$PWD
failed=0

bad() {
    echo "clang_cl: $*" >&2
    failed=1
}

for name in clang-cl clang-cl-19 clang-cl-18 clang-cl-17 clang-cl-16 clang-cl-15 clang-cl-14 none; do
    command -v $name >/dev/null 2>&1 && break
done
clang_cl=$name

check() { # ARCHITECTURE CLANG-CL-ARGUMENT ... FILE
    architecture=$1
    shift
    case $architecture in
        x64) set -- --target=x86_64-pc-windows-msvc "$@" ;;
        *) set -- --target=i686-pc-windows-msvc -D__i386__ -D_X86_ "$@" ;;
    esac
    $clang_cl /nologo /Zs /W4 /WX /permissive- /std:c11 /utf-8 -fgnuc-version=12.0 -Iinclude -Isrc -Itests \
        -Isrc/nmhost -Itests/binary -Iexamples/common -Iexamples/host -imsvc cmake/msvcabi/include -imsvc /usr/share/mingw-w64/include \
        -imsvc build/.cache/cmocka/include -D_WIN32_WINNT=0x0500 -DWINVER=0x0500 -DWIN32_LEAN_AND_MEAN -DNOMINMAX \
        -DBENCH_VERSION='"0"' -DVERSION_MAJOR=0 -DVERSION_MINOR=0 -DVERSION_PATCH=0 -DVERSION_STRING='"0"' \
        -DSUBSYSTEM_MOST=501 "$@" || bad "$architecture: $*"
}

# What Microsoft's compiler has no instructions for on x86 and calls its C runtime for: products of 64 bits whose
# factors are more than 32-bit numbers, quotients, shifts by a variable. clang does without.
wide() { # FILE
    clang --target=i686-pc-windows-msvc -fgnuc-version=12.0 -D__i386__ -D_X86_ -std=c11 -Iinclude -Isrc \
        -isystem cmake/msvcabi/include -isystem /usr/share/mingw-w64/include -D_WIN32_WINNT=0x0500 -DWINVER=0x0500 \
        -DWIN32_LEAN_AND_MEAN -DNOMINMAX -w -O1 -Xclang -disable-llvm-passes -S -emit-llvm -o - "$1" |
        awk -v file="$1" '
            /^define / { name = $0; sub(/.*@/, "", name); sub(/\(.*/, "", name); split("", narrow) }
            / = zext i(8|16|32) .* to i64/ { narrow[$1] = 1 }
            / = (mul|[us]div|[us]rem|shl|[al]shr) .*i64 / {
                left = $(NF - 1); right = $NF; sub(/,.*/, "", left)
                if ($3 == "mul" && (left in narrow) && (right in narrow)) next
                if ($3 ~ /sh[lr]$/ && right !~ /^%/) next
                print "clang_cl: " file ": " name " needs a C runtime on x86: " $0; bad = 1
            }
            END { exit bad }'
}

# As one of several processes: one file.
if [ $# -gt 0 ]; then
    for architecture in x64 x86; do
        check $architecture -mavx -Wno-unknown-pragmas -Icmake/clangcl -FIcmake/clangcl/as_microsoft.h -- "$1"
        case $1 in
            src/nmhost/*) ;;
            src/*) check $architecture -- "$1" ;;
        esac
    done
    case $1 in
        src/nmhost/*) ;;
        src/*) wide "$1" || failed=1 ;;
    esac
    exit "$failed"
fi

# The tests that have Linux in them, or clang's own driver, stay out.
others='^tests/(native|unit|model)/|sys_linux|linux_calls|peer_(apr|glibc|mimalloc|talloc)|fuzz_calls|misuse/interleaved'
files=$(git ls-files --cached --others --exclude-standard -- 'src/*.c' 'tests/*.c' 'examples/*.c' | grep -vE "$others")
if printf '%s\n' $files | xargs -n 1 -P "$(nproc)" sh tests/binary/clang_cl.sh; then
    echo "$(printf '%s\n' $files | wc -l) files compile by clang-cl for x64 and x86 as they would by Microsoft's compiler"
else
    failed=1
fi

for architecture in x64 x86; do
    tests=build/msvcabi-$architecture
    dll=$top/build/clangcl-$architecture/Nmapi.dll
    mkdir -p build
    cmake --preset clangcl-$architecture -D NMAPI_WARNINGS_AS_ERRORS=ON >build/clangcl-$architecture.log 2>&1 &&
        cmake --build --preset clangcl-$architecture >>build/clangcl-$architecture.log 2>&1 || {
        tail -n 40 build/clangcl-$architecture.log
        bad "$architecture: the DLL is not built"
        continue
    }
    for name in legacy expert_table expert_table_aware host host_enum host_transfer; do
        sh cmake/run-wine.sh "$tests/contract_$name.exe" "$dll" || bad "$architecture: contract_$name"
    done
    sh cmake/run-wine.sh "$tests/test_forward.exe" "$dll" "$tests/tests/forward/forward_original.dll" \
        "$tests/tests/forward/forward_dllmain_caller.dll" "$tests/tests/forward/forward_backward.dll" \
        "$tests/tests/forward/work_clang_cl" || bad "$architecture: test_forward"
done >build/clang_cl.log 2>&1
grep -E '^\[  (PASSED|FAILED)|^clang_cl:|error:' build/clang_cl.log || bad "nothing was run: build/clang_cl.log"
exit "$failed"
