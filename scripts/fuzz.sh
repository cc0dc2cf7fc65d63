#!/bin/sh
# Fuzzes every parser of outside input (docs/guides/fuzzing.md).
#
#   scripts/fuzz.sh [NAME…]      all targets of fuzz/targets, or these
#
#   SECONDS_EACH   time for each target, in seconds (1200)
#   AT_ONCE        number of targets that run in parallel (1)
#   BUILD          no: use the programs of the last run
#   FUZZ_DIR       folder of programs, corpora, logs and crashes, outside the repository
#                  (pytoon-fuzz in the user's cache)
#
# Prints a line per target, and fails if an input crashed one, took more than ten seconds or
# more than 1 GiB. Needs stable Rust and a C++ compiler.
set -eu
cd "$(dirname "$0")/.."

seconds=${SECONDS_EACH:-1200}
at_once=${AT_ONCE:-1}
dir=${FUZZ_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pytoon-fuzz}
triple=$(rustc -vV | sed -n 's/^host: //p')
mkdir -p "$dir/logs" "$dir/crashes"

all=$(sed -n 's/^name = "\([a-z_]*\)"$/\1/p' fuzz/Cargo.toml)
names=${*:-$all}
for name in $names; do
  case " $(printf '%s' "$all" | tr '\n' ' ') " in
    *" $name "*) ;;
    *) printf 'fuzz: there is no target %s; there are %s\n' "$name" "$(printf '%s' "$all" | tr '\n' ' ')" >&2; exit 2 ;;
  esac
done

# Nightly's -Zsanitizer is not needed: these passes count the branches that an input takes.
# With --target, build scripts and macros are not instrumented.
[ "${BUILD:-yes}" = no ] || RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Ccodegen-units=1" CARGO_TARGET_DIR="$dir/target" \
  cargo build --manifest-path fuzz/Cargo.toml --release --locked --target "$triple" \
  ${CARGO_BUILD_FLAGS:-} $(printf -- '--bin %s ' $names)

# The targets write temporary files for every input: keep them in memory if possible.
tmp=${TMPDIR:-/tmp}
if [ -w /dev/shm ]; then tmp=/dev/shm; fi
work=$(mktemp -d "$tmp/pytoon-fuzz-XXXXXX")
trap 'rm -rf "$work"' EXIT

one() {
  name=$1
  log="$dir/logs/$name.log"
  mkdir -p "$dir/corpus/$name" "$work/$name"
  code=0
  dictionary=
  if [ -f "fuzz/dictionaries/$name.dict" ]; then dictionary="-dict=fuzz/dictionaries/$name.dict"; fi
  begun=$(date +%s)
  # shellcheck disable=SC2086 # the dictionary is one word or none
  TMPDIR="$work/$name" "$dir/target/$triple/release/$name" -max_total_time="$seconds" \
    -rss_limit_mb=1024 -timeout=10 -print_final_stats=1 $dictionary \
    -artifact_prefix="$dir/crashes/$name-" "$dir/corpus/$name" "fuzz/seeds/$name" \
    >"$log" 2>&1 || code=$?
  took=$(($(date +%s) - begun))
  crashes=0
  if [ "$code" -ne 0 ]; then crashes=1; fi
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
  # A target that crashed prints no summary: use its last line.
  [ -n "$executions" ] || executions=$(sed -n 's/^#\([0-9]*\).*/\1/p' "$log" | tail -1)
  coverage=$(sed -n 's/^#.* cov: \([0-9]*\).*/\1/p' "$log" | tail -1)
  corpus=$(find "$dir/corpus/$name" -type f | wc -l | tr -d ' ')
  executions=${executions:-0}
  if [ "$took" -eq 0 ]; then took=1; fi
  printf 'fuzz %s seconds=%s executions=%s per_second=%s coverage=%s corpus=%s crashes=%s\n' \
    "$name" "$took" "$executions" "$((executions / took))" "${coverage:-0}" "$corpus" "$crashes"
  if [ "$code" -ne 0 ]; then
    sed -n '/panicked at/,/^stack backtrace/p; /^SUMMARY/p; /Test unit written/p' "$log" | head -12 >&2
    touch "$work/failed"
  fi
}

running=0
for name in $names; do
  one "$name" &
  running=$((running + 1))
  if [ "$running" -ge "$at_once" ]; then
    wait
    running=0
  fi
done
wait
[ ! -e "$work/failed" ]
