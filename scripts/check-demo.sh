#!/bin/sh
# After `make demo`: runs the commands of README.md that begin with `pytoon`. Each has to work in that build, or to name
# `make build`, which builds what it needs. `make check-demo` builds first.
#
#   scripts/check-demo.sh PYTOON
set -eu
cd "$(dirname "$0")/.."
pytoon=$(realpath "$1")
readme=$(pwd)/README.md
say() { printf 'check-demo: %s\n' "$*"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0
count=0
# Names in capitals are placeholders: an engine, a call.
sed -n '/^```sh$/,/^```$/s/^pytoon //p' "$readme" | sed 's/ *#.*//; s/NAME/local/' >commands
while read -r command <&3; do
  count=$((count + 1))
  case $command in
    *' ID '*) continue ;;
    'resume out/') expected='nothing to resume' ;;
    'redo out/ --scene 3 --engine luma') expected='luma' ;;
    serve | 'serve '*) expected='make build' ;;
    'ledger list --unknown') expected='no calls\|no ledger' ;;
    *) expected= ;;
  esac
  status=0
  sh -c "'$pytoon' $command" >log 2>&1 || status=$?
  if [ -n "$expected" ]; then
    grep -q "$expected" log || { say "FAILED   pytoon $command"; cat log; failed=1; continue; }
  elif [ "$status" != 0 ] && [ "$command" != doctor ]; then
    say "FAILED   pytoon $command"
    cat log
    failed=1
    continue
  fi
  say "ok       pytoon $command${expected:+   ($(grep -m1 "$expected" log | cut -c 1-120))}"
  # The commands after it speak of `out/`.
  if [ "$command" = 'render brief.yaml' ]; then "$pytoon" --quiet render brief.yaml --out out >/dev/null; fi
done 3<commands
[ "$count" -ge 12 ] || { say "only $count commands were found in README.md"; failed=1; }
for command in worker api migrate 'jobs list' 'tasks dead' 'webhooks dead' 'keys list' 'artifacts collect'; do
  if "$pytoon" $command >log 2>&1 || ! grep -q 'make build' log; then
    say "FAILED   pytoon $command"
    cat log
    failed=1
  fi
done
for setting in 'OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1 serve' 'STORAGE_URL=s3://films engines' 'DATABASE_URL=postgres://127.0.0.1/x ledger list'; do
  if env "${setting%% *}" "$pytoon" ${setting#* } >log 2>&1 || ! grep -q 'make build' log; then
    say "FAILED   ${setting%% *} pytoon ${setting#* }"
    cat log
    failed=1
  fi
done
exit "$failed"
